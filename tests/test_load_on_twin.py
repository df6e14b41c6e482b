"""Weeks of a simulated fleet: whose load is told to be unexplained, who is told to be idle, and who is not.

The rule alone sees all servers; the whole agent, which takes longer, sees some of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np
import pytest
from load_course import Course
from numpy.random import default_rng

from agent.quality.twin_fleets import DAY_S, HOUR_S, fleet_plan
from agent.quality.twin_stream import watch
from models.twin.episodes import Episode
from models.twin.fleet_run import FleetRun, Polls
from models.twin.kinds import KINDS
from models.twin.plans import FleetPlan

DAYS, PERIOD_S, STEP_S, SEED = 20, 600.0, 60.0, 4
OF = [kind for name in ("arm", "edge", "old", "sled") for kind in KINDS if kind.name == name]
MINED = {0: (8.5, "subtle"), 5: (11.0, "moderate"), 7: (14.0, "severe")}  # the ones that have clear days
FORGOTTEN = {2: (3.6, "subtle"), 3: (4.0, "moderate"), 6: (4.4, "severe")}
MINED_H = 40.0
WORK = ("workload_surge", "idle_drop", "planned_reboot", "fan_curve_change")  # of the others


def fleet() -> FleetPlan:
    """Eight servers with all that befalls them."""
    plan = replace(fleet_plan(8, OF, DAYS, PERIOD_S, seed=SEED), step_s=STEP_S)
    names, begin_s, rng = [host.name for host in plan.hosts], plan.start_s, default_rng(SEED)
    episodes = [
        Episode(names[at], "abnormal_load", start_s, start_s + MINED_H * HOUR_S, size)
        for at, (day, size) in MINED.items()
        for start_s in [begin_s + day * DAY_S]
    ]
    for at, (day, size) in FORGOTTEN.items():
        episodes.append(
            Episode(names[at], "idle_server", begin_s + day * DAY_S, begin_s + DAYS * DAY_S, size)
        )
    for host in (name for at, name in enumerate(names) if at not in MINED and at not in FORGOTTEN):
        for name in WORK * 3:
            start_s = begin_s + rng.uniform(1, DAYS - 1) * DAY_S
            lasts_s = HOUR_S / 6 if name == "planned_reboot" else rng.uniform(2, 20) * HOUR_S
            episodes.append(Episode(host, name, start_s, start_s + lasts_s, "moderate"))
    return replace(plan, episodes=tuple(sorted(episodes, key=lambda episode: episode.start_s)))


class Lived(FleetRun):
    """A run that is simulated once; `only` are the hosts whose polls it gives."""

    def __init__(self, plan: FleetPlan) -> None:
        super().__init__(plan)
        self.only: frozenset[int] = frozenset(range(len(plan.hosts)))

    @cached_property
    def _all(self) -> list[Polls]:
        return list(super().polls())

    def polls(self) -> Iterator[Polls]:
        for polls in self._all:
            kept = np.array([host in self.only for host in polls.host])
            if kept.any():
                yield Polls(polls.time_s, polls.host[kept], polls.stamp_s[kept], polls.values[kept])

    def power_w(self, host: int) -> np.ndarray:
        """(polls,) of a host; NaN where it read none."""
        names = [sensor.name for sensor in self.sensors]
        rows = np.array([polls.values[polls.host == host][0] for polls in self._all if host in polls.host])
        if np.isfinite(rows[:, names.index("power_w")]).any():
            return np.array(rows[:, names.index("power_w")])
        return np.array(rows[:, [at for at, name in enumerate(names) if name.endswith("_in_w")]].sum(axis=1))


@pytest.fixture(scope="module")
def lived() -> Lived:
    return Lived(fleet())


def test_the_rule_finds_every_plateau_after_a_day_every_idle_server_after_a_fortnight_and_no_other(
    lived: Lived,
) -> None:
    told: dict[str, dict[int, float]] = {"abnormal_load": {}, "idle_server": {}}
    for at in range(len(lived.plan.hosts)):
        power_w = lived.power_w(at)
        for day, finding in Course(peak_w=float(np.nanmax(power_w))).live(power_w):
            told[finding.fault].setdefault(at, day)
    assert set(told["abnormal_load"]) == set(MINED)
    assert set(told["idle_server"]) == set(FORGOTTEN)
    assert all(22 < 24 * (day - MINED[at][0]) < 27 for at, day in told["abnormal_load"].items())
    assert all(14 <= day - FORGOTTEN[at][0] < 15.2 for at, day in told["idle_server"].items())


def test_the_whole_agent_raises_both_once_and_nothing_of_load_elsewhere(lived: Lived) -> None:
    lived.only = frozenset((0, 1, 3))
    seen = watch(lived, {}, "", SEED)
    told = [(one.host, one.fault) for one in seen.raised if one.fault in ("abnormal_load", "idle_server")]
    names = [host.name for host in lived.plan.hosts]
    assert told == [(names[0], "abnormal_load"), (names[3], "idle_server")]
    load, idle = (one for one in seen.raised if (one.host, one.fault) in told)
    assert load.severity == "P2" and 0 < load.ended_s - (lived.plan.start_s + 8.5 * DAY_S) < 43 * HOUR_S
    assert (idle.severity, idle.ended_s) == ("info", 0.0)
