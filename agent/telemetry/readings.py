"""What the decoder makes of messages: columns of readings, one row a reading, in the order of the log.

messages ──decode──► Readings(series, time_ns, value, message)
                                │
                                └─► SeriesTable: host, sensor, quantity, unit (seen once, numbered)
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agent.told_place import Told


def source_name(topic: str, partition: int) -> str:
    """What a partition is called in states, site events and logs."""
    return f"{topic}/{partition}"


@dataclass(frozen=True, slots=True)
class Message:
    """One Kafka record or one line of a recording. `value` is None for a tombstone."""

    value: bytes | None
    key: bytes | None = None
    timestamp_ms: int | None = None  # the record's own time; None in a plain recording
    topic: str = ""
    partition: int = 0
    offset: int = 0
    is_append_time: bool = False  # `timestamp_ms` is when the broker took it, and not what its sender says

    @property
    def source(self) -> str:
        """Where it came from; a recording's name stands for the topic."""
        return source_name(self.topic, self.partition)


@dataclass(frozen=True, slots=True)
class Series:
    """One sensor of one host. `sensor` is canonical where known (docs/telemetry.md), else lower_snake_case.

    A limit that travels with a reading is a series of quantity `limit`: `limit_of` names the sensor that it
    bounds and `bound` is a side and a grade, as `upper_critical`, `lower_fatal` or `upper_cap`; grades that
    count as hard are `critical` and `fatal`.
    """

    host: str
    sensor: str
    quantity: str
    unit: str
    limit_of: str = ""
    bound: str = ""


@dataclass(slots=True)
class SeriesTable:
    """Numbers series in the order in which they are first seen."""

    series: list[Series] = field(default_factory=list)
    _ids: dict[Series, int] = field(default_factory=dict)

    def intern(self, series: Series) -> int:
        known = self._ids.get(series)
        if known is None:
            known = self._ids[series] = len(self.series)
            self.series.append(series)
        return known

    def __getitem__(self, series_id: int) -> Series:
        return self.series[series_id]

    def __len__(self) -> int:
        return len(self.series)


@dataclass(frozen=True, slots=True)
class Readings:
    """N readings as columns; `message` is the index, in the decoded batch, of the message each came from."""

    series: NDArray[np.int32]  # (N,)
    time_ns: NDArray[np.int64]  # (N,)
    value: NDArray[np.float64]  # (N,) finite
    message: NDArray[np.int32]  # (N,)

    def __len__(self) -> int:
        return len(self.series)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that cannot be used: its index in the decoded batch and why."""

    message: int
    reason: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one batch of messages came to: every message is decoded or a dead letter, never both.

    A message that is decoded may be without readings: where its sender is known and says that it has none.
    `told` are places of hosts that tags told for the first time, in the order of the messages.
    """

    readings: Readings
    dead_letters: tuple[DeadLetter, ...]
    told: tuple[Told, ...] = ()
