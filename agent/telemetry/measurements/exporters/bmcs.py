"""Exporters of BMCs with names of their own: Dell's OMSA, iLO's, and others that ask Redfish.

dell_hw_chassis_temps_reading{component="CPU1_Temp"} 32         → cpu1_temp_c  (dellhw_exporter)
dell_hw_chassis_temps{component="CPU1_Temp"} 0                  → a state: 0 is ok
ilo_chassis_temperature_critical{name="01-Inlet Ambient"} 42    → the inlet's limit  (ilo_exporter)
redfish_power{type="PowerConsumedWatts"} 429                    → power_w  (redfish-exporter)
redfish_thermal_fan_speed{name="Fan 1"} 23                      → fan1_pct  (fishymetrics)
dl360_thermal_fan_speed{name="Fan 1"} 23                        → fan1_pct  (older ones: a prefix a model)
vmware_host_sensor_fan{name="Fan 1"} 5040                       → fan1_rpm  (vmware_exporter)
"""

from __future__ import annotations

import re
from dataclasses import replace

from agent.telemetry.meanings import Meaning, Tags, is_zero
from agent.telemetry.measurements.exporters import generic
from agent.telemetry.measurements.exporters.table import NOTHING, Row, meaning_of_row, vendor_sensor
from agent.telemetry.units import AMPERE, CELSIUS, DUTY_PERCENT, OTHER, RPM, STATE, VOLT, WATT

FAMILY = "bmc_exporter"
PREFIXES = ("dell_hw_", "ilo_", "vmware_host_sensor_")
FASTEST_DUTY = 100.0  # some machines have rpm where the exporter says percent

DELL: dict[str, Row] = {
    "dell_hw_chassis_temps_reading": Row("{component}", CELSIUS),
    "dell_hw_chassis_temps_max_failure": Row("{component}", CELSIUS, bound="upper_critical"),
    "dell_hw_chassis_temps_max_warning": Row("{component}", CELSIUS, bound="upper_warning"),
    "dell_hw_chassis_temps_min_failure": Row("{component}", CELSIUS, bound="lower_critical"),
    "dell_hw_chassis_temps_min_warning": Row("{component}", CELSIUS, bound="lower_warning"),
    "dell_hw_chassis_temps": Row("{component} state", STATE),
    "dell_hw_chassis_fan_reading": Row("{fan}", RPM),
    "dell_hw_chassis_volts_reading": Row("{component}", VOLT),
    "dell_hw_chassis_current_reading": Row("{pwrsupply} current", AMPERE),
    "dell_hw_chassis_power_reading": Row("pwr consumption", WATT),
    "dell_hw_chassis_power_warn_level": Row("pwr consumption", WATT, bound="upper_warning"),
    "dell_hw_chassis_power_fail_level": Row("pwr consumption", WATT, bound="upper_critical"),
    "dell_hw_ps_rated_input_wattage": NOTHING,
    "dell_hw_ps_rated_output_wattage": NOTHING,
    "dell_hw_bios": NOTHING,
    "dell_hw_firmware": NOTHING,
}
ILO: dict[str, Row] = {
    "ilo_power_current_watt": Row("pwr consumption", WATT),
    "ilo_power_average_watt": Row("power average watt", WATT),
    "ilo_power_min_watt": Row("power min watt", WATT),
    "ilo_power_max_watt": Row("power max watt", WATT),
    "ilo_power_capacity_watt": Row("pwr consumption", WATT, bound="upper_capacity"),
    "ilo_power_up": Row("power_up_state", STATE),
    "ilo_chassis_temperature_current": Row("{name}", CELSIUS),
    "ilo_chassis_temperature_critical": Row("{name}", CELSIUS, bound="upper_critical"),
    "ilo_chassis_temperature_fatal": Row("{name}", CELSIUS, bound="upper_fatal"),
    "ilo_chassis_fan_current_percent": Row("{name}", DUTY_PERCENT),
    "ilo_power_supply_enabled": Row("power_supply_enabled_{serial}", STATE),
}
# Of redfish-exporter, which has one metric for whatever a `type` says.
REDFISH_POWER: dict[str, Row] = {
    "PowerConsumedWatts": Row("pwr consumption", WATT, "{id}"),
    "PowerInputWatts": Row("{device_name} input power", WATT, "{id}"),
    "PowerOutputWatts": Row("{device_name} output power", WATT, "{id}"),
    "LastPowerOutputWatts": Row("{device_name} last output power", WATT, "{id}"),
    "LineInputVoltage": Row("{device_name} input voltage", VOLT, "{id}"),
    "InputVoltage": Row("{device_name} input voltage", VOLT, "{id}"),
    "InputCurrentAmps": Row("{device_name} input current", AMPERE, "{id}"),
    "PowerCapacityWatts": Row("{device_name} output power", WATT, "{id}", "upper_capacity"),
    "CapacityWatts": NOTHING,
    "AllocatedWatts": NOTHING,
    "RequestedWatts": NOTHING,
}
OTHERS: dict[str, Row] = {
    "redfish_temperature": Row("{type}", CELSIUS),
    "redfish_thermal_sensor_temperature": Row("{name}", CELSIUS, refuses=is_zero),
    "redfish_thermal_sensor_threshold_critical": Row("{name}", CELSIUS, bound="upper_critical"),
    "redfish_thermal_fan_speed": Row("{name}", DUTY_PERCENT, refuses=lambda value: value > FASTEST_DUTY),
    "redfish_power_voltage_output": Row("{name}", VOLT),
    "redfish_power_supply_input_volts": Row("{name} input voltage", VOLT, "{memberId}"),
    "redfish_power_supply_input_watts": Row("{name} input power", WATT, "{memberId}"),
    "redfish_power_supply_output": Row("{name} output power", WATT, "{memberId}"),
    "redfish_power_supply_total_consumed": Row("power consumption", WATT, "{memberId}"),
    "redfish_power_supply_total_capacity": Row("power consumption", WATT, bound="upper_capacity"),
    "redfish_moonshot_switch_thermal_sensor_temperature": Row("switch {name}", CELSIUS, refuses=is_zero),
    "redfish_moonshot_switch_power_supply_output": Row("switch {name} output power", WATT),
    "redfish_component_firmware": NOTHING,
    # gebn's bmc_exporter
    "power_draw_watts": Row("pwr consumption", WATT),
    "processor_temperature_celsius": Row("cpu {processor} temp", CELSIUS),
    "chassis_powered_on": Row("chassis_powered_on", STATE),
    "chassis_intrusion": Row("chassis_intrusion", STATE),
    "chassis_power_fault": Row("chassis_power_fault", STATE),
    "chassis_cooling_fault": Row("chassis_cooling_fault", STATE),
    "chassis_drive_fault": Row("chassis_drive_fault", STATE),
}
VMWARE: dict[str, Row] = {
    "vmware_host_sensor_temperature": Row("{name}", CELSIUS, "{type}"),
    "vmware_host_sensor_fan": Row("{name}", RPM, "{type}"),
    "vmware_host_sensor_power_voltage": Row("{name}", VOLT, "{type}"),
    "vmware_host_sensor_power_current": Row("{name}", AMPERE, "{type}"),
    "vmware_host_sensor_power_watt": Row("{name}", WATT, "{type}"),
    "vmware_host_sensor_state": Row("{name} state", STATE, "{type}"),
}
_TACH = re.compile(r".*(?:_speed|tach|rpm)", re.I)  # Cisco's fans, which fishymetrics passes on in rpm
_MODEL = re.compile(r"(?:[dmbx]l\d+\w*?|c220|s3260m?\d?|moonshot)_(?=(?:thermal|power_supply)_)")
_ALL = {**DELL, **ILO, **OTHERS, **VMWARE}
_DESCRIBING = frozenset(("host", "model", "media_type", "serial_number", "controller_name", "vdisk_name"))
_CODES = ("_status", "_healthy", "_predicted", "_enabled")


