"""Which values a sensor can have at all: outside of them it is broken, unplugged or read wrongly.

    plausible_range("inlet_temp_c", "temperature")  →  (-10.0, 70.0)
    plausible_range("fan1_pct", "fan_speed")        →  (0.0, 1.1)

Decoding does not apply them: a reading is passed on as it was sent, and what trusts readings judges them.
The bounds are wide on purpose. A hot CPU is a fault to report; one at 200 °C is a fault of its sensor.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import NamedTuple

ANY = (-math.inf, math.inf)


class Bounds(NamedTuple):
    """Sensors of one quantity whose whole name fits a pattern, and the values that they can have."""

    quantity: str
    pattern: str
    low: float
    high: float
    why: str


# The first row that fits counts: a newcomer's row for a kind of sensor goes above its quantity's last one.
PLAUSIBLE: tuple[Bounds, ...] = (
    Bounds("temperature", r"psu\w+", -10, 130, "inside of supplies, and what they take in"),
    Bounds("temperature", r"(\w+_)?(inlet|supply|ambient|intake)(_\w+)?", -10, 70, "air that people breathe"),
    Bounds("temperature", r"(\w+_)?(exhaust|outlet|return)(_\w+)?", -10, 90, "air that a server heated"),
    Bounds("temperature", r"chw_\w+", -10, 60, "chilled water, with glycol"),
    Bounds("temperature", r"[cg]pu\w+", -10, 125, "silicon switches itself off near 105 °C"),
    Bounds("temperature", r"dimm_\w+", -10, 110, "JEDEC: DRAM works up to 95 °C, with more refresh to 105"),
    Bounds("temperature", r"vrm_\w+", -10, 150, "power stages switch themselves off near 135 to 150 °C"),
    Bounds("temperature", r"\w*", -40, 150, "industrial parts are rated from −40 to 125 °C"),
    Bounds("margin", r"\w*", -150, 150, "of any two temperatures above"),
    Bounds("fan_speed", r"\w+_pct", 0, 1.1, "a duty; some controllers overshoot"),
    Bounds("fan_speed", r"\w*", 0, 40_000, "the fastest 40 mm rotors turn with 38,000 rpm"),
    Bounds("power", r"cpu\w+", 0, 2_000, "a socket takes 500 W, a module with its GPUs more"),
    Bounds("power", r"gpu\w+", 0, 3_000, "a module takes 1,400 W"),
    Bounds("power", r"psu\w+", 0, 30_000, "a shelf counts as one supply"),
    Bounds("power", r"(dimm|fan|memory|storage|dram|pch|nic)\w*", 0, 10_000, "a part of a server"),
    Bounds("power", r"\w*", 0, 10_000_000, "a hall's UPS, floor PDU, feed or chiller"),
    Bounds("voltage", r"psu\w+_vin", 0, 600, "480 V between phases, 400 V direct current"),
    Bounds("voltage", r"psu\w+_vout", -1, 100, "12, 48 or 54 V"),
    Bounds("voltage", r"\w*", -60, 600, "telecom feeds are at −48 V"),
    Bounds("current", r"psu\w+_in_a", 0, 200, "a supply's fuse"),
    Bounds("current", r"\w*", -100, 5_000, "a GPU's core rail; batteries charge and discharge"),
    Bounds("humidity", r"\w*", 0, 100, "relative"),
    Bounds("utilization", r"\w*", 0, 1.05, "a share; percentages are rounded up"),
    Bounds("frequency", r"\w*", 0, 2e10, "no clock of a server is faster"),
    Bounds("energy", r"\w*", 0, math.inf, "a counter since some beginning"),
)

# Allowable dry-bulb temperature at the inlet, °C, by class of equipment, and what is recommended for all:
# ASHRAE TC 9.9, Thermal Guidelines for Data Processing Environments, 5th edition (2021).
ASHRAE: dict[str, tuple[float, float]] = {
    "A1": (15.0, 32.0),
    "A2": (10.0, 35.0),
    "A3": (5.0, 40.0),
    "A4": (5.0, 45.0),
}
ASHRAE_RECOMMENDED: tuple[float, float] = (18.0, 27.0)

_ROWS = tuple((row, re.compile(row.pattern)) for row in PLAUSIBLE)


@lru_cache(maxsize=65_536)
def plausible_range(sensor: str, quantity: str) -> tuple[float, float]:
    """The lowest and the highest value, in the quantity's unit, that a sensor of this name can have.

    Names are canonical ones (`cpu1_temp_c`, `psu2_vin`, `fan1_pct`); any other has its quantity's range.
    Quantities without bounds (state, limit, other) have (−inf, inf).
    """
    for row, pattern in _ROWS:
        if row.quantity == quantity and pattern.fullmatch(sensor):
            return row.low, row.high
    return ANY
