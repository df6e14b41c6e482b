"""collectd's JSON, by its write_kafka and write_http: an array of value lists.

[{"values": [24], "dstypes": ["gauge"], "dsnames": ["value"], "time": 1767225600.123, "interval": 10.0,
  "host": "n07", "plugin": "ipmi", "plugin_instance": "", "type": "temperature",
  "type_instance": "Inlet Temp system_board (7.1)"}]

A value that was not read is null. Counters come as they are or as rates, by the sender's configuration, which
the message does not tell: they keep their own names and no unit.
"""

from __future__ import annotations

from agent.errors import DecodeError
from agent.telemetry.binding import Columns
from agent.telemetry.measurements import collectd
from agent.telemetry.readings import Message
from agent.telemetry.reasons import NOTHING_USABLE
from agent.telemetry.telegraf_json import TelegrafJson

Document = dict[str, object]
LABELS = ("host", "plugin", "plugin_instance", "type", "type_instance")


class CollectdJson:
    """Turns value lists into readings."""

    def __init__(self, metrics: TelegrafJson) -> None:
        self._metrics = metrics

    def add(self, document: Document, message: Message, out: Columns) -> bool:
        """Append the readings of one value list; whether it was understood, as a null is.

        Raises:
            DecodeError: its lists are of different lengths, or it has no host or no usable time.
        """
        values, names = document.get("values"), document.get("dsnames")
        if not isinstance(values, list) or not isinstance(names, list) or len(values) != len(names):
            raise DecodeError(NOTHING_USABLE)
        metric: Document = {
            "name": collectd.MEASUREMENT,
            "tags": {label: document.get(label) for label in LABELS},
            "fields": {
                name: value for name, value in zip(names, values, strict=True) if isinstance(name, str)
            },
            "timestamp": document.get("time"),
        }
        return self._metrics.add(metric, message, out)
