"""Telegraf's `amd_rocm_smi`: one message a card, numbered by its name, `card1`."""

from __future__ import annotations

import re

from agent.telemetry.meanings import Meaning, Tags, is_zero
from agent.telemetry.measurements.gpu import MEGAHERTZ, MEMORY_TEMP, card_sensor
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import CELSIUS, DUTY_PERCENT, OTHER, SHARE_PERCENT, WATT, Unit

FAMILY = "amd_rocm_smi"

FIELDS: dict[str, tuple[str, Unit]] = {
    "temperature_sensor_edge": ("temp_c", CELSIUS),
    "temperature_sensor_junction": ("hotspot_temp_c", CELSIUS),
    "temperature_sensor_memory": (MEMORY_TEMP, CELSIUS),
    "power_draw": ("power_w", WATT),
    "utilization_gpu": ("util", SHARE_PERCENT),
    "utilization_memory": ("mem_util", SHARE_PERCENT),
    "fan_speed": ("fan_pct", DUTY_PERCENT),
    "clocks_current_sm": ("sm_clock_hz", MEGAHERTZ),
    "clocks_current_memory": ("mem_clock_hz", MEGAHERTZ),
    "clocks_current_display": ("display_clock_hz", MEGAHERTZ),
    "clocks_current_fabric": ("fabric_clock_hz", MEGAHERTZ),
    "clocks_current_system": ("system_clock_hz", MEGAHERTZ),
}
_NOT_MEASURED = frozenset(("driver_version",))  # a number all the same
_CARD = re.compile(r"card(\d+)")


def meaning_of(_measurement: str, tags: Tags, field: str) -> Meaning | None:
    """A field of the card that the tag `name` numbers (else its id)."""
    if field in _NOT_MEASURED:
        return None
    name = tags.get("name", "").strip()
    card = _CARD.fullmatch(name)
    number = (
        card[1] if card else lower_snake_case(name or tags.get("gpu_unique_id") or tags.get("gpu_id", ""))
    )
    own, unit = FIELDS.get(field, (lower_snake_case(field), OTHER))
    if not own:
        return None
    return card_sensor(FAMILY, f"gpu{number or '0'}", own, unit, is_zero if own == MEMORY_TEMP else None)
