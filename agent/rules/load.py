"""What a server's load says by itself: work that nobody explains, and a machine that has none."""

from __future__ import annotations

import math
import re

from agent.fault_columns import columns_of
from agent.faults import FAULTS
from agent.findings import Evidence, Finding
from agent.load_past import DAY_HOURS, HOUR_NS, Idle, LoadPast, Plateau
from agent.load_signs import judge
from agent.report.words import say_time
from agent.rules.layout import Layout, say
from agent.scored import NOT_KNOWN, ScoredTick
from agent.tick_points import six_digits

# Of machines by the inventory: none of these does work of its own, whatever it measures of itself.
NO_SERVER = re.compile(
    r"\b(crac|crah|cooling|chiller|ahu|fan.?wall|in.?row|cdu|pdu|ups\b|sts\b|ats\b|rpp|feed"
    r"|switch|router|firewall|network|load.?balancer|gateway|sensor|gen.?set|generator|kvm|console)",
    re.IGNORECASE,
)
STILL_HERE_W = 1.0  # rounding of a meter, so that the very level counts


def with_load(
    found: list[Finding], tick: ScoredTick, layout: Layout, past: LoadPast, kind: str
) -> list[Finding]:
    """The findings of a tick, and what the host's load says where nothing else is wrong with it.

    `past` has taken the tick already; `kind` is of the machine, by the inventory, "" where that says nothing.
    """
    judge(past)
    if past.plateau is None and past.idle is None:
        return found
    if any(finding.kind == "condition" for finding in found) or (tick.scored and tick.score > tick.threshold):
        return found
    power_w = _power_w(tick, layout)
    if math.isnan(power_w) or not is_server(tick, kind):
        return found
    if past.plateau is not None and abs(power_w - past.plateau.level_w) <= past.plateau.band_w + STILL_HERE_W:
        return [_of_plateau(tick, layout, past.plateau, power_w), *found]
    if past.idle is not None and power_w <= past.idle.most_w + STILL_HERE_W:
        return [_of_idle(tick, layout, past.idle, power_w), *found]
    return found


def is_server(tick: ScoredTick, kind: str) -> bool:
    """Whether a host is a machine that works: by its processors or memory, and by the inventory."""
    if NO_SERVER.search(kind):
        return False
    parts = columns_of(tick.sensors, tick.quantities).parts
    return bool(parts["cpu"] or parts["gpu"] or parts["dimm"])


def _power_w(tick: ScoredTick, layout: Layout) -> float:
    """The machine's power; NaN where this tick does not show it."""
    columns = (layout.host_power,) if layout.host_power >= 0 else layout.supply_inputs
    if not columns or not tick.arrived[columns[0]] or not all(tick.present[i] for i in columns):
        return math.nan
    return sum(float(tick.seen[i]) for i in columns)


def _of_plateau(tick: ScoredTick, layout: Layout, plateau: Plateau, power_w: float) -> Finding:
    since_ns = plateau.since_hour * HOUR_NS
    hours = (tick.time_ns - since_ns) // HOUR_NS
    usual = f"{say(round(plateau.low_w), 'W')} to {say(round(plateau.high_w), 'W')} a day"
    return _finding(
        "abnormal_load",
        0.7,
        f"Sustained unexplained load on {tick.host} since {say_time(since_ns)} ({hours} h): "
        f"{say(round(plateau.level_w), 'W')} day and night (usual {usual}), and it hardly varies: CV "
        f"{plateau.shake:.2g} vs {plateau.usual_shake:.2g}.",
        (
            _power(tick, layout, power_w, plateau.low_w),
            Evidence(
                "power_cv", "other", "1", six_digits(plateau.shake), six_digits(plateau.usual_shake), "for"
            ),
            *_busy(tick, layout),
        ),
    )


def _of_idle(tick: ScoredTick, layout: Layout, idle: Idle, power_w: float) -> Finding:
    since_ns = idle.since_hour * HOUR_NS
    days = (tick.time_ns - since_ns) // (DAY_HOURS * HOUR_NS)
    proof = f"it has drawn {say(round(idle.highest_w), 'W')}"
    if not math.isnan(idle.busy):
        proof = f"utilization at most {100 * idle.busy:.0f} %"
    return _finding(
        "idle_server",
        0.8,
        f"{tick.host} has done nothing for {days} days, since {say_time(since_ns)} or earlier: it "
        f"draws {say(round(power_w), 'W')}, its lowest is {say(round(idle.floor_w), 'W')} ({proof}).",
        (
            _power(tick, layout, power_w, idle.highest_w),
            Evidence("power_floor_w", "power", "W", six_digits(power_w), six_digits(idle.floor_w), "for"),
            *_busy(tick, layout),
        ),
    )


def _finding(fault: str, confidence: float, diagnosis: str, evidence: tuple[Evidence, ...]) -> Finding:
    known = FAULTS[fault]
    return Finding(
        "condition", fault, known.severity, confidence, "evidence", diagnosis, evidence, known.actions
    )


def _power(tick: ScoredTick, layout: Layout, power_w: float, instead_w: float) -> Evidence:
    """The machine's power beside that of other days, told of the meter that shows it."""
    if layout.host_power >= 0:
        return Evidence("power_w", "power", "W", six_digits(power_w), six_digits(instead_w), "for")
    i = layout.supply_inputs[0]
    share = float(tick.seen[i]) / power_w if power_w > 0 else 0.0
    seen = six_digits(float(tick.seen[i]))
    return Evidence(tick.sensors[i], "power", "W", seen, six_digits(share * instead_w), "for")


def _busy(tick: ScoredTick, layout: Layout) -> tuple[Evidence, ...]:
    i = layout.utilization
    if i < 0 or not tick.present[i]:
        return ()
    return (Evidence("cpu_util", "utilization", "1", six_digits(float(tick.seen[i])), NOT_KNOWN, "for"),)
