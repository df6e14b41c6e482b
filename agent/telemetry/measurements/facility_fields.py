"""Fields that an operator named: what their words and endings say of a device's sensor.

    current_da=28, phase=1        →  phase1_a 2.8 A        power_cw=57       →  phase1_w 570 W
    supply_air_temp_ddegc=184     →  supply_temp_c 18.4    battery_pct=97    →  battery_pct 97

An ending counts where the words before it fit: `_dc` is tenths of a degree after `temp`, but direct current
after `output`. Without an ending only what can have one scale is read: a voltage, a humidity, a frequency,
a battery's charge. Everything else stays as it is, under its own name: better no value than a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from agent.telemetry.measurements.mib import (
    CENTI_A,
    CENTI_KW,
    DECI_A,
    DECI_CELSIUS,
    DECI_FAHRENHEIT,
    DECI_HZ,
    DECI_KWH,
    DECI_V,
    FAHRENHEIT,
    KILO_W,
    KWH,
    MILLI_A,
    MILLI_V,
    PERCENT,
    WATT_HOUR,
    Holds,
    Object,
    is_blank,
    is_negative,
    is_no_humidity,
)
from agent.telemetry.measurements.rows import SCOPE_OF
from agent.telemetry.naming import lower_snake_case
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

HIGHEST_V = 1000.0  # of low voltage; a larger number is in tenths or thousandths
GRID_HZ = (40.0, 70.0)
ALL_NINES = frozenset((99.99, 999.9, 9999.0))  # Vertiv's and others' "not installed"


def is_no_voltage(value: float) -> bool:
    return not 0 <= value <= HIGHEST_V


def is_no_grid(value: float) -> bool:
    return value != 0 and not GRID_HZ[0] <= value <= GRID_HZ[1]


def is_no_current(value: float) -> bool:
    return is_negative(value) or value in ALL_NINES


CURRENT = frozenset(("current", "amps", "amp", "amperage", "load", "draw"))
VOLTAGE = frozenset(("voltage", "volt", "volts", "vac"))
POWER = frozenset(("power", "watts", "watt", "active", "real", "true", "load", "consumption", "draw"))
ENDS = frozenset(
    ("input", "output", "battery", "bypass", "total", "neutral")
)  # where a UPS or PDU is measured
ENERGY = frozenset(("energy", "meter", "consumption", "accumulated"))
WARMTH = frozenset(("temp", "temperature", "air", "ambient", "room", "water", "fluid", "coolant", "chw"))
AIR = WARMTH | {"supply", "return", "inlet", "outlet", "intake", "exhaust", "discharge", "rack", "internal"}
FREQUENCY = frozenset(("frequency", "freq", "line"))
PLAIN = frozenset(("total", "device", "value", "reading", "status", "measured", "present", "actual", "unit"))
# Planned, limited or derived: not the sensor's value.
NOT_MEASURED = frozenset(
    (
        "rated",
        "rating",
        "nominal",
        "max",
        "maximum",
        "min",
        "minimum",
        "peak",
        "threshold",
        "limit",
        "setpoint",
    )
) | {"set", "high", "low", "warning", "critical", "alarm", "target", "apparent", "reactive", "factor", "thd"}


class Ending(NamedTuple):
    """A unit, and the words of which one has to come before it (none: it says enough by itself)."""

    unit: Unit
    after: frozenset[str] = frozenset()


ENDINGS: dict[str, Ending] = {
    **dict.fromkeys(("a",), Ending(AMPERE, CURRENT | ENDS)),
    **dict.fromkeys(("amps", "ampere", "amperes"), Ending(AMPERE)),
    "da": Ending(DECI_A, CURRENT | ENDS),
    "ca": Ending(CENTI_A, CURRENT),
    "ma": Ending(MILLI_A, CURRENT),
    "v": Ending(VOLT, VOLTAGE | ENDS),
    "volts": Ending(VOLT),
    "dv": Ending(DECI_V, VOLTAGE),
    "mv": Ending(MILLI_V, VOLTAGE),
    "w": Ending(WATT, POWER | ENDS),
    "watts": Ending(WATT),
    "kw": Ending(KILO_W),
    "cw": Ending(CENTI_KW, POWER),  # hundredths of a kilowatt; after anything else it is chilled water
    "mw": Ending(WATT._replace(scale=1e-3), POWER),
    "wh": Ending(WATT_HOUR),
    "kwh": Ending(KWH),
    "dkwh": Ending(DECI_KWH),
    "c": Ending(CELSIUS, AIR),
    **dict.fromkeys(("degc", "celsius"), Ending(CELSIUS)),
    "dc": Ending(DECI_CELSIUS, WARMTH),
    "ddegc": Ending(DECI_CELSIUS),
    "f": Ending(FAHRENHEIT, AIR),
    **dict.fromkeys(("degf", "fahrenheit"), Ending(FAHRENHEIT)),
    "df": Ending(DECI_FAHRENHEIT, WARMTH),
    "ddegf": Ending(DECI_FAHRENHEIT),
    "hz": Ending(HERTZ),
    "dhz": Ending(DECI_HZ),
    "rpm": Ending(RPM),
    **dict.fromkeys(("pct", "percent"), Ending(PERCENT)),
}
NOT_THERE: dict[str, Holds] = {"temperature": is_blank, "current": is_no_current}
_SCOPE = re.compile(rf"(l|{'|'.join(sorted(SCOPE_OF, key=len, reverse=True))})(\d*)")
LETTERS = {"a": "1", "b": "2", "c": "3"}
_PHASE = re.compile(r"phase|(?:l|phase)[1-3]")
_FAN = re.compile(r"fans?(\d*)")


class Named(NamedTuple):
    """What a field's name says, and the row that it names itself ("" where its tags have to tell)."""

    object: Object
    row: str = ""


