"""Which notes of operators the owner of the site has taken: each once, whenever it was restarted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from agent.notes import Note
from agent.sensors import SECOND_NS

LATE_NS = 24 * 3_600 * SECOND_NS  # a note may come so long after the time that it carries


@dataclass(slots=True)
class NoteBook:
    """Which notes have been taken; a part of the site's state."""

    newest_ns: int = 0  # of the notes that were taken; 0: none yet
    taken: dict[str, int] = field(default_factory=dict)  # key of a note → its time; of the last day

    @property
    def since_ns(self) -> int:
        """Notes from before have been taken, or will never be."""
        return max(0, self.newest_ns - LATE_NS)

    def new(self, notes: Iterable[Note]) -> list[Note]:
        """Those that have not been taken, in their order of time."""
        fresh = {note.key: note for note in notes if note.key not in self.taken}
        return sorted(
            (note for note in fresh.values() if note.time_ns >= self.since_ns),
            key=lambda note: (note.time_ns, note.key),
        )

    def take(self, notes: Sequence[Note], now_ns: int) -> None:
        """These are done. A clock that is ahead must not hide what comes next."""
        self.newest_ns = max([self.newest_ns, *(min(note.time_ns, now_ns) for note in notes)])
        self.taken |= {note.key: note.time_ns for note in notes}
        self.taken = {key: time_ns for key, time_ns in self.taken.items() if time_ns >= self.since_ns}
