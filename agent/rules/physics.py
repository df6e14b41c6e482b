"""Faults that a machine's own physics shows: hotter, slower or less even than load explains."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from agent.faults import FAULTS
from agent.findings import Evidence, Finding, Severity
from agent.physics import Residuals
from agent.physics_channels import MARGIN_ZERO_C
from agent.rules.layout import say
from agent.rules.site import find_site_faults
from agent.scored import NOT_KNOWN, ScoredTick
from agent.tick_points import six_digits

ALIKE = 1 / 3  # of a supply's loss of efficiency
ALONE = 0.4  # of a part's residual: its fellows stay below this
COLDER = -0.6  # a fellow this much colder: the work moved from it, and no heat sink came loose
FAR_APART = 0.6  # log of how the rises of sockets are apart, beyond what work that moved can do
OWN_EXCESS_K = 3.0
LEAST_OWN = 0.05  # of its own residual
MUCH = math.log(1.4)
ROOM_K = 5.0  # warmer inlet air than usual is the room's fault first, and parts still follow it
BUSY = 0.75  # of the highest clock or power: expected below that, a machine may just be idle
NEAR_LIMIT_K = 5.0
PARTS = ("vrm", "dimm", "gpu")
LEAST_EXCESS_K = {"cpu": 4.0, "gpu": 4.0, "dimm": 3.0, "vrm": 3.0, "exhaust": 2.0}


def find_physical(tick: ScoredTick, residuals: Residuals | None) -> list[Finding]:
    """The findings of a tick's residuals."""
    if residuals is None or not residuals.beyond.any():
        return []
    is_room = any(residuals.fast[j] > ROOM_K for j in residuals.channels.groups["air"])
    found = [] if is_room else _of_air(tick, residuals)
    if not found:
        found = _of_heat_sinks(tick, residuals)
        for role in () if is_room else PARTS:
            found += _of_part(tick, residuals, role)
    return [
        *found,
        *find_site_faults(tick, residuals),
        *_of_fans(tick, residuals),
        *_of_shares(tick, residuals),
        *_of_efficiency(tick, residuals),
        *_of_clock(tick, residuals),
    ]


def knows_air(residuals: Residuals | None) -> bool:
    """Whether the machine's own past says how warm its exhaust air should be."""
    if residuals is None:
        return False
    exhaust = residuals.channels.groups["exhaust"]
    return len(exhaust) > 0 and bool(np.isfinite(residuals.fast[exhaust]).all())


def _of_air(tick: ScoredTick, res: Residuals) -> list[Finding]:
    """All that the air cools is too warm for its load and the fans' speed."""
    groups = res.channels.groups
    exhaust, cpus = groups["exhaust"], groups["cpu"]
    hot = [j for role in ("exhaust", "cpu", "dimm", "vrm") for j in groups[role].tolist() if is_hot(res, j)]
    heats = [j for j in exhaust.tolist() if res.is_known[j] or res.beyond[j]]
    all_cpus = len(cpus) > 0 and bool((res.beyond[cpus] > 0).all())
    if heats:
        j = heats[0]
        is_air = res.beyond[j] > 0 or (all_cpus and len(cpus) > 1 and size(res, j) > 0.1)
    else:
        is_air = all_cpus and (len(cpus) > 1 or len({res.channels.roles[j] for j in hot}) > 1)
    if not is_air or not hot:
        return []
    share = math.exp(-size(res, heats[0])) if heats else math.exp(-size(res, hot[0]))
    first = heats[0] if heats else hot[0]
    lead = [first, *(j for j in hot if j != first)]
    flow = Evidence("airflow_per_fan_speed", "other", "1", six_digits(share), 1.0, "for")
    return [
        Finding(
            kind="condition",
            fault="airflow_blockage",
            severity="P2" if share < 0.5 else FAULTS["airflow_blockage"].severity,
            confidence=0.8 if heats and len(hot) > 1 else 0.6,
            basis="evidence",
            diagnosis=f"At equal load and fan speed the air through {tick.host} carries "
            f"{100 * (1 - share):.0f} % less heat away than it used to: {_warmer(tick, res, first)}.",
            evidence=(_first(tick, res, lead[0]), flow, *(evidence_of(tick, res, j) for j in lead[1:5])),
            actions=FAULTS["airflow_blockage"].actions,
        )
    ]


