"""Air that does not come through: the machine's own flow estimate as a finding."""

from __future__ import annotations

import math

from agent.faults import FAULTS
from agent.findings import Evidence, Finding
from agent.rules.layout import Layout, observe, say
from agent.scored import ScoredTick
from agent.tick_points import six_digits

STANDS_ASIDE_K = 5.0  # warmer inlet air than usual is the room's fault first


def find_blocked_air(tick: ScoredTick, layout: Layout, share: float) -> Finding | None:
    """A finding where κ, `share` of its usual value, has been low for minutes; NaN where it has not."""
    if math.isnan(share):
        return None
    inlet, exhaust = layout.inlet, layout.exhaust
    rise_k = float(tick.seen[exhaust] - tick.seen[inlet])
    usual_k = float(tick.usual[exhaust] - tick.usual[inlet])
    is_room = float(tick.seen[inlet] - tick.usual[inlet]) > STANDS_ASIDE_K
    fell = f"{100 * (1 - share):.0f} %"
    fans = [observe(tick, i, True) for i in layout.fans[:1]]
    flow = Evidence("airflow_per_fan_speed", "other", "1", six_digits(share), 1.0, "for")
    return Finding(
        kind="condition",
        fault="airflow_blockage",
        severity="P2" if share < 0.5 else FAULTS["airflow_blockage"].severity,
        confidence=round(min(0.9, 0.6 + 0.6 * (0.65 - share)) - 0.2 * is_room, 2),
        basis="evidence",
        diagnosis=f"The air through {tick.host} fell by {fell} at equal fan speed: it warms "
        f"by {say(rise_k, 'K')} (usual {say(usual_k, 'K')}) while inlet air is at "
        f"{say(float(tick.seen[inlet]), 'Cel')}.",
        evidence=(observe(tick, exhaust, True), flow, *fans, observe(tick, inlet, is_room)),
        actions=FAULTS["airflow_blockage"].actions,
    )
