"""Which hosts need a new record, and how far back a restart must read.

    record of a host (offset s) + log from s on  ═  the host now

So nothing needs writing at most commits: a host's record is renewed when reading again from it would take too
long. A partition's rewind offset is the oldest record among the hosts that have changed since theirs.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

RENEW_FROM, RENEW_TO = 0.4, 0.8  # of rewind_s: hosts are spread between, so that they do not all come at once


@dataclass(frozen=True, slots=True)
class Stamp:
    """The record that a host has: every message below `offset` is in it."""

    offset: int
    event_ns: int  # the source's event time then


@dataclass(slots=True)
class Checkpoints:
    """The records of the hosts (or the site) of one source."""

    rewind_ns: int
    stamps: dict[str, Stamp] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)  # since their records

    def restore(self, name: str, offset: int, event_ns: int) -> None:
        """A record was read back."""
        self.stamps[name] = Stamp(offset, event_ns)

    def touch(self, names: Iterable[str]) -> None:
        """These have changed."""
        self.changed.update(names)

    def renew(self, name: str) -> None:
        """Something was done to it that its log does not tell: its record is due at the next commit."""
        self.changed.add(name)
        self.stamps.pop(name, None)

    def forget(self, name: str) -> None:
        """It is gone, and its record with it."""
        self.changed.discard(name)
        self.stamps.pop(name, None)

    def due(self, event_ns: int) -> list[str]:
        """Who needs a new record at a commit at this event time of the source."""
        return sorted(name for name in self.changed if self._is_due(name, event_ns))

    def _is_due(self, name: str, event_ns: int) -> bool:
        stamp = self.stamps.get(name)
        if stamp is None:
            return True
        share = RENEW_FROM + (RENEW_TO - RENEW_FROM) * (zlib.crc32(name.encode()) % 1000) / 1000
        return abs(event_ns - stamp.event_ns) > share * self.rewind_ns  # a backfill goes back

    def stamp(self, names: Iterable[str], offset: int, event_ns: int) -> None:
        """New records of these go into the transaction that commits `offset`."""
        for name in names:
            self.stamps[name] = Stamp(offset, event_ns)
            self.changed.discard(name)

    def rewind_to(self, offset: int) -> int:
        """Where a restart must read from when `offset` is committed, with a record of each that has none."""
        stamps = (self.stamps.get(name) for name in self.changed)
        return min((stamp.offset for stamp in stamps if stamp is not None), default=offset)
