"""ipmi_exporter, and what else has exported BMCs' sensors under `ipmi_…`, `node_ipmi_…` and `bmc_…`.

    ipmi_temperature_celsius{id="18",name="Inlet Temp"} 24      → inlet_temp_c
    ipmi_dcmi_power_consumption_watts 71                        → power_w, rather than any sensor
    ipmi_temperatures{sensor="CPU1"} 45                         → cpu1_temp_c (lovoo's exporter)
    node_ipmi_speed_rpm{sensor="FAN1"} 4560                     → fan1_rpm (a script's text file)

A sensor without a value is NaN by design. The label `id` is the record's number in the BMC, nothing more.
"""

from __future__ import annotations

from agent.telemetry.catalogue import state_of
from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements.exporters import generic
from agent.telemetry.measurements.exporters.table import NOTHING, Row, meaning_of_row, vendor_sensor
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import AMPERE, CELSIUS, DUTY, DUTY_PERCENT, OTHER, RPM, STATE, VOLT, WATT, Unit

FAMILY = "ipmi_exporter"
PREFIXES = ("ipmi_", "node_ipmi_", "ceems_ipmi_")

# Metrics whose label `name` (or `sensor`) is the sensor's, in a machine's own words.
SENSORS: dict[str, Unit] = {
    "ipmi_temperature_celsius": CELSIUS,
    "ipmi_fan_speed_rpm": RPM,
    "ipmi_fan_speed_ratio": DUTY,
    "ipmi_voltage_volts": VOLT,
    "ipmi_current_amperes": AMPERE,
    "ipmi_power_watts": WATT,
    "ipmi_sensor_value": OTHER,
    "ipmi_temperatures": CELSIUS,
    "ipmi_fan_speed": RPM,
    "ipmi_voltages": VOLT,
    "node_ipmi_temperature_celsius": CELSIUS,
    "node_ipmi_speed_rpm": RPM,
    "node_ipmi_volts": VOLT,
    "node_ipmi_power_watts": WATT,
    "node_ipmi_amps": AMPERE,
    "node_ipmi_percent": DUTY_PERCENT,
}
OTHERS: dict[str, Row] = {
    "ipmi_dcmi_power_consumption_watts": Row("instantaneous_power_reading", WATT),
    "ipmi_dcmi_power_consumption_current_watts": Row("instantaneous_power_reading", WATT),
    "ipmi_dcmi_power_consumption_minimum_watts": Row("dcmi_power_consumption_minimum_watts", WATT),
    "ipmi_dcmi_power_consumption_maximum_watts": Row("dcmi_power_consumption_maximum_watts", WATT),
    "ipmi_dcmi_power_consumption_average_watts": Row("dcmi_power_consumption_average_watts", WATT),
    # of CEEMS' exporter, under its older name and its newer one
    "ceems_ipmi_dcmi_current_watts": Row("instantaneous_power_reading", WATT),
    "ceems_ipmi_dcmi_power_current_watts": Row("instantaneous_power_reading", WATT),
    "ipmi_up": Row("ipmi_up_{collector}", STATE),
    "ipmi_config_lan_mode": NOTHING,
    "ipmi_bmc_watchdog_timer_use_state": Row("bmc_watchdog_timer_use_{name}_state", STATE),
    "ipmi_bmc_watchdog_timeout_action_state": Row("bmc_watchdog_timeout_action_{action}_state", STATE),
    "ipmi_bmc_watchdog_pretimeout_interrupt_state": Row(
        "bmc_watchdog_pretimeout_interrupt_{interrupt}_state", STATE
    ),
}


def meaning_of(metric: str, labels: Tags) -> Meaning | None:
    """The sensor that the labels name; states keep their own name, `_state` at its end."""
    name, part = labels.get("name") or labels.get("sensor", ""), labels.get("id", "")
    if metric in SENSORS and name.strip():
        return vendor_sensor(name, SENSORS[metric], FAMILY, part)
    if metric in OTHERS:
        return meaning_of_row(OTHERS[metric], labels, FAMILY)
    if metric.endswith(("_state", "_status")) and not metric.startswith("ipmi_sel_"):
        own = metric.removeprefix("node_").removeprefix("ipmi_")
        return state_of(name.strip() or own, FAMILY, lower_snake_case(part), "_state")
    return generic.meaning_of(metric, labels)
