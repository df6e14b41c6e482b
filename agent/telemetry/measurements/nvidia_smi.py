"""Telegraf's `nvidia_smi`: one message a GPU, all of its fields together."""

from __future__ import annotations

import re

from agent.telemetry.meanings import Meaning, Tags, is_zero
from agent.telemetry.measurements.gpu import MEGAHERTZ, MEMORY_TEMP, card_of, card_sensor
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import (
    CELSIUS,
    DUTY_PERCENT,
    MARGIN,
    OTHER,
    SHARE_PERCENT,
    STATE,
    WATT,
    Unit,
)

FAMILY = "nvidia_smi"

FIELDS: dict[str, tuple[str, Unit]] = {
    "temperature_gpu": ("temp_c", CELSIUS),
    "temperature_memory": (MEMORY_TEMP, CELSIUS),
    "temperature_gpu_tlimit": ("margin_c", MARGIN),
    "power_draw": ("power_w", WATT),
    "power_draw_average": ("power_draw_average", WATT),
    "module_power_draw": ("module_power_w", WATT),
    "utilization_gpu": ("util", SHARE_PERCENT),
    "utilization_memory": ("mem_util", SHARE_PERCENT),
    "utilization_encoder": ("enc_util", SHARE_PERCENT),
    "utilization_decoder": ("dec_util", SHARE_PERCENT),
    "utilization_jpeg": ("jpeg_util", SHARE_PERCENT),
    "utilization_ofa": ("ofa_util", SHARE_PERCENT),
    "fan_speed": ("fan_pct", DUTY_PERCENT),
    "clocks_current_sm": ("sm_clock_hz", MEGAHERTZ),
    "clocks_current_memory": ("mem_clock_hz", MEGAHERTZ),
    "clocks_current_graphics": ("graphics_clock_hz", MEGAHERTZ),
    "clocks_current_video": ("video_clock_hz", MEGAHERTZ),
}
LIMITS: dict[str, tuple[str, str]] = {
    "temperature_slow_threshold": ("temperature_gpu", "upper_critical"),
    "temperature_max_threshold": ("temperature_gpu", "upper_fatal"),
    "temperature_max_gpu_threshold": ("temperature_gpu", "upper_max"),
    "temperature_gpu_target": ("temperature_gpu", "upper_target"),
    "temperature_gpu_target_min": ("temperature_gpu", "lower_target"),
    "temperature_gpu_target_max": ("temperature_gpu", "upper_target_max"),
    "temperature_max_mem_threshold": ("temperature_memory", "upper_critical"),
    # These count down to where the card slows (0 or below) and stops (further below).
    "temperature_slow_tlimit_threshold": ("temperature_gpu_tlimit", "lower_critical"),
    "temperature_max_tlimit_threshold": ("temperature_gpu_tlimit", "lower_fatal"),
    "temperature_max_gpu_tlimit_threshold": ("temperature_gpu_tlimit", "lower_max"),
    "temperature_max_mem_tlimit_threshold": ("temperature_gpu_tlimit", "lower_mem_max"),
    "power_limit": ("power_draw", "upper_cap"),
    "power_limit_max": ("power_draw", "upper_max"),
    "power_limit_default": ("power_draw", "upper_default"),
    "power_limit_requested": ("power_draw", "upper_requested"),
    "power_limit_min": ("power_draw", "lower_min"),
}
_REASON = re.compile(r"clocks_(?:event|throttle)_reasons?_(?!counters)(\w+)")


def meaning_of(_measurement: str, tags: Tags, field: str) -> Meaning | None:
    """A field of the GPU that the tag `index` numbers (else `uuid`)."""
    gpu = card_of(tags.get("index") or tags.get("uuid", ""))
    if field in LIMITS:
        of, bound = LIMITS[field]
        return _of(gpu, *FIELDS[of]).limit(bound)
    if field in FIELDS:
        return _of(gpu, *FIELDS[field])
    reason = _REASON.fullmatch(field)
    if reason:
        return _of(gpu, reason[1], STATE)
    own = lower_snake_case(field)
    return _of(gpu, own, OTHER) if own else None


def _of(gpu: str, name: str, unit: Unit) -> Meaning:
    return card_sensor(FAMILY, gpu, name, unit, is_zero if name == MEMORY_TEMP else None)
