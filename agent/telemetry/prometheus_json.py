"""Prometheus samples as JSON, in the forms that adapters put on Kafka.

{"timestamp": "2026-01-01T00:00:00Z", "value": "24", "name": "ipmi_temperature_celsius", "labels": {…}}
{"metric": {"__name__": "node_load1", "instance": "n07:9100"}, "value": [1767225600.123, "0.21"]}
{"metric": {"__name__": …}, "values": [0.21, 0.25], "timestamps": [1767225600000, …]}
{"timeseries": [{"labels": [{"name": "__name__", "value": …}, …],
                 "samples": [{"value": 24, "timestamp": "1767225600000"}]}]}

The first is prometheus-kafka-adapter's, its value in quotes; then the query API's, VictoriaMetrics' export
and the JSON of a remote write request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from agent.errors import DecodeError
from agent.telemetry.binding import Binder, Cache, Columns, MetricSeries
from agent.telemetry.measurements.exporters.energy import without_origin
from agent.telemetry.readings import Message
from agent.telemetry.reasons import NOTHING_USABLE, TOO_LARGE
from agent.telemetry.telegraf_json import text_tags
from agent.telemetry.times import time_from

Document = dict[str, object]
CACHED_SERIES = 400_000  # beyond it the cache starts anew
MAX_SAMPLES = 10_000  # in one message


class Sample(NamedTuple):
    """One value of one series as sent."""

    name: str
    labels: Mapping[str, object]
    value: object
    time: object


class PrometheusJson:
    """Turns samples into readings."""

    def __init__(self, binder: Binder) -> None:
        self._binder = binder
        self._known: Cache[object, MetricSeries] = binder.cache(CACHED_SERIES)

    def add_adapters(self, document: Document, message: Message, out: Columns) -> bool:
        """Append one sample of prometheus-kafka-adapter; whether it was understood: NaN says "no reading".

        Raises:
            DecodeError: it has no name, no host or no usable time.
        """
        labels = document["labels"]
        name = document.get("name")
        if name is None and isinstance(labels, dict):
            name = labels.get("__name__")
        if not isinstance(name, str) or not isinstance(labels, dict):
            raise DecodeError(NOTHING_USABLE)
        return self.add(Sample(name, labels, document.get("value"), document.get("timestamp")), message, out)

    def add_queried(self, document: Document, message: Message, out: Columns) -> bool:
        """The same of a series with its labels under `metric`, with one value or several."""
        labels = document["metric"]
        named = labels if isinstance(labels, dict) else {}
        return self._add_all(_samples(named, _pairs_of(document)), message, out)

    def add_written(self, document: Document, message: Message, out: Columns) -> bool:
        """The same of a remote write request."""
        series = document["timeseries"]
        return self._add_all(_written(series if isinstance(series, list) else []), message, out)

    def add(self, sample: Sample, message: Message, out: Columns) -> bool:
        """Append one sample; whether it was understood.

        Raises:
            DecodeError: it has no host or no usable time.
        """
        time_ns = time_from(sample.time, message)
        series = self._series(sample.name, sample.labels, message.key)
        return series.add_one(sample.name, number_of(sample.value), time_ns, out)

    def _series(self, name: str, labels: Mapping[str, object], key: bytes | None) -> MetricSeries:
        identity = (name, tuple(labels), tuple(labels.values()))
        try:
            known = self._known.get(identity)
            if known is None:
                known = self._known.get((key, identity))
        except TypeError:  # a label that is a list or an object
            known = None
        if known is not None:
            return known
        texts = text_tags(labels)
        series, by_tags = self._binder.metric("prometheus", without_origin(name, texts), key)
        if all(type(value) is str for value in labels.values()):  # else 1, 1.0 and true would be one label
            self._known.keep(identity if by_tags else (key, identity), series)
        return series

    def _add_all(self, samples: Iterable[Sample], message: Message, out: Columns) -> bool:
        before, understood, first = len(out.series), False, None
        for count, sample in enumerate(samples):
            if count >= MAX_SAMPLES:
                raise DecodeError(TOO_LARGE)
            try:
                understood |= self.add(sample, message, out)
            except DecodeError as error:
                first = first or error
        if len(out.series) == before and first is not None:
            raise first
        return understood


def number_of(value: object) -> object:
    """A sample's value, which may be in quotes; as it is where it is no number."""
    if isinstance(value, str) and "_" not in value:
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _samples(labels: Document, pairs: Iterable[tuple[object, object]]) -> Iterator[Sample]:
    name = labels.get("__name__")
    if isinstance(name, str) and name:
        for time, value in pairs:
            yield Sample(name, labels, value, time)


def _pairs_of(document: Document) -> Iterator[tuple[object, object]]:
    """(time, value) of a series; a time that is absent is no time, since the record's is another one."""
    values, times = document.get("values"), document.get("timestamps")
    if isinstance(values, list) and isinstance(times, list):
        yield from zip(times, values, strict=False) if len(times) == len(values) else ()
        return
    for pair in values if isinstance(values, list) else [document.get("value")]:
        if isinstance(pair, list) and len(pair) == 2:
            yield pair[0], pair[1]


def _written(series: list[object]) -> Iterator[Sample]:
    for one in series:
        if not isinstance(one, dict):
            continue
        listed, samples = one.get("labels"), one.get("samples")
        labels: Document = {}
        for label in listed if isinstance(listed, list) else ():
            if isinstance(label, dict) and isinstance(label.get("name"), str):
                labels[label["name"]] = label.get("value")
        kept = [sample for sample in samples if isinstance(sample, dict)] if isinstance(samples, list) else []
        # A value of 0 is left out of proto3's JSON.
        yield from _samples(labels, [(sample.get("timestamp"), sample.get("value", 0.0)) for sample in kept])
