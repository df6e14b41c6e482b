"""Air that does not come through: found by the heat it no longer carries away."""

from __future__ import annotations

import math

import pytest
from builders import SERVER, build_tick

from agent.airflow import AirFlow
from agent.diagnosis import diagnose
from agent.rules.layout import layout_of

MACHINE = {**SERVER, "exhaust_temp_c": ("temperature", "Cel", 34.0)}
FANS = tuple(name for name in MACHINE if name.startswith("fan"))


def watch(minutes: float, flow: AirFlow, start: float = 0.0, **seen: float) -> float:
    """κ's share after so many minutes of ticks every 20 s with these values."""
    share = math.nan
    for at in range(int(minutes * 3)):
        tick = build_tick(start + at / 3, seen=dict(seen), sensors=MACHINE)
        share = flow.update(tick, layout_of(tick))
    return share


def usual(name: str) -> float:
    return MACHINE[name][2]


def test_the_usual_flow_is_no_news() -> None:
    assert math.isnan(watch(60, AirFlow()))


def test_a_blocked_path_is_found_within_a_quarter_of_an_hour_and_named() -> None:
    flow = AirFlow()
    watch(30, flow)
    rise_k = usual("exhaust_temp_c") - usual("inlet_temp_c")
    hot = {"exhaust_temp_c": usual("inlet_temp_c") + 2.2 * rise_k}
    assert math.isnan(watch(3, flow, 30, **hot))
    share = watch(12, flow, 33, **hot)
    assert share == pytest.approx(1 / 2.2, abs=0.03)
    (finding,) = diagnose(build_tick(45, seen=hot, sensors=MACHINE), share)
    assert (finding.fault, finding.basis) == ("airflow_blockage", "evidence")
    assert "54 %" in finding.diagnosis or "55 %" in finding.diagnosis


def test_more_load_with_more_heat_is_no_blocked_path() -> None:
    flow = AirFlow()
    watch(30, flow)
    rise_k = usual("exhaust_temp_c") - usual("inlet_temp_c")
    busy = {"power_w": 2 * usual("power_w"), "exhaust_temp_c": usual("inlet_temp_c") + 2 * rise_k}
    assert math.isnan(watch(30, flow, 30, **busy))


def test_a_load_that_ends_before_the_chassis_has_cooled_is_no_blocked_path() -> None:
    flow = AirFlow()
    rise_k = usual("exhaust_temp_c") - usual("inlet_temp_c")
    watch(30, flow, power_w=2 * usual("power_w"), exhaust_temp_c=usual("inlet_temp_c") + 2 * rise_k)
    for at in range(30):
        cooling = {"exhaust_temp_c": usual("inlet_temp_c") + rise_k * (1 + math.exp(-at * 20 / 150))}
        assert math.isnan(watch(1 / 3, flow, 30 + at / 3, **cooling))


def test_a_fan_that_stands_still_is_not_its_air() -> None:
    flow = AirFlow()
    watch(30, flow)
    rise_k = usual("exhaust_temp_c") - usual("inlet_temp_c")
    stopped = {"exhaust_temp_c": usual("inlet_temp_c") + 2.5 * rise_k, FANS[0]: 0.0}
    assert math.isnan(watch(30, flow, 30, **stopped))


def test_it_is_over_when_the_air_comes_through_again() -> None:
    flow = AirFlow()
    rise_k = usual("exhaust_temp_c") - usual("inlet_temp_c")
    assert watch(30, flow, exhaust_temp_c=usual("inlet_temp_c") + 2.5 * rise_k) < 0.5
    assert math.isnan(watch(10, flow, 30))
