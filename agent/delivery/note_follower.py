"""Reads operators' notes from InfluxDB beside the main loop, which must not wait for an answer."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from agent.errors import ColdaisleError
from agent.incident_store import InfluxStore
from agent.logs import log_event
from agent.note_book import NoteBook
from agent.notes import Note, read_note
from agent.report.episodes import AlertEpisode, read_alerts

EVERY_S = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """New notes, in their order of time, and the alerts that they name."""

    notes: tuple[Note, ...]
    alerts: tuple[AlertEpisode, ...]


class NoteFollower:
    """Owned by the main loop's thread; one query is under way at most."""

    def __init__(self, store: InfluxStore, now_s: Callable[[], float] = time.monotonic) -> None:
        self._store, self._now_s = store, now_s
        self._due_s = now_s()
        self._thread: threading.Thread | None = None
        self._heard: Heard | None = None
        self._fault = ""

    def poll(self, book: NoteBook) -> Heard | None:
        """New notes, if there are any; begins to look when it is time. Does not wait."""
        if self._thread is not None and self._thread.is_alive():
            return None
        heard, self._heard, self._thread = self._heard, None, None
        if heard is not None:  # the book may be another one by now
            fresh = book.new(heard.notes)
            return Heard(tuple(fresh), heard.alerts) if fresh else None
        if self._now_s() >= self._due_s:
            self._due_s = self._now_s() + EVERY_S
            seen = NoteBook(book.newest_ns, dict(book.taken))
            self._thread = threading.Thread(target=self._look, args=(seen,), name="notes", daemon=True)
            self._thread.start()
        return None

    def _look(self, book: NoteBook) -> None:
        try:
            self._heard = hear(self._store, book)
            fault = ""
        except ColdaisleError as error:
            fault = str(error)
        if fault and not self._fault:
            log_event(_log, logging.WARNING, "notes of operators cannot be read", reason=fault)
        self._fault = fault


def hear(store: InfluxStore, book: NoteBook) -> Heard | None:
    """What is new in InfluxDB; None for nothing.

    Raises:
        InfluxError: no answer, or the token may not read.
    """
    points = store.notes(book.since_ns)
    notes = book.new(note for point in points if (note := read_note(point)) is not None)
    if not notes:
        return None
    alerts = read_alerts(store.alerts_of(note.id for note in notes if note.id))
    return Heard(tuple(notes), tuple(alerts))
