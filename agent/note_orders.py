"""From notes of operators to what every instance is told.

Note ─► order_notes ─► records and events of controls (agent/controls.py)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from fnmatch import fnmatchcase

from agent.controls import Controls, ack_key, encode_control, judged_key
from agent.errors import ConfigError
from agent.feedback import judged
from agent.host_commands import MOST_NS, OLD_NS, Order, mute_host, old_keys
from agent.notes import Note, alerts_of, signature_of
from agent.report.episodes import AlertEpisode
from agent.sensors import SECOND_NS
from agent.simulate.spans import read_span
from agent.site_events import AlertAcknowledged, AlertsJudged

USUAL_MAINTENANCE = "4h"


def order_notes(
    notes: Iterable[Note],
    alerts: Sequence[AlertEpisode],
    controls: Controls,
    hosts: Collection[str],
    now_ns: int,
) -> Order:
    """What notes ask of the instances. `alerts` are those that they name, `hosts` all that are known."""
    order = Order([], "", {})
    for note in notes:
        named = alerts_of(note, alerts)
        if note.action == "ack":
            _acknowledge(order, note, named, now_ns)
        elif note.action == "maintenance":
            _maintain(order, note, controls, hosts, now_ns)
        else:
            _judge(order, note, named)
    if order.records:
        for key in old_keys(controls, now_ns):
            order.records.setdefault(key, None)
    return order


def _acknowledge(order: Order, note: Note, alerts: Sequence[AlertEpisode], now_ns: int) -> None:
    if note.time_ns < now_ns - OLD_NS:
        return
    for alert in alerts:
        if alert.state != "resolved":
            ack = AlertAcknowledged(alert.host, alert.id, note.time_ns, note.by)
            order.records[ack_key(alert.id)] = encode_control(ack)
            order.events.append(ack)


def _judge(order: Order, note: Note, alerts: Sequence[AlertEpisode]) -> None:
    for signature in dict.fromkeys(signature_of(alert) for alert in judged(alerts)):
        verdict = AlertsJudged(
            signature.host,
            signature.fault,
            signature.sensor,
            note.time_ns,
            note.action == "false",
            note.by,
        )
        order.records[judged_key(verdict)] = encode_control(verdict)
        order.events.append(verdict)


def _maintain(order: Order, note: Note, controls: Controls, hosts: Collection[str], now_ns: int) -> None:
    """Mute the hosts that the note's host, which may have wildcards, names; 0 ends it."""
    span_s, reason = read_maintenance(note)
    until_ns = note.time_ns + min(round(span_s * SECOND_NS), MOST_NS)
    has_wildcard = any(sign in note.host for sign in "*?[")
    named = [host for host in sorted(hosts) if fnmatchcase(host, note.host)] if has_wildcard else [note.host]
    for host in named:
        known = controls.mutes.get(host)
        is_end = span_s == 0 and known is not None and known.until_ns > note.time_ns
        if host and (until_ns > now_ns or is_end):
            mute_host(order, controls, host, note.time_ns, until_ns, reason)


def read_maintenance(note: Note) -> tuple[float, str]:
    """How many seconds, and why: `2h firmware`. Without a span it is four hours."""
    first, _, rest = note.text.partition(" ")
    try:
        return read_span(first, "text", "operator_note"), rest.strip()
    except ConfigError:
        return read_span(USUAL_MAINTENANCE, "text"), note.text
