"""GPUs that are off the bus: all sensors of one are gone while the host goes on.

Where other GPUs go on reporting, that says it. Where none is left, the collector may be what is gone, and
the host's power tells: it has fallen by what the GPU drew.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.rules.layout import Layout, is_on
from agent.scored import ScoredTick
from agent.sensors import SECOND_NS

LEAST_SENSORS = 2  # of a GPU: one alone is a sensor that failed
LEAST_SILENT_NS = 45 * SECOND_NS
NEWS_NS = 600 * SECOND_NS  # power that falls later than this after the sensors went is another matter
LEAST_W = 30.0  # with less to miss, power says nothing
MISSED_SHARE = 0.5  # of the GPU's power, in the host's


@dataclass(slots=True)
class Gpus:
    """What the host and its GPUs drew when all of them last reported; a part of the host's state."""

    host_w: float = math.nan
    gpus_w: float = math.nan
    has_fallen: bool = False

    def update(self, tick: ScoredTick, layout: Layout) -> tuple[str, ...]:
        """The GPUs that are lost."""
        if not layout.gpus:
            return ()
        gone = {name: columns for name, columns in layout.gpus.items() if not tick.arrived[columns].any()}
        meters = layout.meters
        has_power = len(meters) > 0 and bool(tick.arrived[meters].all())
        power_w = float(tick.seen[meters].sum()) if has_power else math.nan
        if not gone:
            self.host_w, self.has_fallen = power_w, False
            self.gpus_w = float(tick.seen[layout.gpu_power].sum())
            return ()
        lost = tuple(name for name, columns in gone.items() if _is_silent(tick, columns))
        if not lost or not is_on(tick, layout):
            return ()
        if len(gone) < len(layout.gpus):
            return lost
        silent_ns = max(int(tick.silent_ns[columns].max()) for columns in gone.values())
        missed_w = MISSED_SHARE * self.gpus_w
        if silent_ns <= NEWS_NS and missed_w >= MISSED_SHARE * LEAST_W:
            self.has_fallen |= power_w <= self.host_w - missed_w
        return lost if self.has_fallen else ()


def _is_silent(tick: ScoredTick, columns: NDArray[np.intp]) -> bool:
    """Whether each sensor of a GPU missed a reading that was due."""
    silent_ns, period_ns = tick.silent_ns[columns], tick.sensor_period_ns[columns]
    missed = (silent_ns >= np.maximum(period_ns, LEAST_SILENT_NS)) & ~tick.sent[columns]
    return len(missed) >= LEAST_SENSORS and bool(missed.all())
