"""GPUs work in jobs of hours; polls are lost now and then."""

from __future__ import annotations

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from models.twin.gpu_work import GpuWork
from models.twin.losses import Losses

HOSTS = np.array([0, 8, 4, 2, 0, 8], np.intp)
DAY_S, STEP_S = 86_400.0, 60.0


def course(seed: int, days: float = 4.0) -> NDArray[np.float64]:
    """(steps, hosts, 8)"""
    work = GpuWork(HOSTS, 0.0, default_rng(seed))
    return np.array([work.advance(n * STEP_S).copy() for n in range(round(days * DAY_S / STEP_S))])


def test_gpus_that_are_not_there_do_nothing_and_the_others_stay_between_0_and_1() -> None:
    load = course(1)
    assert load.shape == (5_760, 6, 8)
    assert (load[:, HOSTS == 0] == 0).all()
    assert (load[:, 3, 2:] == 0).all()
    assert 0 <= load.min() <= load.max() <= 1


def test_a_job_is_a_plateau_of_two_to_eight_hours() -> None:
    busy = course(2).max(axis=2)[:, 1] > 0.2
    edges = np.flatnonzero(np.diff(busy.astype(int)))
    starts, ends = edges[busy[edges + 1]], edges[~busy[edges + 1]]
    lasted_h = [(ends[ends > start][0] - start) / 60 for start in starts if (ends > start).any()]
    assert len(lasted_h) >= 8
    assert all(1.9 < hours < 8.1 for hours in lasted_h)


def test_some_jobs_take_all_gpus_of_a_host_and_some_a_part() -> None:
    taken = {int(count) for count in (course(3)[:, 1] > 0.2).sum(axis=1)}
    assert 8 in taken
    assert taken & {1, 2, 4}
    assert taken <= {0, 1, 2, 4, 8}


def test_equal_seeds_give_equal_work_however_long_it_runs() -> None:
    np.testing.assert_array_equal(course(4, days=1.0), course(4, days=2.0)[:1_440])
    assert not np.array_equal(course(4, days=1.0), course(5, days=1.0))


def test_a_poll_in_a_thousand_is_lost_and_a_reset_takes_five_minutes() -> None:
    losses, due = Losses(400, 0.0, default_rng(6)), np.arange(400)
    lost = np.array([losses.lost(due, n * 60.0) for n in range(10 * 1_440)])  # ten days, a poll a minute
    in_a_row = lost[:-4] & lost[1:-3] & lost[2:-2] & lost[3:-1] & lost[4:]
    assert 0.0008 < lost.mean() < 0.0014
    assert 30 < in_a_row.sum() < 120  # 400 hosts × 10 days / 60 days a reset
