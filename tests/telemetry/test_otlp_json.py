"""OpenTelemetry's metrics as JSON: which are readings, of what sensor, and what is left out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from otlp_messages import HARDWARE, as_json, document, metric, one, point
from reading_messages import T_NS, decode, kinds_of, reason_of, says_none, values_of

from agent.telemetry.decoder import Decoder
from agent.telemetry.readings import Message

T_MS = T_NS // 1_000_000


def test_the_hosts_sensors_and_its_own_power() -> None:
    got, letters = decode(HARDWARE)
    assert not letters
    assert {g.series.host for g in got} == {"r01-n07"}
    assert {g.time_ns for g in got} == {T_NS}
    assert values_of(HARDWARE) == {"inlet_temp_c": 24.5, "power_w": 412.0, "fan1_rpm": 5040.0}


HARDWARE_NAMES = [
    (one("hw.temperature", "Cel", 61, hw_id="t1", hw_sensor__location="CPU0_DIE"), "cpu0_temp_c", 61),
    (one("hw.temperature", "Cel", 23, hw_id="t2", hw_sensor__location="AMBIENT"), "inlet_temp_c", 23),
    (one("hw.temperature", "Cel", 38, hw_id="t3", hw_sensor__location="exhaust"), "exhaust_temp_c", 38),
    (one("hw.temperature", "Cel", 41, hw_id="t4", hw_sensor__location="MOTHERBOARD"), "motherboard", 41),
    (one("hw.temperature", "Cel", 41, hw_id="x", hw_name="DIMM A1 Temp"), "dimm_a1_temp_c", 41),
    (
        one("hw.temperature", "Cel", 55, hw_id="1", hw_type="gpu", hw_sensor__location="memory"),
        "gpu1_mem_temp_c",
        55,
    ),
    (
        one("hw.temperature", "Cel", 55, hw_id="GPU-604a", gpu_index="3", hw_name="NVIDIA H100"),
        "gpu3_temp_c",
        55,
    ),
    (
        one(
            "hw.temperature", "Cel", 50, hw_id="temp1", hw_name="coretemp", hw_sensor__location="Package id 1"
        ),
        "cpu1_temp_c",
        50,
    ),
    (one("hw.temperature", "Cel", 61, id="t1", sensor__location="CPU0_DIE"), "cpu0_temp_c", 61),
    (one("hw.fan.speed", "rpm", 5040, hw_id="fan1", hw_sensor__location="INLET"), "fan1_rpm", 5040),
    (one("hw.fan.speed", "{rpm}", 5040, hw_id="2"), "fan2_rpm", 5040),
    (one("hw.fan.speed_ratio", "1", 0.45, hw_id="fan1"), "fan1_pct", 0.45),
    (one("hw.fan.speed_ratio", "%", 45, hw_id="fan1"), "fan1_pct", 0.45),
    (one("hw.power", "W", 95, hw_id="cpu0", hw_type="cpu"), "cpu0_power_w", 95),
    (one("hw.power", "W", 300, hw_id="0", hw_type="gpu"), "gpu0_power_w", 300),
    (one("hw.power", "W", 217, hw_id="PSU.Slot.2", hw_type="power_supply"), "psu2_in_w", 217),
    (one("hw.power", "W", 9, hw_id="fan1", hw_type="fan"), "fan1_power_w", 9),
    (one("hw.power_supply.usage", "W", 203, hw_id="PSU.Slot.2"), "psu2_out_w", 203),
    (one("hw.power_supply.utilization", "1", 0.3, hw_id="ps1"), "psu1_util", 0.3),
    (one("hw.voltage", "V", 0.9, hw_id="v", hw_sensor__location="CPU_VCORE"), "cpu_vcore", 0.9),
    (one("hw.voltage", "V", 230, hw_id="v", hw_name="PS1 Input Voltage"), "psu1_vin", 230),
    (one("hw.cpu.speed", "Hz", 2.1e9, hw_id="cpu1"), "cpu1_speed_hz", 2.1e9),
    (one("hw.gpu.utilization", "1", 0.7, hw_id="gpu0", hw_gpu_task="general"), "gpu0_util", 0.7),
    (one("hw.gpu.utilization", "1", 0.2, hw_id="gpu0", hw_gpu_task="encoder"), "gpu0_enc_util", 0.2),
    (one("hw.host.energy", "J", 1e9, hw_id="host"), "energy_j", 1e9),
    (one("hw.host.ambient_temperature", "Cel", 22, hw_id="host"), "inlet_temp_c", 22),
    (one("hw.host.heating_margin", "Cel", 12, hw_id="host"), "heating_margin_c", 12),
    (
        one("hw.status", "1", 1, hw_id="psu1", hw_type="power_supply", hw_state="failed"),
        "psu1_status_failed",
        1,
    ),
    (one("hw.status", "", 0, id="psu1", hw_type="power_supply", state="ok"), "psu1_status_ok", 0),
    (
        one("hw.errors", "{error}", 3, hw_id="cpu0", hw_type="cpu", error_type="corrected"),
        "cpu0_errors_corrected",
        3,
    ),
    (one("hw.battery.charge", "1", 0.97, hw_id="battery0"), "battery0_charge", 0.97),
]


@pytest.mark.parametrize(
    ("told", "sensor", "value"), HARDWARE_NAMES, ids=[f"{m[0]['name']} {m[1]}" for m in HARDWARE_NAMES]
)
def test_what_hardware_metrics_mean(told: dict[str, Any], sensor: str, value: float) -> None:
    assert values_of(as_json(told)) == {sensor: pytest.approx(value)}


def test_quantities_of_hardware_metrics() -> None:
    kinds = kinds_of(as_json(*(told for told, _, _ in HARDWARE_NAMES)))
    expected = {
        "cpu0_temp_c": ("temperature", "Cel"),
        "heating_margin_c": ("margin", "Cel"),
        "fan1_pct": ("fan_speed", "1"),
        "psu1_status_ok": ("state", "1"),
        "psu2_out_w": ("power", "W"),
        "energy_j": ("energy", "J"),
        "cpu1_speed_hz": ("frequency", "Hz"),
        "gpu0_util": ("utilization", "1"),
        "cpu0_errors_corrected": ("other", "1"),
    }
    assert {sensor: kinds[sensor] for sensor in expected} == expected


@pytest.mark.parametrize(
    ("told", "limit"),
    [
        (
            one("hw.temperature.limit", "Cel", 95, hw_id="t", hw_limit__type="high.critical"),
            "t/upper_critical",
        ),
        (
            one("hw.temperature.limit", "Cel", 85, hw_id="t", hw_limit__type="high.degraded"),
            "t/upper_non_critical",
        ),
        (one("hw.temperature.limit", "Cel", 3, id="t", limit__type="low.critical"), "t/lower_critical"),
        (
            one("hw.fan.speed.limit", "rpm", 600, hw_id="fan1", hw_limit__type="low.critical"),
            "fan1_rpm/lower_critical",
        ),
        (one("hw.fan.speed.limit", "rpm", 9000, hw_id="fan1", hw_limit__type="max"), "fan1_rpm/upper_max"),
        (
            one("hw.power_supply.limit", "W", 750, hw_id="psu1", hw_limit__type="max"),
            "psu1_out_w/upper_capacity",
        ),
        (one("hw.voltage.limit", "V", 13, hw_id="v12", hw_limit__type="high.critical"), "v12/upper_critical"),
        (
            one("hw.cpu.speed.limit", "Hz", 3e9, hw_id="cpu0", hw_limit__type="turbo"),
            "cpu0_speed_hz/upper_turbo",
        ),
        (
            one("hw.battery.charge.limit", "1", 0.2, hw_id="b", hw_limit__type="critical"),
            "battery_b_charge/lower_critical",
        ),
    ],
)
def test_a_limit_is_of_its_sensor_and_is_no_reading_of_it(told: dict[str, Any], limit: str) -> None:
    assert list(values_of(as_json(told))) == [limit]


def test_a_limit_has_the_name_of_its_sensor_also_when_two_would_like_it() -> None:
    own = {"hw_id": "a2", "hw_name": "Front Ambient", "hw_sensor__location": "INLET"}
    rival = one("hw.temperature", "Cel", 21, hw_id="a1", hw_sensor__location="INLET")
    limit = one("hw.temperature.limit", "Cel", 45, **own, hw_limit__type="high.critical")
    for order in ([rival, one("hw.temperature", "Cel", 22, **own), limit], [limit, rival]):
        found = values_of(as_json(*order), as_json(*order))  # names settle in one round
        assert found["inlet_temp_c"] == 21
        assert found["inlet/upper_critical"] == 45


def test_the_power_of_parts_is_never_the_hosts() -> None:
    parts = [
        one("hw.power", "W", 100, hw_id=f"{kind}0", hw_type=kind)
        for kind in ("cpu", "memory", "enclosure", "fan", "power_supply", "other")
    ]
    found = values_of(as_json(*parts, one("hw.power", "W", 100, hw_id="x"), one("hw.power", "W", 100)))
    assert "power_w" not in found
    assert len(found) == 8


def test_a_nominal_voltage_is_a_rating() -> None:
    assert says_none(as_json(one("hw.voltage.nominal", "V", 12, hw_id="v12")))


@pytest.mark.parametrize(
    ("unit", "name", "value", "kept"),
    [
        ("[degF]", "hw.temperature", 77, 25.0),
        ("K", "hw.temperature", 298.15, 25.0),
        ("", "hw.temperature", 25, 25.0),
        ("mW", "hw.power", 95_000, 95.0),
        ("kW", "hw.power", 0.095, 95.0),
        ("MW", "hw.power", 0.000095, 95.0),
        ("mV", "hw.voltage", 12_010, 12.01),
        ("kW.h", "hw.energy", 2, 7_200_000.0),
        ("GHz", "hw.cpu.speed", 2.1, 2.1e9),
        ("%", "hw.gpu.utilization", 70, 0.7),
        ("%", "hw.power_supply.utilization", 30, 0.3),
    ],
)
def test_the_unit_wins_over_what_the_name_suggests(unit: str, name: str, value: float, kept: float) -> None:
    assert list(values_of(as_json(one(name, unit, value, hw_id="a1"))).values()) == [pytest.approx(kept)]


def test_a_unit_that_cannot_be_converted_makes_no_temperature() -> None:
    assert set(kinds_of(as_json(one("hw.temperature", "By", 5, hw_id="t1"))).values()) == {("other", "1")}


def test_a_fan_that_says_percent_has_a_duty() -> None:
    assert values_of(as_json(one("hw.fan.speed", "%", 40, hw_id="fan1"))) == {"fan1_pct": pytest.approx(0.4)}


def number(**fields: Any) -> str:
    """A message whose only point has these fields in place of its number."""
    return as_json(metric("hw.host.power", "W", point(None, **fields)))


@pytest.mark.parametrize(
    "fields",
    [
        {"asInt": "412"},
        {"asInt": 412},
        {"asInt": 412.0},
        {"asDouble": 412},
        {"asDouble": "412"},
        {"as_int": "412", "time_unix_nano": str(T_NS)},
        {"as_double": 412.0, "flags": 0},
        {"asDouble": 412.0, "unheardOf": {"a": [1]}},
    ],
)
def test_a_number_is_bare_or_in_quotes(fields: dict[str, Any]) -> None:
    assert values_of(number(**fields)) == {"power_w": 412}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"asDouble": "Infinity"},
        {"asDouble": "-Infinity"},
        {"asDouble": "1_0"},
        {"asDouble": "x"},
        {"asDouble": True},
        {"asDouble": [1]},
        {"asDouble": 10**400},
        {"asInt": True},
        {"asInt": "4.5"},
        {"asInt": 4.5},
        {"asInt": 2**63},
        {"asInt": "9" * 5000},
    ],
)
def test_what_is_no_number_is_no_reading(fields: dict[str, Any]) -> None:
    assert reason_of(number(**fields)) == "nothing usable"


@pytest.mark.parametrize(
    "fields",
    [
        {"asDouble": "NaN"},
        {"asDouble": 412.0, "flags": 1},
        {"asDouble": 0.0, "flags": "1"},
        {"asInt": "0", "flags": 3},
        {"flags": 1},
    ],
)
def test_a_point_may_say_that_it_has_no_value(fields: dict[str, Any]) -> None:
    assert says_none(number(**fields))


def test_bare_nan_loses_its_point_alone() -> None:
    told = as_json(metric("hw.power", "W", point(1.5, {"hw.id": "a"}), point(2, {"hw.id": "b"})))
    assert values_of(told.replace("1.5", "NaN")) == {"b_power_w": 2}


@pytest.mark.parametrize("stamp", [str(T_NS), T_NS, float(T_NS), T_NS // 10**6, "2026-01-01T00:00:00Z"])
def test_a_time_is_bare_or_in_quotes(stamp: object) -> None:
    got, _ = decode(as_json(metric("hw.host.power", "W", point(1, timeUnixNano=stamp))))
    assert [g.time_ns for g in got] == [T_NS]


@pytest.mark.parametrize("stamp", [None, 0, "0", ""])
def test_a_point_without_a_time_takes_its_records(stamp: object) -> None:
    told = as_json(metric("hw.host.power", "W", point(1, timeUnixNano=stamp)))
    got, _ = decode(Message(told.encode(), timestamp_ms=T_MS))
    assert [g.time_ns for g in got] == [T_NS]
    assert reason_of(told) == "no timestamp"


@pytest.mark.parametrize("stamp", ["yesterday", -5, "-5", 2**64, [], {}, True, 1e300, "9" * 5000])
def test_a_time_that_is_none_loses_its_point_alone(stamp: object) -> None:
    bad = point(1, {"hw.id": "a"}, timeUnixNano=stamp)
    assert reason_of(as_json(metric("hw.power", "W", bad))) == "bad timestamp"
    assert values_of(as_json(metric("hw.power", "W", bad, point(2, {"hw.id": "b"})))) == {"b_power_w": 2}


def test_sums_are_levels_unless_they_are_deltas() -> None:
    def supply(**data: Any) -> str:
        points = [point(203, {"hw.id": "psu1"})]
        return as_json(metric("hw.power_supply.usage", "W", sum={"dataPoints": points, **data}))

    for temporality in (2, "AGGREGATION_TEMPORALITY_CUMULATIVE", 0):
        assert values_of(supply(aggregationTemporality=temporality)) == {"psu1_out_w": 203}
    for temporality in (1, "AGGREGATION_TEMPORALITY_DELTA"):
        assert says_none(supply(aggregationTemporality=temporality, isMonotonic=True))
    assert says_none(supply().replace('"dataPoints"', '"aggregation_temporality":1,"data_points"'))


@pytest.mark.parametrize(
    "data",
    [
        {"histogram": {"dataPoints": [{"count": "3", "sum": 9, "timeUnixNano": str(T_NS), "asDouble": 1}]}},
        {"exponentialHistogram": {"dataPoints": [{"count": "3", "sum": 9, "timeUnixNano": str(T_NS)}]}},
        {"summary": {"dataPoints": [{"count": "3", "sum": 9, "timeUnixNano": str(T_NS)}]}},
    ],
)
def test_a_distribution_is_no_level(data: dict[str, Any]) -> None:
    assert says_none(as_json(metric("hw.host.power", "W", **data)))


@pytest.mark.parametrize(
    "data",
    [
        {"gauge": {"dataPoints": []}},
        {"gauge": {}},
        {"gauge": [1]},
        {"gauge": {"dataPoints": [None, 1, "x", []]}},
        {"gauge": {"dataPoints": {"asDouble": 1}}},
    ],
)
def test_a_metric_without_points_is_set_aside(data: dict[str, Any]) -> None:
    assert reason_of(as_json(metric("hw.host.power", "W", **data))) == "nothing usable"


@pytest.mark.parametrize(
    "told",
    [
        {"resourceMetrics": []},
        {"resourceMetrics": [None, 1, {}]},
        {"resourceMetrics": [{"resource": 1, "scopeMetrics": {"a": 1}}]},
        {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": 5}, {"name": ""}, {}]}]}]},
        document(one("x" * 256, "W", 1)),
        document(one(f"hw.a{'.limit' * 50_000}", "W", 1)),
    ],
)
def test_a_document_without_metrics_is_not_usable(told: dict[str, Any]) -> None:
    assert reason_of(json.dumps(told)) == "nothing usable"


def test_names_of_the_original_protocol_are_read_too() -> None:
    snake = HARDWARE
    for name in (
        "resourceMetrics",
        "scopeMetrics",
        "dataPoints",
        "asDouble",
        "asInt",
        "timeUnixNano",
        "stringValue",
    ):
        snake = snake.replace(name, "".join(f"_{c.lower()}" if c.isupper() else c for c in name))
    assert "resource_metrics" in snake
    assert values_of(snake) == values_of(HARDWARE)


def host_of(
    resource: dict[str, str], own: dict[str, str] | None = None, key: bytes | None = None, scope: str = ""
) -> str:
    told = as_json(metric("hw.host.power", "W", point(1, own)), resource=resource, scope=scope)
    got, letters = decode(Message(told.encode(), key=key))
    return got[0].series.host if got else letters[0]


@pytest.mark.parametrize(
    ("resource", "own", "host"),
    [
        ({"host.id": "id7", "host.name": "n1"}, {}, "n1"),
        ({"host.id": "id7"}, {}, "id7"),
        ({"system.host_name": "bmc1"}, {}, "bmc1"),
        ({"host.name": ""}, {}, "no host"),
        ({"service.name": "otelcol", "service.instance.id": "627cc493"}, {}, "no host"),
        ({}, {}, "no host"),
        ({}, {"host.name": "n2"}, "n2"),
        ({"host.name": "collector"}, {"instance": "n3:9290"}, "n3"),
        ({"host.name": "collector"}, {"hostname": "n4"}, "n4"),
        ({"host.name": "n5"}, {"hostname": " "}, "n5"),
        ({"host.name": "n" * 300}, {}, "bad host"),
        ({"host.name": "a\0b"}, {}, "bad host"),
    ],
)
def test_the_host_is_the_first_of_the_documented_order(
    resource: dict[str, str], own: dict[str, str], host: str
) -> None:
    assert host_of(resource, own) == host


def test_a_target_of_the_prometheus_receiver_is_its_host_and_not_the_collector() -> None:
    resource = {"host.name": "collector", "service.name": "ipmi", "service.instance.id": "n07:9290"}
    scope = "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/prometheusreceiver"
    assert host_of(resource, scope=scope) == "n07"
    assert host_of(resource, scope="hostmetrics") == "collector"


def test_the_key_names_the_host_only_where_nothing_else_does() -> None:
    assert host_of({}, key=b"k1") == "k1"
    assert host_of({"host.name": "n1"}, key=b"k1") == "n1"
    told = as_json(one("hw.host.power", "W", 1), resource={}).encode()
    got, _ = decode(*(Message(told, key=key) for key in (b"k1", b"k2", b"k1")))
    assert [g.series.host for g in got] == ["k1", "k2", "k1"]


def test_several_resources_are_several_hosts() -> None:
    told = document(one("hw.host.power", "W", 1))
    told["resourceMetrics"] += document(one("hw.host.power", "W", 2), resource={"host.name": "n2"})[
        "resourceMetrics"
    ]
    told["resourceMetrics"] += document(one("hw.host.power", "W", 3), resource={})["resourceMetrics"]
    got, letters = decode(json.dumps(told))
    assert [(g.series.host, g.value) for g in got] == [("n1", 1), ("n2", 2)]
    assert not letters


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ({"stringValue": "n1"}, "n1"),
        ({"intValue": "42"}, "42"),
        ({"intValue": 42}, "42"),
        ({"boolValue": True}, "true"),
        ({"doubleValue": 1.5}, "1.5"),
        ({"arrayValue": {"values": [{"stringValue": "n1"}, {"intValue": "2"}, {"kvlistValue": {}}]}}, "n1,2"),
        ({"arrayValue": {"values": []}}, "no host"),
        ({"kvlistValue": {"values": [{"key": "a", "value": {"stringValue": "b"}}]}}, "no host"),
        ({"bytesValue": "bjE="}, "no host"),
        ({"stringValue": 5}, "no host"),
        ({}, "no host"),
        (None, "no host"),
    ],
)
def test_an_attribute_of_any_type_is_text(value: object, host: str) -> None:
    told = document(one("hw.host.power", "W", 1), resource={})
    told["resourceMetrics"][0]["resource"]["attributes"] = [{"key": "host.name", "value": value}]
    got, letters = decode(json.dumps(told))
    assert (got[0].series.host if got else letters[0]) == host


def test_rack_and_row_tell_the_place() -> None:
    decoder = Decoder()
    decode(
        as_json(one("hw.host.power", "W", 1), resource={"host.name": "n1", "rack": "R01"}), decoder=decoder
    )
    assert decoder.places == {"n1": {"rack": "R01"}}
