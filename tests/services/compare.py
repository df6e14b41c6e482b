"""What InfluxDB holds beside what a replay of the same log says, point by point."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from influxdb_client import InfluxDBClient

from agent.points import FieldValue, Point

Stored = dict[tuple[str, tuple[tuple[str, str], ...], int], dict[str, FieldValue]]

TAGS = {"anomaly_score": ("host",), "reading": ("host",), "alert": ("host", "kind"), "incident": ("anchor",)}
TOLERANCE = 1e-9


def read_points(url: str, token: str, org: str, bucket: str) -> Stored:
    """Every point of the measurements that a replay makes too, read back by Flux."""
    stored: Stored = {}
    flux = "from(bucket: bucket) |> range(start: 1970-01-01T00:00:00Z, stop: 2100-01-01T00:00:00Z)"
    with InfluxDBClient(url, token, org=org, timeout=60_000) as client:
        tables = client.query_api().query(flux, params={"bucket": bucket})
    for table in tables:
        for record in table.records:
            measurement = record.get_measurement()
            if measurement not in TAGS:
                continue
            tags = tuple((tag, record.values[tag]) for tag in TAGS[measurement])
            time_ns = round(record.get_time().timestamp() * 1000) * 1_000_000
            stored.setdefault((measurement, tags, time_ns), {})[record.get_field()] = _value(
                record.get_value()
            )
    return stored


def _value(value: float | str | None) -> FieldValue:
    """As it is stored: the answer's CSV has no empty texts and writes line ends its own way."""
    if isinstance(value, str):
        return value.replace("\r\n", "\n")
    return "" if value is None else value


def as_stored(points: Sequence[Point]) -> Stored:
    """A replay's points in the same form. Times are cut to the millisecond that Flux' clients show."""
    return {
        (p.measurement, tuple(sorted(p.tags.items())), round(p.time_ns / 1e6) * 1_000_000): dict(p.fields)
        for p in points
    }


def differences(
    found: Stored, expected: Stored, measurements: Sequence[str], leave_out: Sequence[str] = ()
) -> list[str]:
    """A line for each point or field that is missing, extra or other than 1e-9 allows."""
    lines = []
    for key in sorted(k for k in found.keys() | expected.keys() if k[0] in measurements):
        left, right = found.get(key), expected.get(key)
        if left is None or right is None:
            lines.append(f"{key}: {'missing' if left is None else 'extra'}")
            continue
        lines.extend(
            f"{key} {name}: {left.get(name)!r} is stored, a replay has {right.get(name)!r}"
            for name in sorted((left.keys() | right.keys()) - set(leave_out))
            if not _equal(left.get(name), right.get(name))
        )
    return lines


def _equal(left: FieldValue | None, right: FieldValue | None) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=0.0, abs_tol=TOLERANCE)
    return left == right


def summarise(lines: Sequence[str], most: int = 12) -> str:
    """The first differences, and how many there are of each kind: what a failing test shows."""
    kinds = Counter(
        line.split(")")[0].split("'")[1] + " " + line.rsplit(": ", 1)[0].split()[-1] for line in lines
    )
    return "\n".join([f"{len(lines)} differences", *map(str, kinds.most_common(10)), *lines[:most]])
