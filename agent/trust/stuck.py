"""Sensors that stand still while their machine moves.

A meter with coarse steps stands still for hours by right, so each sensor is its own measure: it is stuck
once it has stood still for much longer than ever before, and through a much larger change of the machine's
load; or for longer while the load should have moved it far; or for much longer while others of its quantity
flicker on. The load is the mean of all other sensors that rise with it, each on its own scale; a
GPU's is its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.trust.doubts import Doubt
from agent.trust.memory import Array, Memory
from agent.trust.roles import Roles

KNOWN_READINGS = 300
KNOWN_RUNS = 30  # of equal values that ended: before this nobody knows how long is long
LEAST_TICKS, LEAST_NS = 20, 600_000_000_000
LONGER, WIDER = 4.0, 3.0  # × the longest run before, × the largest change of load in one
LEAST_LOAD = 1.0  # of the load's own scale
# The same for a sensor that follows the load, once its change should have moved it so far.
FOLLOWS = 0.5  # of its variance that the load explains
FOLLOWERS_LONGER = 1.5
DUE_SPREADS, DUE_QUANTA = 4.0, 2.0
# And for one whose like go on flickering as they always did.
SIBLINGS_RUNS, SIBLINGS_LONGER, SIBLINGS_TICKS = 200, 6.0, 60
FLICKERS = 0.1  # of its readings differ from the one before
SOME_LOAD = 0.5  # of the load's own scale
NOW_READINGS = 64.0
LEAST_OTHERS = 3
AS_LONG = 0.5  # of a meter's standing still: its fellows did for so much of it
PART_SCALE = 4.0  # from nothing to the highest, of a GPU's load by its own sensors: a scale that stays
ENDS_OF_SCALE = (0.0, 1.0, 100.0)  # where a share or a duty stays by right
_NONE, _STUCK = int(Doubt.NONE), int(Doubt.STUCK)
LEVEL_READINGS = 1_024.0  # over which the relation to the load is learned


def find_stuck(memory: Memory, roles: Roles, values: Array, arrived: NDArray[np.bool_], time_ns: int) -> None:
    """Count runs of equal values (F,) and set or clear the doubt of those that arrived."""
    load, others = _load_without(memory, roles, values, arrived)
    judged = arrived & roles.can_stick & ((memory.doubt == _NONE) | (memory.doubt == _STUCK))
    flat = judged & (memory.count > 0) & (values == memory.last)
    ended = judged & ~flat
    memory.changes_now = memory.changes_now + (ended - memory.changes_now) * judged / NOW_READINGS
    if ended.any():
        _end_runs(memory, ended, time_ns)
    memory.flat_ticks += flat
    memory.load_low = np.where(judged, np.fmin(memory.load_low, load), memory.load_low)
    memory.load_high = np.where(judged, np.fmax(memory.load_high, load), memory.load_high)
    long = flat & (memory.flat_ticks >= np.maximum(FOLLOWERS_LONGER * memory.longest, LEAST_TICKS))
    if long.any():
        _doubt(memory, roles, long & (others >= LEAST_OTHERS), values, time_ns)
    _learn_relation(memory, judged & (memory.doubt == _NONE) & (others >= LEAST_OTHERS), values, load)


def _doubt(memory: Memory, roles: Roles, long: NDArray[np.bool_], values: Array, time_ns: int) -> None:
    wide = np.where(long, memory.load_high - memory.load_low, 0.0)
    by_record = (memory.runs >= KNOWN_RUNS) & (memory.flat_ticks >= LONGER * memory.longest)
    by_record &= wide >= np.maximum(WIDER * memory.widest, LEAST_LOAD)
    slope = memory.covariance / np.maximum(memory.load_variance, 1e-9)
    explained = slope * memory.covariance
    spread = np.sqrt(np.maximum(memory.variance - explained, 0.0))
    due = np.abs(slope) * wide
    by_load = (explained >= FOLLOWS * memory.variance) & (memory.count >= KNOWN_READINGS)
    by_load &= due >= DUE_SPREADS * spread + DUE_QUANTA * memory.quantum
    by_siblings = (memory.runs >= SIBLINGS_RUNS) & _siblings_move(memory, roles)
    # At full load all is flat, and a coarse meter rests on one step while its fellows tremble about an edge.
    by_siblings &= (memory.changes >= FLICKERS) & (wide >= np.where(roles.has_part, LEAST_LOAD, SOME_LOAD))
    by_siblings &= memory.flat_ticks >= np.maximum(SIBLINGS_LONGER * memory.longest, SIBLINGS_TICKS)
    stuck = long & (by_record | by_load | by_siblings) & (time_ns - memory.flat_ns >= LEAST_NS)
    stuck &= ~np.isin(values, ENDS_OF_SCALE) & ~_rests_with_fellows(memory, roles)
    fresh = stuck & (memory.doubt == _NONE)
    memory.doubt[fresh] = _STUCK
    memory.since_ns[fresh], memory.before[fresh] = memory.flat_ns[fresh], np.nan
    memory.out[fresh] = values[fresh]


def _rests_with_fellows(memory: Memory, roles: Roles) -> NDArray[np.bool_]:
    """(F,) meters of power whose fellows all stand still: so does the load, and warm air moves the rest."""
    power = np.flatnonzero(roles.is_power)
    rests = np.zeros(len(roles.is_power), bool)
    if len(power) > 1:
        for column in power.tolist():
            still = memory.flat_ticks[power[power != column]] >= AS_LONG * memory.flat_ticks[column]
            rests[column] = bool(still.all())
    return rests


def _siblings_move(memory: Memory, roles: Roles) -> NDArray[np.bool_]:
    """(F,) whether at least two others of a sensor's quantity change as often as they used to."""
    moves = (memory.changes_now >= 0.5 * memory.changes) & (memory.changes > 0) & (memory.doubt == _NONE)
    moving = roles.is_sibling @ moves - moves
    found: NDArray[np.bool_] = moving >= 2
    return found


