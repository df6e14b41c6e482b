"""The sensor catalogue: what vendors call their sensors, and what we call them.

    "Inlet Temp", "01-Inlet Ambient", "Ambient Temp"  → inlet_temp_c
    "CPU1 Temp", "02-CPU 1", "Temp" of entity 3.1     → cpu1_temp_c
    "P1-DIMMA1 Temp", "DIMM 7 Temp"                   → dimm_p1_a1_temp_c, dimm_7_temp_c
    "Fan1A", "FAN MOD 2B", "Fan 3 DutyCycle"          → fan1a_rpm, fan2b_rpm, fan3_pct

Numbers are the vendor's own, so that cpu1 here is the CPU1 on the lid; a part that its vendor does not
number keeps its name. Where several names of a board fit one canonical name, the lower rank has it. A sensor
that the catalogue does not know keeps its vendor's name in lower_snake_case.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from agent.telemetry.meanings import Meaning, is_zero
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import MARGIN, STATE, Unit

VENDOR_NAMES = 65_536  # remembered: every machine of a make has the same ones

_POSITION = re.compile(r"^\d+_(?=[a-z])")  # HPE puts a sensor's place on the board first: 01-Inlet Ambient
_HEAT = r"(?:_(?:temp|temperature|ambient|air|therm|thermal))*"
_BOARD = r"(?:(?:system_board|system|sys|chassis|bb|mb|board|node|server)_)?"
_CPU = r"(?:cpu|proc|processor|socket|pkg|package|p)_?(?P<n>\d+)"
_PSU = r"(?:psu|ps|p_s|power_supply|pwr_supply|powersupply)_?(?P<n>\d+)"
_ROTOR = r"(?:_(?:front|rear|inlet|outlet))?"  # where one housing has two
_FAN_NUMBER = rf"(?P<n>\d+_?(?:[a-z](?![a-z]))?(?:_\d+)?{_ROTOR}|[a-z])"
_FAN = rf"{_BOARD}fan_?(?:(?:mod|module|tray|block|bay|tach)_?)?{_FAN_NUMBER}"
_POWER = "power|pwr|watts"
_NOT_AIR = r"(?!(?:.*_)?(?:water|coolant|liquid|psu|ps|p_s|io|pcie?|gpu|hdd|ssd|nvme|oil)\d*(?:_|$))"
_FAN_WORDS = r"(?:_(?:tach|rpm|speed|fan|duty_?cycle|duty|pwm|percent|pct))*"


class Rule(NamedTuple):
    """Vendor names (whole, snake case) that mean one canonical sensor; `{n}` is filled from the match."""

    pattern: re.Pattern[str]
    name: str
    rank: int = 0


def _rule(pattern: str, name: str, rank: int = 0) -> Rule:
    return Rule(re.compile(pattern), name, rank)


_MARGIN_WORDS = re.compile(r"(^|_)(margin|mgn|mrgn|dts|t_?limit)(_|\d|$)")
_DIMM_WORDS = re.compile(r"(^|_)(?:(?:dimms?|memory|mem)(?=_|\d|[a-z]\d|$)|dimm(?=[a-z]{1,4}(?:_|$)))")
_VRM_WORDS = re.compile(r"(^|_)(?:(?:vrms?|vr|vrd|vreg)(?=_|\d|$)|vrm(?=[a-z]))")
_LETTER = re.compile(r"_(?=[a-z]$)")  # Fan 1 A is fan1a, but fan 1_1 is not fan11
_POWER_GOOD = re.compile(r".*(^|_)(pg|pgood|power_?good|pwr_?gd|pwrgood)")
_STATUS_WORDS = re.compile(r"_(status|state|fault)$")

RULES: dict[str, tuple[Rule, ...]] = {
    "margin": (
        _rule(
            rf"{_CPU}(?:_(?:dts|therm|thrm|thermal|temp|core|die|peci))*_?(margin|mgn|mrgn|dts|t_?limit)(_temp)?",
            "cpu{n}_margin_c",
        ),
    ),
    "temperature": (
        _rule(rf"{_BOARD}inlet{_HEAT}", "inlet_temp_c"),
        _rule(rf"{_BOARD}(?:ambient|intake|air_inlet|amb){_HEAT}", "inlet_temp_c", 1),
        _rule(rf"{_BOARD}front_panel(?:_board)?(?:_\d+)?{_HEAT}", "inlet_temp_c", 2),
        _rule(rf"{_NOT_AIR}.*(?:inlet|intake).*", "inlet_temp_c", 3),
        _rule(rf"{_BOARD}(?:exhaust|outlet){_HEAT}", "exhaust_temp_c"),
        _rule(rf"{_BOARD}exit_air{_HEAT}", "exhaust_temp_c", 1),
        _rule(rf"{_NOT_AIR}.*(?:exhaust|outlet).*", "exhaust_temp_c", 3),
        _rule(rf"{_BOARD}{_CPU}(?:_(?:temp|temperature|package|pkg|die|tctl))*", "cpu{n}_temp_c"),
        _rule(r"(?:cpu|proc|processor)(?:_(?:temp|temperature|package|die))*", "cpu0_temp_c", 1),
        _rule(r"gpu_?(?P<n>\d+)(?:_(?:temp|temperature|die|core))*", "gpu{n}_temp_c"),
        _rule(r"gpu_?(?P<n>\d+)_(?:mem|memory|hbm)(?:_(?:temp|temperature))?", "gpu{n}_mem_temp_c"),
        _rule(rf"{_PSU}(?:_(?:temp|temperature|therm))*", "psu{n}_temp_c"),
        _rule(r"chw_supply(?:_(?:temp|temperature))?", "chw_supply_c"),
        _rule(rf"supply(?:_air)?{_HEAT}", "supply_temp_c"),
        _rule(rf"return(?:_air)?{_HEAT}", "return_temp_c"),
    ),
    "fan_speed": (
        _rule(rf"{_FAN}{_FAN_WORDS}", "fan{n}_{unit}"),
        _rule(rf"{_PSU}_fan(?P<m>_?[a-z0-9])?{_FAN_WORDS}", "psu{n}_fan{m}_{unit}"),
    ),
    "power": (
        _rule(r"instantaneous_power_reading", "power_w"),
        _rule(r"pwr_consumption|power_consumption|current_power_consumption", "power_w", 1),
        _rule(
            rf"{_BOARD}(?:total_power|power_meter|pwr_meter|power_control)|"
            r"(?:system|sys|server|node)_(?:power|pwr|level)(?:_consumption)?",
            "power_w",
            2,
        ),
        _rule(r"avg_power|average_power", "power_w", 3),
        _rule(
            rf"{_PSU}(?=.*_(?:pout|output|out|dc)(?:_|$))(?:_(?:pout|output|out|dc|{_POWER}))*",
            "psu{n}_out_w",
        ),
        _rule(rf"{_PSU}(?:_(?:pin|input|in|ac|total|status|{_POWER}))*", "psu{n}_in_w"),
        _rule(rf"{_CPU}(?:_package|_pkg)?_(?:power|pwr)", "cpu{n}_power_w"),
        _rule(r"gpu_?(?P<n>\d+)_(?:power|pwr)", "gpu{n}_power_w"),
    ),
    "voltage": (
        _rule(r"voltage_(?P<n>\d+)", "psu{n}_vin"),
        _rule(rf"{_PSU}_(?:vin|input_voltage|input|voltage|ac|in)", "psu{n}_vin"),
        _rule(rf"{_PSU}_(?:vout|output_voltage|output|out)", "psu{n}_vout"),
    ),
    "current": (
        _rule(r"current_(?P<n>\d+)", "psu{n}_in_a"),
        _rule(rf"{_PSU}_(?:cin|iin|input_current|input|current|curr_in|in)", "psu{n}_in_a"),
        _rule(rf"{_PSU}_(?:cout|iout|output_current|output|curr_out|out)", "psu{n}_out_a"),
        _rule(r"phase_?(?P<n>\d+)(?:_current)?", "phase{n}_a"),
    ),
    "utilization": (
        _rule(r"cpu_(?:usage|util|utilization|utilisation)", "cpu_util"),
        _rule(r"gpu_?(?P<n>\d+)_(?:usage|util|utilization)", "gpu{n}_util"),
    ),
    "humidity": (_rule(r"(?:rh|humidity|relative_humidity|rel_humidity)(?:_sensor)?", "rh_pct"),),
}

# What an entity (IPMI v2.0 table 43-13) that a bare "Temp" belongs to is; N is its instance.
_ENTITIES = {
    "3": "cpu{n}_temp_c",
    "65": "cpu{n}_temp_c",
    "8": "dimm_{n}_temp_c",
    "32": "dimm_{n}_temp_c",
    "10": "psu{n}_temp_c",
    "55": "inlet_temp_c",
    "64": "inlet_temp_c",
}
_BARE = re.compile(r"temp|temperature")


@lru_cache(maxsize=VENDOR_NAMES)
def identify(vendor: str, unit: Unit, family: str, entity: str = "") -> Meaning | None:
    """What a vendor's sensor is. `entity` is whatever else tells it from others of the same name.

    Names decide before units, and units before signs: a margin is not a temperature, a power-good bit is not
    a voltage, and a CPU below 0 °C is a margin too. None where the name has no letter or digit in it.
    """
    own = lower_snake_case(vendor)
    if not own:
        return None
    unit = _unit_by_name(own, unit)
    found = _canonical(own, unit, entity)
    names = [own, f"{own}_{lower_snake_case(entity)}"] if lower_snake_case(entity) else [own]
    if unit.quantity == "fan_speed" and unit.unit == "1":
        names = [name if name.endswith("_pct") else f"{name}_pct" for name in names]
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
        refuses=is_zero if found and found[0].startswith("dimm") else None,
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
    if unit.quantity == "temperature" and _MARGIN_WORDS.search(own):
        return Unit(MARGIN.quantity, MARGIN.unit, unit.scale, unit.offset)
    if unit.quantity == "voltage" and _POWER_GOOD.fullmatch(own):
        return STATE
    return unit


def _canonical(own: str, unit: Unit, entity: str) -> tuple[str, int] | None:
    """(canonical name, rank), or None where the catalogue has none."""
    bare = _POSITION.sub("", own)
    if unit.quantity == "temperature":
        kind, _, instance = entity.partition(".")
        if _BARE.fullmatch(bare) and kind in _ENTITIES:
            return _ENTITIES[kind].format(n=instance or "0"), 0
        part = _part_temperature(bare)
        if part:
            return part, 0
    for rule in RULES.get(unit.quantity, ()):
        match = rule.pattern.fullmatch(bare)
        if match:
            groups = match.groupdict()
            number = _LETTER.sub("", groups.get("n") or "")
            return rule.name.format(
                n=number, m=groups.get("m") or "", unit="rpm" if unit.unit == "rpm" else "pct"
            ), rule.rank
    return None


def _part_temperature(own: str) -> str:
    """DIMMs and regulators: many of each, so what is left of the name tells them apart."""
    for words, part in ((_VRM_WORDS, "vrm"), (_DIMM_WORDS, "dimm")):
        if words.search(own) and not own.startswith("gpu"):
            rest = [
                w for w in words.sub("_", own).split("_") if w not in ("", "temp", "temperature", "therm")
            ]
            return "_".join([part, *rest, "temp_c"])
    return ""


def _margin_of(name: str, family: str, identity: str, part: str) -> Meaning | None:
    """Some boards send how far a CPU is below throttling, as a negative temperature."""
    match = re.fullmatch(r"(cpu\d+)_temp_c", name)
    if match is None:
        return None
    margin = f"{match[1]}_margin_c"
    return Meaning((margin, f"{margin}_peci"), MARGIN.quantity, MARGIN.unit, family, identity, part, rank=9)
