"""Prometheus remote write as the Kafka adapter's JSON: one sample a message, its value in quotes.

{"timestamp": "2026-01-01T00:00:00Z", "value": "24", "name": "ipmi_temperature_celsius", "labels": {…}}
"""

from __future__ import annotations

import math

from agent.errors import DecodeError
from agent.telemetry.binding import Columns
from agent.telemetry.readings import Message
from agent.telemetry.reasons import NOTHING_USABLE
from agent.telemetry.telegraf_json import TelegrafJson, text_tags


def add_sample(
    sample: dict[str, object], metrics: TelegrafJson, message: Message, at: int, out: Columns
) -> bool:
    """Append one sample as a reading; whether it is one (NaN and infinities are not).

    Raises:
        DecodeError: it has no name, no number, no host or no usable time.
    """
    labels = text_tags(sample.get("labels"))
    name = sample.get("name") or labels.get("__name__")
    if not isinstance(name, str):
        raise DecodeError(NOTHING_USABLE)
    metric = {
        "name": "prometheus",
        "tags": labels,
        "fields": {name: _number(sample.get("value"))},
        "timestamp": sample.get("timestamp"),
    }
    return metrics.add(metric, message, at, out)


def _number(value: object) -> float:
    if isinstance(value, str) and "_" not in value:
        try:
            return float(value)
        except ValueError:
            return math.nan
    return float(value) if isinstance(value, float | int) and not isinstance(value, bool) else math.nan
