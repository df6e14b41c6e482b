"""OpenTelemetry's metrics, whatever bytes they came in, as readings.

    resource (attributes) ─► scope ─► metric (name, unit) ─► points (attributes, time, value)
         └──────────────── host ◄────── series, looked up ──────┘

Gauges and cumulative sums are levels and become readings. Histograms and summaries are not, nor are sums of
deltas: they are understood and left. A point without a time takes its record's.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping
from functools import partial
from math import isfinite
from typing import NamedTuple

from agent.errors import DecodeError
from agent.telemetry.binding import Binder, Binding, Cache, Columns
from agent.telemetry.hosts import names_a_host
from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements import otel
from agent.telemetry.readings import Message
from agent.telemetry.reasons import NOTHING_USABLE, TOO_LARGE
from agent.telemetry.times import time_from

CACHED_SERIES = 400_000  # beyond it the cache starts anew
MAX_POINTS = 30_000  # in one message; a real one of 1 MiB holds fewer
MAX_NAME = 255  # characters of an instrument's name, by the specification
MAX_TEXT = 512  # characters of an attribute; a longer one is no name
NO_RECORDED_VALUE = 1  # the bit of a point's flags that says that there is no value

Attributes = tuple[tuple[str, str], ...]
Stamp = int | float | str | None

PROMETHEUS_SCOPE = "prometheusreceiver"


class Point(NamedTuple):
    """One value, NaN where the sender says that it has none; `stamp` is its time, 0 or None where the sender
    has none, True where it is none."""

    attributes: Attributes
    stamp: Stamp
    value: float


class Metric(NamedTuple):
    """One metric's points, whose they are and in what unit (a UCUM code)."""

    resource: Attributes
    name: str
    unit: str
    points: list[Point]
    is_level: bool = True  # else there are no points


class Otlp:
    """Turns metrics into readings; knows each series that it has seen."""

    def __init__(self, binder: Binder) -> None:
        self._binder = binder
        # By metric, then by point.
        self._known: Cache[object, dict[Attributes, Binding | None]] = binder.cache(CACHED_SERIES)
        self._size = 0  # points that are known

    def add(self, metrics: Iterable[Metric], message: Message, out: Columns) -> bool:
        """Append the readings of a message's metrics; whether they were understood.

        Raises:
            DecodeError: there were none, and some point had no host or no usable time; or too many points.
        """
        before, left, understood, first = len(out.series), MAX_POINTS, False, None
        for metric in metrics:
            understood |= not metric.is_level
            left -= len(metric.points)
            if left < 0:
                first = first or DecodeError(TOO_LARGE)
                break
            metric = _seen_together(metric)
            known = self._known_points(metric, message.key)
            for point in metric.points:
                try:
                    if point.attributes in known:
                        binding = known[point.attributes]
                    else:
                        binding = self._bind(metric, point.attributes, message.key)
                    understood |= _add_point(binding, point, message, out)
                except DecodeError as error:
                    first = first or error
        if len(out.series) == before and first is not None:
            raise first
        return understood

    def _known_points(self, metric: Metric, key: bytes | None) -> Mapping[Attributes, Binding | None]:
        """What is known of a metric's points: by the Kafka key too, where nothing else named a host."""
        whose = (metric.resource, metric.name, metric.unit)
        known, by_key = self._known.get(whose), self._known.get((key, whose))
        if known is None or by_key is None:
            return known or by_key or {}
        return ChainMap(known, by_key)

    def _bind(self, metric: Metric, attributes: Attributes, key: bytes | None) -> Binding | None:
        tags = dict(metric.resource) | {name: value for name, value in attributes if value.strip()}
        # What the resource says is of the host, and tells no sensors apart.
        meaning = partial(_meaning_of, metric, dict(attributes))
        series, _ = self._binder.metric(metric.name, tags, key, meaning)
        bound = series["value"]
        if "value" not in series:
            raise DecodeError(NOTHING_USABLE)
        if self._size >= CACHED_SERIES:
            self._known.clear()
            self._size = 0
        self._size += 1
        whose = (metric.resource, metric.name, metric.unit)
        self._known.setdefault(whose if names_a_host(tags) else (key, whose), {})[attributes] = bound
        return bound


def _add_point(binding: Binding | None, point: Point, message: Message, out: Columns) -> bool:
    """Append a point; whether it was understood."""
    if binding is None:
        return True
    time_ns = time_from(point.stamp or None, message)
    return binding.add(point.value, time_ns, out) or binding.says_none(point.value)


def _meaning_of(metric: Metric, own: Tags, _measurement: str, _tags: Tags, _field: str) -> Meaning | None:
    return otel.meaning_of(metric.name, own, metric.unit)


def resource_of(attributes: Attributes, scope: str) -> Attributes:
    """A resource's attributes; what the Prometheus receiver scraped has its `instance` under another name."""
    instance = dict(attributes).get("service.instance.id") if PROMETHEUS_SCOPE in scope else None
    return (*attributes, ("instance", instance)) if instance else attributes


def joined(parts: Iterable[str | None]) -> str:
    """The text of an attribute that is a list."""
    return ",".join(part for part in parts if part is not None)


def _seen_together(metric: Metric) -> Metric:
    """A metric with what its points say of each other."""
    if metric.name == otel.FAN_READING:
        return metric._replace(unit=otel.fan_unit(metric.unit, [point.value for point in metric.points]))
    if metric.name == otel.CPU_UTILIZATION:
        return metric._replace(points=[*metric.points, *_of_all_processors(metric.points)])
    return metric


def _of_all_processors(points: list[Point]) -> list[Point]:
    """The mean of what each processor was idle for, where only the processors tell points apart."""
    idle: dict[tuple[Attributes, Stamp], list[float]] = {}
    for point in points:
        rest = tuple(one for one in point.attributes if one[0] not in otel.CPU_ATTRIBUTES)
        if rest != point.attributes and isfinite(point.value) and otel.cpu_mode(dict(rest)) == otel.IDLE:
            idle.setdefault((rest, point.stamp), []).append(point.value)
    return [Point(rest, stamp, sum(values) / len(values)) for (rest, stamp), values in idle.items()]
