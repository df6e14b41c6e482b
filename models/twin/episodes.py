"""Episodes: one fault, or what only looks like one, at a place, from a start to an end, of a size.

step          ▁▁▁█████▁▁▁      ramp  ▁▁▁▂▄▆██▁▁▁      intermittent  ▁▁▁█▁█▁█▁▁▁
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.twin.magnitudes import CONFOUNDERS, MAGNITUDES

UNTIL_THE_END_S = 1e12
PROFILES = ("step", "ramp", "intermittent")


@dataclass(frozen=True, slots=True)
class Episode:
    """One fault or confounder. Times are Unix seconds; it acts on start ≤ time < end.

    `host` is the server; for what happens elsewhere it is the place: a cooling unit, a zone, a rack, a feed,
    a UPS, a collector, or "" for the whole fleet.
    """

    host: str
    name: str
    start_s: float
    end_s: float = UNTIL_THE_END_S
    magnitude: str = "moderate"
    part: int = 1  # which fan, supply, socket, GPU (from 1) or channel (from 0)
    ramp_s: float = 0.0  # it grows in this time; 0 = a step
    period_s: float = 0.0  # it comes and goes in this time; 0 = it stays
    on_share: float = 0.5  # of each period

    @property
    def size(self) -> float:
        """Its magnitude in numbers."""
        return MAGNITUDES[self.name][self.magnitude]

    @property
    def profile(self) -> str:
        """One of PROFILES."""
        return "intermittent" if self.period_s > 0 else "ramp" if self.ramp_s > 0 else "step"

    @property
    def is_fault(self) -> bool:
        """False for what is no fault, whatever it looks like."""
        return self.name not in CONFOUNDERS

    def grown(self, time_s: float) -> float:
        """How much of it has come, 0 to 1."""
        if not self.start_s <= time_s < self.end_s:
            return 0.0
        since_s = time_s - self.start_s
        if self.period_s > 0 and since_s % self.period_s >= self.on_share * self.period_s:
            return 0.0
        return min(since_s / self.ramp_s, 1.0) if self.ramp_s > 0 else 1.0


def active(episodes: Iterable[Episode], time_s: float) -> list[Episode]:
    """Those that act at this time, in the order they are given."""
    return [episode for episode in episodes if episode.start_s <= time_s < episode.end_s]


class Schedule:
    """The active episodes as time goes on, without a look at all of them in each step."""

    def __init__(self, episodes: Sequence[Episode]) -> None:
        self._coming = sorted(episodes, key=lambda episode: -episode.start_s)  # the next one is the last
        self._now: list[Episode] = []

    def advance(self, time_s: float) -> list[Episode]:
        """Those that act at `time_s`, in the order of their start; time never goes back."""
        while self._coming and self._coming[-1].start_s <= time_s:
            self._now.append(self._coming.pop())
        if any(episode.end_s <= time_s for episode in self._now):
            self._now = [episode for episode in self._now if episode.end_s > time_s]
        return self._now
