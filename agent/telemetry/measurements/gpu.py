"""What the two ways of asking an NVIDIA card have in common."""

from __future__ import annotations

from collections.abc import Callable

from agent.telemetry.meanings import Meaning
from agent.telemetry.units import HERTZ, Unit

MEGAHERTZ = HERTZ._replace(scale=1e6)
MEMORY_TEMP = "mem_temp_c"  # 0 where a card has no sensor in its memory


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
