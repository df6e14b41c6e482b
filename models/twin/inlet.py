"""The air at every server's inlet: what its rack is supplied with, and what of its own warm air comes back.

inlet = supply at the rack + share that returns × (warm air behind it − supply) + height, place, noise
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from models.twin.places import HostPlaces, SitePlan, UnitPlace, sum_by
from models.twin.servers import AIR_J_PER_M3K
from models.twin.weather import wandering

Array = NDArray[np.float64]

REACH_M = 2.5  # in which a cooling unit's share of a rack's air falls to 1/e
SHARED_AIR = 0.45  # of the supply that spreads evenly over the zone's racks
FROM_OTHER_RACKS = 0.5  # of a lack of air that the cold aisle evens out
LOCAL_SUPPLY = 0.6  # of a rack's own supply temperature that is left when it reaches the servers
OWN_EXHAUST = 0.5  # of what returns comes from the same rack, the rest from the whole hot side
MOST_RETURNING = 0.95
AISLE_TIME_S = 75.0  # in which a lack of air, or a gap, has changed the air of an aisle
TOP_WEIGHT, BOTTOM_WEIGHT = 1.5, 0.5  # of a lack of air, by height
PLACE_SPREAD_K = 0.3
RESTLESS_TIME_S, RESTLESS_K = 240.0, 0.12
BALANCING_ROUNDS = 60


@dataclass(frozen=True, slots=True)
class AirTaken:
    """What servers do to the air of their zones. Arrays are (Z,)."""

    heat_w: Array
    taken_m3_s: Array
    recirculated_m3_s: Array  # of that, from the hot side


class InletAir:
    """Inlet temperatures, step by step. H hosts, R racks, U cooling units, Z zones."""

    def __init__(
        self,
        plan: SitePlan,
        places: HostPlaces,
        units: list[UnitPlace],
        unit_zone: NDArray[np.intp],
        duty_flow: Array,
        site: Generator,
        rng: Generator,
    ) -> None:
        """`duty_flow` (U,) is the air of each unit at design, for which the floor's tiles are set."""
        self.places, self._rng, hosts = places, rng, len(places.hosts)
        self.racks, self.zones = len(places.racks), len(places.zones)
        self._rack_zone = np.zeros(self.racks, np.intp)
        self._rack_zone[places.rack] = places.zone
        self.shares = _share_out(places, self._rack_zone, units, unit_zone, duty_flow)  # (R, U)
        self._place_k = plan.gradient_k * (places.height - 0.5) + site.normal(0, PLACE_SPREAD_K, hosts)
        self._own = site.uniform(*plan.recirculation, hosts)
        self._weight = BOTTOM_WEIGHT + (TOP_WEIGHT - BOTTOM_WEIGHT) * places.height
        self._restless_k = rng.normal(0, RESTLESS_K, hosts)
        self._lacking, self._breach = np.zeros(self.racks), np.zeros(hosts)
        self._taken, self._behind_c = np.zeros(self.racks), np.full(self.racks, plan.set_point_c)
        self.returning = self._own
        self.inlet_c = np.full(hosts, plan.set_point_c)

    def breathe(self, flow_m3_s: Array, exhaust_c: Array) -> AirTaken:
        """What the servers' air, (H,) m³/s and °C, takes from and gives to every zone."""
        rack, zone = self.places.rack, self._rack_zone

        def sum_racks(values: Array) -> Array:
            return sum_by(rack, values, self.racks)

        self._taken = sum_racks(flow_m3_s)  # (R,)
        self._behind_c = sum_racks(flow_m3_s * exhaust_c) / np.maximum(self._taken, 1e-9)
        risen = self._taken * self._behind_c - sum_racks(flow_m3_s * self.inlet_c)  # K·m³/s
        returned = sum_racks(flow_m3_s * self.returning)
        return AirTaken(
            heat_w=sum_by(zone, AIR_J_PER_M3K * risen, self.zones),
            taken_m3_s=sum_by(zone, self._taken, self.zones),
            recirculated_m3_s=sum_by(zone, returned, self.zones),
        )

    def advance(
        self,
        step_s: float,
        cold_c: Array,
        hot_c: Array,
        unit_flow: Array,
        unit_supply_c: Array,
        breach: Array,
        warmer_k: Array,
    ) -> Array:
        """(H,) inlet temperatures, after `breathe`. `cold`, `hot` (Z,); `unit_…` (U,); the rest (H,).

        `breach` adds to the share that returns, `warmer` to the temperature.
        """
        rack, zone = self.places.rack, self._rack_zone
        supplied = self.shares @ unit_flow  # (R,)
        whole = sum_by(zone, supplied, self.zones)
        local_c = self._local_supply_c(cold_c, supplied, self.shares @ (unit_flow * unit_supply_c), whole)
        self._return_air(step_s, self._lack(supplied, whole), breach)
        warming_k = OWN_EXHAUST * self._behind_c + (1 - OWN_EXHAUST) * hot_c[zone] - local_c
        keep, fresh = wandering(RESTLESS_TIME_S, RESTLESS_K, step_s)
        self._restless_k = keep * self._restless_k + fresh * self._rng.standard_normal(len(rack))
        steady_k = self._place_k + self._restless_k + warmer_k
        self.inlet_c = local_c[rack] + self.returning * warming_k[rack] + steady_k
        return self.inlet_c

    def _return_air(self, step_s: float, lack: Array, breach: Array) -> None:
        """Let a lack of air, (R,), and gaps between the aisles, (H,), have their effect."""
        follows = -math.expm1(-step_s / AISLE_TIME_S)
        self._lacking = self._lacking + (lack - self._lacking) * follows
        self.returning = self._own + self._lacking[self.places.rack] * self._weight
        if self._breach.any() or breach.any():
            self._breach = self._breach + (breach - self._breach) * follows
            self.returning += self._breach
        np.minimum(self.returning, MOST_RETURNING, out=self.returning)

    def _local_supply_c(self, cold_c: Array, supplied: Array, supplied_heat: Array, whole: Array) -> Array:
        """(R,) the zone's cold air, warmer or colder where the nearest unit's supply is."""
        zone = self._rack_zone
        mean_c = sum_by(zone, supplied_heat, self.zones) / np.maximum(whole, 1e-9)
        other_k = np.where(supplied > 1e-6, supplied_heat / np.maximum(supplied, 1e-9) - mean_c[zone], 0.0)
        local: Array = cold_c[zone] + LOCAL_SUPPLY * other_k
        return local

    def _lack(self, supplied: Array, whole: Array) -> Array:
        """(R,) share of what a rack's servers take that nobody supplies."""
        zone = self._rack_zone
        of_zone = whole / np.maximum(sum_by(zone, self._taken, self.zones), 1e-9)
        of_rack = supplied / np.maximum(self._taken, 1e-9)
        lack: Array = np.maximum(1 - (1 - FROM_OTHER_RACKS) * of_rack - FROM_OTHER_RACKS * of_zone[zone], 0.0)
        return lack


