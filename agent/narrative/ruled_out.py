"""What the evidence of a fault says against the nearest other causes.

psu_failure, [psu2_in_w 0 W, psu2_vin 230 V, psu1_in_w 400 W] ──► feed_loss is out: psu2_vin is there

A cause is ruled out only by a row of evidence, or by what the very finding of the fault implies.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from agent.narrative.measures import Observed, is_known, say_row, say_row_zh
from agent.narrative.spans import say_span_zh
from agent.report.words import say_span

NEAR_K = 2.0  # a temperature so near to what was expected did not move
WARM_K = 4.0  # and one so much above it did
NEAR = 0.1  # all else, as a share
MORE = 1.1
HALF = 0.5


class RuledOut(NamedTuple):
    """A fault that it is not: by rows of evidence, the first of which is quoted, or by definition."""

    cause: str
    rows: tuple[Observed, ...] = ()
    reason: str = ""  # a key of `REASONS`
    told: tuple[str, ...] = ()  # what the reason speaks of
    span_ns: int = 0  # the same, where it speaks of a time

    @property
    def is_seen(self) -> bool:
        """Whether something that was seen rules it out, and not what the finding implies."""
        return bool(self.rows or self.told)


# By definition of the finding → English, Chinese.
REASONS: dict[str, tuple[str, str]] = {
    "sensors go on": ("the host's other sensors go on reporting", "该主机的其他传感器仍在上报"),
    "source goes on": ("other hosts of its source go on reporting", "同一来源的其他主机仍在上报"),
    "all of it": ("nothing of the whole source comes", "整个来源都没有数据"),
    # Of causes that hosts share (agent/narrative/effects.py).
    "same feed": ("{0} hosts on {1} lost a supply within {span}", "{1} 上的 {0} 台主机在 {span}内失去电源"),
    "same time": ("{0} hosts lost a supply within {span}", "{0} 台主机在 {span}内失去电源"),
    "same air": ("inlet air of {0} hosts rose together", "{0} 台主机的进风温度同时升高"),
}

Shows = Callable[[Observed], bool]


def _near(row: Observed) -> bool:
    if not (is_known(row.seen) and is_known(row.expected)):
        return False
    if row.quantity in ("temperature", "margin"):
        return abs(row.seen - row.expected) <= NEAR_K
    return abs(row.seen - row.expected) <= NEAR * abs(row.expected)


def is_as_expected(row: Observed) -> bool:
    """Whether a row's sensor read what was expected of it, within 2 K or a tenth."""
    return _near(row)


def _above(row: Observed) -> bool:
    if not (is_known(row.seen) and is_known(row.expected)):
        return False
    if row.quantity == "temperature":
        return row.seen > row.expected + WARM_K
    return row.expected > 0 and row.seen > MORE * row.expected


def is_warmer(row: Observed) -> bool:
    """Whether a temperature is above what was expected by more than readings scatter."""
    return is_known(row.seen) and is_known(row.expected) and row.seen > row.expected + NEAR_K


def _there(row: Observed) -> bool:
    return is_known(row.seen) and is_known(row.expected) and 0 < HALF * row.expected <= row.seen


def _fell(row: Observed) -> bool:
    return is_known(row.seen) and is_known(row.expected) and row.seen < (1 - NEAR) * row.expected


def _reports(row: Observed) -> bool:
    return is_known(row.seen)


