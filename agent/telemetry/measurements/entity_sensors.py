"""`entPhySensorValue` and Cisco's `entSensorValue`: values whose scale and precision other columns tell.

Only with those columns as tags can a value be read: `entPhySensorPrecision=1`, `entPhySensorType=celsius` and
`entPhySensorScale=units` make 245 of it 24.5 °C. Without them it keeps its own name.
"""

from __future__ import annotations

import re

from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements.rows import names_in
from agent.telemetry.units import AMPERE, CELSIUS, HERTZ, HUMIDITY, RPM, VOLT, WATT, Unit

FAMILY = "entity_sensors"
FIELDS = frozenset(("entPhySensorValue", "entSensorValue"))
BLANK = 1e9  # beyond it a sensor says that it overflowed (ENTITY-SENSOR-MIB, EntitySensorValue)

_TYPES: dict[str, tuple[str, Unit]] = {  # EntitySensorDataType: number or name
    **dict.fromkeys(("3", "voltsac", "4", "voltsdc"), ("v", VOLT)),
    **dict.fromkeys(("5", "amperes"), ("a", AMPERE)),
    **dict.fromkeys(("6", "watts"), ("w", WATT)),
    **dict.fromkeys(("7", "hertz"), ("hz", HERTZ)),
    **dict.fromkeys(("8", "celsius"), ("temp_c", CELSIUS)),
    **dict.fromkeys(("9", "percentrh"), ("rh_pct", HUMIDITY)),
    **dict.fromkeys(("10", "rpm"), ("rpm", RPM)),
}
_SCALES = {  # EntitySensorDataScale
    **dict.fromkeys(("7", "micro"), 1e-6),
    **dict.fromkeys(("8", "milli"), 1e-3),
    **dict.fromkeys(("9", "units", ""), 1.0),
    **dict.fromkeys(("10", "kilo"), 1e3),
    **dict.fromkeys(("11", "mega"), 1e6),
}
_PRECISION = re.compile(r"-?[0-9]")  # EntitySensorPrecision is -8..9
_COLUMNS = ("Type", "Scale", "Precision")


def meaning_of(tags: Tags, field: str, own: Meaning | None) -> Meaning | None:
    """The sensor that the columns beside a value tell of; `own` where they do not tell enough."""
    base = field.removesuffix("Value")
    kind, scale, precision = (tags.get(f"{base}{column}", "").strip().lower() for column in _COLUMNS)
    known, factor = _TYPES.get(kind), _SCALES.get(scale)
    if own is None or known is None or factor is None or not _PRECISION.fullmatch(precision):
        return own
    name, unit = known
    rest = {key: value for key, value in tags.items() if not key.startswith(base)}
    return Meaning(
        (*names_in("sensor", name, rest), *own.names[-1:]),
        unit.quantity,
        unit.unit,
        FAMILY,
        own.identity,
        scale=factor / 10.0 ** int(precision),
        refuses=is_overflow,
    )


def is_overflow(value: float) -> bool:
    return abs(value) >= BLANK
