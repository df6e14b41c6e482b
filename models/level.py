"""Hourly levels of a host's scores: everything slower than a window, in a form that restarts exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

LEVEL_HOURS = 24  # a trailing day of closed hours


@dataclass(slots=True)
class Level:
    """Hourly means of log score; a score uses closed hours only, so the open one may be lost half-way."""

    parts: int
    cohort: str = ""  # whose models these are levels of
    hour: int = -1
    total: list[float] = field(default_factory=list)
    count: int = 0
    closed: list[list[float]] = field(default_factory=list)  # ≤ 24 hours × P
    median: list[float] = field(default_factory=list)  # over the closed hours

    def at(self, hour: int) -> NDArray[np.float64]:
        """(P,) median over the hours closed before this one; NaN where there is none."""
        if hour != self.hour:
            if self.count:
                self.closed.append([total / self.count for total in self.total])
                del self.closed[:-LEVEL_HOURS]
                self.median = np.median(np.array(self.closed), axis=0).tolist()
            self.hour, self.count, self.total = hour, 0, [0.0] * self.parts
        return np.array(self.median) if self.median else np.full(self.parts, math.nan)

    def add(self, smoothed: NDArray[np.float64]) -> None:
        """Count a tick's (P,) smoothed value into the open hour."""
        if np.isfinite(smoothed).all() and (smoothed > 0).all():
            self.total = [t + math.log(s) for t, s in zip(self.total, smoothed.tolist(), strict=True)]
            self.count += 1
