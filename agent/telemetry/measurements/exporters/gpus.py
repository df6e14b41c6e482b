"""Exporters of graphics cards besides DCGM's: nvidia_gpu_exporter, two that ask NVML, AMD's.

nvidia_smi_power_draw_watts{uuid="df6e…"} 28.07        → gpu_df6e…_power_w
nvidia_gpu_power_usage_milliwatts{minor_number="0"}    → gpu0_power_w (mindprince's)
nvidia_power_usage{minor="0"} 98510                    → gpu0_power_w, milliwatts too (BugRoger's)
gpu_energy_consumed{gpu_id="0"}                        → gpu0_energy_j, microjoules (AMD's device metrics)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from agent.telemetry.meanings import Meaning, Tags, is_zero
from agent.telemetry.measurements.exporters.endings import HISTOGRAM_LABELS, is_no_reading, unit_of_metric
from agent.telemetry.measurements.gpu import MEGAHERTZ, MEMORY_TEMP, card_of, card_sensor
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import (
    CELSIUS,
    DUTY,
    DUTY_PERCENT,
    HERTZ,
    JOULE,
    MARGIN,
    SHARE,
    SHARE_PERCENT,
    STATE,
    VOLT,
    WATT,
    Unit,
)

PREFIXES = ("nvidia_smi_", "nvidia_gpu_", "nvidia_", "amd_gpu_", "gpu_")
AMD_FAMILY = "amd_gpu"
BLANK_16_BITS, BLANK_32_BITS = 65_535.0, 4_294_967_295.0  # what AMD's cards say where they have no value

MILLIWATT = WATT._replace(scale=1e-3)
MILLIVOLT = VOLT._replace(scale=1e-3)
MICROJOULE = JOULE._replace(scale=1e-6)
# Labels that tell a card's series apart; all others describe the card or who uses it.
_SERIES_LABELS = ("clock_type", "xid", "severity", "pid")


class Sensor(NamedTuple):
    """A card's sensor, or a limit of it."""

    name: str
    unit: Unit
    bound: str = ""
    rank: int = 0  # several metrics of a card are the same to us: the lower has the name


NVIDIA_SMI: dict[str, Sensor] = {
    "temperature_gpu": Sensor("temp_c", CELSIUS),
    "temperature_memory": Sensor(MEMORY_TEMP, CELSIUS),
    "temperature_gpu_tlimit": Sensor("margin_c", MARGIN),
    "power_draw_watts": Sensor("power_w", WATT),
    "power_draw_average_watts": Sensor("power_average_w", WATT),
    "power_draw_instant_watts": Sensor("power_instant_w", WATT),
    "module_power_draw_average_watts": Sensor("module_power_average_w", WATT),
    "module_power_draw_instant_watts": Sensor("module_power_instant_w", WATT),
    "energy_joules_total": Sensor("energy_j", JOULE),
    "utilization_gpu_ratio": Sensor("util", SHARE),
    "utilization_memory_ratio": Sensor("mem_util", SHARE),
    "utilization_encoder_ratio": Sensor("enc_util", SHARE),
    "utilization_decoder_ratio": Sensor("dec_util", SHARE),
    "fan_speed_ratio": Sensor("fan_pct", DUTY),
    "clocks_current_sm_clock_hz": Sensor("sm_clock_hz", HERTZ),
    "clocks_current_memory_clock_hz": Sensor("mem_clock_hz", HERTZ),
    "clocks_current_graphics_clock_hz": Sensor("graphics_clock_hz", HERTZ),
    "clocks_current_video_clock_hz": Sensor("video_clock_hz", HERTZ),
    "power_limit_watts": Sensor("power_w", WATT, "upper_cap"),
    "enforced_power_limit_watts": Sensor("power_w", WATT, "upper_enforced"),
    "power_max_limit_watts": Sensor("power_w", WATT, "upper_max"),
    "clocks_max_sm_clock_hz": Sensor("sm_clock_hz", HERTZ, "upper_max"),
    "clocks_max_memory_clock_hz": Sensor("mem_clock_hz", HERTZ, "upper_max"),
    "clocks_max_graphics_clock_hz": Sensor("graphics_clock_hz", HERTZ, "upper_max"),
    "gpu_recovery_action": Sensor("recovery_action", STATE),
}
NVML: dict[str, Sensor] = {
    "nvidia_gpu_temperature_celsius": Sensor("temp_c", CELSIUS),
    "nvidia_gpu_power_usage_milliwatts": Sensor("power_w", MILLIWATT),
    "nvidia_gpu_duty_cycle": Sensor("util", SHARE_PERCENT),
    "nvidia_gpu_fanspeed_percent": Sensor("fan_pct", DUTY_PERCENT),
    "nvidia_temperatures": Sensor("temp_c", CELSIUS),
    "nvidia_power_usage": Sensor("power_w", MILLIWATT),
    "nvidia_power_usage_average": Sensor("power_average_w", MILLIWATT),
    "nvidia_fanspeed": Sensor("fan_pct", DUTY_PERCENT),
    "nvidia_utilization_gpu": Sensor("util", SHARE_PERCENT),
    "nvidia_utilization_gpu_average": Sensor("util_average", SHARE_PERCENT),
    "nvidia_utilization_memory": Sensor("mem_util", SHARE_PERCENT),
    "nvidia_utilization_memory_average": Sensor("mem_util_average", SHARE_PERCENT),
}
AMD: dict[str, Sensor] = {
    "junction_temperature": Sensor("temp_c", CELSIUS),
    "edge_temperature": Sensor("temp_c", CELSIUS, rank=1),
    "memory_temperature": Sensor(MEMORY_TEMP, CELSIUS),
    "hbm_temperature": Sensor("hbm_temp_c", CELSIUS),
    "package_power": Sensor("power_w", WATT),
    "average_package_power": Sensor("power_w", WATT, rank=1),
    "power_usage": Sensor("power_w", WATT, rank=2),
    "energy_consumed": Sensor("energy_j", MICROJOULE),
    "gfx_activity": Sensor("util", SHARE_PERCENT),
    "umc_activity": Sensor("mem_util", SHARE_PERCENT),
    "clock": Sensor("clock_hz", MEGAHERTZ),
    "voltage": Sensor("voltage_v", MILLIVOLT),
    "gfx_voltage": Sensor("gfx_voltage_v", MILLIVOLT),
    "memory_voltage": Sensor("memory_voltage_v", MILLIVOLT),
    "health": Sensor("health", STATE),
}
NOTHING = frozenset(
    (
        "nvidia_smi_power_default_limit_watts",
        "nvidia_smi_power_min_limit_watts",
        "nvidia_smi_command_exit_code",
        "nvidia_smi_nvml_return_code",
    )
)
_REASON = re.compile(r"clocks_(?:event|throttle)_reasons?_(?!counters|supported)(\w+)")


