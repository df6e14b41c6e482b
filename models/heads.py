"""Whitened residual heads: how unusual the newest tick is, given how the sensors move together.

    residuals (B, H, C) ─► f (B, F) ─► standardised ─► fᵀ (Σ + r·I)⁻¹ f ─► (B,)

f is four views of each sensor: its distance (large ones softened), its distance from its running mean, its
step, and its running spread; a steady head sees the running mean alone. How fine a deviation counts is the
head's `floor`: a sharp head measures every feature by its own spread in training, which finds most where
training tells the future, and a robust one by no less than a usual deviation of the sensor, which holds where
it does not. `choose_recipes` weighs the two by how far the days of training differ (docs/quality.md).

Whether a machine that stays in a new state goes on being abnormal, no past tells. So there are two
*opinions*, which differ in the robust head alone: to one a distance counts as far as it goes, to the other no
further than where it is clearly unusual, so that news counts and a state that lasts soon does not. They meet
in their geometric mean (`models/detector.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

MEAN_HALF_LIFE_TICKS = 15.0  # of the running mean that distances are measured from
STEADY_HALF_LIFE_TICKS = 6.0  # of the running mean that a steady head sees
SPREAD_HALF_LIFE_S = 900.0  # of the running spread: a quarter of an hour, within so many ticks
LEAST_SPREAD_TICKS, MOST_SPREAD_TICKS = 2.0, 15.0
OPINIONS = 2  # on whether a state that lasts goes on being abnormal
SOFT = 6.0  # a distance beyond it grows with its logarithm: what stays far off is not news for ever
RESIDUAL_CLIP = 50.0
STEADY_CLIP = 25.0  # a steady head forgets slowly: one wild reading must not be an hour's news
NORM_QUANTILE = 0.9  # of the training statistic: each head counts in units of it

DAYS_APART = 0.26  # spread of daily means, in spreads of a sensor, where sharp and robust weigh the same
STEEPNESS = 12.0
LEAST_DAYS, MOST_DAYS = 5, 12
UNKNOWN_SHARPNESS = 0.75
LEAST_WEIGHT = 0.01  # a head that counts less is left out

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HeadRecipe:
    """How a head sees residuals, and how much it counts among its fellows."""

    ridge: float
    clip: float  # of a standardised feature
    floor: float  # least spread of a feature, in scaled units
    weights: tuple[float, ...] = (1.0,) * OPINIONS  # in each opinion
    steady: bool = False  # the running mean alone
    distance_clip: float | None = None  # a distance counts no further; None: softened


ROBUST = HeadRecipe(ridge=30.0, clip=100.0, floor=1.0)
SETTLING = replace(ROBUST, distance_clip=2.0)
SHARP = HeadRecipe(ridge=30.0, clip=30.0, floor=0.05)
STEADY_RECIPES = (  # of one opinion: what load leaves over has no new states
    HeadRecipe(ridge=1.0, clip=50.0, floor=0.1, weights=(0.5,), steady=True),
    HeadRecipe(ridge=0.05, clip=50.0, floor=0.1, weights=(0.5,), steady=True),
)


@dataclass(frozen=True, slots=True)
class Head:
    """One fitted head."""

    recipe: HeadRecipe
    spread_ticks: float  # half-life of the running spread
    shift: Array  # (F,) of the features
    factor: Array  # (F,)
    precision: Array  # (F, F) inverse of covariance + ridge; F = 4C, or C if steady
    norm: float

    def contributions(self, residuals: Array, seen: NDArray[np.bool_]) -> Array:
        """(B, H, C) residuals of the last ticks and which were there → (B, C) what each sensor adds.

        The sum over sensors is the head's statistic. A masked sensor adds nothing, and the others stand for
        it: the sum is scaled up by the share that is missing.
        """
        count = seen.shape[2]
        features = self._standardise(make_features(residuals, seen, self.recipe, self.spread_ticks))
        now = np.tile(seen[:, -1], features.shape[1] // count)  # (B, F)
        features = np.where(now, features, 0.0)
        parts = features * (features @ self.precision)
        there = np.maximum(seen[:, -1].sum(axis=1, keepdims=True), 1)  # (B, 1)
        by_sensor = parts.reshape(len(parts), -1, count)  # (B, 4 or 1, C)
        return np.asarray(by_sensor.sum(axis=1) / (by_sensor.shape[1] * there * self.norm))

    def _standardise(self, features: Array) -> Array:
        clip = self.recipe.clip
        return np.asarray(np.clip((features - self.shift) * self.factor, -clip, clip))


def choose_recipes(load_is_explained: bool, sharpness: float) -> tuple[HeadRecipe, ...]:
    """Steady heads where load is explained; else a sharp and a robust one, weighed by `sharpness` 0..1."""
    if load_is_explained:
        return STEADY_RECIPES
    bluntness = 1.0 - sharpness
    recipes = (
        replace(SHARP, weights=(sharpness, sharpness)),
        replace(ROBUST, weights=(bluntness, 0.0)),
        replace(SETTLING, weights=(0.0, bluntness)),
    )
    return tuple(recipe for recipe in recipes if max(recipe.weights) > LEAST_WEIGHT)


def days_differ(values: NDArray[np.floating[Any]], present: NDArray[np.bool_], period_s: float) -> float:
    """How far the means of a host's days differ, in spreads of a sensor; NaN with fewer than five days.

    Args:
        values: (n, C) in any unit, present: (n, C). At most twelve stretches of equal length are compared.
    """
    days = int(min(len(values) * period_s // 86_400, MOST_DAYS))
    if days < LEAST_DAYS:
        return float("nan")
    squares, columns = 0.0, 0
    for column in range(values.shape[1]):
        seen = np.where(present[:, column], values[:, column], np.nan).astype(np.float64)
        spread = float(np.nanstd(seen)) if present[:, column].any() else 0.0
        if spread <= 0:
            continue
        parts = [part for part in np.array_split(seen, days) if np.isfinite(part).any()]
        means = np.array([np.nanmean(part) for part in parts])
        squares += float(((means - np.nanmean(seen)) ** 2).mean()) / spread**2
        columns += 1
    return float(np.sqrt(squares / values.shape[1])) if columns else float("nan")


def sharpness(differences: Sequence[float]) -> float:
    """0..1 from how far the days of each host differ: 1 where they agree. Where too few days tell, little has
    been seen to differ, and what was seen is recent."""
    known = [d for d in differences if np.isfinite(d)]
    if not known:
        return UNKNOWN_SHARPNESS
    return float(1.0 / (1.0 + (float(np.median(known)) / DAYS_APART) ** STEEPNESS))


def spread_ticks(period_s: float) -> float:
    """Half-life of the running spread, in ticks."""
    return float(np.clip(SPREAD_HALF_LIFE_S / period_s, LEAST_SPREAD_TICKS, MOST_SPREAD_TICKS))


def make_features(
    residuals: Array, seen: NDArray[np.bool_], recipe: HeadRecipe, spread_half_life: float
) -> Array:
    """(B, H, C) → (B, 4C) distance, distance from the running mean, step, running spread; or (B, C) the
    running mean, if steady. What is masked now is 0."""
    most = STEADY_CLIP if recipe.steady else RESIDUAL_CLIP
    x = np.where(seen, np.clip(residuals, -most, most), 0.0)
    now = seen[:, -1]
    if recipe.steady:
        return np.where(now, _running_mean(x, seen, STEADY_HALF_LIFE_TICKS), 0.0)
    newest = x[:, -1]
    step = np.where(now & seen[:, -2], newest - x[:, -2], 0.0)
    apart = np.where(now, newest - _running_mean(x, seen, MEAN_HALF_LIFE_TICKS), 0.0)
    mean = _running_mean(x, seen, spread_half_life)
    variance = _running_mean(x * x, seen, spread_half_life) - mean * mean
    spread = np.where(now, np.sqrt(np.maximum(variance, 0.0)), 0.0)
    bound = recipe.distance_clip
    distance = soften(newest) if bound is None else np.clip(newest, -bound, bound)
    return np.concatenate([distance, apart, step, spread], axis=1)


def soften(x: Array) -> Array:
    """x up to SOFT either way; beyond, SOFT · (1 + ln(|x| / SOFT))."""
    size = np.abs(x)
    return np.asarray(
        np.where(size <= SOFT, x, np.sign(x) * SOFT * (1 + np.log(np.maximum(size, SOFT) / SOFT)))
    )


def _running_mean(x: Array, seen: NDArray[np.bool_], half_life: float) -> Array:
    weights = 0.5 ** (np.arange(x.shape[1] - 1, -1, -1) / half_life)  # (H,) newest last
    total = np.einsum("h,bhc->bc", weights, seen.astype(np.float64))
    return np.asarray(np.einsum("h,bhc->bc", weights, x) / np.maximum(total, 1e-12))


def fit_head(
    recipe: HeadRecipe,
    residuals: Array,
    seen: NDArray[np.bool_],
    period_s: float,
    rounding: Array | float = 0.0,
) -> Head:
    """Fit on (n, H, C) residual histories, one a tick, from all hosts of a cohort.

    `rounding` (C,) is how far a sensor may be off for long because it is rounded. Machines that stood on one
    step of it all through training tremble less than that, and stand on the next one day.
    """
    half_life = spread_ticks(period_s)
    features = make_features(residuals, seen, recipe, half_life)  # (n, F)
    now = np.tile(seen[:, -1], features.shape[1] // seen.shape[2])
    total = np.maximum(now.sum(axis=0), 1)
    # A running mean counts in spreads of what it is a mean of: that of a calm sensor is no news.
    measured = np.clip(residuals[:, -1], -STEADY_CLIP, STEADY_CLIP) if recipe.steady else features
    shift = np.where(now, measured, 0.0).sum(axis=0) / total
    spread = np.sqrt((np.where(now, measured - shift, 0.0) ** 2).sum(axis=0) / total)
    doubt = rounding if recipe.steady else 0.0
    factor = 1.0 / np.sqrt(spread**2 + recipe.floor**2 + np.square(doubt))
    standard = np.where(now, np.clip((features - shift) * factor, -recipe.clip, recipe.clip), 0.0)
    covariance = np.atleast_2d(np.cov(standard, rowvar=False, bias=True))
    precision = np.linalg.inv(covariance + recipe.ridge * np.eye(len(covariance))).astype(np.float64)
    head = Head(recipe, half_life, shift, factor, precision, norm=1.0)
    statistic = head.contributions(residuals, seen).sum(axis=1)
    norm = max(float(np.quantile(statistic, NORM_QUANTILE)), 1e-9)
    return Head(recipe, half_life, shift, factor, precision, norm)
