"""Load that moved from a PDU's phases to another one, between two ticks.

Work that comes or goes changes the sum of the currents; supplies that hang on another phase do not: what one
phase gains the others lose, each by the same share. (From one phase alone to another is no evidence: a job
that ends where another begins looks the same.) Told until the phases are near to each other again, or it
moved back.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agent.rules.layout import Layout
from agent.scored import ScoredTick
from agent.sensors import SECOND_NS

PHASES = 3
LEAST_A, LEAST_SHARE = 1.0, 0.06  # that a phase gains, of the whole
SAME_SUM = 0.2  # of what one gained: so much the sum may change meanwhile
ALIKE = 0.15  # of the same: how far the losers may be from giving equal shares of what they carried
IMBALANCE = 0.15  # of a phase from the mean of all: with less, whatever moved is no trouble
METERS_A = 0.15  # what three meters of 0.1 A may be off
GAP_NS = 1_200 * SECOND_NS

Array = NDArray[np.float64]


@dataclass(slots=True)
class Phases:
    """The last currents of a PDU and those before load moved; a part of the host's state."""

    last: list[float] = field(default_factory=list)
    last_ns: int = 0
    before: list[float] = field(default_factory=list)  # empty: nothing moved
    phase: int = 0  # that gained

    def update(self, tick: ScoredTick, layout: Layout) -> list[float]:
        """The currents before load moved to where it is now; empty where it is where it was."""
        columns = layout.phase_amps
        if len(columns) != PHASES:
            return []
        if not tick.arrived[columns].all():
            return self.before
        now = tick.seen[columns]
        if self.last and tick.time_ns - self.last_ns <= GAP_NS:
            gained = find_moved(np.array(self.last), now)
            is_worse = apart(now) >= max(IMBALANCE, apart(np.array(self.last)))
            if gained >= 0 and is_worse:
                self.before, self.phase = self.last, gained
            elif self.before and find_moved(now, np.array(self.last)) == self.phase:
                self.before = []
        if self.before and apart(now) < IMBALANCE:
            self.before = []
        self.last, self.last_ns = now.tolist(), tick.time_ns
        return self.before


def apart(amps: Array) -> float:
    """How far a phase is from the mean of all, as a share of that."""
    mean = float(amps.mean())
    return float(np.abs(amps - mean).max()) / mean if mean > 0 else 0.0


def find_moved(before: Array, now: Array) -> int:
    """The phase that gained what the others lost, −1 where load came or went instead."""
    change = now - before
    gained = int(change.argmax())
    gain = float(change[gained])
    others = [at for at in range(PHASES) if at != gained]
    same_a, alike_a = max(SAME_SUM * gain, METERS_A), max(ALIKE * gain, METERS_A)
    if gain < max(LEAST_A, LEAST_SHARE * float(before.sum())) or (change[others] > alike_a).any():
        return -1
    if abs(float(change.sum())) > same_a:
        return -1
    carried = before[others]
    due = -gain * carried / max(float(carried.sum()), 1e-9)
    gives_its_part = np.abs(change[others] - due) <= alike_a
    return gained if bool(gives_its_part.all()) else -1
