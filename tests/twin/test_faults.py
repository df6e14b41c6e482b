"""Every class of fault is seen where it acts, by what it should be known by; the rest goes on as before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from models.twin.episodes import Episode
from models.twin.fleet import FleetPlan, FleetRecording, HostPlan, simulate_fleet
from models.twin.fleet_run import FleetRun
from models.twin.kinds import AMD_HIGH_POWER, EDGE, GPU_4, GPU_8, ONE_UNIT, TWO_UNITS
from models.twin.magnitudes import MAGNITUDES
from models.twin.sensors import channels_of

START_S, FROM_S, TO_S = 1_767_225_600.0, 1_200.0, 4_200.0
NAMES = [channel.name for channel in channels_of(TWO_UNITS)]
KINDS = {"amd": AMD_HIGH_POWER, "gpu4": GPU_4, "gpu8": GPU_8, "1u": ONE_UNIT, "2u": TWO_UNITS}


def sensor(name: str) -> int:
    return NAMES.index(name)


# host → (class, magnitude, part); the first word of the host's name is its kind
CAUSES: dict[str, tuple[str, str, int]] = {
    "2u fan worn": ("fan_degradation", "severe", 2),
    "amd throttles": ("cpu_throttling", "severe", 1),
    "amd capped": ("power_cap", "severe", 1),
    "2u supply ages": ("psu_efficiency", "severe", 1),
    "2u supplies lean": ("psu_imbalance", "moderate", 1),
    "2u regulators": ("vrm_overheating", "severe", 1),
    "2u memory": ("dimm_overheating", "severe", 1),
    "gpu4 hot": ("gpu_overheating", "severe", 2),
    "gpu8 lost": ("gpu_lost", "severe", 8),
    "2u mined": ("abnormal_load", "severe", 1),
    "2u forgotten": ("idle_server", "moderate", 1),
    "2u stuck": ("sensor_stuck", "moderate", sensor("cpu1_temp_c")),
    "2u drifts": ("sensor_drift", "moderate", sensor("exhaust_temp_c")),
    "2u jumps": ("sensor_spike", "severe", sensor("inlet_temp_c")),
    "2u gone": ("sensor_dropout", "severe", sensor("cpu1_temp_c")),
    "2u swapped": ("sensor_swap", "moderate", sensor("exhaust_temp_c")),
    "2u in °F": ("unit_change", "moderate", sensor("inlet_temp_c")),
    "2u ahead": ("clock_skew", "severe", 0),
    "2u reboots": ("planned_reboot", "moderate", 1),
    "2u in repair": ("maintenance", "moderate", 1),
    "2u new firmware": ("fan_curve_change", "severe", 1),
    "2u warm": ("warm_inlet", "moderate", 1),
    "1u usual": ("workload_surge", "subtle", 1),
}
HOSTS = tuple(
    HostPlan(name, KINDS[name.split()[0]], cluster=n % 3, collector=f"c{n % 2}")
    for n, name in enumerate(CAUSES)
)
PLAN = FleetPlan(HOSTS, START_S, duration_s=5_400.0, period_s=20.0, step_s=10.0, seed=5)
EPISODES = tuple(
    Episode(host, name, START_S + FROM_S, START_S + TO_S, size, part)
    for host, (name, size, part) in CAUSES.items()
)


@pytest.fixture(scope="module")
def healthy() -> FleetRecording:
    return simulate_fleet(PLAN)


@pytest.fixture(scope="module")
def faulty() -> FleetRecording:
    return simulate_fleet(replace(PLAN, episodes=EPISODES))


Pair = tuple[NDArray[np.float64], NDArray[np.float64]]


@pytest.fixture
def seen(faulty: FleetRecording, healthy: FleetRecording) -> object:
    """A function: readings of a host's sensor late in its episode, with and without it."""

    def of(host: str, name: str, from_s: float = 3_000.0, to_s: float = TO_S) -> Pair:
        rows = slice(round(from_s / 20), round(to_s / 20))
        at = [channel.name for channel in faulty.sensors].index(name)
        which = faulty.hosts.index(host)
        return tuple(r.values[rows, which, at].astype(np.float64) for r in (faulty, healthy))  # type: ignore[return-value]

    return of


