"""`coldaisle backtest`: how the detector would have done on a table of one's own.

train file, test file ─► agent.backtest ─► scores.parquet, metrics.json, a table for the terminal
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table as Shown

from agent.backtest import FUSED, BacktestResult, backtest, check_tables
from agent.backtest_table import LABEL, TIME, Table, TableError, read_columns, read_table, some
from agent.errors import RecordingError
from agent.progress import Bars, Progress, Quiet
from agent.sensors import SECOND_NS
from models.detector import PARTS
from models.evaluation import curve_figures, event_figures, point_figures, segments
from models.tops import DAYS_A_MONTH
from models.training import TrainingOptions

SCORES, METRICS = "scores.parquet", "metrics.json"
CURVES = ("vus_pr", "vus_roc", "auc_pr", "auc_roc")
SHOWN = (*CURVES, "precision", "recall", "f1")
ALL = "all"

Rows = NDArray[np.bool_]
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Backtested:
    """What a backtest found, and what of the tables it did not use."""

    result: BacktestResult
    metrics: dict[str, Any]
    remarks: tuple[str, ...]  # a line each


def run_backtest(
    train_file: Path,
    test_file: Path,
    out: Path,
    *,
    part: str = FUSED,
    interval_s: float = 60.0,
    options: TrainingOptions | None = None,
    progress: Progress | None = None,
) -> Backtested:
    """Fit on one file, score the other, write `scores.parquet` and `metrics.json` into `out`.

    Raises:
        TableError: a file cannot be read, or its table cannot be used.
        RecordingError: nothing can be written into `out`.
    """
    options, progress = options or TrainingOptions(), progress or Quiet()
    train_frame, test_frame = read_table(train_file), read_table(test_file)
    train = _columns(train_file, train_frame, interval_s, use_label=False)
    test = _columns(test_file, test_frame, interval_s, begin_ns=_end_of(train))
    check_tables(train, test)
    try:
        out.mkdir(parents=True, exist_ok=True)  # before the work, which may be long
        with progress.stage(
            f"training on {len(train.values):,} rows of {len(train.sensors)} columns"
        ) as stage:
            result = backtest(train, test, options, FUSED if part == ALL else part, stage.reach)
        metrics = _metrics(result, test, options, part)
        _scores(result, test_frame, part).to_parquet(out / SCORES, index=False)
        (out / METRICS).write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise RecordingError(f"cannot write into {out}: {error.strerror}") from None
    remarks = _remarks(result, train, test, has_train_label=LABEL in train_frame.columns)
    return Backtested(result, metrics, remarks)


def command(
    train_file: Path, test_file: Path, out: Path, part: str, interval_s: float, options: TrainingOptions
) -> None:
    """Run it and show what came out."""
    console, notes = Console(), Console(stderr=True, highlight=False, soft_wrap=True)
    done = run_backtest(
        train_file, test_file, out, part=part, interval_s=interval_s, options=options, progress=Bars(notes)
    )
    for remark in done.remarks:
        notes.print(remark, style="yellow")
    console.print(_shown(done.metrics))
    for note in done.result.detector.notes:
        notes.print(note, style="dim")
    rows = f"{int(done.result.scored.sum()):,} of {len(done.result.score):,} rows scored"
    console.print(f"{rows} into {out / SCORES}, figures in {out / METRICS}", soft_wrap=True)


def _columns(
    path: Path, frame: pd.DataFrame, interval_s: float, begin_ns: int = 0, use_label: bool = True
) -> Table:
    try:
        return read_columns(frame, interval_s, begin_ns, use_label)
    except TableError as error:
        raise TableError(f"{path.name}: {error}") from None


def _end_of(train: Table) -> int:
    """Where a test table without times begins: a row after the end of training."""
    return int(train.time_ns[-1]) + train.period_ns


def _scores(result: BacktestResult, frame: pd.DataFrame, part: str) -> pd.DataFrame:
    columns: dict[str, Any] = {TIME: frame[TIME].to_numpy()} if TIME in frame.columns else {}
    columns |= {"score": result.score, "threshold": result.threshold, "alarm": result.alarm}
    if part == ALL:
        columns |= {f"score_{name}": result.parts[name] for name in PARTS[1:]}
    return pd.DataFrame(columns)


def _metrics(result: BacktestResult, test: Table, options: TrainingOptions, part: str) -> dict[str, Any]:
    """All that metrics.json says: the chosen part's figures at the top, those of each under `parts`."""
    detector, interval_s = result.detector, test.period_ns / SECOND_NS
    chosen = FUSED if part == ALL else part
    metrics: dict[str, Any] = {
        "rows": len(result.score),
        "scored_rows": int(result.scored.sum()),
        "interval_s": interval_s,
        "sensors": list(detector.sensors),
        "detector": chosen,
        "seed": options.seed,
        "device": detector.device,
        "threshold": result.thresholds[chosen],
        "false_alarms_per_day_asked": options.budget_per_host_month / DAYS_A_MONTH,
        "alarms": len(segments(result.alarm)),
        "alarmed_rows": int(result.alarm.sum()),
        "ignored_columns": list(test.ignored),
        "missing_columns": list(result.missing_columns),
        "unknown_columns": list(result.unknown_columns),
        "notes": list(detector.notes),
        "labelled": test.label is not None,
    }
    if test.label is None:
        return metrics
    metrics["abnormal_rows"] = int(test.label.sum())
    if test.label.all() or not test.label.any():
        metrics["why_no_curves"] = "all rows have one label; curves need both"
    shown = PARTS if part == ALL else tuple(dict.fromkeys((chosen, "linear")))
    parts = {
        name: _figures(test.label, result.parts[name], result.alarms[name], interval_s) for name in shown
    }
    return metrics | parts[chosen] | {"parts": parts}


