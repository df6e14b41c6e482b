"""Where all of a site stands, and what feeds it: servers in racks, racks in rows, rows at cold aisles.

row A   r01 r02 r03 r04 r05 ┐ zone z1, with its cooling units; every rack has two PDUs of three phases,
row B   r06 r07 r08 r09 r10 ┘ one on each UPS
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.twin.weather import Climate

Array = NDArray[np.float64]
Index = NDArray[np.intp]

PHASES, SIDES = 3, 2
SIDE_NAMES = ("a", "b")
RACK_PITCH_M, ROW_PITCH_M = 0.6, 2.4  # along a row, and from one row to the next
UNIT_DISTANCE_M = 2.0  # of a cooling unit from the end of its rows
TOPOLOGY_COLUMNS = ("host", "kind", "rack", "u", "row", "zone", "pdu_a", "pdu_b", "x", "y")


@dataclass(frozen=True, slots=True)
class SitePlan:
    """How a site is built; what depends on size follows from the number of hosts."""

    racks_per_row: int = 5
    servers_per_rack: int = 20
    rows_per_zone: int = 2
    design_w_per_host: float = 450.0
    cooling: Literal["crah", "crac"] = "crah"  # on chilled water, or with a compressor of its own
    unit_most_w: float = 60_000.0  # heat that one cooling unit is built for
    spare_units: int = 1  # in every zone
    standby_rests: bool = True  # the last unit of a zone waits; else all share the work
    set_point_c: float = 21.5  # of the supply air
    chilled_water_c: float = 12.0
    free_cooling: bool = True  # of the chilled water, where it is cold outside
    gradient_k: float = 2.0  # from the bottom of a rack to its top
    recirculation: tuple[float, float] = (0.02, 0.08)  # share of exhaust air in a host's inlet, from and to
    flow_margin: float = 1.15  # of the units' air over what the servers take
    dew_point_c: float = 10.0
    mains_v: float = 230.0
    battery_s: float = 600.0  # a full battery at the design load
    climate: Climate = field(default_factory=Climate)


@dataclass(frozen=True, slots=True)
class HostPlaces:
    """The servers' places. Arrays are (H,) and, where they are numbers of something, index its names."""

    hosts: tuple[str, ...]
    rack: Index
    row: Index
    zone: Index
    feed_a: Index  # PDU
    feed_b: Index
    phase: Index  # (H, 2) 0..2 of the PDU on each side
    height: Array  # 0 the bottom of the rack, 1 the top
    x: Array  # m
    y: Array
    racks: tuple[str, ...]
    rows: tuple[str, ...]
    zones: tuple[str, ...]
    pdus: tuple[str, ...]

    @property
    def feed(self) -> Index:
        """(H, 2) the PDU of each supply."""
        return np.stack([self.feed_a, self.feed_b], axis=1)


@dataclass(frozen=True, slots=True)
class UnitPlace:
    """A cooling unit, PDU or UPS."""

    name: str
    kind: str  # crah, crac, pdu, ups
    rack: str = ""
    row: str = ""
    zone: str = ""
    x: float = 0.0
    y: float = 0.0


def place_hosts(count: int, plan: SitePlan | None = None) -> HostPlaces:
    """`count` servers, r01-n01, r01-n02, …, rack by rack from the bottom up."""
    plan = plan or SitePlan()
    seat = np.arange(count) % plan.servers_per_rack
    rack = np.arange(count) // plan.servers_per_rack
    row = rack // plan.racks_per_row
    racks = [f"r{n + 1:02d}" for n in rack.tolist()]
    return name_places(
        hosts=[f"{name}-n{n + 1:02d}" for name, n in zip(racks, seat.tolist(), strict=True)],
        rack=racks,
        row=[_letters(n) for n in row.tolist()],
        zone=[f"z{n // plan.rows_per_zone + 1}" for n in row.tolist()],
        feed_a=[f"pdu-{name}-a" for name in racks],
        feed_b=[f"pdu-{name}-b" for name in racks],
        height=(seat / max(plan.servers_per_rack - 1, 1)).tolist(),
    )


def name_places(
    hosts: Sequence[str],
    rack: Sequence[str],
    row: Sequence[str],
    zone: Sequence[str],
    feed_a: Sequence[str],
    feed_b: Sequence[str],
    height: Sequence[float],
) -> HostPlaces:
    """Places of hosts told by names, one of each a host; metres and phases follow from the order."""
    racks, rack_at = _number(rack)
    rows, row_at = _number(row)
    zones, zone_at = _number(zone)
    pdus, feed_at = _number([*feed_a, *feed_b])
    in_row: dict[str, dict[str, int]] = {name: {} for name in rows}
    for one_row, one_rack in zip(row, rack, strict=True):
        in_row[one_row].setdefault(one_rack, len(in_row[one_row]))
    across = [in_row[one_row][one_rack] for one_row, one_rack in zip(row, rack, strict=True)]
    return HostPlaces(
        hosts=tuple(hosts),
        rack=rack_at, row=row_at, zone=zone_at,
        feed_a=feed_at[: len(hosts)], feed_b=feed_at[len(hosts) :],
        phase=_deal_phases(feed_at.reshape(2, -1), len(pdus)),
        height=np.array(height, np.float64),
        x=RACK_PITCH_M * np.array(across, np.float64),
        y=ROW_PITCH_M * row_at.astype(np.float64),
        racks=racks, rows=rows, zones=zones, pdus=pdus,
    )  # fmt: skip


