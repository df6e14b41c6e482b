"""Units as OpenTelemetry writes them: UCUM's codes, in which case matters (mW is not MW), with annotations.

    "Cel", "[degF]", "kW", "W.h", "{rpm}", "{%}", "1", ""

A unit that says what the value is wins over what a name suggests; one that says only that it is a number
("1", "{powerstate}") leaves the question to the name.
"""

from __future__ import annotations

from agent.telemetry.units import (
    AMPERE,
    DUTY_PERCENT,
    HERTZ,
    HUMIDITY,
    JOULE,
    OTHER,
    PERCENT_WORDS,
    RPM,
    SHARE_PERCENT,
    UNITS,
    VOLT,
    WATT,
    Unit,
)

# What folding the case would confuse, and what nobody but UCUM writes.
CODES: dict[str, Unit] = {
    "MW": WATT._replace(scale=1e6),
    "uW": WATT._replace(scale=1e-6),
    "kJ": JOULE._replace(scale=1e3),
    "MJ": JOULE._replace(scale=1e6),
    "GJ": JOULE._replace(scale=1e9),
    "mJ": JOULE._replace(scale=1e-3),
    "uJ": JOULE._replace(scale=1e-6),
    "W.s": JOULE,
    "W.h": JOULE._replace(scale=3.6e3),
    "Wh": JOULE._replace(scale=3.6e3),
    "kW.h": JOULE._replace(scale=3.6e6),
    "MW.h": JOULE._replace(scale=3.6e9),
    "MWh": JOULE._replace(scale=3.6e9),
    "MV": VOLT._replace(scale=1e6),
    "kV": VOLT._replace(scale=1e3),
    "uV": VOLT._replace(scale=1e-6),
    "kA": AMPERE._replace(scale=1e3),
    "uA": AMPERE._replace(scale=1e-6),
    "kHz": HERTZ._replace(scale=1e3),
    "mK": Unit("temperature", "Cel", 1e-3, -273.15),
    "mCel": Unit("temperature", "Cel", 1e-3),
    "[degF]": UNITS["degf"],
    "[degRe]": Unit("temperature", "Cel", 1.25),
    "/min": RPM,
    "1/min": RPM,
    "min-1": RPM,
    "revolutions/min": RPM,
}
PLAIN = frozenset(("", "1", "{}"))
_PERCENTAGES = {"fan_speed": DUTY_PERCENT, "utilization": SHARE_PERCENT, "humidity": HUMIDITY}


def unit_of(code: str, expected: Unit) -> Unit:
    """The unit of a value: what its code says, else the one that its name lets us expect.

    A percentage or a bare number is of the expected quantity if that has shares: 0..1 is the form we keep.
    A code that we cannot convert makes the value `other`, as sent.
    """
    bare = code.strip()
    inside = bare[1:-1] if bare.startswith("{") and bare.endswith("}") else ""
    word = inside or bare
    if word.lower() in PERCENT_WORDS:
        return _PERCENTAGES.get(expected.quantity, OTHER)
    known = CODES.get(word) or UNITS.get(word.lower())
    counted = inside and (known is None or known.quantity != expected.quantity)  # "{C}" counts cores
    if known is None or counted:
        return expected if inside or bare in PLAIN else OTHER
    if known.quantity == "temperature" and expected.quantity == "margin":
        return expected._replace(scale=known.scale)  # a difference has no offset
    return known
