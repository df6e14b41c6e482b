"""What an incident's alerts have in common: its cause, where that is, and how far it reaches.

[psu_failure of n01, n02, n03 …] + inventory ──► feed_loss, scope pdu, place pdu-3a, 11 of 12 hosts show it
[unknown of n01 … with warm inlets]          ──► cooling_unit_failure, scope zone, place z1
[supply air of crah-1, of crah-2]            ──► the same of the fleet: two zones share nothing but the plant
[psu_failure of n01, n02, n03] without one   ──► feed_loss, scope fleet, by time alone

A function of the alerts and the inventory alone: in which order they came does not matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from agent.alert import Alert
from agent.alert_track import MINUTE_NS
from agent.cause_signs import NATURES, WARM_K, Known, Sign
from agent.incident import Incident, Reach, Scope
from agent.places import Places
from agent.scored import NOT_KNOWN

WATER_NS = 5 * MINUTE_NS  # units are polled seldom: so much later than air that it warmed, it still leads
FLEET: Scope = "fleet"
LEAST_HOSTS = 3  # that one cause must reach to be told as theirs
FEW_HOSTS = 6  # of a place with fewer hosts than these, half of them are enough
TWO = 2  # but one host alone shows nothing shared
SUREST = 0.99
GANG = 0.4  # of load that begins on many hosts at once: as likely it is work of theirs
SURE_OF_NONE, SURE_PER_SHARE = (
    0.6,
    0.35,
)  # confidence: of a cause that hardly any host shows, and what all add
OF_COLD = {"cold": "overcooling", "damp": "humidity"}


@dataclass(frozen=True, slots=True)
class Shared:
    """A cause that hosts share."""

    fault: str
    scope: Scope
    place: str
    reach: Reach
    is_by_time: bool = False


class Signed(NamedTuple):
    """An alert and what it says of a cause beyond its host."""

    alert: Alert
    sign: Sign


class Surroundings(NamedTuple):
    """What is known of the site: where things are, who reports, what was learnt."""

    places: Places
    known: Known
    heard: Collection[str]  # hosts that report


def shared_cause(incident: Incident, site: Surroundings) -> Shared | None:
    """The cause that the alerts of an incident share; None while they are one host's."""
    signed = signs_of(incident)
    if not signed:
        return None
    nature = signed[0].sign.nature
    if nature not in NATURES:
        return _of_rack_alone(signed, nature, site) if signed[0].sign.places else _by_time(signed, nature)
    return _of_power(signed, incident.hosts, site) if nature == "power" else _of_air(signed, site)


def signs_of(incident: Incident) -> list[Signed]:
    """The alerts of an incident that tell of a shared cause, by onset."""
    told = [Signed(incident.members[key], sign) for key, sign in incident.signs.items()]
    return sorted(told, key=lambda one: (one.alert.onset_ns, one.alert.host))


def is_enough(shown: int, expected: int) -> bool:
    """Whether so many hosts of a place are too many for chance."""
    if shown >= LEAST_HOSTS:
        return True
    return shown >= TWO and expected < FEW_HOSTS and 2 * shown >= expected


# -- power ---------------------------------------------------------------------------------------------------


def _of_power(signed: Sequence[Signed], shown: Sequence[str], site: Surroundings) -> Shared | None:
    """`shown` are all hosts of the incident: one with a single supply is silent."""
    sources = {one.sign.places[0]: one.alert for one in signed if one.sign.is_source}
    ups = [host for host, alert in sources.items() if alert.fault == "ups_on_battery"]
    of_hosts = [one for one in signed if not one.sign.is_source]
    by_feed = _by_feed(of_hosts, [host for host in sources if host not in ups])
    dark = [
        feed
        for feed, hosts in by_feed.items()
        if feed in sources or is_enough(len(hosts), len(_heard(site.places.fed_by(feed), site)))
    ]
    if len(dark) == 1:
        (feed,) = dark
        servers = _heard(site.places.fed_by(feed), site)
        return Shared("feed_loss", "pdu", feed, _reach(shown, servers, sources.get(feed)))
    hosts = {one.alert.host for one in of_hosts}
    if dark or (ups and hosts):  # several feeds went dark together: what they hang on did
        every = {host for feed in dark for host in _heard(site.places.fed_by(feed), site)}
        lead = sources[ups[0]] if ups else None
        fault, place = ("ups_on_battery", ups[0]) if ups else ("feed_loss", FLEET)
        return Shared(fault, FLEET, place, _reach(shown, every, lead))
    return _by_time([one for one in of_hosts if not one.sign.places], "feed_loss")


