"""OTLP metrics that no convention for hardware names: receivers of the collector, exporters, others."""

from __future__ import annotations

from typing import Any

import pytest
from otlp_messages import as_json, metric, one, point
from reading_messages import T_NS, decode, kinds_of, says_none, values_of

BMC = {"system.host_name": "bmc7", "base_url": "https://10.0.0.7"}


def redfish(*metrics: dict[str, Any]) -> str:
    return as_json(*metrics, resource=BMC)


def fans(*readings: float, unit: str = "{%}", **own: str) -> str:
    points = [
        point(value, {"fan.name": f"Fan {number}", "chassis.id": "1", **own})
        for number, value in enumerate(readings, 1)
    ]
    return redfish(metric("fan.reading", unit, *points))


def test_temperatures_of_the_redfish_receiver() -> None:
    told = redfish(
        one("temperature.reading", "°C", 20, temperature_name="System Board Inlet Temp", chassis_id="1"),
        one("temperature.reading", "°C", 44, temperature_name="CPU1 Temp", chassis_id="1"),
    )
    assert values_of(told) == {"inlet_temp_c": 20, "cpu1_temp_c": 44}


def test_fans_of_the_redfish_receiver_turn_whatever_their_unit_says() -> None:
    assert values_of(fans(7091, 0)) == {"fan1_rpm": 7091, "fan2_rpm": 0}
    assert values_of(fans(38, 0)) == {"fan1_pct": pytest.approx(0.38), "fan2_pct": 0}


def test_fans_of_the_redfish_receiver_that_say_their_unit_are_not_judged() -> None:
    assert values_of(fans(120, unit="{}", **{"fan.reading_units": "RPM"})) == {"fan1_rpm": 120}
    assert values_of(fans(38, unit="{}", **{"fan.reading_units": "Percent"})) == {
        "fan1_pct": pytest.approx(0.38)
    }


@pytest.mark.parametrize(
    ("name", "own", "sensor"),
    [
        ("temperature.status.health", {"temperature_name": "CPU1 Temp"}, "cpu1_temp_health"),
        ("fan.status.health", {"fan_name": "Fan 1"}, "fan_1_health"),
        ("fan.status.state", {"fan_name": "Fan 1"}, "fan_1_state"),
        ("system.status.health", {"system_id": "1", "system_model": "R750"}, "system_health"),
        ("chassis.powerstate", {"chassis_id": "1"}, "chassis_powerstate"),
    ],
)
def test_health_is_a_state_and_minus_one_is_nobodys_knowledge(
    name: str, own: dict[str, str], sensor: str
) -> None:
    assert kinds_of(redfish(one(name, "{statushealth}", 2, **own))) == {sensor: ("state", "1")}
    assert values_of(redfish(one(name, "", 0, **own))) == {sensor: 0}
    assert says_none(redfish(one(name, "", -1, **own)))


def cpu(value: float, **own: str) -> dict[str, Any]:
    return point(value, own)


def test_what_processors_are_idle_for_is_the_hosts_load() -> None:
    points = [
        cpu(0.2, cpu="cpu0", state="idle"),
        cpu(0.7, cpu="cpu0", state="user"),
        cpu(0.6, cpu="cpu1", state="idle"),
        cpu(0.3, cpu="cpu1", state="user"),
    ]
    found = values_of(as_json(metric("system.cpu.utilization", "1", *points)))
    assert found["cpu_util"] == pytest.approx(0.6)
    assert found["system_cpu_utilization_cpu1_user"] == 0.3
    assert kinds_of(as_json(metric("system.cpu.utilization", "1", *points)))[
        "system_cpu_utilization_cpu1_user"
    ] == (
        "other",
        "1",
    )


def test_the_load_is_of_each_host_and_time_that_the_points_name() -> None:
    told = metric(
        "system.cpu.utilization",
        "1",
        *(
            point(value, {"instance": host, "cpu": cpu, "state": "idle"})
            for host, cpu, value in (("a", "0", 0.2), ("b", "0", 0.9), ("a", "1", 0.4), ("b", "1", 0.7))
        ),
        point(1.0, {"instance": "a", "cpu": "0", "state": "idle"}, timeUnixNano=str(T_NS + 10**9)),
    )
    got, _ = decode(as_json(told))
    loads = [(g.series.host, g.time_ns - T_NS, g.value) for g in got if g.series.sensor == "cpu_util"]
    assert loads == [
        ("a", 0, pytest.approx(0.7)),
        ("b", 0, pytest.approx(0.2)),
        ("a", 10**9, pytest.approx(0.0)),
    ]


