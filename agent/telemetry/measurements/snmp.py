"""Readings of PDUs, UPSs, cooling units and probes: what Telegraf's `snmp` and the snmp_exporter bring.

    field or metric ─► an object of a MIB, by its name      mib_pdus, mib_upses, mib_rooms
                    ├► an object whose row a tag names         described_rows (servers' own MIBs)
                    └► the operator's own name, by its words   facility_fields (Telegraf only)

An object's name means the number as the device sends it. Where a collector scales it, the field should have
another name with its unit, as `phase1_a`, or a row in the config's mapping, which wins over everything here.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements import described_rows, entity_sensors, unknown
from agent.telemetry.measurements.facility_fields import read_field
from agent.telemetry.measurements.mib import Holds, Object, merged
from agent.telemetry.measurements.mib_pdus import EATON, PDUS
from agent.telemetry.measurements.mib_rooms import ROOMS
from agent.telemetry.measurements.mib_upses import UPSES
from agent.telemetry.measurements.rows import Row, names_in, scope_of
from agent.telemetry.naming import lower_snake_case

FAMILY, EXPORTER_FAMILY = "snmp", "snmp_exporter"
OBJECTS: dict[str, Object] = merged(PDUS, UPSES, ROOMS)

_FACILITY = re.compile(
    r"(snmp|[re]?pdus?\d*|ups(es)?\d*|crac|crah|cooling|inrow|hvac|apc|powernet|raritan|sentry\d*|servertech"
    r"|liebert|vertiv|geist|eaton|cyberpower|netbotz|akcp|stulz|schneider)(_\w*)?"
)
_PLAIN = frozenset(("temp_c", "fan_rpm", "voltage_v", "power_w", "current_a"))  # the field says no more
_INSTANCE = re.compile(r"(.*?[A-Za-z])[._]?(\d+(?:\.\d+)*)")
_EATON = re.compile(r"eaton|epdu")
_EATON_INDEX = "strappingIndex"  # of every table of its PDUs, and of nobody else's

# What the exporter's own configuration has scaled already; older versions of it did not, so values that are
# out of the question for a quantity are refused.
_TENTHS = re.compile(
    r"upsHighPrec\w+|upsBatteryVoltage|ups(?:In|Out)putFrequency|st4TempSensorValue|upsAdvOutputCrestFactor"
)
_HUNDREDTHS = frozenset(("upsHighPrecInputEnergyUsage", "upsHighPrecOutputEnergyUsage"))


def is_facility(measurement: str, tags: Tags, field: str) -> bool:
    """Whether a message of Telegraf is about such a device, or its field is an object of one."""
    return (
        "agent_host" in tags
        or _object(field) is not None
        or field in described_rows.OBJECTS
        or _FACILITY.fullmatch(lower_snake_case(measurement)) is not None
    )


def meaning_of(measurement: str, tags: Tags, field: str) -> Meaning | None:
    """The sensor behind a field of Telegraf's; its own name and `other` where nothing tells its scale."""
    own = unknown.meaning_of(measurement, tags, field)
    if field in entity_sensors.FIELDS:
        return entity_sensors.meaning_of(tags, field, own)
    if field in described_rows.OBJECTS:
        return described_rows.meaning_of(field, tags, own)
    known = _object(field) or _of_eaton(measurement, tags, field)
    if known is not None:
        of, number = known
        return _meaning(of, names_in(of.scope, of.name, tags, _row(of, number)), own, FAMILY)
    scope = scope_of(measurement, tags)
    named = read_field(field, scope)
    if named is None:
        return own
    row = Row(named.row, named.object.scope) if named.row else None
    found = _meaning(named.object, names_in(named.object.scope, named.object.name, tags, row), own, FAMILY)
    return described_rows.named_by_label(found, tags) if found and named.object.name in _PLAIN else found


def is_exported(metric: str, tags: Tags) -> bool:
    """Whether a Prometheus metric is an object of a device's MIB."""
    return _exported(metric, tags) is not None or metric in entity_sensors.FIELDS


def of_exporter(tags: Tags, metric: str) -> Meaning | None:
    """The sensor behind a metric of the snmp_exporter and its labels."""
    own = unknown.meaning_of(metric, tags, "value")
    if metric in entity_sensors.FIELDS:
        return entity_sensors.meaning_of(tags, metric, own)
    of, labels = _exported(metric, tags), {k: v for k, v in tags.items() if k != metric}
    if of is None:
        return None
    if metric in tags:  # one metric for every code, 1 for the code that is
        return _of_code(of, labels, tags[metric], own)
    scaled = 100.0 if metric in _HUNDREDTHS else 10.0 if _TENTHS.fullmatch(metric) else 1.0
    if scaled != 1.0:
        refuses = _LIKELY.get(of.unit.quantity if of.name != "battery_pct" else of.name)
        of = of._replace(unit=of.unit._replace(scale=of.unit.scale * scaled), refuses=refuses or of.refuses)
    return _meaning(of, names_in(of.scope, of.name, labels), own, EXPORTER_FAMILY)


def _exported(metric: str, tags: Tags) -> Object | None:
    of_eaton = EATON.get(metric) if _EATON_INDEX in tags else None
    return of_eaton or OBJECTS.get(metric)


def _object(field: str) -> tuple[Object, str] | None:
    """An object by a field's name, with or without its MIB and its instance: `rPDU2BankStatusCurrent.2`."""
    name = field.rpartition("::")[2]
    if name in OBJECTS:
        return OBJECTS[name], ""
    instance = _INSTANCE.fullmatch(name)
    if instance is not None and instance[1] in OBJECTS:
        return OBJECTS[instance[1]], "" if instance[2] == "0" else instance[2]
    return None


def _of_eaton(measurement: str, tags: Tags, field: str) -> tuple[Object, str] | None:
    is_eaton = _EATON_INDEX in tags or _EATON.search(measurement.lower())
    return (EATON[field], "") if is_eaton and field in EATON else None


def _row(of: Object, number: str) -> Row | None:
    return Row(number, of.scope) if number else None


def _of_code(of: Object, labels: Tags, code: str, own: Meaning | None) -> Meaning | None:
    """One code of several: whether it is the one that is. Of a UPS's sources the battery is ours."""
    of, text = of._replace(counts=None), lower_snake_case(code)
    if of.name == "on_battery":
        name = of.name if text in ("battery", "on_battery") else f"output_{text}"
    else:
        name = f"{of.name}_{text}"
    return _meaning(of, names_in(of.scope, name, labels), own, EXPORTER_FAMILY)


def _meaning(of: Object, names: tuple[str, ...], own: Meaning | None, family: str) -> Meaning | None:
    if own is None:
        return None
    return Meaning(
        (*names, *own.names[-1:]),
        of.unit.quantity,
        of.unit.unit,
        family,
        own.identity,
        rank=of.rank,
        scale=of.unit.scale,
        offset=of.unit.offset,
        refuses=of.refuses,
        counts=of.counts,
    )


def _outside(low: float, high: float) -> Callable[[float], bool]:
    def is_outside(value: float) -> bool:
        return not low <= value <= high

    return is_outside


# Already scaled: percent, °C, V, Hz.
_LIKELY: dict[str, Holds] = {
    "utilization": _outside(0, 200),
    "battery_pct": _outside(0, 100),
    "temperature": _outside(-40, 100),
    "voltage": _outside(0, 1000),
    "frequency": _outside(0, 100),
}
