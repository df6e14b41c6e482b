"""`coldaisle decode`: what the agent understands of recorded messages, as JSON lines or as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TextIO

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from agent.recording import read_recording
from agent.telemetry.decoder import Decoder
from agent.telemetry.mappings import FieldMapping
from agent.telemetry.readings import Decoded, Message, SeriesTable

BATCH_MESSAGES = 5_000
REMEMBERED_TIMES = 1_000  # of each sensor, to tell its rate by
SECOND_NS = 1_000_000_000


@dataclass(slots=True)
class Seen:
    """What the table tells of one sensor."""

    readings: int = 0
    low: float = np.inf
    high: float = -np.inf
    last: float = 0.0
    times_ns: set[int] = field(default_factory=set)

    def add(self, times_ns: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        self.readings += len(values)
        self.low, self.high = min(self.low, values.min()), max(self.high, values.max())
        self.last = float(values[-1])
        room = REMEMBERED_TIMES - len(self.times_ns)
        self.times_ns.update(times_ns[:room].tolist())

    def spacing_s(self) -> float | None:
        """The median spacing of its distinct times; None where there is only one."""
        times = np.sort(np.array(list(self.times_ns), np.int64))
        return float(np.median(np.diff(times))) / SECOND_NS if len(times) > 1 else None


def decode_files(
    paths: Sequence[Path], as_json: bool, out: TextIO, mappings: Sequence[FieldMapping] = ()
) -> None:
    """Decode recordings (`-` is standard input) and tell on `out` what was understood.

    With `as_json` one object a reading, in the order of the messages, and one a message set aside; else a
    table of hosts and sensors with their rates, and a line of counts. `mappings` are those of a config.

    Raises:
        RecordingError: a file is absent, unreadable or empty.
    """
    if as_json:
        for path in paths:
            decoder = Decoder(mappings)
            for messages in _batches(read_recording(path)):
                out.writelines(_json_lines(decoder.series, messages, decoder.decode(messages)))
    else:
        _tabulate(paths, out, mappings)


def _batches(messages: Iterable[Message]) -> Iterator[list[Message]]:
    left = iter(messages)
    while batch := list(islice(left, BATCH_MESSAGES)):
        yield batch


def _json_lines(series: SeriesTable, messages: Sequence[Message], decoded: Decoded) -> Iterator[str]:
    readings = decoded.readings
    rows = zip(
        readings.message.tolist(),
        readings.time_ns.tolist(),
        readings.series.tolist(),
        readings.value.tolist(),
        strict=True,
    )
    letters = iter(decoded.dead_letters)
    letter = next(letters, None)
    for at, time_ns, number, value in rows:
        while letter is not None and letter.message < at:
            yield _json({"line": messages[letter.message].offset, "reason": letter.reason})
            letter = next(letters, None)
        known = series[number]
        yield _json(
            {
                "line": messages[at].offset,
                "time_ns": time_ns,
                "host": known.host,
                "sensor": known.sensor,
                "quantity": known.quantity,
                "unit": known.unit,
                "value": value,
            }
        )
    while letter is not None:
        yield _json({"line": messages[letter.message].offset, "reason": letter.reason})
        letter = next(letters, None)


def _json(told: dict[str, object]) -> str:
    return msgspec.json.encode(told).decode() + "\n"


def _tabulate(paths: Sequence[Path], out: TextIO, mappings: Sequence[FieldMapping]) -> None:
    decoder, seen = Decoder(mappings), dict[int, Seen]()
    reasons: Counter[str] = Counter()
    count = 0
    for path in paths:
        for messages in _batches(read_recording(path)):
            decoded = decoder.decode(messages)
            count += len(messages)
            reasons.update(letter.reason for letter in decoded.dead_letters)
            readings = decoded.readings
            order = np.argsort(readings.series, kind="stable")
            for rows in np.split(order, np.flatnonzero(np.diff(readings.series[order])) + 1):
                if len(rows):
                    sensor = seen.setdefault(int(readings.series[rows[0]]), Seen())
                    sensor.add(readings.time_ns[rows], readings.value[rows])
    console = Console(file=out, width=None if out.isatty() else 120, highlight=False)
    console.print(_table(decoder.series, seen))
    console.print(_counts(count, reasons, decoder.series, seen), soft_wrap=True)


def _table(series: SeriesTable, seen: dict[int, Seen]) -> Table:
    table = Table("host", "sensor", "quantity", "unit", title="Readings by host and sensor")
    for column in ("readings", "every", "lowest", "highest", "last"):
        table.add_column(column, justify="right")
    before = ""
    for known, sensor in sorted(((series[n], s) for n, s in seen.items()), key=_by_host_and_sensor):
        spacing_s = sensor.spacing_s()
        table.add_row(
            known.host if known.host != before else "",
            known.sensor,
            known.quantity,
            known.unit,
            str(sensor.readings),
            f"{spacing_s:g} s" if spacing_s is not None else "once",
            *(f"{value:.6g}" for value in (sensor.low, sensor.high, sensor.last)),
        )
        before = known.host
    return table


def _by_host_and_sensor(row: tuple[object, Seen]) -> tuple[str, str]:
    return (getattr(row[0], "host", ""), getattr(row[0], "sensor", ""))


def _counts(count: int, reasons: Counter[str], series: SeriesTable, seen: dict[int, Seen]) -> str:
    hosts = len({series[number].host for number in seen})
    readings = sum(sensor.readings for sensor in seen.values())
    aside = ", ".join(f"{n} {reason}" for reason, n in reasons.most_common()) or "none"
    return (
        f"{count} messages: {count - reasons.total()} decoded to {readings} readings of {len(seen)} sensors "
        f"on {hosts} hosts; {reasons.total()} set aside ({aside})"
    )
