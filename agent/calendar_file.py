"""Maintenance windows from a calendar file (iCalendar, RFC 5545), as calendar programs export them.

.ics ─► events with RRULE, EXDATE, TZID ─► spans
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar

from agent.errors import ConfigError
from agent.logs import log_event
from agent.maintenance import Span, Targets, moment_of
from agent.sensors import SECOND_NS

MAX_SAID_CHARS = 200
RACK = "rack:"
NOT_HELD = "CANCELLED"
TOO_OFTEN = {"SECONDLY", "MINUTELY"}  # a slip; following it would hold up everything else
TRIED_FROM = datetime(2026, 1, 1, tzinfo=UTC)
MARGIN = timedelta(days=2)  # times without a zone may lie in any

_log = logging.getLogger(__name__)


class CalendarFile:
    """The events of one file. Each is of the hosts that its location lists, else of `others`."""

    def __init__(self, path: Path, zone: ZoneInfo, others: Targets) -> None:
        """Read the file; `zone` is that of days and of times without one.

        Raises:
            ConfigError: it cannot be read, or an event cannot be used; one line.
        """
        self._path, self._zone, self._others = path, zone, others
        self._stat = _stat(path)
        self._events = self._read()

    def renew(self) -> bool:
        """Take the file up where it has been changed; a broken one is told once, and the old one stays."""
        stat = _stat(self._path)
        if stat == self._stat:
            return False
        self._stat = stat
        try:
            self._events = self._read()
        except ConfigError as error:
            log_event(_log, logging.ERROR, "calendar is wrong, the old one stays", fault=error)
            return False
        log_event(_log, logging.INFO, "calendar taken up", file=self._path)
        return True

    def _read(self) -> Any:
        path = self._path
        try:
            calendar = Calendar.from_ical(path.read_bytes())
            fault = next(self._faults(calendar), "")
            events = recurring_ical_events.of(Calendar() if fault else calendar)
            events.between(TRIED_FROM, TRIED_FROM + MARGIN)  # what cannot be followed shows only now
        except OSError as error:
            raise ConfigError(f"maintenance: {path} cannot be read: {error.strerror}") from error
        except Exception as error:  # the library says it in many ways
            said = " ".join(str(error).split())[:MAX_SAID_CHARS]
            raise ConfigError(f"maintenance: {path} is no calendar that can be used: {said}") from error
        if fault:
            raise ConfigError(f"maintenance: {path}: {fault}")
        return events

    def spans(self, start_ns: int, end_ns: int) -> Iterable[Span]:
        start = datetime.fromtimestamp(start_ns // SECOND_NS, UTC) - MARGIN
        end = datetime.fromtimestamp(end_ns // SECOND_NS, UTC) + MARGIN
        for event in self._events.between(start, end):
            if str(event.get("STATUS", "")).upper() == NOT_HELD:
                continue
            targets = self._targets(event)
            yield Span(self._ns(event.start, True), self._ns(event.end, False), targets)

    def _targets(self, event: Any) -> Targets:
        """Hosts and racks that an event's location lists: `n01, n02, rack:r3`."""
        names = [name.strip() for name in str(event.get("LOCATION", "")).split(",") if name.strip()]
        racks = tuple(name.removeprefix(RACK).strip() for name in names if name.startswith(RACK))
        return Targets(tuple(n for n in names if not n.startswith(RACK)), racks) if names else self._others

    def _ns(self, at: date, is_first: bool) -> int:
        if not isinstance(at, datetime):
            return moment_of(at, time(), self._zone, is_first)
        if at.tzinfo is None:
            return moment_of(at.date(), at.time(), self._zone, is_first)
        return round(at.timestamp()) * SECOND_NS

    def _faults(self, calendar: Any) -> Iterator[str]:
        for event in calendar.walk("VEVENT"):
            name = str(event.get("SUMMARY", "") or event.get("UID", "") or "an event")[:60]
            if event.errors:
                key, said = event.errors[0]
                yield f"event {name!r}: {key}: {said}"
                continue
            if event.get("DTSTART") is None:
                yield f"event {name!r} has no DTSTART"
                continue
            rules = event.get("RRULE", [])
            for rule in rules if isinstance(rules, list) else [rules]:
                if {str(frequency).upper() for frequency in rule.get("FREQ", [])} & TOO_OFTEN:
                    yield f"event {name!r} comes again every minute or more often"
            for key in ("DTSTART", "DTEND"):
                zone = event.get(key).params.get("TZID") if event.get(key) is not None else None
                if zone and isinstance(event.get(key).dt, datetime) and event.get(key).dt.tzinfo is None:
                    yield f"event {name!r}: {key} is in time zone {zone!r}, which is not known"
            if self._targets(event) == Targets():
                yield f"event {name!r} names no hosts; expected a LOCATION as n0*, rack:r3, or ical_hosts"


def _stat(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
