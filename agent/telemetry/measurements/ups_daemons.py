"""Telegraf's `apcupsd` and `upsd` (Network UPS Tools), which name their fields alike.

Both run beside the UPS's data cable, so their `host` is the machine that asks. The tag `ups_name` tells
several of one daemon apart; a tag `source`, given in Telegraf's own config, makes each a host of its own.
"""

from __future__ import annotations

from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements import unknown
from agent.telemetry.measurements.mib import NANO_S, PERCENT, Holds, is_blank, is_negative, is_no_humidity
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import AMPERE, CELSIUS, HERTZ, HUMIDITY, SHARE_PERCENT, STATE, VOLT, WATT, Unit

FAMILY = "ups_daemon"
MEASUREMENTS = ("apcupsd", "upsd")
ON_BATTERY = 0x10  # of status_flags, in both daemons
HIGHEST_FLAGS = 2**32

FIELDS: dict[str, tuple[str, Unit, Holds]] = {
    "input_voltage": ("input_v", VOLT, is_negative),
    "output_voltage": ("output_v", VOLT, is_negative),
    "battery_voltage": ("battery_v", VOLT, is_negative),
    "input_frequency": ("input_hz", HERTZ, is_negative),
    "load_percent": ("load_util", SHARE_PERCENT, is_negative),
    "battery_charge_percent": ("battery_pct", PERCENT, is_negative),
    "internal_temp": ("internal_temp_c", CELSIUS, is_blank),
    "ups_temperature": ("internal_temp_c", CELSIUS, is_blank),
    # upsd's `additional_fields`, dots as underscores
    "ambient_temperature": ("ambient_temp_c", CELSIUS, is_blank),
    "ambient_humidity": ("rh_pct", HUMIDITY, is_no_humidity),
    "battery_temperature": ("battery_temp_c", CELSIUS, is_blank),
    "battery_current": ("battery_a", AMPERE, is_blank),
    "input_current": ("input_a", AMPERE, is_negative),
    "output_current": ("output_a", AMPERE, is_negative),
    "output_frequency": ("output_hz", HERTZ, is_negative),
    "time_left_ns": ("runtime_s", NANO_S, is_negative),
    "time_on_battery_ns": ("on_battery_s", NANO_S, is_negative),
    "real_power": ("power_w", WATT, is_negative),  # upsd, where it is asked for
    "ups_realpower": ("power_w", WATT, is_negative),
}
RATINGS = frozenset(
    (
        "nominal_input_voltage",
        "nominal_battery_voltage",
        "nominal_power",
        "ups_delay_shutdown",
        "ups_delay_start",
    )
)


def meaning_of(measurement: str, tags: Tags, field: str) -> Meaning | None:
    """The sensor behind a field; `on_battery` is 1 or 0. Ratings and settings are none."""
    if field in RATINGS:
        return None
    ups = lower_snake_case(tags.get("ups_name", "") or tags.get("serial", ""))
    if field == "status_flags":
        return _sensor("on_battery", STATE, is_negative, ups, is_on_battery)
    if field in FIELDS:
        return _sensor(*FIELDS[field], ups)
    # A UPS's texts of state are among the tags, and would make a new sensor of each.
    steady = {key: value for key, value in tags.items() if key != "status"}
    return unknown.meaning_of(measurement, steady, field)


def is_on_battery(flags: float) -> bool:
    return 0 <= flags < HIGHEST_FLAGS and bool(int(flags) & ON_BATTERY)


def _sensor(name: str, unit: Unit, refuses: Holds, ups: str, counts: Holds | None = None) -> Meaning:
    names = (name, f"{ups}_{name}") if ups else (name,)
    return Meaning(
        names, unit.quantity, unit.unit, FAMILY, name, ups, scale=unit.scale, refuses=refuses, counts=counts
    )
