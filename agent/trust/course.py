"""Whether a value carries on from the one before: impossible values, other units, spikes, swapped sensors.

A temperature cannot jump while nothing else of its machine moves. One that does is not believed for one
reading: the next one tells a spike (it is back) from a new level (it stays, and is believed). Fans may jump,
since one that stops does; so may a die where power is not measured, and a meter of power where no other one
stands beside it. A supply that fails moves the others too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.trust.doubts import Doubt, Doubted
from agent.trust.memory import Array, Memory
from agent.trust.roles import Roles
from agent.trust.units import unit_of_impossible, unit_of_jump

MOVED_STEPS = 5.0  # × a sensor's usual step is a movement worth the name
MOVED_SHARE = 0.1  # of the others: fewer than this are chance
LONE_STEPS = 8.0
SETTLES_S, MOST_APART_S = 300.0, 600.0
# What one meter of power cannot do while another one sees nothing: lose all, or leap. Two meters that are
# read a second apart may well differ by a burst of work, so less is no news.
POWER_W, GONE_SHARE, LEAP_SHARE = 30.0, 0.4, 2.0
CREEP_STEPS, CREEP_SHARE = 3.0, 0.03
KNOWN_READINGS = 10  # before this a sensor has no usual step
RETURNED_SHARE = 0.3  # of the jump: this near to where it was it is back
RECENT_PERIODS = 4  # across a longer gap anything may have happened
FASTEST_FLOOR_K = 5.0
SWAP_SHARE = 0.25  # of the distance between two sensors: as near is where the other was
SWAP_STEPS, SWAP_K = 6.0, 5.0

_MASKED = (Doubt.JUMP, Doubt.ERRATIC, Doubt.IMPOSSIBLE, Doubt.UNIT, Doubt.SWAPPED)


class Courses:
    """Judges the values that arrived in one tick by those before; changes the memory's doubts."""

    def __init__(self, memory: Memory, roles: Roles, time_ns: int, period_ns: NDArray[np.int64]) -> None:
        self._memory, self._roles, self._time_ns = memory, roles, time_ns
        self._elapsed_s = (time_ns - memory.last_ns) / 1e9
        self._is_recent = (memory.count > 0) & (time_ns - memory.last_ns <= RECENT_PERIODS * period_ns)
        self.spikes: list[Doubted] = []

    def judge(self, values: Array, arrived: NDArray[np.bool_]) -> None:
        """Set the doubt of each sensor that arrived, (F,) each; spikes that are over are told in `spikes`."""
        memory, roles = self._memory, self._roles
        impossible = arrived & ((values < roles.low) | (values > roles.high)) & ~self._creeps(values)
        jumped = arrived & ~impossible & self._jumped(values, arrived)
        held = memory.doubt > 0
        for column in np.flatnonzero(impossible | jumped | (arrived & held)).tolist():
            value, doubt = float(values[column]), memory.doubt[column]
            if impossible[column]:
                self._is_impossible(column, value)
            elif doubt in (Doubt.JUMP, Doubt.ERRATIC):
                self._is_next(column, value, bool(jumped[column]))
            elif doubt in (Doubt.IMPOSSIBLE, Doubt.UNIT):
                self._is_back(column, value)
            elif jumped[column] and not held[column]:
                self._hold(column, Doubt.JUMP, value)
        out = memory.doubt[list(roles.air)]
        if (out == Doubt.JUMP).sum() > 1 or (out == Doubt.SWAPPED).any():
            self._find_swaps(values, arrived)

    def _creeps(self, values: Array) -> NDArray[np.bool_]:
        """(F,) which carry on from a value that was believed, in small steps: a room may really burn."""
        memory = self._memory
        near = CREEP_STEPS * memory.step + CREEP_SHARE * np.abs(memory.last)
        return self._is_recent & (memory.count >= KNOWN_READINGS) & (np.abs(values - memory.last) <= near)

    def _jumped(self, values: Array, arrived: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(F,) which sensors moved as they cannot: faster than heat does, or alone and far."""
        memory, roles = self._memory, self._roles
        distance = np.abs(values - memory.last)
        usual = np.maximum(memory.step, np.where(np.isfinite(memory.quantum), memory.quantum / 2, 0.0))
        known = arrived & self._is_recent & (memory.count >= KNOWN_READINGS)
        tells = roles.load_sign != 0
        moved = known & tells & (distance > MOVED_STEPS * usual) & (distance > 0)
        others = np.maximum((known & tells).sum() - 1, 0)
        alone = (moved.sum() - moved) <= MOVED_SHARE * others
        lone = known & alone & (others > 0)
        is_power = roles.is_power
        times = np.where(values == 0, GONE_SHARE, LEAP_SHARE)
        # Between two readings that are minutes apart a part may cool down and warm up again.
        far_k = roles.jump * (1.0 + np.clip(self._elapsed_s, 0.0, MOST_APART_S) / SETTLES_S)
        far = np.where(roles.is_own_power, POWER_W + times * np.abs(memory.last), far_k)
        lone &= (distance >= far) & (distance > LONE_STEPS * usual)
        if not (known & ~moved & is_power).any():
            lone &= ~(roles.is_die | is_power)  # without a meter that says no, there may have been work to do
        if (moved & is_power).sum() > 1:
            lone &= ~is_power  # one supply does what another one did
        fastest = np.maximum(roles.rate_per_s * np.maximum(self._elapsed_s, 1.0), FASTEST_FLOOR_K)
        other_unit = self._changes_unit(values, distance, known)
        jumped: NDArray[np.bool_] = lone | (known & (distance > fastest)) | other_unit
        return jumped

    def _changes_unit(self, values: Array, distance: Array, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
        far = known & (distance > 0.5 * np.abs(self._memory.last)) & (distance > 10 * self._memory.step)
        found = np.zeros(len(values), bool)
        for column in np.flatnonzero(far).tolist():
            quantity = self._roles.quantities[column]
            found[column] = bool(
                unit_of_jump(quantity, float(values[column]), float(self._memory.last[column]))
            )
        return found

    def _hold(self, column: int, doubt: Doubt, value: float) -> None:
        memory = self._memory
        if memory.doubt[column] == Doubt.NONE:
            memory.since_ns[column] = self._time_ns
            memory.before[column] = memory.last[column] if memory.count[column] else np.nan
        memory.doubt[column], memory.out[column] = doubt, value

    def _free(self, column: int) -> None:
        self._memory.doubt[column] = Doubt.NONE

    def _free_spike(self, column: int) -> None:
        """It is back; where it was out for one reading only, that one was a spike."""
        memory = self._memory
        before = float(memory.before[column])
        if memory.ticks_out[column] == 1 and not np.isnan(before):
            out, since_ns = float(memory.out[column]), int(memory.since_ns[column])
            self.spikes.append(Doubted(column, Doubt.JUMP, since_ns, out, before, is_spike=True))
        self._free(column)

    def _is_impossible(self, column: int, value: float) -> None:
        memory = self._memory
        is_unit = memory.doubt[column] == Doubt.UNIT
        if memory.count[column] and not is_unit:
            before = float(memory.last[column])
            is_unit = bool(unit_of_impossible(self._roles.quantities[column], value, before))
        self._hold(column, Doubt.UNIT if is_unit else Doubt.IMPOSSIBLE, value)

    def _is_back(self, column: int, value: float) -> None:
        """A possible value after impossible ones; what was impossible at 80 °C in °F is possible at 20 °C."""
        memory = self._memory
        before = float(memory.before[column])
        is_far = abs(value - before) > 0.5 * abs(before)
        if (
            memory.doubt[column] == Doubt.UNIT
            and is_far
            and unit_of_impossible(self._roles.quantities[column], value, before)
        ):
            memory.out[column] = value
        else:
            self._free_spike(column)

    def _is_next(self, column: int, value: float, jumped: bool) -> None:
        """The reading after a jump: back again, a new level, the other unit, or somewhere else."""
        memory = self._memory
        before, out = float(memory.before[column]), float(memory.out[column])
        near = RETURNED_SHARE * abs(out - before)
        if abs(value - before) <= near:
            self._free_spike(column)
        elif abs(value - out) <= near:
            unit = unit_of_jump(self._roles.quantities[column], value, before)
            if unit:
                self._hold(column, Doubt.UNIT, value)
            else:
                self._free(column)
        elif jumped:
            self._hold(column, Doubt.ERRATIC, value)
        else:
            self._free(column)

    def _find_swaps(self, values: Array, arrived: NDArray[np.bool_]) -> None:
        """Thermometers of air that carry on where another was while that one carries on where they were."""
        memory = self._memory
        for i in self._roles.air:
            if not arrived[i]:
                continue
            if memory.doubt[i] == Doubt.SWAPPED:
                self._unswap(i, values, arrived)
                continue
            for j in self._roles.air:
                if j > i and arrived[j] and self._is_recent[i] and self._is_recent[j]:
                    self._try_swap(i, j, values)

    def _try_swap(self, i: int, j: int, values: Array) -> None:
        memory = self._memory
        apart = abs(float(memory.last[i] - memory.last[j]))
        usual = max(float(memory.step[i]), float(memory.step[j]))
        known = min(memory.count[i], memory.count[j]) >= KNOWN_READINGS
        if not known or apart < max(SWAP_K, SWAP_STEPS * usual):
            return
        near = SWAP_SHARE * apart
        if abs(values[i] - memory.last[j]) <= near and abs(values[j] - memory.last[i]) <= near:
            for one, other in ((i, j), (j, i)):
                self._free(one)
                self._hold(one, Doubt.SWAPPED, float(values[one]))
                memory.partner[one] = other

    def _unswap(self, i: int, values: Array, arrived: NDArray[np.bool_]) -> None:
        """They are right again when they stand to each other as before."""
        memory, j = self._memory, int(self._memory.partner[i])
        if j < i or not arrived[j]:
            return  # judged with the first of the two
        was, now = memory.before[i] - memory.before[j], values[i] - values[j]
        if was * now > 0:
            self._free(i)
            self._free(j)
            memory.partner[[i, j]] = -1


def is_masked(doubt: Array) -> NDArray[np.bool_]:
    """(F,) which doubts of this kind take a sensor's value away."""
    return np.isin(doubt, [int(d) for d in _MASKED])
