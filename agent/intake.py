"""Gives each reading of a batch to the clock of its host, in the order of the log.

Readings (columns of a poll) ──► the host's clock ──► closed ticks, late fills, fates

A host lives where its first reading came from; its readings from another topic or partition are stored but
not scored, because their order against the others is chance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from agent.host import Host
from agent.points import Point
from agent.sensors import SECOND_NS
from agent.telemetry.readings import Message, Readings, SeriesTable
from agent.ticks import Fate, TickStream
from agent.told_place import Told

AHEAD_OF_RECORD_NS = 120 * SECOND_NS  # more than this ahead of the Kafka record's own time is implausible
NO_RECORD_TIME = -1
MOST_WAITING = 10_000  # hosts of whom tags told, but that never sent a reading


class Intake:
    """Takes readings; finds or makes their hosts."""

    def __init__(
        self,
        series: SeriesTable,
        hosts: dict[str, Host],
        make: Callable[[str, str], Host],
        periods_ns: Mapping[str, Mapping[str, int]],  # host → sensor → ns, where training settled them
    ) -> None:
        self._series = series
        self._hosts = hosts
        self._make = make
        self._periods_ns = periods_ns
        self._columns: dict[int, tuple[Host, int]] = {}  # series → its host and column there
        self._told: dict[str, list[Told]] = {}  # host → places that wait for its next reading

    def begin_anew(self) -> None:
        """Hosts were replaced, and their log may be read again: look them up, hear where they stand."""
        self._columns.clear()
        self._told.clear()

    def take(
        self,
        messages: Sequence[Message],
        readings: Readings,
        told: Sequence[Told] = (),
        buried: Mapping[tuple[str, str], int] | None = None,  # host, source → offset: before it, another host
    ) -> tuple[TickStream, list[Point]]:
        """Every reading to its clock. Returns what the clocks gave, and points of readings only stored."""
        out, stored = TickStream(), []
        for one in told:
            self._told.setdefault(one.host, []).append(one)
        sources = [message.source for message in messages]
        ahead = _ahead_of_record(messages, readings)
        append_ns = [(m.timestamp_ms or 0) * 1_000_000 if m.is_append_time else 0 for m in messages]
        columns = (readings.series.tolist(), readings.time_ns.tolist(), readings.value.tolist())
        for series, time_ns, value, at, too_far in zip(
            *columns, readings.message.tolist(), ahead, strict=True
        ):
            source, offset = sources[at], messages[at].offset
            if buried and offset < buried.get((self._series[series].host, source), 0):
                continue  # of a host that was forgotten since
            host, column = self._columns.get(series) or self._place(series, source)
            if offset < host.applied_to and host.source == source:
                continue  # part of the restored state already
            if self._told and host.source == source and host.name in self._told:
                self._hear(host.name, at, out)
            if append_ns[at] and host.source == source:
                clock = host.clock
                if host.clock_offset.see(offset, time_ns, append_ns[at], clock.period_ns):
                    judged = host.clock_offset.judged(host.name, clock.last_tick_ns)
                    out.skewed.append((len(out.closed), judged))
            if too_far:
                out.fates[Fate.IMPLAUSIBLE] += 1
            elif host.source != source:
                out.fates[Fate.LATE] += 1
                known = self._series[series]
                if not known.limit_of:
                    stored.append(Point("reading", {"host": host.name}, {known.sensor: value}, time_ns))
            elif column < 0:
                known = self._series[series]
                host.clock.limit(known.limit_of, known.bound, time_ns, value, offset, out)
            else:
                host.clock.add(column, time_ns, value, offset, out)
        self._end_batch()
        return out, stored

    def _hear(self, host: str, at: int, out: TickStream) -> None:
        """Places that were told up to this message count from its reading on."""
        waiting = self._told.pop(host)
        out.told += [(len(out.closed), one) for one in waiting if one.message <= at]
        later = [one for one in waiting if one.message > at]
        if later:
            self._told[host] = later

    def _end_batch(self) -> None:
        """What is left waits for a reading of a later batch."""
        if len(self._told) > MOST_WAITING:
            self._told.clear()
        self._told = {host: [replace(one, message=-1) for one in told] for host, told in self._told.items()}

    def hosts_in(self, readings: Readings) -> tuple[str, ...]:
        """The hosts of a batch that has been taken."""
        return tuple(sorted({self._series[series].host for series in np.unique(readings.series).tolist()}))

    def _place(self, series: int, source: str) -> tuple[Host, int]:
        known = self._series[series]
        host = self._hosts.get(known.host)
        if host is None:
            host = self._hosts[known.host] = self._make(known.host, source)
        column = -1
        if host.source != source:
            return host, column  # a sensor seen only elsewhere is none of the host's
        if not known.limit_of:
            period_ns = self._periods_ns.get(known.host, {}).get(known.sensor, 0)
            column = host.clock.column(known.sensor, known.quantity, known.unit, period_ns)
        self._columns[series] = (host, column)
        return host, column


def _ahead_of_record(messages: Sequence[Message], readings: Readings) -> list[bool]:
    """(N,) whether a reading's time is more than 2 min ahead of its Kafka record's."""
    record_ms = np.array(
        [NO_RECORD_TIME if m.timestamp_ms is None else m.timestamp_ms for m in messages], np.int64
    )
    if not len(readings) or (record_ms < 0).all():
        return [False] * len(readings)
    own_ms = record_ms[readings.message]
    ahead = (own_ms >= 0) & (readings.time_ns > own_ms * 1_000_000 + AHEAD_OF_RECORD_NS)
    return list(map(bool, ahead))
