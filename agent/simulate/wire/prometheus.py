"""Remote write through the Kafka adapter: a sample a message, its value in quotes, its time in whole seconds.

Controllers are read by ipmi_exporter, GPUs by the DCGM exporter on the machine itself. An instance is where
an exporter answers, so the host is what stands before the port.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from agent.simulate.machines import HostPoll, Machine, WireMessage, number
from agent.simulate.wire import dcgm
from agent.simulate.wire.spellings import Scheme, Spelling
from agent.simulate.wire.stamps import rfc3339

IPMI_PORT, NODE_PORT, DCGM_PORT = 9290, 9100, 9400
SHARED_NAME = "Temp"  # of Dell's sockets
DCMI = "ipmi_dcmi_power_consumption_current_watts"  # the exporter's word for the power of a whole machine

# The ending of a canonical name → the exporter's metric.
METRICS = {
    "c": "ipmi_temperature_celsius",
    "rpm": "ipmi_fan_speed_rpm",
    "w": "ipmi_power_watts",
    "vin": "ipmi_voltage_volts",
    "pct": "ipmi_fan_speed_ratio",
}


class _Series(NamedTuple):
    """What is the same in all samples of one series, and what a value is multiplied by."""

    tail: str
    scale: float


class PrometheusWriter:
    """One machine's exporters, scraped together."""

    def __init__(self, machine: Machine, spell: Scheme) -> None:
        self._machine, self._spell = machine, spell
        self._known: dict[str, _Series] = {}

    def write(self, poll: HostPoll) -> Iterator[WireMessage]:
        head = f'{{"timestamp":"{rfc3339(poll.stamp_s)}","value":"'
        for name, value in poll.values.items():
            series = self._known.get(name)
            if series is None:
                series = self._known[name] = self._series(name)
            sent = number(value if series.scale == 1.0 else round(value * series.scale, 6))
            yield WireMessage(f"{head}{sent}{series.tail}".encode(), poll.stamp_s)

    def _series(self, name: str) -> _Series:
        gpu = dcgm.field_of(name)
        if gpu is not None:
            labels = dcgm.labels(self._machine, gpu.number)
            return self._spelt(gpu.name, "dcgm", DCGM_PORT, labels, gpu.scale)
        ending = name.rpartition("_")[2]
        if name == "power_w":
            return self._spelt(DCMI, "ipmi", IPMI_PORT, {})
        spelling = self._spell(name)
        labels = {"id": _id_of(spelling.entity, name), "name": _full_name(spelling)}
        if spelling.in_percent:
            return self._spelt(
                "ipmi_fan_speed_ratio", "ipmi", IPMI_PORT, labels, 1 / self._machine.fan_rpm_max
            )
        if ending in METRICS:
            return self._spelt(METRICS[ending], "ipmi", IPMI_PORT, labels)
        return self._spelt(name, "site", NODE_PORT, {})

    def _spelt(
        self, metric: str, job: str, port: int, labels: Mapping[str, str], scale: float = 1.0
    ) -> _Series:
        instance = f"{self._machine.name}:{port}"
        told = json.dumps(
            {"__name__": metric, **labels, "instance": instance, "job": job}, separators=(",", ":")
        )
        return _Series(f'","name":{json.dumps(metric)},"labels":{told}}}', scale)


def _full_name(spelling: Spelling) -> str:
    """The exporter has no entity, so sockets that share a name would not be told apart."""
    if spelling.name != SHARED_NAME:
        return spelling.name
    return f"CPU{spelling.entity.rpartition('.')[2]} {SHARED_NAME}"


def _id_of(entity: str, name: str) -> str:
    """A number of the sensor's record: the same at each scrape, another for each sensor of a machine."""
    found = re.search(r"\d+", name)
    kind, _, instance = entity.partition(".")
    return f"{kind}{int(found[0]) if found else int(instance or 0):02}"
