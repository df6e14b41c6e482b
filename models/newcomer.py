"""What a cohort's model does not know of a host that training never saw: where its own normal lies.

A newcomer is scored at once with the typical centre and scale of its cohort. Its residuals then carry an
offset, the difference of this machine from the typical one, learnt from its first day of closed hours
and taken out. Until then its threshold is wider, by how much higher hosts of the cohort score when they are
taken as new.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEARN_HOURS = 24
CLIP = 20.0  # scaled units: one wild reading must not be learnt
FEW_HOSTS_DOUBT = 2.0  # of a cohort with too few hosts to try how strangers score
FEW_HOSTS = 4  # with fewer, what machines of a cohort have in common is anybody's guess
DOUBT_HOURS = 1.0  # after so many closed hours half of the doubt is left
LASTING_DOUBT = 0.15  # of it: a day tells where a stranger's normal lies, not how it moves about that

Array = NDArray[np.float64]


@dataclass(slots=True)
class Offset:
    """Where a newcomer's residuals lie, from closed hours alone: a running mean of hourly means."""

    hours: int = 0  # closed and learnt
    hour: int = -1
    count: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))  # (C,) ticks of the open hour
    total: Array = field(default_factory=lambda: np.zeros((0, 0)))  # (3, C)
    value: Array = field(default_factory=lambda: np.zeros((0, 0)))  # (3, C)

    @classmethod
    def begin(cls, views: int, sensors: int) -> Offset:
        return cls(0, -1, np.zeros(sensors), np.zeros((views, sensors)), np.zeros((views, sensors)))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        clock = np.array([self.hours, self.hour], np.int64)
        return {"clock": clock, "count": self.count, "total": self.total, "value": self.value}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Offset:
        hours, hour = arrays["clock"].tolist()
        return cls(hours, hour, arrays["count"], arrays["total"], arrays["value"])

    @property
    def is_learning(self) -> bool:
        return self.hours < LEARN_HOURS

    def at(self, hour: int) -> bool:
        """Close the open hour if this is another one; whether the offset changed by that."""
        if hour == self.hour:
            return False
        learnt = self.hour >= 0 and self.is_learning and bool(self.count.any())
        if learnt:
            self.hours += 1
            seen = self.count > 0
            mean = np.where(seen, self.total / np.maximum(self.count, 1.0), self.value)
            self.value = self.value + (mean - self.value) / self.hours
        self.hour = hour
        self.count, self.total = np.zeros_like(self.count), np.zeros_like(self.total)
        return learnt

    def add(self, errors: NDArray[np.float32], present: NDArray[np.bool_]) -> None:
        """Count (n, 3, C) residuals, offset still in them, where (n, C) was present, into the open hour."""
        if self.is_learning:
            self.count = self.count + present.sum(axis=0)
            clipped = np.clip(errors.astype(np.float64), -CLIP, CLIP)
            self.total = self.total + np.where(present[:, None], clipped, 0.0).sum(axis=0)

    def taken_out(self) -> Array:
        """(3, C) what to subtract: less than was seen while there is little of it."""
        return self.value * (self.hours / (self.hours + 1.0))

    def doubt(self) -> float:
        """1 for a host of which nothing is known, falling as hours close."""
        return max(DOUBT_HOURS / (DOUBT_HOURS + self.hours), LASTING_DOUBT)


def doubt_of(offset: Offset, measured: float, hosts: int) -> float:
    """How far out, in log value, a newcomer's threshold lies in a cohort trained on so many `hosts`, of which
    strangers score higher by `measured`. Where there were few, its whole first day is in doubt."""
    if offset.is_learning and hosts < FEW_HOSTS:
        return FEW_HOSTS_DOUBT * (1.0 if offset.hours else 2.0)
    return measured * offset.doubt()


def measure_doubt(as_known: list[Array], as_new: list[Array]) -> float:
    """How much higher hosts score when they are taken as new: of log values, the median over hosts of the
    difference between high quantiles; 0 where nothing can be compared."""
    gaps = []
    for known, new in zip(as_known, as_new, strict=True):
        both = np.isfinite(known) & np.isfinite(new)
        if both.any():
            high = [float(np.quantile(np.log(np.maximum(v[both], 1e-9)), 0.99)) for v in (known, new)]
            gaps.append(max(high[1] - high[0], 0.0))
    return float(np.median(gaps)) if gaps else 0.0


def widen(threshold: float, tail_scale: float, doubt: float, decades: float, most: float) -> float:
    """A threshold on the score's scale, `doubt` further out in the logarithm of the value."""
    return min(threshold + doubt / (tail_scale * math.log(10) * decades), max(most, threshold))
