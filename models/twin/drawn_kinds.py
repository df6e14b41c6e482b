"""Servers that are in no catalogue: parameters drawn so that the machine could be built and sold.

power and sockets are drawn; air flow, heat sinks and supplies are then sized for them, as an engineer would
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from models.twin.kinds import Panel, ServerKind
from models.twin.supplies import CURVES

AIR_J_PER_M3K = 1187.0  # ρ·cp of air at 25 °C
INLET_C = 24.0  # that a machine is sized for
DESIGN_DUTY = 0.42  # of its fans at full load


def draw_kind(rng: Generator, name: str = "drawn") -> ServerKind:
    """A plausible hardware model, another with each call; the same for equal states of `rng`."""
    sockets = int(rng.choice([1, 2, 2]))
    gpus = int(rng.choice([0, 0, 0, 1, 2, 4, 8]))
    full_socket_w = rng.uniform(105, 350)
    idle_socket_w = full_socket_w * rng.uniform(0.18, 0.3)
    leakage_w = min(full_socket_w * rng.uniform(0.07, 0.13), 0.6 * idle_socket_w)
    other_idle_w, other_slope_w = rng.uniform(40, 140) + 30 * gpus, rng.uniform(20, 90)
    gpu_idle_w, gpu_full_w = rng.uniform(30, 88), rng.uniform(180, 700)
    full_w = sockets * full_socket_w + other_idle_w + other_slope_w + gpus * gpu_full_w
    flow_m3_s = full_w / (AIR_J_PER_M3K * rng.uniform(12, 20))  # at full load
    flow_max_m3_s = flow_m3_s / DESIGN_DUTY
    heatsink_flow_m3_s = flow_max_m3_s * 0.35
    fans = int(rng.integers(4, 13))
    set_point_c = rng.uniform(60, 78)
    throttle_c = max(rng.uniform(85, 105), set_point_c + 16)
    preheat_k = 0.35 * (other_idle_w + other_slope_w) / (AIR_J_PER_M3K * flow_m3_s)
    resistance_k_w = (set_point_c - INLET_C - preheat_k) / full_socket_w * rng.uniform(0.94, 1.03)
    junction_share = rng.uniform(0.4, 0.6)
    gpu_throttle_c = rng.uniform(83, 95)
    gpu_set_point_c = gpu_throttle_c - rng.uniform(10, 15)
    supplies = int(rng.choice([1, 2, 2, 2, 4]))
    return ServerKind(
        name=name, sockets=sockets, idle_socket_w=idle_socket_w, full_socket_w=full_socket_w,
        clock_hz=float(rng.uniform(1.9e9, 3.4e9)), other_idle_w=other_idle_w, other_slope_w=other_slope_w,
        leakage_w=leakage_w, leakage_per_k=rng.uniform(0.012, 0.022),
        fans=fans, fan_w=full_w * rng.uniform(0.12, 0.3) / fans, rpm_max=rng.uniform(7_000, 20_000),
        flow_max_m3_s=flow_max_m3_s, draught_m3_s=flow_max_m3_s * rng.uniform(0.02, 0.04),
        duty_min=rng.uniform(0.22, 0.33), set_point_c=set_point_c,
        inlet_from_c=rng.uniform(20, 25), inlet_gain_per_k=rng.uniform(0.014, 0.03),
        gain_per_k=rng.uniform(0.008, 0.016), integral_per_k_s=rng.uniform(0.0004, 0.0008),
        fail_safe_duty=float(rng.choice([0.0, 0.0, 0.6, 0.8, 1.0])),
        junction_k_w=resistance_k_w * junction_share, heatsink_k_w=resistance_k_w * (1 - junction_share),
        heatsink_flow_m3_s=heatsink_flow_m3_s, socket_j_k=rng.uniform(140, 420),
        chassis_j_k=np.clip(full_w * rng.uniform(6, 12), 2_000, 18_000), throttle_c=throttle_c,
        supplies=supplies, supply_w=full_w * rng.uniform(1.15, 1.7) / max(supplies / 2, 1),
        curve=str(rng.choice(list(CURVES))), memory_share=rng.uniform(0.1, 0.3),
        memory_k_w=rng.uniform(0.3, 0.7) * 120 / (other_idle_w + other_slope_w),
        memory_j_k=rng.uniform(120, 260), regulator_k_w=0.9 * 370 / (sockets * full_socket_w),
        regulator_j_k=rng.uniform(40, 90),
        gpus=gpus, gpu_idle_w=gpu_idle_w, gpu_full_w=gpu_full_w,
        gpu_k_w=(gpu_set_point_c - INLET_C - 10) / gpu_full_w * rng.uniform(1.0, 1.15),
        gpu_j_k=rng.uniform(300, 900), gpu_throttle_c=gpu_throttle_c, gpu_has_fan=gpus in (1, 2),
        gpu_set_point_c=gpu_set_point_c, panel=_draw_panel(rng),
    )  # fmt: skip


def _draw_panel(rng: Generator) -> Panel:
    def often(share: float) -> bool:
        return bool(rng.random() < share)

    supply_input = often(0.85)
    return Panel(
        exhaust=often(0.75), margin=often(0.15), memory=often(0.8), regulator=often(0.6),
        fan_duty=often(0.15), supply_input=supply_input, supply_output=supply_input and often(0.5),
        supply_voltage=often(0.6), total_power=often(0.85) or not supply_input, socket_power=often(0.25),
        utilization=often(0.3), frequency=often(0.25), minute_mean=often(0.25),
        temperature_step_c=float(rng.choice([1.0, 1.0, 0.5])),
        fan_step_rpm=float(rng.choice([1.0, 60.0, 75.0, 120.0])),
        power_step_w=float(rng.choice([1.0, 1.0, 2.0, 4.0, 8.0, 14.0])),
    )  # fmt: skip
