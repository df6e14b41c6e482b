"""Figures of detection equal those of the reference scorer, and say nothing where nothing can be said."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from models.evaluation import (
    curve_figures,
    event_figures,
    paired_interval,
    point_figures,
    segments,
    vus,
)

# What the reference scorer (TSB-AD 1.5 semantics) says of `series(seed)`: VUS-PR, VUS-ROC, PR AUC, ROC AUC;
# at a threshold of 1.5: event recall and precision, false alarms a day, mean delay in seconds, F1 of rows.
REFERENCE = [
    (
        0,
        0.442953219641,
        0.815705059210,
        0.386578044661,
        0.749341931217,
        1.000000000000,
        0.170542635659,
        51.360000000000,
        96.000000000,
        0.333333333333,
    ),
    (
        1,
        0.569318305564,
        0.821182192327,
        0.495700384151,
        0.753253517019,
        1.000000000000,
        0.283582089552,
        46.080000000000,
        85.714285714,
        0.389635316699,
    ),
    (
        2,
        0.507258124612,
        0.822917891922,
        0.444220769169,
        0.752870023046,
        1.000000000000,
        0.150442477876,
        46.080000000000,
        144.000000000,
        0.394230769231,
    ),
    (
        3,
        0.406696470626,
        0.811169958538,
        0.350201086849,
        0.744038486067,
        0.750000000000,
        0.110169491525,
        50.400000000000,
        980.000000000,
        0.358680057389,
    ),
]
REFERENCE_SCORER = Path(__file__).parents[3] / "shared" / "tools" / "score_detection.py"


def series(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Six events in noise; seed 1 has events at both edges; odd seeds have ties."""
    random = np.random.default_rng(seed)
    label = np.zeros(3_000, int)
    for start in random.integers(0, 3_000, 6):
        label[start : start + int(random.integers(1, 200))] = 1
    if seed == 1:
        label[:20] = 1
        label[-7:] = 1
    score = random.normal(size=3_000) + label
    return label, np.round(score, 1) if seed % 2 else score


@pytest.mark.parametrize("expected", REFERENCE, ids=[f"seed {row[0]}" for row in REFERENCE])
def test_figures_equal_those_of_the_reference_scorer(expected: tuple[float, ...]) -> None:
    label, score = series(int(expected[0]))
    curves = curve_figures(label, score)
    assert (curves["vus_pr"], curves["vus_roc"]) == pytest.approx(expected[1:3], abs=1e-9)
    assert (curves["auc_pr"], curves["auc_roc"]) == pytest.approx(expected[3:5], abs=1e-9)
    events = event_figures(label, score > 1.5, 60.0)
    assert (events.recall, events.precision) == pytest.approx(expected[5:7], abs=1e-9)
    assert events.false_alarms_per_day == pytest.approx(expected[7], abs=1e-9)
    assert events.delay_s_mean == pytest.approx(expected[8], abs=1e-6)
    assert point_figures(label, score > 1.5)["f1"] == pytest.approx(expected[9], abs=1e-9)


@pytest.mark.skipif(not REFERENCE_SCORER.exists(), reason="the reference scorer is not beside the project")
def test_it_agrees_with_the_reference_scorer_where_that_lies_beside_the_project() -> None:
    spec = importlib.util.spec_from_file_location("score_detection", REFERENCE_SCORER)
    assert spec and spec.loader
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    for seed in range(10, 14):
        label, score = series(seed)
        assert vus(label, score, 40) == pytest.approx(scorer.vus(label, score, 40), abs=1e-9)


def test_a_perfect_score_has_an_area_near_one_and_noise_one_near_the_share_of_events() -> None:
    label, _ = series(0)
    assert vus(label, label.astype(float), buffer=0)[1] == pytest.approx(1.0, abs=0.01)
    assert vus(label, np.random.default_rng(0).normal(size=len(label)), 0)[1] < 2 * label.mean()


def test_an_alarm_that_was_on_before_its_event_is_false_and_costs_each_hour() -> None:
    label = np.zeros(1_440, int)
    label[600:660] = 1
    figures = event_figures(label, np.ones(1_440, bool), 60.0)
    assert figures.recall == 0.0
    assert figures.false_alarms_per_day == pytest.approx(1 + 23)


def test_an_alarm_five_rows_early_is_true_and_has_no_delay() -> None:
    label, alarm = np.zeros(100, int), np.zeros(100, bool)
    label[50:60] = 1
    alarm[45:52] = True
    figures = event_figures(label, alarm, 60.0)
    assert (figures.recall, figures.precision, figures.delay_s_mean) == (1.0, 1.0, 0.0)
    alarm[44] = True
    assert event_figures(label, alarm, 60.0).recall == 0.0


def test_what_cannot_be_said_is_none() -> None:
    quiet = event_figures(np.zeros(10, int), np.zeros(10, bool), 60.0)
    assert (quiet.recall, quiet.precision, quiet.f1, quiet.delay_s_median) == (None, None, None, None)
    assert quiet.false_alarms_per_day == 0.0


def test_wrong_scores_are_refused_with_what_was_expected() -> None:
    with pytest.raises(ValueError, match="expected one row each"):
        vus(np.zeros(4), np.zeros(5))
    with pytest.raises(ValueError, match="1 scores are not finite"):
        vus(np.array([0, 1]), np.array([0.0, np.nan]))
    with pytest.raises(ValueError, match="expected both"):
        vus(np.zeros(4), np.zeros(4))
    with pytest.raises(ValueError, match="no rows"):
        event_figures(np.zeros(0), np.zeros(0), 60.0)


def test_segments_are_the_first_and_last_row_of_each_run() -> None:
    assert segments(np.array([1, 1, 0, 1])).tolist() == [[0, 1], [3, 3]]


def test_the_interval_of_a_clear_difference_lies_above_zero() -> None:
    mean, low, high = paired_interval([0.1, 0.2, 0.15, 0.12])
    assert 0 < low < mean < high
    with pytest.raises(ValueError, match="no paired difference"):
        paired_interval([])
    with pytest.raises(ValueError, match="all finite"):
        paired_interval([0.1, np.nan])


def test_rows_without_time_between_them_have_no_rates() -> None:
    with pytest.raises(ValueError, match="s apart"):
        event_figures(np.zeros(3), np.zeros(3), 0.0)
