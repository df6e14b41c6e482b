"""Telegraf's JSON: one metric a message, or a batch `{"metrics": […]}`.

    {"fields":{"value":25},"name":"ipmi_sensor","tags":{"name":"inlet_temp","server":"n07",…},"timestamp":1767225600}
              └─ numbers ┘ └──── the same bytes in every message of one series ───────────┘

Telegraf sorts its keys, so name and tags of a series that has been seen are looked up by their bytes.
"""

from __future__ import annotations

import re

import msgspec

from agent.errors import DecodeError
from agent.telemetry.binding import Binder, Columns, MetricSeries
from agent.telemetry.hosts import names_a_host
from agent.telemetry.readings import Message
from agent.telemetry.reasons import NOTHING_USABLE
from agent.telemetry.times import time_from

CACHED_SERIES = 400_000  # beyond it the cache starts anew

_SORTED = re.compile(
    rb'\{"fields":(\{[^{}]*\}),("name":"[^"\\]*","tags":\{[^{}]*\}),"timestamp":(\d{9,19})\}\s*'
)
_decode_fields = msgspec.json.Decoder(dict[str, float | int | str | bool | None]).decode


class TelegrafJson:
    """Turns Telegraf's metrics into readings."""

    def __init__(self, binder: Binder) -> None:
        self._binder = binder
        self._known: dict[object, MetricSeries] = {}

    def decode_known(self, value: bytes, message: Message, at: int, out: Columns) -> str | None:
        """Append the readings of a series that has been seen; why there are none; None if it has not."""
        match = _SORTED.fullmatch(value)
        series = self._known.get(match[2]) if match is not None else None
        if match is None or series is None:
            return None
        try:
            fields = _decode_fields(match[1])
            time_ns = time_from(int(match[3]), message)
        except (msgspec.DecodeError, DecodeError):
            return None
        return "" if series.add(fields, time_ns, at, out) else NOTHING_USABLE

    def add(self, metric: dict[str, object], message: Message, at: int, out: Columns) -> bool:
        """Append the readings of one metric; whether it was understood.

        Raises:
            DecodeError: it has no host or no usable time.
        """
        name, tags, fields = metric.get("name"), text_tags(metric.get("tags")), metric.get("fields")
        if not isinstance(name, str) or not isinstance(fields, dict):
            raise DecodeError(NOTHING_USABLE)
        time_ns = time_from(metric.get("timestamp"), message)
        return self._series(name, tags, message).add(fields, time_ns, at, out)

    def remember(self, value: bytes, metric: dict[str, object], message: Message) -> None:
        """Know a series by its bytes from now on, if its tags name its host and mean what they look like."""
        match = _SORTED.fullmatch(value)
        name, tags = metric.get("name"), metric.get("tags")
        if match is None or match[2] in self._known or not isinstance(name, str):
            return
        texts = text_tags(tags)
        if names_a_host(texts) and msgspec.json.decode(b"{" + match[2] + b"}") == {
            "name": name,
            "tags": tags,
        }:
            self._keep(match[2], self._series(name, texts, message))

    def _series(self, name: str, tags: dict[str, str], message: Message) -> MetricSeries:
        identity = (name, *tags.items())
        known = self._known.get(identity) or self._known.get((message.key, identity))
        if known is not None:
            return known
        series, by_tags = self._binder.metric(name, tags, message.key)
        return self._keep(identity if by_tags else (message.key, identity), series)

    def _keep(self, identity: object, series: MetricSeries) -> MetricSeries:
        if len(self._known) >= CACHED_SERIES:
            self._known.clear()
        self._known[identity] = series
        return series


def text_tags(tags: object) -> dict[str, str]:
    """Tags as texts; numbers become text, anything else is left out."""
    if not isinstance(tags, dict):
        return {}
    return {
        k: v if isinstance(v, str) else str(v) for k, v in tags.items() if isinstance(v, str | int | float)
    }
