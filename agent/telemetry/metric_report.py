"""Redfish metric reports, as a BMC pushes them: every value a text, with a time and a property of its own.

{"Id": "ThermalSensor", "Timestamp": "2025-02-01T00:39:38.000Z", "Oem": {"Dell": {"ServiceTag": "6VQS5X3"}},
 "MetricValues": [{"MetricId": "TemperatureReading", "MetricValue": "42", "Timestamp": "2025-02-01T00:39:36Z",
                   "MetricProperty": "/redfish/v1/…",
                   "Oem": {"Dell": {"ContextID": "System Board Exhaust Temp", "FQDD": "…"}}}, …]}

A report may stand inside of an event (`Events`) or under `MetricReport`, beside the name of its host.
Values that are words, durations, "nan" or stale are no readings. What is absent may be unchanged.
"""

from __future__ import annotations

from agent.errors import DecodeError
from agent.telemetry.binding import Binder, Cache, Columns, MetricSeries
from agent.telemetry.hosts import IDENTITY_TAGS
from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements import idrac, metric_property
from agent.telemetry.readings import Message
from agent.telemetry.reasons import NOTHING_USABLE, TOO_LARGE
from agent.telemetry.times import time_from

Document = dict[str, object]
MAX_VALUES = 10_000  # in one report
CACHED_HOSTS = 200_000
NUMBER_LENGTH = 64  # characters; longer is no number

_INJECTED = {"HostName": "Hostname"}
_HEADER = IDENTITY_TAGS | _INJECTED.keys() | {"rack", "row"}
_SEPARATOR, _AS_DUTY = "\x1f", "%"


class MetricReports:
    """Turns metric reports into readings."""

    def __init__(self, binder: Binder) -> None:
        self._binder = binder
        self._known: Cache[object, MetricSeries] = binder.cache(CACHED_HOSTS)

    def add(self, document: Document, message: Message, out: Columns) -> bool:
        """Append the readings of a report, or of those in an envelope; whether it was understood.

        Raises:
            DecodeError: there is no report, or it has no host or no usable time.
        """
        before, understood, first = len(out.series), False, None
        header = tags_of(document)
        for report in _reports_in(document):
            try:
                understood |= self._add_report(report, header | tags_of(report), message, out)
            except DecodeError as error:
                first = first or error
        if len(out.series) == before and first is not None:
            raise first
        return understood

    def _add_report(self, report: Document, tags: dict[str, str], message: Message, out: Columns) -> bool:
        values = report["MetricValues"]
        if not isinstance(values, list) or len(values) > MAX_VALUES:
            raise DecodeError(TOO_LARGE)
        series = self._series(tags, message)
        oem_of_all = report.get("Oem")
        stale = _is_stale(oem_of_all, False) if isinstance(oem_of_all, dict) else False
        report_time = report.get("Timestamp")
        name = _text(report.get("Id"))[: idrac.MAX_SENSOR_LENGTH]
        air = name if metric_property.AIR.fullmatch(name) else ""
        before, first = len(out.series), None
        understood = not values and bool(name)  # a report on parts that this machine does not have
        for entry in values:
            if not isinstance(entry, dict):
                continue
            oem = entry.get("Oem")
            of_vendor = oem if isinstance(oem, dict) else {}
            value, sensor = number_in(entry.get("MetricValue")), _sensor_of(entry, of_vendor, air)
            if len(sensor) > idrac.MAX_SENSOR_LENGTH:
                continue
            if value is None or _is_stale(of_vendor, stale):
                understood = understood or (_names_a_sensor(sensor) and _is_word(entry.get("MetricValue")))
                continue
            try:
                time_ns = time_from(entry.get("Timestamp") or report_time, message)
            except DecodeError as error:
                first = first or error
                continue
            understood |= _append(series, sensor, value, time_ns, out)
        if len(out.series) == before and first is not None:
            raise first
        return understood

    def _series(self, tags: dict[str, str], message: Message) -> MetricSeries:
        identity = tuple(tags.items())
        known = self._known.get(identity)
        if known is None:
            known = self._known.get((message.key, identity))
        if known is not None:
            return known
        series, by_tags = self._binder.metric(metric_property.FAMILY, tags, message.key, meaning_of)
        self._known.keep(identity if by_tags else (message.key, identity), series)
        return series


