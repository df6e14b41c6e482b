"""Units as collectors and operators spell them, and what a name's ending says about its unit."""

from __future__ import annotations

import re
from typing import NamedTuple


class Unit(NamedTuple):
    """What a value of a unit measures; value × scale + offset is the same in the `unit` that we keep."""

    quantity: str
    unit: str
    scale: float = 1.0
    offset: float = 0.0


CELSIUS = Unit("temperature", "Cel")
WATT = Unit("power", "W")
JOULE = Unit("energy", "J")
RPM = Unit("fan_speed", "rpm")
DUTY = Unit("fan_speed", "1")
DUTY_PERCENT = Unit("fan_speed", "1", 0.01)
VOLT = Unit("voltage", "V")
AMPERE = Unit("current", "A")
HERTZ = Unit("frequency", "Hz")
HUMIDITY = Unit("humidity", "%")
SHARE = Unit("utilization", "1")
SHARE_PERCENT = Unit("utilization", "1", 0.01)
STATE = Unit("state", "1")
OTHER = Unit("other", "1")
MARGIN = Unit("margin", "Cel")

UNITS: dict[str, Unit] = {
    **dict.fromkeys(("cel", "c", "degrees_c", "degc", "°c", "celsius", "℃"), CELSIUS),
    **dict.fromkeys(
        ("degrees_f", "degf", "°f", "fahrenheit"), Unit("temperature", "Cel", 5 / 9, -32 * 5 / 9)
    ),
    **dict.fromkeys(("k", "degrees_k", "kelvin"), Unit("temperature", "Cel", 1.0, -273.15)),
    **dict.fromkeys(("w", "watt", "watts"), WATT),
    **dict.fromkeys(("kw", "kilowatts"), Unit("power", "W", 1e3)),
    **dict.fromkeys(("mw", "milliwatts"), Unit("power", "W", 1e-3)),
    **dict.fromkeys(("j", "joule", "joules"), JOULE),
    **dict.fromkeys(("kwh",), Unit("energy", "J", 3.6e6)),
    **dict.fromkeys(("rpm", "{rpm}", "rev/min"), RPM),
    **dict.fromkeys(("v", "volt", "volts"), VOLT),
    **dict.fromkeys(("mv", "millivolts"), Unit("voltage", "V", 1e-3)),
    **dict.fromkeys(("a", "amp", "amps", "ampere", "amperes"), AMPERE),
    **dict.fromkeys(("ma", "milliamps"), Unit("current", "A", 1e-3)),
    **dict.fromkeys(("hz", "hertz"), HERTZ),
    **dict.fromkeys(("mhz", "megahertz"), Unit("frequency", "Hz", 1e6)),
    **dict.fromkeys(("ghz",), Unit("frequency", "Hz", 1e9)),
}
PERCENT_WORDS = frozenset(("%", "percent", "pct"))

# The long endings are what exporters write; the short ones only our own names have.
_ENDINGS = (
    (re.compile(r".*_(degrees_)?celsius"), CELSIUS),
    (re.compile(r".*_watts"), WATT),
    (re.compile(r".*_joules(_total)?"), JOULE),
    (re.compile(r".*_rpm"), RPM),
    (re.compile(r".*_volts"), VOLT),
    (re.compile(r".*_amp(ere)?s"), AMPERE),
    (re.compile(r".*_hertz"), HERTZ),
)
_OWN_ENDINGS = (
    (re.compile(r".*_margin_c"), MARGIN),
    (re.compile(r".*_c"), CELSIUS),
    (re.compile(r"(.*_)?power_w|.*_w"), WATT),
    (re.compile(r".*_j"), JOULE),
    (re.compile(r"(.*_)?fan\w*_pct"), DUTY_PERCENT),
    (re.compile(r"(.*_)?(rh|humidity)(_pct)?"), HUMIDITY),
    (re.compile(r".*_(v|vin|vout)"), VOLT),
    (re.compile(r".*\d(_in|_out)?_a"), AMPERE),
    (re.compile(r".*_hz"), HERTZ),
    (re.compile(r"(.*_)?util"), SHARE),
    (re.compile(r".*_(state|status|health)"), STATE),
    *_ENDINGS,
)


def unit_of_exported_name(name: str) -> Unit:
    """What an exporter's metric name says of its unit: `node_hwmon_temp_celsius` → Cel; else `other`."""
    return next((unit for ending, unit in _ENDINGS if ending.fullmatch(name)), OTHER)


def unit_of_own_name(name: str) -> Unit:
    """What a canonical name says of its unit: `chw_supply_c` → Cel, `phase2_a` → A; else `other`."""
    return next((unit for ending, unit in _OWN_ENDINGS if ending.fullmatch(name)), OTHER)


def unit_named(word: str, name: str) -> Unit:
    """A unit by its word; a percentage is told by the sensor's (canonical) name."""
    word = word.strip().lower()
    if word in PERCENT_WORDS:
        own = unit_of_own_name(name)
        if own.quantity in ("fan_speed", "utilization"):
            return own._replace(scale=0.01)
        return own if own.quantity == "humidity" else OTHER
    unit = UNITS.get(word, OTHER)
    own = unit_of_own_name(name)
    if word in ("1", "") or (own.quantity == "margin" and unit == CELSIUS):
        return own._replace(scale=1.0) if own == DUTY_PERCENT and word == "1" else own
    return unit
