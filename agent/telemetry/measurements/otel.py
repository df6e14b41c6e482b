"""OpenTelemetry's metrics: whose a metric is, by its name.

hw.*                                     the conventions for hardware (`otel_hardware`)
temperature.reading, fan.status.health   the collector's redfish receiver, which has names of its own
system.cpu.utilization                   the collector's host metrics: cpu_util, of all processors
ipmi_temperature_celsius, node_…, DCGM_… scraped from an exporter: Prometheus' name and labels
anything else                            its own name, in the unit that it says
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agent.telemetry import measurements
from agent.telemetry.catalogue import identify
from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements import otel_hardware, unknown
from agent.telemetry.measurements.exporters.endings import unit_of_ending
from agent.telemetry.naming import MAX_NAME_LENGTH, lower_snake_case
from agent.telemetry.ucum import unit_of
from agent.telemetry.units import (
    CELSIUS,
    DUTY,
    DUTY_PERCENT,
    HUMIDITY,
    MARGIN,
    OTHER,
    RPM,
    SHARE,
    STATE,
    Unit,
)

CPU_UTILIZATION = "system.cpu.utilization"
CPU_ATTRIBUTES = ("cpu", "cpu.logical_number")
STATE_ATTRIBUTES = ("state", "cpu.mode", "cpu.state")
IDLE = "idle"
OF_PROGRAMS = ("process.", "container.", "k8s.")  # many on a host, none of them a sensor of it
FAN_READING, FAN_UNITS = "fan.reading", "fan.reading_units"

HIGHEST_PERCENT = (
    150.0  # of a fan's speed, with room for boost; the slowest fans turn at some hundreds a minute
)

_REDFISH_FAMILY = "otel_redfish"
_REDFISH_NAME = {"temperature": "temperature.name", "fan": "fan.name", "chassis": "", "system": ""}
_REDFISH_STATE = re.compile(r"(temperature|fan|chassis|system)\.(?:status\.(health|state)|(powerstate))")
_NO_FAN_UNITS = frozenset(("", "1", "%", "{%}", "{}"))
_FAN_UNIT = {"rpm": RPM, "percent": DUTY_PERCENT, "%": DUTY_PERCENT}

# What the collector cuts off a scraped name when it keeps the unit beside it.
_CUT_OFF = {
    "temperature": ("celsius",),
    "power": ("watts",),
    "energy": ("joules", "joules_total"),
    "voltage": ("volts",),
    "current": ("amperes",),
    "frequency": ("hertz",),
}
# What the bare numbers and percentages of other metrics are, by their names.
_EXPECTED = (
    (re.compile(r"(.*_)?humidity(_.*)?"), HUMIDITY),
    (re.compile(r"(.*_)?fan(_.*)?_(duty|duty_cycle|pwm|ratio|pct|percent)"), DUTY),
    (re.compile(r"(.*_)?fan(_.*)?_speed"), RPM),
    (re.compile(r"(.*_)?(cpu|gpu)_utilization"), SHARE),
)
_SCRAPED = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*_[A-Za-z0-9_:]*")


def meaning_of(metric: str, attributes: Tags, code: str) -> Meaning | None:
    """The sensor behind a metric, its data point's attributes and its unit; None where it is no reading."""
    meaning = _any_length(metric, attributes, code)
    if meaning is None:
        return None
    names = tuple(name for name in meaning.names if len(name) <= MAX_NAME_LENGTH)
    return replace(meaning, names=names) if names else None


def _any_length(metric: str, attributes: Tags, code: str) -> Meaning | None:
    if metric.startswith(otel_hardware.PREFIX):
        return otel_hardware.meaning_of(metric, attributes, code)
    if metric in ("temperature.reading", FAN_READING):
        return _of_redfish(metric, attributes, code)
    state = _REDFISH_STATE.fullmatch(metric)
    if state is not None:
        return _of_redfish_state(state[1], state[2] or state[3], attributes)
    if metric == CPU_UTILIZATION and not any(name in attributes for name in CPU_ATTRIBUTES):
        whole = _of_all_processors(attributes, code)
        if whole is not None:
            return whole
    if metric.startswith(OF_PROGRAMS):
        return None
    if _SCRAPED.fullmatch(metric):
        return _scraped(metric, attributes, code)
    return _of_own_name(metric, attributes, code)


def cpu_mode(attributes: Tags) -> str:
    """What a share of a processor's time went to: `idle`, `user`, …; "" where it is not split."""
    return next((attributes[name] for name in STATE_ATTRIBUTES if attributes.get(name)), "")


