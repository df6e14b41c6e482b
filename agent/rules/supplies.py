"""A power supply that delivers nothing while its twin carries the load."""

from __future__ import annotations

from agent.faults import FAULTS
from agent.findings import Finding
from agent.rules.layout import Layout, observe, say, usual_or_peak
from agent.scored import ScoredTick

DEAD_SHARE = 0.05  # of its usual power
WORKING_W = 20.0  # what a supply must have carried to be missed
TAKEN_OVER = 1.5  # a twin carries this much of its usual once it is alone
STILL_RUNS = 0.6  # the host still draws this much of its usual


def find_dead_supplies(tick: ScoredTick, layout: Layout) -> Finding | None:
    """One finding of all supplies without power, None while the others do not carry for them."""
    if len(layout.supplies) < 2:
        return None
    arrived = {name: _arrived(tick, columns) for name, columns in layout.supplies.items()}
    dead = [name for name, columns in arrived.items() if _is_dead(tick, columns)]
    living = [
        name
        for name, columns in arrived.items()
        if name not in dead and any(float(tick.seen[i]) >= WORKING_W for i in columns)
    ]
    if not dead or not living:
        return None  # both at nothing: the host is off
    has_taken_over = any(
        float(tick.seen[i]) >= TAKEN_OVER * float(tick.usual[i]) for name in living for i in arrived[name]
    )
    if not has_taken_over and not _still_runs(tick, layout):
        return None
    dead_columns = [i for name in dead for i in arrived[name]]
    living_columns = [i for name in living for i in arrived[name]]
    carries = sum(max(float(tick.seen[i]) for i in arrived[name]) for name in living)
    evidence = [observe(tick, i, True, usual_or_peak(tick, i)) for i in dead_columns[:3]]
    for i in living_columns[:3]:
        is_more = float(tick.seen[i]) >= TAKEN_OVER * usual_or_peak(tick, i)
        evidence.append(observe(tick, i, is_more or float(tick.seen[i]) >= float(tick.peak[i])))
    if layout.host_power >= 0 and tick.arrived[layout.host_power]:
        evidence.append(observe(tick, layout.host_power, _still_runs(tick, layout)))
    dead_names = ", ".join(f"PSU{name}" for name in dead)
    living_names = ", ".join(f"PSU{name}" for name in living)
    verb = "deliver" if len(dead) > 1 else "delivers"
    carry = "carry" if len(living) > 1 else "carries"
    delivers = say(max(float(tick.seen[i]) for i in dead_columns), "W")
    lost = "redundancy is lost" if len(living) == 1 else f"{len(living)} supplies are left"
    return Finding(
        kind="condition",
        fault="psu_failure",
        severity="P1" if len(living) == 1 else "P2",
        confidence=0.95 if has_taken_over else 0.8,
        basis="evidence",
        diagnosis=f"{dead_names} of {tick.host} {verb} {delivers} while {living_names} {carry} "
        f"{say(carries, 'W')}; {lost}.",
        evidence=tuple(evidence),
        actions=FAULTS["psu_failure"].actions,
    )


def _arrived(tick: ScoredTick, columns: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(i for i in columns if tick.arrived[i])


def _is_dead(tick: ScoredTick, columns: tuple[int, ...]) -> bool:
    """Whether every meter of a supply that used to carry load shows next to nothing."""
    worked = [i for i in columns if float(tick.peak[i]) >= WORKING_W and usual_or_peak(tick, i) >= WORKING_W]
    return bool(worked) and all(
        float(tick.seen[i]) < DEAD_SHARE * max(usual_or_peak(tick, i), WORKING_W) for i in columns
    )


def _still_runs(tick: ScoredTick, layout: Layout) -> bool:
    i = layout.host_power
    if i < 0 or not tick.arrived[i]:
        return False
    usual = usual_or_peak(tick, i)
    return usual > 0 and float(tick.seen[i]) >= STILL_RUNS * usual
