"""Numbers in another unit: a firmware or an exporter was changed, and 45 °C became 45,000.

Each quantity has the units that BMCs, hwmon and exporters really send it in; the first that explains the
value is the one that is named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

NEAR_SHARE = 0.35  # of the value before: after a gap the machine may do something else
NEAR_K = 30.0
# Where both values are possible, only the very same one is proof, and a factor that no load explains.
SAME_SHARE = 0.3
SAME_K = 2.0
LARGE_FACTOR = 999.0


class Conversion(NamedTuple):
    """value × scale + offset is the value in the unit that was sent before."""

    unit: str
    scale: float
    offset: float = 0.0


CONVERSIONS: Mapping[str, tuple[Conversion, ...]] = {
    "temperature": (
        Conversion("°F", 5 / 9, -32 * 5 / 9),
        Conversion("K", 1.0, -273.15),
        Conversion("tenths of °C", 0.1),
        Conversion("hundredths of °C", 0.01),
        Conversion("m°C", 0.001),
    ),
    "power": (
        Conversion("kW", 1e3),
        Conversion("tenths of W", 0.1),
        Conversion("mW", 1e-3),
        Conversion("µW", 1e-6),
    ),
    "voltage": (
        Conversion("tenths of V", 0.1),
        Conversion("hundredths of V", 0.01),
        Conversion("mV", 1e-3),
        Conversion("µV", 1e-6),
    ),
    "current": (Conversion("tenths of A", 0.1), Conversion("hundredths of A", 0.01), Conversion("mA", 1e-3)),
    "utilization": (Conversion("%", 0.01),),
    "humidity": (Conversion("1", 100.0), Conversion("tenths of %", 0.1)),
    "frequency": (Conversion("kHz", 1e3), Conversion("MHz", 1e6), Conversion("GHz", 1e9)),
}


def unit_of_impossible(quantity: str, value: float, before: float) -> str:
    """The unit that makes an impossible value carry on from `before`; "" where none does."""
    near = NEAR_K if quantity == "temperature" else NEAR_SHARE * abs(before)
    return _nearest(CONVERSIONS.get(quantity, ()), value, before, near)


def unit_of_jump(quantity: str, value: float, before: float) -> str:
    """The same for a value that is possible as such."""
    is_temperature = quantity == "temperature"
    near = SAME_K if is_temperature else SAME_SHARE * abs(before)
    fitting = [
        c
        for c in CONVERSIONS.get(quantity, ())
        if is_temperature or not 1 / LARGE_FACTOR <= c.scale <= LARGE_FACTOR
    ]
    return _nearest(fitting, value, before, near)


def _nearest(conversions: Sequence[Conversion], value: float, before: float, near: float) -> str:
    fits = [(abs(value * c.scale + c.offset - before), c.unit) for c in conversions]
    distance, unit = min(fits, default=(math.inf, ""))
    return unit if distance <= near and value != 0 else ""