def is_known(metric: str) -> bool:
    """Whether a metric whose beginning tells nothing is one of these."""
    return metric == "redfish_power" or _present(metric) in OTHERS


def meaning_of(metric: str, labels: Tags) -> Meaning | None:
    """The sensor that the labels name, in its vendor's words."""
    metric = _present(metric)
    if metric == "redfish_power":
        row = REDFISH_POWER.get(labels.get("type", ""))
        return meaning_of_row(row, labels, FAMILY) if row else _own(metric, labels)
    if metric == "processor_temperature_celsius" and not labels.get("processor"):
        return vendor_sensor("cpu temp", CELSIUS, FAMILY)
    if metric == "redfish_thermal_fan_speed" and _TACH.fullmatch(labels.get("name", "")):
        return vendor_sensor(labels["name"], RPM, FAMILY)
    if metric.startswith("redfish_power_supply_") and not labels.get("name"):
        labels = {**labels, "name": f"psu {labels.get('memberId', '')}"}
    return meaning_of_row(_ALL[metric], labels, FAMILY) if metric in _ALL else _own(metric, labels)


def _present(metric: str) -> str:
    """What fishymetrics calls today what it called by the machine's model."""
    return _MODEL.sub("redfish_", metric, count=1)


def _own(metric: str, labels: Tags) -> Meaning | None:
    found = generic.meaning_of(metric, labels, _DESCRIBING)
    if found is None or not metric.startswith(PREFIXES):
        return found
    unit = STATE if metric.endswith(_CODES) else OTHER
    return replace(found, quantity=unit.quantity, unit=unit.unit, scale=1.0, offset=0.0)
