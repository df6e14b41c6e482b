"""What keeps GPUs busy: jobs of hours at a plateau on one, some or all GPUs of a host, and idle time between.

job:  ▁▁▁▁█▇█▇█▇█▇█▁▁▁   a level of 55 to 100 %, with the small saw-tooth of its own steps
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[np.float64]

JOB_S = (2 * 3600.0, 8 * 3600.0)
PAUSE_MEAN_S = 2_400.0
LEVEL = (0.55, 1.0)
SWING, SWING_S = (0.02, 0.12), (20.0, 240.0)  # of a job's own rhythm: batches, checkpoints
NOISE = 0.01
CPU_SHARE = 0.25  # utilization that feeding all GPUs costs the sockets


class GpuWork:
    """Utilization of every GPU, a step at a time; equal seeds give equal work, however long it runs."""

    def __init__(self, gpus: NDArray[np.intp], start_s: float, rng: Generator) -> None:
        """`gpus` is how many each host has, (H,)."""
        self._gpus, self._rng = gpus, rng
        self.rows = np.flatnonzero(gpus)
        hosts, most = len(self.rows), int(gpus.max(initial=0))
        self._level = np.zeros((hosts, most))
        self._swing, self._rhythm_s = np.zeros(hosts), np.ones(hosts)
        self._until_s = start_s + rng.uniform(0, PAUSE_MEAN_S, hosts)
        self._is_busy = np.zeros(hosts, bool)
        self._all = np.zeros((len(gpus), most), order="F")

    def advance(self, time_s: float) -> Array:
        """(H, most) utilization in the step that ends at `time_s` (Unix time)."""
        if not len(self.rows):
            return self._all
        for at in np.flatnonzero(self._until_s <= time_s).tolist():
            self._change(at)
        tooth = 2 * np.abs((time_s / self._rhythm_s) % 1 - 0.5)  # 0..1
        level = self._level * (1 - self._swing * tooth)[:, None]
        level = level + NOISE * self._rng.standard_normal(level.shape) * (self._level > 0)
        self._all[self.rows] = np.clip(level, 0, 1)
        return self._all

    def feeding(self) -> Array:
        """(H,) what the sockets do for the GPUs' work."""
        most = max(self._all.shape[1], 1)
        share: Array = CPU_SHARE * self._all.sum(axis=1) / most
        return share

    def _change(self, at: int) -> None:
        rng = self._rng
        self._level[at], starts = 0.0, not self._is_busy[at]
        if starts:
            count = int(self._gpus[self.rows[at]])
            taken = min(2 ** int(rng.integers(0, 5)), count)
            first = int(rng.integers(0, count // taken)) * taken
            self._level[at, first : first + taken] = rng.uniform(*LEVEL)
            self._swing[at], self._rhythm_s[at] = rng.uniform(*SWING), rng.uniform(*SWING_S)
            self._until_s[at] += rng.uniform(*JOB_S)
        else:
            self._until_s[at] += rng.exponential(PAUSE_MEAN_S)
        self._is_busy[at] = starts
