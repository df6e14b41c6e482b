"""Episodes by lot: as many as asked, on machines that can have them, each with its false friend."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from numpy.random import default_rng

from models.twin.draws import RECOVERS_S, draw_episodes
from models.twin.episodes import Episode
from models.twin.fleet_run import FleetRun
from models.twin.kinds import KINDS
from models.twin.magnitudes import CONFOUNDERS, MAGNITUDES, SENSOR_FAULTS
from models.twin.plans import FleetPlan, HostPlan
from models.twin.sensors import channels_of

START_S, DAY_S = 1_767_225_600.0, 86_400.0
HOSTS = tuple(HostPlan(f"n{n}", KINDS[n % len(KINDS)], cluster=n % 4, rack=f"r{n // 8}") for n in range(44))
KIND_OF = {host.name: host.kind for host in HOSTS}
PLAN = FleetPlan(HOSTS, START_S, 3 * DAY_S)
ALL = {name: 4 for name in MAGNITUDES if name not in CONFOUNDERS}


@pytest.fixture(scope="module")
def drawn() -> tuple[Episode, ...]:
    return draw_episodes(PLAN, default_rng(3), ALL)


def test_as_many_faults_of_each_class_as_asked_and_as_many_confounders(drawn: tuple[Episode, ...]) -> None:
    counted = Counter(episode.name for episode in drawn if episode.is_fault)
    assert counted == ALL
    assert sum(not episode.is_fault for episode in drawn) == sum(ALL.values())


def test_they_begin_after_the_lead_in_order_and_end_within_the_plan(drawn: tuple[Episode, ...]) -> None:
    starts = [episode.start_s for episode in drawn]
    assert starts == sorted(starts)
    assert starts[0] >= START_S + 3_600
    assert max(episode.end_s for episode in drawn) <= START_S + 3 * DAY_S


def test_episodes_of_a_host_leave_it_time_to_recover(drawn: tuple[Episode, ...]) -> None:
    for host in KIND_OF:
        own = [episode for episode in drawn if episode.host == host]
        for one, other in itertools.pairwise(own):
            assert other.start_s >= one.end_s + RECOVERS_S


def test_a_part_is_one_that_the_machine_has(drawn: tuple[Episode, ...]) -> None:
    for episode in drawn:
        kind = KIND_OF.get(episode.host)
        if kind is None:
            continue
        if episode.name in SENSOR_FAULTS:
            assert 0 <= episode.part < len(channels_of(kind))
        if episode.name.startswith("gpu"):
            assert 1 <= episode.part <= kind.gpus
        if episode.name.startswith("psu"):
            assert 1 <= episode.part <= kind.supplies
            assert kind.supplies > 1 or episode.name == "psu_efficiency"


def test_all_profiles_and_magnitudes_come_up_and_failed_fans_do_not_grow(drawn: tuple[Episode, ...]) -> None:
    assert {episode.profile for episode in drawn} == {"step", "ramp", "intermittent"}
    assert {episode.magnitude for episode in drawn} == {"subtle", "moderate", "severe"}
    assert all(episode.ramp_s == 0 for episode in drawn if episode.name == "fan_failure")
    only = draw_episodes(PLAN, default_rng(3), {"fan_failure": 5}, ("severe",), ("step",))
    assert {(episode.magnitude, episode.profile) for episode in only} == {("severe", "step")}


def test_equal_seeds_draw_the_same_and_others_do_not(drawn: tuple[Episode, ...]) -> None:
    assert draw_episodes(PLAN, default_rng(3), ALL) == drawn
    assert draw_episodes(PLAN, default_rng(4), ALL) != drawn


def test_the_twin_knows_every_place_that_is_drawn(drawn: tuple[Episode, ...]) -> None:
    run = FleetRun(FleetPlan(HOSTS, START_S, 60.0, episodes=drawn))
    assert all(truth.hosts for truth in run.truth())


def test_classes_that_no_machine_can_have_are_left_out() -> None:
    few = FleetPlan(tuple(host for host in HOSTS if not host.kind.gpus), START_S, DAY_S)
    assert draw_episodes(few, default_rng(1), {"gpu_lost": 3}) == ()


@pytest.mark.parametrize("name", ["workload_surge", "fan_on_fire"])
def test_what_is_no_fault_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        draw_episodes(PLAN, default_rng(1), {name: 1})


def test_a_plan_without_time_for_an_episode_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 8400 or more"):
        draw_episodes(FleetPlan(HOSTS, START_S, 3_600.0), default_rng(1), {"fan_failure": 1})
