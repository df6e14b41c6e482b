"""OpenTelemetry's metrics as protobuf's JSON: `{"resourceMetrics": [{"resource", "scopeMetrics": […]}]}`.

Integers of 64 bits are in quotes by the rules and bare by habit; NaN and infinities are texts. Names are in
camelCase by the rules; some senders keep the original snake_case.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from agent.telemetry.binding import Binder, Columns
from agent.telemetry.otlp import (
    MAX_NAME,
    MAX_TEXT,
    NO_RECORDED_VALUE,
    Attributes,
    Metric,
    Otlp,
    Point,
    Stamp,
    joined,
    resource_of,
)
from agent.telemetry.readings import Message

Document = dict[str, object]

_INTEGER = re.compile(r"[+-]?\d{1,20}", re.ASCII)
LONGEST = 20  # digits of an integer of 64 bits
_LARGEST_INT64 = 2**63
DISTRIBUTIONS = ("histogram", "exponentialHistogram", "summary")
_DELTA = (1, "1", "AGGREGATION_TEMPORALITY_DELTA")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


class OtlpJson:
    """Turns documents of OTLP into readings."""

    def __init__(self, binder: Binder) -> None:
        self._otlp = Otlp(binder)

    def add(self, document: Document, message: Message, out: Columns) -> bool:
        """Append the readings of one document; whether it was understood.

        Raises:
            DecodeError: there were none, and some point had no host or no usable time; or too many points.
        """
        return self._otlp.add(_metrics(document), message, out)


def _metrics(document: Document) -> Iterator[Metric]:
    for of_resource in _objects(document, "resourceMetrics"):
        resource = _attributes(_object(of_resource, "resource"))
        for of_scope in _objects(of_resource, "scopeMetrics"):
            scope = _text(_object(of_scope, "scope"), "name")
            whose = resource_of(resource, scope)
            for metric in _objects(of_scope, "metrics"):
                name = _text(metric, "name")
                if name and len(name) <= MAX_NAME:
                    points, is_level = list(_points(metric)), not _is_left(metric)
                    yield Metric(whose, name, _text(metric, "unit"), points, is_level)


def _points(metric: Document) -> Iterator[Point]:
    """The points of a gauge or of a sum that is a level."""
    total = _object(metric, "sum")
    if _of(total, "aggregationTemporality") in _DELTA:
        total = {}
    for data in (_object(metric, "gauge"), total):
        for point in _objects(data, "dataPoints"):
            value = point.get("asDouble")
            if type(value) is not float:  # nearly all are
                value = _value(point)
            if "flags" in point and _flags(point) & NO_RECORDED_VALUE:
                value = math.nan
            if value is not None:
                yield Point(_attributes(point), _stamp(point), value)


def _is_left(metric: Document) -> bool:
    """Whether it is a distribution or what a sum grew by: no level, and not meant as one."""
    if any(isinstance(_of(metric, name), dict) for name in DISTRIBUTIONS):
        return True
    return _of(_object(metric, "sum"), "aggregationTemporality") in _DELTA


def _value(point: Document) -> float | None:
    """The number of a point; None where there is none."""
    double, integer = _of(point, "asDouble"), _of(point, "asInt")
    number = _float(double) if double is not None else _int64(integer)
    return number if number is not None and not math.isinf(number) else None


def _float(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return None if isinstance(value, str) and "_" in value else float(value)
    except (ValueError, OverflowError):
        return None


def _int64(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -_LARGEST_INT64 <= value < _LARGEST_INT64 else None


def _flags(point: Document) -> int:
    return _int64(_of(point, "flags")) or 0


def _stamp(point: Document) -> Stamp:
    stamp = _of(point, "timeUnixNano")
    if isinstance(stamp, str):
        return int(stamp) if len(stamp) <= LONGEST and stamp.isascii() and stamp.isdigit() else stamp
    return stamp if stamp is None or isinstance(stamp, int | float) else True


def _attributes(owner: Document) -> Attributes:
    found = []
    for attribute in _objects(owner, "attributes"):
        name, value = attribute.get("key"), attribute.get("value")
        if not isinstance(value, dict) or not isinstance(name, str):
            continue
        text = value.get("stringValue")
        if not isinstance(text, str):  # nearly all are
            text = _value_text(value)
        if name and text is not None and len(name) <= MAX_NAME and len(text) <= MAX_TEXT:
            found.append((name, text))
    return tuple(found)


def _value_text(value: Document) -> str | None:
    """An attribute's value as text, the same as from protobuf; None where it is empty, bytes or a map."""
    parts = [_scalar_text(part) for part in _objects(_object(value, "arrayValue"), "values")]
    return joined(parts) if parts else _scalar_text(value)


def _scalar_text(value: Document) -> str | None:
    text, truth = _of(value, "stringValue"), _of(value, "boolValue")
    if isinstance(text, str):
        return text
    if isinstance(truth, bool):
        return str(truth).lower()
    whole = _int64(_of(value, "intValue"))
    number = _float(_of(value, "doubleValue")) if whole is None else whole
    return None if number is None else str(number)


def _of(owner: Document, name: str) -> object:
    """A field by its name in camelCase or in snake_case."""
    value = owner.get(name)
    return owner.get(_SNAKE[name]) if value is None and name in _SNAKE else value


def _object(owner: Document, name: str) -> Document:
    value = _of(owner, name)
    return value if isinstance(value, dict) else {}


def _objects(owner: Document, name: str) -> list[Document]:
    values = _of(owner, name)
    if not isinstance(values, list):
        return []
    return [value for value in values if isinstance(value, dict)]


def _text(owner: Document, name: str) -> str:
    value = owner.get(name)
    return value if isinstance(value, str) else ""


_SNAKE = {
    name: _HUMP.sub("_", name).lower()
    for name in (
        "resourceMetrics",
        "scopeMetrics",
        "exponentialHistogram",
        "dataPoints",
        "aggregationTemporality",
        "asDouble",
        "asInt",
        "timeUnixNano",
        "stringValue",
        "boolValue",
        "intValue",
        "doubleValue",
        "arrayValue",
    )
}
