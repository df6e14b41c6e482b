"""Readings from messages of line protocol. A line whose prefix has been seen is looked up, not parsed."""

from __future__ import annotations

from math import isfinite

from agent.errors import DecodeError
from agent.telemetry.binding import MAX_FIELDS, Binder, Binding, Columns, MetricSeries
from agent.telemetry.line_protocol import Line, find_separator, parse_line, split_lines
from agent.telemetry.readings import Message
from agent.telemetry.reasons import NOT_LINE_PROTOCOL, NOT_UTF8, NOTHING_USABLE
from agent.telemetry.times import LATEST_NS, time_from

CACHED_PREFIXES = 400_000  # a site of 10,000 hosts × 40 sensors; beyond that the cache starts anew

_BACKSLASH = 0x5C
_NS_DIGITS = (18, 19)  # of a time in ns: 1973 to 2286
_SUFFIXES = (b"i", b"u")


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
        prefix, body, stamp = _simple_parts(value)
        fields = self._known.get(prefix)
        if fields is not None and fields.series.joint is None:
            found = _add_simple(fields, body, stamp, at, out)
            if found is not None:
                return "" if found else NOTHING_USABLE
        try:
            text = value.decode()
        except UnicodeDecodeError:
            return NOT_UTF8
        return self._decode_text(text, message, at, out)

    def _decode_text(self, text: str, message: Message, at: int, out: Columns) -> str:
        before, understood, reason = len(out.series), False, ""
        for raw in split_lines(text):
            bare = raw.strip(" \t\r\n")
            if not bare or bare.startswith("#"):
                continue
            try:
                understood |= self._add_line(bare, message, at, out)
            except DecodeError as error:
                reason = reason or str(error)
        if len(out.series) > before:
            return ""
        return reason or ("" if understood else NOTHING_USABLE)

    def _add_line(self, text: str, message: Message, at: int, out: Columns) -> bool:
        line = parse_line(text)
        if line is None:
            raise DecodeError(NOT_LINE_PROTOCOL)
        time_ns = time_from(line.time, message)
        return self._series(text, line, message.key).add(line.fields, time_ns, at, out)

    def _series(self, text: str, line: Line, key: bytes | None) -> MetricSeries:
        prefix = text[: find_separator(text, " ")].encode()
        fields = self._known.get(prefix)
        if fields is None:
            fields = self._known.get((prefix, key))
        if fields is None:
            series, by_tags = self._binder.metric(line.measurement, line.tags, key)
            if len(self._known) >= CACHED_PREFIXES:
                self._known.clear()
            fields = self._known[prefix if by_tags else (prefix, key)] = FieldBindings(series)
        return fields.series


def _simple_parts(value: bytes) -> tuple[bytes, bytes, bytes]:
    """Prefix, fields and time of a message, if it is one line whose fields hold no spaces."""
    start, end = value.find(b" "), value.rfind(b" ")
    while start > 0 and value[start - 1] == _BACKSLASH:
        start = value.find(b" ", start + 1)
    return value[:start], value[start + 1 : end], value[end + 1 :]


def _add_simple(fields: FieldBindings, body: bytes, stamp: bytes, at: int, out: Columns) -> bool | None:
    """Append `a=1,b=2i`; whether it was understood; None, and nothing appended, if only the parser can."""
    stamp = stamp.rstrip()
    if (
        len(body) > MAX_FIELDS
        or len(stamp) not in _NS_DIGITS
        or not stamp.isdigit()
        or body.split() != [body]
    ):
        return None
    time_ns, before = int(stamp), len(out.series)
    if time_ns >= LATEST_NS or b"\\" in body:
        return None
    try:
        for part in body.split(b","):
            name, _, text = part.partition(b"=")
            binding = fields[name]
            value = _number(text)
            if binding is not None and isfinite(value):
                if binding.plain:
                    out.series.append(binding.series)
                    out.time_ns.append(time_ns)
                    out.value.append(value)
                    out.message.append(at)
                else:
                    binding.add(value, time_ns, at, out)
    except ValueError:  # a boolean, or something that is no value at all
        out.cut(before)
        return None
    return len(out.series) > before or _says_none(fields, body)


def _says_none(fields: FieldBindings, body: bytes) -> bool:
    parts = (part.partition(b"=") for part in body.split(b","))
    return any(fields.series.says_none(name.decode(), _number(text)) for name, _, text in parts)


def _number(text: bytes) -> float:
    if b"_" in text:  # Python's numbers may hold underscores, InfluxDB's may not
        raise ValueError("underscore")
    try:
        return float(text)
    except ValueError:
        if text[-1:] in _SUFFIXES:
            return float(int(text[:-1]))
        raise
