"""Telegraf's `cpu`, `powerstat_package` and `powerstat_core`: what the operating system knows of its CPUs."""

from __future__ import annotations

from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements import unknown
from agent.telemetry.measurements.gpu import MEGAHERTZ
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import CELSIUS, OTHER, SHARE_PERCENT, WATT, Unit

FAMILY = "host_cpu"
PACKAGE, CORE = "powerstat_package", "powerstat_core"
MEASUREMENTS = ("cpu", PACKAGE, CORE)

PACKAGE_FIELDS: dict[str, tuple[str, Unit]] = {
    "current_power_consumption_watts": ("power_w", WATT),
    "current_dram_power_consumption_watts": ("dram_power_w", WATT),
}
_CORE_TEMPERATURE = "cpu_temperature_celsius"
_RATED_POWER = "thermal_design_power_watts"
_SET_CLOCKS = ("cpu_base_frequency", "max_turbo_frequency", "uncore_frequency_limit")
_DIGITS = 5  # of a thread's number, so that 3 comes before 27


def meaning_of(measurement: str, tags: Tags, field: str) -> Meaning | None:
    """`usage_active` of all CPUs is `cpu_util`; a package's power is `cpuN_power_w`."""
    if measurement == "cpu" and field == "usage_active" and tags.get("cpu") in ("cpu-total", None):
        return _sensor(("cpu_util",), SHARE_PERCENT)
    package = tags.get("package_id", "")
    if measurement == PACKAGE and package.isdecimal():
        return _of_package(f"cpu{int(package)}", tags, field)
    core, thread = tags.get("core_id", ""), tags.get("cpu_id", "")
    if measurement == CORE and package.isdecimal() and core.isdecimal():
        # Two threads of a core come as two series: the first has the core's name.
        parts = (f"cpu{int(package)}_core{int(core)}", f"cpu{int(package)}_core{int(core)}_thread{thread}")
        return _of_core(parts, thread, field)
    return unknown.meaning_of(measurement, tags, field)


def _of_package(cpu: str, tags: Tags, field: str) -> Meaning | None:
    if field == _RATED_POWER:
        return _sensor((f"{cpu}_power_w",), WATT).limit("upper_tdp")
    if field in PACKAGE_FIELDS:
        ending, unit = PACKAGE_FIELDS[field]
        return _sensor((f"{cpu}_{ending}",), unit)
    if "_mhz" in field:
        marks = [tags[tag] for tag in ("active_cores", "hybrid", "die", "type") if tags.get(tag)]
        name = lower_snake_case("_".join((field.replace("_mhz", "").removeprefix("cpu_"), *marks)))
        is_set = field.startswith(_SET_CLOCKS)
        return _sensor((f"{cpu}_{name}_hz",), MEGAHERTZ._replace(quantity="limit") if is_set else MEGAHERTZ)
    return unknown.meaning_of(PACKAGE, tags, field)


def _of_core(parts: tuple[str, str], thread: str, field: str) -> Meaning:
    own, unit = lower_snake_case(field).removeprefix("cpu_"), OTHER
    if field == _CORE_TEMPERATURE:
        own, unit = "temp_c", CELSIUS
    elif field.endswith("_mhz"):
        own, unit = f"{own.removesuffix('_mhz')}_hz", MEGAHERTZ
    return _sensor(tuple(f"{part}_{own}" for part in parts), unit, thread.zfill(_DIGITS))


def _sensor(names: tuple[str, ...], unit: Unit, part: str = "") -> Meaning:
    return Meaning(names, unit.quantity, unit.unit, FAMILY, names[0], part, scale=unit.scale)
