"""What a host's load was: hours of the last day and a half, days of the last four weeks, its daily course.

tick ─► open hour ─closed─► hours (36) ─midnight, UTC─► days (28)
                                                   └──► course: the usual power at each hour of the day

All in event time. An hour counts only where at least half of its readings came while the machine was on, so
gaps and outages are neither high nor low load. A part of the host's state, under 2 kB.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.rules.layout import METER_W, ON_SHARE, Layout
from agent.scored import ScoredTick
from agent.sensors import SECOND_NS

HOUR_NS = 3_600 * SECOND_NS
MOST_HOURS, MOST_DAYS, DAY_HOURS = 36, 28, 24
LEAST_SHARE = 0.5  # of an hour's readings
LEAST_TICKS = 3  # that an hour's own spread is told of; with fewer, steps from tick to tick tell it
COURSE_DAYS = 14.0  # that the daily course is the mean of, later ones counting for more
FLAT_DAY = 0.05  # of its median: a day whose hours differ by less says nothing of a course
HOUR, MEAN, SHAKE, PEAK, BUSY = range(5)  # columns of `hours`: W but for the first and last
DAY, COVERED, LOW, MIDDLE, HIGH, DAY_SHAKE, DAY_PEAK, DAY_BUSY = range(8)  # columns of `days`
_ROWS = ("hours", "days", "course", "counted")
_OPEN = (
    "hour", "count", "first_w", "sum_w", "square", "last_w", "steps", "stepped", "peak_w", "busy",
    "busy_count", "scatter", "lowest_w", "highest_w", "flat_since",
)  # fmt: skip

Array = NDArray[np.float32]


class Plateau(NamedTuple):
    """High load that does not tremble, beside what is usual."""

    since_hour: int  # hours since 1970
    level_w: float
    shake: float  # within an hour, of the level
    usual_shake: float  # the same of its past days
    low_w: float  # its usual day, from here
    high_w: float  # to here
    band_w: float  # a tick farther than this from the level is none of it


class Idle(NamedTuple):
    """A machine that has done nothing for days."""

    since_hour: int
    floor_w: float  # the lowest hourly mean known
    most_w: float  # more than this in a tick is work
    highest_w: float  # hourly mean ever known
    busy: float  # highest hourly utilization, NaN where none is told


@dataclass(slots=True)
class LoadPast:
    """The load of one host so far; `plateau` and `idle` follow from it (agent/load_signs.py)."""

    hours: Array = field(default_factory=lambda: np.zeros((0, 5), np.float32))
    days: Array = field(default_factory=lambda: np.zeros((0, 8), np.float32))
    course: Array = field(default_factory=lambda: np.zeros(DAY_HOURS, np.float32))  # W by hour of the day
    counted: Array = field(default_factory=lambda: np.zeros(DAY_HOURS, np.float32))  # days behind each
    hour: int = -1  # the open one
    count: int = 0
    first_w: float = 0.0
    sum_w: float = 0.0  # of what is above the first
    square: float = 0.0  # of the same
    last_w: float = 0.0
    steps: float = 0.0  # squared, from tick to tick
    stepped: int = 0
    peak_w: float = 0.0
    busy: float = 0.0  # sum of utilization
    busy_count: int = 0
    scatter: float = 0.0  # W² of hours about the course
    lowest_w: float = math.inf  # hourly means ever
    highest_w: float = 0.0
    flat_since: int = 0  # first hour of the plateau that stands, 0 = none
    judged: int = -2  # the newest hour that what follows rests on; the rest is derived
    plateau: Plateau | None = None
    idle: Idle | None = None

    @property
    def closed(self) -> int:
        """The newest closed hour, −1 before the first."""
        return int(self.hours[-1, HOUR]) if len(self.hours) else -1

    def update(self, tick: ScoredTick, layout: Layout) -> None:
        """Take the host's next tick."""
        if layout.host_power >= 0:
            i = layout.host_power
            if not tick.arrived[i]:
                return
            power_w, most_w = float(tick.seen[i]), float(tick.peak[i])
        else:
            columns = layout.supply_inputs
            if not columns or not tick.arrived[columns[0]]:
                return
            power_w = most_w = 0.0
            for i in columns:
                if not tick.present[i]:
                    return
                power_w += float(tick.seen[i])
                most_w += float(tick.peak[i])
        if power_w < METER_W or power_w < ON_SHARE * most_w:
            return  # off, or its meter is
        hour = tick.time_ns // HOUR_NS
        if hour != self.hour:
            if hour < self.hour:
                return
            self._close(tick, layout)
            self.hour, self.first_w = hour, power_w
        above_w = power_w - self.first_w
        self.count += 1
        self.sum_w += above_w
        self.square += above_w * above_w
        if self.last_w > 0:
            self.steps += (power_w - self.last_w) ** 2
            self.stepped += 1
        self.last_w = power_w
        if power_w > self.peak_w:
            self.peak_w = power_w
        i = layout.utilization
        if i >= 0 and tick.arrived[i]:
            self.busy += float(tick.seen[i])
            self.busy_count += 1

    def _close(self, tick: ScoredTick, layout: Layout) -> None:
        """Put the open hour away, and the day if it was its last."""
        hour = tick.time_ns // HOUR_NS
        columns = [layout.host_power] if layout.host_power >= 0 else list(layout.supply_inputs)
        due = HOUR_NS / max(int(tick.sensor_period_ns[columns].max()), SECOND_NS)
        is_whole = self.hour >= 0 and self.count >= max(LEAST_SHARE * due, 1)
        if is_whole:
            mean_w = self.first_w + self.sum_w / self.count
            busy = self.busy / self.busy_count if self.busy_count else math.nan
            row = np.array([[self.hour, mean_w, self._shake_w(), self.peak_w, busy]], np.float32)
            self.hours = np.concatenate([self.hours, row])[-MOST_HOURS:]
            self.lowest_w, self.highest_w = min(self.lowest_w, mean_w), max(self.highest_w, mean_w)
        if self.hour >= 0 and hour // DAY_HOURS != self.hour // DAY_HOURS:
            self._close_day(self.hour // DAY_HOURS)
        if self.hour >= 0 and hour > self.hour + 1:
            self.last_w = 0.0  # a step over a gap is none
        self.count = self.stepped = self.busy_count = 0
        self.sum_w = self.square = self.steps = self.peak_w = self.busy = 0.0

    def _shake_w(self) -> float:
        """How much the power of the open hour trembles."""
        if self.count >= LEAST_TICKS:
            variance = (self.square - self.sum_w * self.sum_w / self.count) / (self.count - 1)
        else:
            variance = self.steps / (2 * self.stepped) if self.stepped else math.nan
        return math.sqrt(max(variance, 0.0))

    def _close_day(self, day: int) -> None:
        rows = self.hours[self.hours[:, HOUR] // DAY_HOURS == day]
        if not len(rows):
            return
        means = rows[:, MEAN]
        low, high, middle = float(means.min()), float(means.max()), float(np.median(means))
        shake, peak, busy = _median(rows[:, SHAKE]), float(rows[:, PEAK].max()), float(rows[:, BUSY].max())
        row = [day, len(rows), low, middle, high, shake, peak, busy]
        self.days = np.concatenate([self.days, np.array([row], np.float32)])[-MOST_DAYS:]
        if high - low > FLAT_DAY * middle:
            self._learn_course(rows)

    def _learn_course(self, rows: Array) -> None:
        at = rows[:, HOUR].astype(np.intp) % DAY_HOURS
        known = self.counted[at] > 0
        off_w = np.where(known, rows[:, MEAN] - self.course[at], 0.0)
        if known.any():
            days = float(self.counted[at][known].min())
            share = 1 / min(days, COURSE_DAYS)
            # With few days behind it, a mean is off by its own error too.
            squared = float(np.mean(off_w[known] ** 2)) * days / (days + 1)
            self.scatter += share * (squared - self.scatter)
        self.counted[at] += 1
        weight = 1 / np.minimum(self.counted[at], COURSE_DAYS)
        self.course[at] += (rows[:, MEAN] - self.course[at]) * weight

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """All but what is derived, as arrays; none before the first hour began."""
        if self.hour < 0:
            return {}
        numbers = np.array([getattr(self, name) for name in _OPEN], np.float64)
        return {"open": numbers, **{name: getattr(self, name) for name in _ROWS}}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> LoadPast:
        """The past that `to_arrays` made; an empty one of none."""
        if not arrays:
            return cls()
        past = cls(arrays["hours"], arrays["days"], arrays["course"].copy(), arrays["counted"].copy())
        for name, value in zip(_OPEN, arrays["open"].tolist(), strict=True):
            setattr(past, name, int(value) if isinstance(getattr(past, name), int) else value)
        return past


def _median(values: Array) -> float:
    """Of what is known; NaN where nothing is."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else math.nan
