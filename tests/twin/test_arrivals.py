"""Deliveries: nearly in order, some late, some twice, none of a host that is silent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.twin.delivery import Deliveries, deliver
from models.twin.faults import Episode
from models.twin.fleet import FleetPlan, FleetRecording, HostPlan, simulate_fleet
from models.twin.servers import TWO_UNITS

START_S = 1_767_225_600.0


@pytest.fixture(scope="module")
def recording() -> FleetRecording:
    hosts = tuple(HostPlan(f"n{n}", TWO_UNITS) for n in range(50))
    silent = Episode("n7", "host_silent", START_S + 600)
    return simulate_fleet(FleetPlan(hosts, START_S, 2_400.0, episodes=(silent,)))


@pytest.fixture(scope="module")
def arrived(recording: FleetRecording) -> Deliveries:
    return deliver(recording, seed=5)


def test_every_poll_that_read_something_arrives_once(recording: FleetRecording, arrived: Deliveries) -> None:
    polls = set(zip(arrived.poll.tolist(), arrived.host.tolist(), strict=True))
    assert len(polls) == len(arrived.poll)
    assert len(polls) == int(np.isfinite(recording.values).any(axis=2).sum())
    assert arrived.poll[arrived.host == 7].max() < 30


def test_stamps_are_whole_seconds_within_one_of_the_poll(
    recording: FleetRecording, arrived: Deliveries
) -> None:
    off_s = arrived.stamp_s - recording.stamp_s[arrived.poll, arrived.host]
    assert set(np.unique(off_s).tolist()) == {-1.0, 0.0, 1.0}


def test_a_few_arrive_late_and_a_few_twice(arrived: Deliveries) -> None:
    behind_s = np.maximum.accumulate(arrived.stamp_s) - arrived.stamp_s
    assert 0.001 < np.mean(behind_s > 5) < 0.02
    assert behind_s.max() < 40
    assert 0.0005 < arrived.twice.mean() < 0.01


def test_equal_seeds_give_equal_order_and_a_longer_recording_begins_alike(
    recording: FleetRecording, arrived: Deliveries
) -> None:
    half = replace(
        recording,
        time_s=recording.time_s[:60],
        stamp_s=recording.stamp_s[:60],
        values=recording.values[:60],
    )
    first = deliver(half, seed=5)
    beginning = first.stamp_s < START_S + 1_100
    count = int(np.argmin(beginning))
    np.testing.assert_array_equal(first.stamp_s[:count], arrived.stamp_s[:count])
    np.testing.assert_array_equal(first.host[:count], arrived.host[:count])
    np.testing.assert_array_equal(first.twice[:count], arrived.twice[:count])
