"""What operators note of alerts: points `operator_note`, written by the command line, Grafana or any program.

operator_note,host=n07 id="…",action="ack",fault="",by="kim",text="on my way" 1767225600000000000
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, get_args

from agent.faults import FAULTS
from agent.points import Point
from agent.report.episodes import AlertEpisode

NOTE = "operator_note"
Action = Literal["ack", "true", "false", "maintenance"]
ACTIONS: tuple[Action, ...] = get_args(Action)
MAX_TEXT_CHARS = 500
_ACTION = re.compile(r"\baction (\d{1,3})\b")


@dataclass(frozen=True, slots=True)
class Note:
    """One note. `id` is that of an alert, or of an incident: then it speaks of all its alerts."""

    host: str
    action: Action
    time_ns: int
    id: str = ""
    fault: str = ""  # the true one, with `true`; with `false` only alerts of this one are meant
    by: str = ""
    text: str = ""

    def to_point(self) -> Point:
        """All fields of `operator_note`."""
        fields: dict[str, float | str] = {
            "id": self.id,
            "action": self.action,
            "fault": self.fault,
            "by": self.by,
            "text": self.text,
        }
        return Point(NOTE, {"host": self.host}, fields, self.time_ns)

    @property
    def key(self) -> str:
        """What it is told apart by: a note that is written anew with other words is another one."""
        said = "\0".join((self.host, str(self.time_ns), self.action, self.id, self.fault, self.text))
        return blake2b(said.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Signature:
    """What makes alerts of a host alike: what is said to be wrong, and the sensor that shows it most."""

    host: str
    fault: str
    sensor: str  # of the first piece of evidence, "" without one


def read_note(point: Point) -> Note | None:
    """A note as somebody wrote it: fields may be missing and texts have spaces. None where it has no action
    that is known."""
    said = {name: _clean(point.fields.get(name, "")) for name in ("id", "action", "fault", "by", "text")}
    action = next((one for one in ACTIONS if one == said["action"].lower()), None)
    if action is None:
        return None
    return Note(
        host=point.tags.get("host", "").strip(),
        action=action,
        time_ns=point.time_ns,
        id=said["id"].lower(),
        fault=said["fault"].lower(),
        by=said["by"],
        text=said["text"],
    )


def alerts_of(note: Note, alerts: Iterable[AlertEpisode]) -> list[AlertEpisode]:
    """The alerts that a note speaks of."""
    return [
        alert
        for alert in alerts
        if note.id
        and note.id in (alert.id, alert.incident)
        and (note.action != "false" or note.fault in ("", alert.fault))
    ]


def signature_of(alert: AlertEpisode) -> Signature:
    return Signature(alert.host, alert.fault, alert.evidence[0].sensor if alert.evidence else "")


def verdicts(notes: Iterable[Note], alerts: Sequence[AlertEpisode]) -> dict[str, Note]:
    """Alert id → the last `true` or `false` that was noted of it."""
    said: dict[str, Note] = {}
    for note in sorted(notes, key=lambda note: note.time_ns):
        if note.action in ("true", "false"):
            said |= {alert.id: note for alert in alerts_of(note, alerts)}
    return said


def confirmed_actions(notes: Iterable[Note], alerts: Sequence[AlertEpisode]) -> Counter[tuple[str, str]]:
    """(fault, action) → how many notes say that it put such a fault right; a fault that a note names is the
    true one."""
    told: set[tuple[str, str, str]] = set()
    said = verdicts(notes, alerts)
    for alert in alerts:
        note = said.get(alert.id)
        if note is None or note.action != "true":
            continue
        fault = note.fault or alert.fault
        actions = alert.actions if fault == alert.fault or fault not in FAULTS else FAULTS[fault].actions
        action = named_action(note.text, actions)
        if action:
            told.add((note.key, fault, action))
    return Counter((fault, action) for _, fault, action in told)


def named_action(text: str, actions: Sequence[str]) -> str:
    """The action that a note's text names, by its number (`action 2`) or its words; "" for none."""
    number = _ACTION.search(text.lower())
    if number is not None:
        at = int(number[1]) - 1
        return actions[at] if 0 <= at < len(actions) else ""
    return next((action for action in actions if action.lower() in text.lower()), "")


def _clean(value: float | str) -> str:
    """Text of a form: on one line, of bounded length, without control characters."""
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return "".join(c for c in text if c.isprintable())[:MAX_TEXT_CHARS]
