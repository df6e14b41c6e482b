"""The air that a machine's fans move, from the heat it carries away: physics, not training.

    flow ≈ power / (exhaust − inlet),   κ = flow / fan speed,   here as a share of the machine's usual κ

Load, warm air and faster fans leave κ where it is; what stands in the way of the air takes it down. Power is
delayed as the exhaust is, so that a load that ends does not look like a blocked filter. Blind without an
inlet, an exhaust, fans and power, or where the exhaust thermometer is not in the warm air.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from agent.rules.layout import Layout
from agent.scored import ScoredTick
from agent.sensors import SECOND_NS

EXHAUST_LAG_S = 150.0  # the chassis: heat capacity over what the air carries
SMOOTH_S = 120.0  # meters of 1 °C say little at a time
LEAST_RISE_K = 5.0  # usually, through the machine: with less the quotient is noise
LEAST_W = 50.0
LOW, CLEAR = 0.65, 0.75  # of the usual κ: where a finding begins and where it ends
HELD_NS = 240 * SECOND_NS
GAP_S = 600.0  # after a longer one the filters begin anew
STANDS_STILL = 0.5  # of the median speed: then it is a fan and not its air


@dataclass(slots=True)
class AirFlow:
    """Two filters and how long κ has been low; a part of the host's state."""

    time_ns: int = 0
    power_w: float = math.nan  # delayed as the exhaust temperature is
    log_share: float = math.nan  # smoothed log of κ over the usual one
    low_since_ns: int = 0  # 0: it is not

    def update(self, tick: ScoredTick, layout: Layout) -> float:
        """κ as a share of its usual value where that has been low for minutes, else NaN."""
        if layout.inlet < 0 or layout.exhaust < 0 or not layout.fans:
            return math.nan
        elapsed_s = (tick.time_ns - self.time_ns) / SECOND_NS if self.time_ns else math.inf
        self.time_ns = tick.time_ns
        power_w, usual_w = _power(tick, layout)
        if math.isfinite(power_w):
            self.power_w = _follow(self.power_w, power_w, elapsed_s, EXHAUST_LAG_S)
        share = self._share(tick, layout, usual_w)
        if math.isnan(share):
            if elapsed_s > GAP_S:
                self.low_since_ns, self.log_share = 0, math.nan
            return math.nan
        self.log_share = _follow(self.log_share, math.log(share), elapsed_s, SMOOTH_S)
        smooth = math.exp(self.log_share)
        if smooth > (CLEAR if self.low_since_ns else LOW):
            self.low_since_ns = 0
        elif not self.low_since_ns:
            self.low_since_ns = tick.time_ns
        is_held = self.low_since_ns > 0 and tick.time_ns - self.low_since_ns >= HELD_NS
        return smooth if is_held else math.nan

    def _share(self, tick: ScoredTick, layout: Layout, usual_w: float) -> float:
        """κ of this tick over the usual one; NaN where something is missing or a fan stands still."""
        inlet, exhaust, fans = layout.inlet, layout.exhaust, layout.fan_columns
        if not (tick.present[inlet] and tick.present[exhaust] and tick.present[fans].all()):
            return math.nan
        usual_rise_k = float(tick.usual[exhaust] - tick.usual[inlet])
        speed, usual_speed = float(np.median(tick.seen[fans])), float(np.median(tick.usual[fans]))
        known = usual_rise_k >= LEAST_RISE_K and usual_w >= LEAST_W and usual_speed > 0
        if not known or self.power_w < LEAST_W or tick.seen[fans].min() < STANDS_STILL * speed or speed <= 0:
            return math.nan
        rise_k = max(float(tick.seen[exhaust] - tick.seen[inlet]), 1.0)
        return (self.power_w / rise_k / speed) / (usual_w / usual_rise_k / usual_speed)


def _power(tick: ScoredTick, layout: Layout) -> tuple[float, float]:
    """What the machine draws and usually draws, in W: by its own meter, else by its supplies' inputs."""
    if layout.host_power >= 0:
        columns: tuple[int, ...] = (layout.host_power,)
    else:
        columns = layout.supply_inputs
    if not columns or not tick.present[list(columns)].all():
        return math.nan, math.nan
    return float(tick.seen[list(columns)].sum()), float(tick.usual[list(columns)].sum())


def _follow(value: float, target: float, elapsed_s: float, time_s: float) -> float:
    if math.isnan(value) or elapsed_s > GAP_S:
        return target
    return value + (target - value) * -math.expm1(-elapsed_s / time_s)
