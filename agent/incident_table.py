"""Incidents for a terminal and for scripts: a row of a list, and one of them with all that is known of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from agent.alert import rfc3339
from agent.narrative.measures import NOT_KNOWN, Observed
from agent.notes import Note
from agent.report.episodes import SHARED_SCOPES, AlertEpisode, IncidentEpisode
from agent.report.words import say_fault, say_number, say_span, say_time, say_unit
from agent.terminal import plain

STATES = ("open", "acknowledged", "suppressed", "resolved")  # as a list has them
MOST_HOSTS = 3
_STYLES = {"P1": "bold red", "P2": "yellow", "P3": "cyan", "info": "dim"}


def in_order(incidents: Sequence[IncidentEpisode]) -> list[IncidentEpisode]:
    """What is open first, what has ended last; of each the newest first."""
    rank = {state: place for place, state in enumerate(STATES)}
    return sorted(incidents, key=lambda i: (rank.get(i.state, len(STATES)), -i.onset_ns, i.id))


def list_table(incidents: Sequence[IncidentEpisode]) -> Table:
    """A row an incident."""
    table = Table(title="Incidents", title_justify="left", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("Id", no_wrap=True)
    table.add_column("")
    table.add_column("State")
    for column in ("Fault", "Where"):
        table.add_column(column, overflow="fold")
    table.add_column("Since (UTC)")
    table.add_column("For", justify="right")
    for incident in incidents:
        ended_ns = incident.ended_ns
        table.add_row(
            _safe(incident.id),
            Text(incident.severity, style=_STYLES.get(incident.severity, "")),
            _safe(incident.state),
            _safe(incident.fault),
            _safe(_where(incident)),
            say_time(incident.onset_ns),
            say_span(ended_ns - incident.onset_ns) if ended_ns is not None else "",
        )
    return table


def shown(incident: IncidentEpisode, notes: Sequence[Note]) -> Iterator[Text | Table]:
    """Everything that is known of an incident, as lines and tables."""
    what = "Unusual behaviour" if incident.fault == "unknown" else say_fault(incident.fault)
    yield _safe(f"{incident.severity} {what}, {_where(incident)}: {incident.state}")
    yield _safe(incident.summary_en or (incident.lead.diagnosis if incident.lead is not None else ""))
    yield _facts(incident)
    beneath = _first_beneath(incident)
    for place, alert in enumerate(incident.alerts):
        yield Text()
        if place == beneath:
            yield Text("Beneath it, what that does to its hosts:", style="bold")
        yield _safe(_headline(alert))
        yield _safe(f"  {alert.diagnosis}")
        if alert.evidence:
            yield _evidence(alert.evidence)
        yield from (_safe(f"  {number}. {action}") for number, action in enumerate(alert.actions, start=1))
    if notes:
        yield Text()
        yield _notes(notes)


def _first_beneath(incident: IncidentEpisode) -> int:
    """The place of the first alert that the cause of an incident of several brought about; −1 for none."""
    if incident.scope not in SHARED_SCOPES or not incident.alerts:
        return -1
    return 1 if incident.alerts[0].fault == incident.fault else 0


def _headline(alert: AlertEpisode) -> str:
    stopped = ", its data stopped" if alert.data == "stale" and alert.state != "resolved" else ""
    what = f"{alert.fault}, {alert.severity}, {alert.state}{stopped}"
    return f"{alert.host}, {alert.kind}: {what} ({alert.id})"


def _facts(incident: IncidentEpisode) -> Table:
    ended_ns = incident.ended_ns
    facts = {
        "Incident": incident.id,
        "Began": f"{say_time(incident.onset_ns)} UTC",
        "Raised": f"{say_time(incident.raised_ns)} UTC, {say_span(incident.delay_ns)} later",
        "Ended": f"{say_time(ended_ns)} UTC, after {say_span(ended_ns - incident.onset_ns)}"
        if ended_ns is not None
        else "",
        "Confidence": f"{incident.confidence:.2f}" if incident.confidence != NOT_KNOWN else "",
        "Ruled out": incident.ruled_out,
        "Time to limit": say_span(round(incident.time_to_limit_s * 1e9))
        if incident.time_to_limit_s != NOT_KNOWN
        else "",
        "Energy": f"{say_number(incident.energy_kwh)} kWh" if incident.energy_kwh != NOT_KNOWN else "",
        "Hosts": ", ".join(incident.hosts) if len(incident.hosts) > 1 else "",
    }
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column()
    table.add_column(overflow="fold")
    for name, fact in facts.items():
        if fact:
            table.add_row(name, _safe(fact))
    return table


def _evidence(evidence: Sequence[Observed]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 2), pad_edge=True)
    table.add_column("Sensor", overflow="fold")
    for column in ("Seen", "Expected"):
        table.add_column(column, justify="right")
    table.add_column("Says")
    for one in evidence:
        table.add_row(
            _safe(one.sensor), _measured(one.seen, one.unit), _measured(one.expected, one.unit), one.says
        )
    return table


def _notes(notes: Sequence[Note]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for column in ("Noted (UTC)", "By", "What", "Fault", "Text"):
        table.add_column(column, overflow="fold")
    for note in notes:
        table.add_row(
            say_time(note.time_ns), *(_safe(text) for text in (note.by, note.action, note.fault, note.text))
        )
    return table


def _measured(value: float, unit: str) -> str:
    return f"{say_number(value)} {say_unit(unit)}".strip() if value != NOT_KNOWN else "–"


def _where(incident: IncidentEpisode) -> str:
    if len(incident.hosts) <= 1:
        return f"{incident.place} {incident.rack}".strip()
    some = ", ".join(incident.hosts[:MOST_HOSTS]) + (", …" if len(incident.hosts) > MOST_HOSTS else "")
    return f"{incident.place} ({len(incident.hosts)} hosts: {some})"


def _safe(text: str) -> Text:
    """Diagnoses and notes may have several lines."""
    return plain(text, keep="\n")


# -- for scripts -------------------------------------------------------------------------------------------


def incident_fields(incident: IncidentEpisode) -> dict[str, Any]:
    """One incident with names, units and times as its points have them; what is not known is null."""
    return {
        "id": incident.id,
        "state": incident.state,
        "severity": incident.severity,
        "fault": incident.fault,
        "scope": incident.scope,
        "place": incident.place,
        "hosts": list(incident.hosts),
        "onset": rfc3339(incident.onset_ns),
        "raised": rfc3339(incident.raised_ns),
        "ended": rfc3339(incident.ended_ns) if incident.ended_ns is not None else None,
        "confidence": _known(incident.confidence),
        "ruled_out": incident.ruled_out,
        "time_to_limit_s": _known(incident.time_to_limit_s),
        "energy_kwh": _known(incident.energy_kwh),
        "summary_en": incident.summary_en,
        "summary_zh": incident.summary_zh,
        "alerts": [alert.id for alert in incident.alerts],
    }


def alert_fields(alert: AlertEpisode) -> dict[str, Any]:
    """One alert in the same way, with its evidence."""
    return {
        "id": alert.id,
        "host": alert.host,
        "rack": alert.rack,
        "kind": alert.kind,
        "state": alert.state,
        "data": alert.data,
        "severity": alert.severity,
        "fault": alert.fault,
        "also": list(alert.also),
        "confidence": _known(alert.confidence),
        "score": _known(alert.score),
        "diagnosis": alert.diagnosis,
        "evidence": [evidence_fields(one) for one in alert.evidence],
        "actions": list(alert.actions),
        "onset": rfc3339(alert.onset_ns),
        "raised": rfc3339(alert.raised_ns),
        "ended": rfc3339(alert.ended_ns) if alert.ended_ns is not None else None,
    }


def note_fields(note: Note) -> Mapping[str, Any]:
    """One note with the time at which it was written."""
    return {
        "at": rfc3339(note.time_ns),
        "action": note.action,
        "fault": note.fault,
        "by": note.by,
        "text": note.text,
    }


def evidence_fields(row: Observed) -> dict[str, Any]:
    """A row of evidence; what is not known is null."""
    return {
        "sensor": row.sensor,
        "quantity": row.quantity,
        "unit": row.unit,
        "seen": _known(row.seen),
        "expected": _known(row.expected),
        "says": row.says,
    }


def _known(value: float) -> float | None:
    return value if value != NOT_KNOWN else None
