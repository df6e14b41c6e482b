"""Metricbeat's and Elastic Agent's events, of which those of the Prometheus module are read.

{"@timestamp": "2026-01-01T00:00:00.000Z", "host": {"name": "collector01"},
 "prometheus": {"labels": {"instance": "n07:9290", "name": "Inlet Temp"},
                "metrics": {"ipmi_temperature_celsius": 24}}}

With `use_types` the metrics stand beside the labels, as {"ipmi_temperature_celsius": {"value": 24}}. Events
of other modules keep their numbers in trees of their own, which say no units: unsupported.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.errors import DecodeError
from agent.telemetry.binding import Columns
from agent.telemetry.prometheus_json import PrometheusJson, Sample
from agent.telemetry.readings import Message
from agent.telemetry.reasons import unsupported
from agent.telemetry.telegraf_json import text_tags

Document = dict[str, object]


class BeatsJson:
    """Turns events of Metricbeat's Prometheus module into readings."""

    def __init__(self, samples: PrometheusJson) -> None:
        self._samples = samples

    def add(self, event: Document, message: Message, out: Columns) -> bool:
        """Append the readings of one event; whether it was understood.

        Raises:
            DecodeError: it is another module's, or has no host or no usable time.
        """
        module, beat = event.get("prometheus"), event.get("host")
        if not isinstance(module, dict):
            raise DecodeError(unsupported("elastic beats"))
        labels = text_tags(module.get("labels"))
        name = beat.get("name") if isinstance(beat, dict) else None
        if isinstance(name, str):
            labels["host.name"] = name
        time = event.get("@timestamp")
        added = [
            self._samples.add(Sample(metric, labels, value, time), message, out)
            for metric, value in _metrics_of(module)
        ]
        return any(added)


def _metrics_of(module: Document) -> Iterator[tuple[str, object]]:
    plain = module.get("metrics")
    if isinstance(plain, dict):
        yield from plain.items()
    for name, typed in module.items():
        if name not in ("labels", "metrics", "query") and isinstance(typed, dict):
            held = typed.get("value", typed.get("counter"))
            if held is not None:
                yield name, held
