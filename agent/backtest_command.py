"""`coldaisle backtest`: how the detector would have done on a table of one's own.

train file, test file ─► agent.backtest ─► scores.parquet, metrics.json, a table for the terminal
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from rich.console import Console
from rich.table import Table as Shown

from agent.backtest import (
    DAYS_A_MONTH,
    TIME,
    BacktestResult,
    Table,
    TableError,
    backtest,
    read_columns,
)
from agent.errors import RecordingError
from agent.progress import Bars, Progress, Quiet
from agent.sensors import SECOND_NS
from models.detector import PARTS
from models.evaluation import curve_figures, event_figures, point_figures
from models.training import TrainingOptions

SCORES, METRICS = "scores.parquet", "metrics.json"
SHOWN = ("vus_pr", "vus_roc", "auc_pr", "auc_roc", "precision", "recall", "f1")
ALL = "all"


def read_table(path: Path) -> pd.DataFrame:
    """A parquet or CSV file (.gz, .zst too).

    Raises:
        RecordingError: it is not there or cannot be read.
    """
    try:
        return pd.read_parquet(path) if ".parquet" in path.suffixes else pd.read_csv(path)
    except FileNotFoundError:
        raise RecordingError(f"{path} is not there; expected a .parquet or .csv table") from None
    except (OSError, ValueError, pa.ArrowException, pd.errors.ParserError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RecordingError(f"{path} cannot be read as a table: {reason}") from None


def run_backtest(
    train_file: Path,
    test_file: Path,
    out: Path,
    *,
    part: str = "fused",
    interval_s: float = 60.0,
    options: TrainingOptions | None = None,
    progress: Progress | None = None,
) -> BacktestResult:
    """Fit on one file, score the other, write `scores.parquet` and `metrics.json` into `out`.

    Raises:
        RecordingError: a file cannot be read or written.
        TableError: a table cannot be used.
    """
    options = options or TrainingOptions()
    train = _columns(train_file, interval_s)
    test_frame = read_table(test_file)
    test = _columns(test_file, interval_s, test_frame, begin_ns=_end_of(train))
    progress = progress or Quiet()
    with progress.stage(f"training on {len(train.values):,} rows of {len(train.sensors)} columns") as stage:
        result = backtest(train, test, options, "fused" if part == ALL else part, stage.reach)
    metrics = _metrics(result, test, options, part)
    try:
        out.mkdir(parents=True, exist_ok=True)
        _scores(result, test_frame, part).to_parquet(out / SCORES, index=False)
        (out / METRICS).write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise RecordingError(f"cannot write into {out}: {error.strerror}") from None
    return result


def command(
    train_file: Path, test_file: Path, out: Path, part: str, interval_s: float, options: TrainingOptions
) -> None:
    """Run it and show what came out."""
    console, notes = Console(), Console(stderr=True, highlight=False)
    result = run_backtest(
        train_file, test_file, out, part=part, interval_s=interval_s, options=options, progress=Bars(notes)
    )
    _warn(notes, result)
    console.print(_shown(json.loads((out / METRICS).read_text(encoding="utf-8"))))
    for note in result.detector.notes:
        notes.print(note, style="dim")
    console.print(f"{len(result.score):,} rows scored into {out / SCORES}, figures in {out / METRICS}")


def _columns(path: Path, interval_s: float, frame: pd.DataFrame | None = None, begin_ns: int = 0) -> Table:
    try:
        return read_columns(read_table(path) if frame is None else frame, interval_s, begin_ns)
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
    detector, interval_s = result.detector, test.period_ns / SECOND_NS
    chosen = "fused" if part == ALL else part
    metrics: dict[str, Any] = {
        "rows": len(result.score),
        "interval_s": interval_s,
        "sensors": list(detector.sensors),
        "detector": chosen,
        "seed": options.seed,
        "device": detector.device,
        "threshold": result.thresholds[chosen],
        "false_alarms_per_day_asked": options.budget_per_host_month / DAYS_A_MONTH,
        "alarmed_rows": int(result.alarm.sum()),
        "ignored_columns": list(test.ignored),
        "missing_columns": list(result.missing_columns),
        "unknown_columns": list(result.unknown_columns),
        "notes": list(detector.notes),
    }
    if test.label is None:
        return metrics | {"labelled": False}
    metrics |= {"labelled": True, "abnormal_rows": int(test.label.sum())}
    if test.label.all() or not test.label.any():
        return metrics | {"figures": None, "why": "all rows have one label; curves need both"}
    metrics["events"] = asdict(event_figures(test.label, result.alarm, interval_s))
    metrics |= point_figures(test.label, result.alarm) | curve_figures(test.label, result.score)
    shown = PARTS if part == ALL else tuple(dict.fromkeys((chosen, "linear")))
    metrics["parts"] = {name: curve_figures(test.label, result.parts[name]) for name in shown}
    return metrics


def _shown(metrics: Mapping[str, Any]) -> Shown:
    """The figures of each part; what needs a threshold is of the chosen one."""
    table = Shown(title=f"backtest, seed {metrics['seed']}, {metrics['rows']:,} rows", title_justify="left")
    table.add_column("part")
    for name in SHOWN:
        table.add_column(name, justify="right")
    if not metrics.get("parts"):
        table.add_row(metrics["detector"], *["–"] * len(SHOWN))
        table.caption = metrics.get("why", "no label column: scores and alarms only")
        return table
    for name, figures in metrics["parts"].items():
        own = {**metrics, **figures} if name == metrics["detector"] else figures
        table.add_row(name, *(f"{own[f]:.3f}" if f in own else "–" for f in SHOWN))
    events = metrics["events"]
    table.caption = (
        f"events found {_say(events['recall'], '.0%')} of {events['events']}, "
        f"{events['false_alarms_per_day']:.2f} false alarms a day, "
        f"mean delay {_say(events['delay_s_mean'], '.0f')} s; no point adjustment"
    )
    return table


def _warn(console: Console, result: BacktestResult) -> None:
    for names, what in (
        (result.missing_columns, "not in the test table, masked"),
        (result.unknown_columns, "not in the training table, ignored"),
    ):
        if names:
            console.print(f"warning: {len(names)} columns {what}: {', '.join(names[:8])}", style="yellow")


def _say(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
