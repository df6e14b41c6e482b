"""`coldaisle backtest` on small tables: causal, whole, repeatable, and clear about what it cannot use."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from agent.backtest import BacktestResult, TableError, backtest, read_columns
from agent.backtest_command import run_backtest
from agent.backtest_table import closed_ticks, meanings, own_periods, read_table
from agent.cli import app, main
from models.training import TrainingOptions

QUICK = TrainingOptions(seed=3, device="cpu", epochs=1, budget_per_host_month=0.3)
ROWS, JUMP = 400, slice(300, 320)


def table(rows: int = ROWS, seed: int = 0, fault: bool = False) -> pd.DataFrame:
    """Three columns that follow one load; a fault lifts one of them far above."""
    rng = np.random.default_rng(seed)
    load = np.sin(np.arange(rows) / 20.0) + 0.1 * rng.standard_normal(rows)
    frame = pd.DataFrame(
        {name: load * k + 0.05 * rng.standard_normal(rows) for name, k in (("a", 1), ("b", 2), ("c", -1))}
    )
    frame["label"] = 0
    if fault:
        frame.loc[JUMP, "c"] += 8.0
        frame.loc[JUMP, "label"] = 1
    return frame


def run(test: pd.DataFrame, train: pd.DataFrame | None = None, part: str = "fused") -> BacktestResult:
    known = read_columns(table() if train is None else train)
    return backtest(known, read_columns(test), QUICK, part)


@pytest.fixture(scope="module")
def found() -> BacktestResult:
    return run(table(seed=1, fault=True))


def test_a_plain_fault_is_scored_above_its_threshold_and_alarmed(found: BacktestResult) -> None:
    assert (found.score[JUMP] > found.threshold[JUMP]).any()
    assert found.alarm[JUMP].any()
    assert not found.alarm[:300].any()


def test_there_is_one_score_for_each_row_and_the_first_is_not_known(found: BacktestResult) -> None:
    assert len(found.score) == len(found.threshold) == len(found.alarm) == ROWS
    assert found.score[0] == 0.0 and not found.alarm[0]
    assert (found.score[1:] > 0).mean() > 0.5


def test_a_score_depends_on_no_later_row(found: BacktestResult) -> None:
    cut = run(table(seed=1, fault=True)[:310])
    np.testing.assert_allclose(cut.score, found.score[:310], atol=1e-9)
    np.testing.assert_array_equal(cut.alarm, found.alarm[:310])


def test_equal_seeds_give_equal_scores(found: BacktestResult) -> None:
    np.testing.assert_array_equal(run(table(seed=1, fault=True)).score, found.score)


def test_empty_cells_and_rows_are_masked_and_every_row_keeps_its_place() -> None:
    holes = table(seed=1, fault=True)
    rng = np.random.default_rng(5)
    columns = ["a", "b", "c"]
    holes[columns] = holes[columns].mask(rng.random((ROWS, 3)) < 0.3)
    holes.loc[100:109, columns] = np.nan
    result = run(holes)
    assert np.isfinite(result.score).all() and len(result.score) == ROWS
    assert (result.score[100:110] == 0).all()  # carried values alone are no tick
    assert result.alarm[JUMP].any()


def test_gaps_in_time_are_no_fault_and_end_what_is_carried() -> None:
    gap = table(seed=1)
    seconds = np.arange(ROWS) * 60.0
    seconds[200:] += 7_200.0
    gap["time"] = pd.to_datetime(seconds, unit="s", utc=True)
    assert not run(gap).alarm.any()
    gap.loc[200:201, "c"] = np.nan
    ticks = dict(closed_ticks(read := read_columns(gap), own_periods(read)))
    assert ticks[200].empty_before == 32  # the model's window is the most that is laid out
    assert ticks[200].present.tolist() == [True, True, False]


def test_a_cell_that_is_missing_is_carried_for_three_of_its_columns_own_periods() -> None:
    slow = pd.DataFrame({"fast": np.arange(30.0), "slow": np.nan, "gone": np.nan})
    slow.loc[::5, "slow"] = 1.0
    slow.loc[0, "gone"] = 1.0
    read = read_columns(slow)
    assert (own_periods(read) // read.period_ns).tolist() == [1, 5, 1]
    present = np.array([tick.present for _, tick in closed_ticks(read, own_periods(read))])
    assert present[:, 1].all()
    assert np.flatnonzero(present[:, 2]).tolist() == [0, 1, 2, 3]


def test_columns_that_are_added_dropped_or_in_another_order_change_no_other_score(
    found: BacktestResult,
) -> None:
    test = table(seed=1, fault=True)
    turned = test[["c", "label", "a", "b"]].assign(new=1.0, words="x")
    np.testing.assert_array_equal(run(turned).score, found.score)
    alone = run(test[["c", "label"]])  # a third of what was trained on is enough to be scored by it
    assert (alone.score[1:] > 0).mean() > 0.5 and alone.alarm[JUMP].any()


def test_only_canonical_names_have_units_and_a_scaled_table_has_none() -> None:
    names = ["power_w", "fan1_rpm", "cpu0_temp_c", "disk_w", "a_c", "cpu_util"]
    watts = read_columns(pd.DataFrame({name: [50.0, 60.0] for name in names}))
    known = ["power", "fan_speed", "temperature", "other", "other", "utilization"]
    assert [quantity for quantity, _ in meanings(watts)] == known
    scaled = read_columns(pd.DataFrame({name: [0.5, 0.6] for name in names}))
    assert [quantity for quantity, _ in meanings(scaled)] == ["other"] * 5 + ["utilization"]


def test_truth_values_and_decimals_are_numbers_and_what_is_beyond_all_readings_is_missing() -> None:
    frame = pd.DataFrame({"on": [True, None], "huge": [1e300, 1.0], "infinite": [np.inf, 2.0], "word": "x"})
    read = read_columns(frame)
    assert (read.sensors, read.ignored) == (("on", "huge", "infinite"), ("word",))
    np.testing.assert_array_equal(read.values, [[1.0, np.nan, np.nan], [np.nan, 1.0, 2.0]])


@pytest.mark.parametrize("form", ["datetime", "text", "s", "ms", "ns"])
def test_times_are_read_in_any_form(form: str) -> None:
    stamps = pd.date_range("2026-01-01", periods=5, freq="30s", tz="UTC")
    seconds = np.arange(5) * 30 + 1_767_225_600
    column = {
        "datetime": stamps,
        "text": [str(stamp) for stamp in stamps],
        "s": seconds,
        "ms": seconds * 1_000,
        "ns": seconds * 10**9,
    }[form]
    read = read_columns(pd.DataFrame({"time": column, "a": np.arange(5.0)}))
    assert read.period_ns == 30 * 10**9
    assert read.time_ns[0] == 1_767_225_600 * 10**9


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (pd.DataFrame({"a": []}), "no rows"),
        (pd.DataFrame({"name": ["x", "y"]}), "no numeric column among name"),
        (pd.DataFrame({"time": [2, 1], "a": [1.0, 2.0]}), "time does not rise at row 1"),
        (pd.DataFrame({"time": ["soon", "later"], "a": [1.0, 2.0]}), "time cannot be read"),
        (pd.DataFrame({"time": [1.0, np.nan], "a": [1.0, 2.0]}), "time has empty rows"),
        (pd.DataFrame({"label": [0.0, np.nan], "a": [1.0, 2.0]}), "label is not 0 or 1"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(frame: pd.DataFrame, reason: str) -> None:
    with pytest.raises(TableError, match=reason):
        read_columns(frame)


def test_too_few_rows_and_strange_columns_are_refused() -> None:
    with pytest.raises(TableError, match="10 rows with numbers to train on; expected at least 64"):
        run(table(), train=table(rows=10))
    with pytest.raises(TableError, match="0 rows with numbers to train on"):
        run(table(), train=table().assign(a=np.nan, b=np.nan, c=np.nan))
    with pytest.raises(TableError, match="expected shared columns"):
        run(table().rename(columns={"a": "x", "b": "y", "c": "z"}))


def test_columns_of_one_table_alone_are_named() -> None:
    result = run(table(seed=1).rename(columns={"b": "new"}))
    assert (result.missing_columns, result.unknown_columns) == (("b",), ("new",))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("none.parquet", None, "is not there"),
        ("bad.parquet", b"PAR0 is no parquet", "cannot be read as a table"),
        ("bad.csv.gz", b"not packed", "cannot be read as a table"),
        ("cut.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 999)[:-12], "cannot be read as a table"),
        ("blank.csv", b"", "cannot be read as a table"),
        ("sheet.xlsx", b"x", "no kind of table known here"),
    ],
)
def test_files_that_are_no_tables_are_named(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError, match=f"{name} .*{reason}"):
        read_table(tmp_path / name)


def test_times_may_be_the_index_of_a_parquet_file(tmp_path: Path) -> None:
    stamps = pd.date_range("2026-01-01", periods=5, freq="30s", name="time")
    pd.DataFrame({"a": np.arange(5.0)}, index=stamps).to_parquet(tmp_path / "a.parquet")
    read = read_columns(read_table(tmp_path / "a.parquet"))
    assert (read.sensors, read.period_ns) == (("a",), 30 * 10**9)


def test_the_command_writes_scores_and_metrics(tmp_path: Path) -> None:
    table().to_parquet(tmp_path / "train.parquet")
    table(seed=1, fault=True).to_csv(tmp_path / "test.csv.gz", index=False)
    files = ["--train", str(tmp_path / "train.parquet"), "--test", str(tmp_path / "test.csv.gz")]
    options = ["--out", str(tmp_path / "out"), "--epochs", "1", "--false-alarms-per-day", "1"]
    done = CliRunner().invoke(app, ["backtest", *files, *options, "--detector", "all"])
    assert done.exit_code == 0, done.output
    scores = pd.read_parquet(tmp_path / "out" / "scores.parquet")
    assert list(scores.columns) == [
        "score",
        "threshold",
        "alarm",
        "score_lstm_ae",
        "score_gan",
        "score_linear",
    ]
    assert len(scores) == ROWS and scores["score"].between(0, 1).all()
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["events"]["recall"] == 1.0
    assert set(metrics["parts"]) == {"fused", "lstm_ae", "gan", "linear"}
    assert metrics["vus_pr"] > 0.5
    assert metrics["parts"]["linear"]["events"]["events"] == 1
    assert "label in the training table is not used" in done.output


def test_wrong_use_ends_with_exit_code_two_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table(rows=5).to_parquet(tmp_path / "short.parquet")
    short = str(tmp_path / "short.parquet")
    monkeypatch.setattr(sys, "argv", ["coldaisle", "backtest", "--train", short, "--test", short])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    assert "5 rows with numbers to train on; expected at least 64" in capsys.readouterr().err


def test_without_labels_or_events_there_are_scores_and_no_curves(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    table().to_parquet(file)
    run_backtest(file, file, tmp_path / "out", options=QUICK)
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["vus_pr"] is None and "one label" in metrics["why_no_curves"]
    assert metrics["events"]["recall"] is None and metrics["events"]["false_alarms_per_day"] >= 0.0
    table().drop(columns="label").to_parquet(file)
    done = run_backtest(file, file, tmp_path / "out", options=QUICK)
    assert done.metrics["labelled"] is False and "vus_pr" not in done.metrics