def _learn_relation(memory: Memory, learns: NDArray[np.bool_], values: Array, load: Array) -> None:
    weight = np.where(learns, 1.0 / np.minimum(np.maximum(memory.count, 1.0), LEVEL_READINGS), 0.0)
    away, load_away = values - memory.mean, load - memory.load
    memory.load = memory.load + weight * load_away
    memory.load_variance = (1 - weight) * (memory.load_variance + weight * load_away * load_away)
    memory.changes = memory.changes + weight * ((values != memory.last) - memory.changes)
    memory.covariance = (1 - weight) * (memory.covariance + weight * away * load_away)


def _end_runs(memory: Memory, ended: NDArray[np.bool_], time_ns: int) -> None:
    """These sensors moved: their runs count as the usual, but for those in which they were stuck."""
    usual = ended & (memory.flat_ticks > 0) & (memory.doubt == _NONE)
    wide = memory.load_high - memory.load_low
    memory.longest = np.where(usual, np.maximum(memory.longest, memory.flat_ticks), memory.longest)
    memory.widest = np.where(usual, np.maximum(memory.widest, wide), memory.widest)
    memory.runs += usual
    memory.doubt[ended] = _NONE
    memory.flat_ticks[ended] = 0.0
    memory.flat_ns[ended] = time_ns
    memory.load_low[ended], memory.load_high[ended] = np.inf, -np.inf


def _load_without(
    memory: Memory, roles: Roles, values: Array, arrived: NDArray[np.bool_]
) -> tuple[Array, Array]:
    """(F,) the load by all sensors but each one itself, and by how many of them."""
    tells = arrived & (roles.load_sign != 0) & (memory.count >= KNOWN_RUNS) & (memory.variance > 0)
    tells &= memory.doubt == _NONE
    spread = np.sqrt(np.where(tells, memory.variance, 1.0))
    z = np.minimum(np.maximum(tells * roles.load_sign * (values - memory.mean) / spread, -6.0), 6.0)
    others = tells.sum() - tells.astype(np.float64)
    load = (z.sum() - z) / np.maximum(others, 1.0)
    if roles.has_part.any():  # a GPU that idles stands still by right, however hard the others work
        shares = np.where(tells & (memory.peak > 0), values / np.maximum(memory.peak, 1e-9), 0.0)
        of_part = roles.of_part @ tells.astype(np.float64)
        own = PART_SCALE * (roles.of_part @ shares) / np.maximum(of_part, 1.0)
        load = np.where(roles.has_part, own, load)
        others = np.where(roles.has_part, LEAST_OTHERS * (of_part > 0), others)
    return load, others
