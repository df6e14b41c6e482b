"""Turns the readings of a host into ticks, in the order of that host's log and by nothing else.

    readings ──► host ──► waits for a period ──► open ticks ──► closed ticks
                            (3 timestamps)        (queue)       (complete, lateness or end)

A tick opens with a reading that no earlier tick covers, carries its time t and covers everything after the
previous tick up to t + ½ period. It closes when every expected sensor has arrived, or with the first reading
later than its end + lateness, or at the end of a recording. No wall clock is read here: a daemon, a restart
and a replay of one log make the same ticks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from agent.sensors import SECOND_NS, Sensor, period_from_times

CARRY_PERIODS = 3  # a value is carried for three of its sensor's own periods, then masked
HOUR_NS = 3_600 * SECOND_NS


class Fate(Enum):
    """What became of a reading; the four add up to everything that came in."""

    USED = "used"
    LATE = "late"
    DUPLICATE = "duplicate"
    IMPLAUSIBLE = "implausible"


@dataclass(slots=True)
class ClosedTick:
    """One closed tick of a host; columns follow the host's own sensor order at that moment.

    `present` says where a value stands, arrived or carried; `arrived` only what came in this tick.
    `empty_before` ticks without any reading lie between this tick and the one before it.
    """

    host: str
    time_ns: int
    empty_before: int
    values: NDArray[np.float64]  # (F,) 0 where masked
    present: NDArray[np.bool_]  # (F,)
    arrived: NDArray[np.bool_]  # (F,)
    closed_by: str  # "complete", "lateness" or "end"


@dataclass(frozen=True, slots=True)
class LateFill:
    """A late reading whose tick had nothing of that sensor: stored, not scored."""

    host: str
    time_ns: int  # of the tick
    sensor: int
    value: float


@dataclass(slots=True)
class OpenTick:
    time_ns: int
    end_ns: int
    waiting_for: set[int]
    arrived: dict[int, tuple[int, float]] = field(default_factory=dict)

    def take(self, sensor: int, time_ns: int, value: float) -> None:
        known = self.arrived.get(sensor)
        if known is None or time_ns >= known[0]:
            self.arrived[sensor] = (time_ns, value)
        self.waiting_for.discard(sensor)


@dataclass(slots=True)
class PastTick:
    """What is kept of a closed tick, so that a late reading finds where it belongs."""

    time_ns: int
    end_ns: int
    arrived: set[int]


@dataclass(slots=True)
class Held:
    """A reading far ahead of its host's clock, waiting for a second message that agrees."""

    sensor: int
    time_ns: int
    value: float
    message: int


