"""Fits a detector on one table and scores another as the daemon would: row by row, from the past alone.

    train table ─► one host's history ─► fit_cohort ─► Detector
    test table  ─► a closed tick a row ─► Scorer ─► HostAlerts ─► score, threshold, alarm

A table is a cohort of one host; its numeric columns are sensors. Nothing is tuned by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from agent.alerts import HostAlerts
from agent.backtest_table import (
    HOST,
    Table,
    TableError,
    closed_ticks,
    meanings,
    own_periods,
    read_columns,
    some,
)
from agent.diagnosis import diagnose
from agent.host import Host
from agent.scored import ScoredTick
from agent.scoring import Scorer
from agent.sensors import SECOND_NS
from agent.ticks import HOUR_NS, HostClock
from agent.windows import tick_rows
from models.detector import PARTS, Detector
from models.histories import HostHistory
from models.training import TrainingOptions, fit_cohort

__all__ = ["BacktestResult", "Table", "TableError", "backtest", "fit_table", "read_columns", "score_table"]

COHORT, FUSED = "backtest", "fused"
BATCH_ROWS = 4_096
MIN_ROWS = 64

Reach = Callable[[int, int], None]
Periods = NDArray[np.int64]


def _unheard(_done: int, _total: int) -> None:
    """Nobody waits for the progress."""


@dataclass(slots=True)
class BacktestResult:
    """One entry a row of the test table. Unscored rows have score 0 and no alarm."""

    detector: Detector
    score: NDArray[np.float64]  # (n,) of the part that was asked for
    threshold: NDArray[np.float64]  # (n,)
    alarm: NDArray[np.bool_]  # (n,)
    scored: NDArray[np.bool_]  # (n,)
    parts: dict[str, NDArray[np.float64]] = field(default_factory=dict)  # part → (n,)
    alarms: dict[str, NDArray[np.bool_]] = field(default_factory=dict)  # part → (n,)
    thresholds: dict[str, float] = field(default_factory=dict)  # part → threshold
    missing_columns: tuple[str, ...] = ()  # known to training, not in the test table
    unknown_columns: tuple[str, ...] = ()  # the other way round


def backtest(
    train: Table, test: Table, options: TrainingOptions, part: str = FUSED, reach: Reach = _unheard
) -> BacktestResult:
    """Fit on `train`, score `test`; equal seeds give equal results on one CPU.

    Raises:
        TableError: training is too short, or the tables share no column.
        ValueError: the device is not there.
    """
    check_tables(train, test)
    result = score_table(fit_table(train, options, reach), test, part, own_periods(train))
    result.missing_columns = tuple(s for s in train.sensors if s not in test.sensors)
    result.unknown_columns = tuple(s for s in test.sensors if s not in train.sensors)
    return result


def check_tables(train: Table, test: Table) -> None:
    """Whether the one can be trained on and the other scored by it.

    Raises:
        TableError: training is too short, or the tables share no column.
    """
    usable = int(np.isfinite(train.values).any(axis=1).sum())
    if usable < MIN_ROWS:
        raise TableError(f"{usable} rows with numbers to train on; expected at least {MIN_ROWS}")
    if not set(train.sensors) & set(test.sensors):
        raise TableError(
            f"training has {some(train.sensors)}, the test {some(test.sensors)}; expected shared columns"
        )


def fit_table(train: Table, options: TrainingOptions, reach: Reach = _unheard) -> Detector:
    """The detector of a cohort of one host, whose log this table is."""
    ticks = [tick for _, tick in closed_ticks(train, own_periods(train))]
    values, present, places = tick_rows(ticks, len(train.sensors))
    hours = np.array([tick.time_ns // HOUR_NS for tick in ticks], np.int64)
    hour = hours[np.searchsorted(places, np.arange(len(values)))]  # an empty row has that of the next tick
    history = HostHistory(HOST, train.period_ns / SECOND_NS, values, present, hour)
    quantities, units = zip(*meanings(train), strict=True)
    return fit_cohort(COHORT, train.sensors, quantities, units, [history], options, reach)


def score_table(
    detector: Detector, test: Table, part: str = FUSED, periods_ns: Periods | None = None
) -> BacktestResult:
    """Score each row of a table through the stages of the daemon, from the rows before it alone.

    `periods_ns` (C,) are those of the detector's sensors, learnt in training; without them all are as fast
    as the rows.
    """
    known = test.take(detector.sensors)
    if periods_ns is None:
        periods_ns = np.full(len(known.sensors), known.period_ns, np.int64)
    result = _unscored(detector, len(known.values), part)
    scorer, host = Scorer({detector.cohort: detector}), _new_host(detector, known, periods_ns)
    alerts = {name: HostAlerts(HOST) for name in PARTS}
    ticks = closed_ticks(known, periods_ns)
    while batch := dict(islice(ticks, BATCH_ROWS)):
        scored = scorer.score(list(batch.values()), {HOST: host})
        for row, tick in zip(batch, scored, strict=True):
            _take(result, row, tick, alerts)
            if part == FUSED:
                result.threshold[row] = tick.threshold
    result.score, result.alarm = result.parts[part], result.alarms[part]
    return result


def _take(result: BacktestResult, row: int, tick: ScoredTick, alerts: dict[str, HostAlerts]) -> None:
    """Each part's score of a row, and whether an alert would stand after it by the daemon's own rule."""
    result.scored[row] = tick.scored
    for name in PARTS:
        told = tick
        if name != FUSED:
            told = replace(tick, score=tick.parts[name], threshold=result.thresholds[name])
        result.parts[name][row] = max(told.score, 0.0)
        alerts[name].update(told, [found for found in diagnose(told) if found.kind == "condition"])
        result.alarms[name][row] = alerts[name].open_count > 0


def _unscored(detector: Detector, rows: int, part: str) -> BacktestResult:
    thresholds: dict[str, float] = dict(zip(PARTS, detector.thresholds.tolist(), strict=True))
    result = BacktestResult(
        detector,
        score=np.zeros(rows),
        threshold=np.full(rows, thresholds[part]),  # a host's own past may change that of a scored row
        alarm=np.zeros(rows, bool),
        scored=np.zeros(rows, bool),
        thresholds=thresholds,
    )
    result.parts = {name: np.zeros(rows) for name in PARTS}
    result.alarms = {name: np.zeros(rows, bool) for name in PARTS}
    return result


def _new_host(detector: Detector, table: Table, periods_ns: Sequence[int] | Periods) -> Host:
    """A host that has joined its cohort already: columns that are missing are masked, however many."""
    clock = HostClock(HOST, period_ns=table.period_ns)
    for sensor, quantity, unit, period_ns in zip(
        detector.sensors, detector.quantities, detector.units, periods_ns, strict=True
    ):
        clock.column(sensor, quantity, unit, int(period_ns))
    joined = int(table.time_ns[0] // HOUR_NS) - 1
    return Host(HOST, "", clock, HostAlerts(HOST), cohort=detector.cohort, first_hour=joined)
