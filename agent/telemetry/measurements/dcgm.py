"""NVIDIA's DCGM exporter: one metric a field of a GPU, with blanks where the card has nothing to say."""

from __future__ import annotations

from agent.telemetry.meanings import Meaning, Tags, is_zero
from agent.telemetry.measurements.exporters.endings import HISTOGRAM_LABELS
from agent.telemetry.measurements.gpu import MEGAHERTZ, MEMORY_TEMP, card_of, card_sensor
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import (
    CELSIUS,
    DUTY_PERCENT,
    JOULE,
    MARGIN,
    OTHER,
    SHARE,
    SHARE_PERCENT,
    STATE,
    WATT,
    Unit,
)

FAMILY = "dcgm"
PREFIXES = ("DCGM_FI_", "DCGM_EXP_", "dcgm_")
BLANK_INT64 = 9.2e18  # not found, not supported, … : the last few numbers of 64 bits, however printed
BLANK_INT32 = 2_147_483_632.0  # the same of 32 bits, up to 2^31
BLANK_FLOAT = 140_737_488_355_328.0  # 2^47, and a few above it

# Of the whole card: under MIG they come once for each instance, with the same value.
CARD: dict[str, tuple[str, Unit]] = {
    "GPU_TEMP": ("temp_c", CELSIUS),
    "MEMORY_TEMP": (MEMORY_TEMP, CELSIUS),
    "GPU_TEMP_LIMIT": ("margin_c", MARGIN),
    "POWER_USAGE": ("power_w", WATT),
    "POWER_USAGE_INSTANT": ("power_instant_w", WATT),
    "TOTAL_ENERGY_CONSUMPTION": ("energy_j", JOULE._replace(scale=1e-3)),
    "SM_CLOCK": ("sm_clock_hz", MEGAHERTZ),
    "MEM_CLOCK": ("mem_clock_hz", MEGAHERTZ),
    "VIDEO_CLOCK": ("video_clock_hz", MEGAHERTZ),
    "FAN_SPEED": ("fan_pct", DUTY_PERCENT),
    "XID_ERRORS": ("xid", STATE),
    "CLOCK_THROTTLE_REASONS": ("throttle_reasons", STATE),
    "CLOCKS_EVENT_REASONS": ("throttle_reasons", STATE),
    "ROW_REMAP_FAILURE": ("row_remap_failure", STATE),
    "VGPU_LICENSE_STATUS": ("vgpu_license_status", STATE),
    "GPU_HEALTH_STATUS": ("health_status", STATE),
}
LIMITS: dict[str, tuple[str, str]] = {
    "SLOWDOWN_TEMP": ("GPU_TEMP", "upper_critical"),
    "SHUTDOWN_TEMP": ("GPU_TEMP", "upper_fatal"),
    "GPU_MAX_OP_TEMP": ("GPU_TEMP", "upper_max"),
    "MEM_MAX_OP_TEMP": ("MEMORY_TEMP", "upper_max"),
    "POWER_MGMT_LIMIT": ("POWER_USAGE", "upper_cap"),
    "POWER_MGMT_LIMIT_MAX": ("POWER_USAGE", "upper_max"),
    "ENFORCED_POWER_LIMIT": ("POWER_USAGE", "upper_enforced"),
    "MAX_SM_CLOCK": ("SM_CLOCK", "upper_max"),
    "MAX_MEM_CLOCK": ("MEM_CLOCK", "upper_max"),
    "MAX_VIDEO_CLOCK": ("VIDEO_CLOCK", "upper_max"),
}
# Of an instance, where the card is split.
INSTANCE: dict[str, tuple[str, Unit]] = {
    "GPU_UTIL": ("util", SHARE_PERCENT),
    "MEM_COPY_UTIL": ("mem_util", SHARE_PERCENT),
    "ENC_UTIL": ("enc_util", SHARE_PERCENT),
    "DEC_UTIL": ("dec_util", SHARE_PERCENT),
}
GRACE: dict[str, tuple[str, Unit]] = {
    "CPU_TEMP_CURRENT": ("temp_c", CELSIUS),
    "CPU_POWER_UTIL_CURRENT": ("power_w", WATT),  # watts, whatever its name says
    "SYSIO_POWER_UTIL_CURRENT": ("sysio_power_w", WATT),
    "MODULE_POWER_UTIL_CURRENT": ("module_power_w", WATT),
}
GRACE_LIMITS: dict[str, tuple[str, str]] = {
    "CPU_TEMP_WARNING": ("CPU_TEMP_CURRENT", "upper_warning"),
    "CPU_TEMP_CRITICAL": ("CPU_TEMP_CURRENT", "upper_critical"),
    "CPU_POWER_LIMIT": ("CPU_POWER_UTIL_CURRENT", "upper_cap"),
}
SWITCH: dict[str, tuple[str, Unit]] = {"NVSWITCH_TEMPERATURE_CURRENT": ("temp_c", CELSIUS)}
SWITCH_LIMITS: dict[str, tuple[str, str]] = {
    "NVSWITCH_TEMPERATURE_LIMIT_SLOWDOWN": ("NVSWITCH_TEMPERATURE_CURRENT", "upper_critical"),
    "NVSWITCH_TEMPERATURE_LIMIT_SHUTDOWN": ("NVSWITCH_TEMPERATURE_CURRENT", "upper_fatal"),
}
# What can be set and what is set from the factory, and versions that some sites have as metrics.
NOTHING = frozenset(("POWER_MGMT_LIMIT_MIN", "POWER_MGMT_LIMIT_DEF", "DRIVER_VERSION", "CUDA_DRIVER_VERSION"))
# The exporter's first version had names of its own.
_FIRST_NAMES = {
    "MEMORY_CLOCK": "MEM_CLOCK",
    "GPU_UTILIZATION": "GPU_UTIL",
    "MEM_COPY_UTILIZATION": "MEM_COPY_UTIL",
    "ENC_UTILIZATION": "ENC_UTIL",
    "DEC_UTILIZATION": "DEC_UTIL",
}
_SERIES_LABELS = ("nvlink", "nvswitch", "cpu", "cpucore", "xid", "clock_event")


