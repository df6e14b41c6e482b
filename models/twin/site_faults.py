"""Faults of a site, and what only looks like one: what each changes of a site's conditions.

cooling_unit_failure, chilled_water_loss, recirculation, overcooling, humidity    air
feed_loss, phase_imbalance, ups_on_battery                                        current
set_point_change, warm_inlet, standby_switch                                      confounders: no faults
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.twin.places import PHASES, SIDES
from models.twin.site_map import SiteMap

if TYPE_CHECKING:
    from models.twin.episodes import Episode

Array = NDArray[np.float64]


def _sizes(subtle: float, moderate: float, severe: float) -> dict[str, float]:
    return {"subtle": subtle, "moderate": moderate, "severe": severe}


SITE_MAGNITUDES: dict[str, dict[str, float]] = {
    "cooling_unit_failure": _sizes(0.5, 1, 2),  # units lost; above 1 spares too, and half of the zone's units
    "chilled_water_loss": _sizes(0.5, 0.75, 1.0),  # share of the chillers' capacity that is lost
    "recirculation": _sizes(
        0.12, 0.25, 0.4
    ),  # share of exhaust air that the top of the rack takes in addition
    "overcooling": _sizes(4, 6, 8),  # K that the set-point of a zone lies too low
    "humidity": _sizes(5, 7, 9),  # K of dew point, up; down where `part` is 2
    "feed_loss": _sizes(1, 3, 3),  # phases of a PDU that go dark
    "phase_imbalance": _sizes(0.12, 0.25, 0.5),  # share of the other phases' load that hangs on phase `part`
    "ups_on_battery": _sizes(0.15, 0.4, 1.0),  # share of the mains' voltage that is missing
    "set_point_change": _sizes(1.5, 2.5, 3.0),  # K on all inlets
    "warm_inlet": _sizes(2, 5, 8),  # K on the inlets of a host or rack; of a zone or all: the season
    "standby_switch": _sizes(1, 1, 1),  # units that rest while the spare runs
}
SITE_CONFOUNDERS = frozenset({"set_point_change", "warm_inlet", "standby_switch"})
TOP_POWER = 1.5  # of height: how a breach reaches the lower servers
NEIGHBOUR_SHARE = 0.35  # of a breach, in the racks beside it
BESIDE_M = 1.0
OVERLAP_S = 90.0  # a spare runs for that long before the unit that it replaces rests
SEASON_OUTDOOR = 2.0  # K outside for each K that a season adds inside


@dataclass(slots=True)
class SiteConditions:
    """What acts on a site during a step. U cooling units, Z zones, H hosts, P PDUs."""

    capacity: Array  # (U,) 1 = healthy, 0 = stopped
    rests: NDArray[np.bool_]  # (U,) by plan
    calls_spare: NDArray[np.bool_]  # (Z,)
    set_point_k: Array  # (Z,) on top of the plan's
    dew_point_k: Array  # (Z,) the same
    breach: Array  # (H,) share of exhaust air on top of the usual
    warmer_k: Array  # (H,) at the inlet
    live: Array  # (P, 3) 0 = dark
    moved: Array  # (P, 3) share of the other phases' load
    mains: Array  # (2,) share of the mains' voltage at each UPS
    chillers: float = 1.0  # share of their capacity
    outdoor_k: float = 0.0

    @classmethod
    def healthy(cls, units: int, zones: int, hosts: int, pdus: int) -> SiteConditions:
        """Nothing wrong."""
        return cls(
            capacity=np.ones(units), rests=np.zeros(units, bool), calls_spare=np.zeros(zones, bool),
            set_point_k=np.zeros(zones), dew_point_k=np.zeros(zones),
            breach=np.zeros(hosts), warmer_k=np.zeros(hosts),
            live=np.ones((pdus, PHASES)), moved=np.zeros((pdus, PHASES)), mains=np.ones(SIDES),
        )  # fmt: skip

    def copy(self) -> SiteConditions:
        """The same, for episodes to change."""
        return deepcopy(self)


@dataclass(frozen=True, slots=True)
class _Acting:
    """An episode at one moment."""

    place: str
    part: int
    size: float
    grown: float
    since_s: float

    @property
    def now(self) -> float:
        """Its size, as far as it has grown."""
        return self.size * self.grown


def act_on_site(episode: Episode, conditions: SiteConditions, site: SiteMap, time_s: float) -> None:
    """Change a site's conditions in place; episodes that act elsewhere change nothing."""
    act, grown = _ACTIONS.get(episode.name), episode.grown(time_s)
    if act is not None and grown > 0:
        size = SITE_MAGNITUDES[episode.name][episode.magnitude]
        act(_Acting(episode.host, episode.part, size, grown, time_s - episode.start_s), conditions, site)


