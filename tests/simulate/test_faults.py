"""Faults as people write them, and as they are drawn."""

from __future__ import annotations

import pytest
from simulated import START_S, fleet, plan_of

from agent.errors import ConfigError
from agent.simulate.draw import FALSE_FRIENDS, USUAL_FRIEND, classes_for, draw_faults
from agent.simulate.fault_spec import read_fault
from agent.simulate.fault_words import COUNTS
from models.twin.episodes import UNTIL_THE_END_S
from models.twin.fleet_run import FleetRun
from models.twin.magnitudes import CONFOUNDERS, MAGNITUDES
from models.twin.sensors import channels_of

PLAN = plan_of(fleet(8))


def test_a_fault_is_read_as_written() -> None:
    episode = read_fault("fan_failure@r01-n03:30m+20m,severe,ramp=5m,part=2", PLAN)
    assert (episode.name, episode.host, episode.magnitude, episode.part) == (
        "fan_failure",
        "r01-n03",
        "severe",
        2,
    )
    assert (episode.start_s - START_S, episode.end_s - START_S, episode.ramp_s) == (1800, 3000, 300)


def test_without_a_duration_a_fault_stays_and_is_moderate() -> None:
    episode = read_fault("psu_failure@r01-n01:90", PLAN)
    assert (episode.start_s, episode.end_s, episode.magnitude) == (START_S + 90, UNTIL_THE_END_S, "moderate")


def test_a_fault_that_comes_and_goes() -> None:
    episode = read_fault("airflow_blockage@r01-n01:0+1h,every=10m", PLAN)
    assert (episode.profile, episode.period_s) == ("intermittent", 600)


def test_a_sensor_is_named_by_its_canonical_name() -> None:
    episode = read_fault("sensor_dropout@r01-n01:1m,part=exhaust_temp_c", PLAN)
    assert channels_of(PLAN.hosts[0].kind)[episode.part].name == "exhaust_temp_c"


def test_a_place_may_stand_for_its_hosts() -> None:
    assert read_fault("collector_silent@collector01:1m+5m", PLAN).host == "collector01"
    assert read_fault("set_point_change@all:1m+5m", PLAN).host == ""


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("fan_failure", "'fan_failure'; expected CLASS@WHERE:START+DURATION"),
        ("fan_stop@r01-n01:1m", "class is 'fan_stop'; expected one of `coldaisle simulate --list-faults`"),
        ("fan_failure@r09-n01:1m", "place is 'r09-n01'; expected a host such as r01-n01, r01-n02, r01-n03"),
        ("fan_failure@r01-n01:soon", "the start is 'soon'; expected a span of time"),
        ("fan_failure@r01-n01:1m,huge", "part is 'huge'; expected subtle, moderate, severe, ramp=…"),
        ("fan_failure@r01-n01:1m,part=7", "part is '7'; expected a number of 1..6"),
        ("sensor_stuck@r01-n01:1m,part=nose_temp_c", "expected a sensor of r01-n01: inlet_temp_c, "),
    ],
)
def test_a_wrong_fault_is_one_clear_line(spec: str, says: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read_fault(spec, PLAN)
    assert says in str(raised.value)
    assert str(raised.value).startswith("simulate: --fault ")
    assert "\n" not in str(raised.value)


def test_every_class_says_what_its_size_counts() -> None:
    assert set(COUNTS) >= set(MAGNITUDES)
    assert set(FALSE_FRIENDS.values()) | {USUAL_FRIEND} <= CONFOUNDERS


def test_each_drawn_fault_has_a_false_friend_elsewhere_at_its_time() -> None:
    episodes = draw_faults(4, PLAN, 7200.0, seed=1)
    faults = [episode for episode in episodes if episode.is_fault]
    friends = [episode for episode in episodes if not episode.is_fault]
    assert (len(faults), len(friends)) == (4, 4)
    for fault, friend in zip(faults, friends, strict=True):
        assert friend.host != fault.host
        assert friend.start_s < fault.end_s and fault.start_s < friend.end_s
    assert all(START_S + 720 <= episode.start_s < episode.end_s <= START_S + 7200 for episode in episodes)


def test_drawn_faults_can_come_alone() -> None:
    assert all(e.is_fault for e in draw_faults(3, PLAN, 7200.0, seed=1, with_confounders=False))


def test_equal_seeds_draw_equal_faults_and_others_do_not() -> None:
    assert draw_faults(4, PLAN, 7200.0, seed=1) == draw_faults(4, PLAN, 7200.0, seed=1)
    assert draw_faults(4, PLAN, 7200.0, seed=1) != draw_faults(4, PLAN, 7200.0, seed=2)


def test_every_class_is_drawn_once_before_one_comes_again() -> None:
    count = len(classes_for(PLAN))
    episodes = draw_faults(count, PLAN, count * 1000.0, seed=1, with_confounders=False)
    assert {episode.name for episode in episodes} == set(classes_for(PLAN))


def test_what_is_drawn_can_be_simulated() -> None:
    from dataclasses import replace

    layout = fleet(10, "2u", "gpu4")
    plan = plan_of(layout)
    count = len(classes_for(plan))
    run = FleetRun(replace(plan, episodes=tuple(draw_faults(count, plan, count * 1000.0, seed=1))))
    assert all(truth.hosts for truth in run.truth())


def test_too_many_faults_for_the_time_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"--faults is 20; expected at most 5 in 3600 s, 600 s each"):
        draw_faults(20, PLAN, 3600.0, seed=0)


def test_only_fleets_with_gpus_lose_one() -> None:
    assert "gpu_lost" not in classes_for(PLAN)
    assert "gpu_lost" in classes_for(plan_of(fleet(2, "2u", "gpu4")))
