"""The one owner of the whole site: alerts of one cause become one incident, and silence is told.

AlertChanged ─────────────────────────► join ──► Incident ──► points `incident`, `alert.incident`
HostSummary, SourceMark ─► Silence ──────┘
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from agent.alert import UNKNOWN, Alert, State, alert_id, comma_list, graver, rfc3339, severity_rank
from agent.alerts import MINUTE_NS, RETURN_NS
from agent.findings import Severity
from agent.maintenance import NO_MAINTENANCE, Maintenance
from agent.narrative import Facts, facts_of, say_ruled_out, summarize_chinese, summarize_english
from agent.note_book import NoteBook
from agent.points import Point
from agent.rack_air import RackAir
from agent.scored import NOT_KNOWN
from agent.silence import Silence, Verdict
from agent.silence_commands import acknowledge_silence, forget_silence, mute_silence
from agent.silent_groups import SilentGroup
from agent.site_events import (
    AlertAcknowledged,
    AlertChanged,
    Command,
    HostForgotten,
    HostMuted,
    HostSummary,
    SiteEvent,
)
from agent.storm import HELD_SEVERITIES, STORM_INCIDENTS, Storm
from agent.tick_points import six_digits

STATES: tuple[State, ...] = ("open", "acknowledged", "suppressed", "resolved")
Scope = Literal["host", "rack", "collector", "stream"]
TOGETHER_NS = 5 * MINUTE_NS  # what begins within this on one host has one cause
RACK_NS = 5 * MINUTE_NS  # one after the other within this, the same fault of a rack's hosts has one cause
RACK_HOSTS = 3  # so many are the rack's incident and no longer the first host's
KEEP_NS = 24 * 60 * MINUTE_NS  # ended incidents are remembered for a day: partitions may be hours apart


@dataclass(slots=True)
class Incident:
    """Alerts of one cause. `anchor` and `onset_ns` are its identity and never change."""

    id: str
    anchor: str
    onset_ns: int
    scope: Scope
    place: str
    severity: Severity
    members: dict[str, Alert]  # by id
    together: list[str] = field(default_factory=list)  # hosts that one alert tells of
    silent: list[str] = field(default_factory=list)  # those of them that are not back

    @property
    def is_open(self) -> bool:
        return any(alert.is_open for alert in self.members.values())

    @property
    def state(self) -> State:
        """Open while one of its alerts is; acknowledged where somebody sees to all of them."""
        states = {alert.state for alert in self.members.values()}
        return next(state for state in STATES if state in states)

    @property
    def ended_ns(self) -> int:
        """When its last alert ended; 0 while one is open."""
        return 0 if self.is_open else max(alert.ended_ns for alert in self.members.values())

    @property
    def lead(self) -> Alert:
        """The alert that tells it: one with a name before `unknown`, the gravest, the first."""
        return min(
            self.members.values(),
            key=lambda a: (a.fault == UNKNOWN, severity_rank(a.severity), a.onset_ns, a.host),
        )

    @property
    def hosts(self) -> list[str]:
        return sorted({*self.together, *(alert.host for alert in self.members.values())})

    def put(self, alert: Alert) -> None:
        """Take an alert in, in the place of what was known of it; with enough hosts it is the rack's."""
        self.members[alert.id] = alert
        self.severity = graver(self.severity, alert.severity)
        if self.scope == "host" and alert.rack and len(self.hosts) >= RACK_HOSTS:
            self.scope, self.place = "rack", alert.rack

    def is_of(self, alert: Alert) -> bool:
        """Whether the alert began it, or it is of silence alone."""
        began = (self.anchor, self.onset_ns) == (alert.host, alert.onset_ns)
        return began or all(member.kind == "silence" for member in self.members.values())

    def gather(self, group: SilentGroup) -> None:
        """Take in the alert of hosts that fell silent together, and them with it."""
        self.scope, self.place = "collector", group.place
        self.together, self.silent = group.hosts, group.silent
        self.put(group.alert.copy())

    def to_point(self) -> Point:
        """All fields of `incident`."""
        lead, ended_ns, hosts = self.lead, self.ended_ns, self.hosts
        facts = self._facts(lead, hosts, ended_ns)
        fields: dict[str, float | str] = {
            "id": self.id,
            "state": self.state,
            "scope": self.scope,
            "place": self.place,
            "fault": facts.fault,
            "severity": self.severity,
            "hosts": float(len(hosts)) if self.scope != "stream" else 0.0,
            "host_list": comma_list(hosts) if self.scope != "stream" else "",
            "root_cause_confidence": six_digits(lead.confidence),
            "ruled_out": say_ruled_out(facts.ruled_out),
            "time_to_limit_s": NOT_KNOWN,
            "energy_kwh": NOT_KNOWN,
            "summary_en": summarize_english(facts),
            "summary_zh": summarize_chinese(facts),
            "raised": rfc3339(min(alert.raised_ns for alert in self.members.values())),
            "ended": rfc3339(ended_ns) if ended_ns else "",
        }
        return Point("incident", {"anchor": self.anchor}, fields, self.onset_ns)

    def _facts(self, lead: Alert, hosts: Sequence[str], ended_ns: int) -> Facts:
        fault = "collector_silent" if self.scope == "collector" else lead.fault
        members = sorted(self.members.values(), key=lambda a: (a.onset_ns, a.host, a.kind))
        return facts_of(
            fault, self.scope, self.place, self.severity, hosts, lead, members, ended_ns, self.silent
        )

    def link(self, alert: Alert) -> Point:
        """The partial write that tells an alert its incident."""
        return Point("alert", {"host": alert.host, "kind": alert.kind}, {"incident": self.id}, alert.onset_ns)


