"""A fan that stands still in a machine that runs."""

from __future__ import annotations

import math
import re

from agent.faults import FAULTS
from agent.findings import Evidence, Finding, Severity
from agent.rules.layout import TURNS_RPM, Layout, expected, is_on, observe, runs, say, usual_or_peak
from agent.scored import ScoredTick

STILL_SHARE = 0.1  # of its normal speed
TURNING_RPM = 1000.0  # what a fan must have done normally to be missed
STILL_DUTY, TURNING_DUTY = 0.02, 0.1  # the same of fans that tell a share
LEAST_FANS = 3  # of those, to tell one from the others
NEAR_LIMIT_K = 5.0
KEEPS_TURNING_SHARE = 0.5  # of its usual speed
RAISED = 1.1  # others this much faster than expected make up for the stopped one
WARMER_K = 2.0
MOST_EVIDENCE = 8


def find_stopped_fans(tick: ScoredTick, layout: Layout) -> Finding | None:
    """One finding of all fans that stand still, by their own limit or by what they used to do."""
    if not tick.limits and not (tick.seen[layout.fan_columns] < TURNS_RPM).any():
        return None
    below_limit = [i for i in layout.fans if _is_below_limit(tick, i)]
    stopped = sorted({*below_limit, *(i for i in layout.fans if _is_still(tick, i))})
    if not stopped or not is_on(tick, layout):
        return None
    turning = [i for i in layout.fans if i not in stopped and tick.arrived[i]]
    keeps_turning = any(_keeps_turning(tick, i) for i in turning)
    if not keeps_turning and not _is_alone_on(tick, layout):
        return None  # nothing but still or coasting fans: as likely a machine that was just switched off
    raised = [i for i in turning if float(tick.seen[i]) > RAISED * expected(tick, i)]
    hot = [i for i in layout.temperatures if tick.arrived[i] and _excess_k(tick, i) > WARMER_K]
    is_near = _is_near_limit(tick, layout)
    severity: Severity = "P1" if len(stopped) > 1 or is_near else "P2"
    confidence = 0.85 + 0.05 * bool(raised) + 0.05 * bool(hot) + 0.04 * bool(below_limit)
    if len(stopped) == len(layout.fans) > 1 and not hot:
        confidence = 0.6  # all tachometers at once, and no heat yet
    return Finding(
        kind="condition",
        fault="fan_failure",
        severity=severity,
        confidence=round(confidence, 2),
        # With no fan left to show that the machine is on, a power meter that lags could still mislead.
        basis="limit" if below_limit and (keeps_turning or len(layout.fans) == 1) else "evidence",
        diagnosis=_say(tick, layout, stopped, turning, raised),
        evidence=tuple(_evidence(tick, layout, stopped, turning))[:MOST_EVIDENCE],
        actions=FAULTS["fan_failure"].actions,
        also=("cpu_throttling",) if is_near else (),
    )


def find_stopped_shares(tick: ScoredTick, layout: Layout) -> Finding | None:
    """The same where fans tell a share of their full speed and none tells rpm."""
    shares = layout.duties
    if len(shares) < LEAST_FANS or not tick.arrived[shares].any():
        return None
    still = tick.arrived[shares] & (tick.seen[shares] <= STILL_DUTY) & (tick.peak[shares] >= TURNING_DUTY)
    turning = tick.arrived[shares] & (tick.seen[shares] >= TURNING_DUTY)
    if not still.any() or turning.sum() <= still.sum() or not is_on(tick, layout):
        return None
    stopped, others = shares[still].tolist(), shares[turning].tolist()
    names = ", ".join(tick.sensors[i].removesuffix("_pct") for i in stopped)
    return Finding(
        "condition", "fan_failure", "P1" if len(stopped) > 1 else "P2", 0.8, "evidence",
        f"{names} of {tick.host} stopped while {len(others)} others turn.",
        tuple([observe(tick, i, True, usual_or_peak(tick, i)) for i in stopped[:4]]
              + [observe(tick, i, False, usual_or_peak(tick, i)) for i in others[:2]]),
        FAULTS["fan_failure"].actions,
    )  # fmt: skip


