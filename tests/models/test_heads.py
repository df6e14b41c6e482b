"""The whitened heads, on numbers small enough to work out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.heads import (
    ROBUST,
    SETTLING,
    SHARP,
    STEADY_RECIPES,
    Head,
    HeadRecipe,
    choose_recipes,
    days_differ,
    fit_head,
    make_features,
    sharpness,
    soften,
    spread_ticks,
)

KEPT = 0.5 ** (1 / 15)  # weight of the tick before the newest, in the running mean
DAY_S = 86_400.0


def features_of(residuals: np.ndarray, seen: np.ndarray) -> np.ndarray:
    return make_features(residuals, seen, ROBUST, spread_half_life=2.0)


def identity_head(sensors: int) -> Head:
    wide = 4 * sensors
    return Head(ROBUST, 2.0, np.zeros(wide), np.ones(wide), np.eye(wide), norm=1.0)


def test_features_are_the_value_its_distance_from_the_mean_its_step_and_its_spread() -> None:
    residuals, seen = np.array([[[1.0], [4.0]]]), np.ones((1, 2, 1), bool)
    mean = (1.0 * KEPT + 4.0) / (1.0 + KEPT)
    kept = 0.5 ** (1 / 2)
    near = (1.0 * kept + 4.0) / (1.0 + kept)
    spread = math.sqrt((1.0 * kept + 16.0) / (1.0 + kept) - near**2)
    assert features_of(residuals, seen)[0] == pytest.approx([4.0, 4.0 - mean, 3.0, spread])


def test_a_sensor_that_just_came_back_has_no_step_and_no_spread() -> None:
    residuals, seen = np.array([[[0.0], [4.0]]]), np.array([[[False], [True]]])
    assert features_of(residuals, seen)[0] == pytest.approx([4.0, 0.0, 0.0, 0.0])


def test_a_distance_that_stays_is_softened_and_one_that_comes_counts_whole() -> None:
    assert soften(np.array([-3.0, 6.0, 6.0 * math.e])) == pytest.approx([-3.0, 6.0, 12.0])
    residuals, seen = np.array([[[0.0], [40.0]]]), np.ones((1, 2, 1), bool)
    level, _, step, _ = features_of(residuals, seen)[0]
    assert level < 20 < step == 40


def test_a_masked_sensor_adds_nothing_and_the_others_stand_for_it() -> None:
    residuals = np.array([[[0.0, 0.0], [3.0, 0.0]]])
    both, one = np.ones((1, 2, 2), bool), np.array([[[True, False], [True, False]]])
    head = identity_head(2)
    with_both, with_one = head.contributions(residuals, both)[0], head.contributions(residuals, one)[0]
    assert with_both[1] == with_one[1] == 0.0
    assert with_one[0] == pytest.approx(2 * with_both[0])


def test_a_head_counts_in_units_of_what_training_exceeded_once_in_ten_ticks() -> None:
    rng = np.random.default_rng(0)
    residuals, seen = rng.standard_normal((2000, 4, 2)), np.ones((2000, 4, 2), bool)
    for recipe in (ROBUST, SHARP, *STEADY_RECIPES):
        statistic = fit_head(recipe, residuals, seen, 60.0).contributions(residuals, seen).sum(axis=1)
        assert (statistic > 1.0).mean() == pytest.approx(0.1, abs=0.002)


def test_sensors_that_move_together_are_news_when_they_part() -> None:
    rng = np.random.default_rng(0)
    shared = rng.standard_normal((2000, 4, 1))
    residuals = shared + 0.01 * rng.standard_normal((2000, 4, 2))
    recipe = HeadRecipe(ridge=0.05, clip=10.0, floor=0.05)
    head = fit_head(recipe, residuals, np.ones(residuals.shape, bool), 60.0)
    together, apart = np.full((1, 4, 2), 2.0), np.tile([2.0, -2.0], (1, 4, 1))
    seen = np.ones((1, 4, 2), bool)
    ratio = head.contributions(apart, seen).sum() / head.contributions(together, seen).sum()
    assert ratio > 5


def test_a_sharp_head_finds_a_small_step_of_a_quiet_sensor_and_a_robust_one_does_not() -> None:
    rng = np.random.default_rng(0)
    residuals = rng.standard_normal((2000, 4, 2)) * np.array([1.0, 0.05])
    seen = np.ones(residuals.shape, bool)
    step = np.zeros((1, 4, 2))
    step[0, -1, 1] = 0.5  # ten spreads of the quiet sensor, half a usual deviation
    sharp, robust = (
        fit_head(r, residuals, seen, 60.0).contributions(step, seen[:1]).sum() for r in (SHARP, ROBUST)
    )
    assert sharp > 3 > 1 > robust


def test_how_far_a_lasting_distance_counts_is_where_the_two_opinions_part() -> None:
    rng = np.random.default_rng(0)
    residuals = rng.standard_normal((2000, 32, 2))
    seen = np.ones(residuals.shape, bool)
    lasting, fresh = np.full((1, 32, 2), 8.0), np.zeros((1, 32, 2))
    fresh[0, -1] = 8.0
    counted = {
        recipe: [
            fit_head(recipe, residuals, seen, 60.0).contributions(x, seen[:1]).sum() for x in (lasting, fresh)
        ]
        for recipe in (ROBUST, SETTLING)
    }
    assert counted[ROBUST][0] > 5 * counted[SETTLING][0]
    assert counted[SETTLING][1] > 0.5 * counted[ROBUST][1]


def test_where_load_is_explained_all_heads_are_steady() -> None:
    assert all(recipe.steady for recipe in choose_recipes(True, 0.5))


def test_heads_are_weighed_by_how_far_days_differ() -> None:
    weights = [recipe.weights for recipe in choose_recipes(False, 0.25)]
    assert weights == [(0.25, 0.25), (0.75, 0.0), (0.0, 0.75)]
    assert len(choose_recipes(False, 0.0)) == 2
    assert len(choose_recipes(False, 1.0)) == 1
    assert sharpness([0.13]) > 0.99 > 0.5 > 0.05 > sharpness([0.36])
    assert sharpness([math.nan]) == 0.75


def test_days_that_differ_are_told_from_days_that_agree() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((10 * 144, 3))
    present = np.ones(rows.shape, bool)
    assert days_differ(rows, present, 600.0) < 0.15
    drifting = rows + np.repeat(rng.standard_normal(10), 144)[:, None]
    assert days_differ(drifting, present, 600.0) > 0.5


def test_fewer_than_five_days_say_nothing_of_how_days_differ() -> None:
    rows = np.random.default_rng(0).standard_normal((4 * 144, 3))
    assert math.isnan(days_differ(rows, np.ones(rows.shape, bool), 600.0))


def test_a_steady_head_sees_the_running_mean_alone() -> None:
    residuals, seen = np.array([[[1.0], [4.0]]]), np.ones((1, 2, 1), bool)
    kept = 0.5 ** (1 / 6)
    mean = (1.0 * kept + 4.0) / (1.0 + kept)
    assert make_features(residuals, seen, STEADY_RECIPES[0], 2.0)[0] == pytest.approx([mean])


def test_the_running_spread_is_a_quarter_of_an_hour_long_within_what_is_kept() -> None:
    assert (spread_ticks(300.0), spread_ticks(60.0), spread_ticks(10.0)) == (3.0, 15.0, 15.0)
    assert spread_ticks(DAY_S) == 2.0


def test_what_rounding_can_do_is_less_news_to_a_steady_head() -> None:
    """A sensor that stood on one step of it in training trembled less than a step."""
    steady, rng = STEADY_RECIPES[1], np.random.default_rng(5)
    residuals = rng.normal(scale=0.05, size=(400, 64, 3))
    seen = np.ones(residuals.shape, bool)
    step = np.zeros((1, 64, 3))
    step[:, :, 1] = 1.0
    plain, rounded = (
        fit_head(steady, residuals, seen, 60.0, rounding).contributions(step, seen[:1]).sum()
        for rounding in (0.0, np.array([0.0, 0.5, 0.0]))
    )
    assert rounded < plain / 5


def test_one_wild_reading_is_less_to_a_steady_head_than_a_fault_that_stays() -> None:
    steady, rng = STEADY_RECIPES[0], np.random.default_rng(6)
    residuals = rng.normal(size=(400, 64, 3))
    seen = np.ones(residuals.shape, bool)
    head = fit_head(steady, residuals, seen, 60.0)
    wild, fault = np.zeros((1, 64, 3)), np.zeros((1, 64, 3))
    wild[:, -2, 0] = 1_000.0
    fault[:, -4:, 0] = 10.0
    assert head.contributions(wild, seen[:1]).sum() < head.contributions(fault, seen[:1]).sum()
