"""What collectors and attackers send besides telemetry: each between two good messages, which come through.

Records that never become messages (tombstones of Kafka, damaged batches, control records, records beyond the
size limits) are tested on a real Kafka in tests/services.
"""

from __future__ import annotations

import gzip
import json
import zlib

import lz4.frame
import pytest
import zstandard
from reading_messages import T_NS, Got, decode

from agent.pipeline import Output, Pipeline
from agent.scoring import Scorer
from agent.telemetry.binding import MAX_FIELD_LENGTH, MAX_FIELDS, MAX_TAGS_LENGTH
from agent.telemetry.decoder import MAX_MESSAGE_BYTES
from agent.telemetry.readings import Message

T_S = T_NS // 1_000_000_000
BEFORE = f"ipmi_sensor,name=inlet_temp,server=n1,status_code=ok,unit=degrees_c value=24 {T_NS}"
AFTER = f'{{"ts":{T_S + 10},"host":"n1","metrics":{{"inlet_temp_c":25}}}}'
NATIVE = f'{{"ts":{T_S},"host":"n1","metrics":{{"power_w":%s}}}}'
STAMPED = '{"ts":%s,"host":"n1","metrics":{"power_w":412}}'
HOSTED = f'{{"ts":{T_S},"host":%s,"metrics":{{"power_w":412}}}}'
LINE = f"m,host=%s x=1 {T_NS}"
DEEP = 100_000

