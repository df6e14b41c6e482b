"""Work: in range, repeatable, and busy in the ways that real clusters are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.twin.workload import Workload, WorkloadPlan

HOSTS = 40


def plan(jobs_per_host_hour: float = 0.0, daily_amplitude: float = 0.0) -> WorkloadPlan:
    return WorkloadPlan(
        base=np.full(HOSTS, 0.4),
        daily_amplitude=np.full(HOSTS, daily_amplitude),
        peak_s=np.full(HOSTS, 15 * 3600.0),
        cluster=np.arange(HOSTS) % 2,
        jobs_per_host_hour=jobs_per_host_hour,
    )


def course(work: Workload, hours: float, step_s: float = 20.0) -> NDArray[np.float64]:
    """(steps, hosts, 2)"""
    return np.array([work.advance(step * step_s, step_s) for step in range(round(hours * 3600 / step_s))])


def test_utilization_stays_between_0_and_1() -> None:
    load = course(Workload(plan(jobs_per_host_hour=3.0), 0.0, np.random.default_rng(1)), 6)
    assert load.shape == (1080, HOSTS, 2)
    assert load.min() >= 0.0
    assert load.max() == 1.0


def test_equal_seeds_give_equal_work_however_long_it_runs() -> None:
    long = course(Workload(plan(1.0), 0.0, np.random.default_rng(3)), 4)
    short = course(Workload(plan(1.0), 0.0, np.random.default_rng(3)), 1)
    other = course(Workload(plan(1.0), 0.0, np.random.default_rng(4)), 1)
    np.testing.assert_array_equal(long[: len(short)], short)
    assert not np.array_equal(other, short)


def test_jobs_are_steps_and_some_begin_on_several_hosts_at_once() -> None:
    level = course(Workload(plan(0.5), 0.0, np.random.default_rng(5)), 6).mean(axis=2)
    rises = np.diff(level, axis=0) > 0.12  # a job adds 0.15 or more; noise moves 0.01 in 20 s
    assert rises.any(axis=0).mean() > 0.5
    assert rises.sum(axis=1).max() >= 2


def test_a_day_peaks_where_it_should() -> None:
    load = course(Workload(plan(daily_amplitude=0.2), 0.0, np.random.default_rng(6)), 24, step_s=300.0)
    hours = load.mean(axis=(1, 2)).reshape(24, 12).mean(axis=1)
    assert 13 <= int(hours.argmax()) <= 17
    assert 0.3 < hours.max() - hours.min() < 0.5


def test_hosts_of_a_cluster_move_together_more_than_strangers_do() -> None:
    level = course(Workload(plan(), 0.0, np.random.default_rng(7)), 48, step_s=60.0).mean(axis=2)
    correlation = np.corrcoef(level.T)
    assert correlation[0, 2] > 0.5
    assert correlation[0, 2] > correlation[0, 1] + 0.3
