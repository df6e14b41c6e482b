"""Which incident has the cause of an alert: the same feed, the same air, the same moment.

alert, its sign ──► is_of_cause  a sign of the same nature, near in time, at the same feed or in the same zone
alert           ──► follows      what a cause that is known brings about beside its signs

Nothing else ties two alerts together: a fan that stops in a room that grows warm is a fault of its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from agent.alert import UNKNOWN, Alert
from agent.alert_track import MINUTE_NS
from agent.cause_signs import HEAT_FAULTS, WARM_K, Sign
from agent.incident import Incident
from agent.places import is_even
from agent.shared_causes import FLEET, Surroundings

# Supplies die at once; periods of hosts and two of three ticks part their onsets. Rooms warm for minutes.
# A load is told of hour by hour.
NEAR_NS = {
    "power": 5 * MINUTE_NS, "air": 15 * MINUTE_NS, "cold": 30 * MINUTE_NS, "damp": 30 * MINUTE_NS,
    "abnormal_load": 60 * MINUTE_NS,
}  # fmt: skip
LAST_NS = (
    45 * MINUTE_NS
)  # and the last of its hosts that long after the one before: later it is another cause
UPS_NS = 30 * MINUTE_NS  # a battery lasts that long until what hangs on it goes dark
BEFORE_NS, AFTER_NS = 5 * MINUTE_NS, 15 * MINUTE_NS  # of a sign: what follows is raised about then
FROM_POWER = frozenset((UNKNOWN, "psu_imbalance", "psu_efficiency", "phase_imbalance", "psu_failure"))
FROM_AIR = HEAT_FAULTS | {"recirculation", "humidity", "cooling_unit_failure", "chilled_water_loss"}
_IN_AIR = re.compile(r"(inlet|supply|return|exhaust)_temp_c|chw_supply_c")
_OF_FEEDS = re.compile(r"(psu|phase|input|battery).*")


def is_of_cause(incident: Incident, alert: Alert, sign: Sign, site: Surroundings) -> bool:
    """Whether an alert is a sign of what the signs of an incident, open or ended lately, tell."""
    natures = {one.nature for one in incident.signs.values()}
    if sign.nature not in natures or not _is_in_time(incident, alert, sign):
        return False
    if sign.is_weak:
        return incident.is_shared and any(one.places == sign.places for one in incident.signs.values())
    return _is_of_feed(incident, alert, sign, site) if sign.nature == "power" else _is_of_air(incident, sign)


def _is_in_time(incident: Incident, alert: Alert, sign: Sign) -> bool:
    near_ns = NEAR_NS.get(sign.nature, NEAR_NS["power"])
    if sign.nature == "power" and any(one.is_everywhere for one in (sign, *incident.signs.values())):
        near_ns = UPS_NS
    if incident.is_shared and sign.nature in ("air", "cold", "damp"):
        if sign.is_everywhere and incident.is_open and alert.onset_ns >= incident.onset_ns:
            return True  # the room's heat comes into the water last of all
        near_ns = max(near_ns, LAST_NS)
    return any(abs(alert.onset_ns - incident.members[key].onset_ns) <= near_ns for key in incident.signs)


def _is_of_feed(incident: Incident, alert: Alert, sign: Sign, site: Surroundings) -> bool:
    places = site.places
    theirs = incident.signs
    feeds = {feed for one in theirs.values() for feed in one.places}
    if feeds.intersection(sign.places):
        return True
    dark = {one.places[0] for one in theirs.values() if one.is_source and not one.is_everywhere}
    ups = {one.places[0] for one in theirs.values() if one.is_everywhere}
    if sign.is_everywhere:
        return any(_is_above(alert.host, feed, site) for feed in feeds)
    if any(_is_above(one, feed, site) for one in ups for feed in sign.places):
        return True
    if sign.is_source:  # a PDU that is dark tells what its hosts' supplies hang on, however they are cabled
        return any(alert.host in places.feeds_of(incident.members[key].host) for key in theirs)
    if dark.intersection(places.feeds_of(alert.host)):
        return True
    if sign.places or feeds:
        return False
    sides = {is_even(name) for one in (sign, *theirs.values()) for name in one.supplies}
    return len(sides) <= 1


def _is_above(ups: str, feed: str, site: Surroundings) -> bool:
    """Whether a feed hangs on a UPS; where nobody tells what it hangs on, it may."""
    above = site.places.feeds_of(feed)
    return ups in above if above else ups != feed


def _is_of_air(incident: Incident, sign: Sign) -> bool:
    theirs = incident.signs.values()
    if sign.is_everywhere or any(one.is_everywhere for one in theirs):
        return True
    if incident.is_shared and incident.scope == FLEET and not incident.is_by_time:
        return True
    if sign.is_source and any(one.is_source for one in theirs):
        return True  # units of two zones fail together where the plant behind both does
    return any(one.places == sign.places for one in theirs)


def is_one_with(incident: Incident, other: Incident, site: Surroundings) -> bool:
    """Whether two incidents turned out to have one cause: the signs of one are signs of the other's."""
    if not incident.signs or not other.signs:
        return False
    if any(is_of_cause(incident, other.members[key], sign, site) for key, sign in other.signs.items()):
        return True
    # Two zones that warm together have the plant in common.
    both = (incident, other)
    is_air = all(one.scope in ("zone", "row") and one.cause == "cooling_unit_failure" for one in both)
    return is_air and abs(incident.onset_ns - other.onset_ns) <= NEAR_NS["air"]


