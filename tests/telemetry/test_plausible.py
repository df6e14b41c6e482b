"""What values sensors can have: wide enough for every fault, too narrow for a broken sensor's."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from agent.telemetry.plausible import ASHRAE, ASHRAE_RECOMMENDED, PLAUSIBLE, plausible_range

REAL = [
    ("inlet_temp_c", "temperature", (-5.0, 21.0, 55.0), (-40.0, 85.0, 255.0)),
    ("exhaust_temp_c", "temperature", (20.0, 75.0), (127.0,)),
    ("cpu1_temp_c", "temperature", (0.5, 61.0, 104.0), (-128.0, 200.0)),
    ("gpu3_mem_temp_c", "temperature", (98.0,), (511.0,)),
    ("dimm_p1_a1_temp_c", "temperature", (84.0,), (255.0,)),
    ("vrm_p1_temp_c", "temperature", (118.0,), (65_261.85, -273.15)),
    ("33_1_pci_2_network_controller", "temperature", (94.0,), (1_000.0,)),
    ("cpu1_margin_c", "margin", (-78.0, 0.0, 61.0), (-3_000.0,)),
    ("fan1a_rpm", "fan_speed", (0.0, 18_000.0, 35_000.0), (-1.0, 65_535.0)),
    ("fan1_pct", "fan_speed", (0.0, 0.23, 1.0), (23.0,)),
    ("power_w", "power", (0.0, 565.0, 10_200.0), (-32_768.0, 1e9)),
    ("gpu0_power_w", "power", (1_350.0,), (65_535.0,)),
    ("psu1_vin", "voltage", (0.0, 118.0, 277.0, 400.0), (-12.0, 6_553.5)),
    ("12v", "voltage", (11.9, -12.1), (2_147_483.0,)),
    ("phase1_a", "current", (2.8, 63.0), (65_535.0,)),
    ("rh_pct", "humidity", (8.0, 95.0), (-1.0, 255.0)),
    ("cpu_util", "utilization", (0.0, 0.58, 1.0), (58.0,)),
    ("gpu1_sm_clock_hz", "frequency", (1.98e9,), (1.98e12,)),
]


@pytest.mark.parametrize(("sensor", "quantity", "possible", "impossible"), REAL)
def test_real_values_are_possible_and_those_of_broken_sensors_are_not(
    sensor: str, quantity: str, possible: tuple[float, ...], impossible: tuple[float, ...]
) -> None:
    low, high = plausible_range(sensor, quantity)
    assert [value for value in possible if not low <= value <= high] == []
    assert [value for value in impossible if low <= value <= high] == []


@pytest.mark.parametrize("quantity", ["state", "other", "limit", "nobody knows"])
def test_what_has_no_bounds_has_none(quantity: str) -> None:
    assert plausible_range("anything", quantity) == (-math.inf, math.inf)


def test_every_row_can_be_reached_and_says_why() -> None:
    for row in PLAUSIBLE:
        assert row.low < row.high
        assert row.why
    quantities = [row.quantity for row in PLAUSIBLE]
    last = {row.quantity: row.pattern for row in PLAUSIBLE}
    assert set(last.values()) == {r"\w*"}
    assert sorted(quantities, key=quantities.index) == quantities  # a quantity's rows stand together


def test_the_classes_of_ashrae_widen_and_hold_what_is_recommended() -> None:
    ranges = list(ASHRAE.values())
    for (low, high), (next_low, next_high) in pairwise(ranges):
        assert next_low <= low
        assert next_high > high
    assert ranges[0][0] <= ASHRAE_RECOMMENDED[0] < ASHRAE_RECOMMENDED[1] <= ranges[0][1]


def test_a_halls_ups_and_chiller_may_have_megawatts_and_a_cpu_may_not() -> None:
    for sensor in ("power_w", "output_w", "phase1_w", "cooling_w"):
        assert plausible_range(sensor, "power")[1] >= 2_000_000
    assert plausible_range("cpu0_power_w", "power")[1] <= 2_000
