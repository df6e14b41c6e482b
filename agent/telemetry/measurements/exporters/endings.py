"""What the name of a Prometheus metric says by itself: its unit, or that it is no reading at all.

node_hwmon_temp_celsius        → temperature, Cel
scaph_host_power_microwatts    → power, W × 1e-6
foo_temp_critical_celsius      → other: somebody's threshold, not a temperature
go_goroutines, node_scrape_…   → nothing: they are about the exporter
"""

from __future__ import annotations

import re
from functools import lru_cache

from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import (
    AMPERE,
    CELSIUS,
    DUTY,
    DUTY_PERCENT,
    HERTZ,
    HUMIDITY,
    JOULE,
    MARGIN,
    OTHER,
    RPM,
    SHARE,
    SHARE_PERCENT,
    STATE,
    VOLT,
    WATT,
    Unit,
)

METRIC_NAMES = 65_536  # remembered: every machine of a kind has the same ones

# Ending of a name → its unit and what the ending becomes once the value is in the unit that we keep.
UNIT_ENDINGS: dict[str, tuple[Unit, str]] = {
    **dict.fromkeys(("celsius", "degrees_c", "deg_c", "degc"), (CELSIUS, "celsius")),
    **dict.fromkeys(("fahrenheit", "degf"), (Unit("temperature", "Cel", 5 / 9, -32 * 5 / 9), "celsius")),
    "kelvin": (Unit("temperature", "Cel", 1.0, -273.15), "celsius"),
    "millicelsius": (CELSIUS._replace(scale=1e-3), "celsius"),
    **dict.fromkeys(("watts", "watt"), (WATT, "watts")),
    **dict.fromkeys(("milliwatts", "milliwatt"), (WATT._replace(scale=1e-3), "watts")),
    **dict.fromkeys(("microwatts", "microwatt"), (WATT._replace(scale=1e-6), "watts")),
    **dict.fromkeys(("kilowatts", "kilowatt"), (WATT._replace(scale=1e3), "watts")),
    **dict.fromkeys(("joules", "joules_total", "joule_total"), (JOULE, "joules")),
    **dict.fromkeys(("millijoules", "millijoules_total"), (JOULE._replace(scale=1e-3), "joules")),
    **dict.fromkeys(("microjoules", "microjoules_total"), (JOULE._replace(scale=1e-6), "joules")),
    **dict.fromkeys(
        ("watt_hours_total", "watthours_total", "wh_total"), (JOULE._replace(scale=3600), "joules")
    ),
    **dict.fromkeys(
        ("kwh", "kwh_total", "kilowatt_hours", "kilowatt_hours_total", "kilowatthours_total"),
        (JOULE._replace(scale=3.6e6), "joules"),
    ),
    **dict.fromkeys(("volts", "volt"), (VOLT, "volts")),
    **dict.fromkeys(("millivolts", "millivolt"), (VOLT._replace(scale=1e-3), "volts")),
    **dict.fromkeys(("amperes", "ampere", "amps", "amp"), (AMPERE, "amperes")),
    **dict.fromkeys(("milliamperes", "milliamps"), (AMPERE._replace(scale=1e-3), "amperes")),
    **dict.fromkeys(("hertz", "hz"), (HERTZ, "hertz")),
    **dict.fromkeys(("kilohertz", "khz"), (HERTZ._replace(scale=1e3), "hertz")),
    **dict.fromkeys(("megahertz", "mhz"), (HERTZ._replace(scale=1e6), "hertz")),
    **dict.fromkeys(("gigahertz", "ghz"), (HERTZ._replace(scale=1e9), "hertz")),
    "rpm": (RPM, "rpm"),
}
# A letter is a unit where the word before it is what it measures.
_WORDED: tuple[tuple[re.Pattern[str], Unit], ...] = tuple(
    (re.compile(rf"(?:.*_)?(?:{words})"), unit)
    for words, unit in (
        ("temp(?:erature)?_c", CELSIUS),
        ("voltage_v", VOLT),
        ("current_a", AMPERE),
        ("power_w", WATT),
        ("humidity_(?:pct|percent)", HUMIDITY),
    )
)
_UNIT = re.compile(rf"(.*_)({'|'.join(sorted(UNIT_ENDINGS, key=len, reverse=True))})")

