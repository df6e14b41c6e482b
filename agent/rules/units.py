"""What a UPS or a PDU shows of the current that should come: mains that are gone, feeds that are dark."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agent.faults import FAULTS
from agent.findings import Evidence, Finding
from agent.rules.layout import Layout, observe, say, usual_or_peak
from agent.scored import ScoredTick

LEAST_V = 40.0  # of an input or phase that ever had voltage
LOW_MAINS = 0.88  # of the usual or highest input, while the battery gives
NO_MAINS = 0.8  # of the same, whatever the battery: no UPS passes that on
DARK = 0.2  # of a phase's voltage
BATTERY_FELL = 2.0  # points of charge below the highest


def find_unit_faults(tick: ScoredTick, layout: Layout) -> tuple[Finding | None, ...]:
    """The findings of one UPS or PDU; none for other hosts."""
    if not len(layout.mains) and not len(layout.phase_volts):
        return ()
    return _of_mains(tick, layout), _of_phases(tick, layout)


def find_moved_phases(tick: ScoredTick, layout: Layout, before: Sequence[float]) -> Finding | None:
    """Load that moved from some phases to another one, whose currents were `before` (agent/phases.py)."""
    if not len(before) or not tick.present[layout.phase_amps].all():
        return None
    columns = layout.phase_amps.tolist()
    now = tick.seen[columns]
    most = float(np.abs(now / max(float(now.mean()), 0.1) - 1).max())
    told = ", ".join(say(float(amps), "A") for amps in now)
    earlier = ", ".join(say(amps, "A") for amps in before)
    share = np.array(before) / max(sum(before), 0.1) * float(now.sum())
    evidence = [observe(tick, i, True, float(due)) for i, due in zip(columns, share, strict=True)]
    return _finding(
        "phase_imbalance", 0.8,
        f"Load moved between the phases of {tick.host}: they carry {told} (before: {earlier}), up to "
        f"{100 * most:.0f} % from their mean.", evidence,
    )  # fmt: skip


def _of_mains(tick: ScoredTick, layout: Layout) -> Finding | None:
    """A UPS whose input is too low to be passed on."""
    battery = layout.battery
    discharges = battery >= 0 and bool(tick.present[battery])
    discharges &= float(tick.seen[battery]) <= float(tick.peak[battery]) - BATTERY_FELL
    least = LOW_MAINS if discharges else NO_MAINS
    had = [int(i) for i in layout.mains if tick.arrived[i] and usual_or_peak(tick, int(i)) >= LEAST_V]
    low = [i for i in had if float(tick.seen[i]) < least * usual_or_peak(tick, i)]
    if not low:
        return None
    volts = say(min(float(tick.seen[i]) for i in low), "V")
    usual = say(usual_or_peak(tick, low[0]), "V")
    evidence = [observe(tick, i, True, usual_or_peak(tick, i)) for i in low]
    charge = ""
    if battery >= 0 and tick.present[battery]:
        charge = f", and its battery is at {say(float(tick.seen[battery]), '%')}"
        evidence.append(observe(tick, battery, discharges, float(tick.peak[battery])))
    return _finding(
        "ups_on_battery", 0.95 if discharges else 0.8,
        f"The input of {tick.host} is at {volts} (usual {usual}){charge}.", evidence,
    )  # fmt: skip


def _of_phases(tick: ScoredTick, layout: Layout) -> Finding | None:
    """Phases without voltage on a unit that still reports."""
    had = [int(i) for i in layout.phase_volts if tick.arrived[i] and usual_or_peak(tick, int(i)) >= LEAST_V]
    dark = [i for i in had if float(tick.seen[i]) < DARK * usual_or_peak(tick, i)]
    if not dark:
        return None
    names = ", ".join(tick.sensors[i].removesuffix("_v") for i in dark)
    verb = "have" if len(dark) > 1 else "has"
    evidence = [observe(tick, i, i in dark, usual_or_peak(tick, i)) for i in (*dark, *had)]
    return _finding(
        "feed_loss", 0.95, f"{names} of {tick.host} {verb} no voltage: what hangs there has lost this feed.",
        list(dict.fromkeys(evidence)),
    )  # fmt: skip


def _finding(fault: str, confidence: float, text: str, evidence: list[Evidence]) -> Finding:
    told = FAULTS[fault]
    return Finding(
        "condition", fault, told.severity, confidence, "evidence", text, tuple(evidence), told.actions
    )
