"""Hostile bytes and damaged messages of every dialect: promises that hold whatever comes.

    FUZZ_EXAMPLES=20000 python -m pytest tests/telemetry/test_fuzz.py

runs longer than the few hundred examples that a usual run has time for.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from field_messages_table import labelled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading_messages import T_NS

from agent.bench.dialects import DIALECTS, Size
from agent.telemetry.decoder import Decoder
from agent.telemetry.hosts import MAX_HOST_LENGTH
from agent.telemetry.readings import Message, Series
from agent.telemetry.times import LATEST_NS

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "200"))
fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

T_S = T_NS // 1_000_000_000
OTHER_KEYS = (None, b"k", b"", b"\xff", "机".encode())
Row = tuple[int, Series, int, float]


def _seeds() -> list[bytes]:
    """A few messages of each dialect, and of each machine that we have messages of."""
    made = [
        message.value or b"" for make in DIALECTS for message in make(Size(hosts=2, sensors=3, rounds=1))[:4]
    ]
    told = [text.encode() for cases in labelled().values() for text, _ in cases[::3]]
    return made + [text for text in told if len(text) < 4_000]


SEEDS = _seeds()
STRANGE = [
    b"NaN", b"-Infinity", b"1e999", b"-1e308", b"9" * 400, b"0", b"-0", b"1e-400", b"null", b"true", b'"',
    b"\\", b"\\u0000", b"\\ud800", b"{", b"}", b"[", b"]", b"[[[[", b",", b"=", b" ", b"\n", b"\r", b"\t",
    b"\x00", b"\xff", b"\xef\xbb\xbf", b"\x1f\x8b", b"\x0a", b"\x12", b"-1", b"18446744073709551616", b'""',
    b"{}", b"[]", b"1_000", b"1767225600000000000", b"9999999999999999999", b"2026-13-45T99:99:99Z",
    b'"+Inf"', b"#", b"\\,", b"\\ ", "机柜".encode(), "\u202e".encode(), "\u2028".encode(), b"host",
    b"fields", b"metrics", b"value",
]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real message with a few wounds: cut, doubled, spliced with another one, strange things inside."""
    value = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(value)))
        end = min(len(value), start + draw(st.integers(0, 12)))
        wound = draw(st.integers(0, 4))
        if wound == 0:
            value = value[:start] + draw(st.sampled_from(STRANGE)) + value[end:]
        elif wound == 1:
            value = value[:start] + draw(st.binary(max_size=4)) + value[end:]
        elif wound == 2:
            value = value[:start] + value[end:]
        elif wound == 3:
            value = value[:end] + value[start:]
        else:
            other = draw(st.sampled_from(SEEDS))
            value = value[:start] + other[min(start, len(other)) :]
    return value


@st.composite
def replaced(draw: st.DrawFn) -> bytes:
    """A real message in which one word or number stands for another, everywhere."""
    value = draw(st.sampled_from(SEEDS))
    words = [word for word in _words(value) if word]
    return value.replace(draw(st.sampled_from(words)), draw(st.sampled_from(STRANGE))) if words else value


def _words(value: bytes) -> list[bytes]:
    for separator in b'{}[]:,=" \n':
        value = value.replace(bytes((separator,)), b"\x01")
    return value.split(b"\x01")


deep = st.builds(
    lambda seed, opening, depth, inside: (
        seed.replace(b":", b":" + opening * depth, 1) if inside else opening * depth
    ),
    st.sampled_from(SEEDS),
    st.sampled_from([b"[", b'{"a":', b'{"metrics":', b"[{"]),
    st.integers(1, 5_000),
    st.booleans(),
)


def native(host: str) -> bytes:
    return json.dumps({"ts": T_S, "host": host, "metrics": {"power_w": 412}}).encode()


def native_utf8(host: str) -> bytes:
    document = {"ts": T_S, "host": host, "metrics": {"x": 1}}
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def telegraf(host: str) -> bytes:
    tags = {"server": host}
    return json.dumps({"fields": {"value": 1}, "name": "temp", "tags": tags, "timestamp": T_S}).encode()


