"""What a Redfish MetricProperty measures: the path to a value says the part and, by its ending, the unit.

    /redfish/v1/Chassis/1/Power#/PowerControl/0/PowerConsumedWatts              → power_w
    …/Power#/PowerControl/0/PowerMetrics/AverageConsumedWatts                   → average_consumed_watts
    …/Chassis/1/Thermal#/Fans/0/Reading                                         → fan0_rpm or fan0_pct
    …/Chassis/HGX_GPU_0/Sensors/HGX_GPU_0_TEMP_0                                → gpu0_temp_c
    …/Systems/1/Processors/GPU_0/ProcessorMetrics#/OperatingSpeedMHz            → gpu_0_operating_speed

A property that is not of now – an average, a peak – keeps its own name, as does one that only has a number.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from agent.telemetry.catalogue import VENDOR_NAMES, identify
from agent.telemetry.meanings import Meaning
from agent.telemetry.measurements import idrac, redfish
from agent.telemetry.measurements.gpu import MEGAHERTZ
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import (
    AMPERE,
    CELSIUS,
    DUTY_PERCENT,
    HUMIDITY,
    JOULE,
    MARGIN,
    OTHER,
    RPM,
    SHARE_PERCENT,
    UNITS,
    VOLT,
    WATT,
    Unit,
)

FAMILY = "metric_report"
FULL_DUTY = 100.0  # %; a fan that turns does so faster than this a minute

PARTS = {  # a collection and what a member of it is called that only has a number
    "Sensors": "sensor",
    "Temperatures": "temp",
    "Fans": "fan",
    "Voltages": "rail",
    "PowerControl": "power control",
    "PowerSupplies": "psu",
    "DellNumericSensor": "",
    "DellNumericSensors": "",
    "Processors": "processor",
    "Memory": "memory",
    "Drives": "drive",
    "NetworkAdapters": "nic",
    "Chassis": "",
    "Systems": "",
}
_WHOLE = re.compile(r"\d+|self|system|server|chassis|main|enclosure|rackmount|system\.embedded\.\d+", re.I)
_NAMES_NOTHING = re.compile(r"\w*(?:Metrics|Subsystem)|Power|Thermal|Oem|Nvidia|Dell|Hpe|SystemUsage|Reading")
# Of air: where a path only numbers a sensor, its MetricId or report may name it.
AIR = re.compile(r".*(?:inlet|intake|ambient|exhaust|outlet).*", re.I)
# `CPU1 Temp`, `FAN1`: a MetricId that numbers a part, as its board is printed.
_NUMBERS_A_PART = {
    "Temperatures": re.compile(r"(?:cpu|gpu|dimm|p\d+[ _-]?dimm)[ _]?\w*\d\w*(?:[ _]temp\w*)?", re.I),
    "Fans": re.compile(r"(?:sys_?|cpu_?)?fan[ _]?\d+\w?(?:[ _](?:speed|tach))?", re.I),
}

# A property's ending → its unit; what is before the ending says what is measured.
_ENDINGS = (
    (re.compile(r"(.*?)(?:Summary|Readings)?Celsius|(.*Temperature)"), CELSIUS),
    (re.compile(r"(.*?)Watts"), WATT),
    (re.compile(r"(.*?)Volts|(.*Voltage)"), VOLT),
    (re.compile(r"(.*?)Amps"), AMPERE),
    (re.compile(r"(.*?)Joules"), JOULE),
    (re.compile(r"(.*?)kWh"), UNITS["kwh"]),
    (re.compile(r"(.*?)MHz|(.*Freq)"), MEGAHERTZ),
    (re.compile(r"(.*?)RPM"), RPM),
    (re.compile(r"(.*Humidity)Percent"), HUMIDITY),
    (re.compile(r"(.*Fan.*|Speed)Percent"), DUTY_PERCENT),
    (re.compile(r"(.*(?:Utilization|Bandwidth|Activity|Usage|Util))(?:Percent)?"), SHARE_PERCENT),
    (re.compile(r"(CPU\d+Power)"), WATT),  # HPE's
)
# OpenBMC puts a sensor's type before its name; other vendors have a word for it somewhere inside.
_TYPES = (
    (re.compile(r"temperature_|.*\bte?mp(?:erature)?(?![a-z])", re.I), CELSIUS),
    (re.compile(r"fan_?pwm_|.*fan.*(?:pwm|duty|pct|percent)|.*pwm", re.I), DUTY_PERCENT),
    (re.compile(r"fan_?tach_|.*tach|.*rpm", re.I), RPM),
    (re.compile(r"voltage_|.*(?:volt|\bv(?:in|out)\b)", re.I), VOLT),
    (re.compile(r"current_|.*(?:\bcurrent|\bamps|\bcurr\b|\bi(?:in|out)\b)", re.I), AMPERE),
    (re.compile(r"power_|.*(?:\bpower|\bpwr|\bwatts)", re.I), WATT),
    (re.compile(r"energy_|.*\benergy", re.I), JOULE),
    (re.compile(r"utilization_|.*(?:\butil|\busage)", re.I), SHARE_PERCENT),
    (re.compile(r"humidity_|.*\bhumidity", re.I), HUMIDITY),
)
_TYPE_PREFIX = re.compile(
    r"(?:temperature|fan_?tach|fan_?pwm|voltage|current|power|energy|utilization|humidity)_", re.I
)
_FAN = re.compile(r".*fan", re.I)
_CARD_MARGIN = re.compile(r"(?:HGX_)?GPU_(?:SXM_)?(\d+)_TEMP_1", re.I)  # degrees left until the card slows
_ONLY_ONE = re.compile(r"((?:GPU|CPU)_\w*?(?:temp|power|energy|voltage))_0", re.I)

# Not of now, planned rather than measured, or about the measurement.
_PAST = re.compile(
    r"(?:^|_)(?:avg|average|mean|min|minimum|max|maximum|peak|lowest|highest|summation|last_(?:minute|hour|day|week))(?:_|$)"
)
_NOT_MEASURED = re.compile(
    r".*(?:Limit|SetPoint|Threshold|Range|Allowable|Rated|Interval|Capacity)(?!.*Percent).*"
)
_THRESHOLD = re.compile(r"(Upper|Lower)(?:Threshold)?(Critical|Fatal|NonCritical|Caution)")
_GRADES = {"Critical": "critical", "Fatal": "fatal", "NonCritical": "non_critical", "Caution": "non_critical"}
_SUPPLY_FIELDS = {
    "InputPowerWatts": "power_input_watts",
    "OutputPowerWatts": "power_output_watts",
    "InputVoltage": "line_input_voltage",
    **{
        name: lower_snake_case(name)
        for name in (
            "PowerInputWatts",
            "PowerOutputWatts",
            "LastPowerOutputWatts",
            "LineInputVoltage",
            "PowerCapacityWatts",
        )
    },
}


class Place(NamedTuple):
    """Where a property is: the last collection on its path, the member of it, and the path inside."""

    collection: str
    member: str
    inside: tuple[str, ...]
    chassis: str

    @property
    def part(self) -> str:
        """The member in words; "" for the whole machine."""
        if self.collection in ("Chassis", "Systems", "") and _WHOLE.fullmatch(self.member or "self"):
            return ""
        if self.member.isdecimal():
            return f"{PARTS[self.collection]} {self.member}"
        return card_words(idrac.sensor_name(self.member))


@lru_cache(maxsize=VENDOR_NAMES)
def meaning_of(metric_id: str, path: str, duty: bool = False) -> Meaning | None:
    """The sensor or limit that a property is, by its path, else by its MetricId; None where it is no reading.

    With `duty` the sensor that a fan's reading is if it is a percentage, of other properties None.
    """
    place = place_of(path) if path else Place("", "", (metric_id,), "")
    if place.member.isdecimal() and _names_a_member(metric_id, place.collection):
        place = place._replace(member=metric_id)
    ending = place.inside[-1] if place.inside else ""
    found = _by_collection(place, duty)
    past = next((name for name in (metric_id, ending) if _PAST.search(_snake(name))), "")
    if found is None or not past or found.bound:
        return found
    own, where = _snake(past), lower_snake_case(place.member)
    names = (own, f"{own}_{where}") if where else (own,)
    return replace(found, names=names, identity=own, part=path, rank=0, below_zero=None)


def _names_a_member(metric_id: str, collection: str) -> bool:
    """Whether a MetricId is a sensor's own name, where the path has but its place in a list."""
    numbered = _NUMBERS_A_PART.get(collection)
    of_air = collection == "Temperatures" and AIR.fullmatch(metric_id)
    return bool(of_air or (numbered and numbered.fullmatch(metric_id)))


