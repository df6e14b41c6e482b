"""Telemetry of a site in each dialect that is read, as its collectors send it: what decoding is measured on.

`hosts` machines with `sensors` fans, supplies and temperatures each, polled `rounds` times every 10 s. Values
change from poll to poll as measured ones do: whole turns and degrees, watts with a fraction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from numpy.random import default_rng

from agent.telemetry.readings import Message

START_S, STEP_S = 1_767_225_600, 10
SECOND_NS = 1_000_000_000
SEED = 1


class Size(NamedTuple):
    """How much telemetry to make."""

    hosts: int = 50
    sensors: int = 20
    rounds: int = 10


class Sample(NamedTuple):
    """One value of one sensor. `kind` counts 0 fans, 1 temperatures, 2 watts."""

    at_s: int
    host: str
    number: int
    kind: int
    value: float

    @property
    def text(self) -> str:
        return f"{self.value:.2f}" if self.kind == 2 else str(int(self.value))


def _polls(size: Size) -> Iterator[list[Sample]]:
    """A host's samples of one round, round after round."""
    draw, usual = default_rng(SEED), (5000.0, 60.0, 120.0)
    for at in range(size.rounds):
        noise = draw.normal(0.0, 0.02, (size.hosts, size.sensors))
        for host in range(size.hosts):
            yield [
                Sample(START_S + at * STEP_S, f"r{host // 20:02}-n{host % 20:02}", n, n % 3,
                       usual[n % 3] * (1 + float(noise[host, n])))
                for n in range(size.sensors)
            ]  # fmt: skip


def _each(size: Size, write: Callable[[Sample], str]) -> list[Message]:
    return [Message(write(sample).encode()) for poll in _polls(size) for sample in poll]


def _by_host(size: Size, write: Callable[[list[Sample]], Any]) -> list[Message]:
    """A message a host and round."""
    return [Message(json.dumps(write(poll), separators=(",", ":")).encode()) for poll in _polls(size)]


_IPMI = (("fan{}", "rpm"), ("cpu{}_temp", "degrees_c"), ("psu{}_input_power", "watts"))


