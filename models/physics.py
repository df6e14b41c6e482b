"""What a machine's physics makes of its load and its fans: a small regression for each channel of one host.

    y (J,), drivers (J, 4) ─► Baselines.expect ─► expected y, how sure (J,)
                           └► Baselines.learn: sums that only grow, slower once a day is known

A channel is the logarithm of a temperature rise over the inlet, of a fan against its fellows, the share or
efficiency of a supply. Its drivers are 1, log load, log fan speed and log load squared. Physics gives the
prior: heat follows load, air carries it away; some hours of the machine's own give the rest. How sure it is
of a load that it has hardly seen follows from the same sums: extrapolation is wide, not bold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

DRIVERS = 4
FILTERS = 3  # of residuals, from fast to slow
SAMPLES_AN_HOUR = 20.0  # what an hour of ticks is worth: neighbours say much the same
KNOWN_HOURS = 24.0  # fully learned; later hours count LATER of one, so that a slow fault stays news
LATER = 0.05
LEAST_HOURS = 1.0  # before this nothing is expected
NOISE_HOURS = 3.0  # what that first guess weighs

Array = NDArray[np.float64]


@dataclass(slots=True)
class Baselines:
    """J channels; `precision` (J, 4, 4) and `moment` (J, 4) are the sums, prior included."""

    precision: Array = field(default_factory=lambda: np.zeros((0, DRIVERS, DRIVERS)))
    moment: Array = field(default_factory=lambda: np.zeros((0, DRIVERS)))
    hours: Array = field(default_factory=lambda: np.zeros(0))  # (J,) learned
    squares: Array = field(default_factory=lambda: np.zeros((0, FILTERS)))  # of smoothed residuals
    weights: Array = field(default_factory=lambda: np.zeros(0))  # (J,) hours behind `squares`
    first_noise: Array = field(default_factory=lambda: np.zeros(0))  # (J,)
    coefficients: Array = field(default_factory=lambda: np.zeros((0, DRIVERS)))
    covariance: Array = field(default_factory=lambda: np.zeros((0, DRIVERS, DRIVERS)))

    @classmethod
    def begin(cls, means: Array, deviations: Array, noise: Array) -> Baselines:
        """J channels with their prior, (J, 4) each, and a first guess of how y lies about its expectation."""
        count, index = len(noise), np.arange(DRIVERS)
        precision = np.zeros((count, DRIVERS, DRIVERS))
        precision[:, index, index] = 1.0 / deviations**2
        begun = cls(
            precision,
            means / deviations**2,
            np.zeros(count),
            np.zeros((count, FILTERS)),
            np.zeros(count),
            noise.copy(),
        )
        begun.settle()
        return begun

    def take_over(self, other: Baselines, at: NDArray[np.intp], of: NDArray[np.intp]) -> None:
        """Let the channels `at` know what those `of` another one knew."""
        for name in self.__slots__:
            getattr(self, name)[at] = getattr(other, name)[of]

    def expect(self, drivers: Array) -> tuple[Array, Array]:
        """(J,) expected y and the standard deviation of that expectation; both are NaN while too little is
        known."""
        expected = (drivers * self.coefficients).sum(axis=1)
        variance = ((drivers[:, None, :] @ self.covariance)[:, 0] * drivers).sum(axis=1)
        known = self.hours >= LEAST_HOURS
        return np.where(known, expected, np.nan), np.sqrt(np.maximum(variance, 0.0))

    def noise(self) -> Array:
        """(J, 3) usual size of the smoothed residuals, the fastest first."""
        first = NOISE_HOURS * self.first_noise**2
        noise: Array = np.sqrt((self.squares + first[:, None]) / (self.weights + NOISE_HOURS)[:, None])
        return noise

    def learn(self, y: Array, drivers: Array, hours: Array, worth: Array | float = 1.0) -> None:
        """Take a tick that stands for so many hours, (J,), 0 where it teaches nothing; `worth` (J,), at most
        1, is less where meters are coarse for what they measure.

        The expectation changes at `settle`."""
        weight = hours * worth * SAMPLES_AN_HOUR * np.where(self.hours < KNOWN_HOURS, 1.0, LATER)
        scaled = drivers * (weight / self.first_noise**2)[:, None]
        self.precision += scaled[:, :, None] * drivers[:, None, :]
        self.moment += scaled * y[:, None]
        self.hours += hours

    def learn_noise(self, residuals: Array, hours: float, taken: NDArray[np.bool_]) -> None:
        """Take smoothed residuals (J, 3)."""
        weight: Array = np.where(self.weights < KNOWN_HOURS, 1.0, LATER) * taken * hours
        self.squares += np.where(taken[:, None], residuals, 0.0) ** 2 * weight[:, None]
        self.weights = self.weights + weight

    def settle(self) -> None:
        """Work out the coefficients anew from the sums."""
        self.covariance = np.linalg.inv(self.precision).astype(np.float64)
        self.coefficients = (self.covariance @ self.moment[:, :, None])[:, :, 0]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Baselines:
        return cls(**{name: arrays[name] for name in cls.__slots__ if name in arrays})
