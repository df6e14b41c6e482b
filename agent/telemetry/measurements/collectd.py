"""What collectd's values are: the plugin that read them, and the type that its types.db has for them.

ipmi · temperature · "Inlet Temp system_board (7.1)"      → inlet_temp_c
sensors · coretemp-isa-0000 · temperature · temp1         → coretemp_isa_0000_temp1, Cel
gpu_nvidia · "0-Tesla V100" · fanspeed                    → gpu0_fan_pct: a duty, not a speed
turbostat · pkg00 · temperature · tcc_activation          → nothing: where the CPU begins to slow down
"""

from __future__ import annotations

import re

from agent.telemetry.catalogue import identify
from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements import unknown
from agent.telemetry.measurements.gpu import card_sensor
from agent.telemetry.units import (
    AMPERE,
    CELSIUS,
    DUTY_PERCENT,
    HERTZ,
    HUMIDITY,
    RPM,
    SHARE_PERCENT,
    VOLT,
    WATT,
    Unit,
)

MEASUREMENT = "collectd"
FAMILY = "collectd"

TYPES: dict[str, Unit] = {
    "temperature": CELSIUS,
    "smart_temperature": CELSIUS,
    "fanspeed": RPM,
    "voltage": VOLT,
    "current": AMPERE,
    "power": WATT,
    "humidity": HUMIDITY,
    "cpufreq": HERTZ,
    "frequency": HERTZ,
}
CARD: dict[tuple[str, str], tuple[str, Unit]] = {
    ("temperature", "core"): ("temp_c", CELSIUS),
    ("power", ""): ("power_w", WATT),
    ("fanspeed", ""): ("fan_pct", DUTY_PERCENT),
    ("percent", "gpu_used"): ("util", SHARE_PERCENT),
    ("frequency", "multiprocessor"): ("sm_clock_hz", HERTZ),
    ("frequency", "memory"): ("mem_clock_hz", HERTZ),
}
# A BMC's sensor, what it is in, and the entity's number: `CPU1 Temp processor (3.1)`.
_ENTITY = re.compile(r"(.+?)(?: [a-z_]+)? \((\d+\.\d+)\)")
_TURBOSTAT = re.compile(r"(pkg|cpu)(\d+)")
_MEGAHERTZ_MAYBE = frozenset(("turbostat",))  # its unit depends on its version
_NOTHING = frozenset(("tcc_activation",))


def meaning_of(_measurement: str, tags: Tags, field: str) -> Meaning | None:
    """The sensor that plugin, type and their instances name; `other` where the type has no unit of ours."""
    plugin, kind, instance = tags.get("plugin", ""), tags.get("type", ""), tags.get("type_instance", "")
    where = tags.get("plugin_instance", "")
    if instance in _NOTHING:
        return None
    if plugin == "gpu_nvidia" and (kind, instance) in CARD:
        card = f"gpu{where.partition('-')[0] or '0'}"
        return card_sensor(FAMILY, card, *CARD[kind, instance], None)
    unit = TYPES.get(kind) if field == "value" else None
    if unit is None or (kind == "frequency" and plugin in _MEGAHERTZ_MAYBE):
        return unknown.meaning_of(MEASUREMENT, tags, field)
    if plugin == "ipmi":
        entity = _ENTITY.fullmatch(instance)
        return identify(entity[1], unit, FAMILY, entity[2]) if entity else identify(instance, unit, FAMILY)
    return identify(_name_of(plugin, where, kind, instance), unit, FAMILY, kind)


def _name_of(plugin: str, where: str, kind: str, instance: str) -> str:
    """A sensor's name where the plugin has none: a package is a CPU to us, a turbostat's `cpu03` a thread."""
    number = _TURBOSTAT.fullmatch(where) if plugin == "turbostat" else None
    if number is not None:
        where = f"cpu{int(number[2])}" if number[1] == "pkg" else f"thread{int(number[2])}"
    name = " ".join(part for part in (where, instance) if part)
    return name if re.search("[A-Za-z]", name) else f"{plugin} {name or kind}"
