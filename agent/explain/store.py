"""Where explanations are read from: windows of alerts, and what was scored of a host around a time.

--config F ─► InfluxDB ─┐
--out DIR ──► points.lp ┴─► `alert_window` of an alert · `anomaly_score`, `alert` of a host around a time
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from agent.alert_window import MEASUREMENT as WINDOW
from agent.config import InfluxConfig
from agent.incident_file import read_points
from agent.points import Point
from agent.sink.flux import Row, flux_text, flux_time, parse_time, read_rows

SCORE, ALERT = "anomaly_score", "alert"
_TAGS: Mapping[str, tuple[str, ...]] = {WINDOW: ("host", "kind"), SCORE: ("host",), ALERT: ("host", "kind")}
_NOT_FIELDS = frozenset({"", "result", "table", "_time", "_measurement", "_start", "_stop"})


class ExplainStore(Protocol):
    """Points by identity."""

    def window(self, alert: Point) -> Point | None:
        """The `alert_window` of an `alert` point."""
        ...

    def around(self, measurement: str, host: str, since_ns: int, until_ns: int) -> list[Point]:
        """A host's points of a measurement in [since, until), by time."""
        ...


class FolderExplainStore:
    """What a replay wrote."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def window(self, alert: Point) -> Point | None:
        return _same(alert, read_points(self._folder, (WINDOW,)))

    def around(self, measurement: str, host: str, since_ns: int, until_ns: int) -> list[Point]:
        points = read_points(self._folder, (measurement,))
        its = [p for p in points if p.tags.get("host") == host and since_ns <= p.time_ns < until_ns]
        return sorted(its, key=lambda point: point.time_ns)


class InfluxExplainStore:
    """The bucket of a running site."""

    def __init__(self, config: InfluxConfig) -> None:
        self._config = config

    def window(self, alert: Point) -> Point | None:
        return _same(alert, self.around(WINDOW, alert.tags["host"], alert.time_ns, alert.time_ns + 1))

    def around(self, measurement: str, host: str, since_ns: int, until_ns: int) -> list[Point]:
        rows = read_rows(
            self._config,
            f"""from(bucket: {flux_text(self._config.bucket)})
    |> range(start: {flux_time(since_ns)}, stop: {flux_time(until_ns)})
    |> filter(fn: (r) => r._measurement == {flux_text(measurement)} and r.host == {flux_text(host)})
    |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
""",
        )
        return sorted((_point(measurement, row) for row in rows), key=lambda point: point.time_ns)


def _same(alert: Point, windows: list[Point]) -> Point | None:
    """The window of an alert: it has the alert's tags and time."""
    wanted = (dict(alert.tags), alert.time_ns)
    return next((window for window in windows if (dict(window.tags), window.time_ns) == wanted), None)


def _point(measurement: str, row: Row) -> Point:
    tags = {tag: str(row.get(tag, "")) for tag in _TAGS[measurement]}
    fields = {name: value for name, value in row.items() if name not in _NOT_FIELDS and name not in tags}
    return Point(measurement, tags, fields, parse_time(str(row["_time"])))
