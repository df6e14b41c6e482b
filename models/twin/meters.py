"""What a meter makes of the truth: lag or mean, bias, noise, coarse steps, readings that go missing.

true values (K,) ─► lag, or mean of the minute ─► gain and bias ─► noise ─► steps ─► NaN where none was read
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from models.twin.sensors import Channel

Array = NDArray[np.float64]
Values = NDArray[np.float32]
Index = NDArray[np.intp]

MISSING_READINGS = 0.002  # share of readings, each for itself


class Meters:
    """K meters, one a sensor and host: constant errors drawn once, noise at each reading."""

    def __init__(self, entries: Sequence[Channel], site: Generator, rng: Generator) -> None:
        """`site` draws what stays with the machines, `rng` what differs between two runs."""
        self.entries, count = entries, len(entries)
        kinds = {channel: at for at, channel in enumerate(dict.fromkeys(entries))}
        of = np.array([kinds[channel] for channel in entries], np.intp)

        def spread(name: str) -> Array:
            return np.array([getattr(channel, name) for channel in kinds], np.float64)[of]

        self.step = spread("step").astype(np.float32)  # (K,)
        self._lag_s, self._mean_s = spread("lag_s"), spread("mean_s")
        self._noise, self._gain_noise = (spread(name).astype(np.float32) for name in ("noise", "gain_noise"))
        self._bias = (site.standard_normal(count) * spread("bias")).astype(np.float32)
        self._gain = (1 + site.standard_normal(count) * spread("gain")).astype(np.float32)
        self._is_share = _is_share(entries)
        self._averaged = np.flatnonzero(self._mean_s > 0)
        self._past: Values | None = None  # (samples of the mean, averaged)
        self._at = 0
        self._value: Values | None = None
        self._moves: tuple[float, Values] = (0.0, np.zeros(0, np.float32))
        self._rng = rng

    def follow(self, truth: Array, step_s: float) -> None:
        """Let the sensors' own lags pass; `truth` is (K,)."""
        new = truth.astype(np.float32)
        if self._value is None:
            self._value = new.copy()
        if self._moves[0] != step_s:
            moves = np.where(self._lag_s > 0, -np.expm1(-step_s / np.maximum(self._lag_s, 1e-9)), 1.0)
            self._moves = (step_s, moves.astype(np.float32))
        self._value += (new - self._value) * self._moves[1]
        if len(self._averaged):
            self._average(new[self._averaged], step_s)

    def read(self, at: Index) -> Values:
        """(len(at),) readings of some of the K; NaN where one went missing."""
        if self._value is None:
            raise ValueError("nothing to read; expected follow() before read()")
        value = self._value[at]
        noise = self._rng.standard_normal(len(at), np.float32)
        noise *= self._noise[at] + self._gain_noise[at] * np.abs(value)
        value *= self._gain[at]
        value += self._bias[at] + noise
        np.clip(value, 0, 1, out=value, where=self._is_share[at])
        step = self.step[at]
        value = np.rint(value / step) * step + np.float32(0)  # no −0
        value[self._rng.random(len(at), np.float32) < MISSING_READINGS] = np.nan
        read: Values = value
        return read

    def _average(self, new: Values, step_s: float) -> None:
        assert self._value is not None
        if self._past is None:
            samples = max(round(float(self._mean_s.max()) / step_s), 1)
            self._past = np.tile(new, (samples, 1))
        self._past[self._at] = new
        self._at = (self._at + 1) % len(self._past)
        self._value[self._averaged] = self._past.mean(axis=0)


def _is_share(entries: Sequence[Channel]) -> NDArray[np.bool_]:
    return np.array([c.unit == "1" and c.quantity in ("utilization", "fan_speed") for c in entries], bool)
