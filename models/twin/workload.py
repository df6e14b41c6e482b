"""How busy the servers are: a level of their own, a day's course, what their cluster shares, jobs, and noise.

base + daily course + cluster's AR(1) + jobs (gangs: steps on several hosts at once) + host's AR(1) ─► 0..1
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[np.float64]

DAY_S = 86_400.0
CLUSTER_TIME_S, CLUSTER_SPREAD = 1_800.0, 0.04  # what hosts of a cluster have in common
HOST_TIME_S, HOST_SPREAD = 120.0, 0.02
SOCKET_TIME_S, SOCKET_SPREAD = 300.0, 0.015  # the two sockets are never quite equally busy
EASE_S = 3 * 3_600.0  # between a working day and a weekend
STRONGEST_DAY = 0.3  # of utilization, half the way from trough to peak
DURATION_SHAPE = 1.5  # Weibull: few very short and few very long jobs


@dataclass(frozen=True, slots=True)
class WorkloadPlan:
    """Who runs what. Arrays are (hosts,)."""

    base: Array
    daily_amplitude: Array  # 0 to 0.3: real clusters differ, and some have no day at all
    peak_s: Array  # time of day of the daily maximum
    cluster: NDArray[np.intp]
    weekend: Array | float = 0.0  # (hosts,) how much less there is to do on Saturdays and Sundays
    jobs_per_host_hour: float = 0.25
    job_mean_s: float = 2_400.0
    job_level: tuple[float, float] = (0.15, 0.5)  # utilization that a job adds, from and to
    gang_most: int = 3  # hosts of one job


class Workload:
    """Utilization of every socket, a step at a time; equal seeds give equal work, however long it runs."""

    def __init__(self, plan: WorkloadPlan, start_s: float, rng: Generator) -> None:
        self.plan, self._hosts = plan, len(plan.base)
        self._noise, self._jobs_rng = rng.spawn(2)
        self._shared = self._noise.normal(0, CLUSTER_SPREAD, int(plan.cluster.max()) + 1)
        self._own = self._noise.normal(0, HOST_SPREAD, self._hosts)
        self._lean = self._noise.normal(0, SOCKET_SPREAD, self._hosts)
        self._jobs: list[
            tuple[float, int, float, NDArray[np.intp]]
        ] = []  # a heap of (end, count, level, hosts)
        self._job_level, self._count = np.zeros(self._hosts), 0
        self._next_job_s = start_s + self._gap_s()

    def advance(self, time_s: float, step_s: float) -> Array:
        """(hosts, 2) utilization in the step that ends at `time_s` (Unix time)."""
        plan, noise = self.plan, self._noise
        self._shared = _wander(self._shared, CLUSTER_TIME_S, CLUSTER_SPREAD, step_s, noise)
        self._own = _wander(self._own, HOST_TIME_S, HOST_SPREAD, step_s, noise)
        self._lean = _wander(self._lean, SOCKET_TIME_S, SOCKET_SPREAD, step_s, noise)
        day = np.cos(2 * math.pi * (time_s - plan.peak_s) / DAY_S)
        level = plan.base + plan.daily_amplitude * day + self._shared[plan.cluster] + self._own
        level = level + self._running_jobs(time_s) - plan.weekend * _weekend(time_s)  # (hosts,)
        both = np.stack([level + self._lean, level - self._lean], axis=1)  # (hosts, 2)
        return np.clip(both, 0.0, 1.0)

    def _running_jobs(self, time_s: float) -> Array:
        """(hosts,) what they add to the load; kept up job by job, since most steps change little."""
        while self._next_job_s <= time_s:
            end_s, adds, hosts = self._draw_job(self._next_job_s)
            self._next_job_s += self._gap_s()
            self._count += 1
            heapq.heappush(self._jobs, (end_s, self._count, adds, hosts))
            self._job_level[hosts] += adds
        while self._jobs and self._jobs[0][0] <= time_s:
            _, _, adds, hosts = heapq.heappop(self._jobs)
            self._job_level[hosts] -= adds
        return self._job_level

    def _gap_s(self) -> float:
        starts_per_s = self._hosts * self.plan.jobs_per_host_hour / 3600.0
        return float(self._jobs_rng.exponential(1.0 / starts_per_s)) if starts_per_s > 0 else math.inf

    def _draw_job(self, start_s: float) -> tuple[float, float, NDArray[np.intp]]:
        rng = self._jobs_rng
        scale_s = self.plan.job_mean_s / math.gamma(1 + 1 / DURATION_SHAPE)
        end_s = start_s + scale_s * float(rng.weibull(DURATION_SHAPE))
        size = min(int(rng.integers(1, self.plan.gang_most + 1)), self._hosts)
        hosts = rng.choice(self._hosts, size=size, replace=False).astype(np.intp)
        return end_s, float(rng.uniform(*self.plan.job_level)), hosts


def draw_work(cluster: NDArray[np.intp], rng: Generator) -> WorkloadPlan:
    """Who runs what on a site: some clusters have a strong day, some none."""
    hosts = len(cluster)
    return WorkloadPlan(
        base=rng.uniform(0.15, 0.4, hosts),
        daily_amplitude=STRONGEST_DAY * rng.beta(1, 3, hosts),
        peak_s=rng.uniform(11 * 3600, 17 * 3600, hosts),
        cluster=cluster,
        weekend=0.1 * rng.beta(1, 3, hosts),
    )


def _weekend(time_s: float) -> float:
    """1 on Saturdays and Sundays, 0 on other days, some hours between."""
    day = (time_s / DAY_S + 3) % 7  # 1 January 1970 was a Thursday
    return min(max(min((day - 5), 7 - day) * DAY_S / EASE_S, 0.0), 1.0)


def _wander(value: Array, time_s: float, spread: float, step_s: float, rng: Generator) -> Array:
    """One step of an AR(1) of standard deviation `spread` and correlation time `time_s`."""
    keep = math.exp(-step_s / time_s)
    return keep * value + spread * math.sqrt(1 - keep * keep) * rng.standard_normal(value.shape)