def place_units(places: HostPlaces, plan: SitePlan) -> tuple[UnitPlace, ...]:
    """All cooling units, zone by zone, then the PDUs, then the UPSs."""
    return (
        *_cooling_units(places, plan),
        *_pdus(places),
        *(UnitPlace(f"ups-{s}", "ups") for s in SIDE_NAMES),
    )


def topology_rows(places: HostPlaces, plan: SitePlan) -> Iterator[dict[str, str]]:
    """The lines of a topology.csv, by TOPOLOGY_COLUMNS: servers first, then units."""
    units_high = 2
    for at, host in enumerate(places.hosts):
        slot = 1 + units_high * round(float(places.height[at]) * (plan.servers_per_rack - 1))
        cells = (
            host, "server", places.racks[places.rack[at]], str(slot), places.rows[places.row[at]],
            places.zones[places.zone[at]], places.pdus[places.feed_a[at]], places.pdus[places.feed_b[at]],
            f"{places.x[at]:g}", f"{places.y[at]:g}",
        )  # fmt: skip
        yield dict(zip(TOPOLOGY_COLUMNS, cells, strict=True))
    for unit in place_units(places, plan):
        where = (f"{unit.x:g}", f"{unit.y:g}") if unit.kind != "ups" else ("", "")
        cells = (unit.name, unit.kind, unit.rack, "", unit.row, unit.zone, "", "", *where)
        yield dict(zip(TOPOLOGY_COLUMNS, cells, strict=True))


def sum_by(group: Index, values: Array, groups: int) -> Array:
    """(groups,) sums of the values of each group."""
    return np.bincount(group, values, groups).astype(np.float64, copy=False)


def duty_units(hosts_in_zone: int, plan: SitePlan) -> int:
    """N of N+1: the units that a zone needs at its design load."""
    return max(1, -int(-hosts_in_zone * plan.design_w_per_host // plan.unit_most_w))


def _cooling_units(places: HostPlaces, plan: SitePlan) -> Iterator[UnitPlace]:
    for at, zone in enumerate(places.zones):
        here = places.zone == at
        ends_x = (places.x[here].min() - UNIT_DISTANCE_M, places.x[here].max() + UNIT_DISTANCE_M)
        y = places.y[here]
        units = duty_units(int(here.sum()), plan) + plan.spare_units
        pairs = (units + 1) // 2
        for n in range(units):
            along = (n // 2 + 0.5) / pairs  # evenly across the zone, at both ends of its rows
            yield UnitPlace(
                f"{plan.cooling}-{zone}-{n + 1}", plan.cooling, zone=zone,
                x=round(float(ends_x[n % 2]), 2), y=round(float(y.min() + along * np.ptp(y)), 2),
            )  # fmt: skip


def _pdus(places: HostPlaces) -> Iterator[UnitPlace]:
    """A PDU stands where its hosts are; one that feeds several racks or rows names none."""
    for at, name in enumerate(places.pdus):
        fed = (places.feed_a == at) | (places.feed_b == at)

        def shared(names: tuple[str, ...], of: Index, fed: NDArray[np.bool_] = fed) -> str:
            found = np.unique(of[fed])
            return names[found[0]] if len(found) == 1 else ""

        yield UnitPlace(
            name, "pdu", shared(places.racks, places.rack), shared(places.rows, places.row),
            shared(places.zones, places.zone), round(float(places.x[fed].mean()), 2),
            round(float(places.y[fed].mean()), 2),
        )  # fmt: skip


def _deal_phases(feed: Index, pdus: int) -> Index:
    """(H, 2) from (2, H): the hosts of a PDU take its phases in turn."""
    phase = np.zeros_like(feed)
    for at in range(pdus):
        for side in range(len(feed)):
            fed = np.flatnonzero(feed[side] == at)
            phase[side, fed] = np.arange(len(fed)) % PHASES
    return phase.T


def _number(names: Sequence[str]) -> tuple[tuple[str, ...], Index]:
    """The distinct names in order, and which of them each is."""
    order = {name: at for at, name in enumerate(dict.fromkeys(names))}
    return tuple(order), np.array([order[name] for name in names], np.intp)


def _letters(number: int) -> str:
    """A, B, … Z, AA, AB, …"""
    tail = chr(ord("A") + number % 26)
    return _letters(number // 26 - 1) + tail if number >= 26 else tail
