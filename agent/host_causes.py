"""Which incident an alert belongs to by its host or its rack alone, where no feed and no air ties them."""

from __future__ import annotations

from agent.alert import UNKNOWN, Alert
from agent.alert_track import MINUTE_NS
from agent.alerts import RETURN_NS
from agent.cause_signs import Sign
from agent.faults import LOAD_FAULTS
from agent.incident import Incident
from agent.site_state import SiteState

TOGETHER_NS = 5 * MINUTE_NS  # what begins within this on one host has one cause
RACK_NS = 5 * MINUTE_NS  # one after the other within this, the same fault of a rack's hosts has one cause


def present_of_host(state: SiteState, alert: Alert) -> Incident | None:
    """Its host's incident, if the alert may belong to it: the same fault again, what began with it, or
    what may follow from a fault that the host still has. A part that fails later is no consequence of a
    sensor that is not believed."""
    incident = _present(state, state.newest.get(alert.host), alert)
    if incident is None:
        return None
    own = [member for member in incident.members.values() if member.host == alert.host]
    if alert.fault in LOAD_FAULTS:  # work is nobody's consequence
        return incident if any(member.fault == alert.fault for member in own) else None
    own = [member for member in own if member.fault not in LOAD_FAULTS]
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


def present_in_rack(state: SiteState, alert: Alert, sign: Sign | None) -> Incident | None:
    """Its rack's incident of the same fault, where messages tell racks and no inventory says more."""
    if sign is not None or alert.fault == UNKNOWN:
        return None  # what ties those together is known better than by the rack, or nothing does
    last = state.racks.get(f"{alert.rack}|{alert.fault}") if alert.rack else None
    if last is None or abs(alert.raised_ns - last.raised_ns) > RACK_NS:
        return None
    return _present(state, last.incident, alert)


def _present(state: SiteState, incident_id: str | None, alert: Alert) -> Incident | None:
    """An incident that is open, or ended less than 30 min before the alert's onset."""
    incident = state.incidents.get(incident_id or "")
    if incident is None or incident.joined or incident.is_shared:
        return None
    if incident.ended_ns and alert.onset_ns - incident.ended_ns > RETURN_NS:
        return None
    return incident