def test_a_worn_fan_is_slower_than_its_peers_and_unsteady(seen) -> None:
    worn, own = seen("2u fan worn", "fan2_rpm")
    peer, _ = seen("2u fan worn", "fan3_rpm")
    assert np.nanmean(worn / peer) == pytest.approx(0.6, abs=0.04)
    assert np.nanstd(worn / peer) > 3 * np.nanstd(own / seen("2u fan worn", "fan3_rpm")[1])


def test_throttling_lowers_clock_and_power_at_a_temperature_that_does_not_move(seen) -> None:
    assert np.nanmean(seen("amd throttles", "cpu_freq_hz")[0]) < 0.9 * AMD_HIGH_POWER.clock_hz
    hot = seen("amd throttles", "cpu1_temp_c")[0]
    assert np.nanmean(hot) == pytest.approx(AMD_HIGH_POWER.set_point_c - 10, abs=2.5)
    assert np.nanmin(seen("amd throttles", "cpu_util")[0]) > 0.75


def test_a_power_cap_is_a_flat_line(seen) -> None:
    socket_w, usual_w = seen("amd capped", "cpu1_power_w")
    assert np.nanmean(socket_w) == pytest.approx(0.55 * 350, rel=0.05)
    assert np.nanstd(socket_w) < 0.2 * np.nanstd(usual_w) + 1.5


def test_an_aged_supply_takes_more_for_what_it_gives(seen) -> None:
    given, given_before = seen("2u supply ages", "psu1_out_w")
    taken, taken_before = seen("2u supply ages", "psu1_in_w")
    lost = np.nanmean(given_before) / np.nanmean(taken_before) - np.nanmean(given) / np.nanmean(taken)
    assert lost == pytest.approx(0.05, abs=0.012)


def test_supplies_that_lean_carry_a_quarter_and_three_quarters(seen) -> None:
    one, two = (np.nanmean(seen("2u supplies lean", f"psu{n}_out_w")[0]) for n in (1, 2))
    assert one / (one + two) == pytest.approx(0.25, abs=0.04)


@pytest.mark.parametrize(
    ("host", "hot", "calm"),
    [("2u regulators", "vrm_temp_c", "dimm_temp_c"), ("2u memory", "dimm_temp_c", "vrm_temp_c")],
)
def test_what_is_hot_is_hot_alone(seen, host: str, hot: str, calm: str) -> None:
    rises = [np.nanmean(with_it - without) for with_it, without in (seen(host, hot), seen(host, calm))]
    assert rises[0] > 15
    assert abs(rises[1]) < 2


def test_a_loose_cooler_heats_one_gpu(seen) -> None:
    rises = [np.nanmean(np.subtract(*seen("gpu4 hot", f"gpu{n}_temp_c"))) for n in (1, 2, 3, 4)]
    assert rises[1] > 5 + max(rises[0], rises[2], rises[3])


def test_lost_gpus_tell_nothing_and_their_power_is_missing(seen) -> None:
    for n in (8, 1):  # severe: two of them, in a ring
        assert np.isnan(seen("gpu8 lost", f"gpu{n}_temp_c")[0]).all()
    assert np.isfinite(seen("gpu8 lost", "gpu2_temp_c")[0]).mean() > 0.9
    drawn = [sum(np.nanmean(seen("gpu8 lost", f"psu{n}_in_w")[i]) for n in (1, 2, 3, 4)) for i in (0, 1)]
    assert drawn[0] < drawn[1] - 100


def test_a_mined_host_is_busy_all_the_time_and_a_forgotten_one_never(seen) -> None:
    busy, usual = seen("2u mined", "power_w")
    assert np.nanmean(busy) > 500
    assert np.nanstd(busy) < np.nanstd(usual)
    assert np.nanmean(seen("2u forgotten", "power_w")[0]) < 190