FAN, HOT_PART = r"fan_?\w+_rpm", r"(cpu\d+|dimm\w*|vrm\w*|exhaust)_temp_c"
PROCESSOR, INLET = r"cpu\d+_temp_c", r"inlet_temp_c"
SUPPLY_W, SUPPLY_V = r"psu\w+?_(in|out)_w", r"psu\w+?_vin"
# fault → causes near it, each with the sensors whose row can rule it out and what that row must show.
_RULES: dict[str, tuple[tuple[str, str, Shows], ...]] = {
    "fan_failure": (("sensor_stuck", FAN, _above), ("sensor_stuck", HOT_PART, _above)),
    "fan_degradation": (("fan_failure", FAN, _there),),
    "airflow_blockage": (
        ("recirculation", INLET, _near),
        ("cooling_unit_failure", INLET, _near),
        ("heatsink_degradation", r"exhaust_temp_c", _above),
    ),
    "heatsink_degradation": (("airflow_blockage", HOT_PART, _near), ("recirculation", INLET, _near)),
    "vrm_overheating": (("airflow_blockage", PROCESSOR, _near), ("recirculation", INLET, _near)),
    "dimm_overheating": (("airflow_blockage", PROCESSOR, _near), ("recirculation", INLET, _near)),
    "gpu_overheating": (
        ("airflow_blockage", rf"{PROCESSOR}|gpu\d+_temp_c", _near),
        ("recirculation", INLET, _near),
    ),
    "cpu_throttling": (("power_cap", PROCESSOR, _above), ("recirculation", INLET, _near)),
    "power_cap": (("cpu_throttling", PROCESSOR, _near),),
    "psu_failure": (("feed_loss", SUPPLY_V, _there), ("sensor_stuck", SUPPLY_W, _above)),
    "psu_imbalance": (("psu_failure", SUPPLY_W, _there),),
    "psu_efficiency": (("psu_failure", SUPPLY_W, _there),),
    "gpu_lost": (("sensor_dropout", r"power_w", _fell), ("host_silent", r"power_w", _reports)),
    "cooling_unit_failure": (("chilled_water_loss", r"chw_supply_c", _near),),
    "chilled_water_loss": (("cooling_unit_failure", r"fan_pct|fan_?\w+_(rpm|pct)", _there),),
    "recirculation": (("cooling_unit_failure", r"supply_temp_c", _near),),
    "phase_imbalance": (("feed_loss", r"phase\d_a", _there),),
    "ups_on_battery": (("sensor_stuck", r"battery_pct", _fell),),
    "idle_server": (("host_silent", r"power_w", _reports),),
}
# Where every row of these sensors has to be there, not only one.
_ALL_THERE = {
    ("psu_failure", "feed_loss"): SUPPLY_V,
    ("fan_degradation", "fan_failure"): FAN,
    ("psu_imbalance", "psu_failure"): SUPPLY_W,
    ("psu_efficiency", "psu_failure"): SUPPLY_W,
    ("phase_imbalance", "feed_loss"): r"phase\d_a",
}
_BY_DEFINITION: dict[str, tuple[tuple[str, str], ...]] = {
    "sensor_dropout": (("host_silent", "sensors go on"),),
    "host_silent": (("stream_silent", "source goes on"),),
    "collector_silent": (("stream_silent", "source goes on"),),
    "stream_silent": (("host_silent", "all of it"),),
}


def rule_out(fault: str, evidence: Sequence[Observed]) -> list[RuledOut]:
    """The causes near a fault that its evidence speaks against, each once, the nearest first."""
    found: dict[str, RuledOut] = {}
    for ruled in _all_of(fault, evidence):
        found.setdefault(ruled.cause, ruled)
    return list(found.values())


def _all_of(fault: str, evidence: Sequence[Observed]) -> Iterator[RuledOut]:
    for cause, pattern, shows in _RULES.get(fault, ()):
        rows = tuple(row for row in evidence if re.fullmatch(pattern, row.sensor) and shows(row))
        if rows and _is_telling(fault, cause, evidence):
            yield RuledOut(cause, rows)
    for cause, reason in _BY_DEFINITION.get(fault, ()):
        yield RuledOut(cause, (), reason)


def _is_telling(fault: str, cause: str, evidence: Sequence[Observed]) -> bool:
    """Whether no other row says otherwise: one supply of a lost feed that has its voltage is not enough while
    another has none, nor one part that stayed cool while several are too warm."""
    if cause == "airflow_blockage":
        parts = rf"{HOT_PART}|gpu\d+_temp_c"
        return sum(is_warmer(row) for row in evidence if re.fullmatch(parts, row.sensor)) <= 1
    if (fault, cause) in _ALL_THERE:
        pattern = _ALL_THERE[fault, cause]
        return all(_there(row) for row in evidence if re.fullmatch(pattern, row.sensor))
    return True


def say_ruled_out(ruled: Sequence[RuledOut]) -> str:
    """For the incident's field: fault words with the reason, `feed_loss (PSU 2 input voltage 230 V …)`."""
    return "; ".join(f"{', '.join(causes)} ({reason})" for reason, causes in by_reason(ruled, say_reason))


def by_reason(ruled: Sequence[RuledOut], say: Callable[[RuledOut], str]) -> list[tuple[str, list[str]]]:
    """The reasons in words, each once, with the causes that it rules out."""
    causes: dict[str, list[str]] = {}
    for one in ruled:
        causes.setdefault(say(one), []).append(one.cause)
    return list(causes.items())


def say_reason(ruled: RuledOut) -> str:
    """Why it is ruled out, in English."""
    return (
        say_row(ruled.rows[0], brackets=False)
        if ruled.rows
        else REASONS[ruled.reason][0].format(*ruled.told, span=say_span(ruled.span_ns))
    )


def say_reason_zh(ruled: RuledOut) -> str:
    """The same in Chinese."""
    return (
        say_row_zh(ruled.rows[0], brackets=False)
        if ruled.rows
        else REASONS[ruled.reason][1].format(*ruled.told, span=say_span_zh(ruled.span_ns))
    )
