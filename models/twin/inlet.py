"""The air at every server's inlet: what its rack is supplied with, and what of its own warm air comes back.

inlet = supply at the rack + share that returns × (warm air behind it − supply) + height, place, noise
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from models.twin.places import HostPlaces, SitePlan, UnitPlace
from models.twin.weather import wandering

Array = NDArray[np.float64]

REACH_M = 2.5  # in which a cooling unit's share of a rack's air falls to 1/e
SHARED_AIR = 0.45  # of the supply that spreads evenly over the zone's racks
FROM_OTHER_RACKS = 0.5  # of a lack of air that the cold aisle evens out
LOCAL_SUPPLY = 0.6  # of a rack's own supply temperature that is left when it reaches the servers
OWN_EXHAUST = 0.5  # of what returns comes from the same rack, the rest from the whole hot side
MOST_RETURNING = 0.95
TOP_WEIGHT, BOTTOM_WEIGHT = 1.5, 0.5  # of a lack of air, by height
PLACE_SPREAD_K = 0.3
RESTLESS_TIME_S, RESTLESS_K = 240.0, 0.12
BALANCING_ROUNDS = 60


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
        self.shares = _share_out(
            places, self._rack_zone, units, unit_zone, duty_flow
        )  # (R, U) of each unit's air
        self._place_k = plan.gradient_k * (places.height - 0.5) + site.normal(0, PLACE_SPREAD_K, hosts)
        self._returning = site.uniform(*plan.recirculation, hosts)
        self._weight = BOTTOM_WEIGHT + (TOP_WEIGHT - BOTTOM_WEIGHT) * places.height
        self._restless_k = rng.normal(0, RESTLESS_K, hosts)
        self.returning = self._returning
        self.inlet_c = np.full(hosts, plan.set_point_c)

    def sum_racks(self, values: Array) -> Array:
        """(R,) from (H,)."""
        return np.bincount(self.places.rack, values, self.racks).astype(np.float64, copy=False)

    def sum_zones(self, values: Array) -> Array:
        """(Z,) from (H,)."""
        return np.bincount(self.places.zone, values, self.zones).astype(np.float64, copy=False)

    def advance(
        self,
        step_s: float,
        cold_c: Array,
        hot_c: Array,
        unit_flow: Array,
        unit_supply_c: Array,
        flow_m3_s: Array,
        exhaust_c: Array,
        breach: Array,
        warmer_k: Array,
    ) -> Array:
        """(H,) inlet temperatures. `cold`, `hot` (Z,); `unit_…` (U,); the rest (H,).

        `breach` adds to the share that returns, `warmer` to the temperature.
        """
        rack, zone = self.places.rack, self._rack_zone
        taken = self.sum_racks(flow_m3_s)  # (R,)
        supplied = self.shares @ unit_flow
        behind_c = self.sum_racks(flow_m3_s * exhaust_c) / np.maximum(taken, 1e-9)
        local_c = self._local_supply_c(cold_c[zone], supplied, self.shares @ (unit_flow * unit_supply_c))
        lacking = self._lack(taken, supplied)
        warm_c = OWN_EXHAUST * behind_c + (1 - OWN_EXHAUST) * hot_c[zone]
        self.returning = np.minimum(self._returning + lacking[rack] * self._weight + breach, MOST_RETURNING)
        keep, fresh = wandering(RESTLESS_TIME_S, RESTLESS_K, step_s)
        self._restless_k = keep * self._restless_k + fresh * self._rng.standard_normal(len(rack))
        warming_k = self.returning * (warm_c - local_c)[rack]
        self.inlet_c = local_c[rack] + warming_k + self._place_k + self._restless_k + warmer_k
        return self.inlet_c

    def _local_supply_c(self, cold_c: Array, supplied: Array, supplied_heat: Array) -> Array:
        """(R,) the zone's cold air, warmer or colder where the nearest unit's supply is."""
        zone, moving = self._rack_zone, np.maximum(supplied, 1e-9)
        whole = np.bincount(zone, supplied, self.zones)
        mean_c = np.bincount(zone, supplied_heat, self.zones) / np.maximum(whole, 1e-9)
        other_k = np.where(supplied > 1e-6, supplied_heat / moving - mean_c[zone], 0.0)
        local: Array = cold_c + LOCAL_SUPPLY * other_k
        return local

    def _lack(self, taken: Array, supplied: Array) -> Array:
        """(R,) share of what a rack's servers take that nobody supplies."""
        zone = self._rack_zone
        whole = np.bincount(zone, supplied, self.zones) / np.maximum(
            np.bincount(zone, taken, self.zones), 1e-9
        )
        ratio = (1 - FROM_OTHER_RACKS) * supplied / np.maximum(taken, 1e-9) + FROM_OTHER_RACKS * whole[zone]
        lack: Array = np.maximum(1 - ratio, 0.0)
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
    return shares
