"""A whole fleet: repeatable, every fault seen where it should be and nowhere else."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from models.twin.faults import MAGNITUDES, Episode, active
from models.twin.fleet import FleetPlan, FleetRecording, HostPlan, simulate_fleet
from models.twin.fleet_run import FleetRun
from models.twin.kinds import GPU_8
from models.twin.servers import ONE_UNIT, TWO_UNITS

START_S = 1_767_225_600.0
HOSTS = tuple(HostPlan(f"n{n}", ONE_UNIT if n % 2 else TWO_UNITS, cluster=n % 2) for n in range(10))
PLAN = FleetPlan(HOSTS, START_S, duration_s=3600.0, seed=3)


def episode(host: str, name: str, magnitude: str = "moderate", part: int = 1) -> Episode:
    """From minute 20 to minute 50 of the recording."""
    return Episode(host, name, START_S + 1200, START_S + 3000, magnitude, part)


EPISODES = (
    episode("n0", "fan_failure", part=4),
    episode("n1", "fan_failure", "severe", part=8),
    episode("n2", "psu_failure", part=2),
    episode("n3", "sensor_dropout", part=1),
    episode("n4", "host_silent"),
    episode("n5", "heatsink_degradation", part=1),
    episode("n6", "airflow_blockage"),
    episode("n8", "workload_surge", "severe"),
)


@pytest.fixture(scope="module")
def healthy() -> FleetRecording:
    return simulate_fleet(PLAN)


@pytest.fixture(scope="module")
def faulty() -> FleetRecording:
    """The same machines at the same work, with all of the episodes."""
    return simulate_fleet(replace(PLAN, episodes=EPISODES))


def column(recording: FleetRecording, host: str, sensor: str) -> NDArray[np.float64]:
    """(N,)"""
    at = [channel.name for channel in recording.sensors].index(sensor)
    return recording.values[:, recording.hosts.index(host), at]


def change(recording: FleetRecording, healthy: FleetRecording, host: str, sensor: str) -> float:
    """Mean difference from the same fleet without episodes, over minutes 30 to 50."""
    rows = slice(90, 150)
    difference = column(recording, host, sensor)[rows] - column(healthy, host, sensor)[rows]
    return float(np.nanmean(difference))


def test_a_recording_has_a_row_for_each_poll(healthy: FleetRecording) -> None:
    assert healthy.values.shape == (180, 10, len(healthy.sensors))
    assert healthy.stamp_s.shape == (180, 10)
    assert (
        (healthy.stamp_s - healthy.time_s[:, None] >= 0) & (healthy.stamp_s - healthy.time_s[:, None] < 20)
    ).all()
    assert np.isfinite(column(healthy, "n1", "fan8_rpm")).mean() > 0.98
    assert np.isnan(column(healthy, "n0", "fan8_rpm")).all()  # a kind with six fans


def test_equal_plans_give_equal_recordings_and_a_longer_one_begins_alike(healthy: FleetRecording) -> None:
    short = simulate_fleet(replace(PLAN, duration_s=600.0))
    np.testing.assert_array_equal(short.values, healthy.values[:30])
    np.testing.assert_array_equal(short.stamp_s, healthy.stamp_s[:30])


def test_another_run_has_the_same_machines_at_other_work(healthy: FleetRecording) -> None:
    other = simulate_fleet(replace(PLAN, run=1))
    for host in ("n0", "n2", "n4"):
        quirk = [
            np.nanmean(column(r, host, "fan1_rpm") / column(r, host, "fan2_rpm")) for r in (healthy, other)
        ]
        assert quirk[0] == pytest.approx(quirk[1], abs=0.01)
    assert not np.array_equal(healthy.values[0], other.values[0], equal_nan=True)


def test_a_stopped_rotor_reads_0_in_its_time_and_warms_its_host(
    faulty: FleetRecording, healthy: FleetRecording
) -> None:
    fan = column(faulty, "n0", "fan4_rpm")
    during = (faulty.stamp_s[:, 0] >= START_S + 1200) & (faulty.stamp_s[:, 0] < START_S + 3000)
    read = np.isfinite(fan)
    assert (fan[during & read] == 0).all()
    assert (fan[~during & read] > 2_000).all()
    assert 1.0 < change(faulty, healthy, "n0", "cpu1_temp_c") < 7.0


def test_a_severe_fan_failure_stops_two_rotors(faulty: FleetRecording) -> None:
    still = [s.name for s in faulty.sensors if (column(faulty, "n1", s.name)[90:150] == 0).any()]
    assert still == ["fan1_rpm", "fan8_rpm"]


def test_a_failed_supply_delivers_nothing_and_its_twin_everything(
    faulty: FleetRecording, healthy: FleetRecording
) -> None:
    rows = slice(90, 148)
    assert np.nanmax(column(faulty, "n2", "psu2_in_w")[rows]) == 0
    before_w, alone_w = (column(r, "n2", "psu1_out_w")[rows] for r in (healthy, faulty))
    assert np.nanmean(alone_w / before_w) == pytest.approx(2.0, abs=0.1)


def test_a_blocked_inlet_and_a_loose_heatsink_look_different(
    faulty: FleetRecording, healthy: FleetRecording
) -> None:
    assert min(change(faulty, healthy, "n6", f"cpu{n}_temp_c") for n in (1, 2)) > 3
    assert change(faulty, healthy, "n6", "exhaust_temp_c") > 3
    assert change(faulty, healthy, "n5", "cpu1_temp_c") > 3
    assert change(faulty, healthy, "n5", "cpu2_temp_c") < 0.5
    assert change(faulty, healthy, "n5", "exhaust_temp_c") < 0.5


def test_a_sensor_or_a_host_falls_silent(faulty: FleetRecording) -> None:
    assert faulty.sensors[1].name == "exhaust_temp_c"
    assert np.isnan(column(faulty, "n3", "exhaust_temp_c")[60:150]).all()
    assert np.isfinite(column(faulty, "n3", "inlet_temp_c")[60:150]).mean() > 0.95
    assert np.isnan(faulty.values[60:150, 4]).all()
    assert np.isfinite(faulty.values[150:, 4]).any()


def test_hosts_without_an_episode_go_on_as_they_were(faulty: FleetRecording, healthy: FleetRecording) -> None:
    for sensor in ("cpu1_temp_c", "power_w", "exhaust_temp_c"):
        assert change(faulty, healthy, "n7", sensor) == pytest.approx(
            0, abs=0.5
        )  # but for its neighbours' air


def test_a_surge_leaves_flow_and_efficiency_alone(faulty: FleetRecording, healthy: FleetRecording) -> None:
    rows = slice(90, 148)

    def efficiency(recording: FleetRecording) -> float:
        given_w, taken_w = (column(recording, "n8", f"psu1_{side}_w")[rows] for side in ("out", "in"))
        return float(np.nanmean(given_w / taken_w))

    def flow_per_speed(recording: FleetRecording) -> float:
        rise_k = column(recording, "n8", "exhaust_temp_c") - column(recording, "n8", "inlet_temp_c")
        flow = np.nanmean(column(recording, "n8", "power_w")[rows]) / np.nanmean(rise_k[rows])
        return float(flow / np.nanmean(column(recording, "n8", "fan1_rpm")[rows]))

    assert change(faulty, healthy, "n8", "power_w") > 100
    assert efficiency(faulty) == pytest.approx(efficiency(healthy), abs=0.04)
    assert flow_per_speed(faulty) / flow_per_speed(healthy) == pytest.approx(1.0, abs=0.12)


def test_a_set_point_change_moves_every_inlet_alike(healthy: FleetRecording) -> None:
    recording = simulate_fleet(replace(PLAN, episodes=(episode("n0", "set_point_change"),)))
    changes = [change(recording, healthy, host, "inlet_temp_c") for host in recording.hosts]
    assert np.mean(changes) == pytest.approx(2.4, abs=0.2)  # walls and racks follow slowly
    assert np.ptp(changes) < 1.0  # the meters show whole degrees


def test_polls_come_one_by_one_in_the_order_of_time_and_tell_what_the_recording_tells(
    healthy: FleetRecording,
) -> None:
    run = FleetRun(PLAN)
    batches = list(itertools.islice(run.polls(), 40))
    times = [batch.time_s for batch in batches]
    assert times == sorted(times)
    assert times[0] >= START_S
    for batch in batches:
        for at, host in enumerate(batch.host.tolist()):
            if host < len(HOSTS):
                poll = int((batch.time_s - START_S) // 20)
                np.testing.assert_array_equal(
                    batch.values[at, : len(run.server_sensors)], healthy.values[poll, host]
                )


def test_the_sites_units_are_polled_beside_the_servers() -> None:
    run = FleetRun(replace(PLAN, duration_s=60.0))
    first = {host: batch.values[at] for batch in run.polls() for at, host in enumerate(batch.host.tolist())}
    assert set(first) == set(range(len(run.hosts)))
    names = [channel.name for channel in run.sensors]
    supply_c = first[next(at for at, kind in enumerate(run.kinds) if kind == "crah")][
        names.index("supply_temp_c")
    ]
    assert 18 < supply_c < 25
    assert {"crah", "pdu", "ups", "server"} == set(run.kinds)


def test_a_hot_fleet_gets_the_cooling_that_it_needs() -> None:
    hot = tuple(HostPlan(f"g{n}", GPU_8, zone="z9") for n in range(4))
    assert PLAN.site.design_w_per_host == 450.0
    assert replace(PLAN, hosts=(*HOSTS, *hot)).site.design_w_per_host > 6_000


def test_a_ramp_grows_from_nothing_to_its_size() -> None:
    slow = Episode("n0", "airflow_blockage", 100.0, 500.0, ramp_s=200.0)
    assert [slow.grown(t) for t in (99.0, 100.0, 150.0, 300.0, 499.0, 500.0)] == [
        0.0,
        0.0,
        0.25,
        1.0,
        1.0,
        0.0,
    ]
    assert active([slow], 100.0) == [slow]
    assert active([slow], 500.0) == []


def test_every_class_has_three_magnitudes() -> None:
    assert all(list(sizes) == ["subtle", "moderate", "severe"] for sizes in MAGNITUDES.values())


def test_a_period_that_is_no_whole_number_of_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="whole steps"):
        simulate_fleet(replace(PLAN, period_s=12.0))


@pytest.mark.parametrize("wrong", [("n99", "fan_failure"), ("n1", "fan_on_fire")])
def test_an_episode_of_what_is_not_there_is_refused(wrong: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=wrong[1]):
        simulate_fleet(replace(PLAN, episodes=(episode(*wrong),)))


def test_a_thousand_servers_take_little_longer_than_ten() -> None:
    hosts = tuple(HostPlan(f"n{n}", ONE_UNIT if n % 2 else TWO_UNITS) for n in range(1_000))
    began = time.process_time()
    simulate_fleet(FleetPlan(hosts, START_S, duration_s=300.0, period_s=10.0))
    steps = (300 + 1_800) / 5
    assert (time.process_time() - began) / steps < 0.012  # a day of 17,280 steps in minutes
