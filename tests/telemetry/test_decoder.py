"""The decoder as a whole: mixed dialects, bad messages, and promises that hold for any bytes."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st
from otlp_messages import HARDWARE
from reading_messages import T_NS, decode, values_of

from agent.telemetry import kafkapump, line_messages, metric_report, native, otlp, telegraf_json
from agent.telemetry.decoder import MAX_MESSAGE_BYTES, Decoder
from agent.telemetry.readings import Message

INFLUX = f"ipmi_sensor,host=c,name=inlet_temp,server=n1,status_code=ok,unit=degrees_c value=25 {T_NS}\n"
TELEGRAF = (
    '{"fields":{"value":25},"name":"ipmi_sensor","tags":{"entity_id":"7.1","host":"collector01",'
    '"name":"inlet_temp","server":"n1","status_code":"ok","unit":"degrees_c"},"timestamp":1767225600}\n'
)
NATIVE = '{"ts":"2026-01-01T00:00:00.000Z","host":"n1","metrics":{"inlet_temp_c":25,"fan1_rpm":5040}}'
NAN = '{"ts":1767225600,"host":"n1","metrics":{"inlet_temp_c":NaN}}'
GOOD = (INFLUX, TELEGRAF, NATIVE)
PUMP = (
    '[{"time":1767225600,"event":"metric","host":"n1",'
    '"fields":{"_value":5040,"metric_name":"System Board Fan1A_RPMReading"}}]'
)
REPORT = (
    '{"Id":"R","Timestamp":"2026-01-01T00:00:00Z","host":"n1","MetricValues":'
    '[{"MetricId":"RPMReading","MetricValue":"5040","Oem":{"Dell":{"ContextID":"Fan1"}}}]}'
)


def test_dialects_mix_in_one_topic_without_configuration() -> None:
    got, letters = decode(*GOOD)
    assert not letters
    assert {(g.series.host, g.series.sensor, g.value) for g in got} == {
        ("n1", "inlet_temp_c", 25.0),
        ("n1", "fan1_rpm", 5040.0),
    }


def test_a_batch_of_metrics_an_array_and_a_document_a_line() -> None:
    one, two = json.loads(TELEGRAF), json.loads(TELEGRAF.replace('"n1"', '"n2"'))
    for message in (
        json.dumps({"metrics": [one, two]}),
        json.dumps([one, two]),
        TELEGRAF + TELEGRAF.replace('"n1"', '"n2"'),
        json.dumps([one, None, {"name": "x"}, two]),
        "not json\n" + TELEGRAF + "\n{\n" + TELEGRAF.replace('"n1"', '"n2"'),
    ):
        if message.startswith("not"):
            message = message.replace("not json", "{not json")
        got, letters = decode(message)
        assert [g.series.host for g in got] == ["n1", "n2"]
        assert not letters


@pytest.mark.parametrize(
    "stamp", ["1767225600", "1767225600000", "1767225600000000", str(T_NS), '"2026-01-01T00:00:00Z"']
)
def test_telegrafs_time_is_in_any_unit(stamp: str) -> None:
    message = TELEGRAF.replace("1767225600}", f"{stamp}}}")
    got, _ = decode(message, message)
    assert [g.time_ns for g in got] == [T_NS, T_NS]


def test_a_series_known_by_its_bytes_needs_still_valid_fields() -> None:
    for fields in ('"value":', '"value":1,', '"value":01', '"value":"x', "value:1"):
        broken = TELEGRAF.replace('"value":25', fields)
        assert decode(TELEGRAF, TELEGRAF, broken)[1] == {2: "not json"}


def test_the_key_names_the_host_only_where_nothing_else_does() -> None:
    without = TELEGRAF.replace('"server":"n1",', "").replace('"host":"collector01",', "")
    messages = [Message(m.encode(), key=b"k") for m in (TELEGRAF, without)]
    got, _ = decode(*messages, Message(without.encode(), key=b"other"), messages[1])
    assert [g.series.host for g in got] == ["n1", "k", "other", "k"]


BAD: list[tuple[bytes | None, str]] = [
    (None, "tombstone"),
    (b"", "empty value"),
    (b" \r\n\t ", "empty value"),
    (b"not json", "not json or line protocol"),
    (b'{"ts":17672256', "not json"),
    (NATIVE.encode() + b"garbage", "not json"),
    (b"\xef\xbb\xbf" + NATIVE.encode(), "not json"),
    (NATIVE.encode("utf-16"), "not utf-8"),
    (NATIVE.replace("n1", "\xff").encode("latin-1"), "not utf-8"),
    (b"m,host=\xff x=1 1767225600000000000", "not utf-8"),
    (b'{"ts":1767225600,"host":"\\ud800","metrics":{"power_w":1}}', "not json"),
    (NAN.encode(), "nothing usable"),
    (NAN.replace("NaN", "Infinity").encode(), "nothing usable"),
    (NAN.replace("NaN", "-Infinity").encode(), "nothing usable"),
    (NAN.replace("NaN", "1e999").encode(), "nothing usable"),
    (NAN.replace("NaN", '"24.5"').encode(), "nothing usable"),
    (NAN.replace("NaN", "true").encode(), "nothing usable"),
    (NAN.replace("NaN", "9" * 5000).encode(), "nothing usable"),
    (NAN.replace("NaN", "[" * 100_000).encode(), "not json"),
    (NAN.replace("NaN", "[" * 100_000 + "]" * 100_000).encode(), "not json"),
    (NAN.replace("1767225600", "9" * 5000).encode(), "bad timestamp"),
    (NAN.replace("1767225600", "1e300").encode(), "bad timestamp"),
    (b"[]", "nothing usable"),
    (b"[1,2]", "nothing usable"),
    (b"{}", "nothing usable"),
    (b"x" * (MAX_MESSAGE_BYTES + 1), "too large"),
    (json.dumps({"ts": 1, "host": "n", "metrics": {str(n): 1 for n in range(20_000)}}).encode(), "too large"),
    (b"m,host=n " + b",".join(b"f%d=1" % n for n in range(20_000)) + b" 1", "too large"),
    (gzip.compress(NATIVE.encode()), "unsupported format: gzip"),
    (zstandard.compress(NATIVE.encode()), "unsupported format: zstd"),
    (b"\x84\xa4name\xa3cpu", "unsupported format: msgpack"),
    (b"\x00\x00\x00\x00\x07abc", "unsupported format: avro"),
    (b"\x0a\x80\x01\x0a\x08\x00\xff", "unsupported format: protobuf"),
]


@pytest.mark.parametrize(("value", "reason"), BAD, ids=[f"{n}: {r}" for n, (_, r) in enumerate(BAD)])
def test_a_bad_message_is_set_aside_and_the_stream_goes_on(value: bytes | None, reason: str) -> None:
    got, letters = decode(Message(value), NATIVE)
    assert letters == {0: reason}
    assert len(got) == 2


def test_of_a_key_given_twice_the_last_counts() -> None:
    assert values_of('{"ts":1767225600,"host":"n1","metrics":{"power_w":1,"power_w":2}}') == {"power_w": 2}


def test_a_value_near_the_edge_of_floats_is_kept() -> None:
    assert values_of('{"ts":1767225600,"host":"n1","metrics":{"x":1e308}}') == {"x": 1e308}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(
    [
        "fields",
        "name",
        "tags",
        "timestamp",
        "ts",
        "host",
        "metrics",
        "sensor",
        "value",
        "unit",
        "labels",
        "server",
    ]
)
documents = st.dictionaries(keys, json_values | st.text(max_size=5), max_size=8).map(json.dumps)
mangled = st.builds(
    lambda text, at, byte: text[: at % len(text)] + byte + text[at % len(text) + 1 :],
    st.sampled_from([m.encode() for m in GOOD]),
    st.integers(0, 500),
    st.binary(max_size=3),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=60) | documents.map(str.encode) | mangled, max_size=8))
@example([b"{", b"[", b'{"metrics":[{"fields":{"a":1},"name":"x"}]}'])
def test_any_bytes_are_decoded_or_set_aside_never_both_and_never_raise(values: list[bytes]) -> None:
    messages = [Message(value, key=b"k", timestamp_ms=1) for value in (*values, *values)]
    decoder = Decoder()
    decoded = decoder.decode(messages)
    aside = [letter.message for letter in decoded.dead_letters]
    used = set(decoded.readings.message.tolist())
    assert aside == sorted(set(aside))
    assert not used.intersection(aside)
    assert np.isfinite(decoded.readings.value).all()
    assert (decoded.readings.time_ns > 0).all()
    reasons = {letter.message: letter.reason for letter in decoded.dead_letters}
    assert all(reasons.get(at) == reasons.get(at + len(values)) for at in range(len(values)))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.sampled_from([*GOOD, "broken", "m,host=n1 x=1", TELEGRAF.replace("inlet", "ambient")]), max_size=12
    ),
    st.integers(1, 5),
)
def test_readings_do_not_depend_on_how_messages_are_batched(values: list[str], size: int) -> None:
    messages = [Message(value.encode()) for value in values]
    at_once, in_parts = Decoder(), Decoder()
    whole = at_once.decode(messages)
    parts = [
        (start, in_parts.decode(messages[start : start + size])) for start in range(0, len(messages), size)
    ]
    rows = [
        (start + int(m), in_parts.series[int(s)], int(t), float(v))
        for start, part in parts
        for m, s, t, v in zip(
            part.readings.message,
            part.readings.series,
            part.readings.time_ns,
            part.readings.value,
            strict=True,
        )
    ]
    assert rows == [
        (int(m), at_once.series[int(s)], int(t), float(v))
        for m, s, t, v in zip(
            whole.readings.message,
            whole.readings.series,
            whole.readings.time_ns,
            whole.readings.value,
            strict=True,
        )
    ]
    letters = [
        (start + letter.message, letter.reason) for start, part in parts for letter in part.dead_letters
    ]
    assert letters == [(letter.message, letter.reason) for letter in whole.dead_letters]


def test_a_full_cache_starts_anew_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    templates = (*GOOD, PUMP, REPORT, HARDWARE.replace("r01-n07", "n1"))
    messages = [m.replace("n1", f"n{n}") for m in templates for n in range(1, 6)] * 2
    expected = decode(*messages)
    for module in (line_messages, native, telegraf_json, metric_report, kafkapump, otlp):
        name = next(name for name in vars(module) if name.startswith("CACHED_"))
        monkeypatch.setattr(module, name, 2)
    assert decode(*messages) == expected


def test_an_empty_batch_is_empty() -> None:
    decoded = Decoder().decode([])
    assert len(decoded.readings) == 0
    assert decoded.readings.series.dtype == np.int32
    assert decoded.readings.time_ns.dtype == np.int64