def line(host: str) -> bytes:
    return f"ipmi_sensor,name=fan1,unit=rpm,server={host} value=1 {T_NS}".encode("utf-8", "replace")


named = st.builds(
    lambda host, write: write(host),
    st.text(max_size=300),
    st.sampled_from([native, native_utf8, telegraf, line]),
)
messages = st.builds(
    Message,
    st.none()
    | st.binary(max_size=200)
    | damaged()
    | damaged()
    | replaced()
    | deep
    | named
    | st.sampled_from(SEEDS),
    key=st.sampled_from(OTHER_KEYS),
    timestamp_ms=st.sampled_from([None, -1, 0, T_S * 1000, 2**62]),
)


def rows_of(decoder: Decoder, batch: Sequence[Message], start: int = 0) -> tuple[list[Row], dict[int, str]]:
    """A batch's readings and dead letters; messages are counted from `start`."""
    decoded = decoder.decode(batch)
    columns = decoded.readings
    rows = [
        (start + int(m), decoder.series[int(s)], int(t), float(v))
        for m, s, t, v in zip(columns.message, columns.series, columns.time_ns, columns.value, strict=True)
    ]
    letters = [letter.message for letter in decoded.dead_letters]
    assert letters == sorted(set(letters)), "a message is set aside twice"
    assert all(letter.reason for letter in decoded.dead_letters)
    return rows, {start + letter.message: letter.reason for letter in decoded.dead_letters}


@fuzz
@given(st.lists(messages, min_size=1, max_size=6))
def test_whatever_comes_is_decoded_or_set_aside_once_and_readings_are_sane(batch: list[Message]) -> None:
    rows, letters = rows_of(Decoder(), batch)
    assert not letters.keys() & {message for message, *_ in rows}
    assert letters.keys() <= set(range(len(batch)))
    assert [message for message, *_ in rows] == sorted(message for message, *_ in rows)
    for _, series, time_ns, value in rows:
        assert np.isfinite(value)
        assert 0 < time_ns < LATEST_NS
        assert series.host.strip()
        assert len(series.host) <= MAX_HOST_LENGTH
        assert not any(ord(letter) < 0x20 or 0x7F <= ord(letter) < 0xA0 for letter in series.host)
        assert series.sensor
        assert series.quantity


@fuzz
@given(st.lists(messages, min_size=1, max_size=6), st.integers(1, 3))
def test_readings_and_reasons_do_not_depend_on_how_messages_are_batched(
    batch: list[Message], size: int
) -> None:
    whole = rows_of(Decoder(), batch)
    in_parts, rows, letters = Decoder(), [], {}
    for start in range(0, len(batch), size):
        part = rows_of(in_parts, batch[start : start + size], start)
        rows += part[0]
        letters |= part[1]
    assert (rows, letters) == whole


@fuzz
@given(st.lists(messages, min_size=1, max_size=4))
def test_a_message_means_the_same_when_its_series_are_known(batch: list[Message]) -> None:
    decoder = Decoder()
    rows_of(decoder, batch)  # names settle in one round
    second, reasons = rows_of(decoder, batch)
    third, reasons_again = rows_of(decoder, batch)
    assert (second, reasons) == (third, reasons_again)
    fresh, first_reasons = rows_of(Decoder(), batch)
    assert first_reasons == reasons
    assert [(m, s.host, t, v) for m, s, t, v in fresh] == [(m, s.host, t, v) for m, s, t, v in second]


@fuzz
@given(st.lists(messages, min_size=1, max_size=4))
def test_good_messages_around_it_are_read_all_the_same(batch: list[Message]) -> None:
    good = Message(f"m,host=a-host-of-its-own x=1 {T_NS}".encode())
    rows, letters = rows_of(Decoder(), [good, *batch, good])
    own = [(message, value) for message, series, _, value in rows if series.host == "a-host-of-its-own"]
    assert own == [(0, 1.0), (len(batch) + 1, 1.0)]
    assert not letters.keys() & {0, len(batch) + 1}