def _keeps_turning(tick: ScoredTick, i: int) -> bool:
    """Not coasting to a stop."""
    seen = float(tick.seen[i])
    return seen >= TURNS_RPM and not seen < KEEPS_TURNING_SHARE * float(tick.usual[i])


def _is_alone_on(tick: ScoredTick, layout: Layout) -> bool:
    """Whether the machine works although no fan turns; where it sends no power, its temperatures must do."""
    has_meter = layout.host_power >= 0 or bool(layout.supplies)
    return runs(tick, layout) if has_meter else any(tick.arrived[i] for i in layout.temperatures)


def _is_still(tick: ScoredTick, i: int) -> bool:
    usual = float(tick.usual[i])
    if not tick.arrived[i] or usual < TURNS_RPM:
        return False  # absent, or a fan that stands still by habit
    normal = max(float(tick.peak[i]), usual if math.isfinite(usual) else 0.0)
    return normal >= TURNING_RPM and float(tick.seen[i]) < min(TURNS_RPM, STILL_SHARE * normal)


def _is_below_limit(tick: ScoredTick, i: int) -> bool:
    limit = tick.limits.get((tick.sensors[i], "lower"))
    if limit is None or not tick.arrived[i] or float(tick.usual[i]) < limit:
        return False  # or usually below: the limit is not meant for this fan
    return float(tick.seen[i]) < limit


def _is_near_limit(tick: ScoredTick, layout: Layout) -> bool:
    for i in layout.processors:
        limit = tick.limits.get((tick.sensors[i], "upper"))
        if limit is not None and tick.arrived[i] and limit - float(tick.seen[i]) <= NEAR_LIMIT_K:
            return True
    return any(tick.arrived[i] and abs(float(tick.seen[i])) <= NEAR_LIMIT_K for i in layout.margins)


def _excess_k(tick: ScoredTick, i: int) -> float:
    return float(tick.seen[i]) - expected(tick, i)


def _evidence(tick: ScoredTick, layout: Layout, stopped: list[int], turning: list[int]) -> list[Evidence]:
    """The stopped fans first, then what the others and the temperatures say."""
    evidence = [observe(tick, i, True, usual_or_peak(tick, i)) for i in stopped[:4]]
    known = [i for i in turning if math.isfinite(expected(tick, i))]
    evidence += [observe(tick, i, float(tick.seen[i]) > RAISED * expected(tick, i)) for i in known[:2]]
    warm = [i for i in layout.temperatures if tick.arrived[i] and math.isfinite(expected(tick, i))]
    warm.sort(key=lambda i: (-_excess_k(tick, i), i))
    evidence += [observe(tick, i, _excess_k(tick, i) > WARMER_K) for i in warm[:2]]
    return evidence


def _say(tick: ScoredTick, layout: Layout, stopped: list[int], turning: list[int], raised: list[int]) -> str:
    names = ", ".join(_name(tick.sensors[i]) for i in stopped)
    speeds = ", ".join(say(float(tick.seen[i]), "rpm") for i in stopped)
    normal = say(usual_or_peak(tick, stopped[0]), "rpm")
    if len(stopped) == len(layout.fans) and len(stopped) > 1:
        return f"All {len(stopped)} fans of {tick.host} stopped while it runs ({speeds}; usual {normal})."
    what = "Fan" if len(stopped) == 1 else "Fans"
    text = f"{what} {names} of {tick.host} stopped ({speeds}; usual {normal})"
    if raised:
        return f"{text}; {len(raised)} of the {len(turning)} others run faster to make up for it."
    if any(math.isfinite(expected(tick, i)) for i in turning):
        return f"{text}; the {len(turning)} others do not run faster yet."
    return f"{text}."


def _name(sensor: str) -> str:
    """`fan3_rpm` → `3`, beside the word fan; a vendor's own name stays."""
    return re.sub(r"^fan_?(\w+)_rpm$", r"\1", sensor).removesuffix("_rpm")
