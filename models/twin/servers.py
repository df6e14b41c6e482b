"""A group of servers of one kind: load and inlet air in; power, air flow and temperatures out.

utilization ─► socket power ─► junction temperature ─► fan duty ─► air flow ─┐
                    ▲                    ▲─────── resistance ◄───────────────┤
                    └─ leakage, throttle ┘          exhaust temperature ◄────┘   power supplies ─► power drawn

Equations and defaults: two lumped masses a socket and chassis, fan laws, an 80 PLUS efficiency curve. Weak at
what depends on the place inside a chassis: every socket sees the same air, whichever rotor stopped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SOCKETS = SUPPLIES = 2
AIR_J_PER_M3K = 1187.0  # ρ·cp of air at 25 °C
LEAKAGE_AT_C = 60.0  # where a socket leaks `leakage_w`
CURVE_EXPONENT = 1.4  # of g(u) = 2u − u^r, power against utilization (Fan et al., 2007)
FREQUENCY_EXPONENT = 2.2  # dynamic power against clock
FLOW_EXPONENT = -0.8  # convective resistance against air flow
MOST_RESISTANCE_K_W = 2.0  # natural convection takes over
NATURAL_FLOW_M3_S = 0.002  # draught through a machine whose fans stand still
PREHEAT_SHARE = 0.35  # of the other parts' heat that the sockets' air has taken up
FAN_BASE_SHARE = 0.04  # of a fan's full power, at any speed
DEAD_GAIN = 0.05  # a rotor below this share of its commanded speed moves no air
BACKFLOW = 0.35  # what the gap of a dead rotor costs the others
SLOW_DOWN_PER_S, SPEED_UP_PER_S, LOWEST_FREQUENCY = 0.04, 0.01, 0.4  # thermal throttling
TRIP_ABOVE_K = 15.0  # over the throttle point: the machine switches itself off
STANDBY_W = 8.0  # of a machine that is off
_LOADS = np.array([0.0, 0.05, 0.10, 0.20, 0.50, 1.0])  # of a supply's rating
_EFFICIENCIES = np.array([0.60, 0.80, 0.87, 0.90, 0.94, 0.91])  # 80 PLUS Platinum at 230 V


@dataclass(frozen=True, slots=True)
class ServerKind:
    """A hardware model. The defaults are a 2U machine of two sockets: 171 W idle, 551 W at full load."""

    name: str = "2u"
    idle_socket_w: float = 38.0
    full_socket_w: float = 185.0
    other_idle_w: float = 70.0  # memory, disks, network, board
    other_slope_w: float = 50.0
    leakage_w: float = 14.0
    leakage_per_k: float = 0.012  # with the rest: +0.2 to 0.4 % of power a K of inlet
    fans: int = 6
    fan_w: float = 22.0
    rpm_max: float = 14_000.0
    flow_max_m3_s: float = 0.085
    duty_min: float = 0.25
    set_point_c: float = 68.0  # of the hottest junction
    inlet_from_c: float = 22.0  # above it the duty follows the inlet
    inlet_gain_per_k: float = 0.022
    gain_per_k: float = 0.012
    integral_per_k_s: float = 0.0006
    duty_up_per_s: float = 0.05
    duty_down_per_s: float = 0.01
    fail_safe_duty: float = 0.0  # at least this once a rotor is dead; 0 = the controller does nothing special
    junction_k_w: float = 0.13
    heatsink_k_w: float = 0.105  # at `heatsink_flow_m3_s`
    heatsink_flow_m3_s: float = 0.03
    socket_j_k: float = 230.0
    chassis_j_k: float = 5_000.0
    throttle_c: float = 92.0
    supply_w: float = 800.0
    memory_share: float = 0.25  # of the other parts' power
    memory_k_w: float = 0.5
    memory_j_k: float = 180.0
    regulator_share: float = 0.07  # of the sockets' power, lost on its way to them
    regulator_k_w: float = 0.9
    regulator_j_k: float = 60.0


TWO_UNITS = ServerKind()
ONE_UNIT = ServerKind(  # eight small fast fans, and a controller that raises all of them for a dead one
    name="1u", idle_socket_w=34.0, full_socket_w=165.0, other_idle_w=58.0, other_slope_w=42.0,
    fans=8, fan_w=15.0, rpm_max=18_000.0, flow_max_m3_s=0.068, duty_min=0.28, set_point_c=70.0,
    fail_safe_duty=0.6, junction_k_w=0.14, heatsink_k_w=0.12, socket_j_k=200.0, chassis_j_k=3_600.0,
    supply_w=750.0,
)  # fmt: skip


@dataclass(slots=True)
class Conditions:
    """What acts on a group of servers during a step; 1 and 0 are the healthy values."""

    utilization: Array  # (hosts, 2) 0..1
    inlet_c: Array  # (hosts,)
    fan_gain: Array  # (hosts, fans) speed against command; 0 = a dead rotor
    flow_factor: Array  # (hosts,) 1 = nothing in the way of the air
    resistance_factor: Array  # (hosts, 2) of the path from junction to heat sink
    supply_share: Array  # (hosts, 2) of the power that each supply delivers; 0 = failed

    @classmethod
    def healthy(cls, kind: ServerKind, hosts: int) -> Conditions:
        """Idle machines in air of 24 °C, nothing wrong."""
        return cls(
            utilization=np.zeros((hosts, SOCKETS)),
            inlet_c=np.full(hosts, 24.0),
            fan_gain=np.ones((hosts, kind.fans)),
            flow_factor=np.ones(hosts),
            resistance_factor=np.ones((hosts, SOCKETS)),
            supply_share=np.full((hosts, SUPPLIES), 1.0 / SUPPLIES),
        )

    def copy(self) -> Conditions:
        """The same, for faults to change."""
        return Conditions(
            self.utilization.copy(), self.inlet_c.copy(), self.fan_gain.copy(), self.flow_factor.copy(),
            self.resistance_factor.copy(), self.supply_share.copy(),
        )  # fmt: skip


class Servers:
    """The state of a group of servers, advanced in steps of a few seconds. All arrays start with (hosts,)."""

    def __init__(self, kind: ServerKind, hosts: int) -> None:
        self.kind, self.hosts = kind, hosts
        self.is_on = np.ones(hosts, bool)
        self.duty = np.full(hosts, kind.duty_min)
        self.integral = np.zeros(hosts)
        self.frequency = np.ones((hosts, SOCKETS))
        self.junction_c = np.full((hosts, SOCKETS), 45.0)
        self.memory_c, self.regulator_c = np.full(hosts, 35.0), np.full(hosts, 40.0)
        self.exhaust_c = np.full(hosts, 32.0)
        self.inlet_c = np.full(hosts, 24.0)
        self.rpm = np.zeros((hosts, kind.fans))
        self.flow_m3_s = np.zeros(hosts)
        self.socket_w = np.zeros((hosts, SOCKETS))
        self.fan_w = np.zeros(hosts)
        self.output_w, self.input_w = np.zeros((hosts, SUPPLIES)), np.zeros((hosts, SUPPLIES))

    @property
    def power_w(self) -> Array:
        """(hosts,) drawn from the mains."""
        drawn_w: Array = self.input_w.sum(axis=1)
        return drawn_w

    def advance(self, conditions: Conditions, step_s: float) -> None:
        """One step; stable at any length, true to its time constants (≥ 30 s) up to about 10 s."""
        self.inlet_c = conditions.inlet_c
        self.is_on &= (conditions.supply_share > 0).any(axis=1)
        self._turn_fans(conditions, step_s)
        other_w = self._draw_power(conditions)
        self._supply(conditions, self.socket_w.sum(axis=1) + other_w + self.fan_w)
        self._warm(conditions, other_w, step_s)
        self._throttle(step_s)

    def _turn_fans(self, conditions: Conditions, step_s: float) -> None:
        kind = self.kind
        error_k = self.junction_c.max(axis=1) - kind.set_point_c
        self.integral = np.clip(
            self.integral + kind.integral_per_k_s * error_k * step_s, 0, 1 - kind.duty_min
        )
        wanted = kind.duty_min + self.integral + kind.gain_per_k * np.maximum(error_k, 0)
        wanted += kind.inlet_gain_per_k * np.maximum(self.inlet_c - kind.inlet_from_c, 0)
        is_dead = conditions.fan_gain < DEAD_GAIN  # (hosts, fans)
        dead = is_dead.sum(axis=1)
        wanted = np.where(dead > 0, np.maximum(wanted, kind.fail_safe_duty), wanted)
        change = np.clip(wanted, kind.duty_min, 1.0) - self.duty
        self.duty = self.duty + np.clip(change, -kind.duty_down_per_s * step_s, kind.duty_up_per_s * step_s)
        speed = np.where(is_dead | ~self.is_on[:, None], 0.0, self.duty[:, None] * conditions.fan_gain)
        self.rpm = kind.rpm_max * speed
        self.fan_w = self.is_on * kind.fan_w * (FAN_BASE_SHARE + (1 - FAN_BASE_SHARE) * speed**3).sum(axis=1)
        flow = kind.flow_max_m3_s * speed.mean(axis=1) * (1 - BACKFLOW * dead / kind.fans)
        self.flow_m3_s = np.maximum(flow * conditions.flow_factor, NATURAL_FLOW_M3_S)

    def _draw_power(self, conditions: Conditions) -> Array:
        """Sets the sockets' power, (hosts, 2), and returns that of all else but the fans, (hosts,)."""
        kind, load = self.kind, conditions.utilization
        curve = 2 * load - load**CURVE_EXPONENT
        busy_w = (kind.full_socket_w - kind.idle_socket_w) * curve * self.frequency**FREQUENCY_EXPONENT
        leaking_w = kind.leakage_w * np.exp(kind.leakage_per_k * (self.junction_c - LEAKAGE_AT_C))
        self.socket_w = self.is_on[:, None] * (kind.idle_socket_w - kind.leakage_w + busy_w + leaking_w)
        other_w = kind.other_idle_w + kind.other_slope_w * load.mean(axis=1)
        return np.where(self.is_on, other_w, STANDBY_W)

    def _supply(self, conditions: Conditions, needed_w: Array) -> None:
        share = conditions.supply_share
        total = share.sum(axis=1, keepdims=True)
        self.output_w = needed_w[:, None] * share / np.where(total > 0, total, 1.0)  # (hosts, 2)
        efficiency = np.interp(self.output_w / self.kind.supply_w, _LOADS, _EFFICIENCIES)
        self.input_w = self.output_w / efficiency

    def _warm(self, conditions: Conditions, other_w: Array, step_s: float) -> None:
        kind, carries_w_k = self.kind, AIR_J_PER_M3K * self.flow_m3_s
        convection = (self.flow_m3_s / kind.heatsink_flow_m3_s) ** FLOW_EXPONENT  # (hosts,)
        local_c = self.inlet_c + PREHEAT_SHARE * other_w / carries_w_k
        resistance = (
            kind.junction_k_w * conditions.resistance_factor + kind.heatsink_k_w * convection[:, None]
        )
        resistance = np.minimum(resistance, MOST_RESISTANCE_K_W)  # (hosts, 2)
        self.junction_c = _approach(
            self.junction_c,
            local_c[:, None] + resistance * self.socket_w,
            resistance * kind.socket_j_k,
            step_s,
        )
        memory_k_w, regulator_k_w = kind.memory_k_w * convection, kind.regulator_k_w * convection
        self.memory_c = _approach(
            self.memory_c,
            local_c + memory_k_w * kind.memory_share * other_w,
            memory_k_w * kind.memory_j_k,
            step_s,
        )
        lost_w = kind.regulator_share * self.socket_w.sum(axis=1)
        self.regulator_c = _approach(
            self.regulator_c, local_c + regulator_k_w * lost_w, regulator_k_w * kind.regulator_j_k, step_s
        )
        self.exhaust_c = _approach(
            self.exhaust_c, self.inlet_c + self.power_w / carries_w_k, kind.chassis_j_k / carries_w_k, step_s
        )

    def _throttle(self, step_s: float) -> None:
        is_hot = self.junction_c > self.kind.throttle_c
        change = np.where(is_hot, -SLOW_DOWN_PER_S, SPEED_UP_PER_S) * step_s
        self.frequency = np.clip(self.frequency + change, LOWEST_FREQUENCY, 1.0)
        self.is_on &= (self.junction_c <= self.kind.throttle_c + TRIP_ABOVE_K).all(axis=1)


def _approach(value: Array, target: Array, time_constant_s: Array, step_s: float) -> Array:
    """The exact answer of a first-order lag to a target that holds still during the step."""
    return value + (target - value) * -np.expm1(-step_s / time_constant_s)
