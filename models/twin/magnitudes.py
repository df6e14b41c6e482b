"""How large each class of episode is: one number for subtle, moderate, severe, and what the number means."""

from __future__ import annotations

from models.twin.site_faults import SITE_CONFOUNDERS, SITE_MAGNITUDES

Sizes = dict[str, float]


def _sizes(subtle: float, moderate: float, severe: float) -> Sizes:
    return {"subtle": subtle, "moderate": moderate, "severe": severe}


SERVER_FAULTS: dict[str, Sizes] = {
    "fan_failure": _sizes(1, 1, 2),  # rotors that stop
    "fan_degradation": _sizes(0.92, 0.8, 0.6),  # × speed at equal command, and the slower the more unsteady
    "airflow_blockage": _sizes(0.8, 0.5, 0.3),  # × air flow
    "heatsink_degradation": _sizes(1.3, 1.8, 3.0),  # × resistance under the sink
    "cpu_throttling": _sizes(0, 4, 10),  # K that the throttle point lies below the fans' set-point
    "power_cap": _sizes(0.9, 0.75, 0.55),  # × the sockets' power at full load
    "psu_failure": _sizes(1, 1, 1),  # supplies that fail
    "psu_efficiency": _sizes(0.01, 0.03, 0.05),  # efficiency lost
    "psu_imbalance": _sizes(0.12, 0.25, 0.4),  # of the whole load that leaves its supply for the others
    "vrm_overheating": _sizes(1.5, 2.5, 4.5),  # × resistance from regulator to air
    "dimm_overheating": _sizes(1.8, 3.0, 5.0),  # × resistance from memory to air
    "gpu_overheating": _sizes(1.3, 1.8, 2.5),  # × resistance from GPU to air
    "gpu_lost": _sizes(1, 1, 2),  # GPUs that leave the bus
    "abnormal_load": _sizes(0.6, 0.8, 1.0),  # utilization that hardly trembles
    "idle_server": _sizes(0.03, 0.015, 0.0),  # utilization
}
SENSOR_FAULTS: dict[str, Sizes] = {
    "sensor_stuck": _sizes(1, 1, 2),  # sensors that repeat themselves
    "sensor_drift": _sizes(3, 6, 15),  # K, or % of the value
    "sensor_spike": _sizes(10, 30, 100),  # K, or % of the value, up or down
    "sensor_dropout": _sizes(1, 1, 4),  # sensors that fall silent
    "sensor_swap": _sizes(1, 1, 1),  # pairs of channels that are exchanged
    "unit_change": _sizes(1, 1, 1),  # of all sensors of that quantity: °F, kW, rev/s, mV, %, MHz
    "clock_skew": _sizes(120, 600, 3600),  # s that the host's clock is ahead
    "host_silent": _sizes(1, 1, 1),
    "collector_silent": _sizes(1, 1, 1),
    "stream_silent": _sizes(1, 1, 1),
}
NO_FAULTS: dict[str, Sizes] = {
    "workload_surge": _sizes(0.7, 0.85, 0.95),  # utilization
    "idle_drop": _sizes(0.1, 0.05, 0.02),  # utilization
    "gang_step": _sizes(0.15, 0.3, 0.5),  # utilization that a job adds to all hosts of a cluster
    "planned_reboot": _sizes(300, 450, 600),  # s without power, then it boots
    "maintenance": _sizes(300, 450, 600),  # the same, announced
    "fan_curve_change": _sizes(0.05, 0.1, 0.2),  # duty that a firmware adds
}
MAGNITUDES: dict[str, Sizes] = {**SERVER_FAULTS, **SENSOR_FAULTS, **SITE_MAGNITUDES, **NO_FAULTS}
CONFOUNDERS = SITE_CONFOUNDERS.union(NO_FAULTS)