def test_a_stuck_sensor_repeats_itself_to_the_bit(seen) -> None:
    stuck, usual = seen("2u stuck", "cpu1_temp_c", FROM_S + 60)
    assert len(np.unique(stuck[np.isfinite(stuck)])) == 1
    assert len(np.unique(usual[np.isfinite(usual)])) > 2


def test_a_drifting_sensor_moves_alone(seen) -> None:
    assert np.nanmean(np.subtract(*seen("2u drifts", "exhaust_temp_c"))) == pytest.approx(6, abs=0.5)
    assert np.nanmean(np.subtract(*seen("2u drifts", "inlet_temp_c"))) == pytest.approx(0, abs=0.5)


def test_spikes_are_single_readings(seen) -> None:
    jumps = np.abs(np.subtract(*seen("2u jumps", "inlet_temp_c", FROM_S))) > 50
    assert 2 <= jumps.sum() <= 20


def test_a_severe_dropout_takes_four_sensors(seen, faulty: FleetRecording) -> None:
    silent = [n for n in NAMES if np.isnan(seen("2u gone", n)[0]).all()]
    assert silent == ["cpu1_temp_c", "cpu2_temp_c", "dimm_temp_c", "vrm_temp_c"]


def test_swapped_sensors_show_each_others_values(seen) -> None:
    exhaust, own = seen("2u swapped", "exhaust_temp_c")
    assert np.nanmean(exhaust - seen("2u swapped", "cpu1_temp_c")[1]) == pytest.approx(0, abs=0.5)
    assert np.nanmean(seen("2u swapped", "cpu1_temp_c")[0] - own) == pytest.approx(0, abs=0.5)


def test_a_change_of_unit_moves_all_temperatures_of_the_host(seen) -> None:
    for name in ("inlet_temp_c", "cpu1_temp_c", "dimm_temp_c"):
        in_f, in_c = seen("2u in °F", name)
        assert np.nanmean(in_f - (1.8 * in_c + 32)) == pytest.approx(0, abs=0.5)
    assert np.nanmean(np.subtract(*seen("2u in °F", "power_w"))) == pytest.approx(0, abs=5)


def test_a_clock_is_ahead_for_as_long_as_it_is_wrong(faulty: FleetRecording, healthy: FleetRecording) -> None:
    which = faulty.hosts.index("2u ahead")
    ahead_s = (faulty.stamp_s - healthy.stamp_s)[:, which]
    assert set(ahead_s[:60]) == {0.0}
    assert set(ahead_s[61:209]) == {3600.0}


def test_a_reboot_and_a_repair_end_by_themselves(seen) -> None:
    off = seen("2u reboots", "power_w", FROM_S + 60, FROM_S + 440)[0]
    assert np.nanmax(off) < 20
    assert np.nanmean(np.subtract(*seen("2u reboots", "power_w"))) == pytest.approx(0, abs=8)
    assert np.isnan(seen("2u in repair", "power_w", FROM_S + 20, FROM_S + 440)[0]).all()
    assert np.isfinite(seen("2u in repair", "power_w")[0]).mean() > 0.95


def test_a_new_fan_curve_turns_all_fans_faster_and_leaves_the_flow_per_speed(seen) -> None:
    for n in range(1, 7):
        assert np.nanmean(np.subtract(*seen("2u new firmware", f"fan{n}_rpm"))) > 1_500
    assert np.nanmean(np.subtract(*seen("2u new firmware", "cpu1_temp_c"))) < -2


def test_warm_air_is_warm_at_one_host(seen) -> None:
    assert np.nanmean(np.subtract(*seen("2u warm", "inlet_temp_c"))) == pytest.approx(5, abs=0.5)
    assert abs(np.nanmean(np.subtract(*seen("2u in °F", "psu1_in_w")))) < 5


