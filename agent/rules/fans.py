"""A fan that stands still in a machine that runs."""

from __future__ import annotations

import math

from agent.faults import FAULTS
from agent.findings import Evidence, Finding, Severity
from agent.rules.layout import Layout, expected, is_on, observe, say, usual_or_peak
from agent.scored import ScoredTick

STILL_RPM = 600.0  # below this a server's fan moves no air
STILL_SHARE = 0.1  # of its normal speed
TURNING_RPM = 1000.0  # what a fan must have done normally to be missed
NEAR_LIMIT_K = 5.0
RAISED = 1.1  # others this much faster than expected make up for the stopped one
WARMER_K = 2.0
BUSY_SHARE = 0.7  # of the usual power: a meter that averages shows less within seconds of a switch-off
MOST_EVIDENCE = 8


def find_stopped_fans(tick: ScoredTick, layout: Layout) -> Finding | None:
    """One finding of all fans that stand still, by their own limit or by what they used to do."""
    below_limit = [i for i in layout.fans if _is_below_limit(tick, i)]
    stopped = sorted({*below_limit, *(i for i in layout.fans if _is_still(tick, i))})
    if not stopped or not is_on(tick, layout):
        return None
    if len(stopped) == len(layout.fans) and not any(tick.arrived[i] for i in layout.temperatures):
        return None  # nothing but still fans: as likely a machine that is off
    turning = [i for i in layout.fans if i not in stopped and tick.arrived[i]]
    raised = [i for i in turning if float(tick.seen[i]) > RAISED * expected(tick, i)]
    hot = [i for i in layout.temperatures if tick.arrived[i] and _excess_k(tick, i) > WARMER_K]
    if len(stopped) == len(layout.fans) > 1 and not hot and not _is_busy(tick, layout):
        return None  # a machine that has just been switched off
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
        basis="limit" if below_limit else "evidence",
        diagnosis=_say(tick, layout, stopped, turning, raised),
        evidence=tuple(_evidence(tick, layout, stopped, turning))[:MOST_EVIDENCE],
        actions=FAULTS["fan_failure"].actions,
        also=("cpu_throttling",) if is_near else (),
    )


def _is_still(tick: ScoredTick, i: int) -> bool:
    usual = float(tick.usual[i])
    if not tick.arrived[i] or usual < STILL_RPM:
        return False  # absent, or a fan that stands still by habit
    normal = max(float(tick.peak[i]), usual if math.isfinite(usual) else 0.0)
    return normal >= TURNING_RPM and float(tick.seen[i]) < min(STILL_RPM, STILL_SHARE * normal)


def _is_below_limit(tick: ScoredTick, i: int) -> bool:
    limit = tick.limits.get((tick.sensors[i], "lower"))
    return limit is not None and bool(tick.arrived[i]) and float(tick.seen[i]) < limit


def _is_near_limit(tick: ScoredTick, layout: Layout) -> bool:
    for i in layout.processors:
        limit = tick.limits.get((tick.sensors[i], "upper"))
        if limit is not None and tick.arrived[i] and limit - float(tick.seen[i]) <= NEAR_LIMIT_K:
            return True
    return any(tick.arrived[i] and abs(float(tick.seen[i])) <= NEAR_LIMIT_K for i in layout.margins)


def _is_busy(tick: ScoredTick, layout: Layout) -> bool:
    """Whether the host draws about what it usually does; so where it tells no power at all."""
    i = layout.host_power
    return (
        i < 0 or not tick.present[i] or float(tick.seen[i]) >= BUSY_SHARE * max(usual_or_peak(tick, i), 0.0)
    )


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
    names = ", ".join(tick.sensors[i].removesuffix("_rpm") for i in stopped)
    speeds = ", ".join(say(float(tick.seen[i]), "rpm") for i in stopped)
    normal = say(usual_or_peak(tick, stopped[0]), "rpm")
    if len(stopped) == len(layout.fans) and len(stopped) > 1:
        return f"All {len(stopped)} fans of {tick.host} stopped while it runs ({speeds}; usual {normal})."
    what = "Fan" if len(stopped) == 1 else "Fans"
    text = f"{what} {names} of {tick.host} stopped ({speeds}; usual {normal})"
    if raised:
        return f"{text}; {len(raised)} of the {len(turning)} others run faster to make up for it."
    return f"{text}; the {len(turning)} others do not run faster yet." if turning else f"{text}."
