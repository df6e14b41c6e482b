"""Telegraf's `smart_device` and `hddtemp`: a message a disk, whose sensors are called after its device."""

from __future__ import annotations

from agent.telemetry.meanings import Meaning, Tags, is_zero
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import CELSIUS, OTHER, UNITS, Unit

FAMILY = "disks"
SMART, HDDTEMP = "smart_device", "hddtemp"
MEASUREMENTS = (SMART, HDDTEMP)

# What hddtemp says of a disk; one that sleeps or has no sensor has the unit "*" and the value 0.
_UNITS = {"c": CELSIUS, "f": UNITS["fahrenheit"]}


def meaning_of(measurement: str, tags: Tags, field: str) -> Meaning | None:
    """`temp_c` or `temperature` of a disk is `sda_temp_c`; its other numbers keep their names."""
    disk = lower_snake_case(tags.get("device") or tags.get("serial_no") or "disk")
    own = lower_snake_case(field)
    if not own:
        return None
    if measurement == HDDTEMP and field == "temperature":
        unit = _UNITS.get(tags.get("unit", "").strip().lower())
        return _sensor(disk, "temp_c", unit, tags) if unit is not None else None
    if measurement == SMART and field == "temp_c":
        return _sensor(disk, "temp_c", CELSIUS, tags)
    return _sensor(disk, own, OTHER, tags)


def _sensor(disk: str, ending: str, unit: Unit, tags: Tags) -> Meaning:
    serial = lower_snake_case(tags.get("serial_no") or tags.get("model", ""))
    names = (f"{disk}_{ending}", f"{disk}_{serial}_{ending}")
    return Meaning(
        names,
        unit.quantity,
        unit.unit,
        FAMILY,
        f"{disk} {ending}",
        serial,
        scale=unit.scale,
        offset=unit.offset,
        refuses=is_zero if unit.quantity == "temperature" else None,
    )
