"""What Dell's iDRAC measures: MetricId and context → sensor, unit and scale.

    TemperatureReading of "System Board Inlet Temp"  → inlet_temp_c
    RPMReading of "System Board Fan1A"               → fan1a_rpm
    PkgPwr of "CPU.Socket.1"                         → cpu1_power_w
    PowerConsumption (mW) of "Video.Slot.7-1"        → gpu7_power_w
    TJMax of "CPU.Socket.1"                          → a limit of cpu1_temp_c

A report says no units: they are those of Dell's metric definitions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from agent.telemetry.catalogue import VENDOR_NAMES, identify
from agent.telemetry.meanings import Meaning
from agent.telemetry.measurements.gpu import MEGAHERTZ
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import (
    AMPERE,
    CELSIUS,
    JOULE,
    OTHER,
    RPM,
    SHARE_PERCENT,
    UNITS,
    VOLT,
    WATT,
    Unit,
)

FAMILY = "idrac"
MAX_SENSOR_LENGTH = 1024  # characters of all that identifies a sensor; no vendor needs more
UNKNOWN = -2_147_483.0  # −2147483648 is "unknown", in volts −2147483.648; nothing real is as low
RAW_READING = "CurrentReading"  # of a DellNumericSensor, whose temperatures are in tenths
COLDEST_C, HOTTEST_C = -60.0, 150.0  # what a sensor in a server can read

MILLIWATT, MILLIAMPERE, KELVIN = UNITS["mw"], UNITS["ma"], UNITS["kelvin"]
MICROJOULE = JOULE._replace(scale=1e-6)


class Metric(NamedTuple):
    """A MetricId: the unit it is sent in, and its sensor's vendor name with what the context tells.

    `{sensor}` is the context as a name of its own, `{part}` the part that a context such as `CPU.Socket.1`
    stands for. `zero` says whether 0 can be a measured value.
    """

    unit: Unit
    vendor: str = "{sensor}"
    zero: bool = True


METRICS: dict[str, Metric] = {
    # A sensor each, named by its context.
    "TemperatureReading": Metric(CELSIUS, zero=False),
    "RPMReading": Metric(RPM),
    "VoltageReading": Metric(VOLT),
    "AmpsReading": Metric(AMPERE),
    "WattsReading": Metric(WATT),
    "CPUUsagePctReading": Metric(SHARE_PERCENT, "CPU Usage"),
    "MemoryUsagePctReading": Metric(SHARE_PERCENT, "MEM Usage"),
    "IOUsagePctReading": Metric(SHARE_PERCENT, "IO Usage"),
    "SystemUsagePctReading": Metric(SHARE_PERCENT, "SYS Usage"),
    # The whole machine.
    "SystemPowerConsumption": Metric(WATT, "system power consumption"),
    "SystemInputPower": Metric(WATT, "system input power"),
    "SystemOutputPower": Metric(WATT, "system output power"),
    "TotalCPUPower": Metric(WATT, "total cpu power"),
    "TotalFanPower": Metric(WATT, "total fan power"),
    "TotalMemoryPower": Metric(WATT, "total memory power"),
    "TotalPciePower": Metric(WATT, "total pcie power"),
    "TotalStoragePower": Metric(WATT, "total storage power"),
    "TotalFPGAPower": Metric(WATT, "total fpga power"),
    "ComputePower": Metric(WATT, "compute power"),
    "CPUUsage": Metric(SHARE_PERCENT, "CPU Usage"),
    "MemoryUsage": Metric(SHARE_PERCENT, "MEM Usage"),
    "IOUsage": Metric(SHARE_PERCENT, "IO Usage"),
    "AggregateUsage": Metric(SHARE_PERCENT, "SYS Usage"),
    # Processors.
    "PkgPwr": Metric(WATT, "{part} package power"),
    "CPUPower": Metric(WATT, "{part} power"),
    "DRAMPwr": Metric(WATT, "{part} dram power"),
    "CPUPkgEnergy": Metric(MICROJOULE, "{part} energy", zero=False),
    "DRAMPkgEnergy": Metric(MICROJOULE, "{part} dram energy", zero=False),
    "AvgFrequencyAcrossCores": Metric(MEGAHERTZ, "{part} clock", zero=False),
    "OperatingSpeedMHz": Metric(MEGAHERTZ, "{part} speed", zero=False),
    # Graphics cards; a card without a sensor sends 0.
    "PowerConsumption": Metric(MILLIWATT, "{part} power", zero=False),
    "PrimaryTemperature": Metric(CELSIUS, "{part} temp", zero=False),
    "SecondaryTemperature": Metric(CELSIUS, "{part} secondary temp", zero=False),
    "BoardTemperature": Metric(CELSIUS, "{part} board temp", zero=False),
    "MemoryTemperature": Metric(CELSIUS, "{part} mem temp", zero=False),
    "GPUUsage": Metric(SHARE_PERCENT, "{part} usage"),
    "GPUMemoryUsage": Metric(SHARE_PERCENT, "{part} mem usage"),
    "GPUClockFrequency": Metric(MEGAHERTZ, "{part} clock", zero=False),
    "GPUMemoryClockFrequency": Metric(MEGAHERTZ, "{part} mem clock", zero=False),
    # Supplies, drives and transceivers.
    "PSURPMReading": Metric(RPM, "{part} fan"),
    "PSUTemperatureReading": Metric(CELSIUS, "{part} temp", zero=False),
    "CompositeTemperature": Metric(KELVIN, "{part} temp", zero=False),
    "DriveTemperature": Metric(CELSIUS, "{part} temp", zero=False),
    "SFPTemperature": Metric(CELSIUS, "{part} sfp temp", zero=False),
    "SFPVoltage": Metric(VOLT, "{part} sfp", zero=False),
    "TxBiasCurrent": Metric(MILLIAMPERE, "{part} bias", zero=False),
    "TxOutputPower": Metric(MILLIWATT, "{part} tx power", zero=False),
    "RxInputPower": Metric(MILLIWATT, "{part} rx power", zero=False),
}
# Of a time that is past: never the sensor of now.
PAST: dict[str, Unit] = {
    "SystemAvgInletTempHour": CELSIUS,
    "SystemMaxInletTempHour": CELSIUS,
    "SystemMaxPowerConsumption": WATT,
    **{
        f"Last{span}{kind}Power": WATT
        for span in ("Minute", "Hour", "Day", "Week")
        for kind in ("Avg", "Max", "Min")
    },
}
CPU_LIMIT = "TJMax"  # where the processor throttles; no temperature
MAY_BE_MISSING = ("PrimaryTemperature", "SecondaryTemperature", "BoardTemperature", "MemoryTemperature")
# Thresholds without their sensor's unit, half of a 64-bit counter each, a time, words as numbers.
_NO_READING = re.compile(r".*Threshold(Non)?Critical|.*(Low|High|Lower|Upper)|EnergyTimestamp|.*Status")

_PARTS = (
    (re.compile(r"CPU\.Socket\.(\d+)\b.*"), r"cpu\1"),
    (re.compile(r"(?:Video|GPU|Accelerator)\.[A-Za-z]+\.(\d+)(?:-1)?"), r"gpu\1"),
    (re.compile(r"PSU\.Slot\.(\d+)\b.*"), r"psu\1"),
    (re.compile(r"Fan\.[A-Za-z]+\.(\w+)"), r"fan \1"),
    (re.compile(r"DIMM\.Socket\.(\w+)"), r"dimm \1"),
)
_ADDRESS = re.compile(
    r".*(?:\|\||#|_0x[0-9A-Fa-f]+_)"
)  # before the sensor: 0x17||, iDRAC.Embedded.1#, …_0x23_
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])")
_BOARD = re.compile(r"system[ _]board[ _]", re.I)
_SUPPLY_SENSOR = re.compile(r"(psu?_?\d+_(?:current|voltage))_?\d+")  # PS1 Voltage 1 is the supply's input
_SUPPLY = re.compile(r"psu?_?\d+_")


@lru_cache(maxsize=VENDOR_NAMES)
def meaning_of(metric_id: str, context: str, part: str = "") -> Meaning | None:
    """The sensor or limit behind a MetricId in a context (a name or an FQDD); None where it is no reading.

    `part` is whatever else tells sensors of one context apart.
    """
    if metric_id == CPU_LIMIT:
        of = identify(f"{part_of(context)} temp", CELSIUS, FAMILY)
        return replace(of.limit("upper_critical"), refuses=is_no_temperature) if of else None
    if metric_id == RAW_READING:
        return _raw(context, part)
    if metric_id in PAST:
        own, unit = lower_snake_case(split_words(metric_id)), PAST[metric_id]
        return Meaning((own,), unit.quantity, unit.unit, FAMILY, own, part)
    metric = METRICS.get(metric_id)
    if metric is None:
        unnamed = _NO_READING.fullmatch(metric_id) or not lower_snake_case(metric_id)
        return (
            None if unnamed else identify(f"{part_of(context)} {split_words(metric_id)}", OTHER, FAMILY, part)
        )
    if "{" in metric.vendor and not context:
        return None  # of some sensor or other
    vendor = metric.vendor.format(sensor=sensor_name(context), part=part_of(context))
    found = identify(_with_temp(vendor, metric.unit), metric.unit, FAMILY, part)
    if found is None or found.quantity not in ("temperature", "margin"):
        return _system_input(found) if found and metric_id == "SystemInputPower" else found
    refuses = _refusal(metric.unit, found.refuses is not None or metric_id in MAY_BE_MISSING)
    return replace(found, below_zero=None, refuses=refuses)


def zero_can_be_read(metric_id: str, context: str) -> bool:
    """Whether a value of 0 is one that the metric can measure: a stopped fan, a dead feed, an idle part.

    A rail that is said to have 0 V has more often no number at all.
    """
    metric = METRICS.get(metric_id)
    if metric is None or not metric.zero:
        return False
    return metric.unit not in (VOLT, AMPERE) or bool(_SUPPLY.match(lower_snake_case(sensor_name(context))))


def known_number(value: object) -> float | None:
    """A number, or a text of one; None where it is neither, not finite or stands for "unknown"."""
    if not isinstance(value, float | int | str) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if UNKNOWN < number < math.inf else None


def is_no_temperature(value: float) -> bool:
    return not COLDEST_C <= value <= HOTTEST_C


def is_no_temperature_or_zero(value: float) -> bool:
    return value == 0 or is_no_temperature(value)


def is_no_kelvin(value: float) -> bool:
    return is_no_temperature(value - 273.15)


def is_no_tenths(value: float) -> bool:
    """Whether a number may be whole degrees: from 150 on it can only be tenths."""
    return not HOTTEST_C < value <= 10 * HOTTEST_C


def part_of(context: str) -> str:
    """`CPU.Socket.1` → `cpu1`, `Video.Slot.7-1` → `gpu7`; of others the name in words."""
    name = _ADDRESS.sub("", context).strip()
    for pattern, part in _PARTS:
        match = pattern.fullmatch(name)
        if match:
            return match.expand(part)
    return _BOARD.sub("", split_words(name), count=1)


def sensor_name(context: str) -> str:
    """A context as a sensor's name: `System Board Fan1A` → `Fan1A`, `PS1 Voltage 1` → `ps1_voltage`."""
    name = part_of(context)
    supply = _SUPPLY_SENSOR.fullmatch(lower_snake_case(name))
    return supply[1] if supply else name


def split_words(name: str) -> str:
    """`SystemBoardCPUUsage` → `System Board CPU Usage`."""
    return _HUMPS.sub(" ", name)


def _with_temp(vendor: str, unit: Unit) -> str:
    return f"{vendor} temp" if unit.quantity == "temperature" and "temp" not in vendor.lower() else vendor


def _refusal(unit: Unit, blank_zero: bool) -> Callable[[float], bool]:
    if unit == KELVIN:
        return is_no_kelvin
    return is_no_temperature_or_zero if blank_zero else is_no_temperature


def _system_input(found: Meaning) -> Meaning:
    """What the supplies draw is the machine's power where nothing better is sent."""
    return replace(found, names=("power_w", *found.names), rank=4)


def _raw(context: str, part: str) -> Meaning | None:
    """A numeric sensor's own property, whose unit only its name tells."""
    name = sensor_name(context)
    if "fan" in name.lower():
        return identify(name, RPM, FAMILY, part)
    tenths = identify(name, CELSIUS._replace(scale=0.1), FAMILY, part)
    if tenths is None or "temp" not in name.lower():
        return None
    return replace(tenths, below_zero=None, refuses=is_no_tenths)
