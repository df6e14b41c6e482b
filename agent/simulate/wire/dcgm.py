"""What NVIDIA's DCGM exporter calls the sensors of a GPU, and how Telegraf passes them on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

from agent.simulate.machines import HostPoll, Machine, WireMessage
from agent.simulate.wire.telegraf import Metric

_GPU = re.compile(r"gpu(\d+)_(\w+)")
# Canonical ending → field, and what a value is multiplied by.
FIELDS = {
    "temp_c": ("DCGM_FI_DEV_GPU_TEMP", 1.0),
    "mem_temp_c": ("DCGM_FI_DEV_MEMORY_TEMP", 1.0),
    "margin_c": ("DCGM_FI_DEV_GPU_TEMP_LIMIT", 1.0),
    "power_w": ("DCGM_FI_DEV_POWER_USAGE", 1.0),
    "energy_j": ("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", 1e3),
    "sm_clock_hz": ("DCGM_FI_DEV_SM_CLOCK", 1e-6),
    "mem_clock_hz": ("DCGM_FI_DEV_MEM_CLOCK", 1e-6),
    "util": ("DCGM_FI_DEV_GPU_UTIL", 100.0),
    "mem_util": ("DCGM_FI_DEV_MEM_COPY_UTIL", 100.0),
    "xid": ("DCGM_FI_DEV_XID_ERRORS", 1.0),
    "throttle_reasons": ("DCGM_FI_DEV_CLOCKS_EVENT_REASONS", 1.0),
}


class Field(NamedTuple):
    """A metric of one GPU."""

    name: str
    number: str
    scale: float


def field_of(sensor: str) -> Field | None:
    """The exporter's metric for a canonical sensor; None where it is no GPU's or has no such metric."""
    found = _GPU.fullmatch(sensor)
    if found is None or found[2] not in FIELDS:
        return None
    name, scale = FIELDS[found[2]]
    return Field(name, found[1], scale)


def labels(machine: Machine, gpu: str) -> dict[str, str]:
    """What the exporter says of one GPU."""
    mark = blake2b(f"{machine.name}/{gpu}".encode(), digest_size=16).hexdigest()
    return {
        "UUID": f"GPU-{mark[:8]}-{mark[8:12]}-{mark[12:16]}-{mark[16:20]}-{mark[20:]}",
        "device": f"nvidia{gpu}",
        "gpu": gpu,
        "hostname": machine.name,
        "modelName": "NVIDIA H100 80GB HBM3",
        "pci_bus_id": f"00000000:{0x1B + 0x10 * int(gpu):02X}:00.0",
    }


class DcgmWriter:
    """One machine's GPUs, scraped by Telegraf (`metric_version = 2`)."""

    def __init__(self, machine: Machine, metric: type[Metric]) -> None:
        self._machine, self._metric = machine, metric
        self._known: dict[str, tuple[Metric, Field] | None] = {}

    def write(self, poll: HostPoll) -> Iterator[WireMessage]:
        for name, value in poll.values.items():
            if name not in self._known:
                self._known[name] = self._series(name)
            known = self._known[name]
            if known is not None:
                metric, field = known
                sent = value if field.scale == 1.0 else round(value * field.scale, 6)
                yield WireMessage(metric.text({field.name: float(sent)}, poll.stamp_s), poll.stamp_s)

    def _series(self, sensor: str) -> tuple[Metric, Field] | None:
        field = field_of(sensor)
        if field is None:
            return None
        tags = labels(self._machine, field.number)
        tags |= {"host": self._machine.collector, "url": f"http://{self._machine.name}:9400/metrics"}
        return self._metric("prometheus", tags), field
