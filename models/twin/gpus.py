"""GPUs of the hosts that have some: power by work, temperature by the chassis' air or a fan of their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.twin.conditions import Conditions
from models.twin.hardware import Hardware
from models.twin.lag import approach, slowing

Array = NDArray[np.float64]

LEAKAGE_SHARE, LEAKAGE_PER_K, LEAKAGE_AT_C = 0.06, 0.014, 60.0  # of the full power
FREQUENCY_EXPONENT, LOWEST_FREQUENCY = 2.2, 0.35
OWN_FAN_GAIN = 0.012  # how much better a card's own fan cools, a K above 50 °C
OWN_FAN_FROM_C = 50.0
JUNCTION_SHARE = 0.45  # of the path from a GPU to the air, that no fan changes
NEVER_K = -1e3  # no GPU asks for air


class Gpus:
    """Arrays are (G, most), G the hosts with GPUs; work happens there only."""

    def __init__(self, hardware: Hardware) -> None:
        self.rows = np.flatnonzero(hardware.gpus)
        rows, most = self.rows, hardware.has_gpu.shape[1]
        self.has = hardware.has_gpu[rows]
        shape = (len(rows), most)
        self.temperature_c = np.full(shape, 40.0)
        self.frequency, self.power_w, self.load = np.ones(shape), np.zeros(shape), np.zeros(shape)
        self._idle_w, self._full_w = hardware.gpu_idle_w[rows, None], hardware.gpu_full_w[rows, None]
        self._k_w, self._j_k = hardware.gpu_k_w[rows, None], hardware.gpu_j_k[rows, None]
        self._throttle_c = hardware.gpu_throttle_c[rows, None]
        self._has_fan = hardware.gpu_has_fan[rows, None] > 0
        self._set_point_c = np.where(self._has_fan, np.inf, hardware.gpu_set_point_c[rows, None])
        self._above_k = np.full(hardware.count, NEVER_K)

    def above_set_point_k(self) -> Array:
        """(H,) of the hottest GPU that the chassis' fans have to cool."""
        if len(self.rows):
            above_k = np.where(self.has, self.temperature_c - self._set_point_c, NEVER_K)
            self._above_k[self.rows] = np.maximum(above_k.max(axis=1), NEVER_K)
        return self._above_k

    def draw_power(self, conditions: Conditions, is_on: NDArray[np.bool_]) -> None:
        """Power by this step's work; a GPU that is off the bus draws nothing."""
        if not len(self.rows):
            return
        self.load = conditions.gpu_load[self.rows] * is_on[self.rows, None]
        leaking = LEAKAGE_SHARE * self._full_w
        leaking_w = leaking * np.expm1(LEAKAGE_PER_K * (self.temperature_c - LEAKAGE_AT_C))
        busy_w = (self._full_w - self._idle_w) * self.load * self.frequency**FREQUENCY_EXPONENT
        draws = self.has * conditions.gpu_on_bus[self.rows] * is_on[self.rows, None]
        self.power_w = draws * (self._idle_w + leaking_w + busy_w)

    def add_power(self, needed_w: Array) -> None:
        """Add to what each host needs, (H,), in place."""
        if len(self.rows):
            needed_w[self.rows] += self.power_w.sum(axis=1)

    def warm(self, conditions: Conditions, local_c: Array, convection: Array, step_s: float) -> None:
        """One step; `local_c` and `convection` are the chassis' air, (H,)."""
        if not len(self.rows):
            return
        own = 1 / (1 + OWN_FAN_GAIN * np.maximum(self.temperature_c - OWN_FAN_FROM_C, 0))
        cooling = np.where(
            self._has_fan, own, JUNCTION_SHARE + (1 - JUNCTION_SHARE) * convection[self.rows, None]
        )
        resistance = self._k_w * conditions.gpu_factor[self.rows] * cooling
        self.temperature_c = approach(
            self.temperature_c,
            local_c[self.rows, None] + resistance * self.power_w,
            resistance * self._j_k,
            step_s,
        )

    def throttle(self, step_s: float) -> None:
        """Slow down what is too hot."""
        if len(self.rows):
            over_k = self.temperature_c - self._throttle_c
            self.frequency = np.clip(self.frequency + step_s * slowing(over_k), LOWEST_FREQUENCY, 1.0)
