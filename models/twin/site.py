"""A site around its servers: air, cooling and current go in, and what servers take and give comes back.

loads of all hosts ─► Site.advance ─► inlet air, live feeds, mains voltage of every host
                          └─► truth of every cooling unit, PDU and UPS
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from models.twin.chiller import EVAPORATOR_C, ChilledWater, ChillerPower, compressor_cop
from models.twin.electrical import Electrical
from models.twin.humidity import Moisture, relative_humidity_pct
from models.twin.inlet import InletAir
from models.twin.places import HostPlaces, SitePlan, UnitPlace, duty_units, place_units
from models.twin.plant import DESIGN_RISE_K, CoolingUnits, ZoneAir
from models.twin.sensors import Channel
from models.twin.servers import AIR_J_PER_M3K
from models.twin.site_faults import SiteConditions, act_on_site
from models.twin.site_map import SiteMap
from models.twin.unit_channels import CHANNELS
from models.twin.weather import Weather

if TYPE_CHECKING:
    from models.twin.episodes import Episode

Array = NDArray[np.float64]

COOLING_KINDS = ("crah", "crac")
START_SHARE = 0.7  # of the design load, before the first step
HOUSE_SHARE = 0.01  # of the design load: light, doors, controls


@dataclass(frozen=True, slots=True)
class SiteLoads:
    """What the servers take and give in a step."""

    input_w: Array  # (H, 2) drawn by each supply
    exhaust_c: Array  # (H,)
    flow_m3_s: Array  # (H,)


@dataclass(frozen=True, slots=True)
class SiteAir:
    """What the site gives the servers."""

    inlet_c: Array  # (H,)
    feed_ok: Array  # (H, 2) 1 or 0
    mains_v: Array  # (H, 2) at each supply; 0 where the feed is lost


@dataclass(frozen=True, slots=True)
class SitePower:
    """Where a site's power goes, in W."""

    servers_w: float
    units_w: float  # fans, controls, and compressors of CRACs
    plant: ChillerPower
    losses_w: float  # of the UPSs, and into their batteries
    house_w: float

    @property
    def total_w(self) -> float:
        """All that the site draws, from mains and batteries."""
        plant_w = self.plant.chillers_w + self.plant.pumps_w + self.plant.tower_w
        return self.servers_w + self.units_w + plant_w + self.losses_w + self.house_w

    @property
    def pue(self) -> float:
        """Total over the servers' power (ISO/IEC 30134-2, at this moment); infinite where these are off."""
        return self.total_w / self.servers_w if self.servers_w > 0 else float("inf")