@dataclass(slots=True)
class HostTicks:
    """The tick clock of one host: its sensors, its open ticks and what is carried between them."""

    host: str
    lateness_ns: int = 0  # 0: the host's own period
    window: int = 32
    period_ns: int = 0  # 0: not known yet, readings wait
    sensors: list[Sensor] = field(default_factory=list)
    limits: dict[str, tuple[int, float]] = field(default_factory=dict)  # "<sensor>|<bound>" → time, value
    open_ticks: list[OpenTick] = field(default_factory=list)
    closed_to_ns: int = -(2**62)
    last_tick_ns: int = 0
    newest_ns: int = -(2**62)
    waiting: list[tuple[int, int, float]] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    past_ticks: list[PastTick] = field(default_factory=list)
    index: dict[str, int] = field(default_factory=dict)

    def sensor(self, name: str, quantity: str, unit: str, period_ns: int = 0) -> int:
        """The column of a sensor, made on first sight."""
        column = self.index.get(name)
        if column is None:
            column = self.index[name] = len(self.sensors)
            self.sensors.append(Sensor(name, quantity, unit, period_ns))
        return column

    def limit(self, of: str, bound: str, time_ns: int, value: float) -> Fate:
        """A limit that a sensor sent with its reading: the newest one counts."""
        key = f"{of}|{bound}"
        known = self.limits.get(key)
        if known is not None and time_ns <= known[0]:
            return Fate.DUPLICATE if time_ns == known[0] else Fate.LATE
        self.limits[key] = (time_ns, value)
        return Fate.USED

    def hard_limits(self) -> dict[tuple[str, str], float]:
        """(sensor, "lower" | "upper") → the first limit that counts as hard: critical before fatal."""
        found: dict[tuple[str, str], float] = {}
        for key in sorted(self.limits):
            sensor, bound = key.split("|")
            side, _, grade = bound.partition("_")
            if grade in ("critical", "fatal"):
                found.setdefault((sensor, side), self.limits[key][1])
        return found

    # -- readings ---------------------------------------------------------------------------------------

    def add(
        self,
        sensor: int,
        time_ns: int,
        value: float,
        message: int,
        closed: list[ClosedTick],
        fills: list[LateFill],
    ) -> list[Fate]:
        """Take one reading; closed ticks are appended to `closed`. Returns the fates that it decided: its
        own, unless it has to wait, and those of readings that had waited for it."""
        if self._far_ahead(time_ns):
            return self._hold_or_accept(sensor, time_ns, value, message, closed, fills)
        fates = [Fate.IMPLAUSIBLE] * len(self.held)  # nobody agreed with them
        self.held.clear()
        fates.append(self._place(sensor, time_ns, value, closed, fills))
        return fates

    def _far_ahead(self, time_ns: int) -> bool:
        return self.newest_ns > 0 and time_ns > self.newest_ns + HOUR_NS

    def _hold_or_accept(
        self,
        sensor: int,
        time_ns: int,
        value: float,
        message: int,
        closed: list[ClosedTick],
        fills: list[LateFill],
    ) -> list[Fate]:
        agreeing = [h for h in self.held if abs(h.time_ns - time_ns) <= HOUR_NS]
        strangers = len(self.held) - len(agreeing)
        arrival = Held(sensor, time_ns, value, message)
        if not any(h.message != message for h in agreeing):
            self.held = [*agreeing, arrival]
            return [Fate.IMPLAUSIBLE] * strangers
        self.held = []
        fates = [Fate.IMPLAUSIBLE] * strangers
        fates += [self._place(h.sensor, h.time_ns, h.value, closed, fills) for h in (*agreeing, arrival)]
        return fates

    def _place(
        self, column: int, time_ns: int, value: float, closed: list[ClosedTick], fills: list[LateFill]
    ) -> Fate:
        sensor = self.sensors[column]
        if time_ns in sensor.recent_ns:
            return Fate.DUPLICATE
        sensor.saw(time_ns, value)
        self.newest_ns = max(self.newest_ns, time_ns)
        if not self.period_ns:
            self._wait(column, time_ns, value, closed, fills)
            return Fate.USED
        return self._assign(column, time_ns, value, closed, fills)

    def _wait(
        self, column: int, time_ns: int, value: float, closed: list[ClosedTick], fills: list[LateFill]
    ) -> None:
        self.waiting.append((column, time_ns, value))
        if len(self.sensors[column].times_ns) >= 3:
            self._start(closed, fills)

    def _start(self, closed: list[ClosedTick], fills: list[LateFill]) -> None:
        """Fix the host's period and give the readings that waited for it to ticks."""
        known = [s.spacing_ns for s in self.sensors if len(s.times_ns) >= 3]
        spread = [s.spacing_ns for s in self.sensors if len(s.times_ns) == 2]
        self.period_ns = min(known or spread or [60 * SECOND_NS])
        waiting, self.waiting = self.waiting, []
        for column, sensor in enumerate(self.sensors):
            sensor.last_ns = min((t for c, t, _ in waiting if c == column), default=sensor.last_ns)
        for column, time_ns, value in waiting:
            self._assign(column, time_ns, value, closed, fills)

    def _assign(
        self, column: int, time_ns: int, value: float, closed: list[ClosedTick], fills: list[LateFill]
    ) -> Fate:
        sensor = self.sensors[column]
        if time_ns <= self.closed_to_ns:
            return self._take_late(column, time_ns, value, fills)
        sensor.last_ns = max(sensor.last_ns, time_ns)
        self._tick_for(time_ns).take(column, time_ns, value)
        self._close_due(time_ns, closed)
        return Fate.USED

    def _take_late(self, column: int, time_ns: int, value: float, fills: list[LateFill]) -> Fate:
        """A reading for a closed tick: the newest of its sensor is carried on, any other is only stored."""
        sensor = self.sensors[column]
        tick = self._closed_tick_over(time_ns)
        if tick and column not in tick.arrived:
            tick.arrived.add(column)
            fills.append(LateFill(self.host, tick.time_ns, column, value))
        if time_ns <= sensor.last_ns:
            return Fate.LATE
        sensor.last_ns = time_ns
        sensor.carry(time_ns, value)
        return Fate.USED

    def _closed_tick_over(self, time_ns: int) -> PastTick | None:
        """The closed tick that covers a time, where it is still remembered."""
        ends = [tick.end_ns for tick in self.past_ticks]
        place = bisect_left(ends, time_ns)
        if place == 0 or place == len(ends):
            return None  # older than what is remembered: its tick's beginning is not known
        return self.past_ticks[place]

    # -- ticks ------------------------------------------------------------------------------------------

    def _tick_for(self, time_ns: int) -> OpenTick:
        for tick in self.open_ticks:
            if time_ns <= tick.end_ns:
                return tick
        tick = OpenTick(time_ns, time_ns + self.period_ns // 2, self._expected_at(time_ns))
        self.open_ticks.append(tick)
        return tick

    def _expected_at(self, time_ns: int) -> set[int]:
        return {
            column
            for column, sensor in enumerate(self.sensors)
            if sensor.period_or(self.period_ns) <= self.period_ns
            and time_ns - sensor.last_ns <= CARRY_PERIODS * sensor.period_or(self.period_ns)
        }

    def _close_due(self, time_ns: int, closed: list[ClosedTick]) -> None:
        lateness_ns = self.lateness_ns or self.period_ns
        while self.open_ticks:
            tick = self.open_ticks[0]
            if not tick.waiting_for:
                closed.append(self._close(tick, "complete"))
            elif time_ns > tick.end_ns + lateness_ns:
                closed.append(self._close(tick, "lateness"))
            else:
                return

    def _close(self, tick: OpenTick, closed_by: str) -> ClosedTick:
        self.open_ticks.pop(0)
        for column, (time_ns, value) in tick.arrived.items():
            self.sensors[column].carry(time_ns, value)
        step = (tick.time_ns - self.last_tick_ns) / self.period_ns if self.last_tick_ns else 1.0
        empty = min(round(step) - 1, self.window) if step > 1.5 else 0
        self.last_tick_ns = tick.time_ns
        self.closed_to_ns = tick.end_ns
        self.past_ticks.append(PastTick(tick.time_ns, tick.end_ns, set(tick.arrived)))
        del self.past_ticks[: -self.window]
        return self._columns(tick, empty, closed_by)

    def _columns(self, tick: OpenTick, empty: int, closed_by: str) -> ClosedTick:
        count = len(self.sensors)
        values, present = np.zeros(count), np.zeros(count, bool)
        for column, sensor in enumerate(self.sensors):
            age_ns = tick.time_ns - sensor.carry_ns
            if age_ns <= CARRY_PERIODS * sensor.period_or(self.period_ns):
                values[column], present[column] = sensor.carry_value, True
        arrived = np.zeros(count, bool)
        arrived[list(tick.arrived)] = True
        return ClosedTick(self.host, tick.time_ns, empty, values, present, arrived, closed_by)

    def end(self, closed: list[ClosedTick], fills: list[LateFill]) -> list[Fate]:
        """The recording ends: what waits is used, what is held is implausible, open ticks close."""
        fates = [Fate.IMPLAUSIBLE] * len(self.held)
        self.held.clear()
        if self.waiting:
            self._start(closed, fills)
        while self.open_ticks:
            closed.append(self._close(self.open_ticks[0], "end"))
        return fates


def sensor_periods(times_ns: Iterable[NDArray[np.int64]]) -> list[int]:
    """The period of each sensor over a whole recording, in ns (0: fewer than two distinct timestamps)."""
    return [period_from_times(np.unique(t)) if len(np.unique(t)) > 1 else 0 for t in times_ns]


KnownPeriods = Mapping[str, Mapping[str, float]]  # host → sensor → seconds, kept with the model
