"""The sensor catalogue: what vendors call their sensors, and what we call them.

    "Inlet Temp", "01-Inlet Ambient", "FP_TEMP_SENSOR"  → inlet_temp_c
    "CPU1 Temp", "02-CPU 1", "Temp" of entity 3.1       → cpu1_temp_c
    "P1-DIMMA1 Temp", "DIMM 7 Temp"                     → dimm_p1_a1_temp_c, dimm_7_temp_c
    "Fan1A", "FAN MOD 2B", "Fan 3 DutyCycle"            → fan1a_rpm, fan2b_rpm, fan3_pct

The rules are in `catalogue_rules`. Numbers are the vendor's own, so that cpu1 here is the CPU1 on the lid; a
part that its vendor does not number keeps its name. Where several names of a board fit one canonical name,
the lower rank has it. A sensor that no rule knows keeps its vendor's name in lower_snake_case.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache

from agent.telemetry import catalogue_rules as rules
from agent.telemetry.meanings import Meaning, is_zero
from agent.telemetry.naming import MAX_NAME_LENGTH, lower_snake_case
from agent.telemetry.units import MARGIN, STATE, Unit

ABSOLUTE_ZERO_C = -273.0
VENDOR_NAMES = 65_536  # remembered: every machine of a make has the same ones

_POSITION = re.compile(r"^\d+_(?:\d+_)?(?=[a-z])")  # HPE puts a sensor's place on the board first
_NOISE = re.compile(rules.NOISE)
_MINUS = re.compile(r"(?:(?<=[\s_])|^)-(?=\d)")  # -12V is another rail than +12V
_LETTER = re.compile(r"_(?=[a-z]$)")  # Fan 1 A is fan1a, but fan 1_1 is not fan11
_STATUS_WORDS = re.compile(r"_(status|state|fault)$")
_CPU_TEMP = re.compile(r"(cpu\d+)_temp_c")
_MARGINS, _POWER_GOODS = re.compile(rules.MARGINS), re.compile(rules.POWER_GOODS)
_LIMITS, _BUDGETS = re.compile(rules.LIMITS), re.compile(rules.BUDGETS)
_OPEN_AIR = re.compile(rules.OPEN_AIR)
_PARTS = [(part, [re.compile(word) for word in part.words], re.compile(part.unless)) for part in rules.PARTS]
_RULES: dict[str, list[tuple[re.Pattern[str], rules.Rule]]] = defaultdict(list)


def _compiled(pattern: str) -> re.Pattern[str]:
    for word, expression in rules.WORDS.items():
        pattern = pattern.replace(word, expression)
    return re.compile(pattern)


for _rule in rules.RULES:
    _RULES[_rule.quantity].append((_compiled(_rule.pattern), _rule))


@lru_cache(maxsize=VENDOR_NAMES)
def identify(vendor: str, unit: Unit, family: str, entity: str = "") -> Meaning | None:
    """What a vendor's sensor is. `entity` is whatever else tells it from others of the same name.

    Names decide before units, and units before signs: a margin is not a temperature, a power-good bit is not
    a voltage, and a CPU below 0 °C is a margin too. Exactly 0 °C is what boards send of a part that is not
    there; only air can have it. None where the name has no letter or digit in it, or is too long to be one.
    """
    own = lower_snake_case(_MINUS.sub("minus ", vendor))
    if not own or len(own) > MAX_NAME_LENGTH:
        return None
    limit = _LIMITS.search(own) if unit.quantity == "temperature" and not _MARGINS.search(own) else None
    if limit:
        of = identify(own.replace(limit[1], "temp"), unit, family, entity)
        return of.limit(f"upper_{limit[1]}") if of else None
    unit = _unit_by_name(own, unit)
    found = _canonical(own, unit, entity)
    names = [own, f"{own}_{lower_snake_case(entity)}"] if lower_snake_case(entity) else [own]
    if unit.quantity == "fan_speed" and unit.unit == "1":
        names = [name if name.endswith("_pct") else f"{name}_pct" for name in names]
    can_be_zero = unit.quantity != "temperature" or _OPEN_AIR.search(found[0] if found else own)
    return Meaning(
        names=(found[0], *names) if found else tuple(names),
        quantity=unit.quantity,
        unit=unit.unit,
        family=family,
        identity=own,
        part=entity,
        rank=found[1] if found else 0,
        scale=unit.scale,
        offset=unit.offset,
        refuses=None if can_be_zero else is_zero,
        below_zero=_margin_of(found[0], family, own, entity) if found else None,
    )


@lru_cache(maxsize=VENDOR_NAMES)
def state_of(vendor: str, family: str, entity: str = "", suffix: str = "") -> Meaning | None:
    """A discrete sensor: its own name, quantity `state`."""
    own = lower_snake_case(vendor)
    if not own:
        return None
    if suffix and not _STATUS_WORDS.search(own):
        own += suffix
    names = (own, f"{own}_{lower_snake_case(entity)}") if lower_snake_case(entity) else (own,)
    return Meaning(names, STATE.quantity, STATE.unit, family, own, entity)


def _unit_by_name(own: str, unit: Unit) -> Unit:
    if unit.quantity == "temperature" and _MARGINS.search(own):
        return unit._replace(quantity=MARGIN.quantity)
    if unit.quantity == "voltage" and _POWER_GOODS.search(own):
        return STATE
    if unit.quantity == "power" and _BUDGETS.search(own):
        return unit._replace(quantity="limit")
    return unit


def _canonical(own: str, unit: Unit, entity: str) -> tuple[str, int] | None:
    """(canonical name, rank), or None where the catalogue has none."""
    bare = _POSITION.sub("", own)
    kind, _, instance = entity.partition(".")
    if unit.quantity == "temperature":
        words = [word for word in bare.split("_") if not _NOISE.fullmatch(word)]
        if not words:
            return (rules.ENTITIES[kind].format(n=instance or "0"), 0) if kind in rules.ENTITIES else None
        part = _part_of(words)
        if part:
            return part, 0
        bare = "_".join(words)
    for pattern, rule in _RULES[unit.quantity]:
        match = pattern.fullmatch(bare)
        if match and not (kind == rules.POWER_SUPPLY and rule.name in ("inlet_temp_c", "exhaust_temp_c")):
            return _filled(rule.name, match, unit), rule.rank
    return None


def _filled(name: str, match: re.Match[str], unit: Unit) -> str:
    groups = match.groupdict()
    more = groups.get("m") or ""
    number = _LETTER.sub("", groups.get("n") or more)
    return name.format(n=number, m=more, unit="rpm" if unit.unit == "rpm" else "pct")


def _part_of(words: list[str]) -> str:
    """Memory and regulators: many of each, so what is left of the name tells them apart."""
    for part, patterns, unless in _PARTS:
        if any(unless.fullmatch(word) for word in words):
            continue
        for at, word in enumerate(words):
            match = next((m for m in (pattern.fullmatch(word) for pattern in patterns) if m), None)
            if match:
                rest = (*words[:at], match[1], *words[at + 1 :])
                return "_".join((part.name, *filter(None, rest), "temp_c"))
    return ""


def _margin_of(name: str, family: str, identity: str, part: str) -> Meaning | None:
    """Some boards send how far a CPU is below throttling, as a negative temperature."""
    match = _CPU_TEMP.fullmatch(name)
    if match is None:
        return None
    margin = f"{match[1]}_margin_c"
    return Meaning(
        (margin, f"{margin}_peci"),
        MARGIN.quantity,
        MARGIN.unit,
        family,
        identity,
        part,
        rank=9,
        refuses=is_no_margin,
    )


def is_no_margin(value: float) -> bool:
    """Whether a negative number is no distance to throttling: 0 K, or the end of an integer's range."""
    return value <= ABSOLUTE_ZERO_C
