"""Points read back from the bucket of a running site.

query_points ─► Flux, a row a point ─► [Point]
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.alert_window import MEASUREMENT as WINDOW
from agent.config import InfluxConfig
from agent.notes import NOTE
from agent.points import Point
from agent.sink.flux import Row, flux_text, parse_time, read_rows

TAGS: Mapping[str, tuple[str, ...]] = {
    "alert": ("host", "kind"),
    "incident": ("anchor",),
    "anomaly_score": ("host",),
    WINDOW: ("host", "kind"),
    NOTE: ("host",),
}
_LEFT_OUT = frozenset({"", "result", "table", "_time", "_measurement", "_start", "_stop"})


def query_points(
    config: InfluxConfig, measurement: str, span: str, before: str = "", after: str = ""
) -> list[Point]:
    """The points of a measurement in a span of time, as Flux's `range` takes it; filters before fields become
    columns, and after.

    Raises:
        InfluxError: no answer, or the token may not read the bucket.
        ConfigError: the token cannot be read.
    """
    rows = read_rows(
        config,
        f"""from(bucket: {flux_text(config.bucket)}) |> range({span})
    |> filter(fn: (r) => r._measurement == {flux_text(measurement)})
    {before}
    |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
    {after}
""",
    )
    return [point_of(measurement, row) for row in rows]


def point_of(measurement: str, row: Row) -> Point:
    """A row whose columns are tags and fields, as a point."""
    tags = {tag: str(row.get(tag, "")) for tag in TAGS[measurement]}
    fields = {name: value for name, value in row.items() if name not in _LEFT_OUT and name not in tags}
    return Point(measurement, tags, fields, parse_time(str(row["_time"])))