def _by_feed(of_hosts: Sequence[Signed], dark: Sequence[str]) -> dict[str, set[str]]:
    """Feed → hosts that lost a supply with it. A host counts once: with a feed that is known to be dark, else
    with the one of its feeds that most hosts share."""
    left = {one.alert.host: set(one.sign.places) for one in of_hosts if one.sign.places}
    found: dict[str, set[str]] = {feed: set() for feed in dark}
    for feed in dark:
        found[feed] = {host for host, feeds in left.items() if feed in feeds}
        left = {host: feeds for host, feeds in left.items() if host not in found[feed]}
    while left:
        counts = Counter(feed for feeds in left.values() for feed in feeds)
        most = min(counts, key=lambda feed: (-counts[feed], feed))
        found[most] = {host for host, feeds in left.items() if most in feeds}
        left = {host: feeds for host, feeds in left.items() if host not in found[most]}
    return found


# -- air -----------------------------------------------------------------------------------------------------


def _of_air(signed: Sequence[Signed], site: Surroundings) -> Shared | None:
    nature = signed[0].sign.nature
    units = [one for one in signed if one.sign.is_source]
    water = _leading_water(signed)
    fault = OF_COLD.get(nature, "chilled_water_loss" if water else "cooling_unit_failure")
    hosts: dict[str, set[str]] = {}
    for one in signed:
        if not (one.sign.is_source or one.sign.is_hint or _is_racks(one.alert)):
            hosts.setdefault("".join(one.sign.places), set()).add(one.alert.host)
    zones = dict.fromkeys([*("".join(one.sign.places) for one in units), *hosts])
    shown = {zone: hosts.get(zone, set()) | _warm(zone, site, nature) for zone in zones}
    servers = {zone: _heard(site.places.in_zone(zone), site) for zone in zones}
    reached = [
        zone
        for zone in zones
        if any("".join(one.sign.places) == zone for one in units)
        or (zone and is_enough(len(shown[zone]), len(servers[zone])))
    ]
    if water or len(reached) > 1:
        # No two zones breathe the same air: what they have in common is the plant behind all units.
        lead = water[0] if water else units[0].alert if units else None
        every = {host for zone in zones for host in servers[zone]}
        return Shared(fault, FLEET, FLEET, _reach(set().union(*shown.values()), every, lead))
    racks = [one.alert for one in signed if _is_racks(one.alert)]
    if not units and racks and {one.alert.rack for one in signed} <= {alert.rack for alert in racks}:
        return _of_rack(racks[0].rack, racks[0], signed, site)
    if reached:
        (zone,) = reached
        if not units and (rack := _only_rack(zone, shown[zone], site)):
            return _of_rack(rack, None, signed, site) if nature == "air" else None
        place = zone or units[0].alert.host
        lead = units[0].alert if units else None
        is_by_time = not zone and bool(shown[zone])
        scope: Scope = "row" if site.places.is_row(zone) else "zone"
        return Shared(fault, scope, place, _reach(shown[zone], servers[zone], lead), is_by_time)
    return _by_time([one for one in signed if not (one.sign.places or one.sign.is_hint)], fault)


