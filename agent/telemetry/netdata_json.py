"""Netdata's exporting connector in JSON: one dimension of one chart a document, with its unit in words.

{"prefix": "netdata", "hostname": "n07", "chart_id": "sensors.temp_coretemp",
 "chart_context": "sensors.temperature", "units": "Celsius", "id": "temp1", "name": "Package id 0",
 "value": 61.0, "timestamp": 1767225600}
"""

from __future__ import annotations

from agent.telemetry.binding import Columns
from agent.telemetry.measurements import netdata
from agent.telemetry.readings import Message
from agent.telemetry.telegraf_json import TelegrafJson

Document = dict[str, object]
LABELS = ("hostname", "chart_id", "chart_context", "units", "id", "name")


class NetdataJson:
    """Turns dimensions of charts into readings."""

    def __init__(self, metrics: TelegrafJson) -> None:
        self._metrics = metrics

    def add(self, document: Document, message: Message, out: Columns) -> bool:
        """Append one dimension; whether it was understood.

        Raises:
            DecodeError: it has no host or no usable time.
        """
        metric: Document = {
            "name": netdata.MEASUREMENT,
            "tags": {label: document.get(label) for label in LABELS},
            "fields": {"value": document.get("value")},
            "timestamp": document.get("timestamp"),
        }
        return self._metrics.add(metric, message, out)