def _of_all_processors(attributes: Tags, code: str) -> Meaning | None:
    """The share of time that processors were not idle."""
    mode, unit = cpu_mode(attributes), unit_of(code, SHARE)
    if mode not in ("", IDLE) or unit.quantity != SHARE.quantity:
        return None
    scale, offset = (-unit.scale, 1.0) if mode == IDLE else (unit.scale, 0.0)
    return Meaning(
        ("cpu_util",), unit.quantity, unit.unit, "host_cpu", "cpu_util", scale=scale, offset=offset
    )


def _of_redfish(metric: str, attributes: Tags, code: str) -> Meaning | None:
    kind = metric.partition(".")[0]
    name, chassis = attributes.get(_REDFISH_NAME[kind], ""), attributes.get("chassis.id", "")
    if kind == "temperature":
        unit = unit_of(code, CELSIUS)
    else:
        unit = _FAN_UNIT.get(attributes.get(FAN_UNITS, "").strip().lower()) or unit_of(code, RPM)
    found = identify(name, unit, _REDFISH_FAMILY)
    if found is None:
        return None
    other = lower_snake_case(f"{found.names[-1]} {chassis}")
    return replace(found, names=tuple(dict.fromkeys((*found.names, other))), part=chassis)


def _of_redfish_state(kind: str, what: str, attributes: Tags) -> Meaning:
    """Health 0 critical, 1 ok, 2 warning; states 0 and 1; −1 is nobody's knowledge and no reading."""
    name, chassis = attributes.get(_REDFISH_NAME[kind], ""), attributes.get("chassis.id", "")
    own, part = lower_snake_case(f"{name or kind} {what}"), chassis or attributes.get("system.id", "")
    names = dict.fromkeys((own, lower_snake_case(f"{own} {part}")))
    return Meaning(
        tuple(names),
        STATE.quantity,
        STATE.unit,
        _REDFISH_FAMILY,
        f"{kind}|{own}",
        part=part,
        refuses=is_negative,
    )


def is_negative(value: float) -> bool:
    return value < 0


def _scraped(metric: str, labels: Tags, code: str) -> Meaning | None:
    """By the exporter's own name, else by the name that it had before its unit was cut off."""
    found = measurements.meaning_of("prometheus", labels, metric)
    unit = unit_of(code, OTHER)
    if found is None or found.family != unknown.FAMILY or unit == OTHER:
        return found
    endings = ("rpm",) if unit == RPM else _CUT_OFF.get(unit.quantity, ())
    whole = (measurements.meaning_of("prometheus", labels, f"{metric}_{ending}") for ending in endings)
    known = next((one for one in whole if one is not None and one.family != unknown.FAMILY), None)
    return known or (found if found.quantity == unit.quantity else _in(found, _measured(metric, unit)))


def _of_own_name(metric: str, attributes: Tags, code: str) -> Meaning | None:
    found = unknown.meaning_of(metric, attributes, "value")
    if found is None or not code.strip():
        return found
    own = lower_snake_case(metric)
    expected = next((unit for words, unit in _EXPECTED if words.fullmatch(own)), OTHER)
    if expected == SHARE and cpu_mode(attributes):
        expected = OTHER  # what one mode has is no load
    return _in(found, _measured(own, unit_of(code, expected)))


def _measured(own: str, unit: Unit) -> Unit:
    """The same unit, unless the name says that it is a margin, or a limit or rating that nobody measures."""
    ending = _CUT_OFF.get(unit.quantity, ("",))[0]
    judged, _ = unit_of_ending(f"{own}_{ending}") if ending else (unit, "")
    if judged.quantity == MARGIN.quantity:
        return MARGIN._replace(scale=unit.scale)
    return unit if judged.quantity == unit.quantity else OTHER


def _in(meaning: Meaning, unit: Unit) -> Meaning:
    return replace(meaning, quantity=unit.quantity, unit=unit.unit, scale=unit.scale, offset=unit.offset)


def fan_unit(code: str, values: Sequence[float]) -> str:
    """What the redfish receiver's fans of one machine count: its unit says %, whatever the machine sends.

    A fan that stopped says 0 either way, so all fans of a message decide together.
    """
    if code.strip() not in _NO_FAN_UNITS:
        return code
    return "rpm" if any(value > HIGHEST_PERCENT for value in values) else "%"
