"""Telegraf's `ipmi_sensor`, metric versions 1 and 2.

Version 2 has `entity_id` and `status_code`; version 1 has a field `status` that is 1 for ok and 0 for
everything else, stopped fans and overheated CPUs included, so there only the tag `unit` tells a reading.
"""

from __future__ import annotations

from agent.telemetry.catalogue import identify, state_of
from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import DUTY_PERCENT, OTHER, PERCENT_WORDS, SHARE_PERCENT, UNITS, Unit

FAMILY = "ipmi"
NO_READING_CODES = frozenset(("ns", "na"))
DISCRETE_UNITS = frozenset(("unspecified", "discrete"))
CHASSIS_POWER = "chassis_power_status"


def meaning_of(_measurement: str, tags: Tags, field: str) -> Meaning | None:
    """The sensor named by the tags; only the field `value` is a reading."""
    name, unit = tags.get("name", ""), tags.get("unit", "").strip().lower()
    code, entity = tags.get("status_code", "").strip().lower(), tags.get("entity_id", "")
    if field == CHASSIS_POWER or (field == "value" and name == CHASSIS_POWER):
        return state_of(CHASSIS_POWER, FAMILY)
    if field != "value" or code in NO_READING_CODES or unit in DISCRETE_UNITS:
        return None
    if unit:
        return identify(name, _unit(unit, lower_snake_case(name)), FAMILY, entity)
    # A discrete row always carries 0; what it says is in the code. Version 1 has no code, so it says nothing.
    state = state_of(name, FAMILY, entity) if code else None
    return _constant(state, 1.0 if code == "ok" else 0.0) if state else None


def _unit(word: str, name: str) -> Unit:
    if word not in PERCENT_WORDS:
        return UNITS.get(word, OTHER)
    if "fan" in name.split("_") or name.startswith("fan"):
        return DUTY_PERCENT
    return SHARE_PERCENT if name.endswith(("usage", "util", "utilization")) else OTHER


def _constant(meaning: Meaning, value: float) -> Meaning:
    return Meaning(
        meaning.names,
        meaning.quantity,
        meaning.unit,
        meaning.family,
        meaning.identity,
        meaning.part,
        scale=0.0,
        offset=value,
    )