def _leading_water(signed: Sequence[Signed]) -> list[Alert]:
    """Alerts of warm water, unless the air was warm first: then its heat came into the water."""
    water = [one.alert for one in signed if one.sign.is_everywhere]
    air_ns = [one.alert.onset_ns for one in signed if not one.sign.is_everywhere]
    leads = (
        not air_ns or min(alert.onset_ns for alert in water or [signed[0].alert]) <= min(air_ns) + WATER_NS
    )
    return water if leads else []


def _of_rack(rack: str, lead: Alert | None, signed: Sequence[Signed], site: Surroundings) -> Shared:
    """Warm air at one rack, while others of its zone have none: it comes round. How many of the rack's hosts
    it reaches depends on their height, so that says nothing beside the rack's own alert."""
    servers = _heard(site.places.in_rack(rack), site)
    shown = {one.alert.host for one in signed if not _is_racks(one.alert)}
    reach = _reach(shown, servers, lead)
    return Shared("recirculation", "rack", rack, Reach(0, reach.shown, reach.confidence) if lead else reach)


def _is_racks(alert: Alert) -> bool:
    return alert.fault == "recirculation" and alert.host == alert.rack


def _warm(zone: str, site: Surroundings, nature: str) -> set[str]:
    """The servers of a zone whose inlets are warm, whether or not they have alerts."""
    if nature != "air":
        return set()
    inlets = site.known.inlets
    return {host for host in site.places.in_zone(zone) if host in inlets and inlets[host].over_k >= WARM_K}


def _only_rack(zone: str, hosts: Collection[str], site: Surroundings) -> str:
    """The rack that all of these hosts stand in while the zone has other racks; else ""."""
    racks = {site.places.of(host).rack for host in hosts}
    others = {site.places.of(host).rack for host in _heard(site.places.in_zone(zone), site)} - racks
    return racks.pop() if len(racks) == 1 and others else ""


# -- both ----------------------------------------------------------------------------------------------------


def _by_time(signed: Sequence[Signed], fault: str) -> Shared | None:
    """Hosts of which no inventory tells what they share: the rack that all of them name, else the fleet."""
    hosts = {one.alert.host for one in signed}
    if len(hosts) < LEAST_HOSTS:
        return None
    racks = {one.alert.rack for one in signed}
    rack = racks.pop() if len(racks) == 1 else ""
    scope: Scope = "rack" if rack else FLEET
    if fault == "abnormal_load":  # what they share is the work, wherever they stand
        return Shared(fault, scope, rack or FLEET, Reach(0, 0, GANG))
    return Shared(fault, scope, rack or FLEET, Reach(0, 0, SURE_OF_NONE), is_by_time=True)


def _of_rack_alone(signed: Sequence[Signed], fault: str, site: Surroundings) -> Shared | None:
    """The same fault on many hosts of a rack at once."""
    hosts, (rack,) = {one.alert.host for one in signed}, signed[0].sign.places
    if len(hosts) < LEAST_HOSTS:
        return None
    return Shared(fault, "rack", rack, _reach(hosts, _heard(site.places.in_rack(rack), site), None))


def _heard(hosts: Collection[str], site: Surroundings) -> list[str]:
    """Those of the hosts that report; all where nobody is known to."""
    return [host for host in hosts if host in site.heard] or list(hosts)


def _reach(shown: Collection[str], expected: Collection[str], lead: Alert | None) -> Reach:
    """How many of the hosts that a cause should reach show it, and how sure that makes it: two witnesses, its
    hosts and the unit's own alert, each of which may err alone."""
    there = len(set(shown) & set(expected)) if expected else len(shown)
    of_hosts = SURE_OF_NONE + SURE_PER_SHARE * (there / max(len(expected), there)) if there else 0.0
    of_unit = lead.confidence if lead is not None and lead.confidence != NOT_KNOWN else 0.0
    return Reach(len(expected), there, min(1 - (1 - of_hosts) * (1 - of_unit), SUREST))
