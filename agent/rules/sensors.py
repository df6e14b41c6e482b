"""Sensors that went silent while their host goes on reporting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agent.faults import FAULTS
from agent.findings import Evidence, Finding
from agent.rules.layout import Layout, is_on
from agent.scored import NOT_KNOWN, ScoredTick
from agent.sensors import SECOND_NS
from agent.tick_points import six_digits

SILENT_NS = 600 * SECOND_NS
SILENT_PERIODS = 10
MOST_NAMED = 5


def find_silent_sensors(tick: ScoredTick, layout: Layout, lost_gpus: Sequence[str] = ()) -> Finding | None:
    """One finding of all sensors that dropped out; none where the machine is off, and its sensors with it.
    Those of GPUs that are lost have a finding of their own."""
    if not (tick.silent_ns > SILENT_NS).any() or not tick.arrived.any():
        return None
    allowed_ns = np.maximum(SILENT_NS, SILENT_PERIODS * tick.sensor_period_ns)
    # What is present without having arrived came late and is carried: a slow collector is no dropout.
    is_silent = layout.modelled & ~tick.present & (tick.silent_ns > allowed_ns)
    for name in lost_gpus:
        is_silent[layout.gpus[name]] = False
    if not is_silent.any() or not is_on(tick, layout):
        return None
    silent = np.flatnonzero(is_silent).tolist()
    of = int(layout.modelled.sum())
    is_most = 2 * len(silent) > of
    minutes = int(tick.silent_ns[silent].max()) // (60 * SECOND_NS)
    names = ", ".join(tick.sensors[i] for i in silent[:MOST_NAMED])
    if len(silent) > MOST_NAMED:
        names += f" and {len(silent) - MOST_NAMED} more"
    who = f"{len(silent)} of the {of} sensors of {tick.host}" if is_most else f"{names} of {tick.host}"
    detail = f" ({names})" if is_most else ""
    return Finding(
        kind="sensor",
        fault="sensor_dropout",
        severity="P2" if is_most else "P3",
        confidence=0.9,
        basis="evidence",
        diagnosis=f"{who} sent nothing for {minutes} min while the host goes on reporting{detail}.",
        evidence=tuple(
            Evidence(
                tick.sensors[i],
                tick.quantities[i],
                tick.units[i],
                NOT_KNOWN,
                six_digits(float(tick.usual[i])),
                "for",
            )
            for i in silent[: 2 * MOST_NAMED]
        ),
        actions=FAULTS["sensor_dropout"].actions,
    )
