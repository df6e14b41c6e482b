"""When operators work on which hosts: planned windows, judged by each host's own time.

[[maintenance]] ─► windows (once, by weekday, from a calendar) ─┬─► alerts of a covered host are suppressed
                                                               └─► its silence is not told
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from agent.sensors import SECOND_NS

CHUNK_NS = 24 * 3_600 * SECOND_NS  # windows are looked up a day at a time
KEPT_CHUNKS = 64


@dataclass(frozen=True, slots=True)
class Targets:
    """Hosts by name or pattern, and racks."""

    hosts: tuple[str, ...] = ()
    racks: tuple[str, ...] = ()

    def include(self, host: str, rack: str) -> bool:
        named = any(fnmatchcase(host, pattern) for pattern in self.hosts)
        return named or (rack != "" and any(fnmatchcase(rack, pattern) for pattern in self.racks))


@dataclass(frozen=True, slots=True)
class Span:
    """One stretch of maintenance, from `start_ns` to just before `end_ns`."""

    start_ns: int
    end_ns: int
    targets: Targets

    def meets(self, start_ns: int, end_ns: int) -> bool:
        return self.start_ns < end_ns and start_ns < self.end_ns


class Window(Protocol):
    """Something that knows when there is maintenance."""

    def spans(self, start_ns: int, end_ns: int) -> Iterable[Span]:
        """The spans that may meet this time."""
        ...

    def renew(self) -> bool:
        """Look whether it has been changed; whether it has."""
        ...


@dataclass(frozen=True, slots=True)
class Once:
    """A window that comes once."""

    span: Span

    def spans(self, start_ns: int, end_ns: int) -> Iterable[Span]:
        return (self.span,) if self.span.meets(start_ns, end_ns) else ()

    def renew(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Weekly:
    """A window that comes on weekdays (0 = Monday), from one time on the wall to another, of the next day
    where that is not later."""

    begin: time
    end: time
    weekdays: frozenset[int]
    zone: ZoneInfo
    targets: Targets

    def spans(self, start_ns: int, end_ns: int) -> Iterable[Span]:
        first = datetime.fromtimestamp(start_ns // SECOND_NS, self.zone).date() - timedelta(days=1)
        last = datetime.fromtimestamp(end_ns // SECOND_NS, self.zone).date()
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            if day.weekday() in self.weekdays:
                end_day = day if self.end > self.begin else day + timedelta(days=1)
                begun_ns = moment_of(day, self.begin, self.zone, is_first=True)
                yield Span(begun_ns, moment_of(end_day, self.end, self.zone, is_first=False), self.targets)

    def renew(self) -> bool:
        return False


@dataclass(slots=True)
class Maintenance:
    """All windows of a site."""

    windows: Sequence[Window] = ()
    _chunks: dict[int, tuple[Span, ...]] = field(default_factory=dict)

    def cover(self, host: str, rack: str, time_ns: int) -> bool:
        """Whether a host is being worked on at a time."""
        if not self.windows:
            return False
        return any(
            span.start_ns <= time_ns < span.end_ns and _include(span.targets, host, rack)
            for span in self._near(time_ns // CHUNK_NS)
        )

    def renew(self) -> None:
        """Take up calendars that have been changed."""
        changed = [window.renew() for window in self.windows]
        if any(changed):
            self._chunks.clear()

    def _near(self, chunk: int) -> tuple[Span, ...]:
        known = self._chunks.get(chunk)
        if known is None:
            start_ns, end_ns = chunk * CHUNK_NS, (chunk + 1) * CHUNK_NS
            found = (span for window in self.windows for span in window.spans(start_ns, end_ns))
            known = tuple(span for span in found if span.meets(start_ns, end_ns))
            while len(self._chunks) >= KEPT_CHUNKS:
                del self._chunks[next(iter(self._chunks))]
            self._chunks[chunk] = known
        return known


NO_MAINTENANCE = Maintenance()


def moment_of(day: date, at: time, zone: ZoneInfo, is_first: bool) -> int:
    """ns of a time on the wall. Where the clock shows it twice it is the first or the last of them; where it
    is skipped, the moment of the jump."""
    wall = datetime.combine(day, at)
    stamps = [wall.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1)]
    if stamps[0] > stamps[1]:  # skipped: the jump lies between
        before = zone.utcoffset(wall.replace(fold=0))
        early, late = round(stamps[1]), round(stamps[0])
        while late - early > 1:
            middle = (early + late) // 2
            if datetime.fromtimestamp(middle, zone).utcoffset() == before:
                early = middle
            else:
                late = middle
        return late * SECOND_NS
    return round(stamps[0] if is_first else stamps[1]) * SECOND_NS


@lru_cache(maxsize=100_000)  # every tick of every host asks
def _include(targets: Targets, host: str, rack: str) -> bool:
    return targets.include(host, rack)
