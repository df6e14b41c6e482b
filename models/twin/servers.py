"""Servers in numbers: load and inlet air in; power, air flow and temperatures out.

utilization ─► socket power ─► junction temperature ─► fan duty ─► air flow ─┐
                    ▲                    ▲─────── resistance ◄───────────────┤
                    └─ leakage, throttle ┘          exhaust temperature ◄────┘   power supplies ─► power drawn

Equations and defaults: two lumped masses a socket and chassis, fan laws, 80 PLUS efficiency curves. Weak at
what depends on the place inside a chassis: every socket sees the same air, whichever rotor stopped.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.twin.conditions import FEEDS, Conditions
from models.twin.gpus import Gpus
from models.twin.hardware import Hardware
from models.twin.kinds import ONE_UNIT, TWO_UNITS, ServerKind
from models.twin.lag import approach, slowing
from models.twin.supplies import draw_input

__all__ = ["ONE_UNIT", "TWO_UNITS", "Conditions", "Hardware", "ServerKind", "Servers"]

Array = NDArray[np.float64]

AIR_J_PER_M3K = 1187.0  # ρ·cp of air at 25 °C
LEAKAGE_AT_C = 60.0  # where a socket leaks `leakage_w`
CURVE_EXPONENT = 1.4  # of g(u) = 2u − u^r, power against utilization (Fan et al., 2007)
FREQUENCY_EXPONENT = 2.2  # dynamic power against clock
FLOW_EXPONENT = -0.8  # convective resistance against air flow
MOST_RESISTANCE_K_W = 2.0  # natural convection takes over
PREHEAT_SHARE = 0.35  # of the other parts' heat that the sockets' air has taken up
FAN_BASE_SHARE = 0.04  # of a fan's full power, at any speed
DEAD_GAIN = 0.05  # a rotor below this share of its commanded speed moves no air
BACKFLOW = 0.35  # what the gap of a dead rotor costs the others
LOWEST_FREQUENCY = 0.4  # of thermal throttling
TRIP_ABOVE_K = 15.0  # over the throttle point: the machine switches itself off
STANDBY_W = 8.0  # of a machine that is off
STILL_BELOW = 0.06  # of the full air flow: heat creeps back to the inlet sensor
CASE_W_K = 2.0  # through the walls of a still machine
INSIDE_SHARE = 0.6  # of the chassis' mass that warms with the air at the inlet sensor
BOOT_S, BOOT_LOAD = 120.0, 0.25  # after power on
FULL_BLAST_S = 25.0  # of the fans, at the beginning of it


class Servers:
    """The state of H hosts, advanced in steps of a few seconds. All arrays start with (H,)."""

    def __init__(self, hardware: Hardware) -> None:
        self.hardware = hardware
        hosts = self.hosts = hardware.count
        self.gpus = Gpus(hardware)
        self.is_on, self.has_tripped = np.ones(hosts, bool), np.zeros(hosts, bool)
        self.has_current = np.ones(hosts, bool)
        self.boot_left_s = np.zeros(hosts)
        self.duty, self.integral = hardware.duty_min.copy(), np.zeros(hosts)
        self.frequency = np.ones((hosts, 2), order="F")
        self.clock = self.frequency  # the same, and what a power cap leaves
        self.load = np.zeros((hosts, 2), order="F")
        self.junction_c = np.full((hosts, 2), 45.0, order="F")
        self.memory_c, self.regulator_c = np.full(hosts, 35.0), np.full(hosts, 40.0)
        self.exhaust_c, self.inside_c = np.full(hosts, 32.0), np.full(hosts, 24.0)
        self.inlet_c = np.full(hosts, 24.0)
        self.speed = np.zeros(hardware.has_fan.shape, order="F")  # 0..1 of each rotor
        self.flow_m3_s, self.fan_w, self.other_w = np.zeros(hosts), np.zeros(hosts), np.zeros(hosts)
        self.socket_w = np.zeros((hosts, 2), order="F")
        self.output_w = np.zeros(hardware.has_supply.shape, order="F")
        self.input_w, self.supply_v = self.output_w.copy(order="F"), self.output_w.copy(order="F")
        self.power_w = np.zeros(hosts)  # drawn from the mains
        self._still = np.zeros(hosts)  # 1 = no fan moves the air
        self.feed_of = np.arange(hardware.has_supply.shape[1]) % FEEDS

    @property
    def rpm(self) -> Array:
        """(H, fans)"""
        return self.speed * self.hardware.rpm_max[:, None]

    def advance(self, conditions: Conditions, step_s: float) -> None:
        """One step; stable at any length, true to its time constants (≥ 30 s) up to about 10 s."""
        self.inlet_c = conditions.inlet_c.copy()
        share = conditions.supply_share * conditions.feed_ok[:, self.feed_of]  # (H, supplies)
        self.has_current = share.sum(axis=1) > 0
        self._switch(conditions, step_s)
        self._turn_fans(conditions, step_s)
        self._draw_power(conditions)
        self.gpus.draw_power(conditions, self.is_on)
        self._supply(conditions, share)
        self._warm(conditions, step_s)
        self._throttle(conditions, step_s)

    def _switch(self, conditions: Conditions, step_s: float) -> None:
        may_run = self.has_current & conditions.is_powered
        was_on, self.has_tripped = self.is_on, self.has_tripped & may_run
        self.is_on = may_run & ~self.has_tripped
        self.boot_left_s = np.maximum(self.boot_left_s - step_s, 0.0)
        starts = self.is_on & ~was_on
        if starts.any():
            self.boot_left_s[starts], self.frequency[starts], self.integral[starts] = BOOT_S, 1.0, 0.0
        self.load = conditions.utilization
        boots = self.boot_left_s > 0
        if boots.any():
            self.load = np.where(boots[:, None], BOOT_LOAD, self.load)

    def _turn_fans(self, conditions: Conditions, step_s: float) -> None:
        kind = self.hardware
        error_k = np.maximum(self.junction_c.max(axis=1) - kind.set_point_c, self.gpus.above_set_point_k())
        self.integral += kind.integral_per_k_s * error_k * step_s
        np.clip(self.integral, 0, 1 - kind.duty_min, out=self.integral)
        wanted = kind.duty_min + self.integral + kind.gain_per_k * np.maximum(error_k, 0)
        wanted += kind.inlet_gain_per_k * np.maximum(self.inside_c - kind.inlet_from_c, 0)
        wanted += conditions.duty_shift
        is_dead = (conditions.fan_gain < DEAD_GAIN) & kind.has_fan  # (H, fans)
        dead = is_dead.sum(axis=1)
        wanted = np.where(dead > 0, np.maximum(wanted, kind.fail_safe_duty), wanted)
        wanted[self.boot_left_s > BOOT_S - FULL_BLAST_S] = 1.0
        change = np.clip(wanted, kind.duty_min, 1.0) - self.duty
        self.duty += np.clip(change, -kind.duty_down_per_s * step_s, kind.duty_up_per_s * step_s)
        turning = conditions.fan_gain * (self.duty * self.is_on)[:, None]
        self.speed = np.where(is_dead, 0.0, turning)
        power = (self.speed * self.speed * self.speed).sum(axis=1)
        base = FAN_BASE_SHARE * kind.fans
        self.fan_w = self.is_on * kind.fan_w * (base + (1 - FAN_BASE_SHARE) * power)
        flow = kind.flow_max_m3_s * self.speed.sum(axis=1) / kind.fans * (1 - BACKFLOW * dead / kind.fans)
        flow *= conditions.flow_factor
        self._still = np.clip(1 - flow / (STILL_BELOW * kind.flow_max_m3_s), 0, 1)
        self.flow_m3_s = np.maximum(flow, kind.draught_m3_s)

    def _draw_power(self, conditions: Conditions) -> None:
        kind, load = self.hardware, self.load
        busy_w = (kind.full_socket_w - kind.idle_socket_w)[:, None] * (2 * load - load**CURVE_EXPONENT)
        leaking_k = self.junction_c - LEAKAGE_AT_C
        leaking_w = kind.leakage_w[:, None] * np.exp(kind.leakage_per_k[:, None] * leaking_k)
        static_w = (kind.idle_socket_w - kind.leakage_w)[:, None] + leaking_w
        clock = self._limited_clock(conditions, busy_w, static_w)
        slowed = np.flatnonzero((clock < 1).any(axis=1))
        if len(slowed):
            busy_w[slowed] *= clock[slowed] ** FREQUENCY_EXPONENT
        self.socket_w = (static_w + busy_w) * (self.is_on[:, None] & kind.has_socket)
        mean_load = (load * kind.has_socket).sum(axis=1) / kind.sockets
        self.other_w = np.where(self.is_on, kind.other_idle_w + kind.other_slope_w * mean_load, STANDBY_W)

    def _limited_clock(self, conditions: Conditions, busy_w: Array, static_w: Array) -> Array:
        """(H, 2) what is left of the clock under thermal throttling and a power cap; kept as `clock`."""
        self.clock = self.frequency
        capped = np.flatnonzero(np.isfinite(conditions.cap_w))
        if len(capped):
            self.clock = self.frequency.copy(order="F")
            left_w = conditions.cap_w[capped, None] - static_w[capped]
            share = np.clip(left_w / np.maximum(busy_w[capped], 1e-6), 0, 1)
            limit = np.clip(share ** (1 / FREQUENCY_EXPONENT), LOWEST_FREQUENCY, 1)
            self.clock[capped] = np.minimum(self.clock[capped], limit)
        return self.clock

    def _supply(self, conditions: Conditions, share: Array) -> None:
        needed_w = self.socket_w.sum(axis=1) + self.other_w + self.fan_w
        self.gpus.add_power(needed_w)
        total = share.sum(axis=1)
        self.output_w = share * (needed_w / np.where(total > 0, total, 1.0))[:, None]  # (H, supplies)
        efficiency = self.hardware.curves.efficiency(self.output_w / self.hardware.supply_w[:, None])
        self.input_w = draw_input(self.output_w, efficiency, conditions.efficiency_loss)
        self.power_w = self.input_w.sum(axis=1)
        self.supply_v = (conditions.mains_v * conditions.feed_ok)[:, self.feed_of]

    def _warm(self, conditions: Conditions, step_s: float) -> None:
        kind, still = self.hardware, self._still
        carries_w_k = AIR_J_PER_M3K * self.flow_m3_s + CASE_W_K * still
        self._warm_inlet(carries_w_k, step_s)
        convection = (self.flow_m3_s / kind.heatsink_flow_m3_s) ** FLOW_EXPONENT  # (H,)
        local_c = self.inside_c + PREHEAT_SHARE * self.other_w * (1 - still) / carries_w_k
        resistance = kind.junction_k_w[:, None] * conditions.resistance_factor
        resistance = np.minimum(resistance + (kind.heatsink_k_w * convection)[:, None], MOST_RESISTANCE_K_W)
        self.junction_c = approach(
            self.junction_c,
            local_c[:, None] + resistance * self.socket_w,
            resistance * kind.socket_j_k[:, None],
            step_s,
        )
        memory_k_w = kind.memory_k_w * convection * conditions.memory_factor
        self.memory_c = approach(
            self.memory_c,
            local_c + memory_k_w * kind.memory_share * self.other_w,
            memory_k_w * kind.memory_j_k,
            step_s,
        )
        regulator_k_w = kind.regulator_k_w * convection * conditions.regulator_factor
        lost_w = kind.regulator_share * self.socket_w.sum(axis=1)
        self.regulator_c = approach(
            self.regulator_c, local_c + regulator_k_w * lost_w, regulator_k_w * kind.regulator_j_k, step_s
        )
        self.gpus.warm(conditions, local_c, convection, step_s)
        self.exhaust_c = approach(
            self.exhaust_c, self.inlet_c + self.power_w / carries_w_k, kind.chassis_j_k / carries_w_k, step_s
        )

    def _warm_inlet(self, carries_w_k: Array, step_s: float) -> None:
        """Air at the inlet sensor is the room's; if nothing moves it, it takes up the heat inside."""
        warmer_k = self._still * self.power_w / carries_w_k
        time_s = self._still * INSIDE_SHARE * self.hardware.chassis_j_k / carries_w_k
        self.inside_c = approach(self.inside_c, self.inlet_c + warmer_k, np.maximum(time_s, 1e-3), step_s)

    def _throttle(self, conditions: Conditions, step_s: float) -> None:
        over_k = self.junction_c - (self.hardware.throttle_c + conditions.throttle_shift_k)[:, None]
        change = step_s * slowing(over_k)
        self.frequency = np.clip(self.frequency + change, LOWEST_FREQUENCY, 1.0)
        trip_c = (self.hardware.throttle_c + TRIP_ABOVE_K)[:, None]
        self.has_tripped |= (self.junction_c > trip_c).any(axis=1)
        self.gpus.throttle(step_s)
