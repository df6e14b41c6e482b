"""From the incidents of single hosts to the one of what they share.

alert with a sign ──► find: an incident whose signs tell the same cause ──► settle
                                                                             │ enough hosts, or the unit?
   what is no sign of it and does not follow ◄── leaves                      ▼
   incidents whose signs tell the same       ──► become a part ──► scope, place and fault are the cause's
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from agent.alert import Alert, graver
from agent.alerts import RETURN_NS
from agent.cause_signs import Sign
from agent.causes import NEAR_NS, follows, is_of_cause, is_one_with
from agent.faults import FAULTS
from agent.incident import Incident
from agent.points import Point
from agent.shared_causes import LEAST_HOSTS, Surroundings, shared_cause
from agent.site_state import SiteState


class Lifting:
    """Keeps the incidents of a site to one a cause. `begin` makes a new one for an alert."""

    def __init__(self, state: SiteState, site: Surroundings, begin: Callable[[Alert], Incident]) -> None:
        self._state, self.site, self._begin = state, site, begin

    def find(self, alert: Alert, sign: Sign | None) -> Incident | None:
        """The incident that has the cause of an alert: of which it is a sign, or from which it follows."""
        present = list(self._present(alert.onset_ns))
        if sign is not None:
            same = (one for one in present if is_of_cause(one, alert, sign, self.site))
            incident = next(same, None)
            if incident is not None or not (sign.is_weak or sign.nature == "damp"):  # warm air is dry air
                return incident
        causes = [one for one in present if follows(one, alert, self.site)]
        return max(causes, key=_newest_sign_ns, default=None)

    def settle(self, incident: Incident) -> tuple[Incident, list[Point]]:
        """After a sign came to an incident: the incident that has it now, and the points of others and links
        that this changed."""
        points = list[Point]()
        if any(sign.is_weak for sign in incident.signs.values()):
            incident = self._gather_weak(incident, points)
        if not self.lift(incident):
            return incident, points
        incident = self._purify(incident, points)
        for other in list(self._present(incident.onset_ns)):
            if other is incident or other.joined or incident.joined:
                continue
            if is_one_with(incident, other, self.site) or is_one_with(other, incident, self.site):
                first, second = self._in_order(incident, other)
                self._merge(first, second, points)
                incident = self._purify(first, points)
        self._gather_followers(incident, points)
        return incident, points

    def _present(self, onset_ns: int) -> Iterator[Incident]:
        """Incidents with signs that are open, or ended less than 30 min before; as they began."""
        for one in self._state.incidents.values():
            if one.signs and not one.joined and (one.is_open or onset_ns - one.ended_ns <= RETURN_NS):
                yield one

    def lift(self, incident: Incident) -> bool:
        """Give it the cause that its alerts share; whether there is one."""
        shared = shared_cause(incident, self.site)
        if shared is None:
            if incident.is_shared and not incident.signs:  # its only sign turned out to be none
                incident.cause, incident.scope, incident.place = "", "host", incident.anchor
            return False
        incident.cause, incident.scope, incident.place = shared.fault, shared.scope, shared.place
        incident.reach, incident.is_by_time = shared.reach, shared.is_by_time
        incident.severity = graver(incident.severity, FAULTS[shared.fault].severity)
        for host in incident.hosts:  # what else befalls its hosts is not the cause's
            if self._state.newest.get(host) == incident.id:
                del self._state.newest[host]
        return True

    def _purify(self, incident: Incident, points: list[Point]) -> Incident:
        """Let go what is its hosts' own; the incident that has the signs then."""
        foreign = [
            alert
            for key, alert in incident.members.items()
            if key not in incident.signs and not follows(incident, alert, self.site)
        ]
        if not foreign:
            return incident
        if any((one.host, one.onset_ns) == (incident.anchor, incident.onset_ns) for one in foreign):
            return self._leave(incident, points)
        of_hosts: dict[str, Incident] = {}
        for alert in sorted(foreign, key=lambda one: (one.onset_ns, one.host)):
            incident.take_out(alert.id)
            own = of_hosts.get(alert.host) or of_hosts.setdefault(alert.host, self._begin(alert))
            points.append(self._put(own, alert, None))
            self._state.newest[alert.host] = own.id
        points += [own.to_point() for own in of_hosts.values()]
        return incident

    def _leave(self, incident: Incident, points: list[Point]) -> Incident:
        """An incident that began with something else keeps that; its signs are a new one."""
        signed = sorted(
            (incident.members[key] for key in incident.signs), key=lambda one: (one.onset_ns, one.host)
        )
        new = self._begin(signed[0])
        for alert in signed:
            _, sign = incident.take_out(alert.id)
            points.append(self._put(new, alert, sign))
        incident.cause, incident.scope, incident.place = "", "host", incident.anchor
        incident.is_by_time = False
        for alert in incident.members.values():
            self._state.newest[alert.host] = incident.id
        points.append(incident.to_point())
        self.lift(new)
        return new

    def _merge(self, first: Incident, second: Incident, points: list[Point]) -> None:
        """Two incidents are one: the later becomes a part of the first, but for what is a host's own."""
        points.extend(self._put(first, *second.take_out(key)) for key in list(second.signs))
        self.lift(first)
        for key, alert in list(second.members.items()):
            if follows(first, alert, self.site):
                points.append(self._put(first, *second.take_out(key)))
        if second.members:
            second.cause, second.scope, second.place = "", "host", second.lead.host
            second.is_by_time = False
        else:
            second.become_part(first.id, self._state.now_ns)
        self._state.newest = {
            host: key for host, key in self._state.newest.items() if key != second.id or second.members
        }
        points.append(second.to_point())

    def _gather_followers(self, incident: Incident, points: list[Point]) -> None:
        """What follows from the cause may have been told before it."""
        for other in list(self._state.incidents.values()):
            if other is incident or other.is_shared or not other.is_open:
                continue
            weak = {key for key, sign in other.signs.items() if sign.is_weak}
            own = {k: alert for k, alert in other.members.items() if k in weak or k not in other.signs}
            moved = [key for key, alert in own.items() if follows(incident, alert, self.site)]
            if not moved or self._has_own(other, moved):
                continue
            points.extend(self._put(incident, other.take_out(key)[0], None) for key in moved)
            if not other.members:
                other.become_part(incident.id, self._state.now_ns)
            points.append(other.to_point())

    def _has_own(self, other: Incident, moved: Sequence[str]) -> bool:
        """Whether what would move is more likely a consequence of what its host has of its own."""
        return any(key not in moved and alert.is_open for key, alert in other.members.items())

    def _gather_weak(self, incident: Incident, points: list[Point]) -> Incident:
        """Hosts that nothing but the moment ties are one incident once they are too many for chance."""
        weak = next(sign for sign in incident.signs.values() if sign.is_weak)
        near = [
            one
            for one in self._present(incident.onset_ns)
            if any((sign.nature, sign.places) == (weak.nature, weak.places) for sign in one.signs.values())
            and abs(one.onset_ns - incident.onset_ns) <= NEAR_NS.get(weak.nature, NEAR_NS["power"])
        ]
        if len({host for one in near for host in one.hosts}) < LEAST_HOSTS:
            return incident
        first = near[0]
        for other in near[1:]:
            self._merge(first, other, points)
        return first

    def _in_order(self, one: Incident, other: Incident) -> tuple[Incident, Incident]:
        """As they began."""
        for incident in self._state.incidents.values():
            if incident is one:
                return one, other
            if incident is other:
                break
        return other, one

    def _put(self, incident: Incident, alert: Alert, sign: Sign | None) -> Point:
        incident.put(alert)
        if sign is not None:
            incident.sign(alert.id, sign)
        self._state.of_alert[alert.id] = incident.id
        return incident.link(alert)


def _newest_sign_ns(incident: Incident) -> int:
    return max(incident.members[key].onset_ns for key in incident.signs)
