"""OpenTelemetry's `hw.*` metrics, as now specified and as they were before their attributes began with `hw.`.

    hw.temperature{hw.id=t1, hw.sensor_location=CPU0_DIE}   → cpu0_temp_c
    hw.temperature.limit{…, hw.limit_type=high.critical}    → its upper_critical limit
    hw.power{hw.id=PSU.Slot.2, hw.type=power_supply}        → psu2_in_w: what the part draws
    hw.host.power                                           → power_w: never a sum of parts

A sensor's names come from where it is, what it is called and its id, the first that the catalogue knows.
"""

from __future__ import annotations

import re
from dataclasses import replace

from agent.telemetry.catalogue import identify
from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.ucum import unit_of
from agent.telemetry.units import (
    AMPERE,
    CELSIUS,
    DUTY,
    HERTZ,
    JOULE,
    MARGIN,
    OTHER,
    RPM,
    SHARE,
    STATE,
    VOLT,
    WATT,
    Unit,
)

FAMILY = "otel_hw"
PREFIX, LIMIT = "hw.", ".limit"

HOST: dict[str, tuple[str, str, Unit, int]] = {  # wanted name, own name, unit, rank
    "hw.host.power": ("power_w", "host_power_w", WATT, 0),
    "hw.host.energy": ("energy_j", "host_energy_j", JOULE, 0),
    "hw.host.ambient_temperature": ("inlet_temp_c", "host_ambient_temp_c", CELSIUS, 1),
    "hw.host.heating_margin": ("heating_margin_c", "host_heating_margin_c", MARGIN, 0),
}
SENSORS: dict[str, Unit] = {
    "hw.temperature": CELSIUS,
    "hw.voltage": VOLT,
    "hw.current": AMPERE,
    "hw.fan.speed": RPM,
    "hw.fan.speed_ratio": DUTY,
}
# Of a part: its kind, the ending of the sensor's name, the unit.
PARTS: dict[str, tuple[str, str, Unit]] = {
    "hw.cpu.speed": ("cpu", "speed_hz", HERTZ),
    "hw.gpu.utilization": ("gpu", "util", SHARE),
    "hw.gpu.memory.utilization": ("gpu", "memory_utilization", SHARE),
    "hw.gpu.power": ("gpu", "power_w", WATT),
    "hw.power_supply.usage": ("power_supply", "out_w", WATT),
    "hw.power_supply.utilization": ("power_supply", "util", SHARE),
}
# Of a part whose kind is the attribute hw.type.
ANY_PART: dict[str, tuple[str, Unit]] = {
    "hw.power": ("power_w", WATT),
    "hw.energy": ("energy_j", JOULE),
    "hw.status": ("status", STATE),
    "hw.errors": ("errors", OTHER),
}
# These limits bound a usage, though their names do not say so.
LIMITED = {"hw.power_supply": "hw.power_supply.usage", "hw.gpu.memory": "hw.gpu.memory.usage"}
STATED = frozenset(("hw.status", "hw.battery.time_left"))  # a series for each state
RATINGS = frozenset(("hw.voltage.nominal",))

_NUMBERED = {"cpu": "cpu", "gpu": "gpu", "power_supply": "psu"}
_WORDS = {**_NUMBERED, "physical_disk": "disk"}
_MARKS = (  # what else tells the series of one part apart
    "physical_disk.state",
    "physical_disk.smart_attribute",
    "logical_disk.state",
    "error.type",
    "network.io.direction",
    "direction",
)
_STATES = ("state", "battery.state")
_TASKS = {"encoder": "enc_util", "decoder": "dec_util"}
_KERNEL_CPU = re.compile(r"(?:package|physical)_id_(\d+)|tctl()")
_LAST_NUMBER = re.compile(r"(?:^|_)[a-z]*(\d{1,3})$")
_GRADES = {"degraded": "non_critical", "": "max"}
_SUFFIXES = {
    "temperature": "temp_c",
    "margin": "c",
    "voltage": "v",
    "current": "a",
    "power": "w",
    "fan_speed": "rpm",
}


def meaning_of(metric: str, tags: Tags, code: str) -> Meaning | None:
    """The sensor or limit behind a metric, its attributes and its unit; None for what is only a rating."""
    if metric in RATINGS:
        return None
    if metric.endswith(LIMIT):
        base = metric.removesuffix(LIMIT)
        of = meaning_of(LIMITED.get(base, base), tags, code)
        return of.limit(_bound(base, _attribute(tags, "limit_type"))) if of else None
    if metric in HOST:
        return _of_host(metric, tags, code)
    if metric in SENSORS:
        return _of_sensor(metric, tags, unit_of(code, SENSORS[metric]))
    if metric in ANY_PART:
        ending, expected = ANY_PART[metric]
        return _of_part(metric, _attribute(tags, "type"), ending, unit_of(code, expected), tags)
    kind, _, own = metric.removeprefix(PREFIX).partition(".")
    kind, ending, expected = PARTS.get(metric, (kind, own, OTHER))
    return _of_part(metric, kind, ending, unit_of(code, expected), tags)


def _attribute(tags: Tags, name: str) -> str:
    return tags.get(f"{PREFIX}{name}", "").strip() or tags.get(name, "").strip()


def _identity(metric: str, tags: Tags) -> str:
    names = ("id", "sensor_location") if _attribute(tags, "id") else ("name", "parent", "sensor_location")
    return "|".join((metric, *(_attribute(tags, name) for name in (*names, "gpu.index"))))


