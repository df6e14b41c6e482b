"""A host's clock that is off by the broker's, as a finding."""

from __future__ import annotations

from agent.alert import rfc3339
from agent.clock_offset import Skew
from agent.faults import FAULTS
from agent.findings import Evidence, Finding
from agent.intake import AHEAD_OF_RECORD_NS
from agent.report.words import say_span
from agent.rules.layout import say
from agent.scored import NOT_KNOWN
from agent.sensors import SECOND_NS
from agent.tick_points import six_digits

CLOCK_SKEW = "clock_skew"
SURE_AHEAD, SURE_BEHIND = 0.9, 0.7  # no delay makes a reading new; one that never changes makes it old


def skew_finding(host: str, skew: Skew) -> Finding:
    """The finding of kind `sensor` for a host whose clock is off."""
    off_s, limit_s = skew.offset_ns / SECOND_NS, skew.limit_ns / SECOND_NS
    is_ahead = off_s > 0
    why = (
        "its readings are newer than the moment at which the broker took them"
        if is_ahead
        else "its readings are as late whenever they come, or something holds all of them for so long"
    )
    if skew.offset_ns > AHEAD_OF_RECORD_NS:
        why += f"; those more than {say_span(AHEAD_OF_RECORD_NS)} ahead are not used"
    way = "ahead" if is_ahead else "behind"
    return Finding(
        kind="sensor",
        fault=CLOCK_SKEW,
        severity=FAULTS[CLOCK_SKEW].severity,
        confidence=SURE_AHEAD if is_ahead else SURE_BEHIND,
        basis="evidence",
        diagnosis=f"The clock of {host} is {say(round(abs(off_s), 1), 's')} {way}"
        f" (limit {say(limit_s, 's')}), as {skew.messages} messages show since {rfc3339(skew.since_ns)}"
        f" ({say_span(skew.until_ns - skew.since_ns)}): {why}.",
        evidence=(
            _row("clock_offset_s", "s", off_s, 0.0),
            _row("clock_offset_limit_s", "s", limit_s),
            _row("clock_offset_messages", "1", float(skew.messages)),
            _row("clock_offset_held_s", "s", (skew.until_ns - skew.since_ns) / SECOND_NS),
        ),
        actions=FAULTS[CLOCK_SKEW].actions,
    )


def _row(sensor: str, unit: str, seen: float, expected: float = NOT_KNOWN) -> Evidence:
    return Evidence(sensor, "other", unit, six_digits(seen), expected, "for")
