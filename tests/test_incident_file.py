from __future__ import annotations

from pathlib import Path

import pytest
from builders import MINUTE_NS, START_NS

from agent.errors import RecordingError
from agent.incident_file import read_points, read_sensor
from agent.points import Point
from agent.sink.files import FileSink

ALERT = Point(
    "alert",
    {"host": "n07", "kind": "condition"},
    {
        "id": "ab",
        "actions": "Look at it\nreading,host=n07 power_w=1 5\nalert, again",
        "diagnosis": 'a "b" \\ c',
    },
    START_NS,
)
INCIDENT = Point("incident", {"anchor": "n 07"}, {"id": "cd", "hosts": 1.0}, START_NS)
READINGS = [
    Point("reading", {"host": "n07"}, {"power_w": 400.0 + minute}, START_NS + minute * MINUTE_NS)
    for minute in range(5)
]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    others = [Point("reading", {"host": "n08"}, {"power_w": 9.0}, START_NS), Point("x", {}, {"a": 1.0}, 5)]
    FileSink.save([ALERT, *READINGS, *others, INCIDENT], tmp_path / "points.lp")
    return tmp_path


def test_points_come_back_as_they_were_written_texts_with_line_ends_included(out: Path) -> None:
    assert read_points(out) == [ALERT, INCIDENT]
    assert read_points(out / "points.lp", ("incident",)) == [INCIDENT]


def test_a_sensors_readings_are_those_of_its_host_within_the_time_asked_for(out: Path) -> None:
    since_ns, until_ns = START_NS + MINUTE_NS, START_NS + 3 * MINUTE_NS
    assert [value for _, value in read_sensor(out, "n07", "power_w", since_ns, until_ns)] == [401, 402, 403]
    assert read_sensor(out, "n07", "power", since_ns, until_ns) == []
    assert read_sensor(out, "n09", "power_w", since_ns, until_ns) == []


def test_a_folder_without_points_and_a_file_that_is_no_text_are_said_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"points\.lp: no such file"):
        read_points(tmp_path)
    (tmp_path / "points.lp").write_bytes(b"alert,host=\xff\xfe a=1 5\n")
    with pytest.raises(RecordingError, match="not line protocol"):
        read_points(tmp_path)


def test_a_file_that_was_cut_short_loses_its_last_point_alone(out: Path) -> None:
    path = out / "points.lp"
    whole = path.read_bytes()
    for cut in range(1, 40):
        path.write_bytes(whole[:-cut])
        assert read_points(out) == [ALERT]
