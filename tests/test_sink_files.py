"""A replay's points: merged as InfluxDB merges them, and equal byte for byte."""

from __future__ import annotations

import itertools
from pathlib import Path
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from agent.points import FieldValue, Point
from agent.sink.files import FileSink


def saved(sink: FileSink, folder: Path) -> str:
    FileSink.save(sink, folder / "points.lp")
    return (folder / "points.lp").read_text(encoding="utf-8")


def test_a_point_written_again_is_there_once_with_the_last_value_of_each_field() -> None:
    sink = FileSink()
    sink.write([Point("alert", {"host": "n1"}, {"state": "open", "score": 0.5}, 10)])
    sink.write([Point("alert", {"host": "n1"}, {"state": "resolved"}, 10)])
    sink.write([Point("alert", {"host": "n1"}, {"incident": "ab12"}, 10)])
    assert sink.points() == [
        Point("alert", {"host": "n1"}, {"state": "resolved", "score": 0.5, "incident": "ab12"}, 10)
    ]


def test_points_differ_by_measurement_tags_and_time_alone() -> None:
    sink = FileSink()
    sink.write(
        [
            Point("a", {"x": "1", "y": "2"}, {"v": 1.0}, 1),
            Point("a", {"y": "2", "x": "1"}, {"v": 2.0}, 1),
            Point("a", {"x": "1"}, {"v": 3.0}, 1),
            Point("b", {"x": "1"}, {"v": 4.0}, 1),
            Point("a", {"x": "1"}, {"v": 5.0}, 2),
        ]
    )
    assert [point.fields["v"] for point in sink.points()] == [3.0, 5.0, 2.0, 4.0]
    assert len(sink) == 4


def test_lines_are_sorted_by_measurement_tags_and_time(tmp_path: Path) -> None:
    sink = FileSink()
    sink.write(
        [
            Point("reading", {"host": "n2"}, {"power_w": 300.0}, 9),
            Point("alert", {"host": "n2", "kind": "sensor"}, {"id": "x"}, 5),
            Point("alert", {"host": "n10", "kind": "sensor"}, {"id": "y"}, 7),
            Point("alert", {"host": "n2", "kind": "condition"}, {"id": "z"}, 6),
            Point("reading", {"host": "n2"}, {"power_w": 301}, -3),
            Point("reading", {"host": "n2"}, {"power_w": 302.5}, 10),
        ]
    )
    assert saved(sink, tmp_path).splitlines() == [
        'alert,host=n10,kind=sensor id="y" 7',
        'alert,host=n2,kind=condition id="z" 6',
        'alert,host=n2,kind=sensor id="x" 5',
        "reading,host=n2 power_w=301.0 -3",
        "reading,host=n2 power_w=300.0 9",
        "reading,host=n2 power_w=302.5 10",
    ]


def test_what_is_true_of_a_running_agent_alone_is_left_out() -> None:
    sink = FileSink()
    sink.write([Point("advice", {"place": "a"}, {"id": "x"}, 1), Point("agent_health", {}, {"lag": 0.0}, 1)])
    assert sink.points() == []


def test_a_point_that_cannot_be_a_line_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    sink = FileSink()
    sink.write([Point("m", {}, {"x": 1.0}, 1)])
    bad = [
        Point("m", {}, {"x": float("inf")}, 1),
        Point("m", {}, {}, 1),
        Point("m", {}, {"x": "\ud83d"}, 1),
    ]
    assert [refused.point for refused in sink.write(bad)] == bad
    assert saved(sink, tmp_path) == "m x=1.0 1\n"


writes = st.lists(
    st.builds(
        Point,
        st.sampled_from(["alert", "reading"]),
        st.fixed_dictionaries({"host": st.sampled_from(["a", "b"])}),
        st.dictionaries(
            st.sampled_from(["x", "y", "z"]),
            st.floats(allow_nan=False, allow_infinity=False) | st.text('añ\n"\\', max_size=3),
            min_size=1,
        ),
        st.integers(0, 2),
    ),
    max_size=12,
)


@given(writes, st.randoms(use_true_random=False))
def test_how_writes_are_batched_and_ordered_between_points_changes_no_byte(
    points: list[Point], random: Random
) -> None:
    one, other = FileSink(), FileSink()
    one.write(points)
    by_identity = [list(same) for _, same in itertools.groupby(sorted(points, key=_identity), _identity)]
    random.shuffle(by_identity)
    for same in by_identity:
        for point in same:
            other.write([point])
    assert one.points() == other.points()
    expected: dict[object, dict[str, FieldValue]] = {}
    for point in points:
        expected.setdefault(point.identity, {}).update(point.fields)
    assert {point.identity: dict(point.fields) for point in one} == expected


def _identity(point: Point) -> tuple[str, tuple[tuple[str, str], ...], int]:
    return point.identity
