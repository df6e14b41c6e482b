"""Faults as people write them, and as they are drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from simulated import START_S, fleet, plan_of
from typer.testing import CliRunner

from agent.errors import ConfigError
from agent.simulate.arguments import simulate_app
from agent.simulate.draw import draw_faults
from agent.simulate.fault_spec import read_fault
from agent.simulate.fault_words import COUNTS
from agent.simulate.plan import KINDS
from agent.simulate.wire.dialects import DIALECTS
from models.twin.episodes import UNTIL_THE_END_S
from models.twin.fleet_run import FleetRun
from models.twin.magnitudes import MAGNITUDES
from models.twin.sensors import channels_of

ROOT = Path(__file__).resolve().parents[2]
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
    assert read_fault("feed_loss@pdu-r01-a:1m+5m", PLAN).host == "pdu-r01-a"
    assert read_fault("cooling_unit_failure@crah-z1-1:1m+5m", PLAN).host == "crah-z1-1"


def test_a_units_sensors_may_lie_too() -> None:
    episode = read_fault("sensor_stuck@crah-z1-1:1m+5m,part=return_temp_c", PLAN)
    assert (episode.host, episode.part) == ("crah-z1-1", 1)


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
    assert set(COUNTS) == set(MAGNITUDES)


@pytest.mark.parametrize(("count", "duration_s"), [(4, 7200.0), (3, 1800.0), (12, 86_400.0)])
def test_each_drawn_fault_has_a_false_friend_elsewhere_at_its_time(count: int, duration_s: float) -> None:
    episodes = draw_faults(count, PLAN, duration_s, seed=1)
    faults = [episode for episode in episodes if episode.is_fault]
    friends = {episode.start_s: episode for episode in episodes if not episode.is_fault}
    assert (len(faults), len(friends)) == (count, count)
    of_servers = [fault for fault in faults if fault.host.startswith("r0")]
    assert of_servers
    assert all(friends[fault.start_s].host != fault.host for fault in of_servers)
    latest_s = START_S + duration_s + 600  # a reboot takes its time
    assert all(START_S + 0.1 * duration_s <= e.start_s < e.end_s <= latest_s for e in episodes)
    assert all(fault.end_s - fault.start_s >= 180 for fault in faults)


def test_drawn_faults_can_come_alone() -> None:
    assert all(e.is_fault for e in draw_faults(3, PLAN, 7200.0, seed=1, with_confounders=False))


def test_equal_seeds_draw_equal_faults_and_others_do_not() -> None:
    assert draw_faults(4, PLAN, 7200.0, seed=1) == draw_faults(4, PLAN, 7200.0, seed=1)
    assert draw_faults(4, PLAN, 7200.0, seed=1) != draw_faults(4, PLAN, 7200.0, seed=2)


def test_what_is_drawn_can_be_simulated() -> None:
    plan = plan_of(fleet(40, "2u", "gpu4"))
    episodes = tuple(draw_faults(30, plan, 86_400.0, seed=1))
    run = FleetRun(replace(plan, episodes=episodes))
    assert all(truth.hosts for truth in run.truth())


def test_too_many_faults_for_the_time_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"--faults is 200; expected fewer, more --hosts or a longer"):
        draw_faults(200, PLAN, 3600.0, seed=0)


def test_a_fleet_without_gpus_loses_none() -> None:
    drawn = {episode.name for seed in range(20) for episode in draw_faults(4, PLAN, 7200.0, seed)}
    assert not {"gpu_lost", "gpu_overheating"} & drawn


def test_the_document_has_the_table_of_the_command() -> None:
    listed = CliRunner().invoke(simulate_app, ["--list-faults"])
    assert listed.exit_code == 0
    assert listed.stdout in (ROOT / "docs" / "simulation.md").read_text(encoding="utf-8")


def test_the_document_names_every_dialect_and_kind() -> None:
    told = (ROOT / "docs" / "simulation.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in told for name in (*DIALECTS, *KINDS))
