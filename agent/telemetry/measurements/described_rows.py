"""Rows of a device's table whose sensor is named in a tag: servers' own MIBs, and probes with a label.

    temperatureProbeLocationName="System Board Inlet Temp" temperatureProbeReading=210   → inlet_temp_c 21.0
    tempDescr="CPU DTS"                                     temperature_c=-51            → a margin

The name goes through the catalogue, as a vendor's does; one that the catalogue does not know decides nothing.
"""

from __future__ import annotations

import re
from dataclasses import replace

from agent.telemetry.catalogue import identify
from agent.telemetry.hosts import IDENTITY_TAGS
from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements.mib import DECI_A, DECI_CELSIUS, MILLI_V
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import CELSIUS, RPM, WATT, Unit

FAMILY = "snmp"
CLOSE = 3  # the highest rank of a canonical name that a label may have: "Rack 7 inlet" is no server's inlet

# IDRAC-MIB-SMIv2 and CPQHLTH-MIB: objects whose row another column names.
PROBES: dict[str, Unit] = {
    "temperatureProbeReading": DECI_CELSIUS,
    "coolingDeviceReading": RPM,
    "voltageProbeReading": MILLI_V,
    "cpqHeTemperatureCelsius": CELSIUS,
    "cpqHeFltTolFanCurrentSpeed": RPM,
}
LIMITS: dict[str, tuple[str, str]] = {
    f"{probe}{side}{grade}Threshold": (reading, f"{side.lower()}_{snake}")
    for probe, reading in (
        ("temperatureProbe", "temperatureProbeReading"),
        ("coolingDevice", "coolingDeviceReading"),
        ("voltageProbe", "voltageProbeReading"),
    )
    for side in ("Upper", "Lower")
    for grade, snake in (("Critical", "critical"), ("NonCritical", "non_critical"))
}
AMPERAGE = "amperageProbeReading"  # of supplies in tenths of an ampere, of the whole server in watts
SUPPLY_USED = "cpqHeFltTolPowerSupplyCapacityUsed"
OBJECTS = frozenset((*PROBES, *LIMITS, AMPERAGE, SUPPLY_USED))

_NAMING = re.compile(r"(?:^|_)(?:location_?name|name|descr|desc|description|label|locale)$")
_OF_DEVICE = re.compile(r"^(?:sys|host|device|agent|chassis|model|ups|pdu|rpdu|unit)")
_BAY = re.compile(r"(?:bay|index)$")
_CURRENT, _POWER = re.compile(r"current|amps", re.I), re.compile(r"pwr|power|watt|level", re.I)


def label_of(tags: Tags) -> str:
    """What a row's tags call its sensor; "" where none does."""
    for key in sorted(tags):
        snake = lower_snake_case(key)
        if key in IDENTITY_TAGS or _OF_DEVICE.match(snake) or not _NAMING.search(snake):
            continue
        if any(letter.isalpha() for letter in tags[key]):
            return tags[key].strip()
    return ""


def meaning_of(field: str, tags: Tags, own: Meaning | None) -> Meaning | None:
    """The sensor of an object of OBJECTS; `own` where its row has no label."""
    if field == SUPPLY_USED:
        bay = next((tags[key] for key in sorted(tags) if _BAY.search(lower_snake_case(key))), "")
        return identify(f"psu {bay} output power", WATT, FAMILY) if bay.isdecimal() else own
    label = label_of(tags)
    if not label:
        return own
    if field == AMPERAGE:
        unit = DECI_A if _CURRENT.search(label) else WATT if _POWER.search(label) else None
        return identify(label, unit, FAMILY) if unit else own
    if field in LIMITS:
        reading, bound = LIMITS[field]
        of = identify(label, PROBES[reading], FAMILY)
        return of.limit(bound) if of else None
    return identify(label, PROBES[field], FAMILY, _index_of(tags)) or own


def named_by_label(found: Meaning, tags: Tags) -> Meaning:
    """A sensor whose field only says its unit, by its row's label where the catalogue knows that."""
    unit = Unit(found.quantity, found.unit, found.scale, found.offset)
    known = identify(label_of(tags), unit, FAMILY)
    if known is None or known.rank > CLOSE:
        return found
    if known.quantity != found.quantity or known.bound:  # a margin, a limit, a state
        return replace(known, identity=found.identity)
    is_known = known.names[0] != known.identity
    return replace(found, names=(known.names[0], *found.names), rank=known.rank) if is_known else found


def _index_of(tags: Tags) -> str:
    return next((tags[key] for key in sorted(tags) if lower_snake_case(key).endswith("index")), "")
