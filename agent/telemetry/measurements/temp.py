"""Telegraf's `temp`: the kernel's temperature inputs, and their limits and alarms as if they were sensors."""

from __future__ import annotations

import re

from agent.telemetry.catalogue import identify, state_of
from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements.lm_sensors import LIMITS, limit_of
from agent.telemetry.units import CELSIUS

FAMILY = "temp"
_INPUT = re.compile(r"_?input$")
_ALARM = re.compile(r"_(crit|max|min|lcrit|emergency)?_?alarm$")
_LIMIT = re.compile(r"_(crit|emergency|max|lcrit|min|crit_?hyst|max_?hyst)$")
_PACKAGE = re.compile(r"coretemp_(?:package_?id_?|physical_?id_?)(\d+)")
_AMD = frozenset(("k10temp_tctl", "zenpower_tctl"))
_AMD_DEVICE = re.compile(r"[0-9a-f]{4}:00:(1[89a-f])\.3")  # PCI device 0x18 belongs to the first socket
_AMD_FIRST = 0x18


def meaning_of(_measurement: str, tags: Tags, field: str) -> Meaning | None:
    """The sensor, limit or alarm that the tag `sensor` names; the tag `device` tells two of a name apart."""
    name, device = _INPUT.sub("", tags.get("sensor", "").strip()), tags.get("device", "").strip()
    if field != "temp" or not name:
        return None
    if _ALARM.search(name):
        return state_of(name, FAMILY, device)
    limit = _LIMIT.search(name)
    if limit is None:
        return identify(_common(name, device), CELSIUS, FAMILY, device)
    of = identify(_common(name[: limit.start()], device), CELSIUS, FAMILY, device)
    bound = LIMITS.get(limit[1])
    return limit_of(of, bound) if of and bound else None


def _common(name: str, device: str) -> str:
    package = _PACKAGE.fullmatch(name)
    if package:
        return f"cpu{package[1]} temp"
    if name not in _AMD:
        return name
    socket = _AMD_DEVICE.fullmatch(device)
    return f"cpu{int(socket[1], 16) - _AMD_FIRST if socket else 0} temp"
