"""The whitened heads, on numbers small enough to work out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.heads import (
    RECIPES,
    ROBUST,
    SHARP,
    STEADY_RECIPES,
    Head,
    choose_recipes,
    fit_head,
    make_features,
)

KEPT = 0.5 ** (1 / 15)  # weight of the tick before the newest


def identity_head(sensors: int) -> Head:
    return Head(ROBUST, np.zeros(sensors), np.ones(sensors), np.eye(3 * sensors), norm=1.0)


def test_features_are_the_value_its_distance_from_the_mean_and_its_step() -> None:
    residuals, seen = np.array([[[1.0], [4.0]]]), np.ones((1, 2, 1), bool)
    mean = (1.0 * KEPT + 4.0) / (1.0 + KEPT)
    assert make_features(residuals, seen, ROBUST)[0] == pytest.approx([4.0, 4.0 - mean, 3.0])


def test_a_sensor_that_just_came_back_has_no_step() -> None:
    residuals, seen = np.array([[[0.0], [4.0]]]), np.array([[[False], [True]]])
    assert make_features(residuals, seen, ROBUST)[0] == pytest.approx([4.0, 0.0, 0.0])


def test_a_masked_sensor_adds_nothing_and_the_others_stand_for_it() -> None:
    residuals = np.array([[[0.0, 0.0], [3.0, 0.0]]])
    both, one = np.ones((1, 2, 2), bool), np.array([[[True, False], [True, False]]])
    head = identity_head(2)
    with_both, with_one = head.contributions(residuals, both)[0], head.contributions(residuals, one)[0]
    squares = 3.0**2 + (3.0 - 3.0 / (1.0 + KEPT)) ** 2 + 3.0**2  # 20.147
    assert with_both == pytest.approx([squares / 6, 0.0])  # over three features of two sensors
    assert with_one == pytest.approx([squares / 3, 0.0])  # of one


def test_a_head_counts_in_units_of_what_training_exceeded_once_in_200_ticks() -> None:
    rng = np.random.default_rng(0)
    residuals, seen = rng.standard_normal((2000, 4, 2)), np.ones((2000, 4, 2), bool)
    for recipe in RECIPES:
        statistic = fit_head(recipe, residuals, seen).contributions(residuals, seen).sum(axis=1)
        assert (statistic > 1.0).mean() == pytest.approx(0.005, abs=0.0006)


def test_sensors_that_move_together_are_news_when_they_part() -> None:
    rng = np.random.default_rng(0)
    shared = rng.standard_normal((2000, 4, 1))
    residuals = shared + 0.01 * rng.standard_normal((2000, 4, 2))
    head = fit_head(SHARP, residuals, np.ones(residuals.shape, bool))
    together, apart = np.full((1, 4, 2), 2.0), np.tile([2.0, -2.0], (1, 4, 1))
    seen = np.ones((1, 4, 2), bool)
    ratio = head.contributions(apart, seen).sum() / head.contributions(together, seen).sum()
    assert ratio > 10


def test_only_cohorts_of_physical_sensors_get_the_sharpest_head() -> None:
    assert choose_recipes(("fan_speed", "temperature", "other"), load_is_explained=False) == RECIPES
    assert choose_recipes(("other",) * 38, load_is_explained=False) == (ROBUST, SHARP)


def test_where_load_is_explained_all_heads_are_steady() -> None:
    assert all(recipe.steady for recipe in choose_recipes(("power",), load_is_explained=True))


def test_a_steady_head_sees_the_running_mean_alone() -> None:
    residuals, seen = np.array([[[1.0], [4.0]]]), np.ones((1, 2, 1), bool)
    kept = 0.5 ** (1 / 6)
    mean = (1.0 * kept + 4.0) / (1.0 + kept)
    assert make_features(residuals, seen, STEADY_RECIPES[0])[0] == pytest.approx([mean])
