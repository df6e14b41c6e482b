"""The native JSON: one host's metrics at one time, or one sensor's value.

{"ts": "2026-01-01T00:00:00.000Z", "host": "r01-n07", "rack": "R01", "metrics": {"inlet_temp_c": 24.5, …}}
{"ts": 1767225600000, "host": "r01-n07", "sensor": "inlet_temp_c", "value": 24.5, "unit": "Cel"}

Names are canonical already, and say their unit where the message does not.
"""

from __future__ import annotations

from agent.errors import DecodeError
from agent.telemetry.binding import Binder, Cache, Columns, MetricSeries
from agent.telemetry.hosts import IDENTITY_TAGS
from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.readings import Message
from agent.telemetry.reasons import NOTHING_USABLE
from agent.telemetry.times import time_from
from agent.telemetry.units import unit_named, unit_of_own_name

FAMILY = "native"
TIMES = ("ts", "timestamp", "time")
CACHED_HOSTS = 200_000

_HEADER = IDENTITY_TAGS | {"rack", "row"}


class Native:
    """Turns native messages into readings."""

    def __init__(self, binder: Binder) -> None:
        self._binder = binder
        self._known: Cache[object, MetricSeries] = binder.cache(CACHED_HOSTS)

    def add(self, document: dict[str, object], message: Message, out: Columns) -> bool:
        """Append the readings of one document of either form; whether it was understood.

        Raises:
            DecodeError: it has no host, no usable time or no metrics.
        """
        metrics, unit = document.get("metrics"), ""
        if "sensor" in document:
            sensor, given = document["sensor"], document.get("unit")
            unit = given if isinstance(given, str) else ""
            metrics = {sensor: document.get("value")} if isinstance(sensor, str) else None
        if not isinstance(metrics, dict):
            raise DecodeError(NOTHING_USABLE)
        stamp = next((document[name] for name in TIMES if name in document), None)
        series = self._series(document, unit, message)
        return series.add(metrics, time_from(stamp, message), out)

    def _series(self, document: dict[str, object], unit: str, message: Message) -> MetricSeries:
        tags = {k: v for k, v in document.items() if k in _HEADER and isinstance(v, str)}
        identity = (unit, *tags.items())
        known = self._known.get(identity)
        if known is None:
            known = self._known.get((message.key, identity))
        if known is not None:
            return known
        if unit:
            tags["unit"] = unit
        series, by_tags = self._binder.metric("native", tags, message.key, meaning_of)
        self._known.keep(identity if by_tags else (message.key, identity), series)
        return series


def meaning_of(_measurement: str, tags: Tags, field: str) -> Meaning | None:
    """The sensor that a metric's name is; the tag `unit` says more where it is there."""
    name = lower_snake_case(field)
    if not name:
        return None
    unit = unit_named(tags["unit"], name) if "unit" in tags else unit_of_own_name(name)
    return Meaning((name,), unit.quantity, unit.unit, FAMILY, field, scale=unit.scale, offset=unit.offset)
