"""Exporters that ask BMCs by Redfish or iLO's own language: idrac_exporter, redfish_exporter, hpilo-exporter.

    idrac_sensors_fan_speed{id="0",name="Fan1A",units="rpm"} 5040           → fan1a_rpm
    redfish_chassis_fan_rpm{fan="Fan1A",fan_unit="percent"} 20              → fan1a_pct
    hpilo_temperature{server_name="n07"} 0                                  → a state: 0 is ok

redfish_exporter sends 0 for what the BMC does not say, so of a temperature 0 is none.
"""

from __future__ import annotations

import re
from dataclasses import replace

from agent.telemetry.catalogue import state_of
from agent.telemetry.meanings import Meaning, Tags, is_zero
from agent.telemetry.measurements.exporters import generic
from agent.telemetry.measurements.exporters.table import NOTHING, Row, meaning_of_row, vendor_sensor
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import CELSIUS, DUTY_PERCENT, OTHER, RPM, STATE, VOLT, WATT, Unit

PREFIXES = ("idrac_", "redfish_", "hpilo_")
FAMILY = "redfish_exporter"

IDRAC: dict[str, Row] = {
    "idrac_sensors_temperature": Row("{name}", CELSIUS, "{id}"),
    "idrac_sensors_voltage": Row("{name}", VOLT, "{id}"),
    "idrac_power_supply_input_watts": Row("psu {id}{psu} input power", WATT),
    "idrac_power_supply_output_watts": Row("psu {id}{psu} output power", WATT),
    "idrac_power_supply_capacity_watts": Row("psu {id}{psu} output power", WATT, bound="upper_capacity"),
    "idrac_power_supply_input_voltage": Row("psu {id}{psu} input voltage", VOLT),
    "idrac_power_supply_efficiency_percent": Row("psu {id}{psu} efficiency", OTHER),
    "idrac_power_input_watts": Row("psu {psu} input power", WATT),
    "idrac_power_output_watts": Row("psu {psu} output power", WATT),
    "idrac_power_capacity_watts": Row("psu {psu} output power", WATT, bound="upper_capacity"),
    "idrac_power_input_voltage": Row("psu {psu} input voltage", VOLT),
    "idrac_sensors_tachometer": Row("{name}", RPM, "{id}"),
    "idrac_power_on": Row("power_on", STATE),
    "idrac_health_ok": Row("health_ok", STATE),
    "idrac_indicator_led_on": Row("indicator_led_on", STATE),
    "idrac_bios_version": NOTHING,
    "idrac_cpu_count": NOTHING,
    "idrac_sel_entry": NOTHING,
    "idrac_power_control_min_consumed_watts": Row("{name} min consumed watts", WATT, "{id}"),
    "idrac_power_control_max_consumed_watts": Row("{name} max consumed watts", WATT, "{id}"),
    "idrac_power_control_avg_consumed_watts": Row("{name} avg consumed watts", WATT, "{id}"),
    "idrac_power_control_interval_in_minutes": NOTHING,
    "idrac_cpu_voltage": Row("cpu {id} voltage", VOLT),
    "idrac_cpu_max_speed_mhz": NOTHING,
    "idrac_memory_module_speed_mhz": NOTHING,
    "idrac_system_cpu_count": NOTHING,
    "idrac_events_log_entry": NOTHING,
    "idrac_system_power_on": Row("system_power_on", STATE),
    "idrac_system_indicator_led_on": Row("system_indicator_led_on", STATE),
    "idrac_system_indicator_active": Row("system_indicator_active", STATE),
    "idrac_pdu_power_watts": Row("power_consumption", WATT, "{id}"),
}
REDFISH: dict[str, Row] = {
    "redfish_chassis_temperature_celsius": Row(
        "{sensor}", CELSIUS, "{chassis_id} {sensor_id}", refuses=is_zero
    ),
    "redfish_chassis_power_voltage_volts": Row("{power_voltage}", VOLT, "{chassis_id} {power_voltage_id}"),
    "redfish_chassis_power_average_consumed_watts": Row("average_power", WATT, "{chassis_id}"),
    "redfish_chassis_power_powersupply_power_input_watts": Row(
        "psu {power_supply_id} input power", WATT, "{chassis_id} {power_supply}"
    ),
    "redfish_chassis_power_powersupply_power_output_watts": Row(
        "psu {power_supply_id} output power", WATT, "{chassis_id} {power_supply}"
    ),
    "redfish_chassis_power_powersupply_last_power_output_watts": Row(
        "psu {power_supply_id} last output power", WATT, "{chassis_id} {power_supply}"
    ),
    "redfish_chassis_power_powersupply_power_capacity_watts": Row(
        "psu {power_supply_id} output power", WATT, "{chassis_id} {power_supply}", "upper_capacity"
    ),
}
FAN_BOUNDS = {
    f"{side}_threshold_{grade}": f"{side}_{grade}"
    for side in ("upper", "lower")
    for grade in ("critical", "non_critical", "fatal")
}
_FAN = re.compile(r"redfish_chassis_fan_rpm(?:_(\w+))?")
_CODES = re.compile(
    r".*_(health|state|health_state|severity_state|link_status|link_up|status|indicator_active)"
)
_DESCRIBING = frozenset(("status", "resource", "state", "product_name", "server_name"))


