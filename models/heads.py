"""Whitened residual heads: how unusual the newest tick is, given how the sensors move together.

    residuals (B, H, C) ─► f = [x, x − EWMA(x), Δx], or EWMA(x) ─► fᵀ (Σ + r·I)⁻¹ f ─► (B,)

Several heads see each kind of residual: a large ridge for hosts whose days differ, small ones for those
whose days agree; their mean is robust (docs/detection.md). Where load is explained, steady heads see the
running mean alone: what load leaves over at its steps is brief, and a fault stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HALF_LIFE_TICKS = 15.0  # of the running mean that the second feature is measured from
STEADY_HALF_LIFE_TICKS = 6.0  # of the running mean that a steady head sees
NORM_QUANTILE = 0.995  # of the training statistic: each head counts in units of it

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HeadRecipe:
    """How a head sees residuals."""

    ridge: float
    clip: float
    standardised: bool  # by mean and standard deviation over training, else as the robust scale left them
    steady: bool = False  # the running mean alone, else the value, its distance from the mean, and its step


ROBUST = HeadRecipe(ridge=1.0, clip=50.0, standardised=False)
SHARP = HeadRecipe(ridge=0.05, clip=10.0, standardised=True)
SHARPEST = HeadRecipe(ridge=0.002, clip=10.0, standardised=True)
RECIPES = (ROBUST, SHARP, SHARPEST)
STEADY_RECIPES = (
    HeadRecipe(ridge=1.0, clip=50.0, standardised=True, steady=True),
    HeadRecipe(ridge=0.05, clip=50.0, standardised=True, steady=True),
)
PHYSICAL = frozenset(("power", "temperature", "margin", "fan_speed", "voltage", "current", "humidity"))


@dataclass(frozen=True, slots=True)
class Head:
    """One fitted head."""

    recipe: HeadRecipe
    shift: Array  # (C,)
    factor: Array  # (C,)
    precision: Array  # (features, features) inverse of covariance + ridge; 3C features, or C if steady
    norm: float

    def contributions(self, residuals: Array, seen: NDArray[np.bool_]) -> Array:
        """(B, H, C) residuals of the last ticks and which were there → (B, C) what each sensor adds.

        The sum over sensors is the head's statistic. A masked sensor adds nothing, and the others stand for
        it: the sum is scaled up by the share that is missing.
        """
        features = make_features((residuals - self.shift) * self.factor, seen, self.recipe)  # (B, 3C or C)
        parts = features * (features @ self.precision)
        count = seen.shape[2]
        there = np.maximum(seen[:, -1].sum(axis=1, keepdims=True), 1)  # (B, 1)
        by_sensor = parts.reshape(len(parts), -1, count)  # (B, 3 or 1, C)
        return np.asarray(by_sensor.sum(axis=1) / (by_sensor.shape[1] * there * self.norm))


def choose_recipes(quantities: Sequence[str], load_is_explained: bool) -> tuple[HeadRecipe, ...]:
    """Steady heads where load is explained; else the sharpest only where half of the sensors are physical.

    Sensors bound by physics keep their relations, and a fan that stops shows in nothing else. Metrics of
    software do not: on ten machines of SMD the sharpest head takes mean VUS-PR from .59 to .53.
    """
    if load_is_explained:
        return STEADY_RECIPES
    physical = sum(quantity in PHYSICAL for quantity in quantities)
    return RECIPES if 2 * physical >= len(quantities) else (ROBUST, SHARP)


def make_features(x: Array, seen: NDArray[np.bool_], recipe: HeadRecipe) -> Array:
    """(B, H, C) → (B, 3C): the newest value, its distance from the running mean, and its step; a steady
    head's are (B, C), the running mean."""
    x = np.where(seen, np.clip(x, -recipe.clip, recipe.clip), 0.0)
    half_life = STEADY_HALF_LIFE_TICKS if recipe.steady else HALF_LIFE_TICKS
    weights = 0.5 ** (np.arange(x.shape[1] - 1, -1, -1) / half_life)[:, None]  # (H, 1) newest last
    weighed = (seen * weights).sum(axis=1)  # (B, C)
    mean = (x * weights).sum(axis=1) / np.maximum(weighed, 1e-12)
    newest, now, before = x[:, -1], seen[:, -1], seen[:, -2]
    if recipe.steady:
        return np.where(now, mean, 0.0)
    step = np.where(now & before, newest - x[:, -2], 0.0)
    return np.concatenate([newest, np.where(now, newest - mean, 0.0), step], axis=1)


def fit_head(recipe: HeadRecipe, residuals: Array, seen: NDArray[np.bool_]) -> Head:
    """Fit on (n, H, C) residual histories, one a tick, from all hosts of a cohort."""
    count = residuals.shape[2]
    shift, factor = np.zeros(count), np.ones(count)
    if recipe.standardised:
        newest, there = residuals[:, -1], seen[:, -1]
        total = np.maximum(there.sum(axis=0), 1)
        clipped = np.where(there, np.clip(newest, -50.0, 50.0), 0.0)
        shift = clipped.sum(axis=0) / total
        spread = np.sqrt((np.where(there, clipped - shift, 0.0) ** 2).sum(axis=0) / total)
        factor = 1.0 / np.maximum(spread, 0.1)  # a sensor that hardly moved keeps a tenth of its scale
    features = make_features((residuals - shift) * factor, seen, recipe)  # (n, features)
    covariance = np.atleast_2d(np.cov(features, rowvar=False, bias=True))
    regular = covariance + recipe.ridge * np.eye(features.shape[1])
    precision = np.linalg.inv(regular).astype(np.float64)
    head = Head(recipe, shift, factor, precision, norm=1.0)
    statistic = head.contributions(residuals, seen).sum(axis=1)
    norm = max(float(np.quantile(statistic, NORM_QUANTILE)), 1e-6)
    return Head(recipe, shift, factor, precision, norm)
