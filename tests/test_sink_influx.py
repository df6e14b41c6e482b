"""The writer's side of the contract with InfluxDB, against a scripted server on a real socket.

What a real InfluxDB answers is in tests/services/test_influx_sink.py.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from agent.config import InfluxConfig
from agent.errors import SinkBusyError
from agent.points import Point
from agent.sink.influx import InfluxSink

Headers = dict[str, str]
Reply = tuple[int, bytes, Headers]
OK: Reply = (204, b"", {})


def always(reply: Reply) -> Callable[[list[str]], Reply]:
    return lambda _: reply


def says(status: int, message: str, **headers: str) -> Reply:
    """An answer as InfluxDB words it."""
    code = {400: "invalid", 422: "unprocessable entity"}.get(status, "error")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return (status, json.dumps({"code": code, "message": message}).encode(), named)


@dataclass
class Fake:
    """Answers each write by `answer(lines)`, and keeps what it was sent."""

    url: str = ""
    answer: Callable[[list[str]], Reply] = field(default=lambda _: OK)
    requests: list[list[str]] = field(default_factory=list)
    headers: list[Headers] = field(default_factory=list)
    queries: list[dict[str, list[str]]] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)


@pytest.fixture
def fake() -> Iterator[Fake]:
    script = Fake()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            lines = body.decode().split("\n")
            script.requests.append(lines)
            script.headers.append(dict(self.headers))
            script.queries.append(parse_qs(urlsplit(self.path).query))
            status, said, headers = script.answer(lines)
            if status == 204:
                script.stored += lines
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            with contextlib.suppress(BrokenPipeError):  # who asked has gone
                self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield script
    server.shutdown()
    server.server_close()
    thread.join()


def new_sink(url: str, token: Callable[[], str] = lambda: "secret", timeout_s: float = 5.0) -> InfluxSink:
    """Its jitter is always at its most: waits are the longest there can be."""
    return InfluxSink(url, "dc", "coldaisle", token, timeout_s, jitter=lambda: 1.0)


def points(count: int, **fields: float | str) -> list[Point]:
    return [Point("m", {"host": f"n{i}"}, fields or {"x": 1.0}, i) for i in range(count)]


def hosts(lines: list[str]) -> list[str]:
    return [line.split("host=")[1].split(" ")[0] for line in lines]


def busy_from(sink: InfluxSink, some: list[Point] | None = None) -> SinkBusyError:
    with pytest.raises(SinkBusyError) as caught:
        sink.write(some or points(1))
    return caught.value


# -- what is sent ------------------------------------------------------------------------------------------


def test_points_go_out_gzipped_in_requests_of_5000_lines_with_nanoseconds(fake: Fake) -> None:
    assert new_sink(fake.url).write(points(12_000)) == []
    assert [len(lines) for lines in fake.requests] == [5000, 5000, 2000]
    assert fake.stored[0] == "m,host=n0 x=1.0 0"
    assert fake.stored[-1] == "m,host=n11999 x=1.0 11999"
    assert all(headers["Content-Encoding"] == "gzip" for headers in fake.headers)
    assert fake.queries[0] == {"org": ["dc"], "bucket": ["coldaisle"], "precision": ["ns"]}


def test_no_points_are_no_request(fake: Fake) -> None:
    assert new_sink(fake.url).write([]) == []
    assert fake.requests == []


def test_a_point_that_cannot_be_a_line_is_refused_and_the_others_are_stored(fake: Fake) -> None:
    nan, half_a_pair = Point("m", {}, {"x": float("nan")}, 1), Point("m", {}, {"x": "\ud83d"}, 2)
    refused = new_sink(fake.url).write([nan, *points(2), half_a_pair])
    assert [r.point for r in refused] == [nan, half_a_pair]
    assert refused[0].reason == "field x is nan; expected a finite number"
    assert hosts(fake.stored) == ["n0", "n1"]


# -- bad lines ---------------------------------------------------------------------------------------------


def test_bad_lines_that_influxdb_names_cost_one_more_request(fake: Fake) -> None:
    bad = {"m,host=n3 x=1.0 3", "m,host=n7 x=1.0 7"}

    def answer(lines: list[str]) -> Reply:
        named = [f"unable to parse '{line}': invalid number" for line in lines if line in bad]
        return says(400, "\n".join(named)) if named else OK

    fake.answer = answer
    refused = new_sink(fake.url).write(points(10))
    assert [(r.point.time_ns, r.reason) for r in refused] == [(3, "invalid number"), (7, "invalid number")]
    assert hosts(fake.stored) == ["n0", "n1", "n2", "n4", "n5", "n6", "n8", "n9"]
    assert len(fake.requests) == 2


def test_a_bad_line_that_nobody_names_is_found_by_halving(fake: Fake) -> None:
    fake.answer = lambda lines: says(400, "no") if any("n700 " in line for line in lines) else OK
    refused = new_sink(fake.url).write(points(1024))
    assert [r.point.tags["host"] for r in refused] == ["n700"]
    assert sorted(fake.stored) == sorted(f"m,host=n{i} x=1.0 {i}" for i in range(1024) if i != 700)
    assert len(fake.requests) == 21  # one for all, then two at each of ten halvings


def test_all_lines_bad_is_told_by_one_request(fake: Fake) -> None:
    fake.answer = lambda lines: says(400, "\n".join(f"unable to parse '{line}': no" for line in lines))
    assert len(new_sink(fake.url).write(points(5000))) == 5000
    assert len(fake.requests) == 1


def conflict(lines: list[str]) -> Reply:
    """The answer of a bucket where field `x` of `m` holds texts."""
    dropped = sum("x=1" in line for line in lines)
    message = (
        "failure writing points to database: partial write: field type conflict: "
        f'input field "x" on measurement "m" is type float, already exists as type string dropped={dropped}'
    )
    return says(422, message) if dropped else OK


def test_a_field_of_another_type_does_not_cost_a_request_a_line(fake: Fake) -> None:
    fake.answer = conflict
    mixed = [p for pair in zip(points(500), points(500, y=2.0), strict=True) for p in pair]
    refused = new_sink(fake.url).write(mixed)
    assert [r.point.fields for r in refused] == [{"x": 1.0}] * 500
    assert "field type conflict" in refused[0].reason
    assert len(fake.requests) == 3  # all, those with x, those without


def test_points_older_than_the_retention_are_told_apart_by_halving(fake: Fake) -> None:
    def answer(lines: list[str]) -> Reply:
        dropped = sum(int(line.rpartition(" ")[2]) < 100 for line in lines)
        return (
            says(422, f"partial write: dropped {dropped} points outside … dropped={dropped} for …")
            if dropped
            else OK
        )

    fake.answer = answer
    refused = new_sink(fake.url).write(points(1000))
    assert [r.point.time_ns for r in refused] == list(range(100))
    assert len(fake.requests) == 21


def test_a_request_too_large_is_halved(fake: Fake) -> None:
    fake.answer = lambda lines: (413, b"too large", {}) if len(lines) > 3 else OK
    assert new_sink(fake.url).write(points(10)) == []
    assert sorted(hosts(fake.stored)) == sorted(f"n{i}" for i in range(10))


def test_one_line_too_large_is_refused(fake: Fake) -> None:
    fake.answer = always((413, b"too large", {}))
    assert [r.reason for r in new_sink(fake.url).write(points(1))] == ["InfluxDB answers 413: too large"]


def test_a_400_in_other_words_than_influxdbs_loses_nothing(fake: Fake) -> None:
    fake.answer = always((400, b"<html>Bad Request</html>", {}))
    assert "Bad Request" in str(busy_from(new_sink(fake.url)))
    assert len(fake.requests) == 1


# -- busy --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [302, 401, 403, 404, 405, 408, 429, 500, 502, 503, 504])
def test_anything_but_a_verdict_on_lines_keeps_the_data(fake: Fake, status: int) -> None:
    fake.answer = always(says(status, "not now"))
    assert str(busy_from(new_sink(fake.url), points(5))) == f"InfluxDB answers {status}: not now"
    fake.answer = always(OK)
    assert new_sink(fake.url).write(points(5)) == []
    assert len(fake.stored) == 5


def test_a_busy_server_says_how_long_up_to_a_minute(fake: Fake) -> None:
    in_20_s = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    for asked, expected in (("7", 7.0), ("3600", 60.0), ("1.5", 1.5)):
        fake.answer = always(says(503, "busy", Retry_After=asked))
        assert busy_from(new_sink(fake.url)).retry_after_s == expected
    fake.answer = always(says(429, "busy", Retry_After=in_20_s))
    assert busy_from(new_sink(fake.url)).retry_after_s == pytest.approx(20, abs=2)
    for nonsense in ("soon", "nan", "-5", "0", ""):
        fake.answer = always(says(503, "busy", Retry_After=nonsense))
        assert busy_from(new_sink(fake.url)).retry_after_s == 0.5


def test_waits_double_up_to_30_s_and_begin_anew_after_success(fake: Fake) -> None:
    sink = new_sink(fake.url)
    fake.answer = always(says(500, "no"))
    waits_s = [busy_from(sink).retry_after_s for _ in range(8)]
    assert waits_s == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    fake.answer = always(OK)
    sink.write(points(1))
    fake.answer = always(says(500, "no"))
    assert busy_from(sink).retry_after_s == 0.5


def test_a_batch_whose_first_request_succeeds_each_time_waits_longer_all_the_same(fake: Fake) -> None:
    sink = new_sink(fake.url)
    fake.answer = lambda lines: OK if len(lines) == 5000 else says(503, "no")
    assert [busy_from(sink, points(5001)).retry_after_s for _ in range(3)] == [0.5, 1.0, 2.0]


def test_the_wait_is_spread_over_all_of_its_length(fake: Fake) -> None:
    fake.answer = always(says(500, "no"))
    sink = InfluxSink(fake.url, "dc", "coldaisle", lambda: "secret", 5.0)
    waits_s = [busy_from(sink).retry_after_s for _ in range(40)][10:]
    assert min(waits_s) < 10
    assert 20 < max(waits_s) <= 30


def test_a_server_that_is_not_there_is_busy() -> None:
    assert "Connection refused" in str(busy_from(new_sink("http://127.0.0.1:1")))


def test_a_server_that_does_not_answer_is_busy_after_the_timeout(fake: Fake) -> None:
    released = Event()

    def answer(_: list[str]) -> Reply:
        released.wait(5.0)
        return OK

    fake.answer = answer
    began_s = time.monotonic()
    assert "timed out" in str(busy_from(new_sink(fake.url, timeout_s=0.2)))
    assert time.monotonic() - began_s < 4.0
    released.set()


def test_an_answer_that_is_not_text_is_busy(fake: Fake) -> None:
    fake.answer = always((500, b"\xff\xfe", {}))
    assert str(busy_from(new_sink(fake.url))) == "InfluxDB's answer is not text; is it InfluxDB?"


# -- the token ---------------------------------------------------------------------------------------------


def test_a_rotated_token_is_taken_up_by_the_next_try(fake: Fake, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old\n")
    config = InfluxConfig(url=fake.url, token_file=file)
    sink = new_sink(fake.url, config.read_token)
    fake.answer = lambda _: (
        OK if fake.headers[-1]["Authorization"] == "Token new" else says(401, "unauthorized access")
    )
    assert str(busy_from(sink)) == "InfluxDB answers 401: unauthorized access"
    file.write_text("new\n")
    assert sink.write(points(1)) == []


def test_a_token_file_that_is_away_for_a_moment_is_waited_for(fake: Fake, tmp_path: Path) -> None:
    file = tmp_path / "token"
    sink = new_sink(fake.url, InfluxConfig(url=fake.url, token_file=file).read_token)
    assert "cannot be read" in str(busy_from(sink))
    file.write_text("secret")
    assert sink.write(points(1)) == []


def test_no_error_shows_the_token(fake: Fake) -> None:
    for token in ("canary\nX-Other: 1", "canary\u2028", "canarÿ"):
        assert "canar" not in str(busy_from(new_sink(fake.url, lambda token=token: token)))
    assert fake.requests == []


# -- ready -------------------------------------------------------------------------------------------------


def test_ready_stores_nothing_and_tells_what_a_write_would_meet(fake: Fake) -> None:
    sink = new_sink(fake.url)
    assert sink.ready() is None
    assert [line for line in fake.stored if not line.startswith("#")] == []
    fake.answer = always(says(404, 'bucket "coldaisle" not found'))
    assert sink.ready() == 'InfluxDB answers 404: bucket "coldaisle" not found'
    assert "Connection refused" in str(new_sink("http://127.0.0.1:1").ready())
