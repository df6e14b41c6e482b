"""The short past of a host as arrays: its last ticks, and windows over them.

closed ticks ─► rows (n, F), empty ones between ─► History keeps the last D ─► windows (n, T, F)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.ticks import ClosedTick

Array = NDArray[Any]


@dataclass(slots=True)
class Rows:
    """Rows kept between polls: pushed rows come back as every window that ends in one of them."""

    depth: int
    kept: Array  # (≤ depth − 1, ...) oldest first

    def push(self, rows: Array, fill: float) -> Array:
        """(n, ...) new rows in → (n, depth, ...) windows out, padded with `fill` before the beginning."""
        if not len(rows):
            return np.zeros((0, self.depth, *rows.shape[1:]), rows.dtype)
        short = self.depth - 1 - len(self.kept)  # rows missing before the beginning
        padding = np.full((short, *rows.shape[1:]), fill, rows.dtype)
        line = np.concatenate([padding, self.kept, rows])
        self.kept = line[max(len(line) - self.depth + 1, short) :].copy()
        windows = np.lib.stride_tricks.sliding_window_view(line, self.depth, axis=0)
        return np.moveaxis(windows, -1, 1)  # (n, depth, ...)


@dataclass(slots=True)
class History:
    """The last ticks of a host, from which everything derived can be made again after a restart."""

    depth: int
    values: NDArray[np.float32]  # (≤ D, F) the host's own sensors, 0 where masked
    present: NDArray[np.bool_]  # (≤ D, F)

    @classmethod
    def empty(cls, depth: int) -> History:
        return cls(depth, np.zeros((0, 0), np.float32), np.zeros((0, 0), bool))

    def push(self, values: NDArray[np.float32], present: NDArray[np.bool_]) -> None:
        """Append (n, F) rows; a new sensor widens the earlier ones, which did not have it."""
        extra = ((0, 0), (0, values.shape[1] - self.values.shape[1]))
        self.values = np.concatenate([np.pad(self.values, extra), values])[-self.depth :]
        self.present = np.concatenate([np.pad(self.present, extra), present])[-self.depth :]


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
        values[row, : len(tick.values)] = np.where(tick.present, tick.values, 0.0)
        present[row, : len(tick.present)] = tick.present
        places.append(row)
    return values, present, np.array(places, np.intp)


def take_columns(rows: Array, columns: NDArray[np.intp], fill: float) -> Array:
    """(n, F) → (n, C): the named columns; −1, or one beyond the rows, gives `fill`."""
    inside = (columns >= 0) & (columns < rows.shape[1])
    taken = np.full((len(rows), len(columns)), fill, rows.dtype)
    taken[:, inside] = rows[:, columns[inside]]
    return taken
