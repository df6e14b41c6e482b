"""Alerts and incidents read back from their points, with each alert under its incident.

points ──read_alerts──► [AlertEpisode] ──read_incidents──► [IncidentEpisode(alerts)]
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.points import Point
from agent.report.words import severity_rank

SHARED_SCOPES = ("rack", "row", "zone", "pdu", "fleet")  # of causes that are none of one host
NOT_KNOWN = -1.0
MICROSECOND_NS = 1_000


@dataclass(frozen=True, slots=True)
class SeenEvidence:
    """One observation for or against a diagnosis, as the alert's point holds it; −1 = not known."""

    sensor: str
    quantity: str
    unit: str
    seen: float
    expected: float
    says: str


@dataclass(frozen=True, slots=True)
class AlertEpisode:
    """One abnormal episode of a host; times in ns UTC, `ended_ns` None while it is open."""

    id: str
    host: str
    rack: str
    kind: str
    fault: str
    also: tuple[str, ...]
    severity: str
    state: str
    data: str
    score: float
    confidence: float
    diagnosis: str
    evidence: tuple[SeenEvidence, ...]
    actions: tuple[str, ...]
    onset_ns: int
    raised_ns: int
    ended_ns: int | None
    incident: str


@dataclass(frozen=True, slots=True)
class IncidentEpisode:
    """Alerts of one cause, the telling one first. An alert without an incident stands as one of its own."""

    id: str
    scope: str
    place: str
    fault: str
    severity: str
    state: str
    confidence: float
    hosts: tuple[str, ...]
    ruled_out: str
    time_to_limit_s: float
    energy_kwh: float
    summary_en: str
    summary_zh: str
    onset_ns: int
    raised_ns: int
    ended_ns: int | None
    alerts: tuple[AlertEpisode, ...]

    @property
    def delay_ns(self) -> int:
        """From the first tick above the threshold to the tick that raised it."""
        return max(0, self.raised_ns - self.onset_ns)

    @property
    def lead(self) -> AlertEpisode | None:
        """The alert that tells the incident: of its own fault, gravest and earliest."""
        return self.alerts[0] if self.alerts else None

    @property
    def rack(self) -> str:
        """The rack of a host's incident, else ""."""
        rack = self.lead.rack if self.lead and self.scope == "host" else ""
        return rack if rack != self.place else ""


def read_alerts(points: Iterable[Point]) -> list[AlertEpisode]:
    """All alerts, gravest first, then by onset and host."""
    alerts = [_read_alert(point) for point in points if point.measurement == "alert"]
    return sorted(alerts, key=lambda a: (severity_rank(a.severity), a.onset_ns, a.host, a.kind))


def read_incidents(points: Sequence[Point]) -> list[IncidentEpisode]:
    """All incidents and all alerts that have none, gravest first, then by onset."""
    members: dict[str, list[AlertEpisode]] = defaultdict(list)
    known = {_text(p, "id") for p in points if p.measurement == "incident"}
    incidents = []
    for alert in read_alerts(points):
        if alert.incident in known:
            members[alert.incident].append(alert)
        else:
            incidents.append(_stand_alone(alert))
    told = (point for point in points if point.measurement == "incident")
    incidents.extend(_read_incident(point, members[_text(point, "id")]) for point in told)
    return sorted(incidents, key=lambda i: (severity_rank(i.severity), i.onset_ns, i.place, i.id))


def _read_alert(point: Point) -> AlertEpisode:
    return AlertEpisode(
        id=_text(point, "id"),
        host=point.tags.get("host", ""),
        rack=_text(point, "rack"),
        kind=point.tags.get("kind", ""),
        fault=_text(point, "fault") or "unknown",
        also=_split(_text(point, "also")),
        severity=_text(point, "severity"),
        state=_text(point, "state"),
        data=_text(point, "data"),
        score=_number(point, "score"),
        confidence=_number(point, "confidence"),
        diagnosis=_text(point, "diagnosis"),
        evidence=_read_evidence(_text(point, "evidence")),
        actions=tuple(line.strip() for line in _text(point, "actions").splitlines() if line.strip()),
        onset_ns=point.time_ns,
        raised_ns=_time_ns(_text(point, "raised"), point.time_ns),
        ended_ns=_end_ns(point),
        incident=_text(point, "incident"),
    )


def _read_incident(point: Point, alerts: list[AlertEpisode]) -> IncidentEpisode:
    fault, anchor = _text(point, "fault") or "unknown", point.tags.get("anchor", "")
    is_shared = _text(point, "scope") in SHARED_SCOPES  # then the surest leads: the unit before its hosts
    telling = sorted(
        alerts,
        key=lambda a: (
            a.fault != fault,
            severity_rank(a.severity),
            -a.confidence if is_shared else 0.0,
            a.onset_ns,
            a.host != anchor,
        ),
    )
    return IncidentEpisode(
        id=_text(point, "id"),
        scope=_text(point, "scope"),
        place=_text(point, "place") or anchor,
        fault=fault,
        severity=_text(point, "severity"),
        state=_text(point, "state"),
        confidence=_number(point, "root_cause_confidence"),
        hosts=_split(_text(point, "host_list")) or tuple(dict.fromkeys(a.host for a in telling)),
        ruled_out=_text(point, "ruled_out"),
        time_to_limit_s=_number(point, "time_to_limit_s"),
        energy_kwh=_number(point, "energy_kwh"),
        summary_en=_text(point, "summary_en"),
        summary_zh=_text(point, "summary_zh"),
        onset_ns=point.time_ns,
        raised_ns=_time_ns(_text(point, "raised"), point.time_ns),
        ended_ns=_end_ns(point),
        alerts=tuple(telling),
    )


def _stand_alone(alert: AlertEpisode) -> IncidentEpisode:
    return IncidentEpisode(
        id=alert.id,
        scope="host",
        place=alert.host,
        fault=alert.fault,
        severity=alert.severity,
        state=alert.state,
        confidence=alert.confidence,
        hosts=(alert.host,),
        ruled_out="",
        time_to_limit_s=NOT_KNOWN,
        energy_kwh=NOT_KNOWN,
        summary_en="",
        summary_zh="",
        onset_ns=alert.onset_ns,
        raised_ns=alert.raised_ns,
        ended_ns=alert.ended_ns,
        alerts=(alert,),
    )


def _read_evidence(text: str) -> tuple[SeenEvidence, ...]:
    """The evidence of an alert's field; one that is not a JSON list of objects counts as none."""
    try:
        rows = json.loads(text or "[]")
    except ValueError:
        return ()
    return tuple(
        SeenEvidence(
            sensor=str(row.get("sensor", "")),
            quantity=str(row.get("quantity", "")),
            unit=str(row.get("unit", "")),
            seen=_float(row.get("seen")),
            expected=_float(row.get("expected")),
            says=str(row.get("says", "")),
        )
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    )


def _end_ns(point: Point) -> int | None:
    ended = _text(point, "ended")
    return _time_ns(ended, point.time_ns) if ended else None


def _time_ns(text: str, default_ns: int) -> int:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return default_ns
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    # Whole seconds and microseconds apart: a float of ns would be off by hundreds of ns.
    return int(time.replace(microsecond=0).timestamp()) * 1_000_000_000 + time.microsecond * MICROSECOND_NS


def _text(point: Point, field: str) -> str:
    value = point.fields.get(field, "")
    return value if isinstance(value, str) else ""


def _number(point: Point, field: str) -> float:
    return _float(point.fields.get(field))


def _float(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else NOT_KNOWN


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
