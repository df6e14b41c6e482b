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

from models.twin.places import PHASES, SIDES, HostPlaces, SitePlan, UnitPlace, place_units
from models.twin.sensors import Channel

if TYPE_CHECKING:
    from models.twin.episodes import Episode

Array = NDArray[np.float64]


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


class Site:
    """The state of a site, advanced in steps of a few seconds."""

    def __init__(self, plan: SitePlan, hosts: HostPlaces, site_rng: Generator, run_rng: Generator) -> None:
        """`site_rng` draws what stays with the building, `run_rng` weather and noise."""
        self.plan, self.hosts = plan, hosts
        self._rng = run_rng
        self.units: tuple[UnitPlace, ...] = place_units(hosts, plan)
        count = len(hosts.hosts)
        self._recirculation = site_rng.uniform(*plan.recirculation, count)
        self._place_k = plan.gradient_k * (hosts.height - 0.5) + site_rng.normal(0, 0.3, count)

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
        supply_c, count = self.plan.set_point_c, len(self.hosts.hosts)
        warmer_k = float(loads.exhaust_c.mean()) - supply_c
        return SiteAir(
            inlet_c=supply_c + self._place_k + self._recirculation * warmer_k,
            feed_ok=np.ones((count, SIDES)),
            mains_v=np.full((count, SIDES), self.plan.mains_v),
        )

    def read_truth(self) -> list[Array]:
        """True values of each unit, in the order of `unit_names`; each (its channels,)."""
        return [np.zeros(len(CHANNELS[kind])) for kind in self.unit_kinds]


def _temperature(name: str) -> Channel:
    return Channel(name, "temperature", "Cel", 0.1, lag_s=20.0, bias=0.2, noise=0.05)


def _power(name: str) -> Channel:
    return Channel(name, "power", "W", 10.0, lag_s=2.0, gain=0.01, gain_noise=0.003)


def _volts(name: str) -> Channel:
    return Channel(name, "voltage", "V", 0.1, gain=0.003, gain_noise=0.0005)


_FAN = Channel("fan_pct", "fan_speed", "1", 0.01, noise=0.002)  # 0 to 1, as a decoder hands it on
_HUMIDITY = Channel("rh_pct", "humidity", "%", 0.5, lag_s=60.0, bias=1.5, noise=0.2)
_AIR = (_temperature("supply_temp_c"), _temperature("return_temp_c"), _FAN)
CHANNELS: dict[str, tuple[Channel, ...]] = {
    "crah": (*_AIR, _temperature("chw_supply_c"), _HUMIDITY, _power("power_w")),
    "crac": (*_AIR, _HUMIDITY, _power("power_w")),
    "pdu": (
        *(Channel(f"phase{n + 1}_a", "current", "A", 0.1, gain=0.01, noise=0.02) for n in range(PHASES)),
        *(_volts(f"phase{n + 1}_v") for n in range(PHASES)),
        _power("power_w"),
    ),
    "ups": (
        Channel("battery_pct", "other", "1", 1.0),  # 0 to 100
        _volts("input_v"),
        _volts("output_v"),
        Channel("load_pct", "other", "1", 1.0, noise=0.2),  # 0 to 100
        _power("power_w"),
    ),
}  # fmt: skip
