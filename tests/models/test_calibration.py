"""From values to probabilities and thresholds, on numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.calibration import Calibration, calibrate, fit_tail, run_maxima

# A tenth of the ticks above e^0, a thousandth above e^1; beyond it a decade for every ln 10 / 2 of log v.
TWO_KNOTS = Calibration(np.array([0.0, 1.0]), np.array([-1.0, -3.0]), tail_scale=0.5, threshold=0.5)


def test_inside_what_was_seen_the_score_follows_the_knots() -> None:
    assert TWO_KNOTS.score(np.exp([0.0, 0.5, 1.0])) == pytest.approx([1 / 12, 2 / 12, 3 / 12])


def test_beyond_it_the_tail_is_exponential_in_the_logarithm() -> None:
    decade = math.log(10) / 2
    assert TWO_KNOTS.score(np.exp([1.0 + decade, 1.0 + 2 * decade])) == pytest.approx([4 / 12, 5 / 12])


def test_scores_end_at_one_and_what_is_not_known_stays_so() -> None:
    scores = TWO_KNOTS.score(np.array([1e300, 0.0, np.nan]))
    assert scores[0] == 1.0
    assert scores[1] == pytest.approx(1 / 12)
    assert np.isnan(scores[2])


def test_a_higher_value_never_has_a_lower_score() -> None:
    rng = np.random.default_rng(0)
    fitted = calibrate([np.exp(rng.standard_normal(2000)) for _ in range(3)], 60.0, 0.03)
    assert (np.diff(fitted.score(np.geomspace(1e-6, 1e6, 500))) >= 0).all()
    far = fitted.score(np.geomspace(1e3, 1e9, 50))
    assert (np.diff(far) > 0).all() and far[-1] <= 1.0


def test_exceedances_within_a_smoothing_kernel_are_one_run() -> None:
    log_v = np.zeros(300)
    log_v[[10, 20, 200]] = [1.0, 3.0, 2.0]
    assert run_maxima(log_v, edge=0.5).tolist() == [3.0, 2.0]
    assert run_maxima(log_v, edge=5.0).tolist() == []


def test_the_upper_half_of_the_maxima_tells_the_tail_together_with_the_prior() -> None:
    start, scale, runs = fit_tail(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), edge=0.0)
    assert (start, runs) == (3.0, 2.0)
    assert scale == pytest.approx((1 + 2 + 8 * 0.25) / (2 + 8))  # 0.5
    assert fit_tail(np.zeros(0), edge=0.7) == (0.7, 0.25, 0.0)  # nothing seen: the prior alone


def test_a_smaller_budget_means_a_higher_threshold_below_one() -> None:
    rng = np.random.default_rng(1)
    values = [np.exp(0.3 * rng.standard_normal(1500)) for _ in range(4)]
    thresholds = [calibrate(values, 60.0, budget).threshold for budget in (3.0, 0.3, 0.03, 0.003)]
    assert thresholds == sorted(thresholds)
    assert len(set(thresholds)) == 4
    assert thresholds[-1] < 1


def test_what_training_saw_stays_below_the_threshold_of_a_small_budget() -> None:
    rng = np.random.default_rng(2)
    values = [np.exp(0.3 * rng.standard_normal(1500)) for _ in range(4)]
    fitted = calibrate(values, 60.0, 0.03)
    assert fitted.score(np.concatenate(values)).max() < fitted.threshold


def test_ticks_without_a_value_do_not_count() -> None:
    rng = np.random.default_rng(3)
    values = np.exp(rng.standard_normal(1000))
    gaps = np.concatenate([values, np.full(500, np.nan)])
    assert calibrate([gaps], 60.0, 0.03).threshold == calibrate([values], 60.0, 0.03).threshold
