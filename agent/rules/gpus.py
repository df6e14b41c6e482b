"""GPUs that fell off the bus."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agent.faults import FAULTS
from agent.findings import Evidence, Finding
from agent.rules.layout import Layout, observe
from agent.scored import NOT_KNOWN, ScoredTick
from agent.sensors import SECOND_NS
from agent.tick_points import six_digits

MOST_TOLD = 4


def find_lost_gpus(tick: ScoredTick, layout: Layout, lost: Sequence[str]) -> Finding | None:
    """One finding of all GPUs that are `lost` (agent/gpus.py)."""
    if not lost:
        return None
    columns = np.concatenate([layout.gpus[name] for name in lost])
    others = [name for name in layout.gpus if name not in lost]
    seconds = int(tick.silent_ns[columns].max()) // SECOND_NS
    span = f"{seconds} s" if seconds < 600 else f"{seconds // 60} min"
    who = ", ".join(name.upper() for name in lost)
    beside = f"{len(others)} other GPUs report" if others else "its power fell by what they drew"
    gone = [
        Evidence(
            tick.sensors[i], tick.quantities[i], tick.units[i], NOT_KNOWN,
            six_digits(float(tick.usual[i])) if np.isfinite(tick.usual[i]) else NOT_KNOWN, "for",
        )
        for i in columns[:MOST_TOLD].tolist()
    ]  # fmt: skip
    power = [observe(tick, int(i), not others) for i in layout.meters[:1]]
    return Finding(
        kind="condition",
        fault="gpu_lost",
        severity=FAULTS["gpu_lost"].severity,
        confidence=0.9 if others else 0.75,
        basis="evidence",
        diagnosis=f"{who} of {tick.host}: no sensor has sent anything for {span} while the host runs and "
        f"{beside}.",
        evidence=(*gone, *power),
        actions=FAULTS["gpu_lost"].actions,
    )
