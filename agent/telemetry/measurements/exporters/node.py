"""node_exporter: the kernel's sensors with their limits and alarms, and what else has a unit.

    node_hwmon_temp_celsius{chip="platform_coretemp_0",sensor="temp1"} 55        a reading
    node_hwmon_temp_crit_celsius{…} 100                                          the same sensor's limit
    node_hwmon_temp_crit_alarm_celsius{…} 0                                      a state all the same
    node_hwmon_temp_offset_celsius{…} 2                                          nothing: a setting

The names of sensors (`node_hwmon_sensor_label`) come in messages of their own, so chip and number stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements.exporters import generic
from agent.telemetry.units import CELSIUS, HUMIDITY, JOULE, OTHER, SHARE_PERCENT, STATE, VOLT, Unit

PREFIXES = ("node_",)
WARMEST_LIMIT_C = 200.0  # NVMe drives without a limit say 65,535 K

_HWMON = re.compile(
    r"node_hwmon_(temp|in|cpu|fan|curr|power|freq)_?(\w*?)_?(celsius|volts|rpm|amps|watts?|freq_mhz)"
)
_BOUNDS = {
    "crit": "upper_critical",
    "emergency": "upper_fatal",
    "max": "upper_max",
    "cap": "upper_cap",
    "cap_max": "upper_max",
    "lcrit": "lower_critical",
    "min": "lower_min",
}
_MEASURED = frozenset(("", "input", "average"))
_FLAG = re.compile(r"node_hwmon_\w+_(alarm|fault)(_celsius|_volts|_amps|_watts?|_rpm)?")
_RAPL = re.compile(r"node_rapl_\w*joules_total")
_CPU_LIMIT = re.compile(r"(node_cpu_(?:scaling_)?frequency)_(max|min)_hertz")
_NOTHING = frozenset(
    (
        "node_hwmon_sensor_label",
        "node_hwmon_chip_names",
        "node_uname",
        "node_textfile_mtime_seconds",
        "node_cooling_device_max_state",
        "node_power_supply_voltage_min_design",
        "node_power_supply_voltage_max_design",
        "node_power_supply_energy_full_design",
        "node_power_supply_charge_full_design",
    )
)
# Metrics whose unit their name hides, or says wrongly.
UNITS: dict[str, Unit] = {
    "node_hwmon_energy_joule_total": JOULE,
    "node_hwmon_humidity": HUMIDITY._replace(scale=100.0),  # a ratio
    "node_thermal_zone_temp": CELSIUS,
    "node_cooling_device_cur_state": STATE,
    "node_drm_gpu_busy_percent": SHARE_PERCENT,
    "node_power_supply_temp_celsius": CELSIUS,
    "node_power_supply_voltage_ocv_volt": VOLT,
    "node_power_supply_current_max_ampere": OTHER,
    "node_timex_status": OTHER,
}


def meaning_of(metric: str, labels: Tags) -> Meaning | None:
    """The sensor that chip and number (or zone, CPU, supply) name, or its limit or alarm."""
    if metric in _NOTHING:
        return None
    ignored = frozenset(("path",)) if _RAPL.fullmatch(metric) and labels.get("index") else frozenset()
    if "pod" in labels and "namespace" in labels:
        ignored |= generic.POD_LABELS  # the exporter's own
    if metric in UNITS:
        return _as(generic.meaning_of(metric, labels, ignored), UNITS[metric])
    if _FLAG.fullmatch(metric):
        return _as(generic.meaning_of(metric, labels, ignored), STATE)
    cpu = _CPU_LIMIT.fullmatch(metric)
    if cpu is not None:
        of = generic.meaning_of(f"{cpu[1]}_hertz", labels, ignored)
        return of.limit(_BOUNDS[cpu[2]]) if of else None
    hwmon = _HWMON.fullmatch(metric)
    if hwmon is None:
        return generic.meaning_of(metric, labels, ignored)
    kind, element, unit = hwmon.groups()
    if element in _MEASURED:
        return generic.meaning_of(metric, labels, ignored)
    of = generic.meaning_of(f"node_hwmon_{kind}_{unit}", labels, ignored)
    return _limit(of, element) if of is not None and element in _BOUNDS else None


def _as(meaning: Meaning | None, unit: Unit) -> Meaning | None:
    if meaning is None:
        return None
    return replace(meaning, quantity=unit.quantity, unit=unit.unit, scale=unit.scale, offset=unit.offset)


def _limit(of: Meaning, element: str) -> Meaning:
    limit = of.limit(_BOUNDS[element])
    if of.quantity != "temperature":
        return limit
    return replace(limit, refuses=_no_limit(limit.refuses))


def _no_limit(blank: Callable[[float], bool] | None) -> Callable[[float], bool]:
    return _is_no_upper_limit if blank is not None else _is_no_lower_limit


def _is_no_upper_limit(value: float) -> bool:
    return not 0 < value <= WARMEST_LIMIT_C


def _is_no_lower_limit(value: float) -> bool:
    return not -WARMEST_LIMIT_C < value <= WARMEST_LIMIT_C  # −273 °C is 0 K: none is set
