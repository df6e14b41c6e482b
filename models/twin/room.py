"""The air that servers breathe: a set-point, a slow day, the way up the rack, and some of their own heat."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[np.float64]

DAY_S = 86_400.0
SUPPLY_TIME_S = 180.0  # first-order answer of the supply air to its set-point
WANDER_TIME_S, WANDER_SPREAD_K = 900.0, 0.15


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """A cold aisle. Arrays are (hosts,)."""

    offset_k: Array  # place in the rack: higher is warmer
    recirculation: Array  # share of exhaust air in the inlet air
    supply_c: float = 21.5
    daily_amplitude_k: float = 0.5
    warmest_s: float = 15 * 3600.0  # time of day


class Room:
    """Inlet temperatures, a step at a time."""

    def __init__(self, plan: RoomPlan, rng: Generator) -> None:
        self.plan, self._rng = plan, rng
        self._set_point_k = 0.0  # where the supply is, relative to the plan's set-point
        self._wander_k = float(rng.normal(0, WANDER_SPREAD_K))

    def advance(self, time_s: float, step_s: float, exhaust_c: Array, set_point_change_k: float) -> Array:
        """(hosts,) inlet temperatures, given what the servers breathe out (hosts,)."""
        plan = self.plan
        keep = math.exp(-step_s / WANDER_TIME_S)
        self._wander_k *= keep
        self._wander_k += WANDER_SPREAD_K * math.sqrt(1 - keep * keep) * float(self._rng.standard_normal())
        self._set_point_k += (set_point_change_k - self._set_point_k) * -math.expm1(-step_s / SUPPLY_TIME_S)
        day_k = plan.daily_amplitude_k * math.cos(2 * math.pi * (time_s - plan.warmest_s) / DAY_S)
        supply_c = plan.supply_c + self._set_point_k + self._wander_k + day_k
        return supply_c + plan.offset_k + plan.recirculation * (float(exhaust_c.mean()) - supply_c)
