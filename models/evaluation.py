"""Honest figures of detection: volumes under the curves, points, and events. No point adjustment anywhere.

Scores are judged as they are, row by row, against labels of equal length. The volumes under the surface (VUS)
are those of Paparrizos et al. 2022 in the semantics of TSB-AD 1.5: the curve is averaged over buffers of
0 to 100 rows around each labelled segment, so that an alarm a little early or late counts a little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BUFFER_ROWS = 100
THRESHOLDS = 250  # of a VUS curve
EARLY_ROWS = 5  # an alarm may start so many rows before its event
GAP_ROWS = 5  # alarms closer than this are one
HOUR_S, DAY_S = 3_600.0, 86_400.0
RESAMPLES = 10_000

Array = NDArray[np.float64]
Rows = NDArray[np.bool_]


def segments(rows: NDArray[Any]) -> NDArray[np.intp]:
    """(n,) truth values → (k, 2) first and last row of each run of true ones."""
    edges = np.diff(np.concatenate([[0], np.asarray(rows, dtype=np.int8), [0]]))
    return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1], axis=1)


def vus(label: NDArray[Any], score: NDArray[Any], buffer: int = BUFFER_ROWS) -> tuple[float, float]:
    """VUS-ROC and VUS-PR, high is good.

    Raises:
        ValueError: shapes differ, a score is not finite, or only one class is labelled.
    """
    truth, values = _checked(label, score)
    _both_classes(truth)
    order = np.argsort(-values, kind="stable")
    cuts = values[order][np.linspace(0, len(values) - 1, THRESHOLDS).astype(int)]
    flagged = np.searchsorted(-values[order], -cuts, side="right")  # rows at or above each cut
    last = flagged - 1
    events = segments(truth)
    inside = np.cumsum(truth[order])[last].astype(np.float64)
    areas = [
        _areas(truth, values, events, width, order, cuts, flagged.astype(np.float64), inside)
        for width in range(buffer + 1)
    ]
    roc, pr = np.mean(areas, axis=0)
    return float(roc), float(pr)


def _areas(
    truth: Rows,
    values: Array,
    events: NDArray[np.intp],
    width: int,
    order: NDArray[np.intp],
    cuts: Array,
    flagged: Array,
    inside: Array,
) -> tuple[float, float]:
    """Areas under ROC and precision-recall curves with one buffer width."""
    rows, positive = len(truth), float(truth.sum())
    soft = _slopes(events, width, rows)
    soft[truth] = 0.0
    beside = np.cumsum(soft[order])[flagged.astype(int) - 1]
    peaks = np.sort([values[first : last + 1].max() for first, last in _widened(events, width // 2, rows)])
    found = 1.0 - np.searchsorted(peaks, cuts, side="left") / len(peaks)  # share of events with a flag
    hits = inside + beside
    expected = (positive + beside + positive) / 2.0
    recall = np.minimum(hits / expected, 1.0) * found
    false = (flagged - hits) / (rows - expected)
    precision = hits / flagged
    recall_all, false_all = np.concatenate([[0.0], recall, [1.0]]), np.concatenate([[0.0], false, [1.0]])
    roc = float(np.sum(np.diff(false_all) * (recall_all[1:] + recall_all[:-1]) / 2.0))
    return roc, float(np.sum(np.diff(recall_all[:-1]) * precision))


def _slopes(events: NDArray[np.intp], width: int, rows: int) -> Array:
    """(n,) how much a row beside an event counts: falling to √½ at half of the buffer's width."""
    soft = np.zeros(rows)
    half = width // 2
    for first, last in events:
        after = np.arange(last + 1, min(last + half + 1, rows))
        before = np.arange(max(first - half, 0), first)
        if width:
            soft[after] += np.sqrt(1.0 - (after - last) / width)
            soft[before] += np.sqrt(1.0 - (first - before) / width)
    return np.minimum(soft, 1.0)