# Words of a value that somebody set, rated or remembered: no sensor measures it now.
_NOT_MEASURED = re.compile(
    r"(^|_)(crit(ical)?|lcrit|emergency|thresholds?|limits?|max(imum)?|min(imum)?|warn(ing)?|fatal|noncritical"
    r"|slowdown|shutdown|throttle|trip|tjmax|cap|capacity|nominal|rated|rating|design|target|setpoint|desired"
    r"|hyst(eresis)?|offset|tolerance|budget|available|requested|allocated|highest|lowest|peak|delta"
    r"|difference|alarm)(_|$)"
)
_NOT_ACTIVE = re.compile(r"(^|_)(apparent|reactive)(_|$)")  # volt-amperes, whatever the unit's letter
_MARGIN = re.compile(r"(^|_)(margin|tlimit|dts)(_|$)")
_DISK = re.compile(r"(^|_)(disk|drive|hdd|spindle|rotation\w*)(_|$)")
_BUSY = re.compile(r"(^|_)(util|utili[sz]ation|busy|activity|occupancy|(cpu|gpu)_(usage|load|use))(_|$)")
_FAN = re.compile(r"(^|_)fan")
_STATE = re.compile(r".*(?<!_by)_(state|status|health|healthy|alarm|fault|online|present|up|enabled)")
_SHARE_ENDING = re.compile(r".*_(ratio|percent|percentage|pct)")

# About the exporter, its process, its scrapes; parts of histograms; facts that do not change.
_NO_READING = re.compile(
    r"up|alerts(_for_state)?|"
    r"(go|process|promhttp|promhttp_metric|scrape|python|prometheus|net_conntrack|jvm)_.*|"
    r".*_(info|success|bucket|created|scrape_error|scrape_errors_total|failed_scrapes_total)|"
    r".*_(scrape|collector|collect)_(duration|success|timestamp|collector|status|last|errors?|failures?)(_.*)?|"
    r".*_last_(collect|scrape)_.*|.*_exporter_.*|.*_seconds_(sum|count)|.*_bytes_(sum|count)"
)
HISTOGRAM_LABELS = frozenset(("le", "quantile"))


@lru_cache(maxsize=METRIC_NAMES)
def is_no_reading(metric: str) -> bool:
    """Whether a metric's name says that it is about the exporter or part of a distribution."""
    return _NO_READING.fullmatch(metric.lower()) is not None


@lru_cache(maxsize=METRIC_NAMES)
def unit_of_ending(metric: str) -> tuple[Unit, str]:
    """A metric's unit by the end of its name, and its name in the unit that we keep; else `other`."""
    name = lower_snake_case(metric)
    match = _UNIT.fullmatch(name)
    if match is None:
        worded = next((unit for pattern, unit in _WORDED if pattern.fullmatch(name)), OTHER)
        return (OTHER if _NOT_MEASURED.search(name) or _NOT_ACTIVE.search(name) else worded), name
    unit, ending = UNIT_ENDINGS[match[2]]
    if unit.quantity == "temperature" and _MARGIN.search(name):
        return MARGIN._replace(scale=unit.scale), match[1] + ending
    if _NOT_MEASURED.search(name) or (unit == RPM and _DISK.search(name)):
        return OTHER, name
    return unit, name if unit.scale == 1.0 and not unit.offset else match[1] + ending


@lru_cache(maxsize=METRIC_NAMES)
def unit_of_metric(metric: str) -> tuple[Unit, str]:
    """The same, and shares, duties, humidities and states, whose values depend on more of the name."""
    unit, name = unit_of_ending(metric)
    if unit != OTHER:
        return unit, name
    ending = _SHARE_ENDING.fullmatch(name)
    if ending is not None and not _NOT_MEASURED.search(name):
        return _share(name, ratio=ending[1] == "ratio"), name
    return (STATE if _STATE.fullmatch(name) else OTHER), name


def _share(name: str, ratio: bool) -> Unit:
    if "humidity" in name:
        return HUMIDITY._replace(scale=100.0 if ratio else 1.0)
    if _FAN.search(name):
        return DUTY if ratio else DUTY_PERCENT
    if _BUSY.search(name):
        return SHARE if ratio else SHARE_PERCENT
    return OTHER
