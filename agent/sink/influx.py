"""Points into InfluxDB 2: at least once, never dropped, refused only by InfluxDB's own verdict on a line.

    points ─encode─► lines ─► requests of ≤ 5,000 ─► 204
                                   ▲        │ 400, 422, 413: taken apart until each bad line is known
                                   └────────┘ all else: SinkBusyError, and the caller sends it all again

Sending again is harmless: a point's measurement, tags and time say which it is. The client's batching writer
is not used, since it drops what it cannot deliver.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from agent.backoff import Backoff
from agent.errors import ConfigError, SinkBusyError
from agent.points import Point, encode_line
from agent.sink import RefusedPoint
from agent.sink.answers import Answer, Meaning, read_answer, shorten

CHUNK_LINES = 5_000  # what InfluxDB's own guide calls the best size of a request
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.5, 30.0

Line = tuple[Point, bytes]


class InfluxSink:
    """Writes to one bucket; one thread at a time.

    `token` is asked for before every request, so a rotated one is taken up at once. `jitter` gives numbers of
    0..1 that spread the tries of several instances.
    """

    def __init__(
        self,
        url: str,
        org: str,
        bucket: str,
        token: Callable[[], str],
        timeout_s: float = 10.0,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._org, self._bucket, self._token = org, bucket, token
        self._backoff = Backoff(FIRST_BACKOFF_S, LONGEST_BACKOFF_S, jitter)
        self._client = InfluxDBClient(
            url=url, token="", org=org, timeout=round(timeout_s * 1000), enable_gzip=True
        )
        self._writer = self._client.write_api(write_options=SYNCHRONOUS)

    def write(self, points: Sequence[Point]) -> list[RefusedPoint]:
        """Store all points but those returned, which InfluxDB will never take.

        Raises:
            SinkBusyError: not now; parts may be stored already, and sending them again changes nothing.
        """
        lines, refused = _encode(points)
        for start in range(0, len(lines), CHUNK_LINES):
            refused += self._store(lines[start : start + CHUNK_LINES])
        self._backoff.reset()
        return refused

    def ready(self) -> str | None:
        """None if InfluxDB would take points for the bucket now, else why not. Stores nothing."""
        # A comment passes all checks of a real write, and needs no right but to write.
        answer = self._post(b"# is anybody there?")
        return answer.reason if answer else None

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()  # type: ignore[no-untyped-call]

    # -- taking a request apart -----------------------------------------------------------------------------

    def _store(self, lines: Sequence[Line]) -> list[RefusedPoint]:
        refused: list[RefusedPoint] = []
        pending = [lines]
        while pending:
            part = pending.pop()
            answer = self._post(b"\n".join(line for _, line in part))
            if answer is None:
                continue
            if answer.meaning is Meaning.BUSY:
                raise SinkBusyError(answer.reason, answer.retry_after_s or self._backoff.next_s())
            if len(part) == 1 or (answer.meaning is Meaning.PARTLY_STORED and answer.dropped == len(part)):
                refused += [RefusedPoint(point, answer.reason) for point, _ in part]
            else:
                told, parts = _take_apart(part, answer)
                refused += told
                pending += reversed(parts)  # in the order they came
        return refused

    # -- one request ----------------------------------------------------------------------------------------

    def _post(self, body: bytes) -> Answer | None:
        """None if all is stored."""
        try:
            header = f"Token {self._read_token()}"
            self._client.api_client.set_default_header("Authorization", header)  # type: ignore[no-untyped-call]
            self._writer.write(self._bucket, self._org, body, write_precision="ns")  # type: ignore[arg-type]
        except ApiException as error:
            return read_answer(error)
        except ConfigError as error:
            return Answer(Meaning.BUSY, shorten(str(error)))
        except (HTTPError, OSError) as error:
            return Answer(Meaning.BUSY, shorten(f"InfluxDB gives no answer: {_inner(error)}"))
        except UnicodeDecodeError:
            return Answer(Meaning.BUSY, "InfluxDB's answer is not text; is it InfluxDB?")
        return None

    def _read_token(self) -> str:
        token = self._token()
        if not token.isascii() or not token.isprintable():  # the HTTP library would print it in its error
            raise ConfigError("influx: the token has characters that no token has")
        return token


def _encode(points: Sequence[Point]) -> tuple[list[Line], list[RefusedPoint]]:
    lines: list[Line] = []
    refused: list[RefusedPoint] = []
    for point in points:
        try:
            lines.append((point, encode_line(point).encode()))
        except ValueError as error:  # also of text that no encoding has, such as half a surrogate pair
            refused.append(RefusedPoint(point, shorten(str(error))))
    return lines, refused


def _take_apart(lines: Sequence[Line], answer: Answer) -> tuple[list[RefusedPoint], list[Sequence[Line]]]:
    """What is known to be refused, and parts to try: by what InfluxDB blames if it tells, else halves."""
    if answer.meaning is Meaning.BAD_LINES:
        bad = answer.bad_lines
        reasons = [bad.get(line.decode()) for _, line in lines] if bad else []
        refused = [
            RefusedPoint(point, shorten(reason))
            for (point, _), reason in zip(lines, reasons, strict=False)
            if reason is not None
        ]
        if refused:
            rest = [line for line, reason in zip(lines, reasons, strict=True) if reason is None]
            return refused, [rest] if rest else []
    if answer.meaning is Meaning.PARTLY_STORED and answer.bad_field:
        measurement, field = answer.bad_field
        blamed = [line for line in lines if line[0].measurement == measurement and field in line[0].fields]
        if 0 < len(blamed) < len(lines):
            others = [
                line for line in lines if line[0].measurement != measurement or field not in line[0].fields
            ]
            return [], [blamed, others]
    middle = len(lines) // 2
    return [], [lines[:middle], lines[middle:]]


def _inner(error: Exception) -> str:
    """What lies at the bottom of urllib3's nested errors, which name objects and addresses in memory."""
    cause = error.__cause__ or error.__context__
    kind, text = type(error).__name__, str(error).rpartition(">: ")[2] or str(error)
    return f"{kind}: {text}" if text else f"{kind}: {cause!r}"