# What it is → the message, why it is set aside.
BAD: dict[str, tuple[bytes | str | None, str]] = {
    "an empty value": (b"", "empty value"),
    "blanks only": (b" \r\n\t ", "empty value"),
    "a tombstone": (None, "tombstone"),
    "no json": ("{not json}", "not json"),
    "prose": ("the fans are fine today", "not json or line protocol"),
    "truncated json": (NATIVE[:40], "not json"),
    "truncated line protocol": ("ipmi_sensor,name=inlet_temp,ser", "not json or line protocol"),
    "trailing bytes": (NATIVE % 1 + "garbage", "not json"),
    "a second document on the same line": (NATIVE % 1 + NATIVE % 2, "not json"),
    "a byte order mark": (b"\xef\xbb\xbf" + (NATIVE % 1).encode(), "not json"),
    "utf-16": ((NATIVE % 1).encode("utf-16"), "not utf-8"),
    "invalid utf-8": (HOSTED.encode() % b'"\xff\xfe"', "not utf-8"),
    "invalid utf-8 in line protocol": (LINE.encode() % b"\xff\xfe", "not utf-8"),
    "a lone surrogate": (HOSTED % '"\\ud800"', "not json"),
    "a nan literal": (NATIVE % "NaN", "nothing usable"),
    "infinity": (NATIVE % "-Infinity", "nothing usable"),
    "a number beyond floats": (NATIVE % "1e999", "nothing usable"),
    "a number in quotes": (NATIVE % '"412"', "nothing usable"),
    "a truth value": (NATIVE % "true", "nothing usable"),
    "a list for a number": (NATIVE % "[1,2]", "nothing usable"),
    "nested too deep": (NATIVE % ("[" * DEEP + "]" * DEEP), "not json"),
    "open brackets without an end": ("[" * DEEP, "not json"),
    "objects nested too deep": ('{"a":' * DEEP, "not json"),
    "too many keys": (
        json.dumps({"ts": T_S, "host": "n1", "metrics": dict.fromkeys(map(str, range(50_000)), 1)}),
        "too large",
    ),
    "too many fields of a line": (
        "m,host=n1 " + ",".join(f"f{n}=1" for n in range(MAX_FIELDS + 1)) + f" {T_NS}",
        "too large",
    ),
    "a key of a megabyte": (
        f'{{"ts":{T_S},"host":"n1","metrics":{{"{"k" * 1_000_000}":1}}}}',
        "nothing usable",
    ),
    "a key longer than any name": (f"m,host=n1 {'k' * (MAX_FIELD_LENGTH + 1)}=1 {T_NS}", "nothing usable"),
    "tags longer than any": (f"m,host=n1,t={'x' * MAX_TAGS_LENGTH} x=1 {T_NS}", "too large"),
    "an integer of 5,000 digits": (NATIVE % ("9" * 5_000), "nothing usable"),
    "an integer of 400 digits in a sample": (
        f'{{"timestamp":{T_S},"value":{"9" * 400},"name":"apcupsd_output_volts",'
        '"labels":{"instance":"n1"}}',
        "nothing usable",
    ),
    "a time of 5,000 digits": (STAMPED % ("9" * 5_000), "bad timestamp"),
    "no host": (f'{{"ts":{T_S},"metrics":{{"power_w":412}}}}', "no host"),
    "an empty host": (HOSTED % '""', "no host"),
    "a host of blanks": (HOSTED % '"  "', "no host"),
    "a host with a line end": (HOSTED % '"n1\\nalert,host=x y=1"', "bad host"),
    "a host with a null byte": (HOSTED % '"n1\\u0000"', "bad host"),
    "a host of 300 characters": (HOSTED % f'"{"h" * 300}"', "bad host"),
    "a host that is a number": (HOSTED % "7", "no host"),
    "no readings of any known kind": ('{"ts":1767225600,"host":"n1","colour":"red"}', "nothing usable"),
    "an empty object": ("{}", "nothing usable"),
    "an empty array": ("[]", "nothing usable"),
    "empty metrics": (f'{{"ts":{T_S},"host":"n1","metrics":{{}}}}', "nothing usable"),
    "no time": ('{"host":"n1","metrics":{"power_w":412}}', "no timestamp"),
    "a time that is null": (STAMPED % "null", "no timestamp"),
    "a time of zero": (STAMPED % "0", "bad timestamp"),
    "a time before 1970": (STAMPED % "-1767225600", "bad timestamp"),
    "a time of the year 9999": (STAMPED % '"9999-12-31T23:59:59Z"', "bad timestamp"),
    "a time that is prose": (STAMPED % '"yesterday"', "bad timestamp"),
    "a time that is a truth value": (STAMPED % "true", "bad timestamp"),
    "a time that is nan": (STAMPED % "NaN", "bad timestamp"),
    "nine megabytes": (b"x" * 9_000_000, "too large"),
    "a byte more than a megabyte": (b"x" * (MAX_MESSAGE_BYTES + 1), "too large"),
    "gzip within the value": (gzip.compress((NATIVE % 1).encode()), "unsupported format: gzip"),
    "a gzip bomb": (gzip.compress(b"0" * 50_000_000), "unsupported format: gzip"),
    "zstd within the value": (zstandard.compress((NATIVE % 1).encode()), "unsupported format: zstd"),
    "a zstd bomb": (zstandard.compress(b"0" * 50_000_000), "unsupported format: zstd"),
    "lz4 within the value": (lz4.frame.compress((NATIVE % 1).encode()), "unsupported format: lz4"),
    "avro": (b"\x00\x00\x00\x00\x07\x06n07\x02", "unsupported format: avro"),
    "msgpack": (b"\x83\xa4host\xa2n1\xa2ts\xce", "unsupported format: msgpack"),
    "another protobuf": (b"\x0a\x80\x01\x0a\x08\x00\xff", "unsupported format: protobuf"),
    "deflate": (zlib.compress((NATIVE % 1).encode()), "not utf-8"),
    "bytes of a picture": (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", "not utf-8"),
    "an unclosed string": (f'm,host=n1 x=1,s="open {T_NS}', "not json or line protocol"),
    "a comment alone": ("# a comment", "nothing usable"),
    "underscores in a number": (f"m,host=n1 x=1_000 {T_NS}", "not json or line protocol"),
    "a tag without a value": (f"m,host=n1,rack= x=1 {T_NS}", "not json or line protocol"),
}


def between_good_ones(value: bytes | str | None) -> tuple[Output, dict[int, str]]:
    """What a pipeline makes of a message between two good ones, and its dead letters by place."""
    values = (BEFORE.encode(), value.encode() if isinstance(value, str) else value, AFTER.encode())
    messages = [Message(each, topic="dc.telemetry", offset=at) for at, each in enumerate(values)]
    output = Pipeline(Scorer.of(None)).process(messages)
    return output, {message.offset: reason for message, reason in output.dead_letters}


@pytest.mark.parametrize(("value", "reason"), BAD.values(), ids=list(BAD))
def test_a_bad_message_is_one_dead_letter_and_the_stream_goes_on(
    value: bytes | str | None, reason: str
) -> None:
    output, letters = between_good_ones(value)
    assert letters == {1: reason}
    assert output.counts.messages_in == 3
    assert output.counts.messages_decoded == 2
    assert output.touched == ("n1",)


@pytest.mark.parametrize(("value", "reason"), BAD.values(), ids=list(BAD))
def test_a_bad_message_stays_bad_and_changes_nothing_for_good_ones(
    value: bytes | str | None, reason: str
) -> None:
    got, letters = decode(BEFORE, Message(_bytes(value)), BEFORE, Message(_bytes(value)), AFTER)
    assert letters == {1: reason, 3: reason}
    assert [(reading.series.sensor, reading.value) for reading in got] == [
        ("inlet_temp_c", 24.0), ("inlet_temp_c", 24.0), ("inlet_temp_c", 25.0)
    ]  # fmt: skip


def _bytes(value: bytes | str | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


POWER = [("n1", "power_w", 412.0)]
YEAR_S = 365 * 86_400
FLUX = 'n1") |> yield() // '

# What it is → the message, and the (host, sensor, value) that it brings all the same.
FINE: dict[str, tuple[str, list[tuple[str, str, float]]]] = {
    "a document a line": (f"{NATIVE % 412}\n{NATIVE % 413}\n", [*POWER, ("n1", "power_w", 413.0)]),
    "null beside a number": (NATIVE.replace("}}", ',"fan1_rpm":null}}') % 412, POWER),
    "nan beside a number": (NATIVE.replace("}}", ',"fan1_rpm":NaN}}') % 412, POWER),
    "a text beside a number": (NATIVE.replace("}}", ',"fan1_rpm":"fast"}}') % 412, POWER),
    "a key given twice": (NATIVE.replace('"power_w"', '"power_w":1,"power_w"') % 412, POWER),
    "a field given twice": (f"ipmi_sensor,name=fan1,server=n1,unit=rpm value=1,value=2 {T_NS}",
                            [("n1", "fan1_rpm", 2.0)]),
    "a metric nobody knows": (NATIVE.replace("power_w", "flux") % 412, [("n1", "flux", 412.0)]),
    "the largest float": (NATIVE % "1.7976931348623157e308", [("n1", "power_w", 1.7976931348623157e308)]),
    "a time in milliseconds": (STAMPED % (T_S * 1000), POWER),
    "a time in nanoseconds": (STAMPED % T_NS, POWER),
    "a time that is a float": (STAMPED % f"{T_S}.5", POWER),
    "a time in quotes": (STAMPED % f'"{T_S}"', POWER),
    "a time a year ahead": (STAMPED % (T_S + YEAR_S), POWER),
    "a time years ago": (STAMPED % (T_S - 5 * YEAR_S), POWER),
    "separators in a host": (HOSTED % '"a,b=c d\\"e"', [('a,b=c d"e', "power_w", 412.0)]),
    "a backslash at the end of a host": (HOSTED % '"n1\\\\"', [("n1\\", "power_w", 412.0)]),
    "flux for a host": (HOSTED % json.dumps(FLUX), [(FLUX.strip(), "power_w", 412.0)]),
    "sql for a host": (HOSTED % '"n1\'; drop table x"', [("n1'; drop table x", "power_w", 412.0)]),
    "a host in another script": (HOSTED % '"机柜-07"', [("机柜-07", "power_w", 412.0)]),
    "a newer schema with more keys": (f'{{"v":9,"more":{{"a":[1]}},{(NATIVE % 412)[1:]}', POWER),
    "line protocol with everything": (
        '# comment\n\n  ipmi_sensor,name=Fan\\ 1,server=n1,unit=rpm value=5040i,note="a, b=\\"c\\""'
        f" {T_NS}\n\n",
        [("n1", "fan1_rpm", 5040.0)],
    ),
    "an unsigned integer": (f"ipmi_sensor,name=fan1,server=n1,unit=rpm value=5040u {T_NS}",
                            [("n1", "fan1_rpm", 5040.0)]),
    "a broken line beside a good one": (f"broken\nipmi_sensor,name=fan1,server=n1,unit=rpm value=7 {T_NS}",
                                        [("n1", "fan1_rpm", 7.0)]),
}  # fmt: skip


@pytest.mark.parametrize(("value", "readings"), FINE.values(), ids=list(FINE))
def test_what_is_odd_and_can_be_read_is_read(value: str, readings: list[tuple[str, str, float]]) -> None:
    got, letters = decode(value, value)
    assert letters == {}
    assert _told(got, 0) == _told(got, 1) == readings


def _told(got: list[Got], message: int) -> list[tuple[str, str, float]]:
    return [(each.series.host, each.series.sensor, each.value) for each in got if each.message == message]


def test_a_message_without_a_time_of_its_own_has_its_records() -> None:
    value = '{"host":"n1","metrics":{"power_w":412}}'
    got, letters = decode(Message(value.encode(), timestamp_ms=T_S * 1000))
    assert letters == {}
    assert [reading.time_ns for reading in got] == [T_NS]