def _of_heat_sinks(tick: ScoredTick, res: Residuals) -> list[Finding]:
    """One socket too hot for its load while the others are as ever."""
    cpus, twins = res.channels.groups["cpu"].tolist(), res.channels.groups["twin"].tolist()
    apart = [
        cpus[at]
        for at, twin in enumerate(twins)
        if res.beyond[twin] > 0 and size(res, cpus[at]) > LEAST_OWN and excess_k(res, cpus[at]) > OWN_EXCESS_K
    ]
    hot = apart or [j for j in cpus if is_hot(res, j)]
    if len(hot) != 1:
        return []
    j = hot[0]
    fellows = [i for i in cpus if i != j] or [
        i for role in ("exhaust", "dimm", "vrm") for i in res.channels.groups[role].tolist()
    ]
    others = [size(res, i) / size(res, j) for i in fellows if not math.isnan(size(res, i))]
    far = any(size(res, twins[cpus.index(i)]) > FAR_APART for i in apart)
    if not others or max(others) > ALONE or (min(others) < COLDER and not far):
        return []
    ratios = [size(res, j), *(size(res, twins[cpus.index(i)]) for i in apart)]
    more = 100 * math.expm1(max(ratios))
    return [
        _finding(
            "heatsink_degradation",
            "P2" if size(res, j) > MUCH else "P3",
            0.85 if len(cpus) > 1 else 0.65,
            f"{_name(res, j)} of {tick.host} has {more:.0f} % more thermal resistance than expected: "
            f"{_warmer(tick, res, j)}.",
            tick, res, [j, *fellows[:3]],
        )
    ]  # fmt: skip


def _of_part(tick: ScoredTick, res: Residuals, role: str) -> list[Finding]:
    """A part too hot for the load while the processors, or its fellows, are as ever."""
    parts = res.channels.groups[role].tolist()
    hot = [j for j in parts if is_hot(res, j)]
    if not hot:
        return []
    j = max(hot, key=lambda i: size(res, i))
    fellows = [i for i in parts if i != j] if len(parts) > 1 else res.channels.groups["cpu"].tolist()
    others = [size(res, i) for i in fellows if not math.isnan(size(res, i))]
    if others and float(np.median(others)) > ALONE * size(res, j):
        return []
    fault = f"{role}_overheating"
    return [
        _finding(
            fault, FAULTS[fault].severity, 0.75,
            f"{_name(res, j)} of {tick.host} is too hot for its load: {_warmer(tick, res, j)}.",
            tick, res, [j, *fellows[:3]],
        )
    ]  # fmt: skip


def _of_fans(tick: ScoredTick, res: Residuals) -> list[Finding]:
    """Fans that lag behind their fellows at equal command."""
    slow = [j for j in res.channels.fans.tolist() if res.beyond[j] < 0]
    if not slow or len(slow) > len(res.channels.fans) // 2:
        return []
    j = min(slow, key=lambda i: size(res, i))
    lacks = -100 * math.expm1(size(res, j))
    names = ", ".join(_name(res, i) for i in slow)
    return [
        _finding(
            "fan_degradation", "P3", 0.85,
            f"{names} of {tick.host}: {lacks:.0f} % slower beside the other fans than it used to be.",
            tick, res, slow[:4],
        )
    ]  # fmt: skip


def _of_clock(tick: ScoredTick, res: Residuals) -> list[Finding]:
    """Processors that are slower than their power, or draw less than their work, used to mean."""
    slow = [j for j in (res.channels.clock, res.channels.work) if j >= 0 and res.beyond[j] < 0]
    slow = [j for j in slow if _expected(tick, res, j) >= BUSY * float(tick.peak[res.channels.columns[j]])]
    if not slow:
        return []
    is_hot = any(
        (limit := tick.limits.get((tick.sensors[i], "upper"))) is not None
        and limit - float(tick.seen[i]) <= NEAR_LIMIT_K
        for i in res.channels.columns[res.channels.groups["cpu"]].tolist()
    )
    j, i = slow[0], int(res.channels.columns[slow[0]])
    seen, usual = say(float(tick.seen[i]), tick.units[i]), say(_expected(tick, res, j), tick.units[i])
    fault = "cpu_throttling" if is_hot else "power_cap"
    return [
        _finding(
            fault, FAULTS[fault].severity, 0.6,
            f"{tick.sensors[i]} of {tick.host} is at {seen}, {usual} at this load: something holds it down.",
            tick, res, slow,
        )
    ]  # fmt: skip


def _of_shares(tick: ScoredTick, res: Residuals) -> list[Finding]:
    """Supplies that no longer share as they did."""
    moved = [j for j in res.channels.shares.tolist() if res.beyond[j]]
    if len(moved) < 2:
        return []
    j = max(moved, key=lambda i: abs(size(res, i)))
    return [
        _finding(
            "psu_imbalance", "P3", 0.8,
            f"{_name(res, j)} of {tick.host} carries {100 * res.y[j]:.0f} % of the load "
            f"(usual {100 * res.expected[j]:.0f} %).",
            tick, res, moved[:4],
        )
    ]  # fmt: skip


