"""Prometheus metrics, by their names: ipmi_exporter's, DCGM's (in `dcgm`) and everybody else's.

Telegraf brings them as `prometheus,… METRIC=24` (version 2) or `METRIC,… gauge=24` (version 1), the Kafka
adapter as JSON; all end here with the metric's name as the field and its labels as tags.
"""

from __future__ import annotations

from agent.telemetry.catalogue import identify, state_of
from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements import dcgm, unknown
from agent.telemetry.units import AMPERE, CELSIUS, DUTY, OTHER, RPM, VOLT, WATT, Unit

FAMILY = "ipmi_exporter"
VALUE_FIELDS = unknown.VALUE_FIELDS
_PREFIXES = ("ipmi_", dcgm.PREFIX, dcgm.OWN_PREFIX)

# Metrics whose label `name` is the sensor's.
SENSORS: dict[str, Unit] = {
    "ipmi_temperature_celsius": CELSIUS,
    "ipmi_fan_speed_rpm": RPM,
    "ipmi_fan_speed_ratio": DUTY,
    "ipmi_voltage_volts": VOLT,
    "ipmi_current_amperes": AMPERE,
    "ipmi_power_watts": WATT,
    "ipmi_sensor_value": OTHER,
}
DCMI = "ipmi_dcmi_power_consumption_"
ABOUT_THE_EXPORTER = frozenset(("ipmi_scrape_duration_seconds", "ipmi_bmc_info", "ipmi_config_lan_mode"))


def is_metric_name(measurement: str) -> bool:
    """Whether a measurement is a Prometheus metric that we know, as Telegraf's version 1 names them."""
    return measurement.startswith(_PREFIXES) and measurement != "ipmi_sensor"


def meaning_of(_measurement: str, tags: Tags, field: str) -> Meaning | None:
    """The sensor behind a metric and its labels."""
    if field in SENSORS:
        return identify(tags.get("name", ""), SENSORS[field], FAMILY, tags.get("id", ""))
    if field.startswith(DCMI):
        current = field == f"{DCMI}current_watts"
        return identify("instantaneous_power_reading" if current else field[len("ipmi_") :], WATT, FAMILY)
    if field in ABOUT_THE_EXPORTER:
        return None
    if field.startswith("ipmi_") and field.endswith("_state"):
        name = tags.get("name", "").strip() or field[len("ipmi_") :]
        return state_of(name, FAMILY, tags.get("id", ""), "_state")
    if field == "ipmi_up":
        return state_of(f"{field}_{tags.get('collector', '')}", FAMILY)
    if field.startswith((dcgm.PREFIX, dcgm.OWN_PREFIX)):
        return dcgm.meaning_of(field, tags)
    return unknown.meaning_of(field, tags, "value")
