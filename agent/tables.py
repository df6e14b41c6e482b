"""What a replay found, as tables for a terminal of 80 columns and more.

points ──► incident_table, host_table, summary_line ──► rich
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from agent.points import Point
from agent.report.episodes import IncidentEpisode, read_alerts, read_incidents
from agent.report.series import read_hosts
from agent.report.words import SEVERITIES, say_number, say_span, say_time, say_unit, severity_rank
from agent.terminal import plain

_STYLES = {"P1": "bold red", "P2": "yellow", "P3": "cyan", "info": "dim"}
WIDEST_WORD = 24  # columns of a fault's or a host's name; a longer one is folded
MOST_SEEN = 2  # pieces of evidence in a row; the report has them all


def incident_table(points: Sequence[Point]) -> Table:
    """A row an incident, gravest first, then by time; the caption sums them up."""
    incidents = read_incidents(points)
    table = Table(
        title="Incidents",
        title_justify="left",
        caption=summary_line(points),
        caption_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    # Two lines a row: a terminal of 80 columns must leave room for what was seen.
    longest = max((len(incident.fault) for incident in incidents), default=0)
    table.add_column("", width=4)
    table.add_column(
        "Fault, where", overflow="fold", min_width=min(longest, WIDEST_WORD), max_width=WIDEST_WORD
    )
    table.add_column("Since (UTC)", width=10)
    table.add_column("Raised after", width=7)
    table.add_column("State", overflow="fold", min_width=8, max_width=12)
    table.add_column("What was seen", overflow="fold", min_width=16)
    for incident in incidents:
        table.add_row(
            Text(incident.severity, style=_STYLES.get(incident.severity, "")),
            Text("\n").join([plain(incident.fault), plain(_say_where(incident))]),
            say_time(incident.onset_ns),
            say_span(incident.delay_ns),
            plain(incident.state),
            Text("\n").join(plain(line) for line in _say_seen(incident)),
        )
    return table


def host_table(points: Sequence[Point]) -> Table:
    """A row a host: those with alerts first, gravest first, then by highest score."""
    alerts = read_alerts(points)
    worst: dict[str, str] = {}
    for alert in alerts:
        worst.setdefault(alert.host, alert.severity)
    counts = Counter(alert.host for alert in alerts)
    hosts = read_hosts(points)
    hosts.sort(key=lambda h: (severity_rank(worst.get(h.host, "")), -h.score_max, h.host))
    table = Table(title="Hosts", title_justify="left", box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("Host", overflow="fold", min_width=12)
    table.add_column("Rack", overflow="fold")
    for heading in ("Sensors", "Ticks", "Scored", "Highest score", "Alerts"):
        table.add_column(heading, justify="right")
    table.add_column("Worst")
    table.add_column("Model", overflow="fold")
    for host in hosts:
        severity = worst.get(host.host, "")
        table.add_row(
            plain(host.host),
            plain(host.rack),
            f"{len(host.sensors):,}",
            f"{len(host.time_ns):,}",
            f"{host.scored_ticks:,}",
            f"{host.score_max:.2f}",
            str(counts[host.host]),
            Text(severity or "–", style=_STYLES.get(severity, "")),
            plain(host.model),
        )
    return table


def summary_line(points: Sequence[Point]) -> str:
    """`4 incidents (1 P1, 2 P2, 1 P3), 1 still open; 10 hosts, 23,760 ticks scored.`"""
    incidents = read_incidents(points)
    hosts = {p.tags.get("host", "") for p in points if p.measurement in ("anomaly_score", "reading")}
    counts = Counter(incident.severity for incident in incidents)
    by_severity = ", ".join(f"{counts[s]} {s}" for s in SEVERITIES if counts[s])
    found = _plural(len(incidents), "incident") if incidents else "no incidents"
    still_open = sum(incident.ended_ns is None for incident in incidents)
    ticks = sum(p.measurement == "anomaly_score" and p.fields.get("score", -1) != -1 for p in points)
    return (
        found
        + (f" ({by_severity})" if by_severity else "")
        + (f", {still_open} still open" if still_open else "")
        + f"; {_plural(len(hosts), 'host')}, {ticks:,} ticks scored."
    )


def _say_where(incident: IncidentEpisode) -> str:
    if len(incident.hosts) > 1:
        return f"{incident.place} ({len(incident.hosts)} hosts)"
    return f"{incident.place} {incident.rack}".strip()


def _say_seen(incident: IncidentEpisode) -> list[str]:
    """The strongest evidence as numbers, a line each, else the diagnosis."""
    lead = incident.lead
    if lead is None:
        return [incident.summary_en or "–"]
    seen = [e for e in lead.evidence if e.says != "against"][:MOST_SEEN]
    if not seen:
        return [lead.diagnosis or "–"]
    return [_say_evidence(e.sensor, e.unit, e.seen, e.expected) for e in seen]


def _say_evidence(sensor: str, unit: str, seen: float, expected: float) -> str:
    unit = f" {say_unit(unit)}" if say_unit(unit) else ""
    text = f"{sensor} {say_number(seen)}{unit}" if seen != -1 else f"{sensor} missing"
    return f"{text} (expected {say_number(expected)})" if expected != -1 else text


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
