"""What Netdata's dimensions are: the chart says the unit, the dimension's name the sensor."""

from __future__ import annotations

from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import (
    AMPERE,
    CELSIUS,
    HERTZ,
    HUMIDITY,
    OTHER,
    RPM,
    SHARE_PERCENT,
    VOLT,
    WATT,
    Unit,
)

MEASUREMENT = "netdata"
FAMILY = "netdata"

UNITS: dict[str, Unit] = {
    "celsius": CELSIUS,
    "rotations/min": RPM,
    "rpm": RPM,
    "volts": VOLT,
    "v": VOLT,
    "ampere": AMPERE,
    "amps": AMPERE,
    "watts": WATT,
    "watt": WATT,
    "milliwatts": WATT._replace(scale=1e-3),
    "mhz": HERTZ._replace(scale=1e6),
    "hz": HERTZ,
}
_CARD_SHARES = ("gpu_utilization", "gpu_util")
_SETTINGS = ("limit", "alarm", "max", "min", "crit")


def meaning_of(_measurement: str, tags: Tags, field: str) -> Meaning | None:
    """A dimension by its chart's and its own name; `other` where the unit is none of ours."""
    chart, dimension = tags.get("chart_id", ""), tags.get("name") or tags.get("id", "")
    name = lower_snake_case(f"{chart} {dimension}")
    if field != "value" or not name:
        return None
    unit, context = UNITS.get(tags.get("units", "").strip().lower(), OTHER), tags.get("chart_context", "")
    if unit != OTHER and set(lower_snake_case(dimension).split("_")) & set(_SETTINGS):
        return None
    if tags.get("units") in ("percentage", "%"):
        unit = (
            SHARE_PERCENT if context.endswith(_CARD_SHARES) else HUMIDITY if "humidity" in context else OTHER
        )
    identity = f"{chart}|{tags.get('id', '')}"
    return Meaning((name,), unit.quantity, unit.unit, FAMILY, identity, scale=unit.scale)
