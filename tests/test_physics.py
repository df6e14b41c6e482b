"""What load and fans do not explain: faults of the simulated fleet by name, and their false friends."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

from agent.physics import Physics, Residuals
from agent.rules.physics import find_physical
from agent.rules.site import dew_point_c
from agent.scored import ScoredTick
from agent.state import pack_array, unpack_array
from models.physics import Baselines
from models.twin.episodes import Episode
from models.twin.fleet import FleetPlan, HostPlan, simulate_fleet
from models.twin.kinds import TWO_UNITS

START_S = 1_772_517_600.0
HOUR_S = 3_600.0
AT_S = START_S + 5 * HOUR_S
FAULTS = (
    ("heatsink_degradation", "severe"), ("vrm_overheating", "severe"), ("dimm_overheating", "severe"),
    ("airflow_blockage", "severe"), ("fan_degradation", "moderate"), ("psu_imbalance", "moderate"),
    ("psu_efficiency", "severe"),
)  # fmt: skip
FRIENDS = (
    ("workload_surge", "severe"), ("idle_drop", "severe"), ("warm_inlet", "severe"),
    ("fan_curve_change", "severe"), ("planned_reboot", "moderate"),
)  # fmt: skip


@cache
def fleet() -> tuple[tuple[str, ...], dict[str, list[ScoredTick]]]:
    """A host for each class, 5 h normal and then an hour of the episode; ticks of each by class."""
    names = [name for name, _ in (*FAULTS, *FRIENDS)]
    hosts = tuple(HostPlan(name, kind=TWO_UNITS) for name in names)
    episodes = tuple(Episode(name, name, AT_S, AT_S + HOUR_S, size) for name, size in (*FAULTS, *FRIENDS))
    plan = FleetPlan(hosts, START_S, 6.5 * HOUR_S, 60.0, 10.0, seed=5, episodes=episodes)
    recording = simulate_fleet(plan)
    ticks = {name: list(ticks_of(recording, at)) for at, name in enumerate(names)}
    return tuple(names), ticks


def ticks_of(recording: object, host: int) -> Iterator[ScoredTick]:
    values = recording.values[:, host].astype(np.float64)  # type: ignore[attr-defined]
    columns = np.flatnonzero(np.isfinite(values).any(axis=0))
    sensors = [recording.sensors[at] for at in columns]  # type: ignore[attr-defined]
    wide, seen = len(columns), np.zeros(len(columns))
    nan = np.full(wide, np.nan)
    for stamp_s, row in zip(recording.stamp_s[:, host], values[:, columns], strict=True):  # type: ignore[attr-defined]
        there = np.isfinite(row)
        seen = np.where(there, row, seen)
        yield ScoredTick(
            host=recording.hosts[host],  # type: ignore[attr-defined]
            time_ns=int(stamp_s * 1e9), period_ns=60_000_000_000, scored=False, score=-1.0, threshold=-1.0,
            parts={}, missing_share=0.0, cohort="", model="",
            sensors=tuple(s.name for s in sensors), quantities=tuple(s.quantity for s in sensors),
            units=tuple(s.unit for s in sensors), seen=seen, present=there, arrived=there, sent=there,
            limitable=there, expected=nan, share=np.zeros(wide), usual=nan, peak=seen,
            silent_ns=np.zeros(wide, np.int64), sensor_period_ns=np.full(wide, 60_000_000_000), limits={},
        )  # fmt: skip


@cache
def named(host: str) -> dict[str, float]:
    """Each fault that was named on a host, and how many seconds after the episode's start first."""
    found: dict[str, float] = {}
    physics = Physics()
    for tick in fleet()[1][host]:
        for finding in find_physical(tick, physics.update(tick)):
            found.setdefault(finding.fault, tick.time_ns / 1e9 - AT_S)
            assert finding.evidence[0].says == "for"
            assert finding.diagnosis.endswith(".")
    return found


@pytest.mark.parametrize("fault", [name for name, _ in FAULTS])
def test_a_fault_is_named_while_it_lasts_and_not_before(fault: str) -> None:
    assert 0 < named(fault)[fault] < HOUR_S
    assert all(after_s > 0 for after_s in named(fault).values())


@pytest.mark.parametrize("friend", [name for name, _ in FRIENDS])
def test_what_only_looks_like_a_fault_is_none(friend: str) -> None:
    assert named(friend) == {}


def test_a_machine_that_is_restored_from_its_state_goes_on_exactly() -> None:
    ticks = fleet()[1]["heatsink_degradation"]
    straight, restored = Physics(), Physics()
    for tick in ticks[:320]:
        straight.update(tick)
        restored.update(tick)
    record = {name: pack_array(array) for name, array in restored.to_arrays().items()}
    restored = Physics.from_arrays({name: unpack_array(packed) for name, packed in record.items()})
    for tick in ticks[320:]:
        one, other = straight.update(tick), restored.update(tick)
        assert isinstance(one, Residuals) and isinstance(other, Residuals)
        np.testing.assert_array_equal(one.fast, other.fast)
        np.testing.assert_array_equal(one.beyond, other.beyond)


def test_a_first_hour_expects_nothing() -> None:
    physics = Physics()
    for tick in fleet()[1]["heatsink_degradation"][:50]:
        residuals = physics.update(tick)
        assert residuals is not None and not residuals.beyond.any()


def test_dew_points_are_those_of_psychrometric_tables() -> None:
    assert dew_point_c(20.0, 50.0) == pytest.approx(9.3, abs=0.1)
    assert dew_point_c(25.0, 100.0) == pytest.approx(25.0, abs=0.01)


def test_what_a_coarse_meter_says_of_a_degree_or_two_teaches_little() -> None:
    """Whole degrees over little warmth: an idle machine must not tell what fans do for a busy one."""
    rng = np.random.default_rng(2)
    drivers, y = np.ones((400, 1, 4)), np.zeros((400, 1))
    speed = np.r_[rng.normal(0.0, 0.01, 350), rng.normal(0.0, 0.01, 50)]
    drivers[:, 0, 1:] = np.stack([np.zeros(400), speed, np.zeros(400)], axis=1)
    y[:350, 0] = np.log(np.round(5.0 - 60.0 * speed[:350]))  # a thermometer's step, by chance as fans tremble
    exponents = []
    for worth in (np.ones(1), np.array([0.05])):
        baselines = Baselines.begin(
            np.array([[0.0, 1, -0.5, 0]]), np.array([[100.0, 0.2, 0.25, 0.2]]), np.array([0.03])
        )
        for row in range(350):
            baselines.learn(y[row], drivers[row], np.full(1, 1 / 30), worth)
        baselines.settle()
        exponents.append(float(baselines.coefficients[0, 2]))
    assert abs(exponents[1] + 0.5) < 0.5 * abs(exponents[0] + 0.5)