def _widened(events: NDArray[np.intp], half: int, rows: int) -> list[tuple[int, int]]:
    """Events with `half` rows on each side, those that meet joined."""
    joined: list[tuple[int, int]] = []
    for first, last in events.tolist():
        start, end = max(first - half, 0), min(last + half, rows - 1)
        if joined and joined[-1][1] >= first - half:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def curve_figures(label: NDArray[Any], score: NDArray[Any]) -> dict[str, float]:
    """VUS-PR, VUS-ROC, and areas under the row-wise curves.

    Raises:
        ValueError: as `vus`.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    truth, values = _checked(label, score)
    roc, pr = vus(truth, values)
    return {
        "vus_pr": pr,
        "vus_roc": roc,
        "auc_pr": float(average_precision_score(truth, values)),
        "auc_roc": float(roc_auc_score(truth, values)),
    }


def point_figures(label: NDArray[Any], alarm: NDArray[Any]) -> dict[str, float]:
    """Accuracy, precision, recall and F1 of rows at the operating threshold; 0 where nothing was flagged."""
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    truth, flagged = _checked(label, alarm)
    precision, recall, f1, _ = precision_recall_fscore_support(
        truth, flagged > 0, average="binary", zero_division=0
    )
    accuracy = float(accuracy_score(truth, flagged > 0))
    return {"accuracy": accuracy, "precision": float(precision), "recall": float(recall), "f1": float(f1)}


@dataclass(frozen=True, slots=True)
class EventFigures:
    """What an operator sees. Rates are of one host's log; delays are of found events, 0 if early."""

    events: int
    alarms: int
    recall: float | None  # None without an event
    precision: float | None  # None without an alarm
    f1: float | None
    false_alarms_per_day: float
    false_alerts_per_1000_host_days: float
    delay_s_mean: float | None  # None where nothing was found
    delay_s_median: float | None


def event_figures(label: NDArray[Any], alarm: NDArray[Any], interval_s: float) -> EventFigures:
    """An alarm is true if it starts in [start − 5 rows, end] of an event; one that was on before is not.

    False are all others, and each further whole hour that an alarm lasts outside of events: so an alarm that
    never ends costs 24 a day.

    Raises:
        ValueError: shapes differ, no row, or no time between rows.
    """
    if not interval_s > 0.0:
        raise ValueError(f"rows are {interval_s} s apart; expected more than 0")
    truth, flagged = _checked(label, alarm)
    events, alarms = segments(truth), _joined(segments(flagged > 0))
    delays: dict[int, float] = {}
    true, hours = 0, 0
    for first, last in alarms:
        hit = [n for n, (start, end) in enumerate(events.tolist()) if start - EARLY_ROWS <= first <= end]
        for n in hit:
            delays.setdefault(n, max(0, first - int(events[n, 0])) * interval_s)
        true += bool(hit)
        hours += int((~truth[first : last + 1]).sum() * interval_s // HOUR_S)
    recall = len(delays) / len(events) if len(events) else None
    precision = true / len(alarms) if alarms else None
    per_day = (len(alarms) - true + hours) / (len(truth) * interval_s / DAY_S)
    found = list(delays.values())
    return EventFigures(
        events=len(events),
        alarms=len(alarms),
        recall=recall,
        precision=precision,
        f1=_f1(recall, precision),
        false_alarms_per_day=per_day,
        false_alerts_per_1000_host_days=per_day * 1_000,
        delay_s_mean=float(np.mean(found)) if found else None,
        delay_s_median=float(np.median(found)) if found else None,
    )


def paired_interval(differences: Sequence[float] | Array, seed: int = 0) -> tuple[float, float, float]:
    """Mean of paired differences (one a machine) and its bootstrap 95 % interval.

    Raises:
        ValueError: nothing to resample, or not a row of finite differences.
    """
    values = np.asarray(differences, dtype=np.float64)
    if not values.size:
        raise ValueError("no paired difference; expected one for each machine")
    if values.ndim != 1 or not np.isfinite(values).all():
        raise ValueError(f"differences have shape {values.shape}; expected (machines,), all finite")
    draws = np.random.default_rng(seed).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.quantile(values[draws].mean(axis=1), [0.025, 0.975])
    return float(values.mean()), float(low), float(high)


def _f1(recall: float | None, precision: float | None) -> float | None:
    if recall is None or precision is None:
        return None
    return 2 * recall * precision / (recall + precision) if recall + precision else 0.0


def _joined(runs: NDArray[np.intp]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, last in runs.tolist():
        if joined and first - joined[-1][1] - 1 <= GAP_ROWS:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def _checked(label: NDArray[Any], score: NDArray[Any]) -> tuple[Rows, Array]:
    truth, values = np.asarray(label), np.asarray(score, dtype=np.float64)
    if truth.ndim != 1 or truth.shape != values.shape:
        raise ValueError(f"labels have shape {truth.shape} and scores {values.shape}; expected one row each")
    if not len(truth):
        raise ValueError("no rows; expected at least one")
    if not np.isfinite(values).all():
        raise ValueError(f"{int((~np.isfinite(values)).sum())} scores are not finite; expected none")
    return truth.astype(np.float64) > 0, values


def _both_classes(truth: Rows) -> None:
    if truth.all() or not truth.any():
        raise ValueError(
            f"all {len(truth)} rows are {'abnormal' if truth.all() else 'normal'}; expected both"
        )