def _figures(label: Rows, score: Scores, alarm: Rows, interval_s: float) -> dict[str, Any]:
    """Curves of the score; points and events of the alarms. Curves are None where there is one class."""
    both = label.any() and not label.all()
    curves: dict[str, Any] = dict(curve_figures(label, score)) if both else dict.fromkeys(CURVES)
    return curves | point_figures(label, alarm) | {"events": asdict(event_figures(label, alarm, interval_s))}


def _shown(metrics: Mapping[str, Any]) -> Shown:
    """The figures of each part, the linear one always beside the networks."""
    title = f"backtest, seed {metrics['seed']}, {metrics['rows']:,} rows, {metrics['alarms']} alarms"
    table = Shown(title=title, title_justify="left", caption_justify="left")
    table.add_column("part")
    for name in SHOWN:
        table.add_column(name, justify="right")
    if not metrics["labelled"]:
        table.caption = "no label column: scores and alarms only"
        return table
    for name, figures in metrics["parts"].items():
        table.add_row(name, *(_say(figures[figure], ".3f") for figure in SHOWN))
    events = metrics["events"]
    table.caption = (
        f"events found {_say(events['recall'], '.0%')} of {events['events']}, "
        f"{events['false_alarms_per_day']:.2f} false alarms a day, "
        f"mean delay {_say(events['delay_s_mean'], '.0f')} s; no point adjustment"
    )
    return table


def _remarks(result: BacktestResult, train: Table, test: Table, has_train_label: bool) -> tuple[str, ...]:
    """What of the tables was not used."""
    named = (
        (result.missing_columns, "columns not in the test table, masked"),
        (result.unknown_columns, "columns not in the training table, ignored"),
        (tuple(dict.fromkeys((*train.ignored, *test.ignored))), "columns that are no numbers, ignored"),
    )
    remarks = [f"warning: {len(names)} {what}: {some(names, 8)}" for names, what in named if names]
    if has_train_label:
        remarks.append("label in the training table is not used")
    return tuple(remarks)


def _say(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