def meaning_of(metric: str, labels: Tags) -> Meaning | None:
    """A card's sensor, by the number or UUID that its exporter has for the card."""
    if metric in NOTHING or is_no_reading(metric) or HISTOGRAM_LABELS & labels.keys():
        return None
    if metric.startswith("nvidia_smi_"):
        return _of_nvidia_smi(metric, labels)
    if metric.startswith("nvidia_"):
        return _sensor("nvml", metric, _card(labels, "minor_number", "minor", "index", "uuid"), NVML, labels)
    card = _card(labels, "gpu_id", "gpu_uuid", "GPU_UUID", "serial_number", "gpu_use_percent", "gpu_power")
    name = metric.removeprefix("amd_").removeprefix("gpu_")
    return _sensor(AMD_FAMILY, name, card, AMD, labels, _is_blank)


def _of_nvidia_smi(metric: str, labels: Tags) -> Meaning | None:
    card, name = _card(labels, "uuid"), metric.removeprefix("nvidia_smi_")
    if labels.get("gpu_instance_id"):
        card += f"_mig{lower_snake_case(labels['gpu_instance_id'])}"
    reason = _REASON.fullmatch(name)
    if reason is not None and reason[1] == "active":
        return card_sensor("nvidia_gpu_exporter", card, "throttle_reasons", STATE, None)
    if reason is not None:
        return card_sensor("nvidia_gpu_exporter", card, reason[1], STATE, None)
    return _sensor("nvidia_gpu_exporter", name, card, NVIDIA_SMI, labels)


def _card(labels: Tags, *names: str) -> str:
    return card_of(next((labels[name] for name in names if labels.get(name)), ""))


def _sensor(
    family: str,
    metric: str,
    card: str,
    table: Mapping[str, Sensor],
    labels: Tags,
    refuses: Callable[[float], bool] | None = None,
) -> Meaning | None:
    found = table.get(metric)
    telling = (*_SERIES_LABELS, *sorted(label for label in labels if label.endswith("_index")))
    marks = lower_snake_case(" ".join(labels[label] for label in telling if labels.get(label)))
    if found is None:
        unit, own = unit_of_metric(metric)
        own = own.removeprefix("nvidia_").removeprefix("gpu_")
        return card_sensor(family, card, f"{own}_{marks}" if marks else own, unit, refuses)
    name = f"{marks}_{found.name}" if marks else found.name
    blank = is_zero if found.name == MEMORY_TEMP and refuses is None else refuses
    meaning = card_sensor(family, card, name, found.unit, blank)
    if found.bound:
        return meaning.limit(found.bound)
    if family != AMD_FAMILY:
        return meaning
    own = lower_snake_case(f"{card} {metric}")  # several metrics of a card are much the same
    return replace(meaning, names=(*meaning.names, own), identity=own, rank=found.rank)


def _is_blank(value: float) -> bool:
    return value < 0 or value in (BLANK_16_BITS, BLANK_32_BITS)
