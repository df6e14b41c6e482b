"""An incident in a few English sentences that an on-call engineer can act on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.fault_words import words_of
from agent.narrative.effects import BY_TIME_EN, say_effects, say_reach
from agent.narrative.facts import (
    MOST_DIAGNOSIS,
    Facts,
    as_sentence,
    fit,
    list_names,
    say_confidence,
    shorten,
)
from agent.narrative.measures import Observed, is_known, say_row, say_value
from agent.narrative.ranking import Confirmed, rank_actions
from agent.narrative.ruled_out import RuledOut, by_reason, say_reason
from agent.report.words import say_span, say_time

MOST_ROWS = 2
MOST_ALSO = 3
SECOND_NS = 1_000_000_000
# Faults of the room and its feeds are seen on machines, not had by them.
SITE_FAULTS = frozenset(
    (
        "cooling_unit_failure",
        "chilled_water_loss",
        "recirculation",
        "overcooling",
        "humidity",
        "feed_loss",
        "phase_imbalance",
        "ups_on_battery",
    )
)
_NO_DATA = {"host_silent": "No data", "stream_silent": "No data"}
_OF_SCOPE = {"rack": "of rack {}", "row": "in row {}", "zone": "in zone {}", "pdu": "fed by PDU {}"}
_SCOPE = {"rack": "rack {}", "row": "row {}", "zone": "zone {}", "pdu": "PDU {}", "fleet": "the fleet"}


def summarize_english(facts: Facts, confirmed: Confirmed | None = None) -> str:
    """What, where, since when, how sure, why, what speaks against it, what it is not, what to do."""
    words = words_of(facts.fault)
    told = shorten(facts.diagnosis, MOST_DIAGNOSIS)
    clearest = "The clearest of them: " if facts.is_of_several and facts.scope != "collector" else ""
    parts = [
        (0, say_headline(facts)),
        (0, f"{clearest}{as_sentence(told)}" if told else ""),
        (0, BY_TIME_EN if facts.is_by_time else ""),
        (2, say_reach(facts.shown, facts.expected)),
        (3, _rows("Also seen", [row for row in facts.speaks_for if not _is_told(row, told)])),
        (4, _rows("Against it", facts.speaks_against)),
        (
            1 if facts.effects else 5,
            say_ruled([ruled for ruled in facts.ruled_out if ruled.is_seen], MOST_ROWS),
        ),
        (2, "" if facts.ended_ns else say_limit(facts)),
        (2, say_effects(facts.fault, facts.effects) if facts.effects else say_also(facts)),
    ]
    if facts.ended_ns:
        parts.append((0, f"It ended at {say_time(facts.ended_ns)} UTC."))
        return fit(parts, " ")
    actions = rank_actions(facts.fault, facts.actions, confirmed)
    parts.append((0, f"First: {as_sentence(actions[0])}" if actions else ""))
    parts.append((1, as_sentence(words.avoid_en)))
    return fit(parts, " ")


def say_headline(facts: Facts) -> str:
    """`Fan failure on n07 (rack r3) since 2026-01-01 00:00:00 UTC; P2, almost certain (90 %).`"""
    name = _NO_DATA.get(facts.fault, words_of(facts.fault).name_en)
    where = "" if facts.scope == "collector" else _say_where(facts)
    sure = say_confidence(facts.confidence)
    grade = ", ".join(part for part in (facts.severity, sure) if part)
    return f"{name}{where} since {say_time(facts.onset_ns)} UTC{f'; {grade}' if grade else ''}."


def _say_where(facts: Facts) -> str:
    hosts, many = facts.hosts, f"{len(facts.hosts):,} hosts"
    on = ", seen on" if facts.fault in SITE_FAULTS and facts.scope != "host" else " on"
    on = " from" if facts.fault in _NO_DATA else on
    if facts.scope == "stream":
        return f"{on} stream {facts.place}"
    if facts.scope == "host":
        rack = f" (rack {facts.rack})" if facts.rack else ""
        return f"{on} {list_names(hosts)} ({many})" if facts.is_of_several else f"{on} {facts.place}{rack}"
    if not facts.is_of_several:
        scope = _SCOPE.get(facts.scope, "{}").format(facts.place)
        return f"{on} {scope}" + (f" ({hosts[0]})" if hosts and hosts[0] != facts.place else "")
    of = "across the fleet" if facts.scope == "fleet" else _OF_SCOPE.get(facts.scope, "of {}")
    return f"{on} {many} {of.format(facts.place)} ({list_names(hosts)})"


def say_ruled(ruled_out: Sequence[RuledOut], most: int | None = None) -> str:
    """What it is not, with the row that says so; "" where nothing is ruled out."""
    ruled = by_reason(ruled_out, say_reason)[:most]
    told = [f"{_names(causes, ' and ')} ({reason})" for reason, causes in ruled]
    return f"Ruled out: {'; '.join(told)}." if told else ""


def say_limit(facts: Facts) -> str:
    """How long until a limit is met; "" where nobody has told."""
    if not is_known(facts.time_to_limit_s):
        return ""
    if facts.time_to_limit_s <= 0:
        return "A part is at its limit."
    soonest_s, latest_s = facts.limit_within_s
    within = (
        f"{_span(soonest_s)} to {_span(latest_s)}" if latest_s > 0 else f"{_span(soonest_s)} at the least"
    )
    return f"About {_span(facts.time_to_limit_s)} to its limit{f' ({within})' if soonest_s > 0 else ''}."


def _span(seconds: float) -> str:
    return say_span(int(seconds * SECOND_NS))


def say_also(facts: Facts) -> str:
    """What comes along with it; "" where nothing does."""
    return f"Along with it: {_names(facts.also[:MOST_ALSO])}." if facts.also else ""


def say_name(fault: str) -> str:
    """A fault within a sentence: `fan failure`, `PSU failure`."""
    name = words_of(fault).name_en
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


def _names(faults: Sequence[str], joint: str = ", ") -> str:
    return joint.join(say_name(fault) for fault in faults)


def _rows(what: str, rows: Sequence[Observed]) -> str:
    return f"{what}: {'; '.join(say_row(row) for row in rows[:MOST_ROWS])}." if rows else ""


def _is_told(row: Observed, text: str) -> bool:
    """Whether a sentence says what a row does: its value stands there."""
    value = say_value(row, row.seen) if is_known(row.seen) else row.sensor
    return re.search(rf"(?<![\d,.]){re.escape(value)}(?![\d,.]*\d)", text) is not None