def _of_efficiency(tick: ScoredTick, res: Residuals) -> list[Finding]:
    """A supply that takes more for what it gives."""
    worse = [j for j in res.channels.efficiency.tolist() if res.beyond[j] < 0]
    if not worse:
        return []
    j = min(worse, key=lambda i: size(res, i))
    fellows = [
        size(res, i) for i in res.channels.efficiency.tolist() if i != j and not math.isnan(size(res, i))
    ]
    if fellows and float(np.median(fellows)) < ALIKE * size(res, j):
        return []  # at a load that is new all of them are less efficient than expected
    usual, now = math.exp(float(res.expected[j])), math.exp(float(res.expected[j]) + size(res, j))
    name = res.channels.names[j].split("_")[0]
    told = Evidence(f"{name}_efficiency", "other", "1", six_digits(now), six_digits(usual), "for")
    meter = evidence_of(tick, res, j)
    return [
        Finding(
            "condition", "psu_efficiency", "P3", 0.7, "evidence",
            f"{name.upper()} of {tick.host} has an efficiency of {100 * now:.1f} % (usual "
            f"{100 * usual:.1f} % at this load).",
            (meter, told), FAULTS["psu_efficiency"].actions,
        )
    ]  # fmt: skip


def size(res: Residuals, j: int) -> float:
    """A channel's residual: the largest of the fast and the slower ones."""
    return max(res.smooth[j].tolist(), key=abs)  # type: ignore[no-any-return]


def is_hot(res: Residuals, j: int) -> bool:
    """Whether a part is above its limit, and by a number of kelvin that is worth the name."""
    if res.beyond[j] <= 0:
        return False
    return excess_k(res, j) >= LEAST_EXCESS_K[res.channels.roles[j]]


def excess_k(res: Residuals, j: int) -> float:
    """How much warmer a part is than its load lets expect."""
    return math.exp(float(res.expected[j])) * math.expm1(size(res, j))


def evidence_of(tick: ScoredTick, res: Residuals, j: int) -> Evidence:
    """A channel's sensor as evidence, beside what its load lets expect."""
    i = int(res.channels.columns[j])
    expected = _expected(tick, res, j)
    return Evidence(
        tick.sensors[i], tick.quantities[i], tick.units[i],
        six_digits(float(tick.seen[i])), six_digits(expected) if math.isfinite(expected) else NOT_KNOWN,
        "for" if res.beyond[j] else "against",
    )  # fmt: skip


def _first(tick: ScoredTick, res: Residuals, j: int) -> Evidence:
    """What a finding rests on: it speaks for it even where only its distance from its fellows is unusual."""
    return replace(evidence_of(tick, res, j), says="for")


def _expected(tick: ScoredTick, res: Residuals, j: int) -> float:
    """What the sensor should show, in its own unit."""
    channels, y = res.channels, float(res.expected[j])
    role = channels.roles[j]
    if role == "fan":
        return float(np.median(tick.seen[channels.fan_columns])) * math.exp(y)
    if role == "share":
        return y * float(tick.seen[channels.columns[channels.shares]].sum())
    if role == "efficiency":
        given = channels.given[list(channels.efficiency).index(j)]
        return float(tick.seen[given]) / math.exp(y)
    if role in ("air", "supply", "water", "damp"):
        return y
    if role == "phase":
        return y * float(tick.seen[channels.columns[channels.phases]].sum())
    if role in ("work", "clock"):
        return math.exp(y)
    hot_c = float(tick.seen[channels.inlet]) + math.exp(y)
    is_margin = tick.quantities[int(channels.columns[j])] == "margin"
    if not is_margin:
        return hot_c
    return math.copysign(MARGIN_ZERO_C - hot_c, float(tick.seen[int(channels.columns[j])]))


def _finding(
    fault: str, severity: Severity, confidence: float, diagnosis: str, tick: ScoredTick, res: Residuals,
    channels: list[int],
) -> Finding:  # fmt: skip
    return Finding(
        kind="condition",
        fault=fault,
        severity=severity,
        confidence=confidence,
        basis="evidence",
        diagnosis=diagnosis,
        evidence=(_first(tick, res, channels[0]), *(evidence_of(tick, res, j) for j in channels[1:])),
        actions=FAULTS[fault].actions,
    )


def _warmer(tick: ScoredTick, res: Residuals, j: int) -> str:
    i = int(res.channels.columns[j])
    unit = tick.units[i]
    return (
        f"{tick.sensors[i]} {say(float(tick.seen[i]), unit)}, expected {say(_expected(tick, res, j), unit)}"
    )


def _name(res: Residuals, j: int) -> str:
    name = res.channels.names[j]
    return name.removesuffix("_temp_c").removesuffix("_margin_c").removesuffix("_rpm").removesuffix("_in_w")
