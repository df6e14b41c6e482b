"""Dell's kafkapump: the iDRACs' metrics of one report as an array, an entry each.

[{"time": 1738370376, "event": "metric", "host": "6VQS5X3",
  "fields": {"_value": 42, "metric_name": "System Board Exhaust Temp_TemperatureReading"}}, …, null]

The host is a service tag, a metric's name its context and its MetricId. The sender leaves `_value` out where
it is 0, which is a stopped fan as well as a word that it could not read as a number.
"""

from __future__ import annotations

from functools import lru_cache

from agent.errors import DecodeError
from agent.telemetry.binding import Binder, Cache, Columns, MetricSeries
from agent.telemetry.catalogue import VENDOR_NAMES
from agent.telemetry.hosts import IDENTITY_TAGS
from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements import idrac
from agent.telemetry.readings import Message
from agent.telemetry.reasons import NOTHING_USABLE
from agent.telemetry.times import time_from

METRIC = "metric"  # the other event is "alert"
CACHED_HOSTS = 200_000

_HEADER = IDENTITY_TAGS | {"rack", "row"}


class KafkaPump:
    """Turns kafkapump's entries into readings."""

    def __init__(self, binder: Binder) -> None:
        self._binder = binder
        self._known: Cache[object, MetricSeries] = binder.cache(CACHED_HOSTS)

    def add(self, document: dict[str, object], message: Message, out: Columns) -> bool:
        """Append the reading of one entry; whether it was understood. Alerts are not read.

        Raises:
            DecodeError: it is a metric without a name, a host or a usable time.
        """
        if document.get("event") != METRIC:
            return False
        fields = document.get("fields")
        name = fields.get("metric_name") if isinstance(fields, dict) else None
        if not isinstance(fields, dict) or not isinstance(name, str) or not name:
            raise DecodeError(NOTHING_USABLE)
        time_ns = time_from(document.get("time"), message)
        if len(name) > idrac.MAX_SENSOR_LENGTH:
            return False
        value = _value_of(fields, name)
        if value is None:
            return fields.get("_value") is None
        series = self._series(document, message)
        binding = series[name]
        if binding is None:
            return name in series
        return binding.add(value, time_ns, out) or binding.says_none(value)

    def _series(self, document: dict[str, object], message: Message) -> MetricSeries:
        tags = {k: v for k, v in document.items() if k in _HEADER and isinstance(v, str)}
        identity = tuple(tags.items())
        known = self._known.get(identity)
        if known is None:
            known = self._known.get((message.key, identity))
        if known is not None:
            return known
        series, by_tags = self._binder.metric(idrac.FAMILY, tags, message.key, meaning_of)
        self._known.keep(identity if by_tags else (message.key, identity), series)
        return series


def meaning_of(_measurement: str, _tags: Tags, field: str) -> Meaning | None:
    """The sensor that a metric's name is."""
    context, metric_id = _parts_of(field)
    return idrac.meaning_of(metric_id, context)


def _value_of(fields: dict[str, object], name: str) -> float | None:
    """An entry's value: 0 where it is left out and can be one, None where there is none."""
    if "_value" not in fields:
        return 0.0 if _zero_can_be_read(name) else None
    value = fields["_value"]
    return None if isinstance(value, str) else idrac.known_number(value)


@lru_cache(maxsize=VENDOR_NAMES)
def _zero_can_be_read(name: str) -> bool:
    context, metric_id = _parts_of(name)
    return idrac.zero_can_be_read(metric_id, context)


def _parts_of(name: str) -> tuple[str, str]:
    """Context and MetricId; a context may hold underscores, a MetricId does not."""
    context, _, metric_id = name.rpartition("_")
    return context, metric_id
