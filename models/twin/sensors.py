"""What a BMC makes of the truth: lag, bias, noise, coarse steps, readings that go missing.

true values (hosts, F) ─► lag ─► gain and bias ─► noise ─► steps of the meter ─► NaN where nothing was read
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from models.twin.servers import SUPPLIES, ServerKind, Servers

Array = NDArray[np.float64]

MAINS_V = 230.0
MISSING_READINGS = 0.002  # share of readings, each for itself
MISSING_POLLS = 0.001  # share of polls that yield nothing at all


@dataclass(frozen=True, slots=True)
class Channel:
    """One sensor of a server and its meter."""

    name: str  # canonical
    quantity: str
    unit: str
    step: float  # the meter's resolution
    lag_s: float = 0.0
    bias: float = 0.0  # standard deviation over hosts, in the unit
    gain: float = 0.0  # the same, as a share of the value
    noise: float = 0.0  # standard deviation of a reading, in the unit
    gain_noise: float = 0.0  # the same, as a share of the value


def channels_of(kind: ServerKind) -> tuple[Channel, ...]:
    """The sensors of a hardware kind, in the order of `read_truth`."""

    def temperature(name: str, lag_s: float, noise: float) -> Channel:
        return Channel(name, "temperature", "Cel", 1.0, lag_s=lag_s, bias=0.5, noise=noise)

    def power(name: str) -> Channel:
        return Channel(name, "power", "W", 1.0, lag_s=3.0, gain=0.01, gain_noise=0.004)

    def voltage(name: str) -> Channel:
        return Channel(name, "voltage", "V", 1.0, gain=0.005, gain_noise=0.002)

    return (
        temperature("inlet_temp_c", 30.0, 0.15),
        temperature("exhaust_temp_c", 20.0, 0.2),
        temperature("cpu1_temp_c", 3.0, 0.4),
        temperature("cpu2_temp_c", 3.0, 0.4),
        temperature("dimm_temp_c", 10.0, 0.2),
        temperature("vrm_temp_c", 10.0, 0.3),
        *(
            Channel(f"fan{n}_rpm", "fan_speed", "rpm", 60.0, gain_noise=0.004)
            for n in range(1, kind.fans + 1)
        ),
        power("psu1_in_w"), power("psu2_in_w"), power("psu1_out_w"), power("psu2_out_w"), power("power_w"),
        voltage("psu1_vin"), voltage("psu2_vin"),
    )  # fmt: skip


def read_truth(servers: Servers) -> Array:
    """(hosts, F) true values of a group, in the order of `channels_of`."""
    mains_v = np.full((servers.hosts, SUPPLIES), MAINS_V)
    return np.column_stack(
        (
            servers.inlet_c, servers.exhaust_c, servers.junction_c, servers.memory_c, servers.regulator_c,
            servers.rpm, servers.input_w, servers.output_w, servers.power_w, mains_v,
        )
    )  # fmt: skip


class Meters:
    """The meters of a group of hosts: constant errors drawn once, noise at each reading."""

    def __init__(self, channels: Sequence[Channel], hosts: int, site: Generator, rng: Generator) -> None:
        """`site` draws what stays with the machines, `rng` what differs between two runs."""
        self._step = np.array([c.step for c in channels])
        self._lag_s = np.array([c.lag_s for c in channels])
        self._noise = np.array([c.noise for c in channels])
        self._gain_noise = np.array([c.gain_noise for c in channels])
        shape = (hosts, len(channels))
        self._bias = site.standard_normal(shape) * np.array([c.bias for c in channels])
        self._gain = 1 + site.standard_normal(shape) * np.array([c.gain for c in channels])
        self._value: Array | None = None
        self._rng = rng

    def follow(self, truth: Array, step_s: float) -> None:
        """Let the sensors' own lags pass; `truth` is (hosts, F)."""
        if self._value is None:
            self._value = truth
        share = np.where(self._lag_s > 0, -np.expm1(-step_s / np.maximum(self._lag_s, 1e-9)), 1.0)
        self._value = self._value + (truth - self._value) * share

    def read(self, rows: NDArray[np.intp]) -> Array:
        """(len(rows), F) readings of some of the hosts; NaN where one went missing."""
        if self._value is None:
            raise ValueError("nothing to read; expected follow() before read()")
        shape = (len(rows), len(self._step))
        spread = self._noise + self._gain_noise * np.abs(self._value[rows])
        exact = self._value[rows] * self._gain[rows] + self._bias[rows]
        values = exact + spread * self._rng.standard_normal(shape)
        values = np.round(values / self._step) * self._step + 0.0  # no −0
        is_missing = self._rng.random(shape) < MISSING_READINGS
        is_missing |= self._rng.random((len(rows), 1)) < MISSING_POLLS
        return np.where(is_missing, np.nan, values)
