"""Which sensors a server shows, and the true value behind each of them.

kinds ─► channels of every host ─► Panels: K entries, one a sensor and host ─► their true values, (K,)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from models.twin.kinds import ServerKind
from models.twin.servers import Servers

Array = NDArray[np.float64]
Index = NDArray[np.intp]

LAZY_CLOCK = 0.6  # of the full clock, at no load


@dataclass(frozen=True, slots=True)
class Channel:
    """One sensor and its meter."""

    name: str  # canonical
    quantity: str
    unit: str
    step: float  # the meter's resolution
    lag_s: float = 0.0
    bias: float = 0.0  # standard deviation over hosts, in the unit
    gain: float = 0.0  # the same, as a share of the value
    noise: float = 0.0  # standard deviation of a reading, in the unit
    gain_noise: float = 0.0  # the same, as a share of the value
    mean_s: float = 0.0  # it shows the mean of this time; 0 = the moment


def channels_of(kind: ServerKind) -> tuple[Channel, ...]:
    """The sensors of a hardware kind."""
    return (*_temperatures(kind), *_fans(kind), *_powers(kind), *_work(kind), *_gpus(kind))


class Panels:
    """All sensors of all servers, as K entries in the order of hosts; F distinct channels of the fleet."""

    def __init__(self, kinds: Sequence[ServerKind]) -> None:
        channels = {kind: channels_of(kind) for kind in dict.fromkeys(kinds)}
        self.own = tuple(channels[kind] for kind in kinds)  # of each host
        self.sensors = tuple({c.name: c for each in channels.values() for c in each}.values())
        self.entries = tuple(channel for own in self.own for channel in own)  # (K,)
        self.host = np.repeat(np.arange(len(kinds)), [len(own) for own in self.own])
        column = {channel.name: at for at, channel in enumerate(self.sensors)}
        self.column: Index = np.array([column[channel.name] for channel in self.entries], np.intp)
        self._flat = self.column * len(kinds) + self.host

    def read_truth(self, servers: Servers) -> Array:
        """(K,) true values."""
        values = np.empty((len(self.sensors), servers.hosts))  # (F, H)
        for at, channel in enumerate(self.sensors):
            true_value(servers, channel.name, values[at])
        return values.reshape(-1).take(self._flat)


def true_value(servers: Servers, name: str, out: Array) -> None:
    """Write a channel's true value of every host, (H,), into `out`; anything where there is no such part.

    Raises:
        KeyError: no such channel.
    """
    stem, part, ending = _split(name)
    rows = servers.gpus.rows
    if stem == "gpu":
        values = {
            "_temp_c": servers.gpus.temperature_c, "_power_w": servers.gpus.power_w,
            "_util": servers.gpus.load,
        }[ending]  # fmt: skip
        out[:], out[rows] = 0.0, values[:, part]
    elif part >= 0:
        _part_value(servers, stem, part, ending, out)
    else:
        out[:] = _host_value(servers, name)


def _part_value(servers: Servers, stem: str, part: int, ending: str, out: Array) -> None:
    hardware = servers.hardware
    if (stem, ending) == ("fan", "_rpm"):
        np.multiply(servers.speed[:, part], hardware.rpm_max, out=out)
    elif ending == "_margin_c":
        np.subtract(servers.junction_c[:, part], hardware.throttle_c, out=out)
    else:
        out[:] = {
            ("cpu", "_temp_c"): servers.junction_c, ("cpu", "_power_w"): servers.socket_w,
            ("fan", "_pct"): servers.speed, ("psu", "_in_w"): servers.input_w,
            ("psu", "_out_w"): servers.output_w, ("psu", "_vin"): servers.supply_v,
        }[stem, ending][:, part]  # fmt: skip


def _host_value(servers: Servers, name: str) -> Array:
    if name in ("cpu_util", "cpu_freq_hz"):
        hardware = servers.hardware
        load: Array = (servers.load * hardware.has_socket).sum(axis=1) / hardware.sockets * servers.is_on
        if name == "cpu_util":
            return load
        lazy = LAZY_CLOCK + (1 - LAZY_CLOCK) * np.minimum(2 * load, 1)
        clock_hz: Array = hardware.clock_hz * np.minimum(lazy, servers.clock.min(axis=1)) * servers.is_on
        return clock_hz
    return {
        "inlet_temp_c": servers.inside_c, "exhaust_temp_c": servers.exhaust_c,
        "dimm_temp_c": servers.memory_c, "vrm_temp_c": servers.regulator_c, "power_w": servers.power_w,
    }[name]  # fmt: skip


@cache
def _split(name: str) -> tuple[str, int, str]:
    """fan12_rpm → fan, 11, _rpm; power_w → power_w, −1, nothing."""
    stem = name[:3]
    digits = name[3:].split("_")[0]
    return (stem, int(digits) - 1, name[3 + len(digits) :]) if digits.isdigit() else (name, -1, "")


def _temperatures(kind: ServerKind) -> Iterator[Channel]:
    panel = kind.panel

    def temperature(name: str, lag_s: float, noise: float, quantity: str = "temperature") -> Channel:
        return Channel(name, quantity, "Cel", panel.temperature_step_c, lag_s=lag_s, bias=0.5, noise=noise)

    yield temperature("inlet_temp_c", 30.0, 0.15)
    if panel.exhaust:
        yield temperature("exhaust_temp_c", 20.0, 0.2)
    for n in range(1, kind.sockets + 1):
        if panel.margin:
            yield temperature(f"cpu{n}_margin_c", 3.0, 0.4, "margin")
        else:
            yield temperature(f"cpu{n}_temp_c", 3.0, 0.4)
    if panel.memory:
        yield temperature("dimm_temp_c", 10.0, 0.2)
    if panel.regulator:
        yield temperature("vrm_temp_c", 10.0, 0.3)


def _fans(kind: ServerKind) -> Iterator[Channel]:
    for n in range(1, kind.fans + 1):
        if kind.panel.fan_duty:
            yield Channel(f"fan{n}_pct", "fan_speed", "1", 0.01, gain_noise=0.004)
        else:
            yield Channel(f"fan{n}_rpm", "fan_speed", "rpm", kind.panel.fan_step_rpm, gain_noise=0.004)


def _powers(kind: ServerKind) -> Iterator[Channel]:
    panel, numbers = kind.panel, range(1, kind.supplies + 1)

    def power(name: str) -> Channel:
        return Channel(
            name, "power", "W", panel.power_step_w, lag_s=3.0, gain=0.01, gain_noise=0.004,
            mean_s=60.0 if panel.minute_mean else 0.0,
        )  # fmt: skip

    if panel.supply_input:
        yield from (power(f"psu{n}_in_w") for n in numbers)
    if panel.supply_output:
        yield from (power(f"psu{n}_out_w") for n in numbers)
    if panel.total_power:
        yield power("power_w")
    if panel.supply_voltage:
        for n in numbers:
            yield Channel(f"psu{n}_vin", "voltage", "V", 1.0, gain=0.005, gain_noise=0.002)
    if panel.socket_power:
        yield from (power(f"cpu{n}_power_w") for n in range(1, kind.sockets + 1))


def _work(kind: ServerKind) -> Iterator[Channel]:
    if kind.panel.utilization:
        yield Channel("cpu_util", "utilization", "1", 0.01, lag_s=5.0, noise=0.01)
    if kind.panel.frequency:
        yield Channel("cpu_freq_hz", "frequency", "Hz", 1e7, gain_noise=0.01)


def _gpus(kind: ServerKind) -> Iterator[Channel]:
    for n in range(1, kind.gpus + 1):
        yield Channel(f"gpu{n}_temp_c", "temperature", "Cel", 1.0, lag_s=2.0, bias=0.3, noise=0.2)
        yield Channel(f"gpu{n}_power_w", "power", "W", 1.0, lag_s=1.0, gain=0.005, gain_noise=0.01)
        yield Channel(f"gpu{n}_util", "utilization", "1", 0.01, noise=0.01)
