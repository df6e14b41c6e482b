"""Points of a replay's `points.lp`, read back: all of some measurements, or what one sensor of a host read.

points.lp ──read_points──► [Point] ──agent/report/episodes.py──► incidents with their alerts
          ──read_sensor──► [(time, value)]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.errors import RecordingError
from agent.points import Point
from agent.telemetry.line_protocol import Line, parse_line

POINTS_FILE = "points.lp"
TOLD = ("alert", "incident", "operator_note")  # what operators are told of, and what they said
MOST_LINES = 64  # of one point: texts hold line ends

Reading = tuple[int, float]  # time in ns UTC, value


def read_points(out: Path, measurements: Sequence[str] = TOLD) -> list[Point]:
    """All points of these measurements in the `points.lp` of a replay's folder, or in such a file itself.

    Raises:
        RecordingError: there is no such file, or it is not text.
    """
    return list(_points(out, tuple(measurements)))


def read_sensor(out: Path, host: str, sensor: str, since_ns: int, until_ns: int) -> list[Reading]:
    """What a host's sensor read from `since_ns` to `until_ns`, both included, by time.

    Raises:
        RecordingError: as `read_points`.
    """
    rows = []
    for point in _points(out, ("reading",), having=sensor):
        value = point.fields.get(sensor)
        is_asked_for = point.tags.get("host") == host and since_ns <= point.time_ns <= until_ns
        if is_asked_for and isinstance(value, float):
            rows.append((point.time_ns, value))
    return sorted(rows)


def points_file(out: Path) -> Path:
    """The file that a folder or a file's own path means.

    Raises:
        RecordingError: there is none.
    """
    path = out / POINTS_FILE if out.is_dir() else out
    if not path.is_file():
        raise RecordingError(f"{path}: no such file; coldaisle replay and demo make it in their --out")
    return path


def _points(out: Path, measurements: tuple[str, ...], having: str = "") -> Iterator[Point]:
    """The points one at a time: a replay may hold millions, of which few are wanted."""
    starts = tuple(f"{name}{end}" for name in measurements for end in (",", " "))
    path = points_file(out)
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for raw in file:
                if not raw.startswith(starts) or having not in raw:
                    continue
                line = _parse(raw, file)
                if line is not None and line.measurement in measurements:
                    yield _as_point(line)
    except UnicodeDecodeError as error:
        raise RecordingError(f"{path}: not line protocol: {error.reason}") from error


def _parse(raw: str, more: Iterator[str]) -> Line | None:
    """The line that begins here: a text in it may go on in the next ones. None where the file ends in it."""
    text = raw
    for _ in range(MOST_LINES):
        line = parse_line(text.removesuffix("\n")) if text.endswith("\n") else None
        if line is not None:
            return line
        text += next(more, "")
    return None


def _as_point(line: Line) -> Point:
    fields = {name: value if isinstance(value, str) else float(value) for name, value in line.fields.items()}
    return Point(line.measurement, line.tags, fields, line.time or 0)
