"""ClusterCockpit's cc-metric-collector: a measurement a metric, without units in the names.

    nv_power_usage,hostname=a0603,type=accelerator,type-id=00000000:3B:00.0 value=287.4   → a card's W
    rapl_average_power,hostname=a0603,type=socket,type-id=1 value=143.2                   → cpu1_power_w
    temp_core_0,hostname=a0603,type=hwthread,type-id=0 value=54                           → Cel

Its messages are known by `type`, one of its kinds of hardware, beside `hostname`.
"""

from __future__ import annotations

from dataclasses import replace

from agent.telemetry.meanings import Meaning, Tags, is_zero
from agent.telemetry.measurements import unknown
from agent.telemetry.measurements.gpu import MEGAHERTZ
from agent.telemetry.units import CELSIUS, DUTY_PERCENT, SHARE_PERCENT, WATT, Unit

FAMILY = "cluster_cockpit"
TYPES = frozenset(("node", "socket", "memoryDomain", "core", "hwthread", "accelerator", "die", "llc"))

UNITS: dict[str, Unit] = {
    "nv_temp": CELSIUS,
    "nv_power_usage": WATT,
    "nv_util": SHARE_PERCENT,
    "nv_mem_util": SHARE_PERCENT,
    "nv_fan": DUTY_PERCENT,
    "nv_graphics_clock": MEGAHERTZ,
    "nv_sm_clock": MEGAHERTZ,
    "nv_mem_clock": MEGAHERTZ,
    "nv_video_clock": MEGAHERTZ,
    "nv_power_max_limit": Unit("limit", "W"),
    "rapl_average_power": WATT,
    "rapl_power": WATT,
}


def is_one(measurement: str, tags: Tags, field: str) -> bool:
    """Whether a message is such a metric, with a unit that is known."""
    is_theirs = field == "value" and tags.get("type") in TYPES and bool(tags.get("hostname"))
    return is_theirs and unit_of(measurement) is not None


def unit_of(measurement: str) -> Unit | None:
    """The unit of one of its metrics; temperatures have their kernel labels' names, after `temp_`."""
    return CELSIUS if measurement.startswith("temp_") else UNITS.get(measurement)


def meaning_of(measurement: str, tags: Tags, field: str) -> Meaning | None:
    """The sensor under its own name and that of its part; a socket's power is `cpuN_power_w`."""
    own, unit = unknown.meaning_of(measurement, tags, field), unit_of(measurement)
    if own is None or unit is None:
        return None
    part = tags.get("type-id", "")
    is_socket = measurement.startswith("rapl_") and tags.get("type") == "socket" and part.isdecimal()
    names = (f"cpu{int(part)}_power_w", *own.names) if is_socket else own.names
    return replace(
        own,
        names=names,
        family=FAMILY,
        quantity=unit.quantity,
        unit=unit.unit,
        scale=unit.scale,
        refuses=is_zero if unit == CELSIUS else None,
    )
