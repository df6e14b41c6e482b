"""Cooling units, chilled water, air that warms at once, humidity, fans that tell a share."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from builders import build_tick

from agent.diagnosis import diagnose
from agent.physics import Physics

UNIT = {
    "power_w": ("power", "W", 420.0),
    "supply_temp_c": ("temperature", "Cel", 21.5),
    "return_temp_c": ("temperature", "Cel", 35.0),
    "fan_pct": ("fan_speed", "1", 0.52),
    "chw_supply_c": ("temperature", "Cel", 12.1),
    "rh_pct": ("humidity", "%", 48.0),
}
SERVER = {
    "power_w": ("power", "W", 400.0),
    "inlet_temp_c": ("temperature", "Cel", 22.0),
    "cpu1_temp_c": ("temperature", "Cel", 60.0),
    **{f"fan{n}_pct": ("fan_speed", "1", 0.3) for n in (1, 2, 3, 4)},
}
LEARNED = 240  # minutes


def told(sensors: dict[str, tuple[str, str, float]], *course: dict[str, float]) -> list[str]:
    """What is told, in its order, after four usual hours and then at each of these, a minute apart."""
    rng, physics, found = np.random.default_rng(1), Physics(), list[str]()

    def trembling(seen: dict[str, float]) -> Iterator[tuple[str, float]]:
        for name, (quantity, _, value) in sensors.items():
            noise = 0.05 * rng.standard_normal() if quantity in ("temperature", "humidity") else 0.0
            yield name, seen.get(name, value) + noise

    for at, seen in enumerate([*[{}] * LEARNED, *course]):
        tick = build_tick(at, seen=dict(trembling(seen)), sensors=sensors, peak=dict(trembling({})))
        found += [finding.fault for finding in diagnose(tick, residuals=physics.update(tick))]
    return list(dict.fromkeys(found))


def test_a_cooling_unit_that_runs_and_supplies_warm_air_lacks_capacity() -> None:
    assert told(UNIT, *[{"supply_temp_c": 26.5, "fan_pct": 0.35}] * 10) == ["cooling_unit_failure"]


def test_a_cooling_unit_that_rests_is_not_asked_what_it_supplies_nor_for_a_while_after() -> None:
    rests = [{"supply_temp_c": 33.0, "rh_pct": 22.0, "fan_pct": 0.0, "power_w": 50.0}] * 60
    starts = [{"supply_temp_c": 31.0, "rh_pct": 30.0, "fan_pct": 0.4}, {"supply_temp_c": 25.0}]
    assert told(UNIT, *rests, *starts, *[{}] * 30) == []


def test_warm_chilled_water_is_told_before_the_air_follows() -> None:
    assert told(UNIT, *[{"chw_supply_c": 13.5}] * 15) == ["chilled_water_loss"]
    assert told(UNIT, *[{"chw_supply_c": 12.4}] * 15) == []


def test_humidity_far_from_its_own_past_is_told_within_the_allowed_range_too() -> None:
    assert told(UNIT, *[{"rh_pct": 30.0}] * 15) == ["humidity"]
    assert told(UNIT, *[{"rh_pct": 42.0}] * 15) == []


def test_air_that_warms_at_once_is_told_though_it_is_over_in_a_minute() -> None:
    assert told(SERVER, {"inlet_temp_c": 33.0}, {"inlet_temp_c": 25.0}, {}) == ["cooling_unit_failure"]


def test_air_that_warms_as_far_within_an_hour_is_no_failure_of_cooling() -> None:
    assert told(SERVER, *[{"inlet_temp_c": 22.0 + at / 6} for at in range(60)]) == []


def test_a_fan_that_tells_a_share_is_missed_when_it_stands_and_the_others_turn() -> None:
    assert "fan_failure" in told(SERVER, {"fan2_pct": 0.0})
    assert told(SERVER, {f"fan{n}_pct": 0.0 for n in (1, 2, 3, 4)} | {"power_w": 8.0}) == []


def test_a_clock_at_its_highest_is_held_down_by_nothing_however_much_work_there_is() -> None:
    """A clock that rises with load up to its end would be expected to go on for ever."""
    machine = SERVER | {"cpu_freq_hz": ("frequency", "Hz", 2.5e9)}
    climbs = [(100.0, 1.58e9), (160.0, 1.85e9), (250.0, 2.14e9), (400.0, 2.5e9)] * 3
    slower = [{"power_w": w, "cpu_freq_hz": hz} for w, hz in climbs for _ in range(30)]
    busy = [{"power_w": 680.0, "cpu_freq_hz": 2.5e9}] * 60
    held = [{"power_w": 380.0, "cpu_freq_hz": 1.8e9}] * 30
    assert "power_cap" not in told(machine, *slower, *busy)
    assert "power_cap" in told(machine, *slower, *held)
