"""Reads recorded telemetry: one message a line as Kafka held it, or a `.jsonl` of records with key and time.

    ipmi_sensor,host=n07,name=fan1 value=5040 1767225600000000000          any file
    {"key": "n07", "timestamp_ms": 1767225600123, "value": "…"}            .jsonl; or "value_base64"

With `"timestamp_type": "append"` the time is when the broker took the message, by the broker's clock. Either
may be compressed (`.gz`, `.zst`, told by its content). A line's number is the message's offset.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import msgspec
import zstandard

from agent.errors import RecordingError
from agent.telemetry.readings import Message

if TYPE_CHECKING:
    from typing_extensions import Buffer

STANDARD_INPUT = "-"
APPEND_TIME = "append"
MAX_LINE_BYTES = 16_777_216  # a longer line is cut here: it is no message, and must not fill the memory
READ_BYTES = 1_048_576
ZSTD_STEP_BYTES = 1_024  # of input: a hostile file makes 30,000 bytes of one
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_RECORD_KEYS = frozenset(("key", "timestamp_ms", "timestamp_type", "value", "value_base64")) | {
    "topic", "partition", "offset", "reason",
}  # fmt: skip
_BROKEN = (OSError, EOFError, zlib.error, zstandard.ZstdError)


def read_recording(path: Path | None, topic: str = "") -> Iterator[Message]:
    """The messages of a recording in their order; None or `-` reads standard input.

    Blank lines are skipped but numbered. `topic` is the file's name unless given.

    Raises:
        RecordingError: the file is absent, unreadable, damaged or has no messages.
    """
    named = path is not None and str(path) != STANDARD_INPUT
    name = path.name if path is not None and named else "standard input"
    topic = topic or (name if named else STANDARD_INPUT)
    records: bool | None = _without_compression(name).endswith(".jsonl") or (None if not named else False)
    empty = True
    try:
        with _open(path if named else None) as file:
            for number, line in enumerate(_lines(file), start=1):
                if not line.strip():
                    continue
                empty = False
                if records is None:  # standard input has no name to tell by
                    records = _record(line) is not None
                yield _message(line, number, topic, records)
    except _BROKEN as error:
        raise RecordingError(f"{name}: {_reason(error)}") from error
    if empty:
        raise RecordingError(f"{name}: empty; expected one message a line")


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    return str(getattr(error, "strerror", None) or error) or type(error).__name__


def _without_compression(name: str) -> str:
    return name.removesuffix(".gz").removesuffix(".zst")


@contextmanager
def _open(path: Path | None) -> Iterator[BinaryIO]:
    """The file's bytes, decompressed where its content says so."""
    raw = io.BufferedReader(cast(io.RawIOBase, sys.stdin.buffer if path is None else path.open("rb", 0)))
    try:
        yield _decompressed(raw, path)
    finally:
        if path is None:
            raw.detach()  # standard input is not ours to close
        else:
            raw.close()


def _decompressed(raw: io.BufferedReader[io.RawIOBase], path: Path | None) -> BinaryIO:
    start = raw.peek(4)[:4]
    if start.startswith(_GZIP):
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw))
    if start.startswith(_ZSTD):
        return io.BufferedReader(_ZstdFrames(raw), READ_BYTES)
    if start and path is not None and path.suffix in (".gz", ".zst"):
        raise RecordingError(f"{path.name}: not compressed; expected what {path.suffix} says")
    return raw


class _ZstdFrames(io.RawIOBase):
    """One or more frames of zstd as a plain stream that, unlike the library's, refuses a frame cut off."""

    def __init__(self, raw: io.BufferedReader[io.RawIOBase]) -> None:
        self._raw = raw
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._unread, self._ready = b"", b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        room = memoryview(buffer).cast("B")
        while not self._ready:
            chunk = self._unread or self._raw.read(ZSTD_STEP_BYTES)
            if not chunk:
                if self._frame is not None:
                    raise EOFError("compressed file ends within a frame")
                return 0
            self._decompress(chunk)
        count = min(len(room), len(self._ready))
        room[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _decompress(self, chunk: bytes) -> None:
        self._frame = self._frame or zstandard.ZstdDecompressor().decompressobj()
        self._ready, self._unread = self._frame.decompress(chunk), b""
        if self._frame.eof:
            self._unread, self._frame = self._frame.unused_data, None


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines without their ends; what is beyond the limit of one line is skipped."""
    while line := file.readline(MAX_LINE_BYTES):
        whole = line.endswith(b"\n")
        yield line.rstrip(b"\r\n")
        while not whole and len(line) == MAX_LINE_BYTES:
            line = file.readline(MAX_LINE_BYTES)
            whole = line.endswith(b"\n")


def _message(line: bytes, number: int, topic: str, records: bool) -> Message:
    record = _record(line) if records else None
    if record is None:
        return Message(line, topic=topic, offset=number)
    key, stamp = record.get("key"), record.get("timestamp_ms")
    return Message(
        _value(record),
        key=key.encode() if isinstance(key, str) else None,
        timestamp_ms=int(stamp) if isinstance(stamp, int | float) and abs(stamp) < 2**53 else None,
        topic=topic,
        offset=number,
        is_append_time=record.get("timestamp_type") == APPEND_TIME,
    )


def _record(line: bytes) -> dict[str, object] | None:
    """A line of a `.jsonl` as a record; None where it is a bare message (or nothing that can be read)."""
    try:
        record = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    if not isinstance(record, dict) or not record or not _RECORD_KEYS.issuperset(record):
        return None
    return record


def _value(record: dict[str, object]) -> bytes | None:
    encoded, value = record.get("value_base64"), record.get("value")
    if isinstance(encoded, str):
        try:
            return base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return encoded.encode()
    if isinstance(value, str):
        return value.encode()
    return None if value is None else msgspec.json.encode(value)


def in_polls(messages: Iterator[Message], size: int) -> Iterator[list[Message]]:
    """Messages in lists of `size`, the last one shorter: what a poll of Kafka would bring."""
    while poll := list(islice(messages, size)):
        yield poll
