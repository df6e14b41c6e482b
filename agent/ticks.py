"""Turns the readings of a host into ticks, in the order of that host's log and by nothing else.

    readings ──► HostClock ──► waits for a period ──► open ticks ──► closed ticks
                                 (3 timestamps)        (queue)       (complete, lateness or end)

A tick opens with a reading that no earlier tick covers, carries its time t and covers everything after the
previous tick up to t + ½ period. It closes when every expected sensor has arrived, or with the first reading
later than its end + lateness, or at the end of a recording. No wall clock is read here: a daemon, a restart
and a replay of one log make the same ticks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from agent.clock_offset import Skewed
from agent.sensors import LONG_AGO_NS, SECOND_NS, Sensor
from agent.told_place import Told
from agent.trust.doubts import Doubted

CARRY_PERIODS = 3  # a value is carried for three of its sensor's own periods, then masked
HOUR_NS = 3_600 * SECOND_NS
START_TIMES = 3  # distinct timestamps of one sensor that settle a host's period
HARD_GRADES = ("critical", "fatal")  # limits that count as hard, the nearer one first


class Fate(Enum):
    """What became of a reading; the four add up to everything that came in."""

    USED = "used"
    LATE = "late"
    DUPLICATE = "duplicate"
    IMPLAUSIBLE = "implausible"


@dataclass(frozen=True, slots=True)
class ClosedTick:
    """One closed tick of a host, with all that is known of its F sensors at the moment of closing.

    Columns follow the host's own sensor order; a later tick may have more. `present` says where a value
    stands, arrived or carried; `arrived` only what came in this tick. `empty_before` ticks without any
    reading lie between this tick and the one before it. The trust in the host's sensors takes what cannot
    be believed out of both, and fills in the rest (agent/trust).
    """

    host: str
    time_ns: int
    period_ns: int
    empty_before: int
    closed_by: str  # "complete", "lateness" or "end"
    values: NDArray[np.float64]  # (F,) as sent; 0 where nothing stands
    present: NDArray[np.bool_]  # (F,)
    arrived: NDArray[np.bool_]  # (F,)
    sent: NDArray[np.bool_]  # (F,) arrived, whether believed or not
    limitable: NDArray[np.bool_]  # (F,) arrived, and good enough to be beyond a limit
    peak: NDArray[np.float64]  # (F,) the highest value ever believed
    silent_ns: NDArray[np.int64]  # (F,)
    sensor_period_ns: NDArray[np.int64]  # (F,)
    limits: Mapping[tuple[str, str], float]  # (sensor, "lower" | "upper") → hard limit
    doubts: tuple[Doubted, ...] = ()


@dataclass(frozen=True, slots=True)
class LateFill:
    """A late reading whose tick had nothing of that sensor: stored, not scored."""

    host: str
    time_ns: int  # of the tick
    sensor: str
    value: float


@dataclass(slots=True)
class TickStream:
    """What the clocks of all hosts give, in the order of the log."""

    closed: list[ClosedTick] = field(default_factory=list)
    fills: list[LateFill] = field(default_factory=list)
    fates: Counter[Fate] = field(default_factory=Counter)
    told: list[tuple[int, Told]] = field(default_factory=list)  # places, each before the tick of this index
    skewed: list[tuple[int, Skewed]] = field(default_factory=list)  # what clocks came to, likewise


@dataclass(slots=True)
class OpenTick:
    time_ns: int
    end_ns: int
    waiting_for: set[int]
    arrived: dict[int, tuple[int, float]] = field(default_factory=dict)  # sensor → time, value

    def take(self, sensor: int, time_ns: int, value: float) -> None:
        known = self.arrived.get(sensor)
        if known is None or time_ns >= known[0]:
            self.arrived[sensor] = (time_ns, value)
        self.waiting_for.discard(sensor)


@dataclass(slots=True)
class PastTick:
    """What is kept of a closed tick, so that a late reading finds where it belongs."""

    begin_ns: int
    time_ns: int
    end_ns: int
    arrived: set[int]


@dataclass(slots=True)
class Waiting:
    """A reading that cannot be given to a tick yet; `message` is the offset of the message it came in."""

    sensor: int  # −1: a limit
    time_ns: int
    value: float
    message: int
    limit: str = ""  # "<sensor>|<bound>" of a limit


@dataclass(slots=True)
class HostClock:
    """The tick clock of one host: its sensors, its open ticks and what is carried between them."""

    host: str
    lateness_ns: int = 0  # 0: the host's own period
    window: int = 32  # ticks; the most that a gap puts between two ticks
    period_ns: int = 0  # 0: not known yet, readings wait
    sensors: list[Sensor] = field(default_factory=list)
    index: dict[str, int] = field(default_factory=dict)  # sensor → column
    limits: dict[str, tuple[int, float]] = field(default_factory=dict)  # "<sensor>|<bound>" → time, value
    open_ticks: list[OpenTick] = field(default_factory=list)
    past_ticks: list[PastTick] = field(default_factory=list)
    closed_to_ns: int = LONG_AGO_NS
    last_tick_ns: int = LONG_AGO_NS
    newest_ns: int = LONG_AGO_NS
    unstarted: list[Waiting] = field(default_factory=list)  # the period is not known yet
    held: list[Waiting] = field(default_factory=list)  # far ahead: nobody agreed yet

    def column(self, name: str, quantity: str, unit: str, period_ns: int = 0) -> int:
        """The column of a sensor, made on first sight."""
        column = self.index.get(name)
        if column is None:
            column = self.index[name] = len(self.sensors)
            self.sensors.append(Sensor(name, quantity, unit, period_ns))
        return column

    # -- limits -----------------------------------------------------------------------------------------

    def limit(self, of: str, bound: str, time_ns: int, value: float, message: int, out: TickStream) -> None:
        """Take a limit that a sensor sent with its reading: the newest one counts."""
        reading = Waiting(-1, time_ns, value, message, f"{of}|{bound}")
        if self._far_ahead(time_ns):
            self._hold_or_accept(reading, out)
        else:
            self._place(reading, out)

    def _set_limit(self, reading: Waiting) -> Fate:
        known = self.limits.get(reading.limit)
        if known is not None and reading.time_ns <= known[0]:
            return Fate.DUPLICATE if reading.time_ns == known[0] else Fate.LATE
        self.limits[reading.limit] = (reading.time_ns, reading.value)
        return Fate.USED

    def hard_limits(self) -> dict[tuple[str, str], float]:
        """(sensor, "lower" | "upper") → the first limit that counts as hard: critical before fatal."""
        found: dict[tuple[str, str], float] = {}
        for key in sorted(self.limits):
            sensor, bound = key.split("|")
            side, _, grade = bound.partition("_")
            if grade in HARD_GRADES:
                found.setdefault((sensor, side), self.limits[key][1])
        return found

    # -- readings ---------------------------------------------------------------------------------------

    def add(self, sensor: int, time_ns: int, value: float, message: int, out: TickStream) -> None:
        """Take one reading; what it closes, fills or decides goes to `out`."""
        reading = Waiting(sensor, time_ns, value, message)
        if self._far_ahead(time_ns):
            self._hold_or_accept(reading, out)
            return
        if self.held and time_ns > self.newest_ns:  # the host goes on as before: nobody agreed with them
            self._give_up_held(out)
        self._place(reading, out)

    def _far_ahead(self, time_ns: int) -> bool:
        return self.newest_ns != LONG_AGO_NS and time_ns > self.newest_ns + HOUR_NS

    def _hold_or_accept(self, reading: Waiting, out: TickStream) -> None:
        """A jump of more than an hour counts once a second, later message agrees with it."""
        for held in self.held:  # the same message doubled is no second one
            if (held.sensor, held.limit, held.time_ns) == (reading.sensor, reading.limit, reading.time_ns):
                out.fates[Fate.DUPLICATE] += 1
                return
        agreeing = [h for h in self.held if abs(h.time_ns - reading.time_ns) <= HOUR_NS]
        out.fates[Fate.IMPLAUSIBLE] += len(self.held) - len(agreeing)
        self.held = [*agreeing, reading]
        if any(h.message != reading.message for h in agreeing):
            accepted, self.held = self.held, []
            for agreed in accepted:
                self._place(agreed, out)

    def _give_up_held(self, out: TickStream) -> None:
        out.fates[Fate.IMPLAUSIBLE] += len(self.held)
        self.held.clear()

    def _place(self, reading: Waiting, out: TickStream) -> None:
        if reading.limit:
            out.fates[self._set_limit(reading)] += 1
            return
        sensor = self.sensors[reading.sensor]
        if sensor.has_seen(reading.time_ns):
            out.fates[Fate.DUPLICATE] += 1
            return
        sensor.saw(reading.time_ns)
        self.newest_ns = max(self.newest_ns, reading.time_ns)
        if self.period_ns:
            out.fates[self._assign(reading, out)] += 1
            return
        self.unstarted.append(reading)
        if len(sensor.times_ns) >= START_TIMES:
            self._start(out)

    def _start(self, out: TickStream) -> None:
        """Fix the host's period and give the readings that waited for it to ticks."""
        known = [s.spacing_ns for s in self.sensors if len(s.times_ns) >= START_TIMES]
        spread = [s.spacing_ns for s in self.sensors if len(s.times_ns) == 2]
        self.period_ns = min(known or spread or [60 * SECOND_NS])
        waited, self.unstarted = self.unstarted, []
        for column, sensor in enumerate(self.sensors):  # the first tick waits for all that has been seen
            sensor.last_ns = min((w.time_ns for w in waited if w.sensor == column), default=sensor.last_ns)
        for reading in waited:
            out.fates[self._assign(reading, out)] += 1

    def _assign(self, reading: Waiting, out: TickStream) -> Fate:
        if reading.time_ns <= self.closed_to_ns:
            return self._take_late(reading, out)
        sensor = self.sensors[reading.sensor]
        sensor.last_ns = max(sensor.last_ns, reading.time_ns)
        self._tick_for(reading.time_ns).take(reading.sensor, reading.time_ns, reading.value)
        self._close_due(reading.time_ns, out)
        return Fate.USED

    def _take_late(self, reading: Waiting, out: TickStream) -> Fate:
        """A reading for a closed tick: the newest of its sensor is carried on, any other is only stored."""
        sensor = self.sensors[reading.sensor]
        tick = self._closed_tick_over(reading.time_ns)
        if tick is not None and reading.sensor not in tick.arrived:
            tick.arrived.add(reading.sensor)
            out.fills.append(LateFill(self.host, tick.time_ns, sensor.name, reading.value))
        if reading.time_ns <= sensor.last_ns:
            return Fate.LATE
        sensor.last_ns, sensor.silent_ns = reading.time_ns, 0
        sensor.carry(reading.time_ns, reading.value)
        return Fate.USED

    def _closed_tick_over(self, time_ns: int) -> PastTick | None:
        """The closed tick that covers a time, where it is still remembered."""
        ends = [tick.end_ns for tick in self.past_ticks]
        place = bisect_left(ends, time_ns)
        if place == len(ends) or time_ns <= self.past_ticks[place].begin_ns:
            return None  # older than what is remembered
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
        """The sensors that a tick waits for. After a step longer than values are carried, also those that
        reported when the step began: else the first reading would close the tick and the rest be late."""
        expected = self._fresh_at(time_ns)
        before_ns = self.open_ticks[-1].time_ns if self.open_ticks else self.last_tick_ns
        if time_ns - before_ns > CARRY_PERIODS * self.period_ns:
            expected |= self._fresh_at(before_ns)
        return expected

    def _fresh_at(self, time_ns: int) -> set[int]:
        fresh = set()
        for column, sensor in enumerate(self.sensors):
            period_ns = sensor.period_ns or sensor.spacing_ns or self.period_ns
            is_fresh = sensor.last_ns != LONG_AGO_NS and time_ns - sensor.last_ns <= CARRY_PERIODS * period_ns
            if period_ns <= self.period_ns and is_fresh:
                fresh.add(column)
        return fresh

    def _close_due(self, time_ns: int, out: TickStream) -> None:
        lateness_ns = self.lateness_ns or self.period_ns
        while self.open_ticks:
            tick = self.open_ticks[0]
            if not tick.waiting_for:
                out.closed.append(self._close(tick, "complete"))
            elif time_ns > tick.end_ns + lateness_ns:
                out.closed.append(self._close(tick, "lateness"))
            else:
                return

    def _close(self, tick: OpenTick, closed_by: str) -> ClosedTick:
        self.open_ticks.pop(0)
        for column, (time_ns, value) in tick.arrived.items():
            self.sensors[column].carry(time_ns, value)
        step = 1.0
        if self.last_tick_ns != LONG_AGO_NS:
            step = (tick.time_ns - self.last_tick_ns) / self.period_ns
        empty = min(round(step) - 1, self.window) if step > 1.5 else 0
        for column, sensor in enumerate(self.sensors):
            if column in tick.arrived:
                sensor.silent_ns = 0
            elif sensor.last_ns != LONG_AGO_NS:
                sensor.silent_ns += self.period_ns
        begin_ns = self.closed_to_ns
        if begin_ns == LONG_AGO_NS:  # the first tick covers all before it, but stores nothing much older late
            begin_ns = tick.time_ns - self.period_ns // 2
        self.last_tick_ns, self.closed_to_ns = tick.time_ns, tick.end_ns
        self.past_ticks.append(PastTick(begin_ns, tick.time_ns, tick.end_ns, set(tick.arrived)))
        del self.past_ticks[: -self.window]
        return self._columns(tick, empty, closed_by)

    def _columns(self, tick: OpenTick, empty: int, closed_by: str) -> ClosedTick:
        sensors = self.sensors
        periods = np.array([s.period_or(self.period_ns) for s in sensors], np.int64)
        age_ns = tick.time_ns - np.array([s.carry_ns for s in sensors], np.int64)
        arrived = np.zeros(len(sensors), bool)
        arrived[list(tick.arrived)] = True
        present = arrived | (age_ns <= CARRY_PERIODS * periods)
        return ClosedTick(
            host=self.host,
            time_ns=tick.time_ns,
            period_ns=self.period_ns,
            empty_before=empty,
            closed_by=closed_by,
            values=np.where(present, [s.carry_value for s in sensors], 0.0),
            present=present,
            arrived=arrived,
            sent=arrived,
            limitable=arrived,
            peak=np.zeros(len(sensors)),
            silent_ns=np.array([s.silent_ns for s in sensors], np.int64),
            sensor_period_ns=periods,
            limits=self.hard_limits() if self.limits else {},
        )

    def end(self, out: TickStream) -> None:
        """The recording ends: what waits is used, what is held is implausible, open ticks close."""
        self._give_up_held(out)
        if self.unstarted:
            self._start(out)
        while self.open_ticks:
            out.closed.append(self._close(self.open_ticks[0], "end"))
