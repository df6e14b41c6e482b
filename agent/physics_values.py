"""What a tick's readings say of each physical channel, before anything is expected of it.

tick ─► running: is it on, how fast do its fans turn, what does it draw
     ─► log_loads: what heats or loads each channel now
     ─► values_of: y of each channel, and where it is worth something
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.physics_channels import MARGIN_ZERO_C, Channels
from agent.scored import ScoredTick

LEAST_W = 25.0
GIVEN_SHARE = 0.93  # of the power that supplies take
LEAST_A = 3.0
LEAST_DUTY = 0.05  # of the fan of a cooling unit that runs
LEAST_RISE_K = 3.0
LEAST_SHARE = 0.08  # of the load: a supply that carries less is at rest
LEAST_PHASE = 0.1  # of the mean current
STANDS_STILL = 0.5  # of the median speed

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Running:
    """How a machine runs. `power_w` is NaN where it is not known."""

    power_w: float
    speed: float  # median of its fans, in their unit; 1 without any
    has_fans: bool
    turns: bool  # all its fans do
    is_on: bool


def running(tick: ScoredTick, channels: Channels) -> Running:
    """Whether a machine is on, what it draws and how its fans turn."""
    seen, present = tick.seen, tick.present
    is_known = len(channels.power) > 0 and bool(present[channels.power].all())
    power_w = float(seen[channels.power].sum()) if is_known else math.nan
    speeds = seen[channels.fan_columns]
    speed = median(speeds) if len(speeds) else 1.0
    turns = len(speeds) > 0 and bool(present[channels.fan_columns].all()) and speed > 0
    turns = turns and bool(speeds.min() >= STANDS_STILL * speed)
    is_on = speed >= LEAST_DUTY if channels.cools else power_w >= LEAST_W or not len(channels.power)
    return Running(power_w, speed, len(speeds) > 0, turns, is_on)


def log_loads(tick: ScoredTick, channels: Channels, run: Running) -> Array:
    """(J,) logarithm of what loads each channel now; NaN where it did not arrive.

    A carried meter is not this moment's: a load that came with a reading that went missing.
    """
    seen, arrived, thermal = tick.seen, tick.arrived, channels.thermal
    newest_w = run.power_w if arrived[channels.power].all() else math.nan
    load_w = np.full(len(channels.roles), newest_w)
    load_w[channels.levels] = 1.0
    if len(thermal):
        own, rest_w = channels.own_power, newest_w
        if len(channels.gpu_power):
            drawn_w = float(seen[channels.gpu_power].sum())
            has_arrived = bool(arrived[channels.gpu_power].all())
            rest_w = GIVEN_SHARE * newest_w - drawn_w if has_arrived else math.nan
        load_w[thermal] = np.where(channels.is_exhaust, newest_w, rest_w)
        own_w = np.where(arrived[own], seen[own], np.nan)
        load_w[thermal] = np.where(own >= 0, own_w, load_w[thermal])
    if channels.work >= 0:
        load_w[channels.work] = math.exp(float(seen[channels.utilization]))
    with np.errstate(invalid="ignore"):
        return np.asarray(np.log(np.maximum(load_w, 1.0)))


def values_of(tick: ScoredTick, channels: Channels, run: Running, is_level: Flags) -> tuple[Array, Flags]:
    """(J,) y, and where it is worth something; `is_level` (J,) where the load is not on its way."""
    y, ok = np.zeros(len(channels.roles)), np.zeros(len(channels.roles), bool)
    if len(channels.thermal):
        _put_rises(tick, channels, run, is_level, y, ok)
    if len(channels.fans):
        speeds = tick.seen[channels.columns[channels.fans]]
        y[channels.fans] = np.log(np.maximum(speeds, 1e-3) / max(run.speed, 1e-3))
        ok[channels.fans] = tick.arrived[channels.columns[channels.fans]] & run.turns
    if len(channels.shares) or len(channels.efficiency):
        _put_supplies(tick, channels, y, ok)
    if len(channels.phases):
        amps = tick.seen[channels.columns[channels.phases]]
        y[channels.phases] = amps / max(float(amps.sum()), 0.1)
        is_loaded = amps.mean() >= LEAST_A and amps.min() > LEAST_PHASE * amps.mean()
        ok[channels.phases] = bool(tick.arrived[channels.columns[channels.phases]].all()) and is_loaded
    if len(channels.levels):
        y[channels.levels] = tick.seen[channels.columns[channels.levels]]
        ok[channels.levels] = tick.arrived[channels.columns[channels.levels]]
        ok[channels.groups["air"]] &= run.turns or not run.has_fans
    if channels.work >= 0 and not math.isnan(run.power_w):
        cards_w = float(tick.seen[channels.gpu_power].sum()) if len(channels.gpu_power) else 0.0
        y[channels.work] = math.log(max(run.power_w - cards_w, 1.0))
        ok[channels.work] = bool(tick.present[channels.utilization])
    if channels.clock >= 0:
        at = channels.columns[channels.clock]
        y[channels.clock] = math.log(max(float(tick.seen[at]), 1.0))
        ok[channels.clock] = bool(tick.arrived[at]) and float(tick.seen[at]) > 0
    return y, ok


def median(values: Array) -> float:
    """Of a few values; numpy's takes ten times as long."""
    ordered: list[float] = sorted(values.tolist())
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def rises_of(tick: ScoredTick, channels: Channels) -> Array:
    """(n,) by how much each thermal channel is warmer than the air that comes in, K."""
    value = tick.seen[channels.columns[channels.thermal]]
    value = np.where(channels.is_margin, MARGIN_ZERO_C - np.abs(value), value)
    return np.asarray(value - float(tick.seen[channels.inlet]))


def _put_rises(
    tick: ScoredTick, channels: Channels, run: Running, is_level: Flags, y: Array, ok: Flags
) -> None:
    thermal, twins, cpus = channels.thermal, channels.groups["twin"], channels.groups["cpu"]
    rise = rises_of(tick, channels)
    y[thermal] = np.log(np.maximum(rise, 1.0))
    ok[thermal] = tick.arrived[channels.columns[thermal]] & (rise >= LEAST_RISE_K) & is_level[thermal]
    ok[thermal] &= bool(tick.present[channels.inlet]) and (run.turns or not run.has_fans)
    if len(twins):
        y[twins] = (y[cpus] - y[cpus].mean()) * len(cpus) / (len(cpus) - 1)
        ok[twins] = ok[cpus].all()


def _put_supplies(tick: ScoredTick, channels: Channels, y: Array, ok: Flags) -> None:
    shares, efficiency = channels.columns[channels.shares], channels.columns[channels.efficiency]
    if len(shares):
        parts = tick.seen[shares]
        whole = float(parts.sum())
        y[channels.shares] = parts / max(whole, 1.0)
        ok[channels.shares] = bool(tick.arrived[shares].all()) and parts.min() > LEAST_SHARE * whole
    if len(efficiency):
        ratio = tick.seen[channels.given] / np.maximum(tick.seen[efficiency], 1.0)
        y[channels.efficiency] = np.log(np.maximum(ratio, 0.01))
        has_arrived = tick.arrived[efficiency] & tick.arrived[channels.given]
        ok[channels.efficiency] = has_arrived & (ratio > 0.5) & (ratio < 1.0)
