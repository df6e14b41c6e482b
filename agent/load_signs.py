"""What a host's load says of itself: a plateau that is none of its days, or a fortnight of nothing.

LoadPast ──hours, days, daily course──► Plateau: high, does not tremble, has no night, unlike its own past
         └─a fortnight of days───────► Idle: at its lowest known level, which utilization or busier days prove

Asked once an hour. Nothing is told of a machine whose past does not say what is usual for it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from agent.load_past import (
    BUSY,
    COVERED,
    DAY,
    DAY_BUSY,
    DAY_HOURS,
    DAY_PEAK,
    DAY_SHAKE,
    HIGH,
    HOUR,
    LOW,
    MEAN,
    MIDDLE,
    PEAK,
    SHAKE,
    Array,
    Idle,
    LoadPast,
    Plateau,
)

LEAST_HOURS = 20  # of a day that is known, 80 %
KNOWN_DAYS = 7  # before a plateau
RHYTHM_SHARE, RHYTHM_SCATTER = 0.05, 0.6  # of its mean, and of hours about it: less is no daily course
SMOOTH_HOURS = 5
HIGH_SHARE = 0.6  # of the usual day's range, from its night up: from here on load is high
STILL_SHAKE, STILL_HOUR = (
    0.5,
    0.75,
)  # of the usual variation within an hour: median, most hours
MOST = 0.8
FLAT_SHARE, FLAT_RANGE = 0.06, 0.35  # of the level, and of the usual day's range: so far hours may differ
BAND = 1.5  # × how far hours differ: where a tick still belongs to the plateau
IDLE_DAYS = 14
IDLE_SHARE, IDLE_PEAK = 1.06, 1.15  # of the lowest hourly mean known: hours, and their ticks
WARM_DAYS, WARM_SHARE = 1, 1.3  # on so many days fans in warm air may take that, of the same
BUSIER = 1.4  # an hour so far above the lowest proves that the machine can do more
IDLE_BUSY = 0.05  # of utilization


def judge(past: LoadPast) -> None:
    """Bring what follows from the past up to date with its newest closed hour."""
    if past.judged == past.closed:
        return
    past.judged = past.closed
    past.plateau = find_plateau(past)
    past.flat_since = past.plateau.since_hour if past.plateau is not None else 0
    past.idle = find_idle(past)


def find_plateau(past: LoadPast) -> Plateau | None:
    """The plateau that the last 24 hours are, None where they are usual or nobody knows."""
    last = past.hours[past.hours[:, HOUR] > past.closed - DAY_HOURS]
    if len(last) < LEAST_HOURS or len(past.days) < KNOWN_DAYS:
        return None
    level_w, shake_w = float(last[:, MEAN].mean()), float(np.median(last[:, SHAKE]))
    differ_w = float(np.ptp(last[:, MEAN]))
    since = past.flat_since or int(last[0, HOUR])
    usual = _known_days(past.days, since // DAY_HOURS)
    if len(usual) < KNOWN_DAYS:
        return None
    low_w, high_w = float(np.median(usual[:, LOW])), float(np.median(usual[:, HIGH]))
    usual_shake_w = float(np.median(usual[:, DAY_SHAKE]))
    flat_w = min(FLAT_SHARE * level_w, FLAT_RANGE * (high_w - low_w))
    is_high = level_w >= low_w + HIGH_SHARE * (high_w - low_w)
    is_still = shake_w <= STILL_SHAKE * usual_shake_w
    is_still &= float(np.mean(last[:, SHAKE] <= STILL_HOUR * usual_shake_w)) >= MOST
    if differ_w > flat_w or not is_high or not is_still or not has_course(past) or _has_flat_days(usual):
        return None
    if not past.flat_since:
        since = _begin_of(past.hours, level_w, flat_w, STILL_HOUR * usual_shake_w)
    return Plateau(
        since_hour=since,
        level_w=level_w,
        shake=shake_w / level_w,
        usual_shake=usual_shake_w / float(np.median(usual[:, MIDDLE])),
        low_w=low_w,
        high_w=high_w,
        band_w=BAND * flat_w,
    )


def has_course(past: LoadPast) -> bool:
    """Whether the host's days have a course: the same hours busy, the same ones quiet."""
    if past.counted.min() < KNOWN_DAYS:
        return False
    around = np.concatenate([past.course, past.course[: SMOOTH_HOURS - 1]])
    smooth = np.convolve(around, np.full(SMOOTH_HOURS, 1 / SMOOTH_HOURS), "valid")
    least_w = max(RHYTHM_SHARE * float(past.course.mean()), RHYTHM_SCATTER * math.sqrt(past.scatter))
    return float(np.ptp(smooth)) >= least_w