def meaning_of(metric: str, labels: Tags) -> Meaning | None:
    """The sensor behind `DCGM_FI_…` and its labels; GPUs are numbered as the label `gpu` says."""
    name = metric.upper().removeprefix("DCGM_").removeprefix("FI_").removeprefix("EXP_").removeprefix("DEV_")
    name = _FIRST_NAMES.get(name, name)
    if name in NOTHING or labels.keys() & HISTOGRAM_LABELS:
        return None
    if name.startswith("NVSWITCH_"):
        return _of_part(f"nvswitch{_number(labels, 'nvswitch')}", name, SWITCH, SWITCH_LIMITS)
    if name in GRACE or name in GRACE_LIMITS:
        return _of_part(f"cpu{_number(labels, 'cpu')}", name, GRACE, GRACE_LIMITS)
    gpu = card_of(labels.get("gpu") or labels.get("UUID") or labels.get("uuid") or labels.get("gpu_uuid", ""))
    if name in CARD or name in LIMITS:
        return _of_part(gpu, name, CARD, LIMITS)
    if labels.get("GPU_I_ID"):
        gpu += f"_mig{lower_snake_case(labels['GPU_I_ID'])}"
    active = name.startswith("PROF_") and name.endswith(("_ACTIVE", "_OCCUPANCY"))
    own = (lower_snake_case(name), SHARE if active else OTHER)
    marks = "_".join(labels[label] for label in _SERIES_LABELS if labels.get(label))
    found = INSTANCE.get(name, own)
    return _sensor(gpu, lower_snake_case(f"{found[0]} {marks}"), found[1])


def _of_part(
    part: str, name: str, sensors: dict[str, tuple[str, Unit]], limits: dict[str, tuple[str, str]]
) -> Meaning:
    """A sensor of a card, CPU or switch, or one of its limits; its own name where no table has it."""
    if name in limits:
        of, bound = limits[name]
        return _sensor(part, *sensors[of]).limit(bound)
    return _sensor(part, *sensors.get(name, (lower_snake_case(name), OTHER)))


def _number(labels: Tags, label: str) -> str:
    return lower_snake_case(labels.get(label, "")) or "0"


def _sensor(part: str, name: str, unit: Unit) -> Meaning:
    return card_sensor(FAMILY, part, name, unit, is_blank_or_zero if name == MEMORY_TEMP else is_blank)


def is_blank(value: float) -> bool:
    """Whether a number is one of those that DCGM puts for "no value"."""
    return (
        abs(value) >= BLANK_INT64
        or BLANK_INT32 <= value < BLANK_INT32 + 16
        or BLANK_FLOAT <= value < BLANK_FLOAT + 16
    )


def is_blank_or_zero(value: float) -> bool:
    return is_zero(value) or is_blank(value)
