"""Vector's metric events, as its Kafka sink writes them in JSON (and, wrapped in `metric`, in `native_json`).

{"name": "hwmon_temp_celsius", "namespace": "node", "tags": {"instance": "n07:9100", "chip": "nvme"},
 "timestamp": "2026-01-01T00:00:00.5Z", "kind": "absolute", "gauge": {"value": 40.0}}

Distributions, sets, summaries and what a counter grew by (`incremental`) are no readings, and said not to be.
"""

from __future__ import annotations

from agent.errors import DecodeError
from agent.telemetry.binding import Columns
from agent.telemetry.prometheus_json import PrometheusJson, Sample
from agent.telemetry.readings import Message
from agent.telemetry.reasons import NOTHING_USABLE
from agent.telemetry.telegraf_json import text_tags

Document = dict[str, object]
ABSOLUTE = "absolute"
KINDS = ("counter", "gauge", "distribution", "set", "aggregated_histogram", "aggregated_summary", "sketch")


class VectorJson:
    """Turns Vector's gauges and counters into readings."""

    def __init__(self, samples: PrometheusJson) -> None:
        self._samples = samples

    def add(self, event: Document, message: Message, out: Columns) -> bool:
        """Append one event; whether it was understood.

        Raises:
            DecodeError: it has no name, no host or no usable time.
        """
        name, space = event.get("name"), event.get("namespace")
        if not isinstance(name, str) or not name:
            raise DecodeError(NOTHING_USABLE)
        held = event.get("gauge") or event.get("counter")
        if event.get("kind") != ABSOLUTE or not isinstance(held, dict):
            return any(isinstance(event.get(kind), dict) for kind in KINDS)
        whole = f"{space}_{name}" if isinstance(space, str) and space else name
        labels = text_tags(event.get("tags"))
        return self._samples.add(
            Sample(whole, labels, held.get("value"), event.get("timestamp")), message, out
        )

    def add_native(self, document: Document, message: Message, out: Columns) -> bool:
        """The same of an event that stands under `metric`."""
        event = document["metric"]
        return isinstance(event, dict) and self.add(event, message, out)