def _rfc3339(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def line_protocol(size: Size) -> list[Message]:
    """Telegraf's `ipmi_sensor` in line protocol, a reading a message."""

    def write(s: Sample) -> str:
        name, unit = _IPMI[s.kind]
        return (
            f"ipmi_sensor,entity_id=7.{s.number},host=collector01,name={name.format(s.number)},server={s.host},"
            f"status_code=ok,status_desc=ok,unit={unit} value={s.text} {s.at_s * SECOND_NS}\n"
        )

    return _each(size, write)


def line_protocol_limits(size: Size) -> list[Message]:
    """Telegraf's `redfish` in line protocol: a temperature and its limits a message."""

    def write(s: Sample) -> str:
        return (
            f"redfish_thermal_temperatures,address=10.0.0.7,health=OK,host=collector01,member_id={s.number},"
            f"name=CPU{s.number}\\ Temp,rack=R01,row=North,source={s.host},state=Enabled "
            f"reading_celsius={s.text},upper_threshold_critical=95,upper_threshold_fatal=100"
            f" {s.at_s * SECOND_NS}\n"
        )

    return _each(size, write)


def telegraf_json(size: Size) -> list[Message]:
    """Telegraf's `ipmi_sensor` as JSON, a reading a message."""

    def write(s: Sample) -> str:
        name, unit = _IPMI[s.kind]
        return (
            f'{{"fields":{{"value":{s.text}}},"name":"ipmi_sensor","tags":{{"entity_id":"7.{s.number}",'
            f'"host":"collector01","name":"{name.format(s.number)}","server":"{s.host}","status_code":"ok",'
            f'"unit":"{unit}"}},"timestamp":{s.at_s}}}\n'
        )

    return _each(size, write)


_NATIVE = ("fan{}_rpm", "cpu{}_temp_c", "psu{}_in_w")


def native(size: Size) -> list[Message]:
    """The native JSON, all of a host in one message."""

    def write(poll: list[Sample]) -> Any:
        metrics = {_NATIVE[s.kind].format(s.number): json.loads(s.text) for s in poll}
        return {"ts": _rfc3339(poll[0].at_s), "host": poll[0].host, "rack": "R01", "metrics": metrics}

    return _by_host(size, write)


_EXPORTED = ("ipmi_fan_speed_rpm", "ipmi_temperature_celsius", "ipmi_power_watts")


def _labels(s: Sample) -> dict[str, str]:
    return {
        "__name__": _EXPORTED[s.kind], "id": str(s.number), "instance": f"{s.host}:9290", "job": "ipmi",
        "name": _IPMI[s.kind][0].format(s.number),
    }  # fmt: skip


def prometheus_adapter(size: Size) -> list[Message]:
    """prometheus-kafka-adapter's JSON, a sample a message."""

    def write(s: Sample) -> str:
        labels = _labels(s)
        told = {"labels": labels, "name": labels["__name__"], "timestamp": _rfc3339(s.at_s), "value": s.text}
        return json.dumps(told, separators=(",", ":"))

    return _each(size, write)


def remote_write(size: Size) -> list[Message]:
    """A remote write request as JSON, all of a host in one message."""

    def write(poll: list[Sample]) -> Any:
        return {
            "timeseries": [
                {
                    "labels": [{"name": name, "value": value} for name, value in _labels(s).items()],
                    "samples": [{"value": s.value, "timestamp": str(s.at_s * 1000)}],
                }
                for s in poll
            ]
        }

    return _by_host(size, write)


_DELL = (("RPMReading", "System Board Fan{}A"), ("TemperatureReading", "CPU{} Temp"),
         ("PowerConsumption", "PS{} Status"))  # fmt: skip


def metric_report(size: Size) -> list[Message]:
    """A Redfish metric report of an iDRAC, all of a host in one message."""

    def write(poll: list[Sample]) -> Any:
        return {
            "@odata.type": "#MetricReport.v1_5_0.MetricReport", "Id": "ThermalSensor",
            "Name": "ThermalSensor", "Timestamp": _rfc3339(poll[0].at_s),
            "MetricValues": [_dell_value(s) for s in poll],
            "Oem": {"Dell": {"ServiceTag": poll[0].host, "iDRACFirmwareVersion": "7.10.90.00"}},
        }  # fmt: skip

    return _by_host(size, write)


def _dell_value(s: Sample) -> dict[str, Any]:
    metric_id, name = _DELL[s.kind]
    context = name.format(s.number)
    part = f"DellNumericSensor/iDRAC.Embedded.1_0x{s.number:02x}_{context.replace(' ', '')}"
    return {
        "MetricId": metric_id, "Timestamp": _rfc3339(s.at_s), "MetricValue": s.text,
        "MetricProperty": f"/redfish/v1/Dell/Systems/System.Embedded.1/{part}#CurrentReading",
        "Oem": {"Dell": {"ContextID": context, "FQDD": f"iDRAC.Embedded.1#{context.replace(' ', '')}"}},
    }  # fmt: skip


def kafkapump(size: Size) -> list[Message]:
    """Dell's kafkapump, an entry a reading, all of a host in one message."""

    def write(poll: list[Sample]) -> Any:
        return [
            {
                "time": s.at_s, "event": "metric", "host": s.host,
                "fields": {"_value": json.loads(s.text),
                           "metric_name": f"{_DELL[s.kind][1].format(s.number)}_{_DELL[s.kind][0]}"},
            }
            for s in poll
        ]  # fmt: skip

    return _by_host(size, write)


_OTEL = (("hw.fan.speed", "rpm"), ("hw.temperature", "Cel"), ("hw.power", "W"))


def otlp_document(poll: list[Sample]) -> dict[str, Any]:
    """All of a host as OTLP's JSON."""
    points: list[list[dict[str, Any]]] = [[], [], []]
    for s in poll:
        of = [("hw.id", f"part{s.number}"), ("hw.name", _IPMI[s.kind][0].format(s.number))]
        points[s.kind].append(
            {
                "asDouble": s.value, "timeUnixNano": str(s.at_s * SECOND_NS),
                "attributes": [{"key": key, "value": {"stringValue": text}} for key, text in of],
            }
        )  # fmt: skip
    metrics = [
        {"name": name, "unit": unit, "gauge": {"dataPoints": points[kind]}}
        for kind, (name, unit) in enumerate(_OTEL)
    ]
    resource = {"attributes": [{"key": "host.name", "value": {"stringValue": poll[0].host}}]}
    return {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": metrics}]}]}


def otlp_json(size: Size) -> list[Message]:
    """OTLP as JSON, all of a host in one message."""
    return _by_host(size, otlp_document)


def otlp_protobuf(size: Size) -> list[Message]:
    """OTLP as protobuf, all of a host in one message."""
    from google.protobuf.json_format import ParseDict
    from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData

    return [
        Message(ParseDict(otlp_document(poll), MetricsData()).SerializeToString()) for poll in _polls(size)
    ]


DIALECTS: tuple[Callable[[Size], list[Message]], ...] = (
    line_protocol, line_protocol_limits, telegraf_json, native, prometheus_adapter, remote_write,
    metric_report, kafkapump, otlp_json, otlp_protobuf,
)  # fmt: skip
