"""How long until a machine's first part is at its limit, if it goes on warming as it does.

last 10 rows of every temperature ──► slope (Theil–Sen) ──► (limit − now) / slope ──► the least of all

Asked only while an alert of the host's condition is open, and told anew only where it changed a lot.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.alert import Alert
from agent.alerts import HostAlerts
from agent.scored import NOT_KNOWN, ScoredTick
from agent.sensors import SECOND_NS

MOST_ROWS, LEAST_ROWS = 10, 4
HORIZON_S = 4 * 3_600.0  # what is farther off than that no slope of some minutes can tell
RISES_K, RISES_SHARE = 0.8, 0.7  # over the rows, and of all pairs of them: more than a thermometer's step
STILL_SHARE, STILL_K = 0.5, 1.0  # of both, or so near to the limit: enough to keep what is told
A_LOT = 2.0  # twice or half of what was told is worth telling
NEAR_S = 30.0  # nearer than that is not told apart
# Where a sensor sends no limit of its own: name → °C, the first that is not passed, and where it is from.
LIMITS_C: tuple[tuple[str, tuple[float, ...], str], ...] = (
    (r"cpu\d*_temp_c", (95.0,), "throttling begins at 85–105 °C by type: Intel's and AMD's data sheets"),
    (r"dimm\w*_temp_c", (85.0,), "JEDEC: doubled refresh from here on, 95 °C at most"),
    (r"(vrm|vr_)\w*temp_c", (105.0,), "usual alarm of board makers, 105–115 °C"),
    (r"gpu\d+_temp_c", (90.0,), "usual slowdown; a card's own T.Limit is better"),
    (r"inlet_temp_c", (32.0, 35.0), "ASHRAE TC9.9, allowable: A1, then A2"),
)

SURE_Z = 1.96  # of Kendall's sum: the interval is one of 95 %

Rows = NDArray[np.float32]
Columns = tuple[int, ...]


class Left(NamedTuple):
    """Seconds until the first part is at its limit, and between which bounds; −1 where none comes near, or
    where it may take for ever."""

    about_s: float = NOT_KNOWN
    soonest_s: float = NOT_KNOWN
    latest_s: float = NOT_KNOWN


def renew_limits(alerts: HostAlerts, tick: ScoredTick, rows: Callable[[], Rows]) -> list[Alert]:
    """Bring the host's open condition alert up to date after a tick; a copy of it if that changed a lot."""
    track = alerts.tracks.get("condition")
    alert = track.alert if track is not None else None
    if alert is None:
        return []
    told_s, left = alert.time_to_limit_s, Left()
    if alert.is_open:
        past = rows()[-MOST_ROWS:]
        own = {
            name: limit
            for (name, side), limit in tick.limits.items()
            if side == "upper" and name in tick.sensors and not _is_usual(tick, name, limit)
        }
        left = time_to_limit(past, tick.period_ns / SECOND_NS, tick.sensors, own, told_s)
    if not _is_news(told_s, left.about_s):
        return []
    alert.time_to_limit_s, alert.limit_within_s = left.about_s, (left.soonest_s, left.latest_s)
    return [alert.copy()] if alert.is_open else []


def time_to_limit(
    rows: Rows,
    period_s: float,
    sensors: Sequence[str],
    limits: Mapping[str, float],
    told_s: float = NOT_KNOWN,
) -> Left:
    """How long until the first temperature is at its limit at its present rate; 0 where one is, −1 where none
    rises or gets there within 4 h.

    Args:
        rows: (N, F) the last ticks, oldest first, a period apart; NaN where nothing was believed.
        limits: sensor → the upper limit that it sends with its readings, °C.
        told_s: what was told before: that is kept by less than it took to tell it.
    """
    columns = _temperatures(tuple(sensors))
    if len(rows) == 0 or not columns:
        return Left()
    values = rows[:, list(columns)].astype(np.float64)
    now = values[-1]
    limit = np.array([_limit_of(sensors[i], now[at], limits) for at, i in enumerate(columns)])
    if np.any(now >= limit - (STILL_K if told_s == 0 else 0.0)):
        return Left(0.0, 0.0, 0.0)
    if len(rows) < LEAST_ROWS:
        return Left()
    slope = _slopes(values, STILL_SHARE if told_s >= 0 else 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        left_s = np.where(slope > 0, (limit - now) / slope * period_s, np.inf)
    if not np.nanmin(left_s, initial=np.inf) <= HORIZON_S:
        return Left()
    first = int(np.nanargmin(left_s))
    gap_k = float(limit[first] - now[first])
    slow, fast = _slope_bounds(values[:, first])
    return Left(
        round(float(left_s[first]), 1),
        round(gap_k / fast * period_s, 1),
        round(gap_k / slow * period_s, 1) if slow > 0 else NOT_KNOWN,
    )


def _slope_bounds(values: NDArray[np.float64]) -> tuple[float, float]:
    """The slopes between which that of a rising column lies with 95 %, as Sen has it from Kendall's sum."""
    known = values[np.isfinite(values)]
    at = np.flatnonzero(np.isfinite(values))
    first, second = np.triu_indices(len(known), 1)
    steps = np.sort((known[second] - known[first]) / (at[second] - at[first]))
    count = len(known)
    spread = SURE_Z * np.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = max(int((len(steps) - spread) // 2), 0)
    high = min(int(-(-(len(steps) + spread) // 2)), len(steps) - 1)
    return float(steps[low]), float(steps[high])


def _slopes(values: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """(F,) K a row of each column by Theil and Sen; 0 where it does not clearly rise."""
    first, second = np.triu_indices(len(values), 1)
    steps = (values[second] - values[first]) / (second - first)[:, None]
    known = np.isfinite(steps)
    pairs = known.sum(axis=0)
    enough = (np.isfinite(values).sum(axis=0) >= LEAST_ROWS) & np.isfinite(values[-1])
    slope = np.zeros(values.shape[1])
    slope[enough] = np.nanmedian(steps[:, enough], axis=0)
    ups = ((steps > 0) & known).sum(axis=0) - ((steps < 0) & known).sum(axis=0)
    rises = (ups >= share * RISES_SHARE * np.maximum(pairs, 1)) & (
        slope * (len(values) - 1) >= share * RISES_K
    )
    return np.where(rises, slope, 0.0)


@lru_cache(maxsize=1024)
def _temperatures(sensors: tuple[str, ...]) -> Columns:
    """The columns of temperatures that a limit is known of, or may be sent."""
    return tuple(i for i, name in enumerate(sensors) if name.endswith("temp_c"))


def _is_usual(tick: ScoredTick, sensor: str, limit: float) -> bool:
    """Whether a sensor is usually beyond what it calls its limit: then it is none."""
    return float(tick.usual[tick.sensors.index(sensor)]) > limit


def _limit_of(sensor: str, now: float, limits: Mapping[str, float]) -> float:
    """The sensor's own limit, else the first of the table's that is not passed, else its last; inf where
    there is none."""
    if sensor in limits:
        return limits[sensor]
    for pattern, steps, _ in LIMITS_C:
        if re.fullmatch(pattern, sensor):
            return next((step for step in steps if now < step), steps[-1])
    return np.inf


def _is_news(told_s: float, now_s: float) -> bool:
    """Whether a new estimate differs enough from the one that was told."""
    if (told_s < 0) != (now_s < 0):
        return True
    if max(told_s, now_s) < NEAR_S:
        return False
    return now_s >= A_LOT * told_s or now_s <= told_s / A_LOT