def _share_out(
    places: HostPlaces,
    rack_zone: NDArray[np.intp],
    units: list[UnitPlace],
    unit_zone: NDArray[np.intp],
    duty_flow: Array,
) -> Array:
    """(R, U) of each unit's air by rack: more to the near ones, but the tiles give every rack its due."""
    racks, zones = len(places.racks), len(places.zones)
    hosts = np.bincount(places.rack, minlength=racks)
    one = np.zeros(racks, np.intp)
    one[places.rack] = np.arange(len(places.hosts))  # a host of each rack
    away_m = np.hypot(
        places.x[one][:, None] - np.array([unit.x for unit in units]),
        places.y[one][:, None] - np.array([unit.y for unit in units]),
    )
    same = rack_zone[:, None] == unit_zone
    near = np.exp(-away_m / REACH_M) * same
    near /= near.sum(axis=0) / same.sum(axis=0)  # 1 on average over a unit's racks
    raw = same * (SHARED_AIR + (1 - SHARED_AIR) * near) * hosts[:, None]
    in_zone = np.bincount(rack_zone, hosts, zones)[rack_zone]
    shares, tiles = raw, np.ones(racks)
    for _ in range(BALANCING_ROUNDS):
        shares = raw * tiles[:, None]
        shares = shares / shares.sum(axis=0)
        got = shares @ duty_flow
        due = np.bincount(rack_zone, got, zones)[rack_zone] * hosts / in_zone
        tiles = tiles * due / got
    balanced: Array = shares
    return balanced
