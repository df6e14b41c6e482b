"""The point of an incident, with every field that InfluxDB has of one."""

from __future__ import annotations

from collections.abc import Sequence

from agent.alert import UNKNOWN, comma_list, rfc3339
from agent.points import Point
from agent.scored import NOT_KNOWN
from agent.tick_points import six_digits


def incident_point(
    anchor: str,
    onset_ns: int,
    *,
    incident_id: str,
    state: str,
    scope: str,
    place: str,
    summary_en: str,
    summary_zh: str,
    raised_ns: int,
    ended_ns: int = 0,
    fault: str = UNKNOWN,
    severity: str = "info",
    hosts: Sequence[str] = (),
    confidence: float = NOT_KNOWN,
    ruled_out: str = "",
    time_to_limit_s: float = NOT_KNOWN,
) -> Point:
    """All fields of `incident`; what is not given is written as not known. Times are ns, 0 = not yet."""
    fields: dict[str, float | str] = {
        "id": incident_id,
        "state": state,
        "scope": scope,
        "place": place,
        "fault": fault,
        "severity": severity,
        "hosts": float(len(hosts)),
        "host_list": comma_list(hosts),
        "root_cause_confidence": six_digits(confidence),
        "ruled_out": ruled_out,
        "time_to_limit_s": six_digits(time_to_limit_s),
        "energy_kwh": NOT_KNOWN,
        "summary_en": summary_en,
        "summary_zh": summary_zh,
        "raised": rfc3339(raised_ns),
        "ended": rfc3339(ended_ns) if ended_ns else "",
    }
    return Point("incident", {"anchor": anchor}, fields, onset_ns)
