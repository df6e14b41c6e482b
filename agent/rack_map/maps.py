"""Where each host stands on the map of its zone: rows × racks × cells of height.

inventory ─► Layout ─► a ZoneGrid a zone;  departures of its hosts (K) ─► (R, C, H) map, NaN where none tells
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.topology import Topology
from agent.topology_rows import Place

HEIGHTS = 8  # as models.rack_map has them, which is not imported until it is asked
BEFORE_MINUTES = 10  # so old is the second map that the network sees

Maps = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ZoneGrid:
    """N hosts of a zone on a grid of R rows of C racks."""

    rows: int
    racks: int
    cell: NDArray[np.intp]  # (N,) of the flat R·C·H grid

    @classmethod
    def of(cls, row: NDArray[np.intp], rack: NDArray[np.intp], height: NDArray[np.float64]) -> ZoneGrid:
        """From the hosts' rows, racks in their rows, and heights from 0 to 1; each (N,)."""
        rows, racks = int(row.max()) + 1, int(rack.max()) + 1
        level = np.minimum((height * HEIGHTS).astype(np.intp), HEIGHTS - 1)
        return cls(rows, racks, (row * racks + rack) * HEIGHTS + level)

    def fill(self, over_k: NDArray[np.floating]) -> Maps:
        """(…, R, C, H) means of the hosts in each cell, from (…, N); NaN is not known."""
        flat = np.ascontiguousarray(over_k, np.float64).reshape(-1, over_k.shape[-1])
        cells = self.rows * self.racks * HEIGHTS
        is_known = np.isfinite(flat)
        at = (np.arange(len(flat))[:, None] * cells + self.cell)[is_known]
        sums = np.bincount(at, flat[is_known], len(flat) * cells)
        counts = np.bincount(at, minlength=len(flat) * cells)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = np.where(counts > 0, sums / counts, np.nan)
        return means.reshape(*over_k.shape[:-1], self.rows, self.racks, HEIGHTS).astype(np.float32)


@dataclass(frozen=True, slots=True)
class ZoneLayout:
    """A zone of the inventory: which host is which of its grid's, and the name of each rack."""

    name: str
    grid: ZoneGrid
    hosts: Mapping[str, int]
    racks: Mapping[tuple[str, str], tuple[int, int]]  # by row and rack: where on the grid


class Layout:
    """All zones in which servers have a rack, a row and a height; nothing for an inventory without these."""

    def __init__(self, topology: Topology | None = None) -> None:
        topology = topology if topology is not None else Topology()
        places = {host: topology.place(host) for host in topology.hosts()}
        places = {host: place for host, place in places.items() if _stands(place)}
        self._zones = {
            name: _lay_out(name, places) for name in dict.fromkeys(p.zone for p in places.values())
        }
        self._of_host = {host: place.zone for host, place in places.items()}

    def __len__(self) -> int:
        return len(self._zones)

    def zone_of(self, host: str) -> ZoneLayout | None:
        """The zone of a host; None where the inventory does not tell."""
        return self._zones[self._of_host[host]] if host in self._of_host else None


def _stands(place: Place) -> bool:
    return bool(place.rack and place.row) and place.u is not None


def _lay_out(zone: str, places: Mapping[str, Place]) -> ZoneLayout:
    inside = {host: place for host, place in places.items() if place.zone == zone}
    rows = sorted({place.row for place in inside.values()}, key=lambda name: _row_order(name, inside))
    racks: dict[tuple[str, str], tuple[int, int]] = {}
    for at, row in enumerate(rows):
        along = {place.rack: place.x for place in inside.values() if place.row == row}
        ordered = sorted((x is None, x or 0.0, rack) for rack, x in along.items())
        racks |= {(row, rack): (at, n) for n, (_, _, rack) in enumerate(ordered)}
    least, most = _span([place.u for place in places.values() if place.u is not None])
    grid = ZoneGrid.of(
        np.array([racks[place.row, place.rack][0] for place in inside.values()], np.intp),
        np.array([racks[place.row, place.rack][1] for place in inside.values()], np.intp),
        np.array([((place.u or least) - least) / max(most - least, 1.0) for place in inside.values()]),
    )
    return ZoneLayout(zone, grid, {host: n for n, host in enumerate(inside)}, racks)


def _row_order(row: str, inside: Mapping[str, Place]) -> tuple[bool, float, str]:
    ys = [place.y for place in inside.values() if place.row == row and place.y is not None]
    return not ys, min(ys, default=0.0), row


def _span(heights: list[float]) -> tuple[float, float]:
    return min(heights, default=0.0), max(heights, default=1.0)
