"""From a fused value to a tail probability, and from a budget of false alerts to a threshold.

    value v ─► p = P(a normal tick is as high) ─► score = −log10(p) / 12

The body of the distribution is what training saw. Its tail is exponential in log v, fitted to the maxima of
runs above a high quantile, and pulled towards a prior while there are few of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

DECADES = 12.0  # a score of 1 is p = 1e-12
TOLD_DECADES = 8.0  # so far the tail is taken at its word
RUN_QUANTILE = 0.9  # ticks above it form runs, whose maxima tell the tail
BODY_QUANTILE = 0.999  # up to here the distribution is what was seen
APART_TICKS = 64  # exceedances closer than a smoothing kernel belong to one run
PRIOR_SCALE, PRIOR_RUNS = 0.25, 8.0  # of the tail of log v, and how many runs it counts for
LEAST_SCALE = 0.08
KNOTS = 65
HIGHEST_THRESHOLD = 0.95
CALM_SHARE = 0.8  # of the threshold: below it a tick is calm, and an alert may end
FIRM_HOST_DAYS = 300.0  # with less, the threshold is called provisional
MONTH_S = 30 * 86_400.0

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """The distribution of log v on normal ticks, and the score that keeps the budget."""

    knots_log_v: Array  # (K,) rising
    knots_log_p: Array  # (K,) log10 of the share of normal ticks at least as high, falling
    tail_scale: float
    threshold: float

    def score(self, values: Array) -> Array:
        """(B,) positive values → (B,) scores in 0..1; NaN stays NaN."""
        log_v = np.log(np.maximum(values, 1e-12))
        body = np.interp(log_v, self.knots_log_v, self.knots_log_p)
        beyond = np.maximum(log_v - self.knots_log_v[-1], 0.0)
        log_p = body - beyond / (self.tail_scale * math.log(10))
        return np.asarray(np.clip(_within(-log_p) / DECADES, 0.0, 1.0))


def calibrate(values: list[Array], period_s: float, budget_per_host_month: float) -> Calibration:
    """Fit on (n,) values of each host, in time order, NaN where unscored.

    Args:
        values: positive fused values on normal ticks, best ones that nothing was fitted on.
        period_s: seconds a tick.
        budget_per_host_month: false alerts that a host may raise a month.
    """
    logs = [np.log(np.maximum(v[np.isfinite(v)], 1e-12)) for v in values]
    pooled = np.concatenate(logs)
    edge = float(np.quantile(pooled, RUN_QUANTILE))
    peaks = np.concatenate([run_maxima(log_v, edge) for log_v in logs])
    start, scale, runs = fit_tail(peaks, edge)
    months = len(pooled) * period_s / MONTH_S
    runs_a_month = (runs + 1.0) / months
    log_v = start + scale * math.log(max(runs_a_month / budget_per_host_month, math.e))
    body = Calibration(*_body(pooled), scale, threshold=0.0)
    return replace(body, threshold=min(float(body.score(np.exp([log_v]))[0]), HIGHEST_THRESHOLD))


def _within(decades: Array) -> Array:
    """Decades of improbability: as they are to TOLD_DECADES, nearing DECADES beyond. What is so far out
    was never measured, but the farther of two stays the farther."""
    room = DECADES - TOLD_DECADES
    beyond = np.maximum(decades - TOLD_DECADES, 0.0)
    return np.where(decades > TOLD_DECADES, TOLD_DECADES - room * np.expm1(-beyond / room), decades)


def fit_tail(peaks: Array, edge: float) -> tuple[float, float, float]:
    """Where the tail of run maxima begins, its scale in log v, and how many maxima lie beyond.

    The excess of an exponential tail over any point has the tail's scale as its mean, so the upper half of
    the maxima tells it; the prior counts for `PRIOR_RUNS` of them.
    """
    start = float(np.median(peaks)) if len(peaks) else edge
    excess = peaks[peaks > start] - start
    scale = (float(excess.sum()) + PRIOR_RUNS * PRIOR_SCALE) / (len(excess) + PRIOR_RUNS)
    return start, max(scale, LEAST_SCALE), float(len(excess))


def run_maxima(log_v: Array, edge: float) -> Array:
    """The highest value of each run above `edge`; runs are at least `APART_TICKS` apart."""
    above = np.flatnonzero(log_v > edge)
    if not len(above):
        return np.zeros(0)
    runs = np.split(above, np.flatnonzero(np.diff(above) > APART_TICKS) + 1)
    return np.array([log_v[run].max() for run in runs])


def _body(pooled: Array) -> tuple[Array, Array]:
    """Knots of log v and log10 p: from everything up to about ten ticks from the top."""
    last = max(min(BODY_QUANTILE, 1.0 - 10.0 / len(pooled)), 0.5)
    shares = 1.0 - np.geomspace(1.0, 1.0 - last, KNOTS)
    return np.maximum.accumulate(np.quantile(pooled, shares)), np.log10(1.0 - shares)
