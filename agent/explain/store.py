"""Where explanations are read from: windows of alerts, and what was scored of a host around a time.

--config F ─► InfluxDB ─┐
--out DIR ──► points.lp ┴─► `alert_window` of an alert · `anomaly_score`, `alert` of a host around a time
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Protocol

from agent.alert_window import MEASUREMENT as WINDOW
from agent.config import InfluxConfig
from agent.incident_file import read_points
from agent.influx_points import query_points
from agent.points import Point
from agent.report.episodes import AlertEpisode
from agent.sink.flux import flux_text, flux_time

SCORE, ALERT = "anomaly_score", "alert"


class ExplainStore(Protocol):
    """Points by identity."""

    def window(self, alert: AlertEpisode) -> Point | None:
        """The `alert_window` of an alert."""
        ...

    def around(self, measurement: str, host: str, since_ns: int, until_ns: int) -> list[Point]:
        """A host's points of a measurement in [since, until), by time."""
        ...


class FolderExplainStore:
    """What a replay wrote."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _windows(self) -> list[Point]:
        return read_points(self._folder, (WINDOW,))

    def window(self, alert: AlertEpisode) -> Point | None:
        return _of(alert, self._windows)

    def around(self, measurement: str, host: str, since_ns: int, until_ns: int) -> list[Point]:
        points = read_points(self._folder, (measurement,))
        its = [p for p in points if p.tags.get("host") == host and since_ns <= p.time_ns < until_ns]
        return sorted(its, key=lambda point: point.time_ns)


class InfluxExplainStore:
    """The bucket of a running site."""

    def __init__(self, config: InfluxConfig) -> None:
        self._config = config

    def window(self, alert: AlertEpisode) -> Point | None:
        return _of(alert, self.around(WINDOW, alert.host, alert.onset_ns, alert.onset_ns + 1))

    def around(self, measurement: str, host: str, since_ns: int, until_ns: int) -> list[Point]:
        span = f"start: {flux_time(since_ns)}, stop: {flux_time(until_ns)}"
        of_host = f"|> filter(fn: (r) => r.host == {flux_text(host)})"
        points = query_points(self._config, measurement, span, before=of_host)
        return sorted(points, key=lambda point: point.time_ns)


def _of(alert: AlertEpisode, windows: list[Point]) -> Point | None:
    """The window of an alert: it has the alert's tags and time."""
    wanted = ({"host": alert.host, "kind": alert.kind}, alert.onset_ns)
    return next((window for window in windows if (dict(window.tags), window.time_ns) == wanted), None)
