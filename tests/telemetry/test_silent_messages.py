"""Messages that are known and say themselves that there is no reading: decoded, and no dead letters."""

from __future__ import annotations

import json

import pytest
from otlp_messages import as_json, as_protobuf, metric, point
from reading_messages import T_NS, decode, reason_of, says_none

from agent.pipeline import Pipeline
from agent.scoring import Scorer
from agent.telemetry.decoder import Decoder
from agent.telemetry.mappings import FieldMapping
from agent.telemetry.readings import Message
from agent.telemetry.units import WATT

GOOD = f"ipmi_sensor,name=fan1,server=n1,status_code=ok,unit=rpm value=5040 {T_NS}"
T_S = T_NS // 1_000_000_000
AT = '"timestamp":"2026-01-01T00:00:00Z"'
ADAPTER = f'{{{AT},"value":"%s","name":"%s","labels":{{"instance":"n1:9290"}}}}'
TELEGRAF = f'{{"fields":{{%s}},"name":"%s","tags":{{"server":"n1"%s}},"timestamp":{T_S}}}'


def report(value: str) -> str:
    entry = f'{{"MetricId":"TemperatureReading","MetricValue":{value},"MetricProperty":"/a/b"}}'
    values = f"[{entry if value else ''}]"
    return f'{{"Id":"R","Timestamp":"2026-01-01T00:00:00Z","HostName":"n1","MetricValues":{values}}}'


def vector(kind: str, held: str) -> str:
    return f'{{"name":"a","kind":"{kind}",{AT},"tags":{{"instance":"n1"}},{held}}}'


SILENT: dict[str, str | bytes] = {
    "ipmi without a reading": f"ipmi_sensor,name=sel,server=n1,status_code=ns value=0 {T_NS}",
    "ipmi not available": f"ipmi_sensor,name=cpu1_temp,server=n1,status_code=na value=0 {T_NS}",
    "ipmi discrete": f"ipmi_sensor,name=os,server=n1,status_code=ok,unit=unspecified value=0 {T_NS}",
    "ipmi as json": TELEGRAF % ('"value":0', "ipmi_sensor", ',"name":"sel","status_code":"ns"'),
    "redfish absent": f"redfish_thermal_fans,source=n1,name=F1,state=Absent reading_rpm=0i {T_NS}",
    "redfish disabled": f"redfish_thermal_fans,source=n1,name=F,state=Disabled reading_rpm=0i {T_NS}",
    "a text of a known kind": f'redfish_thermal_fans,source=n1,name=F1,state=Absent health="OK" {T_NS}',
    "a number that stands for none": f"snmp_pdu,agent_host=n1,index=1 rPDU2DeviceStatusPower=-1i {T_NS}",
    "exporter's own": ADAPTER % ("1", "ipmi_scrape_duration_seconds"),
    "go's own": f"prometheus,url=http://n1:9290/metrics go_goroutines=8 {T_NS}",
    "a summary by telegraf": f"go_gc_duration_seconds,url=http://n1/ 0.5=0.1,count=3,sum=0.2 {T_NS}",
    "nan by design": ADAPTER % ("NaN", "ipmi_temperature_celsius"),
    "nan in line protocol": f"prometheus,url=http://n1:9290/metrics ipmi_temperature_celsius=NaN {T_NS}",
    "a blank of dcgm": ADAPTER % ("9223372036854775794", "DCGM_FI_DEV_MEMORY_TEMP"),
    "null of native": f'{{"ts":{T_S},"host":"n1","metrics":{{"inlet_temp_c":null,"fan1_rpm":null}}}}',
    "null of one sensor": f'{{"ts":{T_S},"host":"n1","sensor":"inlet_temp_c","value":null}}',
    "null of collectd": f'[{{"values":[null],"dstypes":["gauge"],"dsnames":["value"],"time":{T_S},'
    '"host":"n1","plugin":"ipmi","plugin_instance":"","type":"temperature","type_instance":"a"}]',
    "vector's increment": vector("incremental", '"counter":{"value":1}'),
    "vector's set": vector("absolute", '"set":{"values":["a"]}'),
    "a word in a report": report('"Enabled"'),
    "null in a report": report("null"),
    "a report on no parts": report(""),
    "kafkapump's left out": f'[{{"time":{T_S},"event":"metric","host":"n1",'
    '"fields":{"metric_name":"System Board Inlet Temp_TemperatureReading"}}]',
    "otlp without a recorded value": as_json(metric("hw.temperature", "Cel", point(0, flags=1))),
    "otlp histogram": as_json(metric("hw.a", "W", histogram={"dataPoints": [{"count": "1"}]})),
    "otlp delta as protobuf": as_protobuf(
        metric("hw.a", "W", sum={"dataPoints": [point(1)], "aggregationTemporality": 1})
    ),
}  # fmt: skip


