"""The line protocol parser: InfluxDB's rules, nothing more, and it never raises."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_messages import T_NS, decode, reason_of, values_of

from agent.telemetry.decoder import Decoder
from agent.telemetry.line_protocol import Line, parse_line, parse_lines
from agent.telemetry.readings import Message


def test_a_line_has_a_measurement_tags_fields_and_a_time() -> None:
    assert parse_line("m,a=b,c=d x=1,y=2i 5") == Line("m", {"a": "b", "c": "d"}, {"x": 1.0, "y": 2}, 5)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        ("-1.5", -1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("1E-2", 0.01),
        ("+2", 2.0),
        ("7i", 7),
        ("-7i", -7),
        ("18446744073709551615u", 18446744073709551615),
        ("t", True),
        ("FALSE", False),
        (r'"a \"quoted\" \\ text, with = and space"', r'a "quoted" \ text, with = and space'),
        ('""', ""),
    ],
)
def test_values(text: str, value: object) -> None:
    line = parse_line(f"m x={text} 5")
    assert line is not None
    assert line.fields == {"x": value}
    assert type(line.fields["x"]) is type(value)


def test_separators_are_escaped_in_names() -> None:
    assert parse_line(r"a\ b\,c,t\=1\ 2=v\,w\ x\=y f\ g\,h\=i=1") == Line(
        "a b,c", {"t=1 2": "v,w x=y"}, {"f g,h=i": 1.0}, None
    )


def test_other_backslashes_are_themselves() -> None:
    assert parse_line(r"m,p=C:\dir x=1") == Line("m", {"p": r"C:\dir"}, {"x": 1.0}, None)


def test_comments_and_blank_lines_are_not_lines() -> None:
    lines = list(parse_lines("# a comment\n\nm x=1 5\n   \r\n#\nm x=2 6\r\n"))
    assert [line and line.time for line in lines] == [5, 6]


def test_a_line_end_within_a_string_does_not_end_the_line() -> None:
    lines = list(parse_lines('m s="one\ntwo",x=1 5\nm x=2 6'))
    assert [line and dict(line.fields) for line in lines] == [{"s": "one\ntwo", "x": 1.0}, {"x": 2.0}]


@pytest.mark.parametrize(
    "text",
    [
        "m",
        "m ",
        "m 5",
        "m x",
        "m x=",
        "m =1",
        "m x=1,",
        "m x=1,,y=2",
        "m,a x=1",
        "m,a= x=1",
        "m,=b x=1",
        "m, x=1",
        ",a=b x=1",
        "m x=1_000",
        "m x=0x1F",
        "m x=1i5",
        "m x=-1u",
        "m x=1 5 6",
        "m x=1 5.5",
        "m x=1 now",
        'm x="open 5',
        'm x="a"b 5',
        "m x=1 y=2 5",
        "m x=truth",
        "this is not line protocol",
    ],
)
def test_what_is_not_line_protocol(text: str) -> None:
    assert parse_line(text) is None
    assert reason_of(text) == "not json or line protocol"


def test_one_bad_line_does_not_lose_the_good_ones() -> None:
    got, letters = decode(f"m,host=a x=1 {T_NS}\nbroken\nm,host=b x=2 {T_NS}\nm x=3 {T_NS}\n")
    assert not letters
    assert [(g.series.host, g.value) for g in got] == [("a", 1.0), ("b", 2.0)]


@pytest.mark.parametrize("stamp", [str(T_NS), str(T_NS // 1000), str(T_NS // 10**6), str(T_NS // 10**9)])
def test_the_unit_of_a_time_is_told_by_its_size(stamp: str) -> None:
    got, _ = decode(f"m,host=a x=1 {stamp}")
    assert [g.time_ns for g in got] == [T_NS]


def test_a_line_without_a_time_has_its_records() -> None:
    assert reason_of("m,host=a x=1") == "no timestamp"
    got, _ = decode(Message(b"m,host=a x=1", timestamp_ms=T_NS // 10**6))
    assert [g.time_ns for g in got] == [T_NS]


@pytest.mark.parametrize("value", ["NaN", "inf", "-Infinity", "1e999"])
def test_a_value_that_is_not_finite_is_dropped(value: str) -> None:
    line = f"m,host=a x={value},y=2 {T_NS}"
    assert values_of(line, line) == {"y": 2.0}
    assert reason_of(f"m,host=a x={value} {T_NS}") == "nothing usable"


names = st.text(
    st.characters(codec="utf-8", exclude_characters='\n\r\t\\"', exclude_categories=("Cc",)), min_size=1
)
names = names.filter(lambda text: text.strip() == text and not text.startswith("#"))
texts = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False)
fields = st.dictionaries(
    names,
    numbers | st.integers(-(2**63), 2**63 - 1) | st.booleans() | texts,
    min_size=1,
    max_size=5,
)


def escaped(name: str) -> str:
    return name.replace(",", r"\,").replace("=", r"\=").replace(" ", r"\ ")


def shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value}i"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', r"\"") + '"'
    return repr(value)


def encoded(line: Line) -> str:
    tags = "".join(f",{escaped(k)}={escaped(v)}" for k, v in line.tags.items())
    body = ",".join(f"{escaped(k)}={shown(v)}" for k, v in line.fields.items())
    measurement = line.measurement.replace(",", r"\,").replace(" ", r"\ ")
    return f"{measurement}{tags} {body}" + (f" {line.time}" if line.time is not None else "")


lines = st.builds(
    Line,
    names,
    st.dictionaries(names, names, max_size=4),
    fields,
    st.none() | st.integers(-(10**18), 10**19 - 1),
)


@settings(max_examples=80, deadline=None)
@given(lines)
def test_what_is_encoded_is_parsed_back(line: Line) -> None:
    assert list(parse_lines(encoded(line))) == [line]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80) | st.text('m,= xy="\\1i5\n#', max_size=60))
def test_the_parser_never_raises(text: str) -> None:
    for line in parse_lines(text):
        assert line is None or line.fields


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.text('mahost,= x="\\1i5u_.e-\n\t#', max_size=60)
        | st.builds(encoded, lines)
        | st.builds(lambda f: encoded(Line("m", {"host": "a b"}, f, T_NS)), fields),
        max_size=6,
    )
)
def test_a_line_means_the_same_the_second_time(texts: list[str]) -> None:
    """The look-up of known series must agree with the parser, whatever the line."""
    decoder = Decoder()
    known, letters = decode(f"m,host=a\\ b x=1 {T_NS}", *texts, *texts, decoder=decoder)
    first = [(g.series.host, g.time_ns, g.value) for g in known if 0 < g.message <= len(texts)]
    second = [(g.series.host, g.time_ns, g.value) for g in known if g.message > len(texts)]
    assert first == second
    for at in range(len(texts)):
        assert letters.get(at + 1) == letters.get(at + 1 + len(texts))
        assert not (at + 1 in letters and any(g.message == at + 1 for g in known))
    assert all(math.isfinite(g.value) for g in known)


def test_long_hostile_lines_take_no_longer_than_their_length() -> None:
    for text in ("m," * 150_000, "m x=" + '"' * 300_001, "m x=" + '"\n' * 150_001, "m " + "\\," * 150_000):
        assert reason_of(text) in ("not json or line protocol", "no timestamp")
