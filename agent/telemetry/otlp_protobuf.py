"""OpenTelemetry's metrics as protobuf, what the collector's Kafka exporter sends unless told otherwise.

    0A …  resource_metrics   of an ExportMetricsServiceRequest or of MetricsData, which are the same bytes
      0A …  resource
      12 …  scope_metrics

The first byte is also a line's end, so text may look the same; and other protobuf, such as Prometheus' remote
write, may parse. Only what holds a metric with a name is OpenTelemetry's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from agent.errors import DecodeError
from agent.telemetry.binding import Binder, Columns
from agent.telemetry.otlp import (
    MAX_NAME,
    MAX_TEXT,
    NO_RECORDED_VALUE,
    Attributes,
    Metric,
    Otlp,
    Point,
    joined,
    resource_of,
)
from agent.telemetry.readings import Message
from agent.telemetry.reasons import NOTHING_USABLE, unsupported

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.metrics.v1 import metrics_pb2

FIRST_BYTE = 0x0A
SCOPE_METRICS = b"\x12"  # its tag, which no text holds
NOT_OTLP = unsupported("protobuf")

_DELTA = 1  # AGGREGATION_TEMPORALITY_DELTA


class OtlpProtobuf:
    """Turns messages of OTLP into readings."""

    def __init__(self, binder: Binder) -> None:
        self._otlp = Otlp(binder)

    def decode(self, value: bytes, message: Message, out: Columns) -> str:
        """Append the readings of a message; why there are none, or "". Any bytes may be asked."""
        data = _parse(value)
        if data is None or not any(_is_metric(metric) for _, metric in _each_metric(data)):
            return NOT_OTLP
        try:
            return "" if self._otlp.add(_metrics(data), message, out) else NOTHING_USABLE
        except DecodeError as error:
            return str(error)


def may_be_otlp(value: bytes) -> bool:
    """Whether a message could be OTLP by its first bytes; no text that is a line or JSON could."""
    return value[0] == FIRST_BYTE and SCOPE_METRICS in value


def _parse(value: bytes) -> metrics_pb2.MetricsData | None:
    message, not_parsed = _protobuf()
    data = message()
    try:
        data.ParseFromString(value)
    except not_parsed:
        return None
    return data


@lru_cache(maxsize=1)
def _protobuf() -> tuple[type[metrics_pb2.MetricsData], type[Exception]]:
    """The library, once somebody sends protobuf: it takes a while to import."""
    from google.protobuf.message import DecodeError as NotParsed
    from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData

    return MetricsData, NotParsed


def _each_metric(data: metrics_pb2.MetricsData) -> Iterator[tuple[Attributes, metrics_pb2.Metric]]:
    for of_resource in data.resource_metrics:
        resource = _attributes(of_resource.resource.attributes)
        for of_scope in of_resource.scope_metrics:
            whose = resource_of(resource, of_scope.scope.name)
            for metric in of_scope.metrics:
                yield whose, metric


def _is_metric(metric: metrics_pb2.Metric) -> bool:
    return bool(metric.name) and metric.WhichOneof("data") is not None


def _metrics(data: metrics_pb2.MetricsData) -> Iterator[Metric]:
    for resource, metric in _each_metric(data):
        if 0 < len(metric.name) <= MAX_NAME:
            points, is_level = list(_points(metric)), not _is_left(metric)
            yield Metric(resource, metric.name, metric.unit, points, is_level)


def _points(metric: metrics_pb2.Metric) -> Iterator[Point]:
    """The points of a gauge or of a sum that is a level."""
    kind = metric.WhichOneof("data")
    if kind == "gauge":
        points = metric.gauge.data_points
    elif kind == "sum" and metric.sum.aggregation_temporality != _DELTA:
        points = metric.sum.data_points
    else:
        return
    for point in points:
        number = point.WhichOneof("value")
        value = point.as_double if number == "as_double" else point.as_int
        if point.flags & NO_RECORDED_VALUE:
            number, value = "none", math.nan
        if number and not math.isinf(value):
            yield Point(_attributes(point.attributes), point.time_unix_nano, value)


def _is_left(metric: metrics_pb2.Metric) -> bool:
    """Whether it is a distribution or what a sum grew by: no level, and not meant as one."""
    kind = metric.WhichOneof("data")
    if kind == "sum":
        return metric.sum.aggregation_temporality == _DELTA
    return kind is not None and kind != "gauge"


def _attributes(attributes: Iterable[KeyValue]) -> Attributes:
    found = []
    for attribute in attributes:
        name, value = attribute.key, attribute.value
        text = value.string_value or _value_text(value)  # nearly all are texts
        if name and text is not None and len(name) <= MAX_NAME and len(text) <= MAX_TEXT:
            found.append((name, text))
    return tuple(found)


def _value_text(value: AnyValue) -> str | None:
    """An attribute's value as text, the same as from JSON; None where it is empty, bytes or a map."""
    if value.WhichOneof("value") == "array_value":
        parts = [_scalar_text(part) for part in value.array_value.values]
        return joined(parts) if parts else None
    return _scalar_text(value)


def _scalar_text(value: AnyValue) -> str | None:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return value.string_value
    if kind == "bool_value":
        return str(value.bool_value).lower()
    if kind == "int_value":
        return str(value.int_value)
    return str(value.double_value) if kind == "double_value" else None
