"""What the scoring stage says of one closed tick; diagnosis and alerts read nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.trust.doubts import Doubted
from models.calibration import CALM_SHARE

NOT_KNOWN = -1.0


@dataclass(frozen=True, slots=True)
class Basis:
    """What a score rests on beside its window and the model."""

    level: NDArray[np.float64]  # (P,) the host's level, NaN before its first hour has closed
    offset: NDArray[np.float64] | None  # (3, C) what is usual for a host that training never saw


@dataclass(frozen=True, slots=True)
class ScoredTick:
    """One closed tick of a host with its scores; arrays follow `sensors`, all F that the host has.

    `scored` is False where the window held fewer than two filled ticks or no model fits yet: scores
    are −1 then.
    """

    host: str
    time_ns: int
    period_ns: int
    scored: bool
    score: float  # fused, 0–1, high = abnormal
    threshold: float  # same scale
    parts: Mapping[str, float]  # lstm_ae, gan, linear: same scale, −1 where there is none
    missing_share: float
    cohort: str  # "" without one
    model: str  # version, "linear" for the first-boot scorer, "" for none
    sensors: tuple[str, ...]
    quantities: tuple[str, ...]
    units: tuple[str, ...]
    seen: NDArray[np.float64]  # (F,) value of this tick, arrived or carried, as sent; 0 where there is none
    present: NDArray[np.bool_]  # (F,) believed
    arrived: NDArray[np.bool_]  # (F,) believed
    sent: NDArray[np.bool_]  # (F,) arrived, whether believed or not
    limitable: NDArray[np.bool_]  # (F,) arrived, and good enough to be beyond a limit
    expected: NDArray[np.float64]  # (F,) what the model expected; NaN where it has no opinion
    share: NDArray[np.float64]  # (F,) of the fused value; sums to 1 or is all 0
    usual: NDArray[np.float64]  # (F,) the sensor's normal centre, from training; NaN where unknown
    peak: NDArray[np.float64]  # (F,) highest value ever believed
    silent_ns: NDArray[np.int64]  # (F,) how long the host has gone on reporting without this sensor
    sensor_period_ns: NDArray[np.int64]  # (F,)
    limits: Mapping[tuple[str, str], float]  # (sensor, "lower" | "upper") → hard limit sent by the sensor
    basis: Basis | None = None  # None without a model
    calm_share: float = CALM_SHARE  # of the threshold: below it the tick is calm
    doubts: tuple[Doubted, ...] = ()  # sensors that are not believed, and spikes that are over
