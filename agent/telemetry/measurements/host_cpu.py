"""Telegraf's `cpu` and `powerstat_package`: what the operating system knows of the processors."""

from __future__ import annotations

from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements import unknown
from agent.telemetry.units import SHARE_PERCENT, WATT

FAMILY = "host_cpu"


def meaning_of(measurement: str, tags: Tags, field: str) -> Meaning | None:
    """`usage_active` of all CPUs is `cpu_util`; a package's power is `cpuN_power_w`."""
    if measurement == "cpu" and field == "usage_active" and tags.get("cpu") in ("cpu-total", None):
        unit = SHARE_PERCENT
        return Meaning(("cpu_util",), unit.quantity, unit.unit, FAMILY, "cpu_util", scale=unit.scale)
    if field == "current_power_consumption_watts" and tags.get("package_id", "").isdecimal():
        name = f"cpu{int(tags['package_id'])}_power_w"
        return Meaning((name,), WATT.quantity, WATT.unit, FAMILY, name)
    return unknown.meaning_of(measurement, tags, field)
