"""Points into InfluxDB 2: nothing is dropped, whatever the server answers.

| answer | what happens |
|---|---|
| 204 | accepted |
| 400, 422 | the batch is halved until the bad lines are alone; they come back refused, the rest is stored |
| 413 | halved |
| 401, 403, 404 | busy: the data are kept until somebody mends the token or the bucket |
| 429, 503 | busy for as long as `Retry-After` says, a minute at most |
| other, no answer | busy, for a time that grows with each failure |

The client's own batching writer is not used: it drops what it cannot write (docs/architecture.md).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from agent.errors import ConfigError, SinkBusyError
from agent.points import Point, encode_line
from agent.sink import RefusedPoint

CHUNK_LINES = 5_000
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
LONGEST_RETRY_AFTER_S = 60.0
BAD_LINES = (400, 422)
TOO_LARGE = 413
NOT_ALLOWED = (401, 403, 404)

Line = tuple[Point, str]


class InfluxSink:
    """Writes to one bucket. The token is asked for again whenever the server refuses it."""

    def __init__(self, url: str, org: str, bucket: str, token: Callable[[], str], timeout_s: float) -> None:
        self._url, self._org, self._bucket = url, org, bucket
        self._token = token
        self._timeout_ms = int(timeout_s * 1000)
        self._client: InfluxDBClient | None = None
        self._failures = 0

    def write(self, points: Sequence[Point]) -> list[RefusedPoint]:
        """Store all points but those returned.

        Raises:
            SinkBusyError: not now; the same points again later change nothing.
        """
        lines, refused = _encode(points)
        for start in range(0, len(lines), CHUNK_LINES):
            refused.extend(self._write_lines(lines[start : start + CHUNK_LINES]))
        self._failures = 0
        return refused

    def ready(self) -> str:
        """ "" when the server answers and has the bucket, else why not."""
        try:
            found = self._connected().buckets_api().find_bucket_by_name(self._bucket)  # type: ignore[no-untyped-call]
        except (ApiException, HTTPError, OSError, ConfigError) as error:
            self._drop_client()
            return _reason(error)
        return "" if found is not None else f"bucket {self._bucket} is not there"

    def close(self) -> None:
        self._drop_client()

    # -- one request --------------------------------------------------------------------------------------

    def _write_lines(self, lines: Sequence[Line]) -> Iterator[RefusedPoint]:
        try:
            self._post(lines)
        except ApiException as error:
            if error.status not in (*BAD_LINES, TOO_LARGE):
                raise self._busy(error) from error
            if len(lines) == 1:
                yield RefusedPoint(lines[0][0], _reason(error))
                return
            middle = len(lines) // 2
            yield from self._write_lines(lines[:middle])
            yield from self._write_lines(lines[middle:])
        except (HTTPError, OSError, ConfigError) as error:
            raise self._busy(error) from error

    def _post(self, lines: Sequence[Line]) -> None:
        body = "\n".join(line for _, line in lines).encode()
        writer = self._connected().write_api(write_options=SYNCHRONOUS)
        writer.write(self._bucket, self._org, body, write_precision="ns")  # type: ignore[arg-type]

    def _connected(self) -> InfluxDBClient:
        if self._client is None:
            self._client = InfluxDBClient(
                url=self._url, token=self._token(), org=self._org, timeout=self._timeout_ms, enable_gzip=True
            )
        return self._client

    def _drop_client(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()  # type: ignore[no-untyped-call]

    def _busy(self, error: Exception) -> SinkBusyError:
        self._failures += 1
        wait_s = random.uniform(  # noqa: S311 - spreads the tries of many instances
            FIRST_WAIT_S / 2, min(FIRST_WAIT_S * 2**self._failures, LONGEST_WAIT_S)
        )
        if isinstance(error, ApiException):
            wait_s = _retry_after_s(error) or wait_s
            if error.status in NOT_ALLOWED:
                self._drop_client()  # the next try reads the token again
        return SinkBusyError(_reason(error), wait_s)


def _encode(points: Sequence[Point]) -> tuple[list[Line], list[RefusedPoint]]:
    lines, refused = [], []
    for point in points:
        try:
            lines.append((point, encode_line(point)))
        except ValueError as error:
            refused.append(RefusedPoint(point, str(error)))
    return lines, refused


def _retry_after_s(error: ApiException) -> float:
    """What the server asks for, 0 if it does not."""
    try:
        asked = float(error.headers.get("Retry-After", 0)) if error.headers else 0.0
    except ValueError:  # a date: rare, and a growing wait serves as well
        return 0.0
    return min(max(asked, 0.0), LONGEST_RETRY_AFTER_S)


def _reason(error: Exception) -> str:
    """One line that never holds a token."""
    if isinstance(error, ApiException):
        return f"influxdb answered {error.status}: {error.message or error.reason}"[:300]
    return f"{type(error).__name__}: {error}"[:300]