def follows(incident: Incident, alert: Alert, site: Surroundings) -> bool:
    """Whether an alert that is no sign is what the cause of an incident does to a host of its."""
    if not incident.is_shared or incident.is_by_time:
        return False
    if _comes_back(incident, alert) or _jumps_with_air(incident, alert, site):
        return True
    onsets = [incident.members[key].onset_ns for key in incident.signs]
    if not min(onsets) - BEFORE_NS <= alert.onset_ns <= max(onsets) + AFTER_NS:
        return False
    natures = {sign.nature for sign in incident.signs.values()}
    if "power" in natures:
        return _follows_from_power(incident, alert, site)
    return _follows_from_air(incident, alert, site) if "air" in natures else False


def _comes_back(incident: Incident, alert: Alert) -> bool:
    """Whether an alert's host starts again after the cause had silenced it, and is not as usual yet."""
    if alert.fault != UNKNOWN:
        return False
    silences = [
        one
        for one in incident.members.values()
        if one.kind == "silence" and (one.host == alert.host or alert.host in incident.together)
    ]
    return any(
        one.onset_ns <= alert.onset_ns and (one.is_open or alert.onset_ns - one.ended_ns <= AFTER_NS)
        for one in silences
    )


def _jumps_with_air(incident: Incident, alert: Alert, site: Surroundings) -> bool:
    """Whether a thermometer in the air of a zone jumped as no sound one would, while that air fails or is
    back: it was the air."""
    if alert.fault != "sensor_spike" or not _IN_AIR.fullmatch(alert.sensor):
        return False
    is_then = incident.is_open or alert.onset_ns - incident.ended_ns <= AFTER_NS
    is_air = any(sign.nature == "air" for sign in incident.signs.values())
    return is_air and is_then and alert.onset_ns >= incident.onset_ns and _breathes(incident, alert, site)


def _breathes(incident: Incident, alert: Alert, site: Surroundings) -> bool:
    """Whether an alert's host stands where the air of an incident is."""
    if incident.scope == "rack":
        return alert.rack == incident.place
    zones = {zone for sign in incident.signs.values() for zone in sign.places}
    return incident.scope == FLEET or site.places.zone_of(alert.host) in zones


def _follows_from_power(incident: Incident, alert: Alert, site: Surroundings) -> bool:
    places = site.places
    dark = {feed for sign in incident.signs.values() for feed in sign.places}
    if incident.scope == "pdu":
        dark = {incident.place}
    is_fed = not dark.isdisjoint(places.feeds_of(alert.host))
    if alert.kind == "silence":
        return is_fed
    if alert.kind == "sensor":
        return (is_fed or alert.host in dark) and _OF_FEEDS.fullmatch(alert.sensor) is not None
    if alert.fault not in FROM_POWER:
        return False
    if is_fed or alert.host in dark:
        return alert.fault != "phase_imbalance" or alert.host in dark
    # What the dark feed carried hangs on the other one now, and on what that hangs on.
    return places.is_feed(alert.host) and _shares_hosts(alert.host, dark, site)


def _shares_hosts(feed: str, dark: Collection[str], site: Surroundings) -> bool:
    mine = set(site.places.fed_by(feed))
    return not mine or any(not mine.isdisjoint(site.places.fed_by(one)) for one in dark)


def _follows_from_air(incident: Incident, alert: Alert, site: Surroundings) -> bool:
    if not _breathes(incident, alert, site):
        return False
    if alert.kind == "silence":  # machines switch themselves off before they melt
        warm = site.known.inlets.get(alert.host)
        return warm is not None and warm.over_k >= WARM_K
    return alert.kind == "condition" and alert.fault in FROM_AIR
