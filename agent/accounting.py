"""Counts what came in and what became of it; the sums hold at any time.

messages_in = messages_decoded + dead_letters · readings_in = used + late + duplicate + implausible ·
ticks_closed = scored + unscored. A reading that waits for a second one to agree counts when it is decided.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields

from agent.ticks import Fate


@dataclass(slots=True)
class Counts:
    """Totals since the start of whoever keeps them."""

    messages_decoded: int = 0
    dead_letters: int = 0
    used: int = 0
    late: int = 0
    duplicate: int = 0
    implausible: int = 0
    scored: int = 0
    unscored: int = 0

    @property
    def messages_in(self) -> int:
        return self.messages_decoded + self.dead_letters

    @property
    def readings_in(self) -> int:
        return self.used + self.late + self.duplicate + self.implausible

    @property
    def ticks_closed(self) -> int:
        return self.scored + self.unscored

    def add_fates(self, fates: Counter[Fate]) -> None:
        self.used += fates[Fate.USED]
        self.late += fates[Fate.LATE]
        self.duplicate += fates[Fate.DUPLICATE]
        self.implausible += fates[Fate.IMPLAUSIBLE]

    def add(self, other: Counts) -> None:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    def as_fields(self) -> dict[str, float]:
        """All counts and their sums, as `agent_health` has them."""
        counted = {each.name: float(getattr(self, each.name)) for each in fields(self)}
        sums = {name: float(getattr(self, name)) for name in ("messages_in", "readings_in", "ticks_closed")}
        return counted | sums
