"""Rows of a made-up server, as the agent keeps them: 126 ticks of a quiet life, to be changed by a test."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# sensor → quantity, unit, value, how much it trembles
MACHINE: dict[str, tuple[str, str, float, float]] = {
    **{f"fan{at}_rpm": ("fan_speed", "rpm", 6_000.0 + 20 * at, 8.0) for at in range(1, 6)},
    "inlet_temp_c": ("temperature", "Cel", 23.0, 0.1),
    "exhaust_temp_c": ("temperature", "Cel", 38.0, 0.1),
    "cpu1_temp_c": ("temperature", "Cel", 61.0, 0.2),
    "cpu2_temp_c": ("temperature", "Cel", 59.0, 0.2),
    "dimm_temp_c": ("temperature", "Cel", 42.0, 0.1),
    "vrm_temp_c": ("temperature", "Cel", 55.0, 0.1),
    "gpu1_temp_c": ("temperature", "Cel", 64.0, 0.2),
    "gpu2_temp_c": ("temperature", "Cel", 66.0, 0.2),
    "gpu1_power_w": ("power", "W", 210.0, 2.0),
    "gpu2_power_w": ("power", "W", 215.0, 2.0),
    "power_w": ("power", "W", 800.0, 3.0),
    "psu1_in_w": ("power", "W", 402.0, 2.0),
    "psu2_in_w": ("power", "W", 398.0, 2.0),
    "psu1_out_w": ("power", "W", 378.0, 2.0),
    "psu2_out_w": ("power", "W", 374.0, 2.0),
    "psu1_vin": ("voltage", "V", 230.0, 0.2),
    "psu2_vin": ("voltage", "V", 231.0, 0.2),
    "cpu_util": ("utilization", "1", 0.6, 0.01),
    "cpu_freq_hz": ("frequency", "Hz", 2.6e9, 1e6),
}
SENSORS = tuple(MACHINE)
QUANTITIES = tuple(quantity for quantity, *_ in MACHINE.values())
UNITS = tuple(unit for _, unit, *_ in MACHINE.values())
TICKS = 126
Rows = NDArray[np.float32]


def quiet_rows(ticks: int = TICKS, seed: int = 0) -> Rows:
    """(N, F) rows in the order of SENSORS."""
    middle = np.array([value for *_, value, _ in MACHINE.values()])
    spread = np.array([tremble for *_, tremble in MACHINE.values()])
    trembling = np.random.default_rng(seed).standard_normal((ticks, len(middle)))
    return (middle + spread * trembling).astype(np.float32)


def changed(rows: Rows, sensor: str, factor: float, last: int = 5) -> Rows:
    """The same with a sensor's last values multiplied."""
    rows = rows.copy()
    rows[-last:, SENSORS.index(sensor)] *= factor
    return rows
