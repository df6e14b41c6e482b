"""Scoring across a change of cohort: polls decide nothing, and levels are never of other models."""

from __future__ import annotations

import numpy as np
import pytest

from agent.alerts import HostAlerts
from agent.host import Host
from agent.scored import ScoredTick
from agent.scoring import Scorer
from agent.state import decode_record, encode_host, host_of_record
from agent.ticks import ClosedTick, HostClock, TickStream
from models.detector import Detector
from models.histories import HostHistory
from models.training import TrainingOptions, fit_cohort

SENSORS = ("s0", "s1", "s2", "s3", "s4", "s5")
SECOND_NS = 1_000_000_000
START_NS = 1_767_225_600 * SECOND_NS  # a full hour
PERIOD_NS = 60 * SECOND_NS
LATER = 20  # the tick at which the other half of the sensors begins


def train(cohort: str, sensors: tuple[str, ...]) -> Detector:
    rng = np.random.default_rng(len(sensors))
    values = rng.normal(20, 2, size=(400, len(sensors))).astype(np.float32)
    history = HostHistory("n1", 60.0, values, np.ones(values.shape, bool), np.arange(400) // 60)
    options = TrainingOptions(seed=1, device="cpu", epochs=1)
    kinds, units = ("temperature",) * len(sensors), ("Cel",) * len(sensors)
    return fit_cohort(cohort, sensors, kinds, units, [history], options, lambda *_: None)


@pytest.fixture(scope="module")
def detectors() -> dict[str, Detector]:
    """`small` fits from the first tick; `wide` fits as well, and wins, once all six sensors are there."""
    return {"small": train("small", SENSORS[:3]), "wide": train("wide", SENSORS)}


def host_and_ticks(count: int) -> tuple[Host, list[ClosedTick]]:
    clock, out = HostClock("n1", period_ns=PERIOD_NS), TickStream()
    rng = np.random.default_rng(5)
    for tick in range(count):
        for sensor in SENSORS[: 3 if tick < LATER else 6]:
            column = clock.column(sensor, "temperature", "Cel", PERIOD_NS)
            clock.add(column, START_NS + tick * PERIOD_NS, float(rng.normal(20, 2)), tick, out)
    return Host("n1", "t/0", clock, HostAlerts("n1")), out.closed


def scored(detectors: dict[str, Detector], size: int) -> tuple[Host, list[ScoredTick]]:
    host, ticks = host_and_ticks(150)
    scorer, done = Scorer(detectors, "r1"), []
    for at in range(0, len(ticks), size):
        done += scorer.score(ticks[at : at + size], {"n1": host})
    return host, done


def test_a_host_moves_to_the_better_cohort_in_its_first_hour(detectors: dict[str, Detector]) -> None:
    _, ticks = scored(detectors, 1)
    assert ticks[LATER - 2].cohort == "small"
    assert ticks[LATER + 2].cohort == "wide"


def test_polls_change_no_score_across_the_move(detectors: dict[str, Detector]) -> None:
    one_host, one_by_one = scored(detectors, 1)
    for size in (7, 1_000):
        host, ticks = scored(detectors, size)
        assert [t.score for t in ticks] == [t.score for t in one_by_one]
        assert host.level == one_host.level


def test_levels_of_other_models_are_dropped(detectors: dict[str, Detector]) -> None:
    host, _ = scored(detectors, 1_000)
    assert host.level.cohort == "wide"
    assert len(host.level.closed) == 2  # of 150 minutes; the first hour from the move on
    assert np.isfinite(host.level.closed).all()


def test_a_cohort_that_is_no_more_is_left(detectors: dict[str, Detector]) -> None:
    host, ticks = host_and_ticks(150)
    Scorer(detectors, "r1").score(ticks[:100], {"n1": host})
    retrained = Scorer({"small": detectors["small"]}, "r2")
    after = retrained.score(ticks[100:], {"n1": host})
    assert {tick.cohort for tick in after} == {"small"}


# -- a host that training never saw --------------------------------------------------------------------------

WARMER_C = 9.0  # than the machine of training; n2's own normal


def newcomer(name: str = "n2", hours: int = 6) -> tuple[Host, list[ClosedTick]]:
    clock, out = HostClock(name, period_ns=PERIOD_NS), TickStream()
    rng = np.random.default_rng(6)
    for tick in range(hours * 60):
        for sensor in SENSORS[:3]:
            column = clock.column(sensor, "temperature", "Cel", PERIOD_NS)
            value = float(rng.normal(20 + WARMER_C, 2))
            clock.add(column, START_NS + tick * PERIOD_NS, value, tick, out)
    return Host(name, "t/0", clock, HostAlerts(name)), out.closed


def scores_of(detectors: dict[str, Detector], size: int) -> tuple[Host, list[ScoredTick]]:
    host, ticks = newcomer()
    scorer, done = Scorer({"small": detectors["small"]}, "r1"), []
    for at in range(0, len(ticks), size):
        done += scorer.score(ticks[at : at + size], {"n2": host})
    return host, done


def test_a_newcomer_is_scored_from_its_second_tick_with_a_wider_threshold(
    detectors: dict[str, Detector],
) -> None:
    _, ticks = scores_of(detectors, 1_000)
    assert not ticks[0].scored and ticks[1].scored
    known = float(detectors["small"].thresholds[0])
    assert ticks[1].threshold > ticks[200].threshold > known
    assert ticks[1].missing_share > 0.9


def test_what_is_normal_for_a_newcomer_is_learnt_hour_by_hour(detectors: dict[str, Detector]) -> None:
    _, ticks = scores_of(detectors, 1_000)
    first, later = (np.mean([tick.score for tick in part]) for part in (ticks[30:60], ticks[300:]))
    assert later < 0.5 * first


def test_polls_change_no_score_of_a_newcomer(detectors: dict[str, Detector]) -> None:
    _, whole = scores_of(detectors, 1_000)
    for size in (7, 60):
        _, parts = scores_of(detectors, size)
        np.testing.assert_allclose([t.score for t in parts], [t.score for t in whole], atol=1e-9)


def test_a_restart_changes_no_score_of_a_newcomer(detectors: dict[str, Detector]) -> None:
    _, whole = scores_of(detectors, 1_000)
    scorer = Scorer({"small": detectors["small"]}, "r1")
    host, ticks = newcomer()
    before = scorer.score(ticks[:200], {"n2": host})
    again = host_of_record(decode_record(encode_host(host, 1, ticks[199].time_ns)))
    after = scorer.score(ticks[200:], {"n2": again})
    np.testing.assert_allclose([t.score for t in before + after], [t.score for t in whole], atol=1e-9)
