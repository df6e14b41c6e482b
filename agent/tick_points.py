"""The points of one tick: its score, and what its sensors sent."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from agent.points import FieldValue, Point
from agent.scored import NOT_KNOWN, ScoredTick


def six_digits(value: float) -> float:
    """The number with 6 significant digits; −1 for one that is not finite."""
    return float(f"{value:.6g}") if math.isfinite(value) else NOT_KNOWN


def score_point(tick: ScoredTick, rack: str) -> Point:
    """`anomaly_score` of a tick."""
    top = int(np.argmax(tick.share)) if tick.share.size else -1
    has_top = top >= 0 and float(tick.share[top]) > 0
    fields: dict[str, FieldValue] = {
        "score": six_digits(tick.score),
        "threshold": six_digits(tick.threshold),
        **{part: six_digits(tick.parts.get(part, NOT_KNOWN)) for part in ("lstm_ae", "gan", "linear")},
        "top_sensor": tick.sensors[top] if has_top else "",
        "top_sensor_share": six_digits(float(tick.share[top])) if has_top else NOT_KNOWN,
        "missing_share": six_digits(tick.missing_share),
        "cohort": tick.cohort,
        "rack": rack,
        "model": tick.model,
    }
    return Point("anomaly_score", {"host": tick.host}, fields, tick.time_ns)


def reading_point(
    host: str,
    time_ns: int,
    sensors: tuple[str, ...],
    seen: NDArray[np.float64],
    arrived: NDArray[np.bool_],
) -> Point:
    """`reading` of a tick: (F,) values at full precision of those that arrived, never one that is carried."""
    columns = np.flatnonzero(arrived).tolist()
    fields: dict[str, FieldValue] = {sensors[i]: float(seen[i]) for i in columns}
    return Point("reading", {"host": host}, fields, time_ns)
