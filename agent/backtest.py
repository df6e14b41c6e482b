"""Fits a detector on one table and scores another as the daemon would: row by row, from the past alone.

    train table ─► one host's history ─► fit_cohort ─► Detector
    test table  ─► a closed tick a row ─► Scorer ─► HostAlerts ─► score, threshold, alarm

A table is a cohort of one host; its numeric columns are sensors. Nothing is tuned by the caller.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agent.alerts import HostAlerts
from agent.diagnosis import diagnose
from agent.errors import ConfigError
from agent.host import Host
from agent.scored import ScoredTick
from agent.scoring import Scorer
from agent.sensors import SECOND_NS
from agent.telemetry.mappings import unit_of
from agent.ticks import CARRY_PERIODS, HOUR_NS, ClosedTick, HostClock
from models.detector import PARTS, Detector
from models.training import HostHistory, TrainingOptions, fit_cohort

HOST, COHORT = "table", "backtest"
TIME, LABEL = "time", "label"
BATCH_ROWS = 4_096
MIN_ROWS = 64
DAYS_A_MONTH = 30.0

Reach = Callable[[int, int], None]


def _unheard(_done: int, _total: int) -> None:
    """Nobody waits for the progress."""


class TableError(ConfigError):
    """A table that cannot be used, and what was expected of it."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as sensors: (n, C) values with NaN where nothing stands, and the time of each row."""

    sensors: tuple[str, ...]
    values: NDArray[np.float64]  # (n, C)
    time_ns: NDArray[np.int64]  # (n,) rising
    period_ns: int
    label: NDArray[np.bool_] | None = None
    ignored: tuple[str, ...] = ()  # columns that are not numbers


@dataclass(slots=True)
class BacktestResult:
    """One entry a row of the test table. Unscored rows have score 0 and no alarm."""

    detector: Detector
    score: NDArray[np.float64]  # (n,) of the part that was asked for
    threshold: NDArray[np.float64]  # (n,)
    alarm: NDArray[np.bool_]  # (n,)
    parts: dict[str, NDArray[np.float64]] = field(default_factory=dict)  # part → (n,)
    thresholds: dict[str, float] = field(default_factory=dict)  # part → threshold
    missing_columns: tuple[str, ...] = ()  # known to training, not in the test table
    unknown_columns: tuple[str, ...] = ()  # the other way round


def read_columns(frame: pd.DataFrame, interval_s: float = 60.0, begin_ns: int = 0) -> Table:
    """The numeric columns of a table as sensors; `time` gives the times, else rows are `interval_s` apart.

    Raises:
        TableError: no row, no numeric column, or times that do not rise.
    """
    if not len(frame):
        raise TableError("the table has no rows; expected at least one")
    numbers = [c for c in frame.columns if c not in (TIME, LABEL) and _is_number(frame[c])]
    if not numbers:
        raise TableError(f"no numeric column among {_some(list(frame.columns))}; expected one a sensor")
    others = tuple(str(c) for c in frame.columns if c not in (TIME, LABEL) and c not in numbers)
    values = frame[numbers].to_numpy(dtype=np.float64, na_value=math.nan)
    values = np.where(np.isfinite(values), values, math.nan)
    if TIME in frame.columns:
        time_ns = _times(frame[TIME])
        steps = np.diff(time_ns)
        if len(steps) and steps.min() <= 0:
            row = int(np.argmax(steps <= 0)) + 1
            raise TableError(f"time does not rise at row {row}; expected rows in time order, each time once")
        period_ns = int(np.median(steps)) if len(steps) else round(interval_s * SECOND_NS)
    else:
        period_ns = round(interval_s * SECOND_NS)
        time_ns = begin_ns + period_ns * np.arange(len(frame), dtype=np.int64)
    label = _labels(frame[LABEL]) if LABEL in frame.columns else None
    return Table(tuple(str(c) for c in numbers), values, time_ns, period_ns, label, others)


def backtest(
    train: Table, test: Table, options: TrainingOptions, part: str = "fused", reach: Reach = _unheard
) -> BacktestResult:
    """Fit on `train`, score `test`; equal seeds give equal results on one CPU.

    Raises:
        TableError: training is too short, or the tables share no column.
        ValueError: the device is not there.
    """
    if len(train.values) < MIN_ROWS:
        raise TableError(f"{len(train.values)} rows to train on; expected at least {MIN_ROWS}")
    shared = set(train.sensors) & set(test.sensors)
    if not shared:
        raise TableError(
            f"training has {_some(train.sensors)}, the test {_some(test.sensors)}; expected shared columns"
        )
    detector = fit_table(train, options, reach)
    result = score_table(detector, test, part)
    result.missing_columns = tuple(s for s in train.sensors if s not in shared)
    result.unknown_columns = tuple(s for s in test.sensors if s not in shared)
    return result


def fit_table(train: Table, options: TrainingOptions, reach: Reach = _unheard) -> Detector:
    """The detector of a cohort of one host, whose log this table is."""
    seen = np.isfinite(train.values)
    known = [_meaning(sensor) for sensor in train.sensors]
    history = HostHistory(
        HOST,
        train.period_ns / SECOND_NS,
        np.where(seen, train.values, 0.0).astype(np.float32),
        seen,
        train.time_ns // HOUR_NS,
    )
    quantities, units = [q for q, _ in known], [u for _, u in known]
    return fit_cohort(COHORT, train.sensors, quantities, units, [history], options, reach)


