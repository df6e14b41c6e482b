"""Hosts that training never saw, and the threshold of a tick: what is learnt of a host as its hours close."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.host import Host
from agent.ticks import HOUR_NS, ClosedTick
from models.calibration import DECADES, HIGHEST_THRESHOLD
from models.detector import VIEWS, Detector
from models.newcomer import Offset, doubt_of, widen


def threshold_of(detector: Detector, host: Host, tick: ClosedTick, scores: NDArray[np.float64]) -> float:
    """The threshold of a tick, by hours that closed before it; its score counts from the next hour on."""
    if host.offset is not None and (host.offset.is_learning or detector.own is None):
        doubt = doubt_of(host.offset, detector.doubt, len(detector.hosts))
        scale = detector.calibrations[0].tail_scale
        return widen(float(detector.thresholds[0]), scale, doubt, DECADES, HIGHEST_THRESHOLD)
    if detector.own is None:
        return float(detector.thresholds[0])
    if host.tops.at(tick.time_ns // HOUR_NS) or not host.tops.threshold:
        host.tops.threshold = detector.own.of(host.tops.closed)
    if np.isfinite(scores[0]):
        host.tops.add(float(scores[0]))
    return host.tops.threshold


def settle_newcomer(host: Host, time_ns: int, detector: Detector) -> None:
    """Close the hour of a host that training never saw; what it taught, its past is seen by again."""
    if host.name in detector.hosts:
        return
    if host.offset is None:
        host.offset = Offset.begin(len(VIEWS), len(detector.sensors))
    if host.offset.at(time_ns // HOUR_NS):
        host.derived = None


def without_offsets(
    residuals: NDArray[np.float32],
    present: NDArray[np.bool_],
    hosts: Sequence[Host],
    sizes: Sequence[int],
) -> NDArray[np.float32]:
    """(B, 3, C) residuals without what a newcomer's own normal adds to them."""
    if all(host.offset is None for host in hosts):
        return residuals
    nothing = np.zeros(residuals.shape[1:])
    offsets = [host.offset.taken_out() if host.offset is not None else nothing for host in hosts]
    moved = residuals - np.repeat(np.stack(offsets), sizes, axis=0)
    return np.where(present[:, None], moved, 0.0).astype(np.float32)