def meaning_of(metric: str, labels: Tags) -> Meaning | None:
    """The sensor that the labels name, in its vendor's words."""
    if labels.get("enabled") == "0":
        return None
    if metric in IDRAC:
        return meaning_of_row(IDRAC[metric], _numbered(labels, "id"), FAMILY)
    if metric in REDFISH:
        return meaning_of_row(REDFISH[metric], _numbered(labels, "power_supply_id"), FAMILY)
    if metric == "idrac_sensors_fan_speed":
        return vendor_sensor(
            labels.get("name", ""), _of_fan(labels.get("units", "")), FAMILY, labels.get("id", "")
        )
    if metric in ("idrac_power_control_consumed_watts", "idrac_power_control_capacity_watts"):
        return _of_control(metric, labels)
    fan = _FAN.fullmatch(metric)
    if fan is not None:
        return _of_redfish_fan(fan[1] or "", labels)
    if metric.startswith("hpilo_"):
        return None if metric.endswith("_version") else state_of(f"{metric}_status", FAMILY)
    found = generic.meaning_of(metric, labels, _DESCRIBING)
    if found is not None and _CODES.fullmatch(metric):
        return replace(found, quantity=STATE.quantity, unit=STATE.unit, scale=1.0)
    return found


def _of_fan(word: str) -> Unit:
    return DUTY_PERCENT if word.strip().lower().startswith(("percent", "%")) else RPM


def _of_redfish_fan(what: str, labels: Tags) -> Meaning | None:
    """A fan's reading or one of its limits; the percentage that the exporter works out is no reading."""
    part = f"{labels.get('chassis_id', '')} {labels.get('fan_id', '')}"
    fan = vendor_sensor(labels.get("fan", ""), _of_fan(labels.get("fan_unit", "")), FAMILY, part)
    if fan is None or not what:
        return fan
    return fan.limit(FAN_BOUNDS[what]) if what in FAN_BOUNDS else None


def _of_control(metric: str, labels: Tags) -> Meaning:
    own = lower_snake_case(labels.get("name", "")) or "system_power"
    names = ("power_w", own, f"{own}_{lower_snake_case(labels.get('id', '')) or '0'}")
    power = Meaning(names, WATT.quantity, WATT.unit, FAMILY, own, labels.get("id", ""))
    return power.limit("upper_capacity") if "capacity" in metric else power


def _numbered(labels: Tags, label: str) -> Tags:
    """The labels, of `PSU.Slot.1` and the like the number alone: `psu 1` is what the catalogue knows."""
    number = re.search(r"(\d+)\D*$", labels.get(label, "")) if label in labels else None
    if number is None or lower_snake_case(labels[label]).isdecimal():
        return labels
    is_supply = re.match(r"psu|power|bay|ps", labels[label], re.IGNORECASE)
    return {**labels, label: number[1]} if is_supply else labels
