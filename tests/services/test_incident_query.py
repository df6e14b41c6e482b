"""Incidents asked of a real InfluxDB are those that were written to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import InfluxConfig
from agent.incident_query import QueryError, query_incident, query_points, query_sensor
from agent.points import Point
from agent.sink.influx import InfluxSink
from deploy.local.influx_server import InfluxServer

START_NS = 1_767_225_600_000_000_123
POINTS = [
    Point("alert", {"host": "n07", "kind": "condition"}, {
        "id": "aa11", "incident": "bb22", "actions": "one\ntwo", "diagnosis": "", "score": 0.5,
    }, START_NS),
    Point("alert", {"host": "n08", "kind": "condition"}, {"id": "cc33", "incident": "bb22"}, START_NS + 5),
    Point("incident", {"anchor": "n07"}, {"id": "bb22", "hosts": 1.0, "summary_zh": "风扇停转"}, START_NS),
    Point("operator_note", {"host": "n07"}, {"id": "bb22", "action": "ack", "by": "li"}, START_NS + 9),
]  # fmt: skip


def in_order(points: list[Point]) -> list[Point]:
    return sorted(points, key=lambda point: point.identity)


@pytest.fixture
def config(influx: InfluxServer, bucket: str, tmp_path: Path) -> InfluxConfig:
    (tmp_path / "token").write_text(influx.token)
    return InfluxConfig(url=influx.url, org=influx.org, bucket=bucket, token_file=tmp_path / "token")


@pytest.fixture
def filled(influx: InfluxServer, config: InfluxConfig) -> InfluxConfig:
    rows = [
        Point("reading", {"host": host}, {"power_w": 400.0 + i, "fan1_rpm": 1.0}, START_NS + i * 10**9)
        for host in ("n07", "n08")
        for i in range(5)
    ]
    sink = InfluxSink(influx.url, influx.org, config.bucket, lambda: influx.token)
    assert sink.write([*POINTS, *rows]) == []
    return config


def test_points_are_read_back_to_the_nanosecond_and_with_their_empty_texts(filled: InfluxConfig) -> None:
    assert in_order(query_points(filled)) == in_order(POINTS)
    assert query_points(filled, ("alert",), START_NS + 1) == [POINTS[1]]


def test_an_incident_is_found_by_the_beginning_of_its_id_or_of_its_alerts(filled: InfluxConfig) -> None:
    for beginning in ("bb2", "aa11", "cc"):
        assert in_order(query_incident(filled, beginning)) == in_order(POINTS)
    assert query_incident(filled, "ff") == []


def test_names_are_taken_as_they_are_and_never_as_a_part_of_the_question(filled: InfluxConfig) -> None:
    assert query_incident(filled, 'bb22") or true or (r._value == "') == []
    assert query_sensor(filled, 'n07" or true or "', "power_w", 0, START_NS + 10**12) == []


def test_a_sensors_readings_are_those_of_its_host_within_the_time_asked_for(filled: InfluxConfig) -> None:
    rows = query_sensor(filled, "n07", "power_w", START_NS + 10**9, START_NS + 3 * 10**9)
    assert rows == [(START_NS + i * 10**9, 400.0 + i) for i in (1, 2, 3)]


def test_what_goes_wrong_is_said_in_a_line(filled: InfluxConfig) -> None:
    gone = filled.model_copy(update={"url": "http://127.0.0.1:9", "timeout_s": 1.0})
    with pytest.raises(QueryError, match="does not answer"):
        query_points(gone)
    with pytest.raises(QueryError, match="refused to answer: 404"):
        query_points(filled.model_copy(update={"bucket": "no-such-bucket"}))
