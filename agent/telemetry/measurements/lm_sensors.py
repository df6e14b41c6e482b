"""Telegraf's `sensors`: what lm-sensors reads off a machine's chips, all of one feature in a message.

    sensors,chip=coretemp-isa-0000,feature=package_id_0 temp_input=77,temp_max=82,temp_crit_alarm=0 1767…
                                            its kind is ┘└ input, limit, alarm or setting

With `remove_numbers = false` the kind has a number, `temp1_input`. Units are °C, rpm, V, A, W, J and %.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from agent.telemetry.meanings import Meaning, Tags, is_zero
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import AMPERE, CELSIUS, HUMIDITY, JOULE, RPM, STATE, VOLT, WATT, Unit

FAMILY = "sensors"

KINDS: dict[str, Unit] = {
    "temp": CELSIUS,
    "fan": RPM,
    "in": VOLT,
    "curr": AMPERE,
    "power": WATT,
    "energy": JOULE,
    "humidity": HUMIDITY,
}
READINGS = frozenset(("input", "average"))
LIMITS: dict[str, str] = {
    "crit": "upper_critical",
    "emergency": "upper_fatal",
    "max": "upper_max",
    "cap": "upper_cap",
    "lcrit": "lower_critical",
    "min": "lower_min",
}
_FIELD = re.compile(r"([a-z]+?)\d*_(\w+)")
_STATES = re.compile(r"(?:\w+_)?(alarm|fault)")
_PACKAGE = re.compile(r"(?:package|physical)_id_(\d+)")
_AMD = re.compile(r"(?:k10temp|zenpower)-pci-00([0-9a-f]{2})")
_AMD_FIRST = 0x18  # the PCI device of the first socket's sensors; the address holds it above 3 bits
_AMD_CPU = {"tdie": 0, "tctl": 1, "temp1": 2}  # the die itself; what controls the fans, with an offset
_SYSTEM_POWER = re.compile(r"power_meter-acpi-\w+")  # of the whole machine

NO_TEMPERATURE = (-273.15, 1_000.0)  # limits that nobody set: absolute zero, and 16 bits of kelvin


def meaning_of(_measurement: str, tags: Tags, field: str) -> Meaning | None:
    """The input, the limit or the alarm of the chip's feature; nothing for settings and extremes."""
    match = _FIELD.fullmatch(field)
    chip, feature = tags.get("chip", "").strip(), tags.get("feature", "").strip()
    own = lower_snake_case(f"{chip} {feature}".replace("-", " "))
    if match is None or not own:
        return None
    kind, what = match.groups()
    state = _STATES.fullmatch(what)
    if state:
        return Meaning(
            (f"{own}_{state[1]}", f"{own}_{kind}_{what}"), STATE.quantity, STATE.unit, FAMILY, own, what
        )
    unit, bound = KINDS.get(kind), LIMITS.get(what)
    if unit is None or (bound is None and what not in READINGS):
        return None
    name, rank = _canonical(kind, chip, feature)
    sensor = Meaning(
        (name, own) if name else (own,),
        unit.quantity,
        unit.unit,
        FAMILY,
        own,
        kind,
        rank,
        refuses=is_zero
        if kind == "temp" or name == "power_w"
        else None,  # as inputs that nothing is wired to
    )
    return limit_of(sensor, bound) if bound else sensor


def faults(fields: Mapping[str, float]) -> frozenset[str]:
    """The inputs of a feature whose sensor says that it is broken or not connected."""
    broken = any(value == 1 for name, value in fields.items() if name.endswith("_fault"))
    return frozenset(name for name in fields if name.endswith("_input")) if broken else frozenset()


def limit_of(sensor: Meaning, bound: str) -> Meaning:
    """A sensor's limit, without the values that mean that none is set."""
    limit = sensor.limit(bound)
    return replace(limit, refuses=_is_unset) if sensor.quantity == "temperature" else limit


def _is_unset(value: float) -> bool:
    low, high = NO_TEMPERATURE
    return not low < value < high or value == 0


def _canonical(kind: str, chip: str, feature: str) -> tuple[str, int]:
    if kind == "temp":
        package, amd = _PACKAGE.fullmatch(feature), _AMD.fullmatch(chip)
        if package and chip.startswith("coretemp"):
            return f"cpu{package[1]}_temp_c", 0
        if amd and feature in _AMD_CPU:
            return f"cpu{(int(amd[1], 16) >> 3) - _AMD_FIRST}_temp_c", _AMD_CPU[feature]
    return ("power_w", 3) if kind == "power" and _SYSTEM_POWER.fullmatch(chip) else ("", 0)
