"""The window of a host: its last ticks as one array, and the scores' own short past beside it.

closed ticks ─► rows (T−1 kept + n new, F) ─► n windows (T, F), one a tick
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agent.ticks import ClosedTick

HOUR_NS = 3_600 * 1_000_000_000
LEVEL_HOURS = 24  # a trailing day of closed hours


@dataclass(slots=True)
class Rows:
    """Rows kept between polls: pushes come back as every window that ends in a pushed row."""

    depth: int
    kept: NDArray[np.generic]  # (≤ depth − 1, ...) oldest first

    def push(self, rows: NDArray[np.generic], fill: float) -> NDArray[np.generic]:
        """(n, ...) new rows in → (n, depth, ...) windows out, padded with `fill` before the beginning."""
        short = self.depth - 1 - len(self.kept)
        padding = np.full((max(short, 0), *rows.shape[1:]), fill, rows.dtype)
        line = np.concatenate([padding, self.kept, rows])
        self.kept = line[len(line) - self.depth + 1 :].copy()
        windows = np.lib.stride_tricks.sliding_window_view(line, self.depth, axis=0)
        return np.moveaxis(windows, -1, 1)  # (n, depth, ...)

    def widen(self, columns: int) -> None:
        """A new sensor appeared: earlier rows do not have it."""
        extra = columns - self.kept.shape[1]
        if extra > 0:
            pad = np.zeros((len(self.kept), extra, *self.kept.shape[2:]), self.kept.dtype)
            self.kept = np.concatenate([self.kept, pad], axis=1)


@dataclass(slots=True)
class Level:
    """Hourly levels of log score: a score uses closed hours only, so a restart inside an hour changes nothing."""

    parts: int
    hour: int = -1
    total: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    count: int = 0
    closed: deque[NDArray[np.float64]] = field(default_factory=lambda: deque(maxlen=LEVEL_HOURS))

    def at(self, time_ns: int) -> NDArray[np.float64]:
        """(P,) median over the closed hours before this time; NaN where there is none."""
        hour = time_ns // HOUR_NS
        if hour != self.hour:
            if self.count:
                self.closed.append(self.total / self.count)
            self.hour, self.count, self.total = hour, 0, np.zeros(self.parts)
        if not self.closed:
            return np.full(self.parts, math.nan)
        return np.median(np.stack(self.closed), axis=0)

    def add(self, smoothed: NDArray[np.float64]) -> None:
        """Count a tick's (P,) smoothed value into the open hour."""
        if np.isfinite(smoothed).all() and (smoothed > 0).all():
            self.total = self.total + np.log(smoothed)
            self.count += 1


def tick_rows(
    ticks: Sequence[ClosedTick], columns: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.intp]]:
    """Ticks of one host, empty ones laid out between them.

    Returns:
        values (n, F), present (n, F), and the row of each of the given ticks.
    """
    count = sum(t.empty_before + 1 for t in ticks)
    values, present = np.zeros((count, columns), np.float32), np.zeros((count, columns), bool)
    places, row = [], -1
    for tick in ticks:
        row += tick.empty_before + 1
        values[row, : len(tick.values)], present[row, : len(tick.present)] = tick.values, tick.present
        places.append(row)
    return values, present, np.array(places, np.intp)
