"""Points as line protocol; that a real InfluxDB reads them back is in tests/services/test_influx_sink.py."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.points import Point, encode_line


def test_tags_and_fields_are_sorted_and_floats_are_exact() -> None:
    point = Point("anomaly_score", {"rack": "r1", "host": "n07"}, {"b": 0.1, "a": 1, "c": "x"}, 17)
    assert encode_line(point) == 'anomaly_score,host=n07,rack=r1 a=1.0,b=0.1,c="x" 17'


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("a b,c=d", r"a\ b\,c\=d"),
        ("C:\\temp", "C:\\temp"),
        ("end\\", "end/"),
        ("end\\\\", "end//"),
        ("x\\,evil=1", r"x/\,evil\=1"),
        ("x\\ y\\=z", r"x/\ y/\=z"),
        ("two\nlines\r\t", r"two\nlines\r\t"),
        ("end\\\n", r"end/\n"),
        ('"quoted"', '"quoted"'),
        ("机架", "机架"),
    ],
)
def test_names_and_tags_cannot_leave_their_place(text: str, encoded: str) -> None:
    assert encode_line(Point("m", {"t": text}, {"f": 1.0}, 1)) == f"m,t={encoded} f=1.0 1"
    assert encode_line(Point("m", {text: "v"}, {"f": 1.0}, 1)) == f"m,{encoded}=v f=1.0 1"
    assert encode_line(Point("m", {}, {text: 1.0}, 1)) == f"m {encoded}=1.0 1"


def test_a_measurement_keeps_its_equals_sign() -> None:
    assert encode_line(Point("a=b c\\", {}, {"f": 1.0}, 1)) == r"a=b\ c/ f=1.0 1"


def test_texts_keep_everything() -> None:
    point = Point("m", {}, {"f": 'say "hi"\nC:\\'}, 1)
    assert encode_line(point) == 'm f="say \\"hi\\"\nC:\\\\" 1'


def test_an_empty_tag_is_none() -> None:
    assert encode_line(Point("m", {"a": "", "b": "x"}, {"f": 1.0}, 1)) == "m,b=x f=1.0 1"


@pytest.mark.parametrize(
    ("point", "reason"),
    [
        (Point("m", {}, {}, 1), "no fields"),
        (Point("", {}, {"f": 1.0}, 1), "no fields"),
        (Point("#m", {}, {"f": 1.0}, 1), "comment"),
        (Point("m", {}, {"f": float("nan")}, 1), "field f is nan"),
        (Point("m", {}, {"f": float("-inf")}, 1), "field f is -inf"),
        (Point("m", {}, {"": 1.0}, 1), "empty name"),
        (Point("m", {"": "x"}, {"f": 1.0}, 1), "empty name"),
    ],
)
def test_what_cannot_be_a_line_is_an_error(point: Point, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        encode_line(point)


@given(st.text(min_size=1), st.text(min_size=1))
@example("\\", "\\\\,")
def test_an_unescaped_separator_is_always_ours(tag: str, field: str) -> None:
    """Reads as InfluxDB does: a backslash takes the next character with it."""
    line = encode_line(Point("m", {"t": tag}, {field: 1.0}, 1))
    loose, at = [], 0
    while at < len(line):
        if line[at] == "\\":
            at += 1
        elif line[at] in ",= \n\r\t":
            loose.append(line[at])
        at += 1
    assert loose == [",", "=", " ", "=", " "]
