"""What all ways of asking a graphics card have in common: how cards and their sensors are called."""

from __future__ import annotations

from collections.abc import Callable

from agent.telemetry.meanings import Meaning
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import HERTZ, Unit

MEGAHERTZ = HERTZ._replace(scale=1e6)
MEMORY_TEMP = "mem_temp_c"  # 0 where a card has no sensor in its memory


def card_of(number: str) -> str:
    """A card by its number or UUID: `0` → `gpu0`, `GPU-604ac76c` → `gpu_604ac76c`; else `gpu0`."""
    own = lower_snake_case(number) or "0"
    if own.startswith("gpu"):
        return own
    return f"gpu{own}" if own.isdecimal() else f"gpu_{own}"


def card_sensor(
    family: str, part: str, name: str, unit: Unit, refuses: Callable[[float], bool] | None
) -> Meaning:
    """A sensor of a part such as `gpu0`; `refuses` knows values that stand for "no reading"."""
    sensor = f"{part}_{name}"
    return Meaning(
        (sensor,),
        unit.quantity,
        unit.unit,
        family,
        sensor,
        scale=unit.scale,
        offset=unit.offset,
        refuses=refuses,
    )
