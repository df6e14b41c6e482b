"""What an object of a device's MIB measures: the shape of a table's rows, and units as MIBs have them.

    rPDU2PhaseStatusCurrent, index 2, 28  →  phase2_a, 2.8 A

Devices have no word for "no value" and put a number for it; `is_blank` and `is_negative` know the usual ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from agent.telemetry.units import AMPERE, CELSIUS, DUTY_PERCENT, HERTZ, SHARE_PERCENT, UNITS, VOLT, WATT, Unit

Holds = Callable[[float], bool]

DECI_A, CENTI_A, MILLI_A = (AMPERE._replace(scale=scale) for scale in (0.1, 0.01, 1e-3))
DECI_V, MILLI_V = VOLT._replace(scale=0.1), VOLT._replace(scale=1e-3)
DECI_HZ = HERTZ._replace(scale=0.1)
DECI_CELSIUS = CELSIUS._replace(scale=0.1)
FAHRENHEIT = UNITS["degf"]
DECI_FAHRENHEIT = FAHRENHEIT._replace(scale=0.1 * FAHRENHEIT.scale)
KILO_W, DECI_KW, CENTI_KW = (WATT._replace(scale=scale) for scale in (1e3, 100.0, 10.0))
WATT_HOUR = Unit("energy", "J", 3600.0)
KWH, DECI_KWH, CENTI_KWH = (WATT_HOUR._replace(scale=scale) for scale in (3.6e6, 3.6e5, 3.6e4))
DECI_DUTY = DUTY_PERCENT._replace(scale=0.001)
DECI_SHARE = SHARE_PERCENT._replace(scale=0.001)
# No quantity of ours, so the sensor's name says the unit: battery_pct, runtime_s.
PERCENT = Unit("other", "1")
DECI_PERCENT = Unit("other", "1", 0.1)
SECOND = Unit("other", "1")
CENTI_S = Unit("other", "1", 0.01)
NANO_S = Unit("other", "1", 1e-9)
MINUTE = Unit("other", "1", 60.0)

BLANKS = frozenset(
    (-1.0, -999.0, -9999.0, -99999.0, 2147483647.0, 2147483648.0, -2147483648.0, 4294967295.0)
)  # not installed, not supported, sensor lost; the last four are the ends of 32 bits
COLDEST_C = -40.0
WARMEST_C = 55.0  # of air where people work; above it a room's temperature is in Fahrenheit


class Object(NamedTuple):
    """One object: where it is on its device, and what its values mean as sent."""

    scope: str  # what its index numbers, in `rows`: "" for the whole device, phase, bank, outlet, …
    name: str  # of the sensor within its scope
    unit: Unit
    refuses: Holds | None
    counts: Holds | None = None  # codes: kept as 1 where it holds, else as 0
    rank: int = 0  # the lower holds a name that several objects of a device would like


def is_blank(value: float) -> bool:
    """Whether a number that may be negative stands for "no value"."""
    return value in BLANKS


def is_negative(value: float) -> bool:
    """Whether a number that cannot be negative stands for "no value"."""
    return value < 0 or value in BLANKS


def is_no_humidity(value: float) -> bool:
    """Whether a number cannot be a relative humidity in percent."""
    return not 0 <= value <= 100


def is_no_room(value: float) -> bool:
    """Whether a number cannot be a room's temperature in °C, as where the device is set to Fahrenheit."""
    return value in BLANKS or value > WARMEST_C


def is_no_room_in_tenths(value: float) -> bool:
    """The same of tenths of a degree; -41 °C is Server Technology's "no value"."""
    return value in BLANKS or not COLDEST_C < value / 10 <= WARMEST_C


def is_three(value: float) -> bool:
    return value == 3


def is_five(value: float) -> bool:
    return value == 5


def objects(
    scope: str, unit: Unit, names: dict[str, str], refuses: Holds | None = is_negative, rank: int = 0
) -> dict[str, Object]:
    """Objects of one scope and unit: what the MIB calls each → what the sensor is called."""
    return {of: Object(scope, name, unit, refuses, rank=rank) for of, name in names.items()}


def merged(*tables: dict[str, Object]) -> dict[str, Object]:
    """All tables as one.

    Raises:
        ValueError: two of them have an object of the same name, which then means two things.
    """
    found: dict[str, Object] = {}
    for table in tables:
        if twice := _both(found, table):
            raise ValueError(f"objects with two meanings: {', '.join(twice)}")
        found.update(table)
    return found


def _both(one: Iterable[str], other: Iterable[str]) -> list[str]:
    return sorted(set(one) & set(other))
