"""Everything that a fleet is at one moment, and one step of it.

Workload, GpuWork ─► Conditions ─► Servers ─► Meters (servers and units) ─► ReadingFaults ─► readings
Site ─► air, feeds ──────┘  ▲         └─► loads ─► Site
Episodes ───────────────────┘
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from models.twin.cascades import Cascades
from models.twin.conditions import FEEDS, Conditions
from models.twin.episodes import Episode, Schedule
from models.twin.faults import SERVER_ACTIONS, Shop
from models.twin.gpu_work import GpuWork
from models.twin.hardware import Hardware
from models.twin.losses import Losses
from models.twin.meters import Meters
from models.twin.plans import FleetPlan
from models.twin.reading_faults import READING_CLASSES, ReadingFaults
from models.twin.sensors import Channel, Panels
from models.twin.servers import Servers
from models.twin.site import Site, SiteLoads
from models.twin.truth import Reaches
from models.twin.workload import Workload, draw_work

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Values = NDArray[np.float32]


class FleetState:
    """Servers first, then the site's units; F channels of both together."""

    def __init__(self, plan: FleetPlan, from_s: float) -> None:
        """`from_s` is when the first step begins, Unix time."""
        site, run = (default_rng(seed) for seed in ([plan.seed], [plan.seed, plan.run + 1]))
        of_site, of_work, of_machines, of_meters = site.spawn(4)
        by_air, by_work, by_gpus, by_meters, by_faults, by_losses = run.spawn(6)
        kinds = [host.kind for host in plan.hosts]
        self.step_s = plan.step_s
        self.hardware = Hardware.of(kinds).spread(of_machines)
        self.servers = Servers(self.hardware)
        self.site = Site(plan.site, plan.places(), of_site, by_air)
        cluster = np.array([host.cluster for host in plan.hosts], np.intp)
        self.workload = Workload(draw_work(cluster, of_work), from_s, by_work)
        self.gpu_work = GpuWork(self.hardware.gpus.astype(np.intp), from_s, by_gpus)
        self.healthy = Conditions.healthy(self.hardware)
        self.now = Conditions.healthy(self.hardware)
        self.hosts = (*(host.name for host in plan.hosts), *self.site.unit_names)
        self.cascades = Cascades(self.hosts)
        self._lay_out_sensors(Panels(kinds), of_meters, by_meters)
        self._losses = Losses(len(self.hosts), from_s, by_losses)
        self._engage(plan, by_faults)

    def _lay_out_sensors(self, panels: Panels, of_meters: Generator, by_meters: Generator) -> None:
        """Entries of the servers, then of the units; K together."""
        units = [self.site.unit_channels(unit) for unit in self.site.unit_names]
        self.panels = panels
        self.own: tuple[Sequence[Channel], ...] = (*panels.own, *units)  # of each host
        self.sensors = tuple({c.name: c for c in (*panels.sensors, *(c for u in units for c in u))}.values())
        column = {channel.name: at for at, channel in enumerate(self.sensors)}
        self.columns = [np.array([column[c.name] for c in own], np.intp) for own in self.own]
        self.host_of = np.repeat(np.arange(len(self.own)), [len(own) for own in self.own])  # (K,)
        self.column_of = np.concatenate(self.columns)  # (K,)
        self.meters = Meters([channel for own in self.own for channel in own], of_meters, by_meters)

    def _engage(self, plan: FleetPlan, rng: Generator) -> None:
        """Sort the episodes by what they act on, and find their hosts."""
        by_servers, by_readings = rng.spawn(2)
        self._shop = Shop(self.hardware, by_servers)
        self._reading_faults = ReadingFaults(self.own, self.columns, by_readings)
        reaches, row = Reaches(plan), {host: at for at, host in enumerate(self.hosts)}
        self._rows: dict[Episode, list[int]] = {}
        for episode in plan.episodes:
            is_unit = episode.host in self.site.unit_names
            reached = (episode.host,) if is_unit else reaches.of(episode).hosts
            self._rows[episode] = [row[host] for host in reached]
        of_servers = [e for e in plan.episodes if e.name in SERVER_ACTIONS]
        of_readings = [e for e in plan.episodes if e.name in READING_CLASSES]
        self._of_servers, self._of_readings = Schedule(of_servers), Schedule(of_readings)
        elsewhere = READING_CLASSES.union(SERVER_ACTIONS)
        self._of_site = Schedule([e for e in plan.episodes if e.name not in elsewhere])

    def advance(self, time_s: float) -> None:
        """Let one step pass, ending at `time_s`."""
        servers, now, step_s = self.servers, self.now, self.step_s
        loads = SiteLoads(self._input_w(), servers.exhaust_c, servers.flow_m3_s)
        air = self.site.advance(time_s, step_s, loads, self._of_site.advance(time_s))
        now.become(self.healthy)
        now.gpu_load[:] = self.gpu_work.advance(time_s)
        now.utilization[:] = self.workload.advance(time_s, step_s)
        if len(self.gpu_work.rows):
            now.utilization += self.gpu_work.feeding()[:, None]
            np.minimum(now.utilization, 1.0, out=now.utilization)
        now.inlet_c, now.feed_ok, now.mains_v = air.inlet_c.copy(), air.feed_ok, air.mains_v
        for episode in self._of_servers.advance(time_s):
            for row in self._rows[episode]:
                self._shop.act(episode, now, row, time_s)
        servers.advance(now, step_s)
        self.cascades.watch(servers, time_s)
        truth = np.concatenate([self.panels.read_truth(servers), *self.site.read_truth()])
        self.meters.follow(truth, step_s)

    def read(self, due: Index, entries: Index, time_s: float) -> tuple[Array, Values]:
        """Stamps (D,) and readings (D, F) of the hosts that are polled now; `entries` are their sensors."""
        place = np.zeros(len(self.hosts), np.intp)
        place[due] = np.arange(len(due))
        values = np.full((len(due), len(self.sensors)), np.nan, np.float32)
        values[place[self.host_of[entries]], self.column_of[entries]] = self.meters.read(entries)
        values[self._losses.lost(due, time_s) | self._is_dark(due)] = np.nan
        stamp_s = np.full(len(due), time_s)
        for episode in self._of_readings.advance(time_s):
            for row in self._rows[episode]:
                at = int(place[row])
                if due[at] == row:
                    self._reading_faults.act(episode, row, time_s, values[at])
                    stamp_s[at] += self._reading_faults.skew_s(episode, time_s)
        return stamp_s, values

    def _input_w(self) -> Array:
        """(H, 2) drawn from each feed."""
        servers = self.servers
        feeds = [servers.input_w[:, servers.feed_of == feed].sum(axis=1) for feed in range(FEEDS)]
        return np.stack(feeds, axis=1)

    def _is_dark(self, due: Index) -> NDArray[np.bool_]:
        """(D,) a server without any current tells nothing."""
        dark = np.zeros(len(self.hosts), bool)
        dark[: self.servers.hosts] = ~self.servers.has_current
        return dark[due]
