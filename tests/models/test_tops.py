"""A host's own week as its threshold, on hours that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.tops import DAY_HOURS, WEEK_HOURS, OwnThreshold, Tops

USUAL = np.linspace(0.4, 0.1, WEEK_HOURS)  # highest first


def test_an_hour_counts_once_it_is_closed() -> None:
    tops = Tops()
    assert tops.at(7)
    tops.add(0.2)
    tops.add(0.5)
    assert not tops.at(7) and tops.closed == []
    assert tops.at(9)
    assert tops.closed == [0.5]


def test_no_more_than_a_week_is_kept() -> None:
    tops = Tops()
    for hour in range(400):
        tops.at(hour)
        tops.add(hour / 1_000)
    assert len(tops.closed) == WEEK_HOURS
    assert tops.closed[-1] == pytest.approx(0.398)


def test_a_small_budget_leaves_the_threshold_to_the_calibration() -> None:
    scores, hours = [np.full(300, 0.2)], [np.arange(300) // 10]
    assert OwnThreshold.fit(scores, hours, 0.03) is None
    assert OwnThreshold.fit(scores, hours, 30.0) is not None


def test_less_than_a_day_of_training_tells_no_usual_hours() -> None:
    assert OwnThreshold.fit([np.full(100, 0.2)], [np.arange(100) // 10], 30.0) is None


def test_a_host_without_a_past_has_the_usual_threshold_of_its_cohort() -> None:
    own = OwnThreshold(USUAL, least=0.0, hours_a_day=2.0)
    assert own.of([]) == pytest.approx(0.374, abs=0.002)  # two hours of a day, fourteen of a week are above


def test_a_noisy_host_gets_a_higher_threshold_and_a_calm_one_a_lower() -> None:
    own = OwnThreshold(USUAL, least=0.0, hours_a_day=2.0)
    noisy = [0.3 + 0.3 * (hour % 3 == 0) for hour in range(WEEK_HOURS)]
    calm = [0.05] * WEEK_HOURS
    assert own.of(calm) < own.of([]) < own.of(noisy) == pytest.approx(0.6)


def test_no_host_gets_a_threshold_that_normal_ticks_pass_often() -> None:
    own = OwnThreshold(USUAL, least=0.25, hours_a_day=2.0)
    assert own.of([0.01] * WEEK_HOURS) == 0.25


def test_a_host_that_always_alarms_is_heard_again_when_it_gets_worse() -> None:
    own = OwnThreshold(USUAL, least=0.0, hours_a_day=2.0)
    assert own.of([0.7] * WEEK_HOURS) <= 0.7 < 0.8


def test_as_many_hours_as_the_budget_allows_pass_the_threshold() -> None:
    hours = np.random.default_rng(0).random(WEEK_HOURS)
    own = OwnThreshold(USUAL, least=0.0, hours_a_day=2.0)
    passed = (hours > own.of(hours.tolist())).sum() / (WEEK_HOURS / DAY_HOURS)
    assert 1.0 <= passed <= 3.5
