"""The exact answer of a first-order lag, and how fast a hot chip slows down."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SLOW_DOWN_PER_S, SPEED_UP_PER_S = 0.04, 0.01  # of the clock, at most
GENTLY_PER_K_S, SHARPLY_PER_K_S, SHARP_ABOVE_K = 0.0008, 0.008, 3.0


def approach(value: Array, target: Array, time_constant_s: Array, step_s: float) -> Array:
    """Where a value is after a step towards a target that holds still meanwhile."""
    return value + (target - value) * -np.expm1(-step_s / time_constant_s)


def slowing(over_k: Array) -> Array:
    """The change of the clock in a second, as a share, by how far a chip is above its throttle point."""
    pull = GENTLY_PER_K_S * over_k + SHARPLY_PER_K_S * np.maximum(over_k - SHARP_ABOVE_K, 0)
    return np.clip(-pull, -SLOW_DOWN_PER_S, SPEED_UP_PER_S)
