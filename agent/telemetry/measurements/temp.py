"""Telegraf's `temp`: the kernel's temperature inputs, and their limits and alarms as if they were sensors."""

from __future__ import annotations

import re

from agent.telemetry.catalogue import identify, state_of
from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.units import CELSIUS

FAMILY = "temp"
_INPUT = re.compile(r"_?input$")
_ALARM = re.compile(r"_(crit|max|min|lcrit|emergency)?_?alarm$")
_LIMIT = re.compile(r"_(crit|emergency|max|lcrit|min|crit_?hyst|max_?hyst)$")
_BOUNDS = {
    "crit": "upper_critical",
    "emergency": "upper_fatal",
    "max": "upper_max",
    "lcrit": "lower_critical",
}
_BOUNDS["min"] = "lower_min"
_PACKAGE = re.compile(r"coretemp_(?:package_?id_?|physical_?id_?)(\d+)")
_AMD = {"k10temp_tctl": "cpu0 temp", "zenpower_tctl": "cpu0 temp"}


def meaning_of(_measurement: str, tags: Tags, field: str) -> Meaning | None:
    """The sensor, limit or alarm that the tag `sensor` names."""
    name = _INPUT.sub("", tags.get("sensor", "").strip())
    if field != "temp" or not name:
        return None
    if _ALARM.search(name):
        return state_of(name, FAMILY)
    limit = _LIMIT.search(name)
    if limit is None:
        return identify(_common(name), CELSIUS, FAMILY)
    of, bound = identify(_common(name[: limit.start()]), CELSIUS, FAMILY), _BOUNDS.get(limit[1])
    return of.limit(bound) if of and bound else None


def _common(name: str) -> str:
    package = _PACKAGE.fullmatch(name)
    return f"cpu{package[1]} temp" if package else _AMD.get(name, name)
