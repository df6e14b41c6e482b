"""What a real InfluxDB makes of the sink's requests."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from influxdb_client import InfluxDBClient

from agent.errors import SinkBusyError
from agent.points import Point
from agent.sink.influx import InfluxSink
from deploy.local.influx_server import InfluxServer

T0_NS = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z
Row = tuple[str, str, str, str, int]  # measurement, host, field, value as text, time


@pytest.fixture
def sink(influx: InfluxServer, bucket: str) -> InfluxSink:
    return InfluxSink(influx.url, influx.org, bucket, lambda: influx.token)


def read_back(
    influx: InfluxServer, bucket: str, start_ns: int = 0, stop_ns: int = 4_000_000_000_000_000_000
) -> list[Row]:
    """All that is stored in a time range. As JSON, since InfluxDB's CSV does not keep every line end."""
    flux = f"""
        import "json"
        from(bucket: "{bucket}")
            |> range(start: time(v: {start_ns}), stop: time(v: {stop_ns}))
            |> map(fn: (r) => ({{
                r with
                row: string(v: json.encode(v: [
                    string(v: r._measurement), if exists r.host then r.host else "", r._field,
                    string(v: r._value), string(v: uint(v: r._time)),
                ]))
            }}))
            |> keep(columns: ["row"])
            |> group()
    """
    with InfluxDBClient(influx.url, influx.token, org=influx.org) as client:
        rows = [json.loads(record["row"]) for record in client.query_api().query_stream(flux)]
    return sorted((m, host, field, value, int(time_ns)) for m, host, field, value, time_ns in rows)


def test_points_written_twice_are_there_once(influx: InfluxServer, bucket: str, sink: InfluxSink) -> None:
    points = [Point("m", {"host": f"n{i}"}, {"x": float(i)}, T0_NS + i * 1000) for i in range(5_100)]
    assert sink.write(points) == []
    assert sink.write(points) == []
    rows = read_back(influx, bucket)
    assert len(rows) == 5_100
    assert ("m", "n5099", "x", "5099", T0_NS + 5_099_000) in rows


def test_fields_of_a_partial_write_are_merged(influx: InfluxServer, bucket: str, sink: InfluxSink) -> None:
    sink.write([Point("alert", {"host": "n1"}, {"state": "open", "incident": ""}, T0_NS)])
    sink.write([Point("alert", {"host": "n1"}, {"incident": "ab12"}, T0_NS)])
    assert read_back(influx, bucket) == [
        ("alert", "n1", "incident", "ab12", T0_NS),
        ("alert", "n1", "state", "open", T0_NS),
    ]


def test_a_field_of_another_type_is_refused_and_the_rest_is_stored(
    influx: InfluxServer, bucket: str, sink: InfluxSink
) -> None:
    sink.write([Point("m", {"host": "n0"}, {"x": 1.0}, T0_NS)])
    texts = [Point("m", {"host": f"t{i}"}, {"x": "text"}, T0_NS) for i in range(100)]
    numbers = [Point("m", {"host": f"n{i}"}, {"x": 2.0}, T0_NS) for i in range(100)]
    refused = sink.write([point for pair in zip(texts, numbers, strict=True) for point in pair])
    assert sorted(r.point.tags["host"] for r in refused) == sorted(f"t{i}" for i in range(100))
    assert "type string, already exists as type float" in refused[0].reason
    assert [row[3] for row in read_back(influx, bucket)] == ["2"] * 100


def test_a_line_that_influxdb_cannot_parse_is_refused_and_the_rest_is_stored(
    influx: InfluxServer, bucket: str, sink: InfluxSink
) -> None:
    good = [Point("m", {"host": f"n{i}"}, {"x": 1.0}, T0_NS) for i in range(100)]
    reserved, too_late = Point("m", {"time": "x"}, {"x": 1.0}, T0_NS), Point("m", {}, {"x": 1.0}, 2**63)
    refused = sink.write([*good[:50], reserved, *good[50:], too_late])
    assert [r.point for r in refused] == [reserved, too_late]
    assert 'reserved tag key "time"' in refused[0].reason
    assert len(read_back(influx, bucket)) == 100


