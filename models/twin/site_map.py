"""What a name means on a site: which servers, racks, zones, units, PDUs and UPSs belong to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.twin.places import SIDE_NAMES, SIDES, HostPlaces, UnitPlace

Index = NDArray[np.intp]


class SiteMap:
    """Finds a server, rack, row, zone, cooling unit, PDU or UPS by its name; any other name means all."""

    def __init__(self, places: HostPlaces, units: Sequence[UnitPlace], is_spare: NDArray[np.bool_]) -> None:
        """`units` are the cooling units, in the order of all arrays over units."""
        self.places, self.is_spare = places, is_spare
        self.hosts = {name: at for at, name in enumerate(places.hosts)}
        self.units = {unit.name: at for at, unit in enumerate(units)}
        self.unit_zone = np.array([places.zones.index(unit.zone) for unit in units], np.intp)
        self._unit_xy = np.array([(unit.x, unit.y) for unit in units])

    def find_hosts(self, name: str) -> Index:
        """Servers that are, or stand in, what is named."""
        places = self.places
        if name in self.hosts:
            return np.array([self.hosts[name]], np.intp)
        for names, of in (
            (places.racks, places.rack), (places.rows, places.row), (places.zones, places.zone),
        ):  # fmt: skip
            if name in names:
                return np.flatnonzero(of == names.index(name))
        if name in self.units:
            return np.flatnonzero(places.zone == self.unit_zone[self.units[name]])
        if name in places.pdus:
            return np.flatnonzero((places.feed == places.pdus.index(name)).any(axis=1))
        return np.arange(len(places.hosts))

    def find_zones(self, name: str) -> Index:
        """Zones that are, or hold, what is named."""
        return np.unique(self.places.zone[self.find_hosts(name)])

    def find_unit(self, name: str) -> int:
        """The cooling unit that is named, else the nearest at work to what is."""
        if name in self.units:
            return self.units[name]
        hosts = self.find_hosts(name)
        here = np.array([self.places.x[hosts].mean(), self.places.y[hosts].mean()])
        away_m = np.hypot(*(self._unit_xy - here).T)
        is_elsewhere = self.is_spare | (self.unit_zone != self.places.zone[hosts[0]])
        return int(np.argmin(np.where(is_elsewhere, np.inf, away_m)))

    def find_racks(self, name: str) -> Index:
        """Racks that are, or hold, what is named."""
        return np.unique(self.places.rack[self.find_hosts(name)])

    def find_pdus(self, name: str) -> Index:
        """The PDU that is named; of a UPS all of its side, of any other place those of side A."""
        places = self.places
        if name in places.pdus:
            return np.array([places.pdus.index(name)], np.intp)
        return np.unique(
            places.feed_b if name == f"ups-{SIDE_NAMES[1]}" else places.feed_a[self.find_hosts(name)]
        )

    def find_ups(self, name: str, part: int) -> int:
        """The UPS that is named, else the `part`th."""
        named = [side for side, word in enumerate(SIDE_NAMES) if name == f"ups-{word}"]
        return named[0] if named else (part - 1) % SIDES