# Shapes that a parser could be slow on, by their size in bytes.
SHAPES: dict[str, Callable[[int], bytes]] = {
    "brackets": lambda n: b"[" * n,
    "objects": lambda n: b'{"a":' * (n // 5),
    "nan": lambda n: b'{"metrics":[' + b"NaN," * (n // 4) + b"1]}",
    "digits": lambda n: b'{"ts":1767225600,"host":"n","metrics":{"a":' + b"9" * n + b"}}",
    "quotes": lambda n: b'{"a":"' + b'\\"' * (n // 2) + b'"}',
    "open quotes": lambda n: b"m,host=n a=" + b'"' * n,
    "backslashes": lambda n: b"m,host=n" + b"\\" * n + b" a=1 1767225600000000000",
    "escaped spaces": lambda n: b"m,host=" + b"a\\ " * (n // 3) + b" a=1 1767225600000000000",
    "spaces": lambda n: b"m,host=n a=1" + b" " * n + b"1767225600000000000",
    "commas": lambda n: b"m,host=n " + b"," * n,
    "fields": lambda n: b"m,host=n " + b"a=1," * (n // 4) + b"a=1 1767225600000000000",
    "strings": lambda n: b"m,host=n " + b'a="b c",' * (n // 8) + b"a=1 1767225600000000000",
    "tags": lambda n: b"m,host=n" + b",a=b" * (n // 4) + b" a=1 1767225600000000000",
    "lines": lambda n: b"m,host=n a=1 1767225600000000000\n" * (n // 34),
    "broken lines": lambda n: b"m,host=n a= 1767225600000000000\n" * (n // 33),
    "strings over lines": lambda n: b'm,host=n a="\n' * (n // 13),
    "comments": lambda n: b"#\n" * (n // 2),
    "line ends": lambda n: b"\n" * n,
    "line ends and protobuf": lambda n: b"\n\x12" * (n // 2),
    "documents": lambda n: b'{"ts":1767225600,"host":"n","metrics":{"a":1}}\n' * (n // 47),
    "broken documents": lambda n: b'{"a":1}{\n' * (n // 9),
    "an array": lambda n: b"[" + b"{}," * (n // 3) + b"{}]",
    "keys": lambda n: b'{"metrics":{' + b",".join(b'"%d":1' % k for k in range(n // 10)) + b"}}",
    "values of a report": lambda n: b'{"host":"n","MetricValues":[' + b"{}," * (n // 3) + b"{}]}",
    "events": lambda n: b'{"Events":[' + b'{"MetricReport":{}},' * (n // 20) + b"{}]}",
    "series": lambda n: b'{"timeseries":[' + b'{"labels":[],"samples":[{}]},' * (n // 29) + b"{}]}",
    "points": lambda n: b'{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":'
    b"[" + b'{"asInt":1},' * (n // 12) + b"{}]}}]}]}]}",
    "a time": lambda n: b'{"ts":"' + b"1" * n + b'","host":"n","metrics":{"a":1}}',
    "a host": lambda n: b'{"ts":1,"host":"' + b"h" * n + b'","metrics":{"a":1}}',
    "a name": lambda n: b'{"ts":1,"host":"n","metrics":{"' + b"aB_" * (n // 3) + b'":1}}',
    "an address": lambda n: b"m,url=http://" + b"[" * n + b" a=1 1767225600000000000",
}  # fmt: skip
SMALL, LARGE, MOST = 65_536, 524_288, 16  # bytes, bytes, times as long; linear would be 8, quadratic 64
FLOOR_S = 0.004  # less is noise
ATTEMPTS = 5  # a busy machine may be slow once


@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_the_time_that_a_message_takes_is_linear_in_its_size(shape: Callable[[int], bytes]) -> None:
    small, large = shape(SMALL), shape(LARGE)
    least_small = least_large = float("inf")
    for _ in range(ATTEMPTS):
        least_small, least_large = min(least_small, _seconds(small)), min(least_large, _seconds(large))
        if least_large < MOST * max(least_small, FLOOR_S):
            return
    assert least_large < MOST * max(least_small, FLOOR_S)


def _seconds(value: bytes) -> float:
    """Of processor time, so that others do not count; with caches of its own."""
    decoder, begun = Decoder(), time.process_time()
    decoder.decode([Message(value)])
    return time.process_time() - begun