def meaning_of(_measurement: str, _tags: Tags, field: str) -> Meaning | None:
    """The sensor behind a value's marks, which `_sensor_of` has put together."""
    metric_id, context, part, path, *duty = field.split(_SEPARATOR)
    if metric_id in idrac.METRICS and "/DellNumericSensor" in path:
        context = context or path.rpartition("/")[2].removesuffix(f"#{idrac.RAW_READING}")
    if metric_id and (context or (metric_id in idrac.METRICS and not path)):
        return None if duty else idrac.meaning_of(metric_id, context, part)
    return metric_property.meaning_of(metric_id, path, bool(duty))


def tags_of(document: Document) -> dict[str, str]:
    """What a report or its envelope says of its host: injected fields, the service tag, the context."""
    tags = {
        _INJECTED.get(k, k): v
        for k, v in document.items()
        if k in _HEADER and isinstance(v, str) and v.strip()
    }
    oem = document.get("Oem")
    dell = oem.get("Dell") if isinstance(oem, dict) else None
    tag = dell.get("ServiceTag") if isinstance(dell, dict) else None
    return tags | {"service_tag": tag} if isinstance(tag, str) and tag.strip() else tags


def number_in(value: object) -> float | None:
    """A value's number: `"42"`, `"42.000000"`; None for words, null, "nan", durations and "unknown"."""
    if isinstance(value, str) and (len(value) > NUMBER_LENGTH or "_" in value):
        return None
    return idrac.known_number(value)


def _reports_in(document: Document) -> list[Document]:
    """The report itself, that in an envelope, or those in its events.

    Raises:
        DecodeError: there is none.
    """
    events = document.get("Events")
    candidates: list[object] = [document, document.get("MetricReport")]
    for event in events[:MAX_VALUES] if isinstance(events, list) else ():
        if isinstance(event, dict):
            candidates += [event, event.get("MetricReport"), event.get("Oem")]
    reports = [c for c in candidates if isinstance(c, dict) and isinstance(c.get("MetricValues"), list)]
    if not reports:
        raise DecodeError(NOTHING_USABLE)
    return reports


def _sensor_of(entry: Document, of_vendor: Document, air: str) -> str:
    """What tells a value's sensor from all others of its host; `air` is a name that its report gives it."""
    dell = of_vendor.get("Dell")
    if not isinstance(dell, dict):
        metric_id = _text(entry.get("MetricId")) or air
        return f"{metric_id}{_SEPARATOR}{_SEPARATOR}{_SEPARATOR}{_text(entry.get('MetricProperty'))}"
    fqdd = _text(dell.get("FQDD"))
    context = _text(dell.get("ContextDisplayName")) or _text(dell.get("ContextID")) or fqdd
    metric_id = _text(entry.get("MetricId")) or ("" if context else air)
    return _SEPARATOR.join((metric_id, context, fqdd, _text(entry.get("MetricProperty"))))


def _append(series: MetricSeries, sensor: str, value: float, time_ns: int, out: Columns) -> bool:
    """Append a value; whether it was understood."""
    binding = series[sensor]
    if binding is not None and binding.add(value, time_ns, out):
        return True
    duty = series[f"{sensor}{_SEPARATOR}{_AS_DUTY}"] if metric_property.is_duty(value) else None
    if duty is not None and duty.add(value, time_ns, out):
        return True
    return _names_a_sensor(sensor) and (sensor in series if binding is None else binding.says_none(value))


def _names_a_sensor(sensor: str) -> bool:
    return bool(sensor.strip(_SEPARATOR))


def _is_word(value: object) -> bool:
    """Whether a value is what reports hold: a text, which stands for "no reading", or null."""
    return value is None or (isinstance(value, str) and len(value) <= NUMBER_LENGTH)


def _is_stale(of_vendor: Document, otherwise: bool) -> bool:
    """Whether NVIDIA's BMC says that a value, or all of a report, has not been read anew."""
    own = of_vendor.get("Nvidia")
    stale = own.get("MetricValueStale") if isinstance(own, dict) else None
    return stale if isinstance(stale, bool) else otherwise


def _text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return value.replace(_SEPARATOR, "") if _SEPARATOR in value else value
