"""Readings from messages of JSON: what shape a document has, and so whose it is.

One document, an array of them, or one a line; each is told by its own keys, so a topic may mix dialects.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from agent.errors import DecodeError
from agent.telemetry.beats_json import BeatsJson
from agent.telemetry.binding import Binder, Columns
from agent.telemetry.collectd_json import CollectdJson
from agent.telemetry.kafkapump import KafkaPump
from agent.telemetry.metric_report import MetricReports
from agent.telemetry.native import Native
from agent.telemetry.netdata_json import NetdataJson
from agent.telemetry.otlp_json import OtlpJson
from agent.telemetry.prometheus_json import PrometheusJson
from agent.telemetry.readings import Message
from agent.telemetry.reasons import NOT_JSON, NOT_UTF8, NOTHING_USABLE, TOO_LARGE
from agent.telemetry.telegraf_json import TelegrafJson
from agent.telemetry.vector_json import VectorJson

Document = dict[str, object]
Kind = type | tuple[type, ...]
Add = Callable[[Document, Message, Columns], bool]
MAX_DOCUMENTS = 10_000  # in one message

# What JSON has no word for and some senders write all the same, outside of strings.
_NO_NUMBER = re.compile(
    rb'"(?:[^"\\]++|\\.)*+"|-?\b(?:NaN|Infinity)\b|-?\d+(?:\.\d+)?[eE]\+?\d{3,}|-?\d{300,}'
)


class Shape(NamedTuple):
    """A kind of document, told by the types of some of its keys; `add` says whether it understood one."""

    keys: dict[str, Kind]
    add: Add


class JsonMessages:
    """Turns messages of JSON into readings."""

    def __init__(self, binder: Binder) -> None:
        self._telegraf, native, reports = TelegrafJson(binder), Native(binder), MetricReports(binder)
        otlp = OtlpJson(binder)
        samples = PrometheusJson(binder)
        vector, beats = VectorJson(samples), BeatsJson(samples)
        shapes = (
            Shape({"fields": dict, "name": str}, self._telegraf.add),
            Shape({"metrics": dict}, native.add),
            Shape({"sensor": str}, native.add),
            Shape({"metrics": list}, self._add_batch),
            Shape({"labels": dict, "value": (str, float, int)}, samples.add_adapters),
            Shape({"resourceMetrics": list}, otlp.add),
            Shape({"resource_metrics": list}, otlp.add),
            Shape({"MetricValues": list}, reports.add),
            Shape({"MetricReport": dict}, reports.add),
            Shape({"Events": list}, reports.add),
            Shape({"event": str, "fields": dict}, KafkaPump(binder).add),
            Shape({"metric": dict, "value": list}, samples.add_queried),
            Shape({"metric": dict, "values": list}, samples.add_queried),
            Shape({"timeseries": list}, samples.add_written),
            Shape({"name": str, "kind": str}, vector.add),
            Shape({"metric": dict}, vector.add_native),
            Shape({"@timestamp": str, "prometheus": dict}, beats.add),
            Shape({"@timestamp": str, "metricset": dict}, beats.add),
            Shape({"values": list, "dsnames": list}, CollectdJson(self._telegraf).add),
            Shape({"chart_id": str, "hostname": str}, NetdataJson(self._telegraf).add),
        )
        self._shapes = [_by_first_key(shape) for shape in shapes]

    def decode(self, value: bytes, message: Message, out: Columns) -> str:
        """Append the readings of a message; why there are none, or ""."""
        reason = self._telegraf.decode_known(value, out)
        if reason is not None:
            return reason
        before, understood, reason, count, document = len(out.series), False, "", 0, None
        for document in _documents(value):
            count += 1
            if count > MAX_DOCUMENTS:
                reason = reason or TOO_LARGE
                break
            try:
                understood |= self._add(document, message, out)
            except DecodeError as error:
                reason = reason or str(error)
        if count == 1 and isinstance(document, dict) and "fields" in document:
            self._telegraf.remember(value, document, message)
        if len(out.series) > before:
            return ""
        return reason or ("" if understood else NOTHING_USABLE)

    def _add(self, document: object, message: Message, out: Columns) -> bool:
        if isinstance(document, DecodeError):
            raise document
        if not isinstance(document, dict):
            raise DecodeError(NOTHING_USABLE)
        for key, kind, others, add in self._shapes:
            if (
                key in document
                and isinstance(document[key], kind)
                and (not others or all(isinstance(document.get(name), of) for name, of in others))
            ):
                return add(document, message, out)
        raise DecodeError(NOTHING_USABLE)

    def _add_batch(self, batch: Document, message: Message, out: Columns) -> bool:
        metrics = batch["metrics"]
        if not isinstance(metrics, list) or len(metrics) > MAX_DOCUMENTS:
            raise DecodeError(TOO_LARGE)
        before, understood, first = len(out.series), False, None
        for metric in metrics:
            try:
                understood |= isinstance(metric, dict) and self._telegraf.add(metric, message, out)
            except DecodeError as error:
                first = first or error
        if len(out.series) == before and first is not None:
            raise first
        return understood


def _by_first_key(shape: Shape) -> tuple[str, Kind, list[tuple[str, Kind]], Add]:
    """A shape's first key, which tells nearly all documents, apart from the others."""
    (key, kind), *others = shape.keys.items()
    return key, kind, others, shape.add


def _documents(value: bytes) -> Iterator[object]:
    """The documents in a message; a DecodeError in the place of each that is not JSON."""
    whole = _parse(value)
    if isinstance(whole, DecodeError) and b"\n" in value.strip():
        for line in value.split(b"\n"):
            if line.strip():
                yield from _flat(_parse(line))
        return
    yield from _flat(whole)


def _flat(document: object) -> Iterator[object]:
    if isinstance(document, list):
        yield from (part for part in document if part is not None)
    else:
        yield document


def _parse(value: bytes) -> object:
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ValueError):
        return _parse_without_nan(value)


def _finite_or_false(match: re.Match[bytes]) -> bytes:
    text = match[0]
    if text.startswith(b'"') or (text[-1:].isdigit() and math.isfinite(float(text))):
        return text
    return b"false"  # which is neither a value nor a time


def _parse_without_nan(value: bytes) -> object:
    """Once more, with `false` for NaN, infinities and numbers beyond floats: the rest may be good."""
    try:
        value.decode()
    except UnicodeDecodeError:
        return DecodeError(NOT_UTF8)
    cleaned = _NO_NUMBER.sub(_finite_or_false, value)
    if cleaned == value:
        return DecodeError(NOT_JSON)
    try:
        return msgspec.json.decode(cleaned)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ValueError):
        return DecodeError(NOT_JSON)
