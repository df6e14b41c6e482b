"""NVIDIA's DCGM exporter: one metric a field of a GPU, with blanks where the card has nothing to say."""

from __future__ import annotations

from agent.telemetry.meanings import Meaning, Tags, is_zero
from agent.telemetry.measurements.gpu import MEGAHERTZ, MEMORY_TEMP, card_sensor
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
PREFIX, OWN_PREFIX = "DCGM_FI_", "DCGM_EXP_"
BLANK_INT64 = 9.2e18  # not found, not supported, … : the last few numbers of 64 bits, however printed
BLANK_INT32 = 2_147_483_632.0  # the same of 32 bits, up to 2^31
BLANK_FLOAT = 140_737_488_355_328.0  # 2^47, and a few above it

# Of the whole card: under MIG they come once for each instance, with the same value.
CARD: dict[str, tuple[str, Unit]] = {
    "GPU_TEMP": ("temp_c", CELSIUS),
    "MEMORY_TEMP": (MEMORY_TEMP, CELSIUS),
    "GPU_TEMP_LIMIT": ("margin_c", MARGIN),
    "POWER_USAGE": ("power_w", WATT),
    "TOTAL_ENERGY_CONSUMPTION": ("energy_j", JOULE._replace(scale=1e-3)),
    "SM_CLOCK": ("sm_clock_hz", MEGAHERTZ),
    "MEM_CLOCK": ("mem_clock_hz", MEGAHERTZ),
    "FAN_SPEED": ("fan_pct", DUTY_PERCENT),
    "XID_ERRORS": ("xid", STATE),
    "CLOCK_THROTTLE_REASONS": ("throttle_reasons", STATE),
    "CLOCKS_EVENT_REASONS": ("throttle_reasons", STATE),
}
LIMITS: dict[str, tuple[str, str]] = {
    "SLOWDOWN_TEMP": ("GPU_TEMP", "upper_critical"),
    "SHUTDOWN_TEMP": ("GPU_TEMP", "upper_fatal"),
    "GPU_MAX_OP_TEMP": ("GPU_TEMP", "upper_max"),
    "MEM_MAX_OP_TEMP": ("MEMORY_TEMP", "upper_max"),
    "POWER_MGMT_LIMIT": ("POWER_USAGE", "upper_cap"),
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
}


def meaning_of(metric: str, tags: Tags) -> Meaning | None:
    """The sensor behind `DCGM_FI_…` and its labels; GPUs are numbered as the label `gpu` says."""
    name = metric.removeprefix("DCGM_FI_").removeprefix("DEV_").removeprefix("DCGM_")
    if name in GRACE:
        return _sensor(f"cpu{lower_snake_case(tags.get('cpu', '0')) or '0'}", *GRACE[name])
    number = tags.get("gpu") or tags.get("UUID") or tags.get("gpu_uuid") or "0"
    gpu = f"gpu{lower_snake_case(number)}"
    if name in LIMITS:
        of, bound = LIMITS[name]
        return _sensor(gpu, *CARD[of]).limit(bound)
    if name in CARD:
        return _sensor(gpu, *CARD[name])
    if tags.get("GPU_I_ID"):
        gpu += f"_mig{lower_snake_case(tags['GPU_I_ID'])}"
    active = name.startswith("PROF_") and name.endswith(("_ACTIVE", "_OCCUPANCY"))
    own = (lower_snake_case(name), SHARE if active else OTHER)
    marks = "_".join(tags[mark] for mark in ("nvlink", "nvswitch", "xid", "clock_event") if tags.get(mark))
    found = INSTANCE.get(name, own)
    return _sensor(gpu, lower_snake_case(f"{found[0]} {marks}"), found[1])


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
