"""A fleet in time: a plan in, readings of every host out, poll by poll, and the truth about them.

FleetRun(plan) ─► polls(): Polls (hosts that are due, their F readings) … ─► truth()

A loop over time in steps of a few seconds; all else is arrays over hosts. Memory does not grow with time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from models.twin.fleet_state import FleetState
from models.twin.magnitudes import MAGNITUDES
from models.twin.plans import FleetPlan
from models.twin.truth import Reaches, Truth, settle_consequences

Array = NDArray[np.float64]

SETTLE_S = 1_800.0  # run before the recording, so that it starts warm
_PHASE_SEED = 0x9A5E


@dataclass(frozen=True, slots=True)
class Polls:
    """What was read at one moment: D hosts that were due, F channels of the fleet."""

    time_s: float  # Unix time, the true one
    host: NDArray[np.intp]  # (D,) rows of `FleetRun.hosts`
    stamp_s: Array  # (D,) what each host's own clock said
    values: NDArray[np.float32]  # (D, F), NaN where nothing was read or the host has no such sensor


class FleetRun:
    """A plan at work; iterate once over `polls()`, as fast or as slowly as wanted.

    hosts    servers in the order of the plan, then the site's own (cooling units, PDUs, UPSs)
    kinds    "server", or "crah", "crac", "pdu", "ups", for each of them
    sensors  the F channels of all hosts together

    Equal plans give equal polls, and a longer plan begins like a shorter one. Each host is polled at its own
    second of a period, the same in every run. An episode acts from the first step that it began before.

    Raises:
        ValueError: the period is not a whole number of steps, or an episode names what is not there.
    """

    def __init__(self, plan: FleetPlan) -> None:
        self.plan, self._steps = plan, plan.steps_a_poll
        _check_episodes(plan)
        self._state = FleetState(plan, plan.start_s - SETTLE_S)
        self.hosts = self._state.hosts
        self.kinds = (*("server" for _ in plan.hosts), *self._state.site.unit_kinds)
        self.sensors = self._state.sensors
        self.server_sensors = (
            self._state.panels.sensors
        )  # those of `sensors` that servers have; they come first
        self._turns = self._deal_turns()

    def polls(self) -> Iterator[Polls]:
        """Small batches in the order of time, `duration_s` long; a host that read nothing is all NaN."""
        plan, state = self.plan, self._state
        for step in range(-round(SETTLE_S / plan.step_s), 0):
            state.advance(plan.start_s + step * plan.step_s)
        for step in range(int(plan.duration_s // plan.period_s) * self._steps):
            from_s = plan.start_s + step * plan.step_s
            state.advance(from_s)
            for after_s, due, entries in self._turns[step % self._steps]:
                stamp_s, values = state.read(due, entries, from_s + after_s)
                yield Polls(from_s + after_s, due, stamp_s, values)

    def truth(self) -> tuple[Truth, ...]:
        """What was wrong and what only looked like it, in the order of the plan; consequences so far."""
        reaches = Reaches(self.plan)
        truths = [reaches.of(episode) for episode in self.plan.episodes]
        return settle_consequences(truths, self._state.cascades.seen())

    def _deal_turns(self) -> list[list[tuple[float, NDArray[np.intp], NDArray[np.intp]]]]:
        """For each step of a period: (seconds after it, hosts that are due, their sensors)."""
        plan, state = self.plan, self._state
        seconds = max(int(plan.period_s), 1)
        second = default_rng([plan.seed, _PHASE_SEED]).integers(0, seconds, len(self.hosts))
        turns: list[list[tuple[float, NDArray[np.intp], NDArray[np.intp]]]] = [[] for _ in range(self._steps)]
        for at in np.unique(second).tolist():
            due = np.flatnonzero(second == at)
            step = min(int(at // plan.step_s), self._steps - 1)
            turns[step].append((at - step * plan.step_s, due, np.flatnonzero(np.isin(state.host_of, due))))
        return turns


def _check_episodes(plan: FleetPlan) -> None:
    reaches = Reaches(plan)
    for episode in plan.episodes:
        if episode.name not in MAGNITUDES or not reaches.knows(episode):
            expected = "a host, place or unit and a class of the twin"
            raise ValueError(f"episode {episode.name} of {episode.host}; expected {expected}")
