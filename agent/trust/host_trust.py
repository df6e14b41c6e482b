"""The trust in one host's sensors, tick by tick; a part of the host's state.

closed tick ─► courses (jumps, units, swaps) ─► stuck ─► drift ─► Trust: what may be scored, and the doubts
                                  └── only what is believed is learned ──┘
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.sensors import Sensor
from agent.ticks import ClosedTick
from agent.trust.course import Courses
from agent.trust.doubts import Doubt, Doubted, Trust
from agent.trust.drift import Drift
from agent.trust.memory import Memory
from agent.trust.roles import Roles, roles_of
from agent.trust.stuck import find_stuck
from agent.trust.units import unit_of_impossible

STEP_READINGS = 64.0  # over which a sensor's usual step is averaged
LEVEL_READINGS = 1_024.0  # the same for its mean and variance
CALM_STEPS = 6.0  # × its usual step is the most that one reading teaches
_NONE, _JUMP = int(Doubt.NONE), int(Doubt.JUMP)
MASKING = np.array([doubt != Doubt.NONE for doubt in Doubt], bool)
# Doubts whose value may really be beyond a limit: one tick raises there, so a jump counts at once.
LIMITS_COUNT = np.array([doubt in (Doubt.NONE, Doubt.JUMP, Doubt.ERRATIC) for doubt in Doubt], bool)


@dataclass(slots=True)
class HostTrust:
    """Judges the ticks of one host in their order."""

    memory: Memory = field(default_factory=Memory)
    drift: Drift = field(default_factory=Drift)
    _roles: Roles | None = None

    def believe(self, tick: ClosedTick, sensors: Sequence[Sensor]) -> ClosedTick:
        """The tick with what cannot be believed masked, and the doubts; `sensors` are its F columns."""
        trust = self.judge(tick, sensors)
        return replace(
            tick,
            present=tick.present & trust.trusted,
            arrived=tick.arrived & trust.trusted,
            limitable=tick.arrived & trust.limits_count,
            peak=trust.peak,
            doubts=trust.doubts,
        )

    def judge(self, tick: ClosedTick, sensors: Sequence[Sensor]) -> Trust:
        """The verdict on a tick whose columns are `sensors`, (F,); remembers what it believes."""
        roles, memory = self._roles_of(sensors), self.memory
        memory.widen(len(sensors))
        courses = Courses(memory, roles, tick.time_ns, tick.sensor_period_ns)
        courses.judge(tick.values, tick.arrived)
        find_stuck(memory, roles, tick.values, tick.arrived, tick.time_ns)
        believed = tick.arrived & (memory.doubt == _NONE)
        self.drift.judge(memory, roles, tick.values, believed, tick.arrived, tick.time_ns)
        doubt = memory.doubt.astype(np.intp)
        memory.ticks_out = np.where(doubt > 0, memory.ticks_out + tick.arrived, 0.0)
        self._learn(tick, tick.arrived & ~MASKING[doubt])
        return Trust(
            trusted=~MASKING[doubt],
            peak=memory.peak.copy(),
            limits_count=LIMITS_COUNT[doubt],
            doubts=(*self._doubts(sensors, roles), *courses.spikes),
        )

    def _roles_of(self, sensors: Sequence[Sensor]) -> Roles:
        if self._roles is None or len(self._roles.quantities) != len(sensors):
            self._roles = roles_of(tuple(s.name for s in sensors), tuple(s.quantity for s in sensors))
        return self._roles

    def _learn(self, tick: ClosedTick, believed: NDArray[np.bool_]) -> None:
        memory, values = self.memory, tick.values
        known = believed & (memory.count > 0)
        distance = np.where(known, np.abs(values - memory.last), 0.0)
        memory.quantum = np.where(distance > 0, np.minimum(memory.quantum, distance), memory.quantum)
        count = memory.count + believed
        calm = np.where(
            memory.count > STEP_READINGS,
            np.minimum(distance, CALM_STEPS * np.maximum(memory.step, _half(memory.quantum))),
            distance,
        )
        weight = np.where(known, 1.0 / np.minimum(np.maximum(count - 1, 1.0), STEP_READINGS), 0.0)
        memory.step = memory.step + weight * (calm - memory.step)
        weight = np.where(believed, 1.0 / np.minimum(np.maximum(count, 1.0), LEVEL_READINGS), 0.0)
        away = values - memory.mean
        memory.mean = memory.mean + weight * away
        memory.variance = (1 - weight) * (memory.variance + weight * away * away)
        memory.peak = np.where(believed, np.maximum(memory.peak, values), memory.peak)
        memory.last = np.where(believed, values, memory.last)
        memory.last_ns = np.where(believed, tick.time_ns, memory.last_ns)
        memory.count = count

    def _doubts(self, sensors: Sequence[Sensor], roles: Roles) -> list[Doubted]:
        """Everything that is worth telling: not the first reading after a jump, nor a sensor that never gave
        a credible value."""
        memory, told = self.memory, []
        for column in np.flatnonzero(memory.doubt > _JUMP).tolist():
            doubt, out = Doubt(int(memory.doubt[column])), float(memory.out[column])
            before, note = float(memory.before[column]), ""
            if doubt == Doubt.UNIT:
                note = unit_of_impossible(roles.quantities[column], out, before)
            elif doubt == Doubt.SWAPPED:
                note = sensors[int(memory.partner[column])].name
            elif doubt == Doubt.IMPOSSIBLE and not memory.count[column]:
                continue
            told.append(Doubted(column, doubt, int(memory.since_ns[column]), out, before, note))
        return told

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Its state, without what can be derived."""
        return {**self.memory.to_arrays(), **self.drift.to_arrays()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> HostTrust:
        """The state as `to_arrays` gave it; nothing remembered where there is none."""
        if not arrays:
            return cls()
        return cls(Memory.from_arrays(arrays), Drift.from_arrays(arrays))


def _half(quantum: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isfinite(quantum), quantum / 2, 0.0)
