"""How fast the digital twin runs: servers of all kinds with their site, polled every 10 s, with faults."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
from numpy.random import default_rng

from models.twin.draws import draw_episodes
from models.twin.fleet_run import FleetRun
from models.twin.kinds import KINDS
from models.twin.magnitudes import CONFOUNDERS, MAGNITUDES
from models.twin.plans import FleetPlan, HostPlan

START_S, DAY_S, PERIOD_S = 1_767_225_600.0, 86_400.0, 10.0
FAULTS_PER_HOST = 0.3  # a day, and as many episodes that only look like one
_HIDES_ALL = frozenset(("stream_silent", "collector_silent"))


class TwinRate(NamedTuple):
    """What was simulated, and how long it took; `started_s` is what every run costs once."""

    servers: int
    simulated_s: float
    readings: int
    seconds: float
    started_s: float

    @property
    def day_s(self) -> float:
        """Seconds that a day of these servers takes, from what was simulated of it."""
        return self.started_s + self.seconds * DAY_S / self.simulated_s

    @property
    def server_days_per_minute(self) -> float:
        return self.servers * 60.0 / self.day_s


def twin_rate(servers: int, simulated_s: float) -> TwinRate:
    """Simulate the beginning of a day of so many servers, in one process, steps of 10 s."""
    begun_s = time.perf_counter()
    polls = FleetRun(plan_of(servers, simulated_s)).polls()
    next(polls)
    started_s = time.perf_counter() - begun_s
    readings = sum(int(np.isfinite(poll.values).sum()) for poll in polls)
    took_s = time.perf_counter() - begun_s - started_s
    return TwinRate(servers, simulated_s, readings, took_s, started_s)


def plan_of(servers: int, simulated_s: float) -> FleetPlan:
    """A day's episodes, whatever is simulated of it."""
    hosts = tuple(_host(at) for at in range(servers))
    day = FleetPlan(hosts, START_S, DAY_S, PERIOD_S, PERIOD_S)
    classes = [name for name in MAGNITUDES if name not in CONFOUNDERS | _HIDES_ALL]
    each = -(-int(FAULTS_PER_HOST * servers) // len(classes))
    episodes = draw_episodes(day, default_rng(1), dict.fromkeys(classes, each))
    return FleetPlan(hosts, START_S, simulated_s, PERIOD_S, PERIOD_S, episodes=episodes)


def _host(at: int) -> HostPlan:
    rack = f"r{at // 20 + 1:02d}"
    return HostPlan(
        f"{rack}-n{at % 20 + 1:02d}", KINDS[at % len(KINDS)], cluster=at // 8, height=at % 20 / 19, rack=rack,
        row=f"row{at // 100}", zone=f"z{at // 200}", feed_a=f"pdu-{rack}-a", feed_b=f"pdu-{rack}-b",
    )  # fmt: skip
