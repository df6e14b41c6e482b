"""How names of the contract read on a page: faults, sensors, units, times and spans."""

from __future__ import annotations

import re
from datetime import UTC, datetime

SECOND_NS = 1_000_000_000
SEVERITIES = ("P1", "P2", "P3", "info")
_ACRONYMS = {"cpu": "CPU", "psu": "PSU", "vrm": "VRM", "dimm": "DIMM", "gpu": "GPU", "ups": "UPS"}
_UNIT_MARKS = {"Cel": "°C", "1": "", "degC": "°C"}
# What a canonical sensor's name says of its group and unit, where no evidence names them.
_SUFFIXES = (
    (r"fan\w*_(pct|duty)$", "Fans", "%"),
    (r"_rpm$", "Fans", "rpm"),
    (r"_c$|(^|_)temp$", "Temperature", "Cel"),
    (r"_w$", "Power", "W"),
    (r"_kw$", "Power", "kW"),
    (r"_(vin|vout|v)$", "Voltage", "V"),
    (r"_a$", "Current", "A"),
    (r"_(kwh)$", "Energy", "kWh"),
    (r"_j$", "Energy", "J"),
    (r"_rh_pct$|^rh_pct$|humidity", "Humidity", "%"),
    (r"_util$|_ratio$", "Utilisation", "1"),
    (r"_pct$", "Percent", "%"),
    (r"_mhz$", "Frequency", "MHz"),
    (r"_hz$", "Frequency", "Hz"),
)
_GROUP_OF_QUANTITY = {
    "power": "Power",
    "energy": "Energy",
    "temperature": "Temperature",
    "margin": "Temperature",
    "fan_speed": "Fans",
    "voltage": "Voltage",
    "current": "Current",
    "humidity": "Humidity",
    "utilization": "Utilisation",
    "frequency": "Frequency",
}


def severity_rank(severity: str) -> int:
    """0 for P1 … 3 for info; what is not known comes last."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def say_fault(fault: str) -> str:
    """`psu_failure` → `PSU failure`."""
    words = [_ACRONYMS.get(word, word) for word in fault.split("_") if word]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def say_unit(unit: str) -> str:
    """The unit as printed behind a number: `Cel` → `°C`, a bare ratio → nothing."""
    return _UNIT_MARKS.get(unit, unit)


def group_and_unit(sensor: str, quantity: str = "", unit: str = "") -> tuple[str, str]:
    """The chart a sensor belongs to and its unit: by quantity where evidence names it, else by its name."""
    by_name = next(((g, u) for pattern, g, u in _SUFFIXES if re.search(pattern, sensor)), ("Other", ""))
    return _GROUP_OF_QUANTITY.get(quantity, by_name[0]), unit or by_name[1]


def say_number(value: float) -> str:
    """Four significant digits, no exponent and no idle zeros: 5040 → `5,040`, 0.5800 → `0.58`."""
    if value == 0:
        return "0"
    decimals = max(0, 3 - max(-6, _exponent(value)))
    text = f"{value:,.{min(decimals, 3)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _exponent(value: float) -> int:
    return int(f"{value:e}".rpartition("e")[2])


def say_time(time_ns: int) -> str:
    """`2026-01-04 10:12:30`, UTC."""
    return _utc(time_ns).strftime("%Y-%m-%d %H:%M:%S")


def say_day_time(time_ns: int) -> str:
    """`4 Jan 10:12`, UTC."""
    time = _utc(time_ns)
    return f"{time.day} {time:%b %H:%M}"


def say_span(span_ns: int) -> str:
    """The two largest units that matter: `40 s`, `12 min`, `1 h 05 min`, `3 d 4 h`."""
    seconds = max(0, round(span_ns / SECOND_NS))
    if seconds < 120:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def _utc(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns // SECOND_NS, UTC)
