"""Thins long series to buckets of which minimum and maximum stay, so that no spike is ever lost.

    (N, S) values ──assign_buckets──► bucket of each row ──reduce_rows──► (M, S), M ≤ 2 × buckets

Rows near an alert keep their full resolution as long as the budget allows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DETAIL_SHARE = 0.6  # of the budget may go to rows near alerts
CARRIED_PERIODS = 3  # a value is carried for three of its sensor's periods, then it is missing
MOST_GAPS = 200  # a series; the longest stay


def assign_buckets(
    time_ns: NDArray[np.int64], detail: NDArray[np.bool_], gap_ns: int, budget: int
) -> NDArray[np.int64]:
    """Number the bucket of each of N rows from 0, ascending, at most `budget` buckets.

    A bucket never mixes rows near an alert (`detail`) with others, nor spans a step of more than `gap_ns`,
    unless there are more such stretches than buckets.
    """
    if len(time_ns) <= budget:
        return np.arange(len(time_ns))
    cut = (np.diff(time_ns) > gap_ns) | (np.diff(detail.astype(np.int8)) != 0)
    starts = np.concatenate([[0], np.flatnonzero(cut) + 1])  # (stretches,)
    if len(starts) > budget // 2:
        return np.arange(len(time_ns)) * budget // len(time_ns)
    sizes = np.diff(np.append(starts, len(time_ns)))
    place = np.arange(len(time_ns)) - np.repeat(starts, sizes)  # row within its stretch
    usable = budget - len(starts)  # each stretch may end in a bucket that is not full
    near = int(detail.sum())
    near_size = _rows_a_bucket(near, int(usable * DETAIL_SHARE))
    far_size = _rows_a_bucket(len(time_ns) - near, usable - -(-near // near_size))
    within = place // np.where(detail, near_size, far_size)
    opens = np.concatenate([[True], cut | (np.diff(within) != 0)])
    return np.cumsum(opens) - 1


def _rows_a_bucket(rows: int, buckets: int) -> int:
    return max(1, -(-rows // max(1, buckets)))


def reduce_rows(
    time_ns: NDArray[np.int64], values: NDArray[np.float64], bucket: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Keep of each bucket and column the minimum and the maximum, in their order of time.

    A bucket of one row stays that row; a larger one becomes two, at its first and its last time.
    Returns times (M,) and values (M, S); NaN only where the whole bucket had nothing.
    """
    starts = np.flatnonzero(np.diff(bucket, prepend=-1))  # (B,)
    if len(starts) == len(time_ns):
        return time_ns, values
    ends = np.append(starts[1:], len(time_ns)) - 1
    lowest = np.fmin.reduceat(values, starts, axis=0)  # (B, S)
    highest = np.fmax.reduceat(values, starts, axis=0)  # (B, S)
    place = np.arange(len(time_ns))[:, None]
    first_low = np.minimum.reduceat(np.where(values == lowest[bucket], place, len(time_ns)), starts, axis=0)
    first_high = np.minimum.reduceat(np.where(values == highest[bucket], place, len(time_ns)), starts, axis=0)
    falls = first_high < first_low
    pairs = np.stack(
        [np.where(falls, highest, lowest), np.where(falls, lowest, highest)], axis=1
    )  # (B, 2, S)
    keep = np.stack([np.ones(len(starts), bool), ends > starts], axis=1).ravel()
    times = np.stack([time_ns[starts], time_ns[ends]], axis=1).ravel()
    return times[keep], pairs.reshape(-1, values.shape[1])[keep]


def find_gaps(time_ns: NDArray[np.int64], values: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Where a series (N,) was missing for over three of its own periods: [(last before, first after)]."""
    times = time_ns[np.isfinite(values)]
    if len(times) < 2:
        return []
    steps = np.diff(times)
    longest = np.flatnonzero(steps > CARRIED_PERIODS * np.median(steps) + 1)
    if len(longest) > MOST_GAPS:
        longest = np.sort(longest[np.argsort(steps[longest])[-MOST_GAPS:]])
    return [(int(times[i]), int(times[i + 1])) for i in longest]


def split_sessions(times_ns: NDArray[np.int64], gap_ns: int) -> list[tuple[int, int]]:
    """Stretches of ascending times without a step of more than `gap_ns`: [(first, last)]."""
    if not len(times_ns):
        return []
    breaks = np.flatnonzero(np.diff(times_ns) > gap_ns)
    firsts = np.concatenate([[0], breaks + 1])
    lasts = np.concatenate([breaks, [len(times_ns) - 1]])
    return [(int(times_ns[a]), int(times_ns[b])) for a, b in zip(firsts, lasts, strict=True)]
