"""The one owner of the whole site: alerts of one cause become one incident, and silence is told.

AlertChanged ─────────────────────────► join ──► Incident ──► points `incident`, `alert.incident`
HostSummary, SourceMark ─► Silence ──────┘ │
                                           └─► Lifting: hosts that lost one feed, or breathe one zone's air
"""

from __future__ import annotations

from dataclasses import replace

from agent.alert import Alert, alert_id
from agent.alert_track import MINUTE_NS
from agent.alerts import RETURN_NS
from agent.cause_signs import Sign, Warm, sign_of
from agent.causes import follows
from agent.host_causes import present_in_rack, present_of_host
from agent.incident import MANY, Incident, Scope
from agent.lifting import Lifting
from agent.maintenance import NO_MAINTENANCE, Maintenance
from agent.narrative.effects import AIR
from agent.narrative.ranking import rank_actions
from agent.places import Places
from agent.points import Point
from agent.rack_map.maps import Layout
from agent.shared_causes import Surroundings
from agent.silence import Verdict
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
from agent.site_state import RackFault as RackFault
from agent.site_state import SiteState as SiteState
from agent.storm import HELD_SEVERITIES, STORM_INCIDENTS
from agent.topology import Topology

KEEP_NS = 24 * 60 * MINUTE_NS  # ended incidents are remembered for a day: partitions may be hours apart
WARMER_K = 1.0  # inlets that are less above their own past are not remembered


