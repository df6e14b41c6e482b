"""A site with heat sources instead of servers: fans that answer to the inlet, a chassis that lags."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from models.twin.episodes import Episode
from models.twin.places import SitePlan, place_hosts
from models.twin.site import Site, SiteAir, SiteLoads

START_S = 1_767_225_600.0  # 2026-01-01
STEP_S = 5.0
EXHAUST_TIME_S = 170.0
Array = NDArray[np.float64]


class SiteBench:
    """`hosts` sources of `power_w` each, run for an hour first."""

    def __init__(
        self,
        hosts: int = 400,
        power_w: float = 340.0,
        plan: SitePlan | None = None,
        seed: int = 1,
        run: int = 1,
    ) -> None:
        plan = plan or SitePlan()
        self.site = Site(plan, place_hosts(hosts, plan), default_rng(seed), default_rng([seed, run]))
        self.power_w = np.full(hosts, power_w)
        self.exhaust_c = np.full(hosts, 34.0)
        self.air = SiteAir(np.full(hosts, 22.0), np.ones((hosts, 2)), np.full((hosts, 2), 230.0))
        self.time_s = START_S - 3600.0
        self.run(3600.0)

    @property
    def inlet_c(self) -> Array:
        """(H,)"""
        return self.air.inlet_c

    @property
    def flow_m3_s(self) -> Array:
        """(H,) 25 l/s, and more above 22 °C."""
        return np.minimum(0.025 * (1 + 0.075 * np.maximum(self.inlet_c - 22.0, 0.0)), 0.08)

    @property
    def supply_w(self) -> Array:
        """(H, 2) on the feeds that are live."""
        share = self.air.feed_ok / np.maximum(self.air.feed_ok.sum(axis=1, keepdims=True), 1)
        return self.power_w[:, None] * share

    def run(self, seconds: float, episodes: Sequence[Episode] = (), step_s: float = STEP_S) -> SiteBench:
        """Let time pass under episodes that begin now, unless they say otherwise."""
        for _ in range(round(seconds / step_s)):
            self.time_s += step_s
            self.step(episodes, step_s)
        return self

    def step(self, episodes: Sequence[Episode], step_s: float = STEP_S) -> None:
        flow, drawn_w = self.flow_m3_s, self.supply_w
        target_c = self.inlet_c + drawn_w.sum(axis=1) / (1187.0 * flow)
        self.exhaust_c = self.exhaust_c + (target_c - self.exhaust_c) * -np.expm1(-step_s / EXHAUST_TIME_S)
        loads = SiteLoads(drawn_w, self.exhaust_c, flow)
        now = [e for e in episodes if e.start_s <= self.time_s < e.end_s]
        self.air = self.site.advance(self.time_s, step_s, loads, now)

    def episode(self, place: str, name: str, magnitude: str = "moderate", part: int = 1) -> Episode:
        """One that begins now and does not end."""
        return Episode(place, name, self.time_s, magnitude=magnitude, part=part)

    def truth(self, unit: str) -> dict[str, float]:
        """Channel → true value."""
        values = self.site.read_truth()[self.site.unit_names.index(unit)]
        names = [channel.name for channel in self.site.unit_channels(unit)]
        return dict(zip(names, values.tolist(), strict=True))
