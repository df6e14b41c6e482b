"""Exporters of UPSs: apcupsd_exporter, and two of Network UPS Tools.

apcupsd_line_volts 230                                  → input_v
network_ups_tools_ups_load 23                           → load_util, 0.23 (DRuggeri's: NUT's own variables)
nut_load 0.23                                           → load_util (HON95's: shares and units)
nut_power_watts                                         → apparent power, in VA whatever its name says
"""

from __future__ import annotations

import re
from typing import NamedTuple

from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements.exporters import generic
from agent.telemetry.measurements.mib import PERCENT, SECOND
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import (
    AMPERE,
    CELSIUS,
    HERTZ,
    HUMIDITY,
    OTHER,
    SHARE,
    SHARE_PERCENT,
    STATE,
    VOLT,
    WATT,
    Unit,
)

PREFIXES = ("apcupsd_", "network_ups_tools_", "nut_")
FAMILY = "ups_exporter"
SHARE_AS_PERCENT = PERCENT._replace(scale=100.0)

# Metric without the exporter's own beginning → what its sensor is called, and its unit as sent.
APCUPSD: dict[str, tuple[str, Unit]] = {
    "ups_load_percent": ("load_util", SHARE_PERCENT),
    "battery_charge_percent": ("battery_pct", PERCENT),
    "line_volts": ("input_v", VOLT),
    "output_volts": ("output_v", VOLT),
    "battery_volts": ("battery_v", VOLT),
    "battery_time_left_seconds": ("runtime_s", SECOND),
    "battery_time_on_seconds": ("on_battery_s", SECOND),
    "internal_temperature_celsius": ("internal_temp_c", CELSIUS),
}
NUT: dict[str, tuple[str, Unit]] = {
    "ups_load": ("load_util", SHARE_PERCENT),
    "ups_temperature": ("internal_temp_c", CELSIUS),
    "ups_realpower": ("power_w", WATT),
    "ups_power": ("apparent_va", OTHER),
    "battery_charge": ("battery_pct", PERCENT),
    "battery_voltage": ("battery_v", VOLT),
    "battery_current": ("battery_a", AMPERE),
    "battery_temperature": ("battery_temp_c", CELSIUS),
    "battery_runtime": ("runtime_s", SECOND),
    "input_voltage": ("input_v", VOLT),
    "input_current": ("input_a", AMPERE),
    "input_frequency": ("input_hz", HERTZ),
    "output_voltage": ("output_v", VOLT),
    "output_current": ("output_a", AMPERE),
    "output_frequency": ("output_hz", HERTZ),
    "ambient_temperature": ("ambient_temp_c", CELSIUS),
    "ambient_humidity": ("rh_pct", HUMIDITY),
}
NUT_WITH_UNITS: dict[str, tuple[str, Unit]] = {
    "load": ("load_util", SHARE),
    "temperature_celsius": ("internal_temp_c", CELSIUS),
    "real_power_watts": ("power_w", WATT),
    "power_watts": ("apparent_va", OTHER),
    "battery_charge": ("battery_pct", SHARE_AS_PERCENT),
    "battery_voltage_volts": ("battery_v", VOLT),
    "battery_volts": ("battery_v", VOLT),
    "battery_temperature_celsius": ("battery_temp_c", CELSIUS),
    "battery_runtime_seconds": ("runtime_s", SECOND),
    "input_voltage_volts": ("input_v", VOLT),
    "input_volts": ("input_v", VOLT),
    "input_current_amperes": ("input_a", AMPERE),
    "input_frequency_hertz": ("input_hz", HERTZ),
    "output_voltage_volts": ("output_v", VOLT),
    "output_volts": ("output_v", VOLT),
    "output_current_amperes": ("output_a", AMPERE),
    "output_frequency_hertz": ("output_hz", HERTZ),
}


class Exporter(NamedTuple):
    beginning: str
    table: dict[str, tuple[str, Unit]]


EXPORTERS = (
    Exporter("apcupsd_", APCUPSD),
    Exporter("network_ups_tools_", NUT),
    Exporter("nut_", NUT_WITH_UNITS),
)
# Words of a variable that is rated or set: no reading.
_SETTING = re.compile(
    r"(^|_)(nominal|transfer|low|high|warning|minimum|maximum|extended|delay|timer|restart|config|capacity"
    r"|sensitivity|info|version)(_|$)"
)


def meaning_of(metric: str, labels: Tags) -> Meaning | None:
    """The UPS's sensor; the label `ups` tells several of one machine apart."""
    exporter = next(known for known in EXPORTERS if metric.startswith(known.beginning))
    name, ups = metric.removeprefix(exporter.beginning), lower_snake_case(labels.get("ups", ""))
    if name in ("ups_status", "status"):
        flag = lower_snake_case(labels.get("flag") or labels.get("status", ""))
        return _sensor(f"ups_status_{flag}" if flag else "ups_status", STATE, ups)
    if name in exporter.table:
        return _sensor(*exporter.table[name], ups)
    if _SETTING.search(name):
        return None
    return generic.meaning_of(metric, labels)


def _sensor(name: str, unit: Unit, ups: str) -> Meaning:
    names = (name, f"{ups}_{name}") if ups else (name,)
    return Meaning(names, unit.quantity, unit.unit, FAMILY, name, ups, scale=unit.scale, offset=unit.offset)
