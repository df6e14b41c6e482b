"""Where a host says that it stands: the rack and row in the tags of its messages, until an inventory tells.

A place counts from the reading on that first came with it, in the order of the host's own log. The tags of
two collectors may disagree for good, so a place that was told before is no news: the newest new one counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MOST_NAMES = 16  # a host that tells more has tags that are no places


@dataclass(slots=True)
class ToldPlace:
    """The places of one host, in the order in which they were first told; a part of its state."""

    racks: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)

    @property
    def rack(self) -> str:
        return self.racks[-1] if self.racks else ""

    @property
    def row(self) -> str:
        return self.rows[-1] if self.rows else ""

    def hear(self, place: Mapping[str, str]) -> None:
        """Take what a message's tags tell: `rack`, `row` or both."""
        for names, told in ((self.racks, place.get("rack", "")), (self.rows, place.get("row", ""))):
            if told and told not in names and len(names) < MOST_NAMES:
                names.append(told)


@dataclass(frozen=True, slots=True)
class Told:
    """A place that tags told for the first time: `message` is its index in the decoded batch."""

    message: int
    host: str
    place: Mapping[str, str]
