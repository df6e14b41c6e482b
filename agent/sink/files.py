"""Points of a replay: merged as InfluxDB would merge them, written as sorted line protocol."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent.points import FieldValue, Point, encode_line
from agent.sink import RefusedPoint

LEFT_OUT = frozenset({"advice", "agent_health"})  # true of a running agent, not of a recording


class FileSink:
    """Keeps every point once, in its final state."""

    def __init__(self) -> None:
        self._fields: dict[tuple[str, tuple[tuple[str, str], ...], int], dict[str, FieldValue]] = {}

    def write(self, points: Sequence[Point]) -> list[RefusedPoint]:
        """Merge: the last write of a field wins."""
        for point in points:
            if point.measurement not in LEFT_OUT:
                self._fields.setdefault(point.identity, {}).update(point.fields)
        return []

    def points(self) -> list[Point]:
        """All points by measurement, tags and time."""
        return [
            Point(measurement, dict(tags), fields, time_ns)
            for (measurement, tags, time_ns), fields in sorted(self._fields.items(), key=lambda item: item[0])
        ]

    @staticmethod
    def save(points: Sequence[Point], path: Path) -> None:
        """Write points as line protocol, a line each."""
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for point in points:
                file.write(encode_line(point) + "\n")
