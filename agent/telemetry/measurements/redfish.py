"""Telegraf's `redfish_thermal_*` and `redfish_power_*`: readings with the limits that travel with them.

Newer ones, `redfish_thermalsubsys_*` and `redfish_powersubsys_*`, come of boards that have the subsystems in
the old tables' stead: a temperature has no member there, and its state is the whole subsystem's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from agent.telemetry.catalogue import identify
from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import CELSIUS, DUTY_PERCENT, OTHER, RPM, VOLT, WATT, Unit

FAMILY = "redfish"
READABLE_STATES = frozenset(("", "enabled"))

READINGS: dict[str, dict[str, Unit]] = {
    "redfish_thermal_temperatures": {"reading_celsius": CELSIUS},
    "redfish_thermal_fans": {"reading_rpm": RPM, "reading_percent": DUTY_PERCENT},
    "redfish_power_voltages": {"reading_volts": VOLT},
    "redfish_thermalsubsys_temperatures": {"reading_celsius": CELSIUS},
    "redfish_thermalsubsys_fans": {"reading_rpm": RPM, "reading_percent": DUTY_PERCENT},
}
POWERSUPPLIES, POWERCONTROL = "redfish_power_powersupplies", "redfish_power_powercontrol"
SUPPLIES = (POWERSUPPLIES, "redfish_powersubsys_powersupplies")
UNREAD = ("redfish_powersubsys_redundancy", "redfish_storage")  # counts and sizes
MEASUREMENTS = (*READINGS, *SUPPLIES, POWERCONTROL, *UNREAD)

_BOUNDS = {
    f"{side}_threshold_{grade}": f"{side}_{grade}"
    for side in ("upper", "lower")
    for grade in ("critical", "fatal", "non_critical", "noncritical")
}
# A field's ending of the supply's name; both fields for the output mean the same power.
_SUPPLY_FIELDS = {
    "power_input_watts": ("in_w", WATT),
    "power_output_watts": ("out_w", WATT),
    "last_power_output_watts": ("out_w", WATT),
    "line_input_voltage": ("vin", VOLT),
}
_SUPPLY_NUMBER = re.compile(
    r"(?:psu|ps|power[ _]?supply|pwr[ _]?supply|bay|slot)[ _.]*(?:bay|slot)?[ _.#]*(\d+)", re.I
)
_LAST_NUMBER = re.compile(r"(\d+)\D*$")
_SHARES = re.compile(r"cpu|memory|mem|dimm|gpu|fan|storage|disk", re.I)
_CONTROL_LIMITS = {"power_capacity_watts": "upper_capacity", "power_allocated_watts": "upper_allocated"}
_BUDGETS = frozenset(("power_available_watts", "power_requested_watts"))  # planned, not measured
_UNCOUNTED = frozenset(("interval_in_min",))  # always sent, 0 where unknown; says nothing of the machine

RATED_RATIO = 1.2  # no supply draws more than this × its capacity: below 83 % efficiency at full load
FULL_PERCENT = 100.0  # a fan's duty
MIN_EFFICIENCY = 0.5  # of a loaded supply
MIN_LOAD_SHARE = 0.5  # of the capacity: a standby supply may lose most of its few watts
MIN_LOAD_W = 100.0  # the same, where the capacity is not known


def meaning_of(measurement: str, tags: Tags, field: str) -> Meaning | None:
    """The sensor or limit that a field is; nothing where `state` says that nobody reads the sensor."""
    if tags.get("state", "").strip().lower() not in READABLE_STATES:
        return None
    if measurement in UNREAD:
        return None
    if measurement in SUPPLIES:
        return _of_supply(tags, field)
    if measurement == POWERCONTROL:
        return _of_control(tags, field)
    units = READINGS[measurement]
    name, member = _name_of(measurement, tags), tags.get("member_id", "")
    if field in units:
        found = identify(name, units[field], FAMILY, member)
        # Telegraf calls a speed a percentage where a board spells its unit in any other way than RPM.
        return replace(found, refuses=_beyond_full) if found and field == "reading_percent" else found
    bound = _BOUNDS.get(field)
    of = identify(name, next(iter(units.values())), FAMILY, member) if bound else None
    return of.limit(bound) if of and bound and of.quantity != "state" else None


def ratings(fields: Mapping[str, float]) -> frozenset[str]:
    """Fields of a power supply that are no measurements: an input that is its rating, an output sent twice.

    A real 750 W supply says that it takes 900 W and gives 203 W: believed, that is an efficiency of 23 %.
    """
    drawn, capacity = fields.get("power_input_watts"), fields.get("power_capacity_watts", 0.0)
    given = fields.get("power_output_watts", fields.get("last_power_output_watts"))
    twice = {"last_power_output_watts"} if "power_output_watts" in fields else set()
    if drawn is None or drawn <= 0:
        return frozenset(twice)
    rated = capacity > 0 and drawn >= RATED_RATIO * capacity
    loaded = drawn >= (MIN_LOAD_SHARE * capacity if capacity > 0 else MIN_LOAD_W)
    wasted = given is not None and loaded and given < MIN_EFFICIENCY * drawn
    gained = given is not None and given > drawn and loaded
    return frozenset(twice | {"power_input_watts"} if rated or wasted or gained else twice)


def _beyond_full(percent: float) -> bool:
    return percent > FULL_PERCENT


def _name_of(measurement: str, tags: Tags) -> str:
    kind = {"fans": "fan", "voltages": "voltage"}.get(measurement.rpartition("_")[2], "temp")
    return tags.get("name", "").strip() or f"{kind} {tags.get('member_id', '')}"


def _of_supply(tags: Tags, field: str) -> Meaning | None:
    name, member = tags.get("name", ""), tags.get("member_id", "")
    number = _SUPPLY_NUMBER.search(name) or _SUPPLY_NUMBER.search(member) or _LAST_NUMBER.search(member)
    base = f"psu{int(number[1])}" if number else lower_snake_case(name) or "psu"
    ending, unit = _SUPPLY_FIELDS.get(field, ("", WATT))
    if field == "power_capacity_watts":
        return _supply_sensor(base, "out_w", WATT, name, member).limit("upper_capacity")
    return _supply_sensor(base, ending, unit, name, member) if ending else None


def _supply_sensor(base: str, ending: str, unit: Unit, name: str, member: str) -> Meaning:
    names = (f"{base}_{ending}", f"{lower_snake_case(f'{base} {member}')}_{ending}")
    return Meaning(names, unit.quantity, unit.unit, FAMILY, name, member)


def _of_control(tags: Tags, field: str) -> Meaning | None:
    name, member = tags.get("name", ""), tags.get("member_id", "")
    if field in _UNCOUNTED or not field.endswith("_watts"):
        return None
    part = lower_snake_case(name) if _SHARES.search(name) else ""
    bound = _CONTROL_LIMITS.get(field)
    if field == "power_consumed_watts" or bound:
        own = part or "system_power"
        names = (own,) if part else ("power_w", own)
        other = (f"{own}_{lower_snake_case(member)}",) if lower_snake_case(member) else ()
        power = Meaning((*names, *other), WATT.quantity, WATT.unit, FAMILY, name, member)
        return power.limit(bound) if bound else power
    share = identify(f"{part} {field}", OTHER if field in _BUDGETS else WATT, FAMILY, member)
    return replace(share, identity=f"{field}|{name}") if share else None