def read_field(field: str, scope: str) -> Named | None:
    """The sensor that a field is; None where its name does not say its unit. `scope` is its message's."""
    words = lower_snake_case(field).split("_")
    if NOT_MEASURED.intersection(words):
        return None
    own_scope, row, rest = _cut_scope(words)
    ending = ENDINGS.get(rest[-1]) if rest else None
    if ending is not None:
        rest = rest[:-1]
        if not _fits(ending, rest, own_scope or scope, bool(row) or own_scope != "phase"):
            return None
        unit, refuses = ending.unit, NOT_THERE.get(ending.unit.quantity, is_negative)
    else:
        plain = _without_ending(rest)
        if plain is None:
            return None
        unit, refuses = plain
    found = _named(unit, [word for word in rest if word not in PLAIN], own_scope or scope, refuses)
    return Named(found, row) if found else None


def _fits(ending: Ending, before: list[str], scope: str, is_numbered: bool) -> bool:
    """Whether an ending is a unit here: `phase1_a` is a current, `phase_a` may be anything of phase A."""
    if not ending.after or ending.after.intersection(before):
        return True
    return not before and bool(scope) and is_numbered


def _cut_scope(words: list[str]) -> tuple[str, str, list[str]]:
    """`phase1_current`, `phase_1_current`, `current_l1` → phase, 1, the other words."""
    for at, word in enumerate(words):
        match = _SCOPE.fullmatch(word)
        if match is None or (match[1] == "l" and not match[2]):
            continue
        scope, row, after = SCOPE_OF.get(match[1], "phase"), match[2], words[at + 1 :]
        if not row and after:
            letter = LETTERS.get(after[0], "") if scope == "phase" and after[1:] else ""
            row = after[0] if after[0].isdecimal() else letter
            after = after[1:] if row else after
        if (scope in ("input", "sensor", "outlet") and not row and AIR.intersection(words) - {word}) or (
            match[1] == "line" and not row
        ):
            continue  # an inlet's or outlet's air, a line's frequency
        if scope == "input" and not row and any(_PHASE.fullmatch(word) for word in after):
            continue  # a phase of the only input
        return scope, row, words[:at] + after
    return "", "", words


