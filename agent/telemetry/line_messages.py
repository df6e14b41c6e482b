"""Readings from messages of line protocol. A line whose prefix has been seen is looked up, not parsed."""

from __future__ import annotations

from agent.errors import DecodeError
from agent.telemetry.binding import LARGEST, MAX_FIELDS, Binder, Cache, Columns, MetricSeries
from agent.telemetry.line_protocol import Line, find_separator, parse_line, split_lines
from agent.telemetry.readings import Message
from agent.telemetry.reasons import NOT_LINE_PROTOCOL, NOT_UTF8, NOTHING_USABLE
from agent.telemetry.times import LATEST_NS, KnownTimes, time_from

CACHED_PREFIXES = 400_000  # a site of 10,000 hosts × 40 sensors; beyond that the cache starts anew

_NS_DIGITS = (18, 19)  # of a time in ns: 1973 to 2286
_SUFFIXES = (b"i", b"u")
_BOOLEANS = frozenset((b"t", b"T", b"true", b"True", b"TRUE", b"f", b"F", b"false", b"False", b"FALSE"))
_SPACE = 0x20


class LineMessages:
    """Turns messages of line protocol into readings."""

    def __init__(self, binder: Binder) -> None:
        self._binder = binder
        # Prefix → its fields; by the Kafka key too where the tags name no host.
        self._known: Cache[bytes | tuple[bytes, bytes | None], MetricSeries] = binder.cache(CACHED_PREFIXES)
        self._times = KnownTimes(_time_ns)

    def decode(self, value: bytes, message: Message, out: Columns) -> str:
        """Append the readings of a message; why there are none, or ""."""
        # Right if the prefix turns out to be known: then this is one line, and its fields hold no spaces.
        start, _, stamp = value.rpartition(b" ")
        prefix, _, body = start.rpartition(b" ")
        series = self._known.get(prefix)
        if series is not None and series.joint is None:
            time_ns = self._times[stamp]
            found = _add_simple(series, body, time_ns, out) if time_ns else None
            if found is not None:
                return "" if found else NOTHING_USABLE
        try:
            text = value.decode()
        except UnicodeDecodeError:
            return NOT_UTF8
        return self._decode_text(text, message, out)

    def _decode_text(self, text: str, message: Message, out: Columns) -> str:
        before, understood, reason = len(out.series), False, ""
        for raw in split_lines(text):
            bare = raw.strip(" \t\r\n")
            if not bare or bare.startswith("#"):
                continue
            try:
                understood |= self._add_line(bare, message, out)
            except DecodeError as error:
                reason = reason or str(error)
        if len(out.series) > before:
            return ""
        return reason or ("" if understood else NOTHING_USABLE)

    def _add_line(self, text: str, message: Message, out: Columns) -> bool:
        line = parse_line(text)
        if line is None:
            raise DecodeError(NOT_LINE_PROTOCOL)
        time_ns = time_from(line.time, message)
        return self._series(text, line, message.key).add(line.fields, time_ns, out)

    def _series(self, text: str, line: Line, key: bytes | None) -> MetricSeries:
        prefix = text[: find_separator(text, " ")].encode()
        series = self._known.get(prefix)
        if series is None:
            series = self._known.get((prefix, key))
        if series is None:
            series, by_tags = self._binder.metric(line.measurement, line.tags, key)
            self._known.keep(prefix if by_tags else (prefix, key), series)
        return series


def _time_ns(text: bytes) -> int:
    """The time in ns of a line's end; 0 where only the parser can tell."""
    digits = text.rstrip()
    if len(digits) not in _NS_DIGITS or not digits.isdigit() or int(digits) >= LATEST_NS:
        return 0
    return int(digits)


def _add_simple(series: MetricSeries, body: bytes, time_ns: int, out: Columns) -> bool | None:
    """Append `a=1,b=2i`; whether it was understood; None, and nothing appended, if only the parser can."""
    parts = body.split(b",")
    if b"\\" in body or len(parts) > MAX_FIELDS:
        return None
    before, only_numbers = len(out.series), True
    names: set[bytes] = set()
    try:
        for part in parts:
            name, _, text = part.partition(b"=")
            names.add(name)
            try:
                value = float(text)
            except ValueError:
                if _is_no_number(text):
                    only_numbers = False
                    continue
                value = _integer(text)
            # What Python's numbers may hold and InfluxDB's may not.
            if b"_" in text or text[0] <= _SPACE or text[-1] <= _SPACE or not name:
                raise ValueError(part)
            binding = series[name]
            if binding is None:
                continue
            if binding.plain and -LARGEST <= value <= LARGEST:
                out.series.append(binding.series)
                out.time_ns.append(time_ns)
                out.value.append(value)
            else:
                binding.add(value, time_ns, out)
    except ValueError:  # no value at all
        names.clear()
    if len(names) < len(parts):  # or a field twice
        out.cut(before)
        return None
    if len(out.series) > before:
        return True
    return _says_none(series, parts) if only_numbers else None


def _says_none(series: MetricSeries, parts: list[bytes]) -> bool:
    fields = (part.partition(b"=") for part in parts)
    return any(series.says_none(name, _number(text)) for name, _, text in fields)


def _number(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return _integer(text)


def _integer(text: bytes) -> float:
    if text[-1:] not in _SUFFIXES:
        raise ValueError(text)
    return float(int(text[:-1]))


def _is_no_number(text: bytes) -> bool:
    """Whether it is a boolean or a string, of which no part looks like the end of one."""
    return text in _BOOLEANS or (text[:1] == text[-1:] == b'"' and text.count(b'"') == 2)
