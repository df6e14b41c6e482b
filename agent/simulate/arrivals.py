"""In what order the polls of a fleet arrive: clocks that tremble, polls that come late or twice.

Polls in the order of time ─► a heap of what is on its way ─► Arrivals; memory does not grow with time

The sizes of these effects are the twin's (`models/twin/delivery.py`).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from models.twin.delivery import JITTER_S, LATE_S, LATE_SHARE, TWICE_SHARE, USUAL_DELAY_S
from models.twin.fleet_run import Polls


@dataclass(frozen=True, slots=True)
class Arrival:
    """One host's poll as it arrives: `arrived_s` by the true time, `stamp_s` by the host's own clock."""

    arrived_s: float
    host: int  # row of the fleet's hosts
    stamp_s: int
    values: NDArray[np.float32]  # (F,)
    twice: bool  # its messages are sent again


def arrivals(batches: Iterable[Polls], seed: int) -> Iterator[Arrival]:
    """All polls with a reading in the order of their arrival, repeatable by seed."""
    draws = default_rng(seed).spawn(4)
    underway: list[tuple[float, int, Arrival]] = []
    count = 0
    for batch in batches:
        while underway and underway[0][0] <= batch.time_s - JITTER_S:  # nothing later can overtake these
            yield heapq.heappop(underway)[2]
        jitter, delay, late, twice = (rng.random(len(batch.host)) for rng in draws)  # each (D,)
        moved_s = JITTER_S * (2 * jitter - 1)
        stamp_s = np.round(batch.stamp_s + moved_s).astype(np.int64)
        arrived_s = batch.time_s + moved_s + _delay_s(delay, late < LATE_SHARE)
        for at in np.flatnonzero(np.isfinite(batch.values).any(axis=1)).tolist():
            arrival = Arrival(
                float(arrived_s[at]),
                int(batch.host[at]),
                int(stamp_s[at]),
                batch.values[at],
                bool(twice[at] < TWICE_SHARE),
            )
            heapq.heappush(underway, (arrival.arrived_s, count, arrival))
            count += 1
    while underway:
        yield heapq.heappop(underway)[2]


def _delay_s(delay: NDArray[np.float64], is_late: NDArray[np.bool_]) -> NDArray[np.float64]:
    """From a poll to its messages; `delay` is 0 to 1 within the usual span, or within that of a late one."""
    usual_s = USUAL_DELAY_S[0] + (USUAL_DELAY_S[1] - USUAL_DELAY_S[0]) * delay
    return np.where(is_late, LATE_S[0] + (LATE_S[1] - LATE_S[0]) * delay, usual_s)
