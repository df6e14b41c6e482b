"""The inventory the other way round: which servers hang on a feed, which breathe a zone's air.

Topology (host → place) ──► Places (PDU, zone, rack → servers; what is a unit of the room or its feeds)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from agent.topology import Topology
from agent.topology_rows import Place

_COOLING = re.compile(r"crac|crah|cooling|chiller|ahu|fan.?wall|in.?row|cdu", re.IGNORECASE)
_FEED = re.compile(r"pdu|ups|sts|ats|rpp|feed", re.IGNORECASE)


class Places:
    """An index of one inventory. Empty where there is none: then nothing is known to share anything."""

    def __init__(self, topology: Topology | None = None) -> None:
        self.topology = topology or Topology()
        self._fed: dict[str, list[str]] = {}
        self._in_zone: dict[str, list[str]] = {}
        self._in_rack: dict[str, list[str]] = {}
        self._feeds = {feed for host in self.topology.hosts() for feed in self.feeds_of(host)}
        for host in self.topology.hosts():
            place = self.topology.place(host)
            if self.is_cooling(host) or self.is_feed(host):
                continue
            for feed in self.feeds_of(host):
                self._fed.setdefault(feed, []).append(host)
            self._in_zone.setdefault(self.zone_of(host), []).append(host)
            self._in_rack.setdefault(place.rack, []).append(host)

    def of(self, host: str) -> Place:
        """Where a host stands; all its names are "" where the inventory does not list it."""
        return self.topology.place(host)

    def is_listed(self, host: str) -> bool:
        return host in self.topology

    def is_cooling(self, host: str) -> bool:
        """Whether it is a unit that cools a room."""
        return _COOLING.match(self.of(host).kind) is not None

    def is_feed(self, host: str) -> bool:
        """Whether others hang on it: a PDU or a UPS."""
        return host in self._feeds or _FEED.match(self.of(host).kind) is not None

    def is_pdu(self, host: str) -> bool:
        """Whether hosts hang on it directly."""
        return host in self._fed or self.of(host).kind.lower() == "pdu"

    def fed_by(self, pdu: str) -> Sequence[str]:
        """The servers of which a supply hangs on a PDU."""
        return self._fed.get(pdu, ()) if pdu else ()

    def zone_of(self, host: str) -> str:
        """The zone whose air a host breathes; its row where the inventory tells no zones."""
        place = self.of(host)
        return place.zone or place.row

    def is_row(self, zone: str) -> bool:
        """Whether what `zone_of` told is a row."""
        return any(self.of(host).zone != zone for host in self.in_zone(zone)[:1])

    def in_zone(self, zone: str) -> Sequence[str]:
        """The servers of a zone."""
        return self._in_zone.get(zone, ()) if zone else ()

    def in_rack(self, rack: str) -> Sequence[str]:
        """The servers of a rack."""
        return self._in_rack.get(rack, ()) if rack else ()

    def feeds_of(self, host: str) -> tuple[str, ...]:
        """The PDUs of a host, or of a PDU the UPS above it, where they are told."""
        place = self.of(host)
        return tuple(feed for feed in dict.fromkeys((place.pdu_a, place.pdu_b)) if feed)

    def feed_of_supply(self, host: str, supply: str, wired: Mapping[str, str]) -> str:
        """The PDU that a supply hangs on: as it was seen before (`wired`, by "host|supply"), else the odd
        supplies on feed a and the even ones on feed b, as they are cabled almost everywhere; "" where the
        inventory tells no feed."""
        if (seen := wired.get(f"{host}|{supply}", "")) in self.feeds_of(host) and seen:
            return seen
        place = self.of(host)
        if not (place.pdu_a and place.pdu_b):
            return place.pdu_a or place.pdu_b
        return place.pdu_b if is_even(supply) else place.pdu_a


def is_even(supply: str) -> bool:
    """Whether a supply's name says that it is the second of a pair: `2`, `4`, `b`."""
    digits = re.search(r"(\d+)$", supply)
    return int(digits[1]) % 2 == 0 if digits else supply.lower().endswith(("b", "right"))
