"""The past of a host in training: what is held out of it, and what a detector makes of it as of a stream.

    HostHistory ─► prepare ─► Prepared ─► residuals (n, 3, C) ─► smoothed (n, P), levels (n, P)

The functions are those of the stream, so that training sees what the daemon will see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detector import CLIP, HISTORY, PARTS, WINDOW, Detector
from models.level import Level
from models.scaling import HostScaling

BLOCKS = 12  # of a host's time, at most
SHORTEST_BLOCK = 96  # ticks: three windows
HELD_OUT_EVERY = 4


@dataclass(frozen=True, slots=True)
class HostHistory:
    """The ticks of one host in order, empty ones included as masked rows."""

    host: str
    period_s: float
    values: NDArray[np.float32]  # (n, C)
    present: NDArray[np.bool_]  # (n, C)
    hour: NDArray[np.int64]  # (n,) hours since 1970


@dataclass(frozen=True, slots=True)
class Prepared:
    """A host's rows on the cohort's scale, and which are held out."""

    history: HostHistory
    z: NDArray[np.float32]  # (n, C)
    held_out: NDArray[np.bool_]  # (n,)


def prepare(
    history: HostHistory, centre: NDArray[np.float64], scale: NDArray[np.float64], turn: int = 0
) -> Prepared:
    """A host's rows on the cohort's scale; `turn` is its number, by which it is told what to hold out."""
    z = np.where(history.present, np.clip((history.values - centre) / scale, -CLIP, CLIP), 0.0)
    return Prepared(history, z.astype(np.float32), hold_out(len(z), turn))


def hold_out(ticks: int, turn: int) -> NDArray[np.bool_]:
    """(n,) which ticks of the cohort's host number `turn` are held out: one block of every four.

    Which one moves from four to four and from host to host: a fixed one would be the same hours of every
    day whenever training covers whole days, and the threshold would know nothing of the others.
    """
    block = np.arange(ticks) // max(ticks // BLOCKS, SHORTEST_BLOCK)
    last = HELD_OUT_EVERY - 1
    place = (last - block // HELD_OUT_EVERY + turn) % HELD_OUT_EVERY
    return np.asarray(block % HELD_OUT_EVERY == place)


def residuals_of(
    detector: Detector, host: Prepared, scaling: HostScaling | None = None
) -> NDArray[np.float32]:
    """(n, 3, C) residuals of every tick, as the stream would have them."""
    windows = trailing(host.history.values, WINDOW)  # (n, T, C)
    present = trailing(host.history.present, WINDOW)
    centre, scale = detector.scaling(host.history.host)
    if scaling is not None:
        centre, scale = scaling.centre, scaling.scale
    rows = len(windows)
    return detector.errors(
        windows,
        present,
        np.broadcast_to(centre, (rows, len(centre))),
        np.broadcast_to(scale, (rows, len(scale))),
    )


def trailing(rows: NDArray[Any], depth: int, fill: float = 0.0) -> NDArray[Any]:
    """(n, ...) → (n, depth, ...): for each row the last `depth` ones, `fill` before the beginning."""
    padded = np.concatenate([np.full((depth - 1, *rows.shape[1:]), fill, rows.dtype), rows])
    return np.moveaxis(np.lib.stride_tricks.sliding_window_view(padded, depth, axis=0), -1, 1)


def last_ticks(host: Prepared, count: int) -> Prepared:
    """The last ticks of a host."""
    h, last = host.history, slice(-count, None)
    history = HostHistory(h.host, h.period_s, h.values[last], h.present[last], h.hour[last])
    return Prepared(history, host.z[last], host.held_out[last])


def smoothed_of(detector: Detector, host: Prepared, residuals: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, P) smoothed raw values of every tick; NaN where nothing stood."""
    raw, _ = detector.fuse(trailing(residuals, HISTORY), trailing(host.history.present, HISTORY))
    stood = np.asarray(host.history.present.any(axis=1))
    raw = np.where(stood[:, None, None], raw, np.nan)  # (n, P, V)
    return detector.smooth(trailing(raw, detector.kernel, np.nan))


def levels_of(smoothed: NDArray[np.float64], hours: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n, P) the level that each tick of a host is seen against."""
    level, levels = Level(len(PARTS)), np.full_like(smoothed, np.nan)
    for row, hour in enumerate(hours.tolist()):
        levels[row] = level.at(hour)
        level.add(smoothed[row])
    return levels
