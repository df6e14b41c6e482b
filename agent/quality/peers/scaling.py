"""What all peers share: scaling by the training table, and windows that end at the row they judge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]
FLOOR = 0.01  # of a column's natural range: what a column that was constant in training counts as spread


@dataclass(frozen=True, slots=True)
class Standard:
    """Mean and standard deviation of a training table."""

    mean: Rows  # (C,)
    spread: Rows  # (C,)
    clip: float

    @classmethod
    def of(cls, train: Rows, clip: float = 50.0) -> Standard:
        """A column that hardly moves keeps a floor, so that its first movement is news and not infinity."""
        floor = FLOOR * np.maximum(np.abs(train).max(axis=0), 1.0)
        return cls(train.mean(axis=0), np.maximum(train.std(axis=0), floor), clip)

    def __call__(self, rows: Rows) -> Rows:
        """(n, C) → (n, C) in standard deviations."""
        return np.asarray(np.clip((rows - self.mean) / self.spread, -self.clip, self.clip))


def trailing_windows(rows: Rows, depth: int) -> Rows:
    """(n, C) → (n, depth, C), a view: the rows up to each one; before the beginning stands the first row."""
    padded = np.concatenate([np.repeat(rows[:1], depth - 1, axis=0), rows])
    return np.moveaxis(np.lib.stride_tricks.sliding_window_view(padded, depth, axis=0), -1, 1)
