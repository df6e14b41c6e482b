"""Telegraf's JSON: one metric a message, or a batch `{"metrics": […]}`.

    {"fields":{"value":25},"name":"ipmi_sensor","tags":{"name":"inlet_temp","server":"n07",…},"timestamp":1767225600}
              └─ numbers ┘ └──── the same bytes in every message of one series ───────────┘

Telegraf sorts its keys, so name and tags of a series that has been seen are looked up by their bytes.
"""

from __future__ import annotations

import re

import msgspec

from agent.errors import DecodeError
from agent.telemetry.binding import Binder, Cache, Columns, MetricSeries
from agent.telemetry.hosts import names_a_host
from agent.telemetry.readings import Message
from agent.telemetry.reasons import NOTHING_USABLE
from agent.telemetry.times import KnownTimes, in_ns, time_from

CACHED_SERIES = 400_000  # beyond it the cache starts anew

_DIGITS = re.compile(rb"\d{9,19}")
_SORTED = re.compile(
    rb'\{"fields":(\{[^{}]*\}),("name":"[^"\\]*","tags":\{[^{}]*\}),"timestamp":(\d{9,19})\}\s*'
)
_FIELDS, _NAME, _TIME = b'{"fields":', b'},"name":"', b'},"timestamp":'
_decode_fields = msgspec.json.Decoder(dict[str, float | int | str | bool | None]).decode


class TelegrafJson:
    """Turns Telegraf's metrics into readings."""

    def __init__(self, binder: Binder) -> None:
        self._binder = binder
        self._known: Cache[object, MetricSeries] = binder.cache(CACHED_SERIES)
        self._times = KnownTimes(_time_ns)

    def decode_known(self, value: bytes, out: Columns) -> str | None:
        """Append the readings of a series that has been seen; why there are none; None if it has not."""
        # Right if what lies between the marks turns out to be known: only the whole of a name and tags is.
        start, end = value.find(_NAME), value.rfind(_TIME)
        series = self._known.get(value[start + 2 : end + 1])
        if series is None:
            return None
        time_ns = self._times[value[end + len(_TIME) :]]
        try:
            fields = _decode_fields(value[len(_FIELDS) : start + 1])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        if not time_ns or not value.startswith(_FIELDS):
            return None
        return "" if series.add(fields, time_ns, out) else NOTHING_USABLE

    def add(self, metric: dict[str, object], message: Message, out: Columns) -> bool:
        """Append the readings of one metric; whether it was understood.

        Raises:
            DecodeError: it has no host or no usable time.
        """
        name, tags, fields = metric.get("name"), text_tags(metric.get("tags")), metric.get("fields")
        if not isinstance(name, str) or not isinstance(fields, dict):
            raise DecodeError(NOTHING_USABLE)
        time_ns = time_from(metric.get("timestamp"), message)
        return self._series(name, tags, message).add(fields, time_ns, out)

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
        known = self._known.get(identity)
        if known is None:
            known = self._known.get((message.key, identity))
        if known is not None:
            return known
        series, by_tags = self._binder.metric(name, tags, message.key)
        return self._keep(identity if by_tags else (message.key, identity), series)

    def _keep(self, identity: object, series: MetricSeries) -> MetricSeries:
        self._known.keep(identity, series)
        return series


def _time_ns(text: bytes) -> int:
    """The time of a message's end, `1767225600}`."""
    digits = text.rstrip().removesuffix(b"}")
    if not _DIGITS.fullmatch(digits):
        return 0
    return in_ns(int(digits))


def text_tags(tags: object) -> dict[str, str]:
    """Tags as texts; numbers become text, anything else is left out."""
    if not isinstance(tags, dict):
        return {}
    return {
        k: v if isinstance(v, str) else str(v) for k, v in tags.items() if isinstance(v, str | int | float)
    }
