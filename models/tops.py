"""A threshold from a host's own last week, where a generous budget lets it be told.

    highest score of each closed hour ─► the rank that the budget allows, in a week and in a day ─► threshold

With a budget of a false alarm a week or more, a host has lived through enough hours for its own past to say
where the threshold belongs, better than training can where a host's behaviour shifts. With a smaller budget
the threshold of the calibration stands: a week's highest score would blind the agent to whatever came back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

WEEK_HOURS, DAY_HOURS = 168, 24
HOURS_AN_ALARM = (
    2.0  # alarmed hours for each false alarm of the budget: faults alarm too, and some outlast an hour
)
LEAST_A_DAY = 1.0 / 7.0  # false alarms a day from which on a host's own past decides
CALM_SHARE = 0.95  # an alert ends below it: a fifth below such a threshold is where the host usually is
LEAST_QUANTILE = 0.97  # of training scores: the threshold goes no lower
DAYS_A_MONTH = 30.0

Array = NDArray[np.float64]


@dataclass(slots=True)
class Tops:
    """The highest scores of a host's hours, the open one apart."""

    hour: int = -1
    top: float = 0.0  # of the open hour
    closed: list[float] = field(default_factory=list)  # ≤ 168, oldest first
    threshold: float = 0.0  # that follows from them; 0: not worked out yet

    def at(self, hour: int) -> bool:
        """Close the open hour if this is another one; whether it was."""
        if hour == self.hour:
            return False
        if self.hour >= 0:
            self.closed.append(round(self.top, 4))
            del self.closed[:-WEEK_HOURS]
        self.hour, self.top = hour, 0.0
        return True

    def add(self, score: float) -> None:
        self.top = max(self.top, score)


@dataclass(frozen=True, slots=True)
class OwnThreshold:
    """How a host's own hours make its threshold. `usual` stands for hours that it has not lived yet."""

    usual: Array  # (168,) highest scores of hours in training, evenly spaced by rank, highest first
    least: float
    hours_a_day: float

    @classmethod
    def fit(
        cls, scores: Sequence[Array], hours: Sequence[NDArray[np.int64]], budget: float
    ) -> OwnThreshold | None:
        """From (n,) scores and hours of each host; None where the budget (a month) is too small for it, or
        training holds less than a day of hours."""
        if budget / DAYS_A_MONTH < LEAST_A_DAY:
            return None
        known = [np.isfinite(score) for score in scores]
        tops = [
            float(score[there & (hour == one)].max())
            for score, hour, there in zip(scores, hours, known, strict=True)
            for one in np.unique(hour[there])
        ]
        if len(tops) < DAY_HOURS:
            return None
        pooled = np.concatenate([score[there] for score, there in zip(scores, known, strict=True)])
        usual = np.quantile(tops, np.linspace(1.0, 0.0, WEEK_HOURS))
        least = float(np.quantile(pooled, LEAST_QUANTILE))
        return cls(usual, least, HOURS_AN_ALARM * budget / DAYS_A_MONTH)

    def of(self, closed: Sequence[float]) -> float:
        """The threshold after these closed hours (oldest first)."""
        lived = np.asarray(closed[-WEEK_HOURS:], dtype=np.float64)
        week = np.concatenate([_thinned(self.usual, WEEK_HOURS - len(lived)), lived])
        day_before = _thinned(self.usual, max(DAY_HOURS - len(lived), 0))
        day = np.concatenate([day_before, lived[-DAY_HOURS:]])
        return max((self._allowed(week) + self._allowed(day)) / 2.0, self.least)

    def _allowed(self, tops: Array) -> float:
        """The score that as many hours exceed as the budget allows."""
        rank = min(int(self.hours_a_day * len(tops) / DAY_HOURS), len(tops) - 1)
        return float(np.sort(tops)[::-1][rank])


def _thinned(tops: Array, count: int) -> Array:
    """`count` of these, evenly spaced."""
    return tops[np.linspace(0, len(tops) - 1, count).round().astype(int)] if count else tops[:0]