def test_points_before_the_retention_are_refused_and_the_rest_is_stored(
    influx: InfluxServer, unique_name: Callable[[], str]
) -> None:
    bucket, now_ns = unique_name(), time.time_ns() // 1000 * 1000
    with InfluxDBClient(influx.url, influx.token, org=influx.org) as client:
        client.buckets_api().create_bucket(
            bucket_name=bucket, org=influx.org, retention_rules=[{"type": "expire", "everySeconds": 3600}]
        )
    sink = InfluxSink(influx.url, influx.org, bucket, lambda: influx.token)
    times_ns = [now_ns - hours * 3600 * 10**9 for hours in (0, 5, 0.1, 9)]
    points = [Point("m", {"host": f"n{i}"}, {"x": 1.0}, int(t)) for i, t in enumerate(times_ns)]
    assert [r.point.tags["host"] for r in sink.write(points)] == ["n1", "n3"]
    assert [row[1] for row in read_back(influx, bucket)] == ["n0", "n2"]


def test_a_missing_bucket_and_a_wrong_token_are_waited_for(influx: InfluxServer, bucket: str) -> None:
    for name, token, reason in (
        ("not-there", influx.token, 'InfluxDB answers 404: bucket "not-there" not found'),
        (bucket, "wrong", "InfluxDB answers 401: unauthorized access"),
    ):
        sink = InfluxSink(influx.url, influx.org, name, lambda token=token: token)
        assert sink.ready() == reason
        with pytest.raises(SinkBusyError) as caught:
            sink.write([Point("m", {}, {"x": 1.0}, T0_NS)])
        assert str(caught.value) == reason


def test_ready_stores_nothing(influx: InfluxServer, bucket: str, sink: InfluxSink) -> None:
    assert sink.ready() is None
    assert read_back(influx, bucket) == []


def test_an_influxdb_that_was_killed_gets_the_same_batch_later(own_influx: InfluxServer) -> None:
    sink = InfluxSink(own_influx.url, own_influx.org, own_influx.bucket, lambda: own_influx.token)
    points = [Point("m", {"host": f"n{i}"}, {"x": 1.0}, T0_NS) for i in range(100)]
    sink.write(points[:50])
    own_influx.kill()
    with pytest.raises(SinkBusyError):
        sink.write(points)
    own_influx.start()
    assert sink.write(points) == []
    assert len(read_back(own_influx, own_influx.bucket)) == 100


# -- any text ----------------------------------------------------------------------------------------------

separators = st.sampled_from('\\,= "\n\r\t#/')
encodable = st.characters(exclude_categories=["Cs"])
names = st.text(separators | encodable, min_size=1, max_size=12).filter(lambda name: "\0" not in name)
fresh_times_ns = itertools.count(T0_NS, 1_000_000)


def as_stored(name: str) -> str:
    """What becomes of a name or tag: see `encode_line`."""
    name = re.sub(r"\\+(?=[,= \n\r\t]|\Z)", lambda run: "/" * len(run[0]), name)
    return name.replace("\n", r"\n").replace("\r", r"\r").replace("\t", r"\t")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names,
    names,
    st.text(separators | encodable, max_size=20),
    st.floats(allow_nan=False, allow_infinity=False),
)
@example("x\\,evil=1", "f\\=2,g", 'a"\nb\\', 5e-324)
@example("two\nlines", "end\\", "#\r\n\0", 1.7976931348623157e308)
def test_whatever_a_producer_sends_stays_in_its_tag_field_and_line(
    influx: InfluxServer, bucket: str, sink: InfluxSink, host: str, field: str, text: str, number: float
) -> None:
    assume(field.lower() not in ("time", "_field", "_measurement"))
    time_ns = next(fresh_times_ns)
    points = [
        Point("number", {"host": host}, {field: number}, time_ns),
        Point("text", {"host": host}, {"text": text}, time_ns),
        Point("after", {"host": "n"}, {"x": 1.0}, time_ns),
    ]
    assert sink.write(points) == []
    after, numbers, texts = read_back(influx, bucket, time_ns, time_ns + 1)
    assert after == ("after", "n", "x", "1", time_ns)
    assert numbers[:3] == ("number", as_stored(host), as_stored(field))
    assert float(numbers[3]) == number
    assert texts == ("text", as_stored(host), "text", text, time_ns)
