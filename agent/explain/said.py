"""Explanations for a terminal and for scripts."""

from __future__ import annotations

import json
import math
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from agent.explain.quiet import Quiet
from agent.explain.rescore import Explanation
from agent.incident_table import evidence_fields
from agent.narrative.measures import NOT_KNOWN
from agent.report.episodes import AlertEpisode
from agent.report.words import say_fault, say_number, say_time, say_unit
from agent.terminal import plain, printable

MOST_SENSORS = 12


def tell_alert(alert: AlertEpisode, found: Explanation | None, why_not: str, as_json: bool) -> None:
    """One alert: its evidence, and its score made again or why not."""
    if as_json:
        typer.echo(json.dumps(_alert_fields(alert, found, why_not), ensure_ascii=False))
        return
    console = Console()
    _say(console, f"{alert.host}, {alert.kind}: {say_fault(alert.fault)} ({alert.id})")
    _say(console, f"began {say_time(alert.onset_ns)} UTC, raised {say_time(alert.raised_ns)} UTC")
    _say(console, alert.diagnosis)
    if alert.evidence:
        console.print(_evidence(alert))
    if found is None:
        _say(console, f"The score cannot be made again: {why_not}.")
        return
    parts = ", ".join(f"{part} {found.scores[part]:.3g}" for part in ("lstm_ae", "gan", "linear"))
    same = "the same as then" if found.is_same else f"it was {found.score_then:.6g} then"
    _say(
        console,
        f"Scored again: {found.scores['fused']:.6g} of a threshold of {found.threshold:.3g}, {same} "
        f"({parts}).",
    )
    if found.missing_share > 0:
        _say(console, f"{found.missing_share:.0%} of the window was missing.")
    console.print(_sensors(found))


def _evidence(alert: AlertEpisode) -> Table:
    table = _table("Evidence", "Seen", "Expected", "Says")
    for one in alert.evidence:
        seen, expected = (_measured(v, one.unit, v != NOT_KNOWN) for v in (one.seen, one.expected))
        table.add_row(plain(one.sensor), seen, expected, one.says)
    return table


def _sensors(found: Explanation) -> Table:
    table = _table("What the score is made of", "Seen", "Expected", "Usual", "Share")
    for part in found.sensors[:MOST_SENSORS]:
        values = (_measured(v, part.unit, math.isfinite(v)) for v in (part.seen, part.expected, part.usual))
        table.add_row(plain(part.sensor), *values, f"{part.share:.0%}")
    return table


def _table(first: str, *columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(first, overflow="fold")
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _measured(value: float, unit: str, known: bool) -> str:
    return f"{say_number(value)} {say_unit(unit)}".strip() if known else "–"


def _say(console: Console, text: str) -> None:
    if text:
        console.print(printable(text, keep="\n"), markup=False, highlight=False)


def tell_quiet(quiet: Quiet, as_json: bool) -> None:
    """A host at a time."""
    if as_json:
        fields = {
            "host": quiet.host,
            "time_ns": quiet.at_ns,
            "tick_ns": quiet.tick_ns,
            "score": quiet.score,
            "threshold": quiet.threshold,
            "above": quiet.above,
            "top_sensor": quiet.top_sensor,
            "missing_share": quiet.missing_share,
            "alerts": [alert.id for alert in quiet.alerts],
            "reasons": list(quiet.reasons),
        }
        typer.echo(json.dumps(fields, ensure_ascii=False))
        return
    console = Console()
    what = "alert" if quiet.alerts else "no alert"
    _say(console, f"{quiet.host} at {say_time(quiet.at_ns)} UTC: {what}")
    if quiet.tick_ns:
        top = f"; {quiet.top_sensor} adds most, {quiet.top_share:.0%}" if quiet.top_sensor else ""
        _say(
            console,
            f"scored {quiet.score:.3g} of a threshold of {quiet.threshold:.3g} "
            f"at {say_time(quiet.tick_ns)} UTC{top}",
        )
    for reason in quiet.reasons:
        _say(console, f"- {reason}")


def _alert_fields(alert: AlertEpisode, found: Explanation | None, why_not: str) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "id": alert.id,
        "host": alert.host,
        "kind": alert.kind,
        "fault": alert.fault,
        "diagnosis": alert.diagnosis,
        "evidence": [evidence_fields(row) for row in alert.evidence],
    }
    if found is None:
        return fields | {"why_not": why_not}
    return fields | {
        "score": found.scores["fused"],
        "score_then": found.score_then,
        "is_same": found.is_same,
        "threshold": found.threshold,
        "parts": {part: found.scores[part] for part in ("lstm_ae", "gan", "linear")},
        "missing_share": found.missing_share,
        "sensors": _sensor_fields(found),
    }


def _sensor_fields(found: Explanation) -> list[dict[str, Any]]:
    def known(value: float) -> float | None:
        return value if math.isfinite(value) else None

    return [
        {
            "sensor": part.sensor,
            "unit": part.unit,
            "seen": known(part.seen),
            "expected": known(part.expected),
            "usual": known(part.usual),
            "share": part.share,
        }
        for part in found.sensors
    ]
