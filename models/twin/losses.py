"""Polls that yield nothing though nothing is wrong: a time-out now and then, a BMC that starts anew."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Index = NDArray[np.intp]

MISSING_POLLS = 0.001  # share of polls that yield nothing at all
RESET_S = 300.0  # a BMC is away
RESETS_MEAN_S = 60 * 86_400.0  # between two resets of one BMC


class Losses:
    """Which polls yield nothing; equal seeds lose the same ones, however long it runs."""

    def __init__(self, hosts: int, start_s: float, rng: Generator) -> None:
        self._rng = rng
        self._reset_s = start_s + rng.exponential(RESETS_MEAN_S, hosts)  # when each is reset next

    def lost(self, due: Index, time_s: float) -> NDArray[np.bool_]:
        """(D,) of the hosts that are polled now."""
        over = np.flatnonzero(self._reset_s[due] + RESET_S <= time_s)
        if len(over):
            self._reset_s[due[over]] = time_s + self._rng.exponential(RESETS_MEAN_S, len(over))
        return (self._rng.random(len(due)) < MISSING_POLLS) | (self._reset_s[due] <= time_s)
