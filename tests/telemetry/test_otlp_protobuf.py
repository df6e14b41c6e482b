"""OpenTelemetry's metrics as protobuf: the same readings as from JSON; other bytes are not taken for it."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from otlp_messages import HARDWARE, as_json, as_protobuf, document, metric, one, point, protobuf_of
from reading_messages import T_NS, decode, reason_of, values_of

from agent.telemetry import otlp
from agent.telemetry.decoder import Decoder
from agent.telemetry.readings import Message

PROTOBUF = protobuf_of(json.loads(HARDWARE))
NOT_OTLP = "unsupported format: protobuf"


def test_the_hosts_sensors_and_its_own_power() -> None:
    got, letters = decode(PROTOBUF)
    assert not letters
    assert {(g.series.host, g.time_ns) for g in got} == {("r01-n07", T_NS)}
    assert values_of(PROTOBUF) == {"inlet_temp_c": 24.5, "power_w": 412.0, "fan1_rpm": 5040.0}


def test_a_request_is_the_same_bytes() -> None:
    request = ExportMetricsServiceRequest.FromString(PROTOBUF)
    assert values_of(request.SerializeToString()) == values_of(PROTOBUF)


SAME: list[dict[str, Any]] = [
    json.loads(HARDWARE),
    document(metric("hw.power_supply.usage", "W", sum={"dataPoints": [point(203, {"hw.id": "psu1"})]})),
    document(metric("hw.host.power", "W", sum={"dataPoints": [point(2)], "aggregationTemporality": 1})),
    document(metric("hw.host.power", "W", sum={"dataPoints": [point(2)], "aggregationTemporality": 2})),
    document(metric("hw.host.power", "W", point(None))),
    document(metric("hw.host.power", "W", point(0.0))),
    document(metric("hw.host.power", "W", point(None, asInt="0"), point(None, asInt="-3"))),
    document(metric("hw.host.power", "W", point("NaN"), point("Infinity"), point("-Infinity"))),
    document(metric("hw.host.power", "W", point(5, flags=1), point(6, flags=2))),
    document(metric("hw.host.power", "W", point(5, timeUnixNano="0"))),
    document(metric("hw.host.power", "W", point(5, timeUnixNano=str(2**64 - 1)))),
    document(metric("hw.host.power", "W", point(5, timeUnixNano="1767225600"))),
    document(metric("hw.x", "W", summary={"dataPoints": [{"count": "3", "sum": 9}]})),
    document(metric("hw.x", "W", histogram={"dataPoints": [{"count": "3", "sum": 9}]})),
    document(metric("system.cpu.utilization", "1", point(0.3, {"cpu": "cpu0", "state": "idle"}))),
    document(
        metric("fan.reading", "{%}", point(7091, {"fan.name": "Fan 1"}), point(0, {"fan.name": "Fan 2"}))
    ),
    document(one("hw.host.power", "W", 1), resource={}),
    document(one("hw.host.power", "W", 1), resource={"host.name": "a\0b"}),
    document(
        one("hw.host.power", "W", 1), resource={"service.instance.id": "n7:90"}, scope="prometheusreceiver"
    ),
    document(one("ipmi_temperature", "celsius", 24, id="18", name="Inlet Temp")),
    document(one("节点.температура", "°C", 24, 位置="上")),
]
for _value in (
    {"intValue": "42"},
    {"boolValue": False},
    {"doubleValue": 2.0},
    {"doubleValue": "NaN"},
    {"bytesValue": "bjE="},
    {"arrayValue": {"values": [{"stringValue": "n1"}, {"boolValue": True}, {"arrayValue": {}}]}},
    {"kvlistValue": {"values": [{"key": "a", "value": {"stringValue": "b"}}]}},
    {},
):
    SAME.append(document(one("hw.host.power", "W", 1), resource={}))
    SAME[-1]["resourceMetrics"][0]["resource"]["attributes"] = [{"key": "host.name", "value": _value}]


@pytest.mark.parametrize("told", SAME, ids=range(len(SAME)))
@pytest.mark.parametrize("timestamp_ms", [None, 1_767_225_600_000])
def test_json_and_protobuf_of_the_same_content_are_equal(
    told: dict[str, Any], timestamp_ms: int | None
) -> None:
    from_json = decode(Message(json.dumps(told).encode(), timestamp_ms=timestamp_ms))
    assert decode(Message(protobuf_of(told), timestamp_ms=timestamp_ms)) == from_json
    assert not (from_json[0] and from_json[1])


def with_first_length(length: int) -> bytes:
    """A message whose first block has this many bytes, so that its second byte is what we choose."""
    for pad in range(length):
        told = document(one("hw.host.power", "W", 1), resource={"host.name": "n1"}, scope="s" * pad)
        value = protobuf_of(told)
        if value[:2] == bytes((0x0A, length)):
            return value
    raise AssertionError(length)


@pytest.mark.parametrize("second", [b"{", b"[", b"]", b"a", b"~"])
def test_a_length_that_looks_like_the_start_of_json_does_not_mislead(second: bytes) -> None:
    assert values_of(with_first_length(second[0])) == {"power_w": 1}


def test_text_that_begins_with_a_line_end_is_still_text() -> None:
    line = f"ipmi_sensor,name=inlet_temp,server=n1,unit=degrees_c value=25 {T_NS}\n"
    for begin in ("\n", "\n\n", "\n \n", "\n# n\x12te\n"):
        assert values_of(begin + line) == {"inlet_temp_c": 25}
    assert values_of("\n" + HARDWARE) == values_of(HARDWARE)
    assert reason_of("\n{not json}\x12") == "not json"
    assert reason_of("\n \n") == "empty value"


def delimited(field: int, content: bytes) -> bytes:
    """A field of protobuf that holds bytes, shorter than 128."""
    assert len(content) < 128
    return bytes((field << 3 | 2, len(content))) + content


def remote_write(label: bytes, value: bytes) -> bytes:
    """Prometheus' WriteRequest of one sample, before its usual compression."""
    labels = delimited(1, delimited(1, label) + delimited(2, value))
    sample = delimited(2, b"\x09" + struct.pack("<d", 24.0) + b"\x10\x80\xd0\xac\xf3\xb7\x33")
    return delimited(1, labels + sample)