def _stop_units(acting: _Acting, conditions: SiteConditions, site: SiteMap) -> None:
    first = site.find_unit(acting.place)
    same = np.flatnonzero(site.unit_zone == site.unit_zone[first])
    others = sorted((at for at in same.tolist() if at != first), key=lambda at: (not site.is_spare[at], at))
    spares = int(site.is_spare[same].sum())
    lost = spares + -(-(len(same) - spares) // 2) if acting.size > 1 else 1
    left = 1 - min(acting.size, 1.0) * acting.grown
    for at in [first, *others][:lost]:
        conditions.capacity[at] = min(conditions.capacity[at], left)


def _lose_chillers(acting: _Acting, conditions: SiteConditions, _site: SiteMap) -> None:
    conditions.chillers = min(conditions.chillers, 1 - acting.now)


def _breach(acting: _Acting, conditions: SiteConditions, site: SiteMap) -> None:
    places = site.places
    reach = np.zeros(len(places.hosts))
    for rack in site.find_racks(acting.place).tolist():
        inside = places.rack == rack
        one = int(np.argmax(inside))
        near = (places.row == places.row[one]) & (np.abs(places.x - places.x[one]) < BESIDE_M)
        reach = np.maximum(reach, np.where(inside, 1.0, NEIGHBOUR_SHARE * near))
    conditions.breach += acting.now * reach * places.height**TOP_POWER


def _overcool(acting: _Acting, conditions: SiteConditions, site: SiteMap) -> None:
    conditions.set_point_k[site.find_zones(acting.place)] -= acting.now


def _change_humidity(acting: _Acting, conditions: SiteConditions, site: SiteMap) -> None:
    conditions.dew_point_k[site.find_zones(acting.place)] += -acting.now if acting.part == 2 else acting.now


def _lose_feed(acting: _Acting, conditions: SiteConditions, site: SiteMap) -> None:
    pdus = site.find_pdus(acting.place)
    if acting.size < PHASES:
        conditions.live[pdus, (acting.part - 1) % PHASES] = 0.0
    else:
        conditions.live[pdus] = 0.0


def _shift_phases(acting: _Acting, conditions: SiteConditions, site: SiteMap) -> None:
    conditions.moved[site.find_pdus(acting.place), (acting.part - 1) % PHASES] = acting.now


def _sag_mains(acting: _Acting, conditions: SiteConditions, site: SiteMap) -> None:
    ups = site.find_ups(acting.place, acting.part)
    conditions.mains[ups] = min(conditions.mains[ups], 1 - acting.now)


def _move_set_point(acting: _Acting, conditions: SiteConditions, site: SiteMap) -> None:
    """In the zone that is named; in all of them for a server, whose name stands for its site."""
    zones = site.find_zones("" if acting.place in site.hosts else acting.place)
    conditions.set_point_k[zones] = np.maximum(conditions.set_point_k[zones], acting.now)


def _warm_inlets(acting: _Acting, conditions: SiteConditions, site: SiteMap) -> None:
    if acting.place in site.hosts or acting.place in site.places.racks:
        conditions.warmer_k[site.find_hosts(acting.place)] += acting.now
    else:
        _move_set_point(acting, conditions, site)
        conditions.outdoor_k = max(conditions.outdoor_k, SEASON_OUTDOOR * acting.now)


def _switch_over(acting: _Acting, conditions: SiteConditions, site: SiteMap) -> None:
    unit = site.find_unit(acting.place)
    conditions.calls_spare[site.unit_zone[unit]] = True
    conditions.rests[unit] = acting.since_s >= OVERLAP_S


_ACTIONS: dict[str, Callable[[_Acting, SiteConditions, SiteMap], None]] = {
    "cooling_unit_failure": _stop_units,
    "chilled_water_loss": _lose_chillers,
    "recirculation": _breach,
    "overcooling": _overcool,
    "humidity": _change_humidity,
    "feed_loss": _lose_feed,
    "phase_imbalance": _shift_phases,
    "ups_on_battery": _sag_mains,
    "set_point_change": _move_set_point,
    "warm_inlet": _warm_inlets,
    "standby_switch": _switch_over,
}
