"""Recordings: bare lines and records, compressed or not, and files that are none."""

from __future__ import annotations

import base64
import gzip
import io
import json
import sys
from pathlib import Path

import pytest
import zstandard

from agent.errors import RecordingError
from agent.recording import MAX_LINE_BYTES, read_recording
from agent.telemetry.readings import Message

LINES = b"m,host=a x=1 1767225600000000000\n\n  \r\nm,host=b x=2 1767225600000000000\r\n"


def read(path: Path) -> list[Message]:
    return list(read_recording(path))


def test_one_message_a_line_and_blank_lines_are_numbered(tmp_path: Path) -> None:
    path = tmp_path / "fleet.txt"
    path.write_bytes(LINES)
    first, second = read(path)
    assert first == Message(b"m,host=a x=1 1767225600000000000", topic="fleet.txt", offset=1)
    assert (second.value, second.offset) == (b"m,host=b x=2 1767225600000000000", 4)


@pytest.mark.parametrize("ending", [".gz", ".zst"])
@pytest.mark.parametrize("frames", [1, 2])
def test_compressed_files_read_the_same(tmp_path: Path, ending: str, frames: int) -> None:
    compress = gzip.compress if ending == ".gz" else zstandard.compress
    path = tmp_path / f"fleet.lp{ending}"
    path.write_bytes(compress(LINES) * frames)
    assert len(read(path)) == 2 * frames


def test_records_bring_key_and_time(tmp_path: Path) -> None:
    path = tmp_path / "fleet.jsonl.gz"
    records = [
        {"key": "n7", "timestamp_ms": 1767225600123, "value": "m x=1"},
        {"key": None, "timestamp_ms": None, "value_base64": base64.b64encode(b"\x0a\xff").decode()},
        {"key": "n7", "value": None},
        {"value": {"ts": 1}},
    ]
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, records)).encode()))
    got = read(path)
    assert [(m.key, m.timestamp_ms, m.value) for m in got] == [
        (b"n7", 1767225600123, b"m x=1"),
        (None, None, b"\x0a\xff"),
        (b"n7", None, None),
        (None, None, b'{"ts":1}'),
    ]
    assert [m.offset for m in got] == [1, 2, 3, 4]


def test_a_jsonl_of_bare_messages_is_read_as_such(tmp_path: Path) -> None:
    path = tmp_path / "fleet.jsonl"
    native = b'{"ts":1767225600,"host":"n1","sensor":"power_w","value":1}'
    path.write_bytes(native + b"\nnot json\n")
    assert [m.value for m in read(path)] == [native, b"not json"]


@pytest.mark.parametrize("content", [LINES, b'{"key":"n7","value":"m,host=a x=1"}\n'])
def test_standard_input_is_told_by_its_first_line(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (None, Path("-")):
        stdin = io.TextIOWrapper(io.BytesIO(gzip.compress(content)))
        monkeypatch.setattr(sys, "stdin", stdin)
        first = next(iter(read_recording(path)))
        assert first.value is not None
        assert first.value.startswith(b"m,host=a x=1")
        assert not stdin.closed


def test_a_topic_may_be_given(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(LINES)
    assert {m.topic for m in read_recording(path, "dc.telemetry")} == {"dc.telemetry"}


def test_an_endless_line_is_cut_and_the_next_one_read(tmp_path: Path) -> None:
    path = tmp_path / "x.txt.zst"
    path.write_bytes(zstandard.compress(b"x" * (2 * MAX_LINE_BYTES + 5) + b"\n" + LINES))
    cut, good, _ = read(path)
    assert cut.value is not None
    assert len(cut.value) == MAX_LINE_BYTES
    assert (good.value, good.offset) == (b"m,host=a x=1 1767225600000000000", 2)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.txt", b"", "empty.txt: empty"),
        ("blank.txt", b"\n \r\n", "blank.txt: empty"),
        ("cut.gz", gzip.compress(LINES)[:-9], "cut.gz: "),
        ("cut.zst", zstandard.compress(LINES)[:-3], "cut.zst: compressed file ends within a frame"),
        ("bad.zst", zstandard.compress(LINES)[:4] + b"\xff" * 40, "bad.zst: "),
        ("plain.gz", LINES, "plain.gz: not compressed"),
    ],
)
def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RecordingError, match=says):
        read(tmp_path / name)


def test_an_absent_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no such file"):
        read(tmp_path / "absent")
    with pytest.raises(RecordingError, match="directory"):
        read(tmp_path)


def test_a_records_time_is_the_brokers_only_where_it_says_so(tmp_path: Path) -> None:
    path = tmp_path / "times.jsonl"
    base: dict[str, object] = {"timestamp_ms": 1767225600123, "value": "m x=1"}
    said = [base, *(base | {"timestamp_type": one} for one in ("append", "create", 1, None))]
    path.write_text("\n".join(json.dumps(one) for one in said))
    assert [message.is_append_time for message in read(path)] == [False, True, False, False, False]
