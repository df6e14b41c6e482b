"""The exact answer of a first-order lag."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def approach(value: Array, target: Array, time_constant_s: Array, step_s: float) -> Array:
    """Where a value is after a step towards a target that holds still meanwhile."""
    return value + (target - value) * -np.expm1(-step_s / time_constant_s)