class Site:
    """Takes the events of all pipelines in their order; a deterministic function of them."""

    def __init__(
        self,
        state: SiteState | None = None,
        maintenance: Maintenance = NO_MAINTENANCE,
        storm_incidents: int = STORM_INCIDENTS,
        topology: Topology | None = None,
    ) -> None:
        self._state = state if state is not None else SiteState()
        self.maintenance, self.storm_incidents = maintenance, storm_incidents
        self.relocate(topology or Topology())

    @classmethod
    def restore(cls, state: SiteState, topology: Topology | None = None) -> Site:
        """The site as it stood when `state` was taken."""
        return cls(state, topology=topology)

    def relocate(self, topology: Topology) -> None:
        """Take the inventory, or another one: what comes from now on is joined by that."""
        state, self._places, self._layout = self._state, Places(topology), Layout(topology)
        site = Surroundings(self._places, state.known, state.silence.homes)
        self._lifting = Lifting(state, site, self._begin)

    def state(self) -> SiteState:
        """Its state, to be encoded before the next event."""
        return self._state

    def observe(self, event: SiteEvent) -> list[Point]:
        """Take the next event; the points that it changed."""
        if isinstance(event, AlertChanged):
            owed = self._see(event.alert.ended_ns or event.alert.raised_ns)
            return [*owed, *self._calm(), *self._join(event.alert.copy())]
        if isinstance(event, Command):
            return self._obey(event)
        silence, calm = self._state.silence, [*self._see(event.time_ns), *self._calm()]
        if isinstance(event, HostSummary):
            self._breathe(event)
            warmed = Verdict(tuple(self._state.rack_air.hear(event, self._layout)))
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
        self._state.known.forget(command.host)
        self._state.newest.pop(command.host, None)  # a host of that name that reports again is another one
        return points

    def _is_recent(self, ended_ns: int) -> bool:
        return ended_ns == 0 or self._state.now_ns - ended_ns <= RETURN_NS

    def _see(self, time_ns: int) -> list[Point]:
        """Time goes on; at the end of a minute what was put off is told."""
        before_ns, self._state.now_ns = self._state.now_ns, max(self._state.now_ns, time_ns)
        return self.owed() if self._state.now_ns // MINUTE_NS > before_ns // MINUTE_NS else []

    def _tell(self, verdict: Verdict) -> list[Point]:
        """Silence alerts, which are the site's own, and what they change."""
        points = []
        for alert in verdict.alerts:
            points += [alert.to_point(), *self._join(alert)]
        for group in verdict.groups:
            points += [group.alert.to_point(), *self._join_group(group)]
        return points

    def _join(self, alert: Alert, may_wait: bool = True) -> list[Point]:
        """Put an alert into the incident that has it or its cause, its host's present one, its rack's, or a
        new one."""
        state = self._state
        alert.actions = [*rank_actions(alert.fault, alert.actions, state.helped)]
        known = state.incidents.get(state.of_alert.get(alert.id, ""))
        if known is not None:
            return self._renew(known, alert)
        storm = state.storm
        if alert.state in ("suppressed", "resolved"):  # of a muted host: nobody is to be told
            return storm.drop(alert, self.storm_incidents)
        sign = sign_of(alert, self._places, state.known)
        shared = self._lifting.find(alert, sign)
        incident = shared or present_of_host(state, alert) or present_in_rack(state, alert, sign)
        if incident is None and alert.kind == "sensor" and alert.severity == "info":
            return []  # a spike that is over is told by its alert; nobody has to do anything
        if incident is None and may_wait and self._waits(alert):
            return [storm.hold(alert, self.storm_incidents)]
        dropped = storm.drop(alert, self.storm_incidents)
        is_new = incident is None
        if incident is None:
            incident = self._begin(alert)
        if not incident.is_shared:
            state.newest[alert.host] = incident.id
            if alert.rack:
                state.racks[f"{alert.rack}|{alert.fault}"] = RackFault(incident.id, alert.raised_ns)
        points = self._put(incident, alert, sign)
        if is_new and incident.joined:  # nobody has heard of it yet
            del state.incidents[incident.id]
            points = [point for point in points if point.identity != incident.to_point().identity]
        return [*dropped, *points]

    def _renew(self, incident: Incident, alert: Alert) -> list[Point]:
        """Take what an alert came to. One that got another name may belong to another incident."""
        if alert.fault == incident.members[alert.id].fault:
            return self._refresh(incident, alert)
        sign = sign_of(alert, self._places, self._state.known)
        if incident.is_shared and len(incident.members) > 1:
            if sign is not None and not sign.is_weak:
                stays = any(one.nature == sign.nature for one in incident.signs.values())
            else:
                stays = follows(incident, alert, self._lifting.site)
            if not stays:
                incident.take_out(alert.id)
                del self._state.of_alert[alert.id]
                self._lifting.lift(incident)
                return [incident.to_point(), *self._join(alert, may_wait=False)]
        elif sign is not None:
            incident.signs.pop(alert.id, None)
            shared = self._lifting.find(alert, sign)
            if shared is not None and shared is not incident:
                incident.take_out(alert.id)
                if not incident.members:
                    incident.become_part(shared.id, self._state.now_ns)
                return [*self._put(shared, alert, sign), incident.to_point()]
        incident.signs.pop(alert.id, None)
        return self._put(incident, alert, sign)

    def _refresh(self, incident: Incident, alert: Alert) -> list[Point]:
        state = incident.state
        before = incident.to_point() if len(incident.members) < MANY else None
        incident.put(alert)
        if before is None and incident.state == state and incident.puts_off():
            return []
        now = incident.tell()
        return [now] if now != before else []

    def owed(self) -> list[Point]:
        """The points of large incidents that changed since they were written."""
        points: list[Point] = []
        for owing in [incident for incident in self._state.incidents.values() if incident.is_owed]:
            incident, more = self._lifting.settle(owing)
            points += [*more, incident.tell()]
        return points

    def _breathe(self, summary: HostSummary) -> None:
        """Remember whose inlets are warmer than they used to be."""
        inlets, over_k = self._state.known.inlets, summary.inlet_over_k
        if over_k is not None and over_k >= WARMER_K:
            inlets[summary.host] = Warm(summary.time_ns, over_k)
        else:
            inlets.pop(summary.host, None)

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

    def _put(self, incident: Incident, alert: Alert, sign: Sign | None) -> list[Point]:
        """The alert in the incident, the link that tells it, and whatever its cause changes."""
        incident.put(alert)
        self._state.of_alert[alert.id] = incident.id
        points = [incident.link(alert)]
        if sign is not None:
            incident.sign(alert.id, sign)
            if not sign.is_source and incident.puts_off():
                return points
            incident, more = self._lifting.settle(incident)
            points += more
            self._ask_map(incident)
            if incident.scope == "pdu":
                self._learn_wiring(incident)
        elif incident.is_shared:
            self._lifting.lift(incident)
        return [*points] if incident.puts_off() else [*points, incident.tell()]

    def _ask_map(self, incident: Incident) -> None:
        """What the map of inlet air says of a zone that grows warm."""
        if incident.cause not in AIR:
            return
        said = (self._state.rack_air.cooling_loss(host, self._layout) for host in incident.hosts)
        incident.by_map = next((one for one in said if one is not None), incident.by_map)

    def _learn_wiring(self, incident: Incident) -> None:
        """Which supplies hang on a PDU, once it said itself that it is dark."""
        if not any(sign.is_source for sign in incident.signs.values()):
            return
        for key, sign in incident.signs.items():
            host = incident.members[key].host
            if incident.place in self._places.feeds_of(host):
                self._state.known.wired |= {f"{host}|{supply}": incident.place for supply in sign.supplies}

    def _join_group(self, group: SilentGroup) -> list[Point]:
        """Hosts that fell silent together are an incident of their own, whatever else their hosts have."""
        alert, points = group.alert, []
        incident = self._state.incidents.get(self._state.of_alert.get(alert.id, ""))
        if incident is not None and not incident.is_of(alert):  # told of alone before, among others
            del incident.members[alert.id]
            points.append(incident.to_point())
            incident = None
        if incident is None:
            incident = self._shared_of(group) or self._begin(alert, "collector", group.place)
        if incident.id == self._state.newest.get(alert.host):
            del self._state.newest[alert.host]  # what else befalls the host is not the collector's
        is_new = alert.id not in incident.members
        incident.gather(group)
        self._lifting.lift(incident)
        self._state.of_alert[alert.id] = incident.id
        if is_new:
            points.append(incident.link(alert))
        return [*points, incident.to_point()]

    def _shared_of(self, group: SilentGroup) -> Incident | None:
        """The incident whose cause silenced all hosts of a group, and no collector."""
        one = group.alert
        each = [self._lifting.find(replace(one, host=host, id=host), None) for host in group.hosts]
        return each[0] if all(found is not None and found is each[0] for found in each) else None

    def _begin(self, alert: Alert, scope: Scope | None = None, place: str = "") -> Incident:
        self._state.forget(self._state.now_ns - KEEP_NS)
        if scope is None:
            is_racks = alert.host == alert.rack
            scope = "stream" if alert.fault == "stream_silent" else "rack" if is_racks else "host"
            if alert.kind == "condition" and self._places.is_pdu(alert.host):
                scope = "pdu"
        onset_ns = alert.onset_ns
        while alert_id(alert.host, onset_ns) in self._state.incidents:
            onset_ns += 1  # two alerts of one tick that turned out to be no one incident
        incident = Incident(
            id=alert_id(alert.host, onset_ns),
            anchor=alert.host,
            onset_ns=onset_ns,
            scope=scope,
            place=place or alert.host,
            severity=alert.severity,
            members={},
        )
        self._state.begin(incident)
        self._state.storm.begin(alert.raised_ns)
        return incident