def score_table(detector: Detector, test: Table, part: str = "fused") -> BacktestResult:
    """Score each row of a table through the stages of the daemon, from the rows before it alone."""
    rows = len(test.values)
    result = BacktestResult(detector, np.zeros(rows), np.zeros(rows), np.zeros(rows, bool))
    result.parts = {name: np.zeros(rows) for name in PARTS}
    result.thresholds = dict(zip(PARTS, detector.thresholds.tolist(), strict=True))
    result.threshold[:] = result.thresholds[part]
    scorer, host = Scorer({detector.cohort: detector}), _new_host(test)
    for start in range(0, rows, BATCH_ROWS):
        ticks = dict(_ticks(test, start, min(start + BATCH_ROWS, rows), detector.window))
        scored = scorer.score(list(ticks.values()), {HOST: host})
        for row, tick in zip(ticks, scored, strict=True):
            by_part = {"fused": tick.score, **tick.parts}
            for name in PARTS:
                result.parts[name][row] = max(by_part[name], 0.0)
            if part == "fused":
                result.threshold[row] = tick.threshold
            result.alarm[row] = _alarms(host.alerts, tick, part, result.threshold[row])
    result.score = result.parts[part]
    return result


def _alarms(alerts: HostAlerts, tick: ScoredTick, part: str, threshold: float) -> bool:
    """Whether an alert of the score stands after this tick, by the daemon's own rule."""
    if part != "fused":
        tick = replace(tick, score=tick.parts[part], threshold=threshold)
    alerts.update(tick, [finding for finding in diagnose(tick) if finding.basis == "score"])
    return alerts.open_count > 0


def _ticks(table: Table, first: int, last: int, most_empty: int) -> Iterator[tuple[int, ClosedTick]]:
    """A closed tick for each row that holds something; a value is carried for three rows, then masked."""
    begin = max(first - CARRY_PERIODS, 0)
    values = pd.DataFrame(table.values[begin:last]).ffill(limit=CARRY_PERIODS).to_numpy()
    wide = len(table.sensors)
    periods, silent = np.full(wide, table.period_ns), np.zeros(wide, np.int64)
    before = table.time_ns[first - 1] if first else table.time_ns[0] - table.period_ns
    for row in range(first, last):
        arrived, carried = np.isfinite(table.values[row]), values[row - begin]
        if not arrived.any():
            continue
        present = np.isfinite(carried)
        filled = np.where(present, carried, 0.0)
        steps = round((int(table.time_ns[row]) - int(before)) / table.period_ns)
        before = table.time_ns[row]
        tick = ClosedTick(
            host=HOST,
            time_ns=int(table.time_ns[row]),
            period_ns=table.period_ns,
            empty_before=min(max(steps - 1, 0), most_empty),
            closed_by="complete",
            values=filled,
            present=present,
            arrived=arrived,
            sent=arrived,
            limitable=arrived,
            peak=filled,
            silent_ns=silent,
            sensor_period_ns=periods,
            limits={},
        )
        yield row, tick


def _new_host(table: Table) -> Host:
    clock = HostClock(HOST, period_ns=table.period_ns)
    for sensor in table.sensors:
        clock.column(sensor, *_meaning(sensor), table.period_ns)
    return Host(HOST, "", clock, HostAlerts(HOST))


def _meaning(sensor: str) -> tuple[str, str]:
    """Quantity and unit of a column by its name; a name that says nothing is of quantity `other`."""
    unit = unit_of(sensor)
    return (unit.quantity, unit.unit) if unit is not None else ("other", "1")


def _is_number(column: pd.Series[float]) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_complex_dtype(column)


def _times(column: pd.Series[float]) -> NDArray[np.int64]:
    """Times of any form as nanoseconds: datetimes, texts, or numbers since 1970 judged by their size."""
    if _is_number(column):
        numbers = column.to_numpy(dtype=np.float64)
        if not np.isfinite(numbers).all():
            raise TableError("time has empty rows; expected a time in each")
        size = float(np.abs(numbers).max())
        scale = next((s for limit, s in ((1e17, 1), (1e14, 10**3), (1e11, 10**6)) if size >= limit), 10**9)
        return np.round(numbers * scale).astype(np.int64)
    try:
        is_text = not pd.api.types.is_datetime64_any_dtype(column)
        stamps = pd.to_datetime(column, utc=True, format="mixed" if is_text else None)
    except (ValueError, TypeError) as error:
        raise TableError(f"time cannot be read ({error}); expected dates or seconds since 1970") from None
    if stamps.isna().any():
        raise TableError(f"time is empty at row {int(stamps.isna().argmax())}; expected a time in each row")
    return np.asarray(stamps.dt.as_unit("ns").astype("int64").to_numpy(), dtype=np.int64)


def _labels(column: pd.Series[float]) -> NDArray[np.bool_]:
    if not _is_number(column) or column.isna().any():
        raise TableError("label is not 0 or 1 in every row; expected 1 where a row is abnormal")
    return column.to_numpy(dtype=np.float64) > 0


def _some(names: Sequence[object]) -> str:
    shown = ", ".join(str(name) for name in names[:5])
    return f"{shown}, …" if len(names) > 5 else shown or "no columns"
