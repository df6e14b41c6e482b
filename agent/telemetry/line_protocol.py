"""InfluxDB line protocol: a strict parser by InfluxDB's own rules.

    ipmi_sensor,name=fan1,server=10.20.2.203,unit=rpm value=5040 1767225600000000000
    └──── prefix: measurement and tags ────────────┘ └ fields ─┘ └── time ─────────┘

A separator counts unless a backslash stands right before it; within a quoted string none does. Every step is
linear in the length of the text, so that a hostile message costs no more than a long one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

FieldValue = float | int | bool | str

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"([+-]?\d{1,19})i|(\d{1,20})u", re.ASCII)
_NOT_A_NUMBER = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)  # some senders write them
_TIME = re.compile(r"-?\d{1,19}", re.ASCII)
_COMMA = re.compile(r"(?<!\\),")
_ESCAPED = re.compile(r"\\([,= ])")

# Possessive: what has matched is not tried again in another way, so that a long line needs no long memory.
_TEXT = r'"(?:[^"\\]++|\\.)*+"'
_STRING = re.compile(_TEXT, re.DOTALL)
_STRING_END = re.compile(r'(?:[^"\\]++|\\.)*+"', re.DOTALL)
_STRING_ESCAPED = re.compile(r'\\(["\\])')
_FIELDS = re.compile(rf'(?:[^ "\\]++|\\.|{_TEXT})++', re.DOTALL)
_FIELD = re.compile(rf'((?:[^,"\\]++|\\.|{_TEXT})++)(,|\Z)', re.DOTALL)

_BOOLEANS = dict.fromkeys(("t", "T", "true", "True", "TRUE"), True)
_BOOLEANS |= dict.fromkeys(("f", "F", "false", "False", "FALSE"), False)


@dataclass(frozen=True, slots=True)
class Line:
    """One parsed line. `time` is None where the line has none; its unit is the sender's."""

    measurement: str
    tags: dict[str, str]
    fields: dict[str, FieldValue]
    time: int | None


def parse_lines(text: str) -> Iterator[Line | None]:
    """Every line of a text that is neither blank nor a comment; None for one that is not line protocol."""
    for line in split_lines(text):
        bare = line.strip(" \t\r")
        if bare and not bare.startswith("#"):
            yield parse_line(bare)


def parse_line(line: str) -> Line | None:
    """One line, or None where it is not line protocol: escapes in names, strings, suffixes `i` and `u`."""
    try:
        return _parse(line)
    except ValueError:
        return None


def _parse(line: str) -> Line:
    prefix, rest = _cut(line, " ")
    rest = rest.lstrip(" ")
    body = _FIELDS.match(rest)
    if body is None or rest[body.end() : body.end() + 1] not in ("", " "):
        raise ValueError("fields")
    stamp = rest[body.end() :].strip(" ")
    if stamp and not _TIME.fullmatch(stamp):
        raise ValueError("time")
    measurement, *tags = _COMMA.split(prefix)
    if not measurement:
        raise ValueError("measurement")
    return Line(
        _unescape(measurement),
        dict(_tag(tag) for tag in tags),
        dict(_field(part) for part in _split_fields(body[0])),
        int(stamp) if stamp else None,
    )


def _cut(text: str, separator: str) -> tuple[str, str]:
    at = find_separator(text, separator)
    if at < 0:
        raise ValueError(f"no {separator!r}")
    return text[:at], text[at + 1 :]


def find_separator(text: str, separator: str) -> int:
    """Where the first separator is that no backslash escapes; −1 where there is none."""
    at = text.find(separator)
    while at > 0 and text[at - 1] == "\\":
        at = text.find(separator, at + 1)
    return at


def _unescape(name: str) -> str:
    return _ESCAPED.sub(r"\1", name) if "\\" in name else name


def _tag(text: str) -> tuple[str, str]:
    name, value = _cut(text, "=")
    if not name or not value:
        raise ValueError("tag")
    return _unescape(name), _unescape(value)


def _split_fields(body: str) -> Iterator[str]:
    at, more = 0, ","
    while more:
        part = _FIELD.match(body, at)
        if part is None:
            raise ValueError("field")
        yield part[1]
        at, more = part.end(), part[2]


def _field(text: str) -> tuple[str, FieldValue]:
    name, value = _cut(text, "=")
    if not name:
        raise ValueError("field name")
    return _unescape(name), _value(value)


def _value(text: str) -> FieldValue:
    if _NUMBER.fullmatch(text):
        return float(text)
    integer = _INTEGER.fullmatch(text)
    if integer:
        return int(integer[1] or integer[2])
    if _STRING.fullmatch(text):
        return _STRING_ESCAPED.sub(r"\1", text[1:-1])
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _NOT_A_NUMBER.fullmatch(text):
        return float(text)
    raise ValueError("value")


def split_lines(text: str) -> Iterator[str]:
    """The lines of a text; a line end within a quoted field value does not end a line."""
    if '"' not in text:
        yield from text.split("\n")
        return
    pending: list[str] = []  # the pieces of a line whose string is still open
    for piece in text.split("\n"):
        pending.append(piece)
        if not _string_stays_open(piece, inside=len(pending) > 1):
            yield "\n".join(pending)
            pending = []
    yield from pending  # nobody closed the string: each line is judged by itself


def _string_stays_open(piece: str, inside: bool) -> bool:
    if inside:
        end = _STRING_END.match(piece)
        if end is None:
            return True
        rest = piece[end.end() :]
    elif piece.lstrip(" \t").startswith("#"):
        return False
    else:
        fields = find_separator(piece, " ")
        rest = piece[fields:] if fields >= 0 else ""
    return '"' in _STRING.sub("", rest)