def find_idle(past: LoadPast) -> Idle | None:
    """The idleness of the last fortnight, None where there was work or nobody knows what idle is."""
    today = (past.closed + 1) // DAY_HOURS
    days = past.days[past.days[:, DAY] >= today - IDLE_DAYS]
    if len(days) < IDLE_DAYS or bool((days[:, COVERED] < LEAST_HOURS).any()):
        return None
    hours = past.hours[past.hours[:, HOUR] >= today * DAY_HOURS]
    if int((~_are_idle(days, past.lowest_w)).sum()) + _is_warm(hours, past.lowest_w) > WARM_DAYS:
        return None
    peak_w = float(np.concatenate([days[:, DAY_PEAK], hours[:, PEAK]]).max())
    if peak_w > WARM_SHARE * past.lowest_w:
        return None
    busy = np.concatenate([days[:, DAY_BUSY], hours[:, BUSY]])
    told = bool(np.isfinite(busy).all())
    if told and float(busy.max()) >= IDLE_BUSY:
        return None
    if not told and past.highest_w < BUSIER * past.lowest_w:
        return None
    return Idle(
        since_hour=_idle_since(past),
        floor_w=past.lowest_w,
        most_w=WARM_SHARE * past.lowest_w,
        highest_w=past.highest_w,
        busy=float(busy.max()) if told else math.nan,
    )


def _known_days(days: Array, before: int) -> Array:
    return days[(days[:, DAY] < before) & (days[:, COVERED] >= LEAST_HOURS)]


def _has_flat_days(days: Array) -> bool:
    """Whether it has had days like a plateau before: that is how it works, then."""
    flat = days[:, HIGH] - days[:, LOW] <= FLAT_SHARE * days[:, MIDDLE]
    return bool((flat & (days[:, MIDDLE] >= np.median(days[:, MIDDLE]))).any())


def _begin_of(hours: Array, level_w: float, flat_w: float, most_shake_w: float) -> int:
    """The first hour of those in a row, up to the newest, that are alike and still."""
    alike = (np.abs(hours[:, MEAN] - level_w) <= flat_w) & (hours[:, SHAKE] <= most_shake_w)
    newest = int(hours[-1, HOUR])
    alike |= hours[:, HOUR] > newest - DAY_HOURS
    unlike = np.flatnonzero(~alike)
    return int(hours[unlike[-1] + 1 if len(unlike) else 0, HOUR])


def _are_idle(days: Array, floor_w: float) -> NDArray[np.bool_]:
    return (days[:, HIGH] <= IDLE_SHARE * floor_w) & (days[:, DAY_PEAK] <= IDLE_PEAK * floor_w)


def _is_warm(hours: Array, floor_w: float) -> bool:
    """Whether some of today's hours are above what an idle machine takes."""
    above = (hours[:, MEAN] > IDLE_SHARE * floor_w) | (hours[:, PEAK] > IDLE_PEAK * floor_w)
    return bool(above.any())


def _idle_since(past: LoadPast) -> int:
    """The first hour of the days in a row that were idle, as far back as is known; a fortnight at least."""
    first = int(past.days[-IDLE_DAYS, DAY])
    idle = _are_idle(past.days, past.lowest_w)
    for at in range(len(past.days) - IDLE_DAYS - 1, -1, -1):
        if not idle[at] or int(past.days[at, DAY]) != first - 1:
            break
        first -= 1
    return first * DAY_HOURS
