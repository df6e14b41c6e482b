"""The same points asked of InfluxDB, with times to the nanosecond and empty texts as they were written.

InfluxDB ──query_points────► [Point] ──agent/report/episodes.py──► incidents with their alerts
         ──query_incident──► the points of one incident and its alerts, by the beginning of an id
         ──query_sensor────► [(time, value)]
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from agent.config import InfluxConfig
from agent.errors import ColdaisleError
from agent.incident_file import TOLD, Reading
from agent.points import FieldValue, Point

TAGS: Mapping[str, tuple[str, ...]] = {
    "alert": ("host", "kind"),
    "incident": ("anchor",),
    "operator_note": ("host",),
    "reading": ("host",),
}
AHEAD_NS = 86_400 * 1_000_000_000  # points whose clocks run ahead are found too
_MAX_REASON_CHARS = 200
_RANGE = "from(bucket: bucket) |> range(start: time(v: since), stop: time(v: until))"
_TIMES = "|> map(fn: (r) => ({r with time_ns: int(v: r._time)}))"

Row = Mapping[str, Any]
Identity = tuple[str, tuple[tuple[str, str], ...], int]


class QueryError(ColdaisleError):
    """InfluxDB did not answer a question, or refused it."""


def query_points(
    config: InfluxConfig, measurements: Sequence[str] = TOLD, since_ns: int = 0, until_ns: int | None = None
) -> list[Point]:
    """All points of these measurements from `since_ns` on, up to `until_ns` (None: a day from now).

    Raises:
        ConfigError: the token cannot be read.
        QueryError: InfluxDB gives no answer, or refuses.
    """
    wanted = " or ".join(f'r._measurement == "{name}"' for name in measurements)
    flux = f"{_RANGE} |> filter(fn: (r) => {wanted}) {_TIMES}"
    return _gather(_ask(config, flux, since_ns, until_ns))


def query_incident(config: InfluxConfig, beginning: str) -> list[Point]:
    """The points of the incidents whose own id, or that of one of their alerts, begins so, with all of their
    alerts and what operators noted; others of the same times may come along.

    Raises:
        ConfigError, QueryError: as `query_points`.
    """
    points = _query_around(config, beginning)
    alerts = [point for point in points if point.measurement == "alert"]
    asked = [alert for alert in alerts if str(alert.fields.get("id", "")).startswith(beginning)]
    for incident in sorted({str(alert.fields.get("incident", "")) for alert in asked} - {""}):
        points += _query_around(config, incident)
    if points:
        points += query_points(config, ("operator_note",), min(point.time_ns for point in points))
    once = {point.identity: point for point in points}
    return [once[identity] for identity in sorted(once)]


def _query_around(config: InfluxConfig, beginning: str) -> list[Point]:
    """The alerts and incidents at the times of those that have an id or an incident which begins so."""
    flux = (
        f'import "strings" {_RANGE} '
        '|> filter(fn: (r) => r._measurement == "alert" or r._measurement == "incident") '
        '|> filter(fn: (r) => r._field == "id" or r._field == "incident") '
        f"|> filter(fn: (r) => strings.hasPrefix(v: r._value, prefix: id)) {_TIMES}"
    )
    times = [int(row["time_ns"]) for row in _ask(config, flux, 0, None, {"id": beginning})]
    return query_points(config, ("alert", "incident"), min(times), max(times) + 1) if times else []


def query_sensor(config: InfluxConfig, host: str, sensor: str, since_ns: int, until_ns: int) -> list[Reading]:
    """What a host's sensor read from `since_ns` to `until_ns`, both included, by time.

    Raises:
        ConfigError, QueryError: as `query_points`.
    """
    flux = (
        f'{_RANGE} |> filter(fn: (r) => r._measurement == "reading" and r.host == host) '
        f"|> filter(fn: (r) => r._field == sensor) {_TIMES}"
    )
    rows = _ask(config, flux, since_ns, until_ns + 1, {"host": host, "sensor": sensor})
    return sorted((int(row["time_ns"]), float(row["_value"])) for row in rows)


def _ask(
    config: InfluxConfig,
    flux: str,
    since_ns: int,
    until_ns: int | None,
    said: Mapping[str, str] | None = None,
) -> Iterator[Row]:
    """The rows of an answer; names of hosts and sensors travel as parameters, never within the question."""
    until_ns = time.time_ns() + AHEAD_NS if until_ns is None else until_ns
    params: dict[str, Any] = {"bucket": config.bucket, "since": since_ns, "until": until_ns, **(said or {})}
    timeout_ms = int(config.timeout_s * 1000)
    with InfluxDBClient(config.url, config.read_token(), org=config.org, timeout=timeout_ms) as client:
        try:
            tables = client.query_api().query(flux, params=params)
        except ApiException as error:
            raise QueryError(f"{config.url} refused to answer: {error.status} {_line(error.body)}") from error
        except (HTTPError, OSError) as error:
            raise QueryError(f"{config.url} does not answer: {_line(str(error))}") from error
    for table in tables:
        yield from (record.values for record in table.records)


def _gather(rows: Iterator[Row]) -> list[Point]:
    """A point for all rows of one measurement, tags and time, in that order."""
    fields: dict[Identity, dict[str, FieldValue]] = {}
    for row in rows:
        name = str(row["_measurement"])
        tags = tuple((tag, str(row.get(tag) or "")) for tag in TAGS.get(name, ()))
        point = fields.setdefault((name, tags, int(row["time_ns"])), {})
        point[str(row["_field"])] = _value(row["_value"])
    return [Point(name, dict(tags), fields[name, tags, at], at) for name, tags, at in sorted(fields)]


def _value(value: object) -> FieldValue:
    """As it is stored: the answer has no empty texts and writes line ends its own way."""
    if isinstance(value, int | float):
        return float(value)
    return "" if value is None else str(value).replace("\r\n", "\n")


def _line(text: object) -> str:
    lines = str(text or "no reason given").splitlines()
    return "".join(c for c in lines[0] if c.isprintable())[:_MAX_REASON_CHARS]
