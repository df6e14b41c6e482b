"""What one alert says of a cause beyond its host: the nature of that cause, and where it would be.

psu_failure of n07, psu1 dead          ──► power, at pdu-3a
feed_loss of pdu-3a                    ──► power, at pdu-3a, and it is the cause itself
unknown of n07 while its inlet is warm ──► air, in zone z1
clock_skew of n07                      ──► clocks, anywhere, once there are several at a time
abnormal_load of n07                   ──► the same anywhere: many hosts at once have a job
fan_failure of n07                     ──► nothing: no two hosts share a fan
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agent.alert import UNKNOWN, Alert
from agent.faults import FAULTS
from agent.findings import Evidence
from agent.places import Places, is_even
from agent.scored import NOT_KNOWN

NATURES = ("power", "air", "cold", "damp")
FEED_FAULTS = frozenset(("feed_loss", "ups_on_battery"))
AIR_FAULTS = frozenset(("cooling_unit_failure", "chilled_water_loss"))
# What warm air does to a machine; without warm air each is the machine's own.
HEAT_FAULTS = frozenset((UNKNOWN, "cpu_throttling", "gpu_overheating", "dimm_overheating", "vrm_overheating"))
WARM_K = 2.0  # above its own past or what was expected: more than a day's course at one inlet
GONE = 0.25  # of what is expected: a supply that shows less is dead
_SUPPLY = re.compile(r"psu(\w+?)_(in_w|out_w|vin|in_a)")


@dataclass(frozen=True, slots=True)
class Sign:
    """What an alert says of a shared cause."""

    nature: str  # one of NATURES; of hosts that nothing but time can tie, their fault
    places: tuple[str, ...]  # a PDU or a zone; both PDUs where either may be; none where nobody tells them
    supplies: tuple[str, ...] = ()  # of the host, that are dead
    is_source: bool = False  # a unit of the room or its feeds tells the cause itself
    is_everywhere: bool = False  # of something that the whole site has in common
    is_weak: bool = False  # nothing but the moment and the fault itself would tie it to others
    is_hint: bool = False  # a unit is not as usual, which alone says nothing of the hosts


@dataclass(slots=True)
class Warm:
    """How much warmer a host's inlet is than it used to be, and when that was told."""

    time_ns: int
    over_k: float


@dataclass(slots=True)
class Known:
    """What the site has learnt for reading alerts; a part of its state record."""

    inlets: dict[str, Warm] = field(default_factory=dict)  # by host; only inlets that are warmer
    wired: dict[str, str] = field(default_factory=dict)  # "host|supply" → the PDU that it went dark with

    def forget(self, host: str) -> None:
        """The host is none of the site's any more."""
        self.inlets.pop(host, None)
        self.wired = {key: pdu for key, pdu in self.wired.items() if key.rpartition("|")[0] != host}


def sign_of(alert: Alert, places: Places, known: Known) -> Sign | None:
    """What an alert says of a cause beyond its host; None for what is its host's own matter."""
    if alert.fault == "clock_skew":  # one host's own clock, or that of whoever stamps the readings of many
        return Sign(alert.fault, (), is_weak=True)
    if alert.kind != "condition":
        return None
    host, fault = alert.host, alert.fault
    if fault == "abnormal_load":
        return Sign(fault, (), is_weak=True)
    if fault == "ups_on_battery":
        return Sign("power", (host,), is_source=True, is_everywhere=True)
    if fault == "feed_loss":
        return Sign("power", (host,), is_source=True)
    if fault == "psu_failure":
        return _of_supply(alert, places, known.wired)
    zone = _told(places.zone_of(host))
    if fault == "overcooling":
        return Sign("cold", zone, is_source=places.is_cooling(host))
    if fault == "humidity":
        return Sign("damp", zone, is_source=places.is_cooling(host))
    if fault in AIR_FAULTS:
        # All units drink from one plant: warm water at one of them is warm water for all.
        is_water = fault == "chilled_water_loss"
        is_unit = places.is_cooling(host) or any(row.sensor == "supply_temp_c" for row in alert.evidence)
        return Sign("air", zone, is_source=is_unit or is_water, is_everywhere=is_water)
    if places.is_cooling(host) and fault in (UNKNOWN, "fan_failure"):
        return Sign("air", zone, is_hint=True)
    if fault == "recirculation" and host == alert.rack:
        return Sign("air", _told(zone_of_rack(alert.rack, places)))
    if fault in HEAT_FAULTS and breathes_warm(alert, known.inlets):
        return Sign("air", zone)
    # What hosts do not share by feed or air only many at once can tell: a cap that was rolled out to a rack.
    is_tagged = alert.rack and not places.is_listed(host)  # these are joined one by one
    if not is_tagged and fault in FAULTS and FAULTS[fault].code.startswith("F"):
        return Sign(fault, _told(alert.rack), is_weak=True)
    return None


def _of_supply(alert: Alert, places: Places, wired: Mapping[str, str]) -> Sign:
    dead = dead_supplies(alert.evidence)
    if not dead:
        return Sign("power", places.feeds_of(alert.host))
    feeds = {places.feed_of_supply(alert.host, supply, wired) for supply in dead}
    sides = {is_even(supply) for supply in dead}
    if len(feeds) > 1 or len(sides) > 1:  # of four supplies 1 and 2 may hang on one feed, or 1 and 3
        return Sign("power", places.feeds_of(alert.host))
    return Sign("power", tuple(feeds - {""}), dead)


def _told(place: str) -> tuple[str, ...]:
    return (place,) if place else ()


def dead_supplies(evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """The names of supplies without power, as the rows of evidence for it show them."""
    found = dict[str, None]()
    for row in evidence:
        match = _SUPPLY.fullmatch(row.sensor)
        is_gone = row.seen == NOT_KNOWN or (row.expected > 0 and row.seen < GONE * row.expected)
        if match and row.says == "for" and is_gone:
            found[match[1]] = None
    return tuple(found)


def breathes_warm(alert: Alert, inlets: Mapping[str, Warm]) -> bool:
    """Whether the air before an alert's host is warmer than it used to be."""
    if any(
        row.sensor == "inlet_temp_c" and row.expected != NOT_KNOWN and row.seen >= row.expected + WARM_K
        for row in alert.evidence
    ):
        return True
    warm = inlets.get(alert.host)
    return warm is not None and warm.over_k >= WARM_K


def zone_of_rack(rack: str, places: Places) -> str:
    """The zone of a rack, "" where its servers stand in several or none."""
    zones = {places.zone_of(host) for host in places.in_rack(rack)}
    return zones.pop() if len(zones) == 1 else ""
