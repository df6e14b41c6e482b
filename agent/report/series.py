"""What a host was scored and what its sensors read, as columns over its ticks.

points ──read_hosts──► HostSeries(time_ns (N,), score (N, 5), readings (N, F))
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.points import Point

SCORE_FIELDS = ("score", "threshold", "lstm_ae", "gan", "linear")
DEFAULT_PERIOD_NS = 60 * 1_000_000_000  # of a host with a single tick


@dataclass(frozen=True, slots=True)
class HostSeries:
    """One host's ticks, N of them in order of time. NaN where nothing was scored or nothing arrived."""

    host: str
    rack: str
    cohort: str
    model: str
    time_ns: NDArray[np.int64]  # (N,) ascending, distinct
    scores: NDArray[np.float64]  # (N, 5) in the order of SCORE_FIELDS
    sensors: tuple[str, ...]  # F names, sorted
    readings: NDArray[np.float64]  # (N, F)
    top_sensors: tuple[str, ...]  # (N,) "" where unknown
    scored_ticks: int

    @property
    def period_ns(self) -> int:
        """Median spacing of its ticks."""
        return spacing_ns(self.time_ns)

    @property
    def score_max(self) -> float:
        """Highest score, 0 where nothing was scored."""
        scores = self.scores[:, 0]
        return float(np.nanmax(scores)) if np.isfinite(scores).any() else 0.0

    def telling_sensors(self, start_ns: int, end_ns: int, most: int = 3) -> tuple[str, ...]:
        """The sensors that most often had the largest share of the score between two times."""
        first, last = np.searchsorted(self.time_ns, [start_ns, end_ns + 1])
        named = Counter(s for s in self.top_sensors[first:last] if s in self.sensors)
        return tuple(name for name, _ in named.most_common(most))


def spacing_ns(time_ns: NDArray[np.int64]) -> int:
    """Median spacing of ascending times, a minute where there are fewer than two."""
    return int(np.median(np.diff(time_ns))) if len(time_ns) > 1 else DEFAULT_PERIOD_NS


def read_hosts(points: Sequence[Point]) -> list[HostSeries]:
    """The series of every host that was scored or read, by name."""
    scored: dict[str, list[Point]] = defaultdict(list)
    read: dict[str, list[Point]] = defaultdict(list)
    for point in points:
        if point.measurement == "anomaly_score":
            scored[point.tags.get("host", "")].append(point)
        elif point.measurement == "reading":
            read[point.tags.get("host", "")].append(point)
    return [
        _join(host, scored.get(host, []), read.get(host, [])) for host in sorted(scored.keys() | read.keys())
    ]


def _join(host: str, scored: list[Point], read: list[Point]) -> HostSeries:
    times = sorted({p.time_ns for p in scored} | {p.time_ns for p in read})
    row_of = {time: row for row, time in enumerate(times)}
    sensors = tuple(
        sorted({name for p in read for name, value in p.fields.items() if not isinstance(value, str)})
    )
    column_of = {name: column for column, name in enumerate(sensors)}
    scores = np.full((len(times), len(SCORE_FIELDS)), np.nan)
    readings = np.full((len(times), len(sensors)), np.nan)
    top_sensors = [""] * len(times)
    for point in scored:
        row = row_of[point.time_ns]
        for column, name in enumerate(SCORE_FIELDS):
            value = point.fields.get(name, -1.0)
            if not isinstance(value, str) and value >= 0:  # −1 = not scored
                scores[row, column] = value
        top_sensors[row] = str(point.fields.get("top_sensor", ""))
    for point in read:
        row = row_of[point.time_ns]
        for name, value in point.fields.items():
            if not isinstance(value, str):
                readings[row, column_of[name]] = value
    newest = max(scored, key=lambda p: p.time_ns).fields if scored else {}
    return HostSeries(
        host=host,
        rack=str(newest.get("rack", "")),
        cohort=str(newest.get("cohort", "")),
        model=str(newest.get("model", "")),
        time_ns=np.array(times, dtype=np.int64),
        scores=scores,
        sensors=sensors,
        readings=readings,
        top_sensors=tuple(top_sensors),
        scored_ticks=int(np.isfinite(scores[:, 0]).sum()),
    )
