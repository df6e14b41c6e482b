"""Impossible values, other units, spikes and swapped sensors."""

from __future__ import annotations

import numpy as np
import pytest
from machines import NAMES, column, doubts_of, judge_all, kinds_of, usual_values

from agent.trust.doubts import Doubt

CPU1, INLET, EXHAUST, FAN1 = (
    column(n) for n in ("cpu1_temp_c", "inlet_temp_c", "exhaust_temp_c", "fan1_rpm")
)


@pytest.mark.parametrize("seed", range(4))
def test_a_healthy_machine_is_believed_whatever_its_load_does(seed: int) -> None:
    values = usual_values(3_000, seed, busy=1.5)
    verdicts = judge_all(values)
    assert not doubts_of(verdicts)
    assert np.mean([verdict.trusted.all() for verdict in verdicts]) > 0.999


def test_an_impossible_value_is_masked_and_told_as_long_as_it_lasts() -> None:
    values = usual_values(200)
    values[100:110, CPU1] = 255.0
    verdicts = judge_all(values)
    assert [bool(v.trusted[CPU1]) for v in verdicts[98:112]] == [True] * 2 + [False] * 10 + [True] * 2
    assert {at for at, d in doubts_of(verdicts) if d.doubt == Doubt.IMPOSSIBLE} == set(range(100, 110))


def test_a_sensor_that_never_gave_a_possible_value_is_masked_in_silence() -> None:
    values = usual_values(100)
    values[:, CPU1] = -128.0
    verdicts = judge_all(values)
    assert not doubts_of(verdicts)
    assert not any(verdict.trusted[CPU1] for verdict in verdicts)


@pytest.mark.parametrize(
    ("convert", "unit"),
    [
        (lambda c: c * 1000, "m°C"),
        (lambda c: c * 10, "tenths of °C"),
        (lambda c: c + 273.15, "K"),
        (lambda c: c * 9 / 5 + 32, "°F"),
    ],
)
@pytest.mark.parametrize("sensor", ["inlet_temp_c", "exhaust_temp_c", "cpu1_temp_c"])
def test_a_temperature_in_another_unit_is_told_with_its_unit(convert: object, unit: str, sensor: str) -> None:
    values = usual_values(300)
    values[200:, column(sensor)] = convert(values[200:, column(sensor)])  # type: ignore[operator]
    verdicts = judge_all(values)
    last = [d for at, d in doubts_of(verdicts) if at == 299]
    assert [(NAMES[d.column], d.doubt, d.note) for d in last] == [(sensor, Doubt.UNIT, unit)]
    assert not any(verdict.trusted[column(sensor)] for verdict in verdicts[200:])


def test_power_in_kilowatts_is_another_unit_and_no_power_failure() -> None:
    values = usual_values(300)
    values[200:, column("power_w")] /= 1000
    verdicts = judge_all(values)
    assert kinds_of(verdicts) == {("power_w", Doubt.UNIT)}


def test_a_unit_that_changes_back_is_believed_again() -> None:
    values = usual_values(300)
    values[200:250, INLET] *= 1000
    assert all(verdict.trusted[INLET] for verdict in judge_all(values)[250:])


@pytest.mark.parametrize("jump_k", [15.0, 40.0, -15.0])
def test_a_spike_is_masked_when_it_comes_and_told_when_it_is_over(jump_k: float) -> None:
    values = usual_values(200)
    values[100, EXHAUST] += jump_k
    verdicts = judge_all(values)
    assert not verdicts[100].trusted[EXHAUST]
    assert verdicts[101].trusted[EXHAUST]
    (at, doubt), *more = doubts_of(verdicts)
    assert not more
    assert (at, doubt.is_spike, doubt.seen) == (101, True, values[100, EXHAUST])


def test_one_meter_of_power_that_leaps_while_the_others_see_nothing_is_a_spike() -> None:
    values = usual_values(200)
    values[100, column("psu1_in_w")] = 0.0
    (at, doubt), *more = doubts_of(judge_all(values))
    assert not more
    assert (at, NAMES[doubt.column], doubt.is_spike) == (101, "psu1_in_w", True)


def test_a_load_that_begins_is_believed_at_once() -> None:
    values = usual_values(200)
    values[100:, [column("power_w"), column("psu1_in_w"), column("psu2_in_w")]] *= 2
    assert all(verdict.trusted.all() for verdict in judge_all(values))


def test_a_room_that_really_gets_that_hot_is_believed() -> None:
    values = usual_values(300)
    values[100:200, INLET] += np.arange(100) * 0.8
    values[200:, INLET] += 80
    verdicts = judge_all(values)
    assert values[250, INLET] > 100
    assert all(verdict.trusted[INLET] for verdict in verdicts)


def test_a_jump_that_stays_is_a_new_level_after_one_reading() -> None:
    values = usual_values(200)
    values[100:, EXHAUST] += 12.0
    verdicts = judge_all(values)
    assert not doubts_of(verdicts)
    assert [bool(v.trusted[EXHAUST]) for v in verdicts[99:103]] == [True, False, True, True]


def test_a_limit_still_counts_while_a_jump_is_in_doubt() -> None:
    values = usual_values(200)
    values[100:, EXHAUST] += 30.0
    verdict = judge_all(values)[100]
    assert not verdict.trusted[EXHAUST]
    assert verdict.limits_count[EXHAUST]


def test_a_stopped_fan_is_believed_at_once() -> None:
    values = usual_values(200)
    values[100:, FAN1] = 0.0
    verdicts = judge_all(values)
    assert all(verdict.trusted[FAN1] for verdict in verdicts)
    assert not doubts_of(verdicts)


def test_a_lost_supply_is_believed_at_once() -> None:
    values = usual_values(200)
    one, other = column("psu1_in_w"), column("psu2_in_w")
    values[100:, other] += values[100:, one]
    values[100:, one] = 0.0
    assert all(v.trusted[[one, other]].all() for v in judge_all(values))


def test_a_jump_of_a_die_is_work_where_power_moved_with_it() -> None:
    values = usual_values(200)
    values[100, [CPU1, column("cpu2_temp_c")]] += 30.0
    values[100, [column("power_w"), column("psu1_in_w"), column("psu2_in_w")]] += 250.0
    assert not doubts_of(judge_all(values))


def test_swapped_thermometers_are_told_and_masked_until_they_are_put_right() -> None:
    values = usual_values(300)
    values[200:250, [INLET, EXHAUST]] = values[200:250, [EXHAUST, INLET]]
    verdicts = judge_all(values)
    assert kinds_of(verdicts) == {("inlet_temp_c", Doubt.SWAPPED), ("exhaust_temp_c", Doubt.SWAPPED)}
    assert {d.note for _, d in doubts_of(verdicts)} == {"inlet_temp_c", "exhaust_temp_c"}
    assert not verdicts[249].trusted[[INLET, EXHAUST]].any()
    assert verdicts[260].trusted.all()


def test_after_a_gap_a_new_level_is_no_spike() -> None:
    values = usual_values(200)
    values[100:140] = np.nan
    values[140:, EXHAUST] += 15.0
    assert not doubts_of(judge_all(values))
