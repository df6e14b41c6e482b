"""Telegraf's `ipmi_sensor`, metric versions 1 and 2.

Version 2 has `entity_id` and `status_code`; version 1 has a field `status` that is 1 for ok and 0 for
everything else, stopped fans and overheated CPUs included, so there only the tag `unit` tells a reading.
"""

from __future__ import annotations

import re
from dataclasses import replace

from agent.telemetry.catalogue import identify, state_of
from agent.telemetry.catalogue_rules import DUTIES, HUMIDITIES, SHARES
from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import DUTY_PERCENT, HUMIDITY, OTHER, PERCENT_WORDS, SHARE_PERCENT, UNITS, Unit

FAMILY = "ipmi"
NO_READING_CODES = frozenset(("ns", "na"))
# Descriptions that say nothing; one that begins with a number is a reading in a language with decimal commas.
_NO_READING = re.compile(r"no_reading|not_readable|disabled|na|[+-]?\d+,\d.*")
DISCRETE_UNITS = frozenset(("unspecified", "discrete"))
CHASSIS_POWER = "chassis_power_status"

# ipmitool puts "% " before the unit where a board set the bit for percentages, on thermometers too.
_PERCENT_BIT = "%_"
_PERCENTAGES = (
    (re.compile(DUTIES), DUTY_PERCENT),
    (re.compile(SHARES), SHARE_PERCENT),
    (re.compile(HUMIDITIES), HUMIDITY),
)
# A discrete sensor's code is ok whenever it can be read at all: its description tells what is wrong.
_BAD = re.compile(
    r"fail|fault|\blost\b|non-redundant|insufficient|critical|non-recoverable|over-?temp|intrusion"
    r"|exceeded|uncorrectable|degraded|\btrip|\berror"
)
_NOT_ASSERTED = re.compile(r"\b(?:deasserted|no|not)\b")


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
    # A discrete row always carries 0; what it says is in its tags. Version 1 has none, so it says nothing.
    description = tags.get("status_desc", "").strip().lower()
    state = state_of(name, FAMILY, entity) if code and not _NO_READING.fullmatch(description) else None
    good = code == "ok" and not is_bad(description)
    return replace(state, scale=0.0, offset=float(good)) if state else None


def is_bad(description: str) -> bool:
    """Whether one of the states of a discrete sensor, `presence_detected,_failure_detected`, is a fault."""
    parts = description.replace("_", " ").split(",")
    return any(_BAD.search(part) and not _NOT_ASSERTED.search(part) for part in parts)


def _unit(word: str, name: str) -> Unit:
    if word.startswith(_PERCENT_BIT):
        word = word[len(_PERCENT_BIT) :]
        word = "percent" if word in DISCRETE_UNITS else word
    if word not in PERCENT_WORDS:
        return UNITS.get(word, OTHER)
    return next((unit for words, unit in _PERCENTAGES if words.search(name)), OTHER)
