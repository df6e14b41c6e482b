"""A power supply that delivers nothing while its twin carries the load."""

from __future__ import annotations

import math

import numpy as np

from agent.faults import FAULTS
from agent.findings import Finding
from agent.rules.layout import Layout, is_off, observe, say, usual_or_peak
from agent.scored import ScoredTick

DEAD_SHARE = 0.05  # of its usual power
NOTHING_W = 2.0  # what a dead one may show where nothing is usual yet: a sleeping hot spare draws 5–15 W
WORKING_W = 20.0  # what a supply must have carried to be missed
TAKEN_OVER = 1.2  # a twin carries this much of its usual once it is alone
STILL_RUNS = 0.6  # the host still draws this much of its usual
CARRIES_ALL = 0.7  # of the host's own meter: less, and it is the dead supply's meter that fails
SHARED = 0.3  # of what the others carry now: what a supply must have carried, where nothing is usual yet
LOW_SHARE = 0.25  # of the highest: above all shares below which a supply counts as dead
NO_INPUT_SHARE = 0.2  # of the highest input voltage
LEAST_INPUT_V = 40.0  # 48 V plants have the lowest input


def find_dead_supplies(tick: ScoredTick, layout: Layout) -> Finding | None:
    """One finding of all supplies without power, None while the others do not carry for them."""
    if len(layout.supplies) < 2 or not _is_any_low(tick, layout):
        return None
    arrived = {name: _arrived(tick, columns) for name, columns in layout.supplies.items()}
    without_input = [name for name, columns in arrived.items() if _has_no_input(tick, layout, name, columns)]
    dead = [name for name, columns in arrived.items() if name in without_input or _is_dead(tick, columns)]
    living = [
        name
        for name, columns in arrived.items()
        if name not in dead and any(float(tick.seen[i]) >= WORKING_W for i in columns)
    ]
    if not dead or not living or is_off(tick, layout):
        return None  # both at nothing: the host is off
    has_taken_over = any(
        float(tick.seen[i]) >= TAKEN_OVER * float(tick.usual[i]) for name in living for i in arrived[name]
    )
    if not without_input and not _carry_all(tick, layout, arrived, dead, living, has_taken_over):
        return None
    dead_columns = [i for name in dead for i in arrived[name]]
    living_columns = [i for name in living for i in arrived[name]]
    carries = sum(max(float(tick.seen[i]) for i in arrived[name]) for name in living)
    evidence = [observe(tick, i, True, usual_or_peak(tick, i)) for i in dead_columns[:3]]
    # With its input there the supply failed; without it perhaps only the feed.
    inputs = [layout.inputs[name] for name in dead if name in layout.inputs]
    evidence += [
        observe(tick, i, _is_voltage_gone(tick, i), usual_or_peak(tick, i)) for i in inputs if tick.arrived[i]
    ]
    for i in living_columns[:3]:
        is_more = float(tick.seen[i]) >= TAKEN_OVER * usual_or_peak(tick, i)
        evidence.append(observe(tick, i, is_more or float(tick.seen[i]) >= float(tick.peak[i])))
    if layout.host_power >= 0 and tick.arrived[layout.host_power]:
        evidence.append(observe(tick, layout.host_power, _still_runs(tick, layout)))
    dead_names = ", ".join(f"PSU{name}" for name in dead)
    living_names = ", ".join(f"PSU{name}" for name in living)
    verb = "deliver" if len(dead) > 1 else "delivers"
    carry = "carry" if len(living) > 1 else "carries"
    delivers = say(max((float(tick.seen[i]) for i in dead_columns), default=0.0), "W")
    if without_input:
        volts = min(float(tick.seen[layout.inputs[name]]) for name in without_input)
        delivers += f" (input {say(volts, 'V')})"
    lost = "redundancy is lost" if len(living) == 1 else f"{len(living)} supplies are left"
    return Finding(
        kind="condition",
        fault="psu_failure",
        severity="P1" if len(living) == 1 else "P2",
        confidence=0.95 if has_taken_over or without_input else 0.8,
        basis="evidence",
        diagnosis=f"{dead_names} of {tick.host} {verb} {delivers} while {living_names} {carry} "
        f"{say(carries, 'W')}; {lost}.",
        evidence=tuple(evidence),
        actions=FAULTS["psu_failure"].actions,
    )


def _is_any_low(tick: ScoredTick, layout: Layout) -> bool:
    """Whether a closer look is worth it: some meter of a supply is near the bottom of its range."""
    columns = layout.supply_columns
    return bool((tick.seen[columns] < LOW_SHARE * np.fmax(tick.peak[columns], tick.usual[columns])).any())


def _arrived(tick: ScoredTick, columns: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(i for i in columns if tick.arrived[i])


def _is_dead(tick: ScoredTick, columns: tuple[int, ...]) -> bool:
    """Whether every meter of a supply that used to carry load shows next to nothing."""
    worked = [i for i in columns if float(tick.peak[i]) >= WORKING_W and usual_or_peak(tick, i) >= WORKING_W]
    return bool(worked) and all(float(tick.seen[i]) <= _nothing_w(tick, i) for i in columns)


def _nothing_w(tick: ScoredTick, i: int) -> float:
    usual = float(tick.usual[i])
    return DEAD_SHARE * max(usual, WORKING_W) if math.isfinite(usual) else NOTHING_W


def _has_no_input(tick: ScoredTick, layout: Layout, name: str, columns: tuple[int, ...]) -> bool:
    i = layout.inputs.get(name, -1)
    delivers = any(float(tick.seen[c]) >= WORKING_W for c in columns)  # then the voltage is what is wrong
    return i >= 0 and bool(tick.arrived[i]) and _is_voltage_gone(tick, i) and not delivers


def _is_voltage_gone(tick: ScoredTick, i: int) -> bool:
    peak = float(tick.peak[i])
    return peak >= LEAST_INPUT_V and float(tick.seen[i]) < NO_INPUT_SHARE * peak


def _carry_all(
    tick: ScoredTick,
    layout: Layout,
    arrived: dict[str, tuple[int, ...]],
    dead: list[str],
    living: list[str],
    has_taken_over: bool,
) -> bool:
    """Whether the living do what the dead did: else it is a meter that failed, or the load that fell."""
    carried_w = sum(max(float(tick.seen[i]) for i in arrived[name]) for name in living)
    meter = layout.host_power
    if meter >= 0 and tick.arrived[meter] and carried_w < CARRIES_ALL * float(tick.seen[meter]):
        return False
    if has_taken_over or _still_runs(tick, layout):
        return True
    if any(math.isfinite(float(tick.usual[i])) for name in living for i in arrived[name]):
        return False
    shared_w = max(float(tick.peak[i]) for name in dead for i in arrived[name])
    return shared_w >= SHARED * carried_w


def _still_runs(tick: ScoredTick, layout: Layout) -> bool:
    i = layout.host_power
    if i < 0 or not tick.arrived[i]:
        return False
    usual = usual_or_peak(tick, i)
    return usual > 0 and float(tick.seen[i]) >= STILL_RUNS * usual