def place_of(path: str) -> Place:
    """Takes a path apart: `#`, `/` and a trailing `Reading` make no difference."""
    steps = [step for step in re.split(r"[/#]+", unquote(path.replace("%23", "_0x23_"))) if step]
    at = next((i for i in range(len(steps) - 2, -1, -1) if steps[i] in PARTS), -1)
    chassis = next((steps[i + 1] for i in range(len(steps) - 1) if steps[i] == "Chassis"), "")
    inside = tuple(steps[at + 2 :] if at >= 0 else steps[-1:])
    if inside and inside[-1] == "Reading":
        inside = inside[:-1]
    return Place(steps[at], steps[at + 1], inside, chassis) if at >= 0 else Place("", "", inside, chassis)


def card_words(name: str) -> str:
    """`HGX_GPU_SXM_1_DRAM_0_Temp_0` → `GPU_1_mem_Temp`."""
    name = re.sub(r"^HGX_", "", name)
    name = re.sub(r"(GPU_)(?:SXM_)?(\d+)_DRAM_0", r"\1\2_mem", name)
    name = re.sub(r"GPU_SXM_(?=\d)", "GPU_", name)
    only = _ONLY_ONE.fullmatch(name)
    return only[1] if only else name


def is_duty(value: float) -> bool:
    return 0 < value <= FULL_DUTY


