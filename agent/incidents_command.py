"""`coldaisle incidents`: past incidents, and what operators say of them.

A note goes to InfluxDB as a point `operator_note`; the running instance that owns the site reads it there and
all obey within seconds, so a form in Grafana can write the same.
"""

from __future__ import annotations

import getpass
import json
import sys
import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from agent.config import load_config
from agent.errors import ConfigError
from agent.faults import FAULTS
from agent.feedback import LOOK_BACK_DAYS, effects, judged
from agent.incident_find import LEAST_ID_CHARS, Subject, find_subject
from agent.incident_store import FolderStore, IncidentStore, InfluxStore
from agent.incident_table import (
    alert_fields,
    in_order,
    incident_fields,
    list_table,
    note_fields,
    shown,
)
from agent.notes import MAX_TEXT_CHARS, Action, Note, alerts_of, read_note
from agent.report.episodes import AlertEpisode, IncidentEpisode, read_alerts, read_incidents
from agent.sensors import SECOND_NS
from agent.simulate.spans import read_moment, read_span

DAY_NS = 24 * 3_600 * SECOND_NS
USUAL_SINCE = "30d"

incidents_app = typer.Typer(
    help="Past incidents; acknowledging one; saying whether one was true.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


class State(StrEnum):
    """As `list` filters them."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SUPPRESSED = "suppressed"
    RESOLVED = "resolved"


class Verdict(StrEnum):
    """What an operator found."""

    TRUE = "true"
    FALSE = "false"


ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Of the running site, for its InfluxDB.")
]
OutFolder = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="In its place: what a replay or the demo wrote.")
]
AnId = Annotated[
    str, typer.Argument(metavar="ID", help=f"Of an incident or an alert; {LEAST_ID_CHARS} digits may do.")
]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who says so.  [default: you]")]
Words = Annotated[str, typer.Option("--text", metavar="TEXT", help="Kept with the note.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts.")]


@incidents_app.command("list")
def list_command(
    config: ConfigFile = None,
    out: OutFolder = None,
    states: Annotated[
        list[State] | None,
        typer.Option("--state", help="Only these; may be given again.", show_default=False),
    ] = None,
    since: Annotated[
        str,
        typer.Option(
            "--since",
            metavar="SPAN|TIME",
            help=f"As 12h, 7d or RFC 3339; open ones count too.  [default: {USUAL_SINCE}; with --out all]",
        ),
    ] = "",
    host: Annotated[str, typer.Option("--host", metavar="HOST", help="Only those of a host.")] = "",
    as_json: AsJson = False,
) -> None:
    """List incidents, open ones first, newest first.

    \b
    Example:
      coldaisle incidents list --config coldaisle.toml
      coldaisle incidents list --state open --host n07 --json --config coldaisle.toml
      coldaisle incidents list --out demo
    """
    store = _store(config, out)
    incidents = in_order(read_incidents(store.since(_since_ns(since, out))))
    if states:
        incidents = [incident for incident in incidents if incident.state in {str(s) for s in states}]
    if host:
        incidents = [
            incident
            for incident in incidents
            if host in incident.hosts or any(alert.host == host for alert in incident.alerts)
        ]
    if as_json:
        for incident in incidents:
            typer.echo(json.dumps(incident_fields(incident), ensure_ascii=False))
    elif incidents:
        Console().print(list_table(incidents))
    else:
        typer.echo("no incidents")


@incidents_app.command("show")
def show_command(
    incident_id: AnId, config: ConfigFile = None, out: OutFolder = None, as_json: AsJson = False
) -> None:
    """Show one incident: its alerts, their evidence with numbers and units, first actions, notes.

    \b
    Example:
      coldaisle incidents show 3f2a9c --config coldaisle.toml
    """
    store = _store(config, out)
    incident = find_subject(store, incident_id, "incidents").incident
    notes = _notes_of(store, incident)
    if as_json:
        fields = incident_fields(incident) | {
            "alerts": [alert_fields(alert) for alert in incident.alerts],
            "notes": [note_fields(note) for note in notes],
        }
        typer.echo(json.dumps(fields, ensure_ascii=False))
        return
    console = Console(highlight=False)
    for part in shown(incident, notes):
        console.print(part)


@incidents_app.command("ack")
def ack_command(
    incident_id: AnId,
    config: ConfigFile = None,
    out: OutFolder = None,
    by: By = "",
    text: Words = "",
    as_json: AsJson = False,
) -> None:
    """Acknowledge: say that somebody sees to it.

    All open alerts of the incident, or the one alert, become acknowledged; they resolve as ever. One that
    grows to P1 afterwards is open again.

    \b
    Example:
      coldaisle incidents ack 3f2a9c --by kim --text "spare fan is on its way" --config coldaisle.toml
    """
    if out is not None:
        raise ConfigError("incidents ack: --out is a recording, which nobody waits for; expected --config")
    store = _store(config, out)
    subject = find_subject(store, incident_id, "incidents")
    if all(alert.state == "resolved" for alert in subject.alerts):
        typer.echo(f"coldaisle: {subject.id} has ended; there is nothing to acknowledge", err=True)
        raise typer.Exit(1)
    _write(store, subject, "ack", "", by, text, as_json)


@incidents_app.command("feedback")
def feedback_command(
    incident_id: AnId,
    verdict: Annotated[Verdict, typer.Argument(metavar="true|false", help="Whether there was a fault.")],
    config: ConfigFile = None,
    out: OutFolder = None,
    fault: Annotated[
        str,
        typer.Option(
            "--fault", metavar="CLASS", help="With true: what it was. With false: only alerts of this fault."
        ),
    ] = "",
    action: Annotated[
        int,
        typer.Option(
            "--action", metavar="N", help="With true: which of the actions that `show` lists put it right."
        ),
    ] = 0,
    by: By = "",
    text: Words = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say whether an incident was true, and what helped.

    Actions that put a fault right come earlier in later summaries of such faults.

    After `false`, alerts of that host with the same fault and the same first sensor are info and
    suppressed, until `true` undoes it; hard limits and silence are told all the same. Before that it tells
    what this would have silenced in the last 90 days, and asks.

    \b
    Example:
      coldaisle incidents feedback 3f2a9c true --fault fan_failure --config coldaisle.toml
      coldaisle incidents feedback 3f2a9c true --action 3 --config coldaisle.toml
      coldaisle incidents feedback 3f2a9c false --config coldaisle.toml
    """
    if fault and fault not in FAULTS:
        raise ConfigError(f"incidents feedback: --fault is {fault!r}; expected one of {', '.join(FAULTS)}")
    store = _store(config, out)
    subject = find_subject(store, incident_id, "incidents")
    if verdict is Verdict.FALSE:
        meant = [alert for alert in subject.alerts if fault in ("", alert.fault)]
        if not meant:
            raise ConfigError(f"incidents feedback: {subject.id} has no alert of {fault}")
        _confirm(store, meant, out, yes)
    if action:
        text = _helped(subject, verdict, fault, action) + (f"; {text}" if text else "")
    _write(store, subject, "true" if verdict is Verdict.TRUE else "false", fault, by, text, as_json)


# -- one thing after the other -----------------------------------------------------------------------------


def _store(config: Path | None, out: Path | None) -> IncidentStore:
    if (config is None) == (out is None):
        raise ConfigError("incidents: expected one of --config and --out")
    return FolderStore(out) if out is not None else InfluxStore(load_config(config or Path()).influx)


def _since_ns(since: str, out: Path | None) -> int:
    if not since and out is not None:
        return 0
    since = since or USUAL_SINCE
    if since[:4].isdigit() and "-" in since:
        return round(read_moment(since, "--since", "incidents list") * SECOND_NS)
    return max(0, time.time_ns() - round(read_span(since, "--since", "incidents list") * SECOND_NS))


def _notes_of(store: IncidentStore, incident: IncidentEpisode) -> list[Note]:
    notes = [note for point in store.notes(0) if (note := read_note(point)) is not None]
    return [note for note in notes if note.id == incident.id or alerts_of(note, incident.alerts)]


def _helped(subject: Subject, verdict: Verdict, fault: str, number: int) -> str:
    """The words of a note that name the action which put a fault right."""
    if verdict is Verdict.FALSE:
        raise ConfigError("incidents feedback: --action goes with true alone; nothing was put right")
    listed = FAULTS[fault].actions if fault else max((alert.actions for alert in subject.alerts), key=len)
    if not 1 <= number <= len(listed):
        raise ConfigError(f"incidents feedback: --action is {number}; expected 1 to {len(listed)}")
    return f"action {number}"


def _confirm(store: IncidentStore, alerts: Sequence[AlertEpisode], out: Path | None, yes: bool) -> None:
    """Tell what would have been silenced, and ask."""
    if not judged(alerts):
        typer.echo("silence is told whatever is noted of it; see coldaisle hosts mute and forget", err=True)
        return
    since_ns = time.time_ns() - LOOK_BACK_DAYS * DAY_NS if out is None else 0
    when = f"of the last {LOOK_BACK_DAYS} days" if out is None else "of this recording"
    points = store.of_hosts(sorted({alert.host for alert in alerts}), since_ns)
    notes = [note for point in store.notes(0) if (note := read_note(point)) is not None]
    history = read_alerts(points)
    for effect in effects(alerts, history, notes):
        typer.echo(effect.say(when), err=True)
    if not yes:
        if not sys.stdin.isatty():
            raise ConfigError("incidents feedback: nobody can be asked here; expected --yes")
        typer.confirm("Silence alerts like these from now on?", abort=True, err=True)


def _write(
    store: IncidentStore, subject: Subject, action: Action, fault: str, by: str, text: str, as_json: bool
) -> None:
    for option, value in (("--by", by), ("--text", text)):
        if len(value) > MAX_TEXT_CHARS or not value.isprintable():
            raise ConfigError(f"incidents: {option} is no text; expected at most {MAX_TEXT_CHARS} characters")
    note = Note(subject.host, action, time.time_ns(), subject.id, fault, by or _user(), text)
    where = store.add(note.to_point())
    if as_json:
        alerts = [alert.id for alert in alerts_of(note, subject.alerts)]
        typer.echo(json.dumps({"id": subject.id, **note_fields(note), "alerts": alerts}, ensure_ascii=False))
    else:
        typer.echo(f"{subject.id}: {action} noted by {note.by or 'nobody'}, in {where}")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # no name for this user id
        return ""
