"""What a scored tick speaks for: named faults with their evidence, the surest first.

ScoredTick ──► limits sent by sensors ─┐
           ──► stopped fans            ├──► findings; `unknown` where only the score is high
           ──► dead supplies           │
           ──► lost GPUs, feeds, mains  │
           ──► silent sensors, and those that cannot be believed ─┘
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from agent.alert import UNKNOWN, severity_rank
from agent.faults import FAULTS
from agent.findings import Evidence, Finding, Severity
from agent.physics import Residuals
from agent.rules.airflow import find_blocked_air
from agent.rules.fans import find_stopped_fans, find_stopped_shares
from agent.rules.gpus import find_lost_gpus
from agent.rules.layout import Layout, expected, is_on, layout_of, observe, say
from agent.rules.physics import find_physical, knows_air
from agent.rules.sensors import find_silent_sensors
from agent.rules.supplies import find_dead_supplies
from agent.rules.trust import find_doubted
from agent.rules.units import find_moved_phases, find_unit_faults
from agent.scored import ScoredTick

MOST_EVIDENCE = 5
LEAST_SHARE = 0.02  # of the score: less explains nothing
POSSIBLE_C = (-40.0, 150.0)  # of a sensor on a board; 255 and −128 are how BMCs say "no reading"
ZERO_MEANS_NOTHING = frozenset({"temperature", "power", "voltage", "current"})
FAR_ABOVE = 2.0  # × the threshold: even without a name it should be seen the same day
# Where a sensor's upper limit has a fault of its own: name's beginning → fault, severity at the limit.
_OVERHEATING: dict[str, tuple[str, Severity]] = {
    "gpu": ("gpu_overheating", "P1"),
    "dimm": ("dimm_overheating", "P2"),
    "vrm": ("vrm_overheating", "P2"),
    "vr_": ("vrm_overheating", "P2"),
}


def diagnose(
    tick: ScoredTick,
    flow_share: float = math.nan,
    residuals: Residuals | None = None,
    lost_gpus: Sequence[str] = (),
    moved_from: Sequence[float] = (),
) -> list[Finding]:
    """The findings of a tick: of each kind the surest first, none where all is well.

    `flow_share` is the air flow per fan speed over the usual one, where it has been low (agent/airflow.py);
    `residuals` are those of the host's physical channels (agent/physics.py), which know the machine better;
    `lost_gpus` are off the bus (agent/gpus.py); `moved_from` are the currents of a PDU's phases before load
    moved from one to another (agent/phases.py).
    """
    layout = layout_of(tick)
    found = _find_beyond_limits(tick, layout) if tick.limits else []
    rules = (
        find_stopped_fans(tick, layout),
        find_dead_supplies(tick, layout),
        find_blocked_air(tick, layout, math.nan if knows_air(residuals) else flow_share),
        find_lost_gpus(tick, layout, lost_gpus),
        *find_unit_faults(tick, layout),
        find_moved_phases(tick, layout, moved_from),
        find_stopped_shares(tick, layout),
    )
    found += [finding for finding in rules if finding is not None]
    found += find_physical(tick, residuals)
    if not found and tick.scored and tick.score > tick.threshold:
        found = [_unknown(tick)]
    found.sort(key=lambda f: (f.fault == UNKNOWN, severity_rank(f.severity), -f.confidence, f.fault))
    silent = find_silent_sensors(tick, layout, lost_gpus)
    doubted = find_doubted(tick) if tick.doubts else []
    return [*found, *doubted, silent] if silent is not None else [*found, *doubted]


def _find_beyond_limits(tick: ScoredTick, layout: Layout) -> list[Finding]:
    """Hard limits that arrived values are beyond, but for fans, whose rule knows their limits itself."""
    column = {name: i for i, name in enumerate(tick.sensors)}
    beyond: dict[str, list[tuple[int, str, float]]] = {}
    for (sensor, side), limit in sorted(tick.limits.items()):
        i = column.get(sensor, -1)
        if i < 0 or not tick.limitable[i] or (i in layout.fans and side == "lower"):
            continue
        # A machine that is off is below its limits by right.
        if _is_beyond(tick, i, side, limit) and (side == "upper" or is_on(tick, layout)):
            beyond.setdefault(_fault_of(tick, i, side), []).append((i, side, limit))
    return [_beyond_limit(tick, fault, rows) for fault, rows in beyond.items()]


def _is_beyond(tick: ScoredTick, i: int, side: str, limit: float) -> bool:
    """Whether a value breaks a limit that is meant for it. One tick raises, so what BMCs send in place of a
    reading must not count, nor a limit that the sensor is usually beyond."""
    value, usual, quantity = float(tick.seen[i]), float(tick.usual[i]), tick.quantities[i]
    if quantity == "temperature" and not POSSIBLE_C[0] <= value <= POSSIBLE_C[1]:
        return False
    if side == "upper":
        return value > limit and not usual > limit
    if value == 0 and quantity in ZERO_MEANS_NOTHING:
        return False  # no reading, or a lost supply, which has a rule of its own
    return value < limit and not usual < limit


def _fault_of(tick: ScoredTick, i: int, side: str) -> str:
    if side == "upper" and tick.quantities[i] == "temperature":
        for beginning, (fault, _) in _OVERHEATING.items():
            if tick.sensors[i].startswith(beginning):
                return fault
    return UNKNOWN


def _beyond_limit(tick: ScoredTick, fault: str, rows: list[tuple[int, str, float]]) -> Finding:
    severities = dict(_OVERHEATING.values())
    is_cpu = any(tick.sensors[i].startswith("cpu") for i, _, _ in rows)
    i, side, limit = rows[0]
    value, at = say(float(tick.seen[i]), tick.units[i]), say(limit, tick.units[i])
    where = "above" if side == "upper" else "below"
    more = f" {len(rows) - 1} more beyond their limits." if len(rows) > 1 else ""
    return Finding(
        kind="condition",
        fault=fault,
        severity=severities.get(fault, "P1" if is_cpu else "P2"),
        confidence=0.9 if fault != UNKNOWN else 0.5,
        basis="limit",
        diagnosis=f"{tick.sensors[i]} of {tick.host} is at {value}, {where} its own limit of {at}.{more}",
        evidence=tuple(observe(tick, i, True, limit) for i, _, limit in rows[:MOST_EVIDENCE]),
        actions=FAULTS[fault].actions,
    )


def _unknown(tick: ScoredTick) -> Finding:
    """The score alone: the sensors that explain most of it, and no name."""
    top = np.argsort(-tick.share, kind="stable")[:MOST_EVIDENCE].tolist()
    top = [i for i in top if tick.share[i] >= LEAST_SHARE and tick.present[i]]
    evidence: list[Evidence] = [observe(tick, i, True) for i in top]
    above = tick.score / tick.threshold if tick.threshold > 0 else FAR_ABOVE
    return Finding(
        kind="condition",
        fault=UNKNOWN,
        severity="P2" if above >= FAR_ABOVE else "P3",
        confidence=round(min(0.5, 0.2 * above), 2),
        basis="score",
        diagnosis=f"{tick.host} left its usual pattern (score {tick.score:.3g}, threshold "
        f"{tick.threshold:.3g}){_say_top(tick, top[:3])}.",
        evidence=tuple(evidence),
        actions=FAULTS[UNKNOWN].actions,
    )


def _say_top(tick: ScoredTick, top: list[int]) -> str:
    parts = []
    for i in top:
        value, normal = say(float(tick.seen[i]), tick.units[i]), expected(tick, i)
        beside = f" (expected {say(normal, tick.units[i])})" if np.isfinite(normal) else ""
        parts.append(f"{tick.sensors[i]} {value}{beside}")
    return f": {', '.join(parts)}" if parts else ""