def is_no_duty(value: float) -> bool:
    return not is_duty(value)


def _by_collection(place: Place, duty: bool) -> Meaning | None:
    if place.collection in ("Fans", "Sensors") and not place.inside:
        return _sensor(place, duty)
    if duty:
        return None
    of_limit = _THRESHOLD.fullmatch(place.inside[-1]) if place.inside else None
    if of_limit and place.collection in ("Temperatures", "Sensors"):
        of = _sensor(place._replace(inside=()), duty=False)
        known = of is not None and of.quantity != OTHER.quantity
        return of.limit(f"{of_limit[1].lower()}_{_GRADES[of_limit[2]]}") if of and known else None
    if place.collection == "Sensors":
        return None  # its ranges, peaks and the like
    if place.collection == "Temperatures":
        return _sensor(place) if place.inside in ((), ("ReadingCelsius",)) else None
    if place.collection.startswith("DellNumericSensor"):
        raw = place.inside in ((), (idrac.RAW_READING,))
        return idrac.meaning_of(idrac.RAW_READING, place.member) if raw else None
    if place.collection == "PowerControl" and len(place.inside) == 1:
        tags = {"member_id": place.member}
        return _as_redfish(redfish.POWERCONTROL, tags, lower_snake_case(place.inside[0]))
    if place.collection == "PowerSupplies" and place.inside and place.inside[-1] in _SUPPLY_FIELDS:
        tags = {"member_id": place.member, "name": "" if place.member.isdecimal() else place.member}
        return _as_redfish(redfish.POWERSUPPLIES, tags, _SUPPLY_FIELDS[place.inside[-1]])
    return _by_ending(place)


def _sensor(place: Place, duty: bool = False) -> Meaning | None:
    """A member of a collection of sensors: `Reading` has no unit but in the sensor's name."""
    margin = _CARD_MARGIN.fullmatch(place.member)
    if margin:
        name = f"gpu{margin[1]}_margin_c"
        return None if duty else Meaning((name,), MARGIN.quantity, MARGIN.unit, FAMILY, name)
    part = f"chassis {place.chassis}" if place.chassis else ""
    unit, name = _unit_of_sensor(place), place.part
    if _TYPE_PREFIX.match(name):
        name = _TYPE_PREFIX.sub("", name, count=1)
        name = f"{name} utilization" if unit == SHARE_PERCENT and "util" not in name.lower() else name
    if unit is not None:
        return None if duty else identify(name, unit, FAMILY, part)
    fan = identify(name, DUTY_PERCENT if duty else RPM, FAMILY, part)
    return replace(fan, refuses=is_no_duty if duty else is_duty) if fan else None


def _unit_of_sensor(place: Place) -> Unit | None:
    """The unit by collection or name; None for a fan, whose reading is a speed or a percentage."""
    if place.collection == "Temperatures":
        return CELSIUS
    words = place.part if _TYPE_PREFIX.match(place.member) else place.part.replace("_", " ")
    found = next((unit for pattern, unit in _TYPES if pattern.match(words)), None)
    fan = place.collection == "Fans" or (_FAN.match(words) is not None and found is None)
    return found or (None if fan else OTHER)


def _as_redfish(measurement: str, tags: dict[str, str], field: str) -> Meaning | None:
    found = redfish.meaning_of(measurement, tags, field)
    return replace(found, family=FAMILY) if found else None


def _by_ending(place: Place) -> Meaning | None:
    """Any other property: a part and what is measured of it."""
    steps = [step for step in place.inside if not _NAMES_NOTHING.fullmatch(step)]
    if not place.part and len(steps) > 1 and steps[0].isdecimal():
        steps = steps[1:]  # Power#/0/PowerConsumedWatts
    if not steps or any(_NOT_MEASURED.fullmatch(step) for step in steps):
        return None
    words, unit = [], OTHER
    for at, step in enumerate(steps):
        ending = next(((m, u) for pattern, u in _ENDINGS if (m := pattern.fullmatch(step))), None)
        summary = step.startswith("TemperatureSummary") or (at + 1 < len(steps) and steps[at + 1].isdecimal())
        if ending is not None and (at + 1 == len(steps) or summary):
            unit, step = ending[1], next((group for group in ending[0].groups() if group is not None), "")
            words.append(step)
        else:
            words.insert(0 if unit == CELSIUS and not step.isdecimal() else len(words), step)
    name = " ".join(idrac.split_words(word) for word in words)
    if unit == WATT and not place.part and lower_snake_case(name) in ("power", "power_consumed"):
        name = "total power"
    return identify(f"{place.part} {name}", unit, FAMILY, f"chassis {place.chassis}" if place.chassis else "")


def _snake(name: str) -> str:
    return lower_snake_case(idrac.split_words(name))
