"""How long to wait before the next try: longer with each failure in a row, and spread by chance."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

MOST_DOUBLINGS = 10  # the longest wait is long reached


@dataclass(slots=True)
class Backoff:
    """Full jitter: anything up to a limit that doubles from `first_s` to `longest_s`.

    `jitter` gives numbers of 0..1, so that several instances do not try at the same moments.
    """

    first_s: float
    longest_s: float
    jitter: Callable[[], float] = random.random
    failures: int = 0  # in a row

    def next_s(self) -> float:
        """The wait after one more failure, in seconds."""
        limit_s: float = min(self.first_s * 2.0**self.failures, self.longest_s)
        self.failures = min(self.failures + 1, MOST_DOUBLINGS)
        return self.jitter() * limit_s

    def reset(self) -> None:
        """It has worked."""
        self.failures = 0
