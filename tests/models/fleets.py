"""Three small servers whose sensors move with their load, and the whole path from ticks to scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.detector import Detector
from models.histories import HostHistory
from models.level import Level

SENSORS = ("inlet_c", "cpu1_c", "cpu2_c", "fan1_rpm", "fan2_rpm", "power_w", "standby_v")
QUANTITIES = ("temperature",) * 3 + ("fan_speed",) * 2 + ("power", "voltage")
UNITS = ("Cel",) * 3 + ("rpm",) * 2 + ("W", "V")
PERIOD_S = 60.0
CPU1, FAN1, STANDBY = 1, 3, 6

Scores = NDArray[np.float64]


def make_host(name: str, seed: int, ticks: int = 480) -> HostHistory:
    """Load drives power, both processors and both fans; the standby voltage never moves."""
    rng = np.random.default_rng(seed)
    rows = np.arange(ticks)
    load = 0.5 + 0.3 * np.sin(rows / 40.0 + seed) + 0.05 * rng.standard_normal(ticks)
    inlet_c = 22.0 + 0.2 * rng.standard_normal(ticks)
    cpus_c = [inlet_c + 10.0 + 30.0 * load + 0.4 * rng.standard_normal(ticks) for _ in range(2)]
    fans_rpm = [3000.0 + 4000.0 * load + 40.0 * rng.standard_normal(ticks) for _ in range(2)]
    power_w = 150.0 + 300.0 * load + 2.0 * rng.standard_normal(ticks)
    columns = [inlet_c, *cpus_c, *fans_rpm, power_w, np.full(ticks, 5.0)]
    values = np.round(np.stack(columns, axis=1)).astype(np.float32)
    hour = (rows * PERIOD_S // 3600).astype(np.int64)
    return HostHistory(name, PERIOD_S, values, np.ones(values.shape, bool), hour)


def make_fleet() -> list[HostHistory]:
    return [make_host(f"n{n}", seed=n) for n in range(3)]


def shift(host: HostHistory, sensor: int, by: float, start: int) -> HostHistory:
    """The same host with one sensor moved from the tick `start` on."""
    values = host.values.copy()
    values[start:, sensor] += by
    return replace(host, values=values)


def mask(host: HostHistory, sensor: int) -> HostHistory:
    """The same host without one of its sensors."""
    values, present = host.values.copy(), host.present.copy()
    values[:, sensor], present[:, sensor] = 0.0, False
    return replace(host, values=values, present=present)


def trailing(rows: NDArray[np.generic], depth: int, fill: float = 0.0) -> NDArray[np.generic]:
    """(n, ...) → (n, depth, ...): each row with those before it."""
    before = np.full((depth - 1, *rows.shape[1:]), fill, rows.dtype)
    line = np.concatenate([before, rows])
    return np.stack([line[end : end + depth] for end in range(len(rows))])


def score_host(detector: Detector, host: HostHistory) -> tuple[Scores, Scores]:
    """(n, P) scores of a host's ticks and (n, C) shares, stage by stage as a stream would have them."""
    rows = len(host.values)
    centre, scale = (np.tile(part, (rows, 1)) for part in detector.scaling(host.host))
    windows, present = trailing(host.values, detector.window), trailing(host.present, detector.window)
    errors = detector.errors(windows, present, centre, scale)
    raw, share = detector.fuse(trailing(errors, detector.history), trailing(host.present, detector.history))
    smoothed = detector.smooth(trailing(raw, detector.kernel, np.nan))
    level, levels = Level(smoothed.shape[1]), np.full_like(smoothed, np.nan)
    for row in range(rows):
        levels[row] = level.at(int(host.hour[row]))
        level.add(smoothed[row])
    return detector.score(smoothed, levels), share
