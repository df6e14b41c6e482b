"""Points of a replay: merged as InfluxDB would merge them, written as sorted line protocol.

Millions of points are kept, so each is kept small: measurement and tags stand once for a whole series, and a
point is its time and its packed values; the names of its fields stand once for all points with the same ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from agent.points import FieldValue, Point, encode_line
from agent.sink import RefusedPoint

LEFT_OUT = frozenset({"advice", "agent_health"})  # true of a running agent, not of a recording

Series = tuple[str, tuple[tuple[str, str], ...]]  # measurement and sorted tags

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[int, list[FieldValue]]).decode


class FileSink:
    """Keeps every point once, in its final state."""

    def __init__(self) -> None:
        self._series: dict[Series, dict[int, bytes]] = {}  # → time → packed values
        self._layouts: list[tuple[str, ...]] = []  # field names that occurred together
        self._layout_number: dict[tuple[str, ...], int] = {}

    def write(self, points: Sequence[Point]) -> list[RefusedPoint]:
        """Merge: the last write of a field wins."""
        refused = []
        for point in points:
            if point.measurement in LEFT_OUT:
                continue
            try:
                self._merge(point)
            except ValueError as error:
                refused.append(RefusedPoint(point, str(error)))
        return refused

    def points(self) -> list[Point]:
        """All points by measurement, tags and time."""
        return list(self)

    def __iter__(self) -> Iterator[Point]:
        """As `points`, one at a time, for when all of them unpacked would not fit."""
        for measurement, tags in sorted(self._series):
            series, shared_tags = self._series[measurement, tags], dict(tags)
            for time_ns in sorted(series):
                yield Point(measurement, shared_tags, self._fields(series[time_ns]), time_ns)

    def __len__(self) -> int:
        return sum(map(len, self._series.values()))

    @staticmethod
    def save(points: Iterable[Point], path: Path) -> None:
        """Write points as line protocol, a line each; line ends inside a text stay as they are."""
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{encode_line(point)}\n" for point in points)

    def _merge(self, point: Point) -> None:
        if not point.fields:
            raise ValueError(f"point {point.measurement!r} has no fields")
        series = self._series.setdefault((point.measurement, tuple(sorted(point.tags.items()))), {})
        known = series.get(point.time_ns)
        fields = point.fields if known is None else {**self._fields(known), **point.fields}
        series[point.time_ns] = _pack((self._number(tuple(fields)), _plain(fields)))

    def _fields(self, packed: bytes) -> dict[str, FieldValue]:
        number, values = _unpack(packed)
        return dict(zip(self._layouts[number], values, strict=True))

    def _number(self, layout: tuple[str, ...]) -> int:
        number = self._layout_number.setdefault(layout, len(self._layouts))
        if number == len(self._layouts):
            self._layouts.append(layout)
        return number


def _plain(fields: Mapping[str, FieldValue]) -> list[FieldValue]:
    """The values as they will be written; raises ValueError if one cannot be."""
    values = [value if isinstance(value, str) else float(value) for value in fields.values()]
    for name, value in zip(fields, values, strict=True):
        if not isinstance(value, str) and not math.isfinite(value):
            raise ValueError(f"field {name} is {value}; expected a finite number")
    return values