def _bound(base: str, limit_type: str) -> str:
    """`high.critical` → `upper_critical`; a bare `degraded` is below a battery's charge, above all else."""
    word = lower_snake_case(limit_type)
    side, _, grade = word.rpartition("_") if word.startswith(("high_", "low_")) else ("", "", word)
    low = side == "low" or grade == "min" or (not side and base == "hw.battery.charge")
    if base == "hw.power_supply" and grade in ("", "max"):
        grade = "capacity"
    return f"{'lower' if low else 'upper'}_{_GRADES.get(grade, grade)}"


def _of_host(metric: str, tags: Tags, code: str) -> Meaning:
    wanted, own, expected, rank = HOST[metric]
    unit = unit_of(code, expected)
    names = (wanted, own) if unit.quantity == expected.quantity else (own,)
    return Meaning(
        names,
        unit.quantity,
        unit.unit,
        FAMILY,
        metric,
        part=_attribute(tags, "id"),
        rank=rank,
        scale=unit.scale,
        offset=unit.offset,
    )


def _of_sensor(metric: str, tags: Tags, unit: Unit) -> Meaning | None:
    """A sensor by the first of its texts that the catalogue knows, else by the first there is."""
    own = [meaning for text in _texts(tags, unit) if (meaning := identify(text, unit, FAMILY))]
    part = _of_numbered_part(tags, unit)
    found = [part] if part else own
    if not found:
        return None
    meaning = next((one for one in found if _is_known(one)), found[0])
    suffix = "pct" if unit.unit == "1" else _SUFFIXES.get(meaning.quantity, meaning.quantity)
    names = dict.fromkeys((meaning.names[0], *(one.names[-1] for one in own)))
    last = f"{found[0].names[-1].removesuffix(f'_{suffix}')}_{suffix}"
    return replace(meaning, names=(*names, last), identity=_identity(metric, tags))


def _is_known(meaning: Meaning) -> bool:
    return len(meaning.names) > 1  # a canonical name, then its own


def _texts(tags: Tags, unit: Unit) -> list[str]:
    """What may be the sensor's name, best first."""
    place, name, own = (_attribute(tags, key) for key in ("sensor_location", "name", "id"))
    if unit.quantity == "fan_speed":  # its place is what it blows at
        return [name, f"fan {own}" if own.isdecimal() else own, f"fan {place}" if place else ""]
    parent = _attribute(tags, "parent")
    both = f"{name} {place}" if name and place else ""
    return [place, name, own, both, f"{parent} {name or own}" if parent and not place else ""]


def _of_numbered_part(tags: Tags, unit: Unit) -> Meaning | None:
    """The sensor of a processor, GPU or supply, where the attributes only together say whose it is."""
    place, kind = _attribute(tags, "sensor_location"), _attribute(tags, "type")
    kernel = _KERNEL_CPU.fullmatch(lower_snake_case(place))
    if kernel and unit.quantity == "temperature":
        return identify(f"cpu{kernel[1] or 0}", unit, FAMILY)
    kind = kind or ("gpu" if tags.get("gpu.index") else "")
    if kind not in _NUMBERED or unit.quantity == "fan_speed":
        return None
    part = _part(kind, tags)
    texts = (place, f"{part} {place or unit.quantity}")
    known = [meaning for text in texts if (meaning := identify(text, unit, FAMILY))]
    return next((one for one in known if one.names[0].startswith(f"{part}_")), known[-1])


def _part(kind: str, tags: Tags) -> str:
    """`cpu0`, `gpu1`, `psu2` or, for parts that nobody numbers, the kind and the name."""
    index = tags.get("gpu.index", "") if kind == "gpu" else ""
    name, own, place = (_attribute(tags, key) for key in ("name", "id", "sensor_location"))
    number = _number(_NUMBERED[kind], (index, own, name, place)) if kind in _NUMBERED else ""
    if number:
        return f"{_NUMBERED[kind]}{number}"
    word = _WORDS.get(kind, kind)
    text = lower_snake_case(own or name or place)
    return text if word and text.startswith(word) else lower_snake_case(f"{word} {text}") or "part"


def _number(word: str, texts: tuple[str, ...]) -> str:
    known = (identify(text, CELSIUS, FAMILY) for text in texts)
    for meaning in known:
        match = re.fullmatch(rf"{word}(\d+)_temp_c", meaning.names[0]) if meaning else None
        if match:
            return match[1]
    index, own, _, place = texts  # a model's name ends in a number too: H100
    numbers = (_LAST_NUMBER.search(lower_snake_case(text)) for text in (index, own, place))
    return next((str(int(number[1])) for number in numbers if number), "")


def _of_part(metric: str, kind: str, ending: str, unit: Unit, tags: Tags) -> Meaning:
    part, marks = _part(kind, tags), " ".join((_ending(metric, kind, ending, tags), *_marks(metric, tags)))
    own = lower_snake_case(_attribute(tags, "id"))
    names = [f"{part} {marks}"] + ([f"{part} {own} {marks}"] if own not in part else [])
    return Meaning(
        tuple(lower_snake_case(name) for name in names),
        unit.quantity,
        unit.unit,
        FAMILY,
        "|".join((_identity(metric, tags), kind, marks)),
        scale=unit.scale,
        offset=unit.offset,
    )


def _ending(metric: str, kind: str, ending: str, tags: Tags) -> str:
    if metric == "hw.power" and kind == "power_supply":
        return "in_w"  # what it draws; what it gives is hw.power_supply.usage
    task = _attribute(tags, "gpu.task") or tags.get("task", "")
    if metric == "hw.gpu.utilization" and task not in ("", "general"):
        return _TASKS.get(task, f"{task}_util")
    return ending


def _marks(metric: str, tags: Tags) -> list[str]:
    """What tells the series of one part and metric apart."""
    names = (*_MARKS, *_STATES) if metric in STATED else _MARKS
    return [mark for name in names if (mark := _attribute(tags, name))]
