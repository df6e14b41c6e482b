"""A recording as `coldaisle replay` reads it: a message a line, or `.jsonl` with key and time.

Compressed by name. Equal messages make equal files: no compressed one tells when it was written.
"""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import msgspec
import zstandard

from agent.errors import ConfigError
from agent.recording import STANDARD_INPUT
from agent.simulate.stream import Sent

STANDARD_OUTPUT = STANDARD_INPUT
GZIP_LEVEL, ZSTD_LEVEL = 6, 6


class Sink(Protocol):
    """Where messages go."""

    def send(self, message: Sent) -> None: ...


class RecordingFile:
    """Writes messages as lines."""

    def __init__(self, file: BinaryIO, with_keys: bool) -> None:
        self._file, self._with_keys = file, with_keys

    def send(self, message: Sent) -> None:
        self._file.write((_record(message) if self._with_keys else message.value.rstrip(b"\n")) + b"\n")


@contextmanager
def open_recording(path: Path, is_text: bool) -> Iterator[RecordingFile]:
    """A recording to write; `-` is standard output.

    Raises:
        ConfigError: the folder is not there, or binary messages would become lines.
    """
    name = path.name.removesuffix(".gz").removesuffix(".zst")
    with_keys = name.endswith(".jsonl")
    if not is_text and not with_keys:
        expected = "a name that ends in .jsonl (.gz, .zst), since otlp is binary"
        raise ConfigError(f"simulate: --out is {path}; expected {expected}")
    if str(path) == STANDARD_OUTPUT:
        yield RecordingFile(sys.stdout.buffer, with_keys=False)
        sys.stdout.buffer.flush()
        return
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"simulate: --out is {path}; expected a folder that exists")
    with ExitStack() as stack:
        raw: BinaryIO = stack.enter_context(path.open("wb"))
        if path.suffix == ".gz":
            packed = stack.enter_context(gzip.GzipFile("", "wb", GZIP_LEVEL, raw, mtime=0))
            raw = stack.enter_context(io.BufferedWriter(cast(io.RawIOBase, packed), 1 << 16))
        elif path.suffix == ".zst":
            raw = stack.enter_context(zstandard.ZstdCompressor(level=ZSTD_LEVEL).stream_writer(raw))
        yield RecordingFile(raw, with_keys)


def _record(message: Sent) -> bytes:
    record: dict[str, object] = {"key": message.key, "timestamp_ms": message.stamp_s * 1000}
    try:
        record["value"] = message.value.decode()
    except UnicodeDecodeError:
        record["value_base64"] = message.value  # msgspec writes bytes as base64
    return msgspec.json.encode(record)
