"""Sensors that stand still, and those that drift."""

from __future__ import annotations

import numpy as np
import pytest
from machines import NAMES, SENSORS, column, doubts_of, judge_all, kinds_of, usual_values

from agent.trust.doubts import Doubt
from agent.trust.host_trust import HostTrust

HOUR_TICKS = 3_600 // 60


@pytest.mark.parametrize("sensor", ["cpu1_temp_c", "exhaust_temp_c", "power_w", "psu1_in_w", "fan2_rpm"])
def test_a_sensor_that_stands_still_while_the_load_moves_is_stuck(sensor: str) -> None:
    values = usual_values(4_000)
    values[2_000:, column(sensor)] = values[1_999, column(sensor)]
    verdicts = judge_all(values)
    assert kinds_of(verdicts) == {(sensor, Doubt.STUCK)}
    first, doubt = doubts_of(verdicts)[0]
    assert 2_000 < first < 3_000
    assert doubt.seen == values[1_999, column(sensor)]
    assert not verdicts[-1].trusted[column(sensor)]


def test_a_sensor_that_moves_again_is_believed_again() -> None:
    values = usual_values(4_000)
    values[2_000:3_500, column("cpu1_temp_c")] = values[1_999, column("cpu1_temp_c")]
    verdicts = judge_all(values)
    assert not verdicts[3_499].trusted[column("cpu1_temp_c")]
    assert verdicts[3_510].trusted.all()


def test_an_idle_machine_stands_still_by_right() -> None:
    values = usual_values(4_000)
    values[2_000:] = values[1_999]
    assert not doubts_of(judge_all(values))


def test_meters_that_all_rest_while_warm_air_drives_the_fans_stand_still_by_right() -> None:
    values = usual_values(4_000)
    meters = [column(name) for name in ("power_w", "psu1_in_w", "psu2_in_w")]
    values[2_000:, meters] = values[1_999, meters]
    assert not doubts_of(judge_all(values))
    values[2_000:, meters[1:]] = usual_values(4_000)[2_000:, meters[1:]]
    assert kinds_of(judge_all(values)) == {("power_w", Doubt.STUCK)}


def test_a_gpu_that_idles_stands_still_by_right_while_the_machine_works() -> None:
    host, values = gpu_machine(idle_from=2_000)
    assert not doubts_of(judge_all(values, of=host))


def test_a_gpu_s_thermometer_that_stands_still_while_its_own_power_moves_is_stuck() -> None:
    host, values = gpu_machine()
    at = list(host).index("gpu1_temp_c")
    values[2_000:, at] = values[1_999, at]
    found = doubts_of(judge_all(values, of=host))
    assert {(list(host)[d.column], d.doubt) for _, d in found} == {("gpu1_temp_c", Doubt.STUCK)}


def gpu_machine(idle_from: int = 4_000) -> tuple[dict[str, str], np.ndarray]:
    """The usual machine with a GPU, which has jobs of 100 ticks until then and none afterwards."""
    values, rng = usual_values(4_000), np.random.default_rng(3)
    watts = 300 + 60 * np.sin(np.arange(4_000) / 10) + 5 * rng.standard_normal(4_000)
    is_idle = (np.arange(4_000) // 100 % 2 == 1) | (np.arange(4_000) >= idle_from)
    watts[is_idle] = 40 + 0.3 * rng.standard_normal(is_idle.sum())
    warm = np.round(24 + watts / 8 + 0.1 * rng.standard_normal(4_000))
    host = {**SENSORS, "gpu1_temp_c": "temperature", "gpu1_power_w": "power", "gpu1_util": "utilization"}
    return host, np.column_stack([values, warm, np.round(watts), np.round(watts / 400, 2)])


def test_a_stopped_fan_that_stays_at_zero_is_not_stuck() -> None:
    values = usual_values(4_000)
    values[2_000:, column("fan2_rpm")] = 0.0
    assert not doubts_of(judge_all(values))


def slowly(days: float, k_per_day: float, sensor: str, seed: int = 1) -> tuple[np.ndarray, int]:
    """Readings of 60 s, the drift beginning after 4 days."""
    values = usual_values(int(days * 24 * HOUR_TICKS), seed)
    first = 4 * 24 * HOUR_TICKS
    since = np.arange(len(values) - first) / (24 * HOUR_TICKS)
    values[first:, column(sensor)] += np.round(k_per_day * since)
    return values, first


@pytest.mark.parametrize(("sensor", "k_per_day"), [("inlet_temp_c", 1.0), ("exhaust_temp_c", -1.0)])
def test_a_thermometer_of_air_that_drifts_alone_is_told_within_days(sensor: str, k_per_day: float) -> None:
    values, first = slowly(9, k_per_day, sensor)
    found = doubts_of(judge_all(values, period_s=60.0))
    assert {(NAMES[d.column], d.doubt) for _, d in found} == {(sensor, Doubt.DRIFT)}
    assert 0 < (found[0][0] - first) / (24 * HOUR_TICKS) < 5


def test_air_that_really_warms_is_no_drift() -> None:
    values, first = slowly(9, 1.0, "inlet_temp_c")
    since = np.arange(len(values) - first) / (24 * HOUR_TICKS)
    for warmed in ("exhaust_temp_c", "cpu1_temp_c", "cpu2_temp_c"):
        values[first:, column(warmed)] += np.round(since)
    assert not doubts_of(judge_all(values, period_s=60.0))


def test_state_that_was_stored_judges_on_as_if_nothing_had_happened() -> None:
    values = usual_values(1_200)
    values[700, column("exhaust_temp_c")] += 20
    values[900:, column("inlet_temp_c")] *= 1000
    whole = judge_all(values)
    for cut in (1, 650, 701, 950):
        trust = HostTrust()
        before = judge_all(values[:cut], trust)
        restored = HostTrust.from_arrays({k: v.copy() for k, v in trust.to_arrays().items()})
        after = judge_all(values[cut:], restored, first=cut)
        assert repr(before + after) == repr(whole)
