"""smartctl_exporter, and the scripts that write `smartmon_…` and `nvme_…` for node_exporter.

smartctl_device_temperature{device="sda",temperature_type="current"} 31      → sda_temp_c
smartctl_device_temperature{…,temperature_type="drive_trip"} 65              → its limit
smartctl_device_temperature{…,temperature_type="lifetime_max"} 52            → nothing: long ago
smartmon_temperature_celsius_raw_value{disk="/dev/sda"} 31                   → sda_temp_c; `_value` is a score
"""

from __future__ import annotations

import re

from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements.exporters import generic
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import CELSIUS

PREFIXES = ("smartctl_", "smartmon_", "nvme_")
FAMILY = "disk_exporter"
HOTTEST_C = 200.0  # some drives pack the day's lowest and highest into the raw value's higher bytes

BOUNDS = {"drive_trip": "upper_critical", "limit_max": "upper_max", "op_limit_max": "upper_max"}
_TEMPERATURES = frozenset(
    (
        "smartctl_device_temperature",
        "smartmon_temperature_celsius_raw_value",
        "smartmon_airflow_temperature_cel_raw_value",
        "nvme_temperature_celsius",
    )
)
_SCORE = re.compile(r"smartmon_(airflow_)?temperature_cel\w*")  # worst, threshold and the score itself
_NOTHING = re.compile(
    r"smartctl_(version|devices|device)|smartmon_(device_\w+|smartctl_\w+)|.*_smartctl_exit_status"
)
_DESCRIBING = frozenset(
    [
        "model_name",
        "model_family",
        "serial_number",
        "protocol",
        "interface",
        "firmware_version",
        "attribute_flags_short",
        "attribute_flags_long",
        "attribute_id",
        "smart_id",
        "type",
        "pod",
        "namespace",
        "container",
        "node",
    ]
)


def meaning_of(metric: str, labels: Tags) -> Meaning | None:
    """A drive's temperature by the drive's name, or the limit of it; all else under its own name."""
    if metric in _TEMPERATURES:
        return _temperature(labels, "airflow_" if "airflow" in metric else "")
    if _SCORE.fullmatch(metric) or _NOTHING.fullmatch(metric):
        return None
    unnamed = labels.get("attribute_name", "").startswith("Unknown")
    return generic.meaning_of(metric, labels, _DESCRIBING - {"attribute_id"} if unnamed else _DESCRIBING)


def _temperature(labels: Tags, what: str) -> Meaning | None:
    device = labels.get("device") or labels.get("disk", "")
    drive, kind = lower_snake_case(device.removeprefix("/dev/")), labels.get("temperature_type", "current")
    if not drive:
        return None
    name = f"{drive}_{what}temp_c"
    sensor = Meaning((name,), CELSIUS.quantity, CELSIUS.unit, FAMILY, name, refuses=_is_packed)
    if kind in BOUNDS:
        return sensor.limit(BOUNDS[kind])
    return sensor if kind == "current" else None


def _is_packed(value: float) -> bool:
    return value > HOTTEST_C