def _without_ending(words: list[str]) -> tuple[Unit, Holds] | None:
    if not words:
        return None
    if words[-1] in VOLTAGE:
        return VOLT, is_no_voltage
    if words[-1] in ("humidity", "rh"):
        return HUMIDITY, is_no_humidity
    if words[-1] in ("frequency", "freq"):
        return HERTZ, is_no_grid
    if "battery" in words and words[-1] in ("capacity", "charge", "level", "soc"):
        return PERCENT, is_no_humidity
    return None


def _named(unit: Unit, words: list[str], scope: str, refuses: Holds) -> Object | None:
    if unit.quantity == "temperature":
        return _temperature(unit, words, scope)
    if unit.quantity == "humidity" or (unit == PERCENT and {"humidity", "rh"}.intersection(words)):
        place = "supply_" if "supply" in words else ""
        return Object("" if place else "sensor", f"{place}rh_pct", HUMIDITY, is_no_humidity)
    fan = next((match for match in map(_FAN.fullmatch, words) if match), None)
    if fan is not None and unit in (PERCENT, RPM):
        number = fan[1] or next((word for word in words if word.isdecimal()), "")
        is_duty = unit == PERCENT
        return Object(
            "", f"fan{number}_{'pct' if is_duty else 'rpm'}", DUTY_PERCENT if is_duty else RPM, refuses
        )
    if unit == PERCENT:
        return _share(words, scope, refuses)
    kept, ending, alone = {
        "current": (CURRENT, "a", "current_a"),
        "voltage": (VOLTAGE, "v", "voltage_v"),
        "power": (POWER, "w", "power_w"),
        "energy": (ENERGY, "j", "energy_j"),
        "frequency": (FREQUENCY, "hz", "line_hz"),
        "fan_speed": (frozenset(), "rpm", "fan_rpm"),
    }[unit.quantity]
    left = [word for word in words if word not in kept and not (scope and word == "output")]
    if scope and scope != "sensor":
        return Object(scope, "_".join((*left, ending)), unit, refuses)
    return Object("", "_".join((*left, ending)) if left else alone, unit, refuses)


def _temperature(unit: Unit, words: list[str], scope: str) -> Object:
    said = set(words)
    name = next(_canonical_temperatures(said), "")
    if name:
        return Object("", name, unit, is_blank)
    left = [
        word for word in words if word not in ("temp", "temperature", "air", "sensor", "probe", "ambient")
    ]
    left = [word for word in left if word not in ("room", "environment", "env", "ext", "external")]
    return Object(scope or "sensor", "_".join((*left, "temp_c")), unit, is_blank)


def _canonical_temperatures(said: set[str]) -> Iterator[str]:
    if {"chw", "water", "fluid", "coolant", "chilled"} & said:
        if {"supply", "entering", "in", "inlet"} & said:
            yield "chw_supply_c"
        elif {"return", "leaving", "out", "outlet"} & said:
            yield "chw_return_c"
    elif "battery" in said:
        yield "battery_temp_c"
    elif {"supply", "discharge"} & said:
        yield "supply_temp_c"
    elif "return" in said:
        yield "return_temp_c"
    elif {"inlet", "intake"} & said:
        yield "inlet_temp_c"
    elif {"exhaust", "outlet"} & said:
        yield "exhaust_temp_c"
    elif "internal" in said:
        yield "internal_temp_c"


def _share(words: list[str], scope: str, refuses: Holds) -> Object:
    if "battery" in words or words in (["capacity"], ["charge"]):
        return Object("", "battery_pct", PERCENT, refuses)
    if {"load", "util", "utilization", "utilisation"}.intersection(words):
        return Object("load" if scope in ("", "phase") else scope, "util", SHARE_PERCENT, refuses)
    return Object(scope, "_".join((*words, "pct")), PERCENT, refuses)
