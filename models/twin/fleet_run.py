"""A fleet in time: work and air in, readings of every host out, poll by poll, and the truth about them.

    Workload ─► utilization ─┐                      ┌─► Meters ─► Polls (hosts that are due, F)
    Room ─► inlet air ───────┼─► Conditions ─► Servers ─► exhaust air ─► Room
    Episodes ────────────────┘

A loop over time in steps of a few seconds; all else is arrays over hosts. Memory does not grow with time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from models.twin.episodes import Schedule
from models.twin.faults import act_on_readings, act_on_server, set_point_change_k
from models.twin.magnitudes import MAGNITUDES
from models.twin.plans import FleetPlan
from models.twin.room import Room, RoomPlan
from models.twin.sensors import Meters, channels_of, read_truth
from models.twin.servers import Conditions, ServerKind, Servers
from models.twin.truth import Truth, reach
from models.twin.workload import Workload, WorkloadPlan

Array = NDArray[np.float64]

SETTLE_S = 1_800.0  # run before the recording, so that it starts warm


@dataclass(frozen=True, slots=True)
class Polls:
    """What was read at one moment: D hosts that were due, F channels of the fleet."""

    time_s: float  # Unix time, the true one
    host: NDArray[np.intp]  # (D,) rows of `FleetRun.hosts`
    stamp_s: Array  # (D,) what each host's own clock said
    values: NDArray[np.float32]  # (D, F), NaN where nothing was read or the host has no such sensor


class FleetRun:
    """A plan at work; iterate once over `polls()`, as fast or as slowly as wanted.

    hosts    servers in the order of the plan, then the site's own (cooling units, PDUs, UPSs)
    kinds    "server", "cooling_unit", "pdu" or "ups" for each of them
    sensors  the F channels of all hosts together

    Equal plans give equal polls, and a longer plan begins like a shorter one.

    Raises:
        ValueError: the period is not a whole number of steps, or an episode names what is not there.
    """

    def __init__(self, plan: FleetPlan) -> None:
        _check_episodes(plan)
        self.plan = plan
        self._steps = plan.steps_a_poll
        self._fleet = _Fleet(plan, self._steps)
        self.hosts = tuple(host.name for host in plan.hosts)
        self.kinds = ("server",) * len(self.hosts)
        self.sensors = self._fleet.sensors

    def polls(self) -> Iterator[Polls]:
        """Small batches in the order of time, `duration_s` long; a host that read nothing is all NaN."""
        plan, fleet = self.plan, self._fleet
        for step in range(-round(SETTLE_S / plan.step_s), 0):
            fleet.advance(plan.start_s + step * plan.step_s)
        for step in range(int(plan.duration_s // plan.period_s) * self._steps):
            time_s = plan.start_s + step * plan.step_s
            fleet.advance(time_s)
            due = np.flatnonzero(fleet.phase == step % self._steps)
            if len(due):
                values = fleet.read(due, time_s).astype(np.float32)
                yield Polls(time_s, due, np.full(len(due), time_s), values)

    def truth(self) -> tuple[Truth, ...]:
        """What was wrong and what only looked like it, in the order of the plan; consequences so far."""
        return tuple(reach(episode, self.plan) for episode in self.plan.episodes)


def _check_episodes(plan: FleetPlan) -> None:
    hosts = {host.name for host in plan.hosts}
    for episode in plan.episodes:
        if episode.host not in hosts or episode.name not in MAGNITUDES:
            raise ValueError(
                f"episode {episode.name} of {episode.host}; expected a host and class of the twin"
            )


class _Group:
    """The hosts of one kind."""

    def __init__(self, kind: ServerKind, places: NDArray[np.intp], site: Generator, rng: Generator) -> None:
        self.places = places  # (hosts of the group,) rows in the fleet
        self.seats = {row: seat for seat, row in enumerate(places.tolist())}
        self.channels = channels_of(kind)
        self.servers = Servers(kind, len(places))
        self.meters = Meters(self.channels, len(places), site, rng)
        self.healthy = Conditions.healthy(kind, len(places))  # no two machines are quite alike
        self.healthy.fan_gain *= site.normal(1, 0.015, self.healthy.fan_gain.shape)
        self.healthy.flow_factor *= site.normal(1, 0.03, len(places))
        self.healthy.resistance_factor *= site.normal(1, 0.04, self.healthy.resistance_factor.shape)
        lean = site.normal(0, 0.01, len(places))
        self.healthy.supply_share += np.stack([lean, -lean], axis=1)
        self.columns = np.zeros(0, np.intp)  # of its channels, among the fleet's


class _Fleet:
    def __init__(self, plan: FleetPlan, steps: int) -> None:
        site, run = default_rng([plan.seed]), default_rng([plan.seed, plan.run + 1])
        site_room, site_work, site_groups = site.spawn(3)
        run_room, run_work, run_groups = run.spawn(3)
        hosts = len(plan.hosts)
        self.plan, self.schedule = plan, Schedule(plan.episodes)
        self.row = {host.name: at for at, host in enumerate(plan.hosts)}
        self.phase = site.integers(0, steps, hosts)  # (hosts,) in steps
        height = np.array([host.height for host in plan.hosts])
        self.room = Room(
            RoomPlan(2.0 * height + site_room.normal(0, 0.3, hosts), site_room.uniform(0.02, 0.08, hosts)),
            run_room,
        )
        settle_from_s = plan.start_s - SETTLE_S
        cluster = np.array([host.cluster for host in plan.hosts], np.intp)
        self.workload = Workload(_draw_work(cluster, site_work), settle_from_s, run_work)
        self.exhaust_c = np.full(hosts, 35.0)
        kinds = list(dict.fromkeys(host.kind for host in plan.hosts))
        self.groups = [
            _Group(kind, np.flatnonzero([host.kind == kind for host in plan.hosts]), one, other)
            for kind, one, other in zip(
                kinds, site_groups.spawn(len(kinds)), run_groups.spawn(len(kinds)), strict=True
            )
        ]
        self.sensors = tuple({c.name: c for group in self.groups for c in group.channels}.values())
        column = {channel.name: at for at, channel in enumerate(self.sensors)}
        for group in self.groups:
            group.columns = np.array([column[c.name] for c in group.channels], np.intp)

    def advance(self, time_s: float) -> None:
        """Let one step pass, ending at `time_s`."""
        step_s, now = self.plan.step_s, self.schedule.advance(time_s)
        load = self.workload.advance(time_s, step_s)
        inlet_c = self.room.advance(time_s, step_s, self.exhaust_c, set_point_change_k(now))
        for group in self.groups:
            conditions = group.healthy.copy()
            conditions.utilization, conditions.inlet_c = load[group.places], inlet_c[group.places]
            for episode in now:
                seat = group.seats.get(self.row[episode.host])
                if seat is not None:
                    act_on_server(episode, conditions, seat, time_s)
            group.servers.advance(conditions, step_s)
            group.meters.follow(read_truth(group.servers), step_s)
            self.exhaust_c[group.places] = group.servers.exhaust_c

    def read(self, due: NDArray[np.intp], time_s: float) -> Array:
        """(len(due), F) readings of the hosts that are polled now."""
        values = np.full((len(self.row), len(self.sensors)), np.nan)
        for group in self.groups:
            rows = np.flatnonzero(np.isin(group.places, due))
            if len(rows):
                values[np.ix_(group.places[rows], group.columns)] = group.meters.read(rows)
        for episode in self.schedule.advance(time_s):
            act_on_readings(episode, values[self.row[episode.host]])
        return values[due]


def _draw_work(cluster: NDArray[np.intp], site: Generator) -> WorkloadPlan:
    hosts = len(cluster)
    return WorkloadPlan(
        base=site.uniform(0.15, 0.4, hosts),
        daily_amplitude=site.uniform(0.0, 0.12, hosts),
        peak_s=site.uniform(11 * 3600, 17 * 3600, hosts),
        cluster=cluster,
    )