@pytest.mark.parametrize("value", SILENT.values(), ids=list(SILENT))
def test_a_known_message_may_say_that_there_is_no_reading(value: str | bytes) -> None:
    assert says_none(value)


@pytest.mark.parametrize("value", SILENT.values(), ids=list(SILENT))
def test_it_says_the_same_again_and_again(value: str | bytes) -> None:
    got, letters = decode(value, GOOD, value, value)
    assert [reading.message for reading in got] == [1]
    assert letters == {}


NOT_SILENT: dict[str, str] = {
    "nothing at all": "{}",
    "no metrics": f'{{"ts":{T_S},"host":"n1","metrics":{{}}}}',
    "no fields": TELEGRAF % ("", "weather", ""),
    "texts of a stranger": f'weather,host=n1 sky="grey" {T_NS}',
    "nan of a stranger": f"weather,host=n1 wind=NaN {T_NS}",
    "null of a stranger": TELEGRAF % ('"wind":null', "weather", ""),
    "a number in quotes": f'ipmi_sensor,name=inlet_temp,server=n1,unit=degrees_c value="25" {T_NS}',
    "a truth for a number": f'{{"ts":{T_S},"host":"n1","metrics":{{"power_w":true}}}}',
    "no json number": f'{{"ts":{T_S},"host":"n1","metrics":{{"power_w":NaN}}}}',
    "beyond floats": f"ipmi_sensor,name=inlet_temp,server=n1,unit=degrees_c value=1e999 {T_NS}",
    "a word for a sample": ADAPTER % ("warm", "ipmi_temperature_celsius"),
    "an infinite sample": ADAPTER % ("+Inf", "ipmi_temperature_celsius"),
}


@pytest.mark.parametrize("value", NOT_SILENT.values(), ids=list(NOT_SILENT))
def test_emptiness_of_no_known_kind_is_a_dead_letter(value: str) -> None:
    assert reason_of(value) == "nothing usable"


def test_no_reading_beside_something_malformed_is_a_dead_letter() -> None:
    silent = str(SILENT["ipmi without a reading"])
    assert reason_of(f"{silent}\nnot a line") == "not json or line protocol"
    assert says_none(f"{silent}\n{silent}")
    late = json.loads(str(SILENT["ipmi as json"]))
    assert reason_of(json.dumps({"metrics": [late, late | {"timestamp": "x"}]})) == "bad timestamp"
    assert says_none(json.dumps({"metrics": [late, late]}))


def test_what_a_site_calls_missing_is_no_reading() -> None:
    row = FieldMapping("weather", "wind", "wind_w", WATT, missing=frozenset((-1.0,)))
    messages = [f"weather,host=n1 wind={value} {T_NS}" for value in (-1, 4)]
    got, letters = decode(*messages, decoder=Decoder([row]))
    assert [(reading.series.sensor, reading.value) for reading in got] == [("wind_w", 4.0)]
    assert letters == {}


def test_a_text_where_a_number_belongs_takes_no_sensors_name() -> None:
    quoted = NOT_SILENT["a number in quotes"]
    other = f"ipmi_sensor,name=ambient_temp,server=n1,unit=degrees_c value=24 {T_NS}"
    got, _ = decode(quoted, other)
    assert [reading.series.sensor for reading in got] == ["inlet_temp_c"]


def test_silent_messages_count_as_decoded_and_bring_no_readings() -> None:
    values = [value if isinstance(value, bytes) else value.encode() for value in SILENT.values()]
    output = Pipeline(Scorer.of(None)).process([Message(value, offset=at) for at, value in enumerate(values)])
    assert output.dead_letters == []
    assert output.counts.messages_decoded == output.counts.messages_in == len(SILENT)
    assert output.counts.readings_in == 0
    assert output.points == []
