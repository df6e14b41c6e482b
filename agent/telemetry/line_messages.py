"""Readings from messages of line protocol. A line whose prefix has been seen is looked up, not parsed."""

from __future__ import annotations

import math
import re

from agent.errors import DecodeError
from agent.telemetry.binding import Binder, Binding, Columns, MetricSeries
from agent.telemetry.line_protocol import Line, parse_line, split_lines
from agent.telemetry.readings import Message
from agent.telemetry.reasons import NOT_LINE_PROTOCOL, NOT_UTF8, NOTHING_USABLE
from agent.telemetry.times import LATEST_NS, time_from

CACHED_PREFIXES = 400_000  # a site of 10,000 hosts × 40 sensors; beyond that the cache starts anew

# One line with a time in ns and no strings in its fields, which nearly every message is.
_PREFIX = rb"[^#\s][^\s]*(?:(?<=\\) [^\s]*)*(?<!\\)"
_SIMPLE = re.compile(rb"(" + _PREFIX + rb') ([^\s"\\]+) (\d{18,19})\s*')


class FieldBindings(dict[bytes, Binding | None]):
    """The fields of a series by their bytes in the message."""

    def __init__(self, series: MetricSeries) -> None:
        super().__init__()
        self.series = series

    def __missing__(self, name: bytes) -> Binding | None:
        if not name:
            raise ValueError("field without a name")
        bound = self[name] = self.series[name.decode()]
        return bound


class LineMessages:
    """Turns messages of line protocol into readings."""

    def __init__(self, binder: Binder) -> None:
        self._binder = binder
        # Prefix → its fields; by the Kafka key too where the tags name no host.
        self._known: dict[bytes | tuple[bytes, bytes | None], FieldBindings] = {}

    def decode(self, value: bytes, message: Message, at: int, out: Columns) -> str:
        """Append the readings of message number `at`; why there are none, or ""."""
        simple = _SIMPLE.fullmatch(value)
        if simple is not None:
            fields = self._known.get(simple[1])
            if fields is not None and fields.series.joint is None:
                found = _add_simple(fields, simple[2], int(simple[3]), at, out)
                if found is not None:
                    return "" if found else NOTHING_USABLE
        try:
            text = value.decode()
        except UnicodeDecodeError:
            return NOT_UTF8
        return self._decode_text(text, message, at, out)

    def _decode_text(self, text: str, message: Message, at: int, out: Columns) -> str:
        found, reason = False, ""
        for raw in split_lines(text):
            bare = raw.strip(" \t\r\n")
            if not bare or bare.startswith("#"):
                continue
            try:
                found |= self._add_line(bare, message, at, out)
            except DecodeError as error:
                reason = reason or str(error)
        return "" if found else reason or NOTHING_USABLE

    def _add_line(self, text: str, message: Message, at: int, out: Columns) -> bool:
        line = parse_line(text)
        if line is None:
            raise DecodeError(NOT_LINE_PROTOCOL)
        time_ns = time_from(line.time, message)
        return self._series(text, line, message.key).add(line.fields, time_ns, at, out)

    def _series(self, text: str, line: Line, key: bytes | None) -> MetricSeries:
        prefix = text[: _end_of_prefix(text)].encode()
        fields = self._known.get(prefix)
        if fields is None:
            fields = self._known.get((prefix, key))
        if fields is None:
            series, by_tags = self._binder.metric(line.measurement, line.tags, key)
            if len(self._known) >= CACHED_PREFIXES:
                self._known.clear()
            fields = self._known[prefix if by_tags else (prefix, key)] = FieldBindings(series)
        return fields.series


def _end_of_prefix(text: str) -> int:
    at = text.find(" ")
    while text[at - 1] == "\\":
        at = text.find(" ", at + 1)
    return at


def _add_simple(fields: FieldBindings, body: bytes, time_ns: int, at: int, out: Columns) -> bool | None:
    """Append `a=1,b=2i`; whether anything was; None, and nothing appended, where only the parser can tell."""
    if not 0 < time_ns < LATEST_NS:
        return None
    before = len(out.series)
    try:
        for part in body.split(b","):
            name, _, text = part.partition(b"=")
            binding = fields[name]
            value = _number(text)
            if binding is None:
                continue
            if not binding.plain:
                if math.isfinite(value):
                    binding.add(value, time_ns, at, out)
            elif math.isfinite(value):
                out.series.append(binding.series)
                out.time_ns.append(time_ns)
                out.value.append(value)
                out.message.append(at)
    except ValueError:  # a boolean, or something that is no value at all
        out.cut(before)
        return None
    return len(out.series) > before


def _number(text: bytes) -> float:
    if b"_" in text:  # Python's numbers may hold underscores, InfluxDB's may not
        raise ValueError("underscore")
    last = text[-1:]
    if last == b"i" or last == b"u":
        return float(int(text[:-1]))
    return float(text)
