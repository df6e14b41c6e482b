"""A whole recording at once: for tests and training, where all of it fits into memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.twin.episodes import Episode
from models.twin.fleet_run import FleetRun, Polls
from models.twin.plans import FleetPlan, HostPlan
from models.twin.sensors import Channel

__all__ = ["FleetPlan", "FleetRecording", "FleetRun", "HostPlan", "Polls", "simulate_fleet"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FleetRecording:
    """Readings of the servers on a grid of polls; each is polled at its own moment within a period."""

    time_s: Array  # (N,) start of each period, Unix time
    stamp_s: Array  # (N, hosts) when each host was polled, by its own clock
    hosts: tuple[str, ...]
    sensors: tuple[Channel, ...]  # F, of all kinds together
    values: NDArray[np.float32]  # (N, hosts, F), NaN where nothing was read or the host has no such sensor
    truth: tuple[Episode, ...]


def simulate_fleet(plan: FleetPlan) -> FleetRecording:
    """The whole recording, without the site's own units; equal plans give equal recordings, and a longer one
    begins like a shorter one.

    Raises:
        ValueError: the period is not a whole number of steps, or an episode names what is not there.
    """
    run = FleetRun(plan)
    polls, servers = int(plan.duration_s // plan.period_s), len(plan.hosts)
    sensors = run.server_sensors
    stamp_s = np.empty((polls, servers))
    values = np.full((polls, servers, len(sensors)), np.nan, np.float32)
    for batch in run.polls():
        at = int((batch.time_s - plan.start_s) / plan.period_s + 1e-6)
        kept = batch.host < servers
        stamp_s[at, batch.host[kept]] = batch.stamp_s[kept]
        values[at, batch.host[kept]] = batch.values[kept, : len(sensors)]
    return FleetRecording(
        time_s=plan.start_s + np.arange(polls, dtype=np.float64) * plan.period_s,
        stamp_s=stamp_s,
        hosts=run.hosts[:servers],
        sensors=sensors,
        values=values,
        truth=plan.episodes,
    )
