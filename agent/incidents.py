"""The one owner of the whole site: alerts of one cause become one incident, and silence is told.

AlertChanged ─────────────────────────► join ──► Incident ──► points `incident`, `alert.incident`
HostSummary, SourceMark ─► Silence ──────┘
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from agent.alerts import RETURN_NS, UNKNOWN, Alert, alert_id, graver, rfc3339, severity_rank
from agent.findings import Severity
from agent.narrative import summarize_chinese, summarize_english
from agent.points import Point
from agent.scored import NOT_KNOWN
from agent.silence import Silence
from agent.site_events import AlertChanged, HostSummary, SiteEvent
from agent.tick_points import six_digits

Scope = Literal["host", "collector", "stream"]


@dataclass(slots=True)
class Incident:
    """Alerts of one cause. `anchor` and `onset_ns` are its identity and never change."""

    id: str
    anchor: str
    onset_ns: int
    scope: Scope
    place: str
    severity: Severity
    members: list[Alert]

    @property
    def is_open(self) -> bool:
        return any(alert.is_open for alert in self.members)

    @property
    def ended_ns(self) -> int:
        """When its last alert ended; 0 while one is open."""
        return 0 if self.is_open else max(alert.ended_ns for alert in self.members)

    @property
    def lead(self) -> Alert:
        """The alert that tells it: one with a name before `unknown`, the gravest, the first."""
        return min(self.members, key=lambda a: (a.fault == UNKNOWN, severity_rank(a.severity), a.onset_ns))

    def has(self, alert: Alert) -> bool:
        return any(member.id == alert.id for member in self.members)

    def put(self, alert: Alert) -> None:
        """Take an alert in, in the place of what was known of it."""
        self.members = [member for member in self.members if member.id != alert.id] + [alert]
        self.severity = graver(self.severity, alert.severity)

    def to_point(self) -> Point:
        """All fields of `incident`."""
        lead, ended_ns = self.lead, self.ended_ns
        hosts = sorted({alert.host for alert in self.members})
        fault = "collector_silent" if self.scope == "collector" else lead.fault
        fields: dict[str, float | str] = {
            "id": self.id,
            "state": "open" if self.is_open else "resolved",
            "scope": self.scope,
            "place": self.place,
            "fault": fault,
            "severity": self.severity,
            "hosts": float(len(hosts)) if self.scope != "stream" else 0.0,
            "host_list": ",".join(hosts) if self.scope != "stream" else "",
            "root_cause_confidence": six_digits(lead.confidence),
            "ruled_out": "",
            "time_to_limit_s": NOT_KNOWN,
            "energy_kwh": NOT_KNOWN,
            "summary_en": summarize_english(fault, self.place, hosts, lead, ended_ns),
            "summary_zh": summarize_chinese(fault, self.place, hosts, lead, ended_ns),
            "raised": rfc3339(min(alert.raised_ns for alert in self.members)),
            "ended": rfc3339(ended_ns) if ended_ns else "",
        }
        return Point("incident", {"anchor": self.anchor}, fields, self.onset_ns)

    def link(self, alert: Alert) -> Point:
        """The partial write that tells an alert its incident."""
        return Point("alert", {"host": alert.host, "kind": alert.kind}, {"incident": self.id}, alert.onset_ns)


@dataclass(slots=True)
class SiteState:
    """Everything that the site's owner knows; its record in the state topic."""

    now_ns: int = 0  # the newest time that any event told
    silence: Silence = field(default_factory=Silence)
    newest: dict[str, Incident] = field(default_factory=dict)  # of each host, or of a source as a stream
    collectors: dict[str, Incident] = field(default_factory=dict)  # of each source, the newest


class Site:
    """Takes the events of all pipelines in their order; a deterministic function of them."""

    def __init__(self, state: SiteState | None = None) -> None:
        self._state = state if state is not None else SiteState()

    @classmethod
    def restore(cls, state: SiteState) -> Site:
        """The site as it stood when `state` was taken."""
        return cls(state)

    def state(self) -> SiteState:
        """Its state, to be encoded before the next event."""
        return self._state

    def observe(self, event: SiteEvent) -> list[Point]:
        """Take the next event; the points that it changed."""
        if isinstance(event, AlertChanged):
            self._see(event.alert.ended_ns or event.alert.raised_ns)
            return self._join(event.alert.copy())
        self._see(event.time_ns)
        if isinstance(event, HostSummary):
            return self._write_silences(self._state.silence.hear(event))
        verdict = self._state.silence.mark(event)
        if verdict.is_collector:
            hosts = [alert for alert in verdict.alerts if alert.fault == "host_silent"]
            others = [alert for alert in verdict.alerts if alert.fault != "host_silent"]
            return self._write_silences(others) + self._join_collector(event.source, hosts)
        return self._write_silences(verdict.alerts)

    def recent(self) -> list[Point]:
        """What is open and what ended in the last 30 min: incidents, their links, silence alerts."""
        incidents = [*self._state.newest.values(), *self._state.collectors.values()]
        points = []
        for incident in incidents:
            if self._is_recent(incident.ended_ns):
                points.append(incident.to_point())
                points.extend(incident.link(alert) for alert in incident.members)
        silences = self._state.silence.alerts()
        return points + [alert.to_point() for alert in silences if self._is_recent(alert.ended_ns)]

    def _is_recent(self, ended_ns: int) -> bool:
        return ended_ns == 0 or self._state.now_ns - ended_ns <= RETURN_NS

    def _see(self, time_ns: int) -> None:
        self._state.now_ns = max(self._state.now_ns, time_ns)

    def _write_silences(self, alerts: Sequence[Alert]) -> list[Point]:
        points = []
        for alert in alerts:
            points.append(alert.to_point())
            points.extend(self._join(alert))
        return points

    def _join(self, alert: Alert) -> list[Point]:
        """Put an alert into the incident that has it, or its host's present one, or a new one."""
        for incident in (*self._state.collectors.values(), self._state.newest.get(alert.host)):
            if incident is not None and incident.has(alert):
                incident.put(alert)
                return [incident.to_point()]
        incident = self._state.newest.get(alert.host)
        if incident is None or (incident.ended_ns and alert.onset_ns - incident.ended_ns > RETURN_NS):
            scope: Scope = "stream" if alert.fault == "stream_silent" else "host"
            incident = self._state.newest[alert.host] = _begin(alert, scope, alert.host)
        else:
            incident.put(alert)
        return [incident.to_point(), incident.link(alert)]

    def _join_collector(self, source: str, alerts: Sequence[Alert]) -> list[Point]:
        """Hosts of one source that fell silent together: one incident, whatever else their hosts have."""
        incident = self._state.collectors.get(source)
        onset_ns = min(alert.onset_ns for alert in alerts)
        if incident is None or (incident.ended_ns and onset_ns - incident.ended_ns > RETURN_NS):
            first = min(alerts, key=lambda a: (a.onset_ns, a.host))
            incident = self._state.collectors[source] = _begin(first, "collector", source)
        points = []
        for alert in alerts:
            incident.put(alert)
            points += [alert.to_point(), incident.link(alert)]
        return [incident.to_point(), *points]


def _begin(alert: Alert, scope: Scope, place: str) -> Incident:
    return Incident(
        id=alert_id(alert.host, alert.onset_ns),
        anchor=alert.host,
        onset_ns=alert.onset_ns,
        scope=scope,
        place=place,
        severity=alert.severity,
        members=[alert],
    )
