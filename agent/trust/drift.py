"""Thermometers of air that drift away from all else, slowly and alone.

    ticks ─► hourly means (hours, G) of each air sensor, power, dies and fans ─► at each full hour:
             the sensor explained by the others over the first days ─► how far are the last hours from that?

What warms really is felt by others: warmer inlet air by the dies and the exhaust, a blocked filter by fans
and dies. Where the others still explain each other and this sensor alone left, it is the sensor. Dies are not
judged: a heat sink that comes loose looks just like a drifting thermometer, and must not be masked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.trust.doubts import Doubt
from agent.trust.memory import Array, Memory
from agent.trust.roles import Roles

HOUR_NS = 3_600_000_000_000
KEPT_HOURS = 336
FIRST_HOURS = 72  # what is taken for right
LAST_HOURS = 12
AWAY_K = 2.0
AWAY_SPREADS = 6.0
BACK_SHARE = 0.5
OTHERS_SPREADS = 4.0
LEAST_SPREAD = 0.25  # K, or % of power and speed
OUTSIDE = 0.25  # of the range of the first days: beyond it nobody knows what is right
RIDGE = 1e-2
GRADUAL_SHARE = 0.5  # of the way in one hour is a step and no drift
COMMON = 3  # groups that every machine has: power, dies, fans
_DRIFT = int(Doubt.DRIFT)


@dataclass(slots=True)
class Drift:
    """Hourly means of the groups, NaN where nothing was believed: first the common ones, then air sensors."""

    hours: Array = field(default_factory=lambda: np.zeros((0, COMMON)))  # (n, G)
    hour: int = -1
    sums: Array = field(default_factory=lambda: np.zeros(0))  # (F,) of the open hour
    counts: Array = field(default_factory=lambda: np.zeros(0))

    def judge(
        self,
        memory: Memory,
        roles: Roles,
        values: Array,
        believed: NDArray[np.bool_],
        arrived: NDArray[np.bool_],
        time_ns: int,
    ) -> None:
        """Take a tick, (F,) each; at the first of an hour set and clear doubts of air sensors."""
        if not roles.air:
            return
        hour = time_ns // HOUR_NS
        if len(self.sums) < len(values):
            extra = (0, len(values) - len(self.sums))
            self.sums, self.counts = np.pad(self.sums, extra), np.pad(self.counts, extra)
        if hour != self.hour:
            if self.hour >= 0:
                self._close_hour(memory, roles, time_ns)
            self.hour = hour
        heard = believed | (arrived & (memory.doubt == _DRIFT))
        self.sums += values * heard
        self.counts += heard

    def _groups(self, roles: Roles) -> Array:
        """(G,) the hour's means."""
        means = np.where(self.counts > 0, self.sums / np.maximum(self.counts, 1), np.nan)
        groups = np.full(COMMON + len(roles.air), np.nan)
        for at, columns in enumerate((roles.powers, roles.dies, roles.fans)):
            if len(columns):  # NaN where one is missing: half of a machine's fans is no fan speed
                groups[at] = means[columns].mean()
        groups[COMMON:] = means[list(roles.air)]
        return groups

    def _close_hour(self, memory: Memory, roles: Roles, time_ns: int) -> None:
        means = self._groups(roles)
        extra = ((0, 0), (0, len(means) - self.hours.shape[1]))
        kept = np.pad(self.hours, extra, constant_values=np.nan)
        self.hours = np.concatenate([kept, means[None]])[-KEPT_HOURS:]
        self.sums, self.counts = np.zeros_like(self.sums), np.zeros_like(self.counts)
        if len(self.hours) < FIRST_HOURS + LAST_HOURS:
            return
        for at, column in enumerate(roles.air):
            doubt = memory.doubt[column]
            if doubt not in (Doubt.NONE, Doubt.DRIFT):
                continue
            away, is_clear = self._away(COMMON + at)
            if doubt == Doubt.NONE and is_clear:
                memory.doubt[column], memory.since_ns[column] = Doubt.DRIFT, time_ns
                memory.before[column], memory.out[column] = means[COMMON + at] - away, means[COMMON + at]
            elif doubt == Doubt.DRIFT and abs(away) < BACK_SHARE * AWAY_K:
                memory.doubt[column] = Doubt.NONE

    def _away(self, group: int) -> tuple[float, bool]:
        """How far an air sensor is from what the others imply, and whether it drifted there by itself."""
        others = [g for g in range(self.hours.shape[1]) if g != group and self._is_known(g)]
        if len(others) < 2 or not self._is_known(group):
            return 0.0, False
        residual, spread, inside = self._residual(group, others)
        away = float(np.nanmean(residual[-LAST_HOURS:]))
        if abs(away) < max(AWAY_K, AWAY_SPREADS * spread) or not inside:
            return away, False
        if np.nanmax(np.abs(np.diff(residual))) > GRADUAL_SHARE * abs(away):
            return away, False
        agree = all(
            abs(float(np.nanmean(r[-LAST_HOURS:]))) <= OTHERS_SPREADS * s
            for other in others
            for r, s, _ in [self._residual(other, [g for g in others if g != other])]
        )
        return away, agree

    def _is_known(self, group: int) -> bool:
        column = self.hours[:, group]
        first, last = column[:FIRST_HOURS], column[-LAST_HOURS:]
        return bool(np.isfinite(first).mean() > 0.8 and np.isfinite(last).mean() > 0.5)

    def _residual(self, group: int, others: list[int]) -> tuple[Array, float, bool]:
        """(n,) what the others leave unexplained, its usual spread, and whether they are as ever."""
        x, y = self.hours[:, others], self.hours[:, group]
        first = np.isfinite(x).all(axis=1) & np.isfinite(y)
        first[FIRST_HOURS:] = False
        centre, scale = x[first].mean(axis=0), x[first].std(axis=0) + 1e-9
        z = (x - centre) / scale
        design, target = z[first], y[first] - y[first].mean()
        weights = np.linalg.solve(
            design.T @ design + RIDGE * len(design) * np.eye(len(others)), design.T @ target
        )
        residual = y - y[first].mean() - z @ weights
        spread = 1.4826 * float(np.median(np.abs(residual[first]))) + LEAST_SPREAD * max(
            1.0, 0.01 * abs(float(y[first].mean()))
        )
        low, high = x[first].min(axis=0), x[first].max(axis=0)
        slack = OUTSIDE * (high - low) + LEAST_SPREAD
        last = np.nanmean(x[-LAST_HOURS:], axis=0)
        return residual, spread, bool(((last >= low - slack) & (last <= high + slack)).all())

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        hour = np.array(self.hour, np.int64)
        return {"hours": self.hours, "hour": hour, "hour_sums": self.sums, "hour_counts": self.counts}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Drift:
        return cls(arrays["hours"], int(arrays["hour"]), arrays["hour_sums"], arrays["hour_counts"])
