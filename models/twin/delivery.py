"""In what order polls reach a recording: late ones, repeated ones, clocks that tremble.

FleetRecording ─► one row a delivered poll: (poll, host, stamp in whole seconds, is it sent twice?)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from models.twin.fleet import FleetRecording

JITTER_S = 1.0  # of a poll's moment, either way
USUAL_DELAY_S = (0.2, 1.5)  # from a poll to its messages
LATE_SHARE, LATE_S = 0.004, (8.0, 35.0)  # a collector that was held up
TWICE_SHARE = 0.003  # a producer that sent again what had arrived


@dataclass(frozen=True, slots=True)
class Deliveries:
    """All polls in the order of their arrival; every array is (M,)."""

    poll: NDArray[np.intp]
    host: NDArray[np.intp]
    stamp_s: NDArray[np.int64]
    twice: NDArray[np.bool_]


def deliver(recording: FleetRecording, seed: int) -> Deliveries:
    """The order of arrival, repeatable by seed; polls without a single reading do not arrive."""
    jitter, delay, late, twice = (rng.random(recording.stamp_s.shape) for rng in default_rng(seed).spawn(4))
    stamp_s = recording.stamp_s + JITTER_S * (2 * jitter - 1)  # (N, hosts)
    usual_s = USUAL_DELAY_S[0] + (USUAL_DELAY_S[1] - USUAL_DELAY_S[0]) * delay
    late_s = LATE_S[0] + (LATE_S[1] - LATE_S[0]) * delay
    arrival_s = stamp_s + np.where(late < LATE_SHARE, late_s, usual_s)
    poll, host = np.nonzero(np.isfinite(recording.values).any(axis=2))
    order = np.argsort(arrival_s[poll, host], kind="stable")
    poll, host = poll[order], host[order]
    return Deliveries(
        poll, host, np.round(stamp_s[poll, host]).astype(np.int64), twice[poll, host] < TWICE_SHARE
    )