@pytest.mark.parametrize("label", [b"__name__", b"instance", b"", b"\x0a\x01n", b"\x12\x03\x0a\x01n"])
def test_remote_write_is_not_read_as_otlp(label: bytes) -> None:
    assert reason_of(remote_write(label, b"ipmi_temperature_celsius")) == NOT_OTLP


def test_traces_and_logs_are_not_metrics() -> None:
    traces, logs = TracesData(), LogsData()
    span = (
        traces.resource_spans.add()
        .scope_spans.add()
        .spans.add(name="get", trace_id=b"t" * 16, span_id=b"s" * 8)
    )
    span.start_time_unix_nano = T_NS
    record = logs.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=T_NS)
    record.body.string_value = "inlet 24"
    for owner in (traces.resource_spans[0], logs.resource_logs[0]):
        owner.resource.attributes.add(key="host.name").value.string_value = "n1"
    assert reason_of(traces.SerializeToString()) == NOT_OTLP
    assert reason_of(logs.SerializeToString()) == NOT_OTLP


def test_a_message_without_a_metric_is_not_otlp() -> None:
    assert reason_of(protobuf_of(document())) == NOT_OTLP
    assert reason_of(protobuf_of(document(resource={"host.name": "n\0"}))) == NOT_OTLP
    assert reason_of(protobuf_of(document(metric("", "W", point(1))))) == NOT_OTLP


def test_a_message_that_was_cut_is_not_otlp() -> None:
    reasons = {reason_of(PROTOBUF[:length]) for length in range(60, len(PROTOBUF))}
    assert reasons == {NOT_OTLP}


def test_fields_that_we_do_not_know_are_passed_over() -> None:
    unknown = bytes((15 << 3 | 2, 3)) + b"abc"
    assert values_of(PROTOBUF + unknown) == values_of(PROTOBUF)


def test_more_points_than_any_message_has_are_too_many() -> None:
    data = MetricsData()
    gauge = data.resource_metrics.add().scope_metrics.add().metrics.add(name="x").gauge
    for _ in range(otlp.MAX_POINTS + 1):
        gauge.data_points.add(as_int=1)
    assert reason_of(data.SerializeToString()) == "too large"


def test_a_full_cache_starts_anew_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    messages = [
        form(one("hw.power", "W", value, hw_id="cpu0", hw_type="cpu"), resource={"host.name": f"n{value}"})
        for form in (as_json, as_protobuf)
        for value in (1, 2, 3, 4)
    ] * 2
    expected = decode(*messages)
    monkeypatch.setattr(otlp, "CACHED_SERIES", 2)
    assert decode(*messages) == expected
    assert len(expected[0]) == 16


mangled = st.builds(
    lambda value, at, byte: value[: at % len(value)] + byte + value[at % len(value) + 1 :],
    st.sampled_from([protobuf_of(told) for told in SAME] + [json.dumps(told).encode() for told in SAME]),
    st.integers(0, 2000),
    st.binary(max_size=3),
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
names = st.sampled_from(
    (
        *("resource", "scopeMetrics", "metrics", "name", "unit", "gauge", "sum", "dataPoints", "asDouble"),
        *(
            "asInt",
            "timeUnixNano",
            "attributes",
            "key",
            "value",
            "stringValue",
            "arrayValue",
            "values",
            "flags",
        ),
    )
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80).map(lambda rest: b"\n" + rest) | st.binary(max_size=80) | mangled)
@example(b"\n")
@example(b"\n\x02\x12\x00")
@example(b"\n\x7f\x12" + b"\n\x12" * 200)
def test_any_bytes_are_decoded_or_set_aside_and_never_raise(value: bytes) -> None:
    decoded = Decoder().decode([Message(value, key=b"k", timestamp_ms=1)])
    assert not (len(decoded.readings) and decoded.dead_letters)


@settings(max_examples=200, deadline=None)
@given(st.lists(values, max_size=3))
def test_any_json_in_an_otlp_document_is_decoded_or_set_aside(resources: list[object]) -> None:
    value = json.dumps({"resourceMetrics": resources}).encode()
    decoded = Decoder().decode([Message(value, key=b"k", timestamp_ms=1)])
    assert not (len(decoded.readings) and decoded.dead_letters)


@settings(max_examples=200, deadline=None)
@given(values, st.sampled_from(["resource", "metrics", "gauge", "dataPoints", "attributes", "asDouble"]))
def test_any_json_in_the_place_of_a_part_is_decoded_or_set_aside(part: object, name: str) -> None:
    value = json.dumps(_replaced(json.loads(HARDWARE), name, part)).encode()
    decoded = Decoder().decode([Message(value, key=b"k", timestamp_ms=1)])
    assert not (len(decoded.readings) and decoded.dead_letters)


def _replaced(told: Any, name: str, part: object) -> Any:
    if isinstance(told, dict):
        return {key: part if key == name else _replaced(value, name, part) for key, value in told.items()}
    return [_replaced(value, name, part) for value in told] if isinstance(told, list) else told
