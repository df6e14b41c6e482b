"""The native JSON in both forms."""

from __future__ import annotations

import json

import pytest
from reading_messages import T_NS, decode, kinds_of, reason_of, values_of

from agent.telemetry.readings import Message

FLAT = (
    '{"ts":"2026-01-01T00:00:00.000Z","host":"r01-n07","rack":"R01","metrics":{"inlet_temp_c":24.5,'
    '"exhaust_temp_c":38.0,"cpu0_temp_c":61.0,"cpu1_temp_c":60.0,"fan1_rpm":5040,"psu1_in_w":217,'
    '"psu2_in_w":216,"power_w":433,"cpu_util":0.58}}'
)
ONE = '{"ts":1767225600000,"host":"r01-n07","sensor":"inlet_temp_c","value":24.5,"unit":"Cel"}'


def flat(metrics: dict[str, object], **more: object) -> str:
    return json.dumps({"ts": "2026-01-01T00:00:00Z", "host": "n1", "metrics": metrics, **more})


def test_a_flat_message_holds_a_host_at_a_time() -> None:
    got, letters = decode(FLAT)
    assert not letters
    assert {g.series.host for g in got} == {"r01-n07"}
    assert {g.time_ns for g in got} == {T_NS}
    assert values_of(FLAT)["cpu_util"] == 0.58
    assert len(got) == 9


def test_the_flat_names_say_what_is_measured() -> None:
    kinds = kinds_of(FLAT, flat({"rh_pct": 45, "phase1_a": 12, "supply_temp_c": 20, "cpu0_margin_c": 30}))
    assert kinds == {
        "inlet_temp_c": ("temperature", "Cel"),
        "exhaust_temp_c": ("temperature", "Cel"),
        "cpu0_temp_c": ("temperature", "Cel"),
        "cpu1_temp_c": ("temperature", "Cel"),
        "fan1_rpm": ("fan_speed", "rpm"),
        "psu1_in_w": ("power", "W"),
        "psu2_in_w": ("power", "W"),
        "power_w": ("power", "W"),
        "cpu_util": ("utilization", "1"),
        "rh_pct": ("humidity", "%"),
        "phase1_a": ("current", "A"),
        "supply_temp_c": ("temperature", "Cel"),
        "cpu0_margin_c": ("margin", "Cel"),
    }


def test_both_forms_of_one_sensor_are_one_series() -> None:
    got, _ = decode(FLAT, ONE)
    assert len({g.series for g in got if g.series.sensor == "inlet_temp_c"}) == 1


@pytest.mark.parametrize(
    ("sensor", "value", "unit", "kept"),
    [
        ("inlet_temp_c", 76.1, "degF", 24.5),
        ("power_w", 1.2, "kW", 1200),
        ("fan1_pct", 45, "%", 0.45),
        ("cpu_util", 58, "%", 0.58),
        ("rh_pct", 45, "%", 45),
        ("fan1_rpm", 5040, "rpm", 5040),
    ],
)
def test_a_unit_that_is_said_is_turned_into_ours(sensor: str, value: float, unit: str, kept: float) -> None:
    message = json.dumps({"ts": 1767225600, "host": "n1", "sensor": sensor, "value": value, "unit": unit})
    assert values_of(message) == {sensor: pytest.approx(kept)}


def test_a_percent_in_a_fans_name_is_a_duty_of_one() -> None:
    assert values_of(flat({"fan_pct": 45})) == {"fan_pct": 0.45}


def test_null_is_missing_and_a_bad_metric_does_not_lose_the_good_ones() -> None:
    message = flat({"inlet_temp_c": 24.5, "fan1_rpm": None, "power_w": "433", "cpu_util": True, "x": [1]})
    assert values_of(message) == {"inlet_temp_c": 24.5}


def test_not_a_number_is_dropped_and_the_rest_is_kept() -> None:
    message = flat({"inlet_temp_c": float("nan"), "power_w": float("inf"), "fan1_rpm": 5040, "NaN": 1})
    assert values_of(message) == {"fan1_rpm": 5040, "na_n": 1}
    assert values_of(message.replace("5040", '1e999, "cpu_util": 0.5')) == {"cpu_util": 0.5, "na_n": 1}


def test_an_unknown_name_keeps_its_own() -> None:
    assert kinds_of(flat({"fluxCapacitor level": 1.21})) == {"fluxcapacitor_level": ("other", "1")}


def test_a_message_without_a_host_is_its_keys() -> None:
    message = Message(b'{"ts":1767225600,"metrics":{"power_w":433}}', key=b"r01-n08")
    got, _ = decode(message, Message(message.value, key=b"r01-n09"), message)
    assert [g.series.host for g in got] == ["r01-n08", "r01-n09", "r01-n08"]
    assert reason_of(Message(message.value)) == "no host"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ('{"ts":1767225600,"host":"","metrics":{"power_w":1}}', "no host"),
        ('{"host":"n1","metrics":{"power_w":1}}', "no timestamp"),
        ('{"ts":"yesterday","host":"n1","metrics":{"power_w":1}}', "bad timestamp"),
        ('{"ts":0,"host":"n1","metrics":{"power_w":1}}', "bad timestamp"),
        ('{"ts":-5,"host":"n1","metrics":{"power_w":1}}', "bad timestamp"),
        ('{"ts":true,"host":"n1","metrics":{"power_w":1}}', "bad timestamp"),
        ('{"ts":1767225600,"host":"n1","metrics":{}}', "nothing usable"),
        ('{"ts":1767225600,"host":"n1"}', "nothing usable"),
        (json.dumps({"ts": 1767225600, "host": "n" * 300, "metrics": {"power_w": 1}}), "bad host"),
        ('{"ts":1767225600,"host":"a\\u0000b","metrics":{"power_w":1}}', "bad host"),
    ],
)
def test_why_a_message_is_set_aside(message: str, reason: str) -> None:
    assert reason_of(message) == reason


def test_without_a_time_the_records_own_counts() -> None:
    got, _ = decode(Message(b'{"host":"n1","metrics":{"power_w":1}}', timestamp_ms=1767225600000))
    assert [g.time_ns for g in got] == [T_NS]


@pytest.mark.parametrize("host", ["a,b= c", "x\\", "r01'; drop", 'from(bucket:"x")', "节点-7"])
def test_odd_names_are_names(host: str) -> None:
    got, _ = decode(json.dumps({"ts": 1767225600, "host": host, "metrics": {"power_w": 1}}))
    assert [g.series.host for g in got] == [host]


def test_a_name_too_long_to_store_is_not_read() -> None:
    assert values_of(flat({"x" * 1000: 1, "power_w": 2})) == {"power_w": 2}