class Site:
    """The state of a site, advanced in steps of a few seconds; stable at up to 10 s."""

    def __init__(self, plan: SitePlan, hosts: HostPlaces, site_rng: Generator, run_rng: Generator) -> None:
        """`site_rng` draws what stays with the building, `run_rng` weather and noise."""
        self.plan, self.hosts = plan, hosts
        self.units: tuple[UnitPlace, ...] = place_units(hosts, plan)
        cooling = [unit for unit in self.units if unit.kind in COOLING_KINDS]
        in_zone = np.bincount(hosts.zone, minlength=len(hosts.zones))
        duty = np.array([duty_units(count, plan) for count in in_zone.tolist()])
        design_w = plan.design_w_per_host * in_zone.astype(np.float64)  # (Z,)
        self.map = SiteMap(hosts, cooling, _find_spares(cooling, plan))
        zone = self.map.unit_zone
        self.cooling = CoolingUnits(
            zone, self.map.is_spare, (design_w / duty)[zone], plan.flow_margin, plan.set_point_c
        )
        self.air = ZoneAir(design_w, plan.set_point_c, plan.set_point_c + DESIGN_RISE_K)
        whole_w = float(design_w.sum())
        self.water = ChilledWater(whole_w, plan.chilled_water_c, START_SHARE * whole_w, plan.free_cooling)
        inlet_site, electrical_site = site_rng.spawn(2)
        inlet_run, electrical_run, weather_run, moisture_run = run_rng.spawn(4)
        flow = np.where(self.map.is_spare, 0.0, self.cooling.flow_most_m3_s)
        self.inlet = InletAir(plan, hosts, cooling, zone, flow, inlet_site, inlet_run)
        self.electrical = Electrical(plan, hosts, electrical_site, electrical_run)
        self.weather = Weather(plan.climate, weather_run)
        self.moisture = Moisture(len(hosts.zones), plan.dew_point_c, moisture_run)
        self.house_w = HOUSE_SHARE * whole_w
        self.power = SitePower(0.0, 0.0, ChillerPower(), 0.0, self.house_w)
        self.unit_w = self.cooling.fan_w  # (U,)
        self._healthy = SiteConditions.healthy(len(zone), len(in_zone), len(hosts.hosts), len(hosts.pdus))

    @property
    def unit_names(self) -> tuple[str, ...]:
        """Cooling units, PDUs, UPSs: hosts of a recording beside the servers."""
        return tuple(unit.name for unit in self.units)

    @property
    def unit_kinds(self) -> tuple[str, ...]:
        """crah, crac, pdu or ups, of each unit."""
        return tuple(unit.kind for unit in self.units)

    def unit_channels(self, unit: str) -> tuple[Channel, ...]:
        """The sensors of a unit, in the order of its row of `read_truth`."""
        return CHANNELS[self.unit_kinds[self.unit_names.index(unit)]]

    def advance(self, time_s: float, step_s: float, loads: SiteLoads, episodes: Sequence[Episode]) -> SiteAir:
        """Let one step pass, ending at `time_s` (Unix time), with the episodes that act now."""
        now = self._conditions(episodes, time_s)
        self.weather.advance(time_s, step_s)
        self.moisture.advance(step_s, now.dew_point_k)
        self._cool(step_s, loads, now)
        inlet_c = self.inlet.advance(
            step_s, self.air.cold_c, self.air.hot_c, self.cooling.flow_m3_s, self.cooling.supply_c,
            now.breach, now.warmer_k,
        )  # fmt: skip
        feed_ok, mains_v = self.electrical.advance(step_s, loads.input_w, now.live, now.moved, now.mains)
        self.power = SitePower(
            servers_w=float(self.electrical.output_w.sum()),
            units_w=float(self.unit_w.sum()),
            plant=self.water.power if self.plan.cooling == "crah" else ChillerPower(),
            losses_w=self.electrical.loss_w,
            house_w=self.house_w,
        )
        return SiteAir(inlet_c, feed_ok, mains_v)

    def read_truth(self) -> list[Array]:
        """True values of each unit, in the order of `unit_names`; each (its channels,)."""
        zone, electrical = self.map.unit_zone, self.electrical
        supply_c = self.cooling.supply_c
        columns = [supply_c, self.air.hot_c[zone], self.cooling.speed]
        if self.plan.cooling == "crah":
            columns.append(np.full(len(zone), self.water.supply_c))
        columns += [relative_humidity_pct(self.moisture.dew_point_c[zone], supply_c), self.unit_w]
        share = electrical.output_w / electrical.rated_w
        return [
            *np.stack(columns, axis=1),
            *np.column_stack((electrical.phase_a, electrical.phase_v, electrical.phase_w.sum(axis=1))),
            *np.stack(
                [
                    100 * electrical.charge, electrical.input_v, electrical.output_v, 100 * share,
                    electrical.output_w,
                ],
                axis=1,
            ),
        ]  # fmt: skip

    def _conditions(self, episodes: Sequence[Episode], time_s: float) -> SiteConditions:
        if not episodes:
            return self._healthy
        now = self._healthy.copy()
        for episode in episodes:
            act_on_site(episode, now, self.map, time_s)
        return now

    def _cool(self, step_s: float, loads: SiteLoads, now: SiteConditions) -> None:
        """Units, zones' air and chilled water: the heat that servers gave off moves on."""
        units, zone = self.cooling, self.map.unit_zone
        is_crah = self.plan.cooling == "crah"
        servers = self.inlet.breathe(loads.flow_m3_s, loads.exhaust_c)
        units.advance(
            step_s, self.plan.set_point_c + now.set_point_k[zone], now.capacity, now.rests, now.calls_spare,
            self.plan.flow_margin * servers.taken_m3_s, self.air.hot_c,
            self.water.supply_c if is_crah else EVAPORATOR_C,
        )  # fmt: skip
        moved = units.flow_m3_s
        supplied = units.sum_zones(moved)
        supply_c = units.sum_zones(moved * units.supply_c) / np.maximum(supplied, 1e-9)
        removed_w = self.air.advance(
            step_s, servers.heat_w, servers.taken_m3_s, servers.recirculated_m3_s, supplied, supply_c
        )
        fan_w = units.fan_w
        if is_crah:
            self.unit_w = fan_w
            wet_c = self.weather.wet_c + now.outdoor_k
            self.water.advance(step_s, float(removed_w.sum() + fan_w.sum()), now.chillers, wet_c)
        else:
            coil_w = AIR_J_PER_M3K * moved * (self.air.hot_c[zone] - units.supply_c) + fan_w * units.runs
            cop = compressor_cop(self.weather.dry_c + now.outdoor_k)
            self.unit_w = fan_w + np.maximum(coil_w, 0.0) / cop


def _find_spares(cooling: Sequence[UnitPlace], plan: SitePlan) -> NDArray[np.bool_]:
    """(U,) the last units of each zone, where they rest until they are called."""
    zones = [unit.zone for unit in cooling]
    later = [zones[at + 1 :].count(zone) for at, zone in enumerate(zones)]
    return np.array(later) < (plan.spare_units if plan.standby_rests else 0)
