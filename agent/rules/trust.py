"""Sensors that are not believed, as findings: what each sent, what was credible, and what a person checks."""

from __future__ import annotations

import math

from agent.alert import UNKNOWN, rfc3339
from agent.faults import FAULTS
from agent.findings import Evidence, Finding
from agent.report.words import say_span
from agent.rules.layout import say
from agent.scored import NOT_KNOWN, ScoredTick
from agent.tick_points import six_digits
from agent.trust.doubts import Doubt, Doubted

MOST_NAMED = 5
# A doubt's fault word, how sure it is, and what is said of the sensors that have it.
_WORDS: dict[Doubt, tuple[str, float, str]] = {
    Doubt.UNIT: ("unit_change", 0.9, "changed the unit"),
    Doubt.STUCK: ("sensor_stuck", 0.8, "stands still while the machine's load moves"),
    Doubt.DRIFT: ("sensor_drift", 0.7, "drifts away from what the other sensors imply"),
    Doubt.SWAPPED: (UNKNOWN, 0.8, "carries on where another sensor was: the two look swapped"),
    Doubt.IMPOSSIBLE: ("sensor_spike", 0.8, "sends what it cannot measure"),
    Doubt.ERRATIC: ("sensor_spike", 0.7, "jumps to and fro while nothing else moves"),
}
_ACTIONS_IF_SWAPPED = ("Check which cable goes where, and the BMC's sensor table after a firmware update",)


def find_doubted(tick: ScoredTick) -> list[Finding]:
    """A finding for each kind of doubt that the tick's sensors are in, and one for spikes that are over."""
    found = []
    for doubt in _WORDS:
        rows = [row for row in tick.doubts if row.doubt == doubt and not row.is_spike]
        if rows:
            found.append(_of_doubt(tick, doubt, rows))
    spikes = [row for row in tick.doubts if row.is_spike]
    if spikes:
        found.append(_of_spikes(tick, spikes))
    return found


def _of_doubt(tick: ScoredTick, doubt: Doubt, rows: list[Doubted]) -> Finding:
    fault, confidence, says = _WORDS[doubt]
    first = rows[0]
    value = say(first.seen, tick.units[first.column])
    since = rfc3339(min(row.since_ns for row in rows))
    detail = {
        Doubt.UNIT: f": {value.rsplit(' ', 1)[0]} now looks like {first.note}",
        Doubt.STUCK: f": {value} for {say_span(tick.time_ns - first.since_ns)}",
        Doubt.SWAPPED: f" with {first.note}",
    }.get(doubt, f": {value}")
    if math.isfinite(first.expected) and doubt != Doubt.SWAPPED:
        detail += f" (before: {say(first.expected, tick.units[first.column])})"
    return Finding(
        kind="sensor",
        fault=fault,
        severity="P3",  # unlike a spike, which is over, it needs somebody to look at it
        confidence=confidence,
        basis="evidence",
        diagnosis=f"{_names(tick, rows)} of {tick.host} {says}{detail}. Not used since {since}.",
        evidence=tuple(_evidence(tick, row) for row in rows[: 2 * MOST_NAMED]),
        actions=_ACTIONS_IF_SWAPPED if doubt == Doubt.SWAPPED else FAULTS[fault].actions,
    )


def _of_spikes(tick: ScoredTick, rows: list[Doubted]) -> Finding:
    first = rows[0]
    unit = tick.units[first.column]
    was, now = say(first.seen, unit), say(float(tick.seen[first.column]), unit)
    return Finding(
        kind="sensor",
        fault="sensor_spike",
        severity=FAULTS["sensor_spike"].severity,
        confidence=0.8,
        basis="limit",  # it is over: there is no second tick to wait for
        diagnosis=f"{_names(tick, rows)} of {tick.host} was at {was} for one reading and is back at {now}.",
        evidence=tuple(_evidence(tick, row) for row in rows[: 2 * MOST_NAMED]),
        actions=FAULTS["sensor_spike"].actions,
    )


def _names(tick: ScoredTick, rows: list[Doubted]) -> str:
    names = ", ".join(tick.sensors[row.column] for row in rows[:MOST_NAMED])
    return f"{names} and {len(rows) - MOST_NAMED} more" if len(rows) > MOST_NAMED else names


def _evidence(tick: ScoredTick, row: Doubted) -> Evidence:
    known = math.isfinite(row.expected)
    return Evidence(
        tick.sensors[row.column],
        tick.quantities[row.column],
        tick.units[row.column],
        six_digits(row.seen),
        six_digits(row.expected) if known else NOT_KNOWN,
        "for",
    )
