"""Episodes that act on what was read, not on the machines: sensors that lie, clocks, silence.

values (D, F) of the hosts that were polled ─► the same in place: frozen, shifted, jumping, exchanged, gone
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from models.twin.episodes import Episode
from models.twin.sensors import Channel

Values = NDArray[np.float32]
Array = NDArray[np.float64]
Index = NDArray[np.intp]

SPIKE_SHARE = 0.05  # of readings, while it lasts
SILENCE = frozenset(("host_silent", "collector_silent", "stream_silent"))
READING_CLASSES = SILENCE | {
    "sensor_stuck", "sensor_drift", "sensor_spike", "sensor_dropout", "sensor_swap", "unit_change",
    "clock_skew", "gpu_lost", "maintenance",
}  # fmt: skip
OTHER_UNITS: Mapping[tuple[str, str], tuple[float, float]] = {  # (quantity, unit) → scale, offset
    ("temperature", "Cel"): (1.8, 32.0), ("margin", "Cel"): (1.8, 0.0),  # °F
    ("power", "W"): (1e-3, 0.0), ("fan_speed", "rpm"): (1 / 60, 0.0), ("voltage", "V"): (1e3, 0.0),
    ("current", "A"): (1e3, 0.0), ("utilization", "1"): (100.0, 0.0), ("fan_speed", "1"): (100.0, 0.0),
    ("frequency", "Hz"): (1e-6, 0.0), ("humidity", "%"): (0.01, 0.0),
}  # fmt: skip


class ReadingFaults:
    """Applies episodes to polls; keeps what a stuck sensor has to repeat."""

    def __init__(self, own: Sequence[Sequence[Channel]], columns: Sequence[Index], rng: Generator) -> None:
        """Channels of each host, and their columns of the F."""
        self._own, self._columns, self._rng = own, columns, rng
        self._held: dict[tuple[Episode, int], float] = {}

    def act(self, episode: Episode, host: int, time_s: float, values: Values) -> None:
        """Change one host's readings, (F,), in place; what does not act now changes nothing."""
        grown = episode.grown(time_s)
        if grown <= 0:
            return
        name = episode.name
        if name in SILENCE or (name == "maintenance" and time_s < episode.start_s + episode.size):
            values[:] = np.nan
        elif name == "gpu_lost":
            self._lose_gpu(episode, host, values)
        elif name == "unit_change":
            self._change_unit(episode, host, values)
        elif name == "sensor_swap":
            self._swap(episode, host, values)
        elif name.startswith("sensor_"):
            self._twist(episode, host, grown, values)

    def skew_s(self, episode: Episode, time_s: float) -> float:
        """How far ahead a host's clock is."""
        return episode.size * episode.grown(time_s) if episode.name == "clock_skew" else 0.0

    def _twist(self, episode: Episode, host: int, grown: float, values: Values) -> None:
        own, columns = self._own[host], self._columns[host]
        count = int(episode.size) if episode.name in ("sensor_stuck", "sensor_dropout") else 1
        for part in range(episode.part, min(episode.part + count, len(own))):
            at, channel = columns[part], own[part]
            if episode.name == "sensor_dropout":
                values[at] = np.nan
            elif episode.name == "sensor_stuck":
                if np.isfinite(values[at]):
                    values[at] = self._held.setdefault((episode, part), float(values[at]))
            elif episode.name == "sensor_drift":
                values[at] = _shifted(float(values[at]), episode.size * grown, channel)
            elif self._rng.random() < SPIKE_SHARE:
                sign = 1 if self._rng.random() < 0.5 else -1
                values[at] = _shifted(float(values[at]), sign * episode.size, channel)

    def _swap(self, episode: Episode, host: int, values: Values) -> None:
        """With the next sensor of the same quantity and unit."""
        own, columns = self._own[host], self._columns[host]
        chosen = own[episode.part % len(own)]
        alike = [at for at, c in enumerate(own) if (c.quantity, c.unit) == (chosen.quantity, chosen.unit)]
        one = columns[own.index(chosen)]
        other = columns[alike[(alike.index(own.index(chosen)) + 1) % len(alike)]]
        values[[one, other]] = values[[other, one]]

    def _change_unit(self, episode: Episode, host: int, values: Values) -> None:
        own, columns = self._own[host], self._columns[host]
        chosen = own[episode.part % len(own)]
        scale, offset = OTHER_UNITS.get((chosen.quantity, chosen.unit), (1.0, 0.0))
        for at, channel in zip(columns, own, strict=True):
            if (channel.quantity, channel.unit) == (chosen.quantity, chosen.unit):
                values[at] = values[at] * scale + offset

    def _lose_gpu(self, episode: Episode, host: int, values: Values) -> None:
        own, columns = self._own[host], self._columns[host]
        gpus = sum(channel.name.endswith("_temp_c") for channel in own if channel.name.startswith("gpu"))
        lost = [(episode.part - 1 + n) % gpus + 1 for n in range(min(int(episode.size), gpus))]
        for at, channel in zip(columns, own, strict=True):
            if any(channel.name.startswith(f"gpu{n}_") for n in lost):
                values[at] = np.nan


def _shifted(value: float, size: float, channel: Channel) -> float:
    """By K for temperatures, by % of the value for all else; still in the meter's steps."""
    is_warmth = channel.quantity in ("temperature", "margin")
    shifted = value + size if is_warmth else value * (1 + size / 100)
    return float(np.round(shifted / channel.step) * channel.step)