def test_silence_of_a_collector_takes_its_hosts_and_of_the_stream_all() -> None:
    short = replace(PLAN, duration_s=600.0)
    silences = (
        Episode("c1", "collector_silent", START_S + 100, START_S + 300),
        Episode("", "stream_silent", START_S + 400, START_S + 500),
    )
    recording = simulate_fleet(replace(short, episodes=silences))
    told = np.isfinite(recording.values).any(axis=2)  # (N, hosts)
    assert told[6:14, ::2].mean() > 0.95
    assert not told[6:14, 1::2].any()
    assert not told[20:24].any()
    assert told[26:].mean() > 0.95


def test_an_intermittent_fault_comes_and_goes() -> None:
    comes = Episode("2u stuck", "psu_failure", START_S, part=2, period_s=200.0, on_share=0.5)
    recording = simulate_fleet(replace(PLAN, duration_s=1_200.0, episodes=(comes,)))
    at = [channel.name for channel in recording.sensors].index("psu2_out_w")
    given = recording.values[:, recording.hosts.index("2u stuck"), at]
    dead = (given == 0).reshape(6, 10).sum(axis=1)
    assert (dead >= 3).all()
    assert (dead <= 6).all()


def test_a_loose_heat_sink_throttles_its_host_under_load_and_the_truth_says_so() -> None:
    stops = Episode("2u mined", "psu_failure", START_S + 300, magnitude="severe")
    blocks = Episode("2u mined", "heatsink_degradation", START_S + 320, magnitude="severe")
    mines = Episode("2u mined", "abnormal_load", START_S + 60, magnitude="severe")
    run = FleetRun(replace(PLAN, duration_s=3_600.0, episodes=(stops, blocks, mines)))
    for _ in run.polls():
        pass
    truths = run.truth()
    assert truths[0].also == truths[2].also == ()
    assert {also.fault for also in truths[1].also} == {"cpu_throttling"}
    assert truths[1].also[0].start_s > START_S + 320
    assert truths[1].hosts == ("2u mined",)


def test_a_dark_feed_is_a_failed_supply_for_every_host_on_it() -> None:
    dark = Episode("pdu-a", "feed_loss", START_S + 100, START_S + 400, "severe")
    run = FleetRun(replace(PLAN, duration_s=600.0, episodes=(dark,)))
    for _ in run.polls():
        pass
    (truth,) = run.truth()
    assert (truth.scope, truth.place) == ("pdu", "pdu-a")
    assert {(also.fault, also.host) for also in truth.also} >= {("psu_failure", h.name) for h in HOSTS}


def test_what_throttles_on_and_off_is_one_consequence() -> None:
    flickers = Episode(
        "2u mined", "heatsink_degradation", START_S + 320, magnitude="severe", period_s=240.0, on_share=0.6
    )
    mines = Episode("2u mined", "abnormal_load", START_S + 60, magnitude="severe")
    run = FleetRun(replace(PLAN, duration_s=3_600.0, episodes=(flickers, mines)))
    for _ in run.polls():
        pass
    assert len(run.truth()[0].also) == 1


def test_a_host_on_the_dark_feed_alone_falls_silent() -> None:
    edge = HostPlan("edge", EDGE)
    dark = Episode("pdu-a", "feed_loss", START_S + 100, START_S + 400, "severe")
    run = FleetRun(FleetPlan((edge, *HOSTS[:3]), START_S, 600.0, step_s=10.0, episodes=(dark,)))
    told = [np.isfinite(polls.values[polls.host == 0]).any() for polls in run.polls() if 0 in polls.host]
    assert told[:5] == [True] * 5
    assert not any(told[6:20])
    assert any(told[21:])
    assert ("host_silent", "edge") in {(also.fault, also.host) for also in run.truth()[0].also}


def test_every_class_has_three_magnitudes() -> None:
    assert all(list(sizes) == ["subtle", "moderate", "severe"] for sizes in MAGNITUDES.values())
