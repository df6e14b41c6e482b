"""The water in the air: a dew point for each zone, and what it means at a temperature."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from models.twin.weather import wandering

Array = NDArray[np.float64]

ANSWER_S = 1_800.0  # a zone's dew point follows what is asked of it
WANDER_TIME_S, WANDER_K = 7_200.0, 0.5
MAGNUS_A, MAGNUS_C = 17.62, 243.12  # of vapour pressure over water (WMO)


class Moisture:
    """Dew points, (Z,), a step at a time."""

    def __init__(self, zones: int, set_point_c: float, rng: Generator) -> None:
        self.set_point_c, self._rng = set_point_c, rng
        self._wander_k = rng.normal(0, WANDER_K, zones)
        self._held_c = np.full(zones, set_point_c)

    @property
    def dew_point_c(self) -> Array:
        """(Z,)"""
        dew_point: Array = self._held_c + self._wander_k
        return dew_point

    def advance(self, step_s: float, shift_k: Array) -> None:
        """One step towards the set-point and what is wrong with it, (Z,)."""
        keep, fresh = wandering(WANDER_TIME_S, WANDER_K, step_s)
        self._wander_k = keep * self._wander_k + fresh * self._rng.standard_normal(len(shift_k))
        self._held_c = self._held_c + (self.set_point_c + shift_k - self._held_c) * -np.expm1(
            -step_s / ANSWER_S
        )


def relative_humidity_pct(dew_point_c: Array, air_c: Array) -> Array:
    """Relative humidity of air at a temperature, 0 to 100, by Magnus' formula."""
    exponent = MAGNUS_A * dew_point_c / (MAGNUS_C + dew_point_c) - MAGNUS_A * air_c / (MAGNUS_C + air_c)
    share: Array = np.exp(np.minimum(exponent, 0.0))
    return 100 * share
