"""A machine whose sensors are told tick by tick, and what is doubted of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from agent.sensors import SECOND_NS, Sensor
from agent.ticks import ClosedTick
from agent.trust.doubts import Doubt, Doubted, Trust
from agent.trust.host_trust import HostTrust

START_NS = 1_767_225_600 * SECOND_NS
SENSORS = {
    "inlet_temp_c": "temperature",
    "exhaust_temp_c": "temperature",
    "cpu1_temp_c": "temperature",
    "cpu2_temp_c": "temperature",
    "fan1_rpm": "fan_speed",
    "fan2_rpm": "fan_speed",
    "fan3_rpm": "fan_speed",
    "fan4_rpm": "fan_speed",
    "power_w": "power",
    "psu1_in_w": "power",
    "psu2_in_w": "power",
}
NAMES = list(SENSORS)
Change = Callable[[NDArray[np.float64]], None]  # of the values (N, F), in place


def column(name: str) -> int:
    return NAMES.index(name)


def usual_values(ticks: int, seed: int = 1, busy: float = 1.0) -> NDArray[np.float64]:
    """(N, F) readings of a healthy machine under a load that wanders (`busy` scales how far)."""
    rng = np.random.default_rng(seed)
    steps = rng.standard_normal(ticks)
    load = np.zeros(ticks)
    for i in range(1, ticks):
        load[i] = 0.98 * load[i - 1] + 0.2 * steps[i]
    power = np.maximum(300 + busy * 60 * load, 120)
    slow = np.convolve(power, np.ones(12) / 12)[:ticks]
    slow[:12] = power[:12]
    inlet = 24 + 0.3 * np.sin(np.arange(ticks) / 500)
    noise = rng.standard_normal((ticks, len(NAMES)))
    values = np.empty((ticks, len(NAMES)))
    values[:, column("inlet_temp_c")] = np.round(inlet + 0.2 * noise[:, 0])
    values[:, column("exhaust_temp_c")] = np.round(inlet + slow / 25 + 0.3 * noise[:, 1])
    for at, cpu in enumerate(("cpu1_temp_c", "cpu2_temp_c")):
        values[:, column(cpu)] = np.round(inlet + slow / 8 + at + 0.5 * noise[:, 2 + at])
    for at in range(4):
        values[:, column(f"fan{at + 1}_rpm")] = np.round((3000 + 8 * slow + 20 * noise[:, 4 + at]) / 60) * 60
    values[:, column("power_w")] = np.round(power + 2 * noise[:, 8])
    for at, psu in enumerate(("psu1_in_w", "psu2_in_w")):
        values[:, column(psu)] = np.round(power / 2 + noise[:, 9 + at])
    return values


def closed_tick(at: int, values: NDArray[np.float64], period_s: float = 20.0) -> ClosedTick:
    """Tick number `at` of these values (F,); NaN where nothing arrived."""
    arrived = np.isfinite(values)
    wide = len(values)
    return ClosedTick(
        host="h1",
        time_ns=START_NS + int(at * period_s * SECOND_NS),
        period_ns=int(period_s * SECOND_NS),
        empty_before=0,
        closed_by="complete",
        values=np.where(arrived, values, 0.0),
        present=arrived,
        arrived=arrived,
        sent=arrived,
        limitable=arrived,
        peak=np.zeros(wide),
        silent_ns=np.zeros(wide, np.int64),
        sensor_period_ns=np.full(wide, int(period_s * SECOND_NS), np.int64),
        limits={},
    )


def sensors_of(names: list[str] = NAMES) -> list[Sensor]:
    return [Sensor(name, SENSORS.get(name, "other"), "") for name in names]


def judge_all(
    values: NDArray[np.float64],
    trust: HostTrust | None = None,
    first: int = 0,
    period_s: float = 20.0,
    of: dict[str, str] = SENSORS,
) -> list[Trust]:
    """The verdict on each row (N, F) of a machine with sensors `of` these quantities."""
    trust, sensors = trust or HostTrust(), [Sensor(name, quantity, "") for name, quantity in of.items()]
    return [trust.judge(closed_tick(first + at, row, period_s), sensors) for at, row in enumerate(values)]


def doubts_of(verdicts: list[Trust]) -> list[tuple[int, Doubted]]:
    """(tick, doubt) of all."""
    return [(at, doubt) for at, verdict in enumerate(verdicts) for doubt in verdict.doubts]


def kinds_of(verdicts: list[Trust]) -> set[tuple[str, Doubt]]:
    """(sensor, doubt) of all, spikes as JUMP."""
    return {(NAMES[doubt.column], doubt.doubt) for _, doubt in doubts_of(verdicts)}
