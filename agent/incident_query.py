"""The same points asked of InfluxDB, with times to the nanosecond and empty texts as they were written.

InfluxDB ──query_points────► [Point] ──agent/report/episodes.py──► incidents with their alerts
         ──query_incident──► the points of one incident and its alerts, by the beginning of an id
         ──query_sensor────► [(time, value)]
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from influxdb_client.client.flux_table import FluxRecord
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from agent.config import InfluxConfig
from agent.errors import ColdaisleError
from agent.incident_file import TOLD, Row
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
    """The points of the incidents and alerts whose id begins so, with their alerts and what operators noted.

    Raises:
        ConfigError, QueryError: as `query_points`.
    """
    flux = (
        f'import "strings" {_RANGE} '
        '|> filter(fn: (r) => r._measurement == "alert" or r._measurement == "incident") '
        '|> filter(fn: (r) => r._field == "id" or r._field == "incident") '
        f"|> filter(fn: (r) => strings.hasPrefix(v: r._value, prefix: id)) {_TIMES}"
    )
    times = [int(record.values["time_ns"]) for record in _ask(config, flux, 0, None, {"id": beginning})]
    if not times:
        return []
    points = query_points(config, ("alert", "incident"), min(times), max(times) + 1)
    return [*points, *query_points(config, ("operator_note",), min(times))]


def query_sensor(config: InfluxConfig, host: str, sensor: str, since_ns: int, until_ns: int) -> list[Row]:
    """What a host's sensor read from `since_ns` to `until_ns`, both included, by time.

    Raises:
        ConfigError, QueryError: as `query_points`.
    """
    flux = (
        f'{_RANGE} |> filter(fn: (r) => r._measurement == "reading" and r.host == host) '
        f"|> filter(fn: (r) => r._field == sensor) {_TIMES}"
    )
    records = _ask(config, flux, since_ns, until_ns + 1, {"host": host, "sensor": sensor})
    return sorted((int(record.values["time_ns"]), float(record.get_value())) for record in records)


def _ask(
    config: InfluxConfig,
    flux: str,
    since_ns: int,
    until_ns: int | None,
    said: Mapping[str, str] | None = None,
) -> Iterator[FluxRecord]:
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
        yield from table.records


def _gather(records: Iterator[FluxRecord]) -> list[Point]:
    """A point for all rows of one measurement, tags and time, in that order."""
    fields: dict[tuple[str, tuple[tuple[str, str], ...], int], dict[str, FieldValue]] = {}
    for record in records:
        name = str(record.get_measurement())
        tags = tuple((tag, str(record.values.get(tag) or "")) for tag in TAGS.get(name, ()))
        point = fields.setdefault((name, tags, int(record.values["time_ns"])), {})
        point[str(record.get_field())] = _value(record.get_value())
    return [
        Point(name, dict(tags), of, time_ns) for (name, tags, time_ns), of in sorted(fields.items(), key=_key)
    ]


def _key(item: tuple[tuple[str, tuple[tuple[str, str], ...], int], object]) -> tuple[object, ...]:
    return item[0]


def _value(value: object) -> FieldValue:
    """As it is stored: the answer has no empty texts and writes line ends its own way."""
    if isinstance(value, int | float):
        return float(value)
    return "" if value is None else str(value).replace("\r\n", "\n")


def _line(text: object) -> str:
    lines = str(text or "no reason given").splitlines()
    return "".join(c for c in lines[0] if c.isprintable())[:_MAX_REASON_CHARS]
