"""One sensor of one host: its period, its newest reading and the value that it carries."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

SECOND_NS = 1_000_000_000
PERIODS_S = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 3600)
PERIOD_SLACK = 1.1  # a median spacing of 9.2 s is still a 10 s sensor
LEARN_TIMES = 9  # distinct timestamps after which a sensor's period is settled
REMEMBERED_TIMES = 32  # how many timestamps back the same sensor and time is known as a duplicate
LONG_AGO_NS = -(2**62)


def period_from_times(times_ns: NDArray[np.int64]) -> int:
    """The largest usual period (ns) not above 1.1 × the median spacing of distinct, sorted timestamps."""
    spacing_s = float(np.median(np.diff(times_ns))) / SECOND_NS
    fitting = [p for p in PERIODS_S if p <= PERIOD_SLACK * spacing_s]
    return (fitting[-1] if fitting else PERIODS_S[0]) * SECOND_NS


@dataclass(slots=True)
class Sensor:
    """What a host's clock remembers of a sensor between readings. Times in ns UTC."""

    name: str
    quantity: str
    unit: str
    period_ns: int = 0  # settled, from the model or from the first timestamps; 0 = not settled
    spacing_ns: int = 0  # the estimate so far
    times_ns: list[int] = field(default_factory=list)  # the first distinct timestamps, until settled
    recent_ns: list[int] = field(default_factory=list)  # the newest distinct timestamps, sorted
    last_ns: int = LONG_AGO_NS  # newest reading, late ones included
    carry_ns: int = LONG_AGO_NS
    carry_value: float = 0.0
    silent_ns: int = 0  # how long the host has gone on reporting without this sensor

    def has_seen(self, time_ns: int) -> bool:
        """Whether it sent a reading of this very time before, as far back as is remembered."""
        recent = self.recent_ns
        return bool(recent) and time_ns <= recent[-1] and time_ns in recent

    def saw(self, time_ns: int) -> None:
        """Note a new timestamp: for duplicates and the period."""
        insort(self.recent_ns, time_ns)
        if len(self.recent_ns) > REMEMBERED_TIMES:
            del self.recent_ns[0]
        if not self.period_ns:
            self._learn(time_ns)

    def _learn(self, time_ns: int) -> None:
        self.times_ns.append(time_ns)
        self.times_ns.sort()
        if len(self.times_ns) > 1:
            self.spacing_ns = period_from_times(np.array(self.times_ns))
        if len(self.times_ns) == LEARN_TIMES:
            self.period_ns = self.spacing_ns
            self.times_ns = []

    def period_or(self, default_ns: int) -> int:
        """Its period, else the estimate so far, else the host's."""
        return self.period_ns or self.spacing_ns or default_ns

    def carry(self, time_ns: int, value: float) -> None:
        """From now on this is the value that later ticks carry, unless it knows a newer one."""
        if time_ns >= self.carry_ns:
            self.carry_ns, self.carry_value = time_ns, value