@dataclass(slots=True)
class RackFault:
    """The last incident in which a rack had a fault, and when a host of it raised that last."""

    incident: str
    raised_ns: int


@dataclass(slots=True)
class SiteState:
    """Everything that the site's owner knows; its record in the state topic."""

    now_ns: int = 0  # the newest time that any event told
    silence: Silence = field(default_factory=Silence)
    incidents: dict[str, Incident] = field(default_factory=dict)  # by id: open, or ended within a day
    of_alert: dict[str, str] = field(default_factory=dict)  # alert → its incident
    newest: dict[str, str] = field(default_factory=dict)  # host, or source as a stream → its incident
    racks: dict[str, RackFault] = field(default_factory=dict)  # "rack|fault" → where it was seen last
    notes: NoteBook = field(default_factory=NoteBook)
    storm: Storm = field(default_factory=Storm)
    rack_air: RackAir = field(default_factory=RackAir)


class Site:
    """Takes the events of all pipelines in their order; a deterministic function of them."""

    def __init__(
        self,
        state: SiteState | None = None,
        maintenance: Maintenance = NO_MAINTENANCE,
        storm_incidents: int = STORM_INCIDENTS,
    ) -> None:
        self._state = state if state is not None else SiteState()
        self.maintenance, self.storm_incidents = maintenance, storm_incidents

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
            return [*self._calm(), *self._join(event.alert.copy())]
        if isinstance(event, Command):
            return self._obey(event)
        self._see(event.time_ns)
        silence, calm = self._state.silence, self._calm()
        if isinstance(event, HostSummary):
            warmed = Verdict(tuple(self._state.rack_air.hear(event)))
            return [*calm, *self._tell(silence.hear(event)), *self._tell(warmed)]
        return [*calm, *self._tell(silence.mark(event, self.maintenance))]

    def recent(self) -> list[Point]:
        """What is open and what ended in the last 30 min: incidents, their links, silence alerts."""
        points = []
        for incident in self._state.incidents.values():
            if self._is_recent(incident.ended_ns):
                points.append(incident.to_point())
                points.extend(incident.link(alert) for alert in incident.members.values())
        own = [*self._state.silence.alerts(), *self._state.rack_air.alerts()]
        return points + [alert.to_point() for alert in own if self._is_recent(alert.ended_ns)]

    def _obey(self, command: Command) -> list[Point]:
        """Commands of operators; most are for whoever holds the host's partition."""
        if isinstance(command, HostMuted):
            return self._tell(mute_silence(self._state.silence, command, self.maintenance))
        if isinstance(command, AlertAcknowledged):
            return self._tell(acknowledge_silence(self._state.silence, command))
        if not isinstance(command, HostForgotten):
            return []
        points = self._tell(forget_silence(self._state.silence, command))
        self._state.newest.pop(command.host, None)  # a host of that name that reports again is another one
        return points

    def _is_recent(self, ended_ns: int) -> bool:
        return ended_ns == 0 or self._state.now_ns - ended_ns <= RETURN_NS

    def _see(self, time_ns: int) -> None:
        self._state.now_ns = max(self._state.now_ns, time_ns)

    def _tell(self, verdict: Verdict) -> list[Point]:
        """Silence alerts, which are the site's own, and what they change."""
        points = []
        for alert in verdict.alerts:
            points += [alert.to_point(), *self._join(alert)]
        for group in verdict.groups:
            points += [group.alert.to_point(), *self._join_group(group)]
        return points

    def _join(self, alert: Alert, may_wait: bool = True) -> list[Point]:
        """Put an alert into the incident that has it, its host's present one, its rack's, or a new one."""
        state = self._state
        known = state.incidents.get(state.of_alert.get(alert.id, ""))
        if known is not None:
            before = known.to_point()
            known.put(alert)
            now = known.to_point()
            return [now] if now != before else []
        storm = state.storm
        if alert.state in ("suppressed", "resolved"):  # of a muted host: nobody is to be told
            return storm.drop(alert, self.storm_incidents)
        incident = self._present_of_host(alert) or self._present_in_rack(alert)
        if incident is None and alert.kind == "sensor" and alert.severity == "info":
            return []  # a spike that is over is told by its alert; nobody has to do anything
        if incident is None and may_wait and self._waits(alert):
            return [storm.hold(alert, self.storm_incidents)]
        dropped = storm.drop(alert, self.storm_incidents)
        if incident is None:
            of_rack: Scope = "rack" if alert.host == alert.rack else "host"
            scope: Scope = "stream" if alert.fault == "stream_silent" else of_rack
            incident = self._begin(alert, scope, alert.host)
        state.newest[alert.host] = incident.id
        if alert.rack:
            state.racks[f"{alert.rack}|{alert.fault}"] = RackFault(incident.id, alert.raised_ns)
        return [*dropped, *self._put(incident, alert), incident.to_point()]

    def _waits(self, alert: Alert) -> bool:
        """Whether so much began lately that what is not urgent would only hide what is."""
        is_on = self._state.storm.is_on(alert.raised_ns, self.storm_incidents)
        return alert.severity in HELD_SEVERITIES and (is_on or alert.id in self._state.storm.waiting)

    def _calm(self) -> list[Point]:
        """What waited, once a storm is over. It is not counted again."""
        storm = self._state.storm
        released, points = storm.end(self._state.now_ns, self.storm_incidents)
        if not released:
            return points
        begun_ns = [*storm.begun_ns]
        for alert in released:
            points += self._join(alert, may_wait=False)
        storm.begun_ns = begun_ns
        return points

    def _present(self, incident_id: str | None, alert: Alert) -> Incident | None:
        """An incident that is open, or ended less than 30 min before the alert's onset."""
        incident = self._state.incidents.get(incident_id or "")
        if incident is None or (incident.ended_ns and alert.onset_ns - incident.ended_ns > RETURN_NS):
            return None
        return incident

    def _present_of_host(self, alert: Alert) -> Incident | None:
        """Its host's incident, if the alert may belong to it: the same fault again, what began with it, or
        what may follow from a fault that the host still has. A part that fails later is no consequence of a
        sensor that is not believed."""
        incident = self._present(self._state.newest.get(alert.host), alert)
        if incident is None:
            return None
        own = [member for member in incident.members.values() if member.host == alert.host]
        if any(member.fault in (alert.fault, UNKNOWN) or alert.fault == UNKNOWN for member in own):
            return incident
        follows = any(
            member.is_open
            and (
                member.kind != "sensor"
                or alert.kind != "condition"
                or abs(alert.onset_ns - member.onset_ns) <= TOGETHER_NS
            )
            for member in own
        )
        return incident if follows else None

    def _present_in_rack(self, alert: Alert) -> Incident | None:
        last = self._state.racks.get(f"{alert.rack}|{alert.fault}") if alert.rack else None
        if last is None or abs(alert.raised_ns - last.raised_ns) > RACK_NS:
            return None
        return self._present(last.incident, alert)

    def _put(self, incident: Incident, alert: Alert) -> list[Point]:
        """The alert in the incident, and the link that tells it."""
        incident.put(alert)
        self._state.of_alert[alert.id] = incident.id
        return [incident.link(alert)]

    def _join_group(self, group: SilentGroup) -> list[Point]:
        """Hosts that fell silent together are an incident of their own, whatever else their hosts have."""
        alert, points = group.alert, []
        incident = self._state.incidents.get(self._state.of_alert.get(alert.id, ""))
        if incident is not None and not incident.is_of(alert):  # told of alone before, among others
            del incident.members[alert.id]
            points.append(incident.to_point())
            incident = None
        if incident is None:
            incident = self._begin(alert, "collector", group.place)
        if incident.id == self._state.newest.get(alert.host):
            del self._state.newest[alert.host]  # what else befalls the host is not the collector's
        is_new = alert.id not in incident.members
        incident.gather(group)
        self._state.of_alert[alert.id] = incident.id
        if is_new:
            points.append(incident.link(alert))
        return [*points, incident.to_point()]

    def _begin(self, alert: Alert, scope: Scope, place: str) -> Incident:
        self._forget()
        incident = Incident(
            id=alert_id(alert.host, alert.onset_ns),
            anchor=alert.host,
            onset_ns=alert.onset_ns,
            scope=scope,
            place=place,
            severity=alert.severity,
            members={},
        )
        self._state.incidents[incident.id] = incident
        self._state.storm.begin(alert.raised_ns)
        return incident

    def _forget(self) -> None:
        """What ended more than a day ago can have no more alerts."""
        state, since_ns = self._state, self._state.now_ns - KEEP_NS
        gone = {i.id for i in state.incidents.values() if 0 < i.ended_ns < since_ns}
        if gone:
            state.incidents = {k: v for k, v in state.incidents.items() if k not in gone}
            state.of_alert = {k: v for k, v in state.of_alert.items() if v not in gone}
            state.newest = {k: v for k, v in state.newest.items() if v not in gone}
            state.racks = {k: v for k, v in state.racks.items() if v.incident not in gone}
