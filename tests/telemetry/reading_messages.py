"""What tests of every dialect ask the decoder: the readings of some messages, by host and sensor."""

from __future__ import annotations

from typing import NamedTuple

from agent.telemetry.decoder import Decoder
from agent.telemetry.readings import Message, Series

T_NS = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z


class Got(NamedTuple):
    """One reading with all that its series says."""

    series: Series
    time_ns: int
    value: float
    message: int


def decode(
    *values: str | bytes | Message, decoder: Decoder | None = None
) -> tuple[list[Got], dict[int, str]]:
    """The readings of messages, and why others were set aside (by their place)."""
    decoder = decoder or Decoder()
    messages = [
        v if isinstance(v, Message) else Message(v.encode() if isinstance(v, str) else v) for v in values
    ]
    decoded = decoder.decode(messages)
    columns = decoded.readings
    rows = zip(columns.series, columns.time_ns, columns.value, columns.message, strict=True)
    got = [Got(decoder.series[int(s)], int(t), float(v), int(m)) for s, t, v, m in rows]
    return got, {letter.message: letter.reason for letter in decoded.dead_letters}


def values_of(*values: str | bytes | Message) -> dict[str, float]:
    """sensor → value of messages that are all of one host; limits as `sensor/bound`."""
    got, _ = decode(*values)
    assert len({reading.series.host for reading in got}) <= 1
    return {name_of(reading.series): reading.value for reading in got}


def kinds_of(*values: str | bytes | Message) -> dict[str, tuple[str, str]]:
    """sensor → (quantity, unit)."""
    got, _ = decode(*values)
    return {name_of(reading.series): (reading.series.quantity, reading.series.unit) for reading in got}


def reason_of(value: str | bytes | Message) -> str:
    """Why a message is set aside; "" where it is decoded."""
    got, letters = decode(value)
    assert bool(got) != bool(letters)
    return letters.get(0, "")


def says_none(value: str | bytes | Message) -> bool:
    """Whether a message is decoded without a reading: known, and it says itself that it has none."""
    return decode(value) == ([], {})


def name_of(series: Series) -> str:
    return f"{series.limit_of}/{series.bound}" if series.limit_of else series.sensor
