"""The first-boot scorer: a host without a model, judged by its own short past and by what is usual.

Each sensor's spread is a blend of what it has shown so far and a prior for its quantity, which counts for
about 500 ticks: so a first surge of load is no news, and a value far outside of everything is. Blind to
whatever breaks the relation between sensors without leaving their usual ranges; a trained model is not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

MIN_TICKS = 30
PRIOR_TICKS = 500.0
CLIP_Z = 4.0  # an outlier moves the statistics by no more than this
HALF_LIFE_TICKS = 2.0
THRESHOLD_Z = 6.5
DECADES = 12.0

# How far a healthy machine moves: (offset, spread). With an offset the value is taken as log(x + offset),
# since power, current and fan speed change by factors.
PRIORS: Mapping[str, tuple[float | None, float]] = {
    "temperature": (None, 8.0),
    "margin": (None, 8.0),
    "power": (20.0, 0.45),
    "current": (0.5, 0.45),
    "fan_speed": (300.0, 0.35),
    "voltage": (0.1, 0.05),
    "humidity": (None, 10.0),
    "utilization": (None, 0.35),
    "frequency": (1e6, 0.35),
}
FALLBACK = (None, 1e9)  # a quantity that nothing is known of says nothing

Array = NDArray[np.float64]


@dataclass(slots=True)
class FirstBoot:
    """Growing statistics of one host's sensors. State is four arrays; columns may be added at the end."""

    count: Array = field(default_factory=lambda: np.zeros(0))  # (F,) ticks seen
    mean: Array = field(default_factory=lambda: np.zeros(0))  # (F,)
    squares: Array = field(default_factory=lambda: np.zeros(0))  # (F,) sum of squared distances from the mean
    smooth: Array = field(default_factory=lambda: np.zeros(0))  # (F,) smoothed z

    def judge(
        self, values: Array, usable: NDArray[np.bool_], quantities: Sequence[str]
    ) -> tuple[float, float, Array]:
        """Score a tick against all before it, then learn from it.

        Returns:
            score (−1 before the 30th tick), threshold, and each sensor's share (F,) of the score.
        """
        self._widen(len(values))
        # What is masked may be anything, and must not overflow.
        x, spread = _on_prior_scale(np.where(usable, values, 0.0), quantities)
        variance = (PRIOR_TICKS * spread**2 + self.squares) / (PRIOR_TICKS + self.count)
        known = usable & (self.count > 0)
        z = np.where(known, (x - self.mean) / np.sqrt(variance), 0.0)
        keep = 0.5 ** (1.0 / HALF_LIFE_TICKS)
        self.smooth = np.where(usable, keep * self.smooth + (1.0 - keep) * z, self.smooth)
        score, share = -1.0, np.zeros(len(values))
        if self.count.max(initial=0.0) >= MIN_TICKS and usable.any():
            heights = np.where(usable, self.smooth**2, 0.0)
            score = z_score(math.sqrt(float(heights.max(initial=0.0))))
            share = heights / heights.sum() if heights.sum() > 0 else heights
        self._learn(x, usable, known, z, variance)
        return score, z_score(THRESHOLD_Z), share

    def _learn(
        self, x: Array, usable: NDArray[np.bool_], known: NDArray[np.bool_], z: Array, variance: Array
    ) -> None:
        calm = np.where(known, self.mean + np.clip(z, -CLIP_Z, CLIP_Z) * np.sqrt(variance), x)
        count = self.count + usable
        step = np.where(usable, (calm - self.mean) / np.maximum(count, 1.0), 0.0)
        before = calm - self.mean
        self.mean = self.mean + step
        self.squares = self.squares + np.where(usable, before * (calm - self.mean), 0.0)
        self.count = count

    def _widen(self, columns: int) -> None:
        for name in ("count", "mean", "squares", "smooth"):
            known = getattr(self, name)
            setattr(self, name, np.pad(known, (0, columns - len(known))))

    def to_arrays(self) -> dict[str, Array]:
        return {"count": self.count, "mean": self.mean, "squares": self.squares, "smooth": self.smooth}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> FirstBoot:
        return cls(**{name: arrays[name] for name in ("count", "mean", "squares", "smooth")})


def z_score(z: float) -> float:
    """−log10 of the normal tail beyond z, about, over 12 decades; 0..1."""
    return min(z * z / (2.0 * math.log(10) * DECADES), 1.0)


def _on_prior_scale(values: Array, quantities: Sequence[str]) -> tuple[Array, Array]:
    """(F,) values, logarithms where the quantity moves by factors, and (F,) how far they usually move."""
    x, spread = values.astype(np.float64).copy(), np.ones(len(values))
    for column, quantity in enumerate(quantities):
        offset, spread[column] = PRIORS.get(quantity, FALLBACK)
        if offset is not None:
            x[column] = math.log(max(float(values[column]), 0.0) + offset)
    return x, spread
