"""What an operator says his fields mean, in rows that win over everything that is known of them.

    snmp_pdu_phase, *_raw, {phase = "*"}  ─►  "phase{phase}_a", A, × 0.1, missing −1

A row applies where measurement, field and tags match (`*` and `?` stand for any text) and every `{tag}` of
its sensor's name is there; the first such row counts. A value becomes `value × scale + offset` in the row's
unit, and from there it is converted to the one that we keep.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from fnmatch import translate
from functools import cached_property, lru_cache

from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements import unknown
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import (
    AMPERE,
    CELSIUS,
    DUTY,
    HERTZ,
    HUMIDITY,
    JOULE,
    MARGIN,
    OTHER,
    PERCENT_WORDS,
    RPM,
    SHARE,
    STATE,
    UNITS,
    VOLT,
    WATT,
    Unit,
    unit_named,
    unit_of_own_name,
)

FAMILY = "mapping"
PLACEHOLDER = re.compile(r"\{([A-Za-z0-9_.-]+)\}")
SENSOR = re.compile(r"(?:[a-z0-9_]|\{[A-Za-z0-9_.-]+\})+")
OWN_PLACEHOLDERS = ("measurement", "field")  # besides tags

# What is kept where a row names a quantity and no unit.
QUANTITIES: dict[str, Unit] = {
    unit.quantity: unit
    for unit in (WATT, JOULE, CELSIUS, MARGIN, RPM, VOLT, AMPERE, HUMIDITY, SHARE, HERTZ, STATE, OTHER)
}
UNIT_WORDS = frozenset((*UNITS, *PERCENT_WORDS, "1", "wh"))
_WATT_HOUR = JOULE._replace(scale=3600.0)


def unit_of(sensor: str, unit: str = "", quantity: str = "") -> Unit | None:
    """The unit that a row's words mean for a sensor's name; None where they contradict each other."""
    name = PLACEHOLDER.sub("1", sensor)
    word = unit.strip().lower()
    known = QUANTITIES.get(quantity)
    if not word:
        return known or unit_of_own_name(name)
    found = _WATT_HOUR if word == "wh" else unit_named(word, name)
    if known is None or found.quantity == quantity:
        return found
    if word in PERCENT_WORDS and quantity in ("utilization", "fan_speed"):
        return (SHARE if quantity == "utilization" else DUTY)._replace(scale=0.01)
    if word in PERCENT_WORDS and quantity == "humidity":
        return HUMIDITY
    if quantity == "margin" and found.unit == "Cel":
        return MARGIN._replace(scale=found.scale)
    if quantity in ("state", "other") or (word == "1" and quantity in ("utilization", "fan_speed")):
        return DUTY if quantity == "fan_speed" else known
    return None


@dataclasses.dataclass(frozen=True, slots=True)
class Missing:
    """Values, as sent, that stand for "no reading"."""

    values: frozenset[float]

    def __call__(self, value: float) -> bool:
        return value in self.values


@dataclasses.dataclass(frozen=True)
class FieldMapping:
    """One row: which fields it is about, and what they are."""

    measurement: str
    field: str
    sensor: str  # a name in lower_snake_case; {tag} stands for a tag's value
    unit: Unit
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    scale: float = 1.0
    offset: float = 0.0  # in the unit of the row, after the scale
    missing: frozenset[float] = frozenset()

    def meaning_of(self, measurement: str, tags: Tags, name: str) -> Meaning | None:
        """What a field is by this row; None where the row is about others."""
        if not (_matches(self.measurement, measurement) and _matches(self.field, name)):
            return None
        if not all(tag in tags and _matches(pattern, tags[tag]) for tag, pattern in self.tags.items()):
            return None
        parts = {**tags, "measurement": measurement, "field": name}
        if not all(lower_snake_case(parts.get(part, "")) for part in self._placeholders):
            return None
        sensor = PLACEHOLDER.sub(lambda match: lower_snake_case(parts[match[1]]), self.sensor)
        return self._meaning(sensor, measurement, tags, name)

    @cached_property
    def _placeholders(self) -> tuple[str, ...]:
        return tuple(PLACEHOLDER.findall(self.sensor))

    def _meaning(self, sensor: str, measurement: str, tags: Tags, name: str) -> Meaning | None:
        own = unknown.meaning_of(measurement, tags, name)
        return Meaning(
            (sensor, *(own.names[-1:] if own else ())),
            self.unit.quantity,
            self.unit.unit,
            FAMILY,
            own.identity if own else f"{measurement}|{name}",
            scale=self.scale * self.unit.scale,
            offset=self.offset * self.unit.scale + self.unit.offset,
            refuses=Missing(self.missing) if self.missing else None,
        )


def mapped(mappings: Sequence[FieldMapping], measurement: str, tags: Tags, name: str) -> Meaning | None:
    """What a field is by the first row that is about it; None where none is."""
    found = (row.meaning_of(measurement, tags, name) for row in mappings)
    return next((meaning for meaning in found if meaning is not None), None)


def _matches(pattern: str, text: str) -> bool:
    return pattern in ("*", text) or _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))
