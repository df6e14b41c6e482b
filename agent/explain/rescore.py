"""A score made again from an alert's window and its model, sensor by sensor.

AlertWindow, Detector ─► residuals ─► heads ─► smoothing ─► score (P,), share and expectation of each sensor
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from agent.alert_window import MEASUREMENT, AlertWindow
from agent.points import Point
from agent.scoring import MIN_FILLED
from agent.tick_points import six_digits
from agent.windows import take_columns
from models.detector import PARTS, Detector
from models.histories import trailing

SAME = 1e-5  # two scores of six digits, from sums in another order


@dataclass(frozen=True, slots=True)
class SensorPart:
    """What one sensor says in the tick that raised the alert; NaN where it was missing."""

    sensor: str
    quantity: str
    unit: str
    seen: float
    expected: float  # by the LSTM autoencoder, from all sensors' last ticks
    usual: float  # the host's centre in training
    share: float  # of the fused value; all sensors' sum to 1

    @property
    def is_seen(self) -> bool:
        return math.isfinite(self.seen)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score made again."""

    scores: dict[str, float]  # part → score
    score_then: float
    threshold: float
    sensors: tuple[SensorPart, ...]  # that which adds most first
    missing_share: float

    @property
    def is_same(self) -> bool:
        """Whether the score came out as it was then."""
        return abs(six_digits(self.scores["fused"]) - self.score_then) <= SAME


def explain_window(window: AlertWindow, detector: Detector) -> Explanation:
    """Score the window again, through the stages of the stream.

    Raises:
        ValueError: it has no row, or none of the cohort's sensors.
    """
    place = {name: at for at, name in enumerate(window.sensors)}
    columns = np.array([place.get(name, -1) for name in detector.sensors], np.intp)
    if not len(window.rows) or not (columns >= 0).any():
        raise ValueError("the window holds nothing that its model knows")
    present = take_columns(np.isfinite(window.rows), columns, False)  # (T, C)
    values = take_columns(np.nan_to_num(window.rows), columns, 0.0)
    centre, scale = (np.tile(part, (len(values), 1)) for part in detector.scaling(window.host))
    windows, masks = trailing(values, detector.window), trailing(present, detector.window)
    residuals = detector.errors(windows, masks, centre, scale)  # (T, 3, C)
    if window.offset.size:
        residuals = np.where(present[:, None], residuals - window.offset, 0.0).astype(np.float32)
    raw, share = detector.fuse(trailing(residuals, detector.history), trailing(present, detector.history))
    filled = masks.any(axis=2).sum(axis=1) >= MIN_FILLED
    stood = np.asarray(present.any(axis=1) & filled)
    raw = np.where(stood[:, None, None], raw, np.nan)
    smoothed = detector.smooth(trailing(raw, detector.kernel, np.nan)[-1:])  # (1, P)
    scores = detector.score(smoothed, window.level[None])[0]
    expected = detector.expected(windows[-1:, -1], residuals[-1:], scale[-1:])[0]
    parts = [
        SensorPart(
            sensor,
            detector.quantities[at],
            detector.units[at],
            float(values[-1, at]) if present[-1, at] else np.nan,
            float(expected[at]) if present[-1, at] else np.nan,
            float(centre[-1, at]),
            float(share[-1, at]),
        )
        for at, sensor in enumerate(detector.sensors)
    ]
    return Explanation(
        scores=dict(zip(PARTS, scores.tolist(), strict=True)),
        score_then=window.score,
        threshold=window.threshold,
        sensors=tuple(sorted(parts, key=lambda part: (-part.share, part.sensor))),
        missing_share=1.0 - float(masks[-1].mean()),
    )


def explain_points(points: Sequence[Point], detectors: Mapping[str, Detector]) -> dict[str, Explanation]:
    """Alert id → its score made again, for all windows among the points that these detectors scored."""
    windows = [AlertWindow.from_point(point) for point in points if point.measurement == MEASUREMENT]
    return {
        w.id: explain_window(w, detectors[w.cohort]) for w in windows if w.cohort in detectors and w.rows.size
    }