def test_a_load_that_is_one_already_is_kept() -> None:
    assert values_of(as_json(metric("system.cpu.utilization", "1", cpu(0.4)))) == {"cpu_util": 0.4}
    idle = metric("system.cpu.utilization", "1", cpu(0.75, state="idle"), cpu(0.2, state="user"))
    assert values_of(as_json(idle))["cpu_util"] == pytest.approx(0.25)


def test_other_host_metrics_keep_their_names() -> None:
    told = as_json(
        one("system.memory.usage", "By", 5e9, state="used"),
        metric("system.cpu.time", "s", sum={"dataPoints": [cpu(812.5, cpu="cpu0", state="idle")]}),
    )
    assert values_of(told) == {"system_memory_usage_used": 5e9, "system_cpu_time_cpu0_idle": 812.5}
    assert set(kinds_of(told).values()) == {("other", "1")}


@pytest.mark.parametrize("name", ["process.cpu.utilization", "container.cpu.usage", "k8s.pod.cpu.usage"])
def test_programs_are_no_sensors_of_their_host(name: str) -> None:
    assert says_none(as_json(one(name, "1", 0.5)))


@pytest.mark.parametrize(
    ("told", "sensor", "value"),
    [
        (one("ipmi_temperature_celsius", "", 24, id="18", name="Inlet Temp"), "inlet_temp_c", 24),
        (one("ipmi_temperature", "celsius", 24, id="18", name="Inlet Temp"), "inlet_temp_c", 24),
        (one("ipmi_temperature", "Cel", 24, id="18", name="Inlet Temp"), "inlet_temp_c", 24),
        (one("ipmi_fan_speed", "rpm", 4560, id="12", name="Fan1A"), "fan1a_rpm", 4560),
        (one("ipmi_dcmi_power_consumption_current_watts", "", 414), "power_w", 414),
        (one("ipmi_dcmi_power_consumption_current", "W", 414), "power_w", 414),
        (one("DCGM_FI_DEV_GPU_TEMP", "", 63, gpu="0", UUID="GPU-1", hostname="n1"), "gpu0_temp_c", 63),
        (one("DCGM_FI_DEV_GPU_UTIL", "", 70, gpu="0", UUID="GPU-1"), "gpu0_util", pytest.approx(0.7)),
    ],
)
def test_what_was_scraped_from_an_exporter_has_the_exporters_meaning(
    told: dict[str, Any], sensor: str, value: float
) -> None:
    assert values_of(as_json(told)) == {sensor: value}


def test_dcgms_blanks_are_no_readings_here_either() -> None:
    blank = one("DCGM_FI_DEV_MEMORY_TEMP", "", 9.223372036854776e18, gpu="0")
    assert says_none(as_json(blank))


@pytest.mark.parametrize(
    ("name", "unit", "value", "kind", "kept"),
    [
        ("rack.door.temperature", "Cel", 25, ("temperature", "Cel"), 25.0),
        ("rack.door.temperature", "[degF]", 77, ("temperature", "Cel"), 25.0),
        ("rack.door.temperature", "", 25, ("other", "1"), 25.0),
        ("rack.door.temperature_limit", "Cel", 25, ("other", "1"), 25.0),
        ("rack_door_temperature", "Cel", 25, ("temperature", "Cel"), 25.0),
        ("pump.power", "kW", 1.5, ("power", "W"), 1500.0),
        ("rack.humidity", "%", 45, ("humidity", "%"), 45.0),
        ("server.fan.speed", "%", 45, ("fan_speed", "1"), 0.45),
        ("server.fan.speed", "rpm", 4500, ("fan_speed", "rpm"), 4500.0),
        ("server.cpu.utilization", "%", 45, ("utilization", "1"), 0.45),
        ("app.requests", "{request}", 45, ("other", "1"), 45.0),
        ("app.cache.ratio", "%", 45, ("other", "1"), 45.0),
    ],
)
def test_a_metric_that_nobody_told_us_about_keeps_its_name_and_says_its_unit(
    name: str, unit: str, value: float, kind: tuple[str, str], kept: float
) -> None:
    told, sensor = as_json(one(name, unit, value)), name.replace(".", "_")
    assert kinds_of(told) == {sensor: kind}
    assert values_of(told) == {sensor: pytest.approx(kept)}


def test_attributes_tell_series_apart_and_a_resource_does_not() -> None:
    resource = {"host.name": "n1", "service.name": "agent", "os.type": "linux"}
    told = as_json(
        one("rack.t", "Cel", 1, side="front"), one("rack.t", "Cel", 2, side="rear"), resource=resource
    )
    assert values_of(told) == {"rack_t_front": 1, "rack_t_rear": 2}
