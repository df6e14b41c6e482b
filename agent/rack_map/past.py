"""How much warmer each of many hosts breathes than it used to, as agent.physics works it out for one.

A twin of that for whole rooms at a time: the same baseline, filter and limits, but no trust and no rest
after a stop.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.physics import CALM, FAR_TEACHES, NEAR, SETTLE_S, SPREADS, TIMES_S
from agent.physics_channels import LIMITS
from models.physics import DRIVERS, Baselines

INTERCEPT_SD, FIXED_SD, NOISE_K = 100.0, 1e-3, 0.7  # priors of air

Array = NDArray[np.float64]


class Pasts:
    """H hosts; `over_k` (H,) is NaN until an hour is known."""

    def __init__(self, hosts: int) -> None:
        deviations = np.full((hosts, DRIVERS), FIXED_SD)
        deviations[:, 0] = INTERCEPT_SD
        self._baselines = Baselines.begin(np.zeros((hosts, DRIVERS)), deviations, np.full(hosts, NOISE_K))
        self._drivers = np.zeros((hosts, DRIVERS))
        self._drivers[:, 0] = 1.0
        self._smooth = np.full((hosts, len(TIMES_S)), np.nan)
        self._since_settled_s = 0.0

    @property
    def over_k(self) -> Array:
        """(H,)"""
        over: Array = self._smooth[:, 0]
        return over

    def add(self, elapsed_s: float, inlet_c: Array) -> None:
        """Take a reading of every host, (H,) °C; NaN where none came."""
        baselines = self._baselines
        expected, unsure = baselines.expect(self._drivers)
        residual = inlet_c - expected
        usable = np.isfinite(residual)
        follow = self._smooth + (residual[:, None] - self._smooth) * -np.expm1(-elapsed_s / TIMES_S)
        follow = np.where(np.isnan(self._smooth), residual[:, None], follow)
        self._smooth = np.where(usable[:, None], follow, self._smooth)
        spread = np.sqrt(baselines.noise() ** 2 + (unsure**2)[:, None])
        limits = np.maximum(np.array(LIMITS["air"]), SPREADS * spread)
        known = np.isfinite(self._smooth[:, 0])
        far = (np.abs(np.where(known[:, None], self._smooth, 0.0)) / limits).max(axis=1)
        teaches = np.clip(1 - (far - NEAR) / (CALM - NEAR), FAR_TEACHES, 1.0) * np.isfinite(inlet_c)
        hours = elapsed_s / 3600.0
        baselines.learn(np.nan_to_num(inlet_c), self._drivers, hours * teaches)
        baselines.learn_noise(np.nan_to_num(self._smooth), hours, (far <= CALM) & usable)
        self._since_settled_s += elapsed_s
        if self._since_settled_s >= SETTLE_S:
            baselines.settle()
            self._since_settled_s = 0.0
