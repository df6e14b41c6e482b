"""Peers of the quality table: each finds a plain fault, looks at the past alone, and repeats itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from typer import Exit

from agent.quality.__main__ import EXIT_NO_DATA, main
from agent.quality.cells import OURS, Cell
from agent.quality.peers import PEERS
from agent.quality.report import by_machine
from agent.quality.sets import DATA_VARIABLE, NoDataError, data_folder, machines, read_machine
from agent.quality.smoothing import KERNEL, mix

ROWS, COLUMNS, CUT = 900, 5, 500
FAULT = slice(400, 460)
FINDERS = sorted(set(PEERS) - {"random"})


@pytest.fixture(scope="module")
def tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A table to learn from, one to score, and its labels: two of five sensors leave the others' rhythm."""
    rng = np.random.default_rng(1)
    time = np.arange(2 * ROWS)[:, None]
    rows = 0.5 + 0.2 * np.sin(time / 9.0 + np.arange(COLUMNS)) + rng.normal(0, 0.02, (2 * ROWS, COLUMNS))
    train, test = rows[:ROWS].copy(), rows[ROWS:].copy()
    test[FAULT, :2] += 1.5
    label = np.zeros(ROWS, bool)
    label[FAULT] = True
    return train, test, label


@pytest.mark.parametrize("name", FINDERS)
def test_a_peer_finds_a_plain_fault_sees_no_later_row_and_repeats_itself(name, tables):
    train, test, label = tables
    peer, again = PEERS[name](), PEERS[name]()
    peer.fit(train, seed=3)
    again.fit(train, seed=3)
    scores = peer.score(test)
    assert scores.shape == (ROWS,)
    assert np.isfinite(scores).all()
    assert roc_auc_score(label, scores) > 0.9
    np.testing.assert_array_equal(scores, again.score(test))
    np.testing.assert_allclose(peer.score(test[:CUT]), scores[:CUT], rtol=1e-4, atol=1e-6)


def test_chance_finds_nothing_and_repeats_itself_by_its_seed(tables):
    train, test, label = tables
    chance = PEERS["random"]()
    chance.fit(train, seed=3)
    scores = chance.score(test)
    assert 0.3 < roc_auc_score(label, scores) < 0.7
    np.testing.assert_array_equal(scores[:CUT], chance.score(test[:CUT]))


def test_smoothing_looks_back_over_its_kernel_and_no_further():
    scores = np.zeros(300)
    scores[100] = 1.0
    smoothed = mix(scores)
    assert np.flatnonzero(smoothed).tolist() == list(range(100, 100 + KERNEL))
    assert (np.diff(smoothed[100 : 100 + KERNEL]) < 0).all()
    np.testing.assert_allclose(mix(np.full(300, 2.0)), 2.0)


def test_without_the_public_data_the_command_says_so_and_ends_with_3(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(NoDataError, match="public data has not been found"):
        data_folder(None)
    with pytest.raises(Exit) as ended:
        main(out=tmp_path / "kept", tables=tmp_path / "out.md")
    assert ended.value.exit_code == EXIT_NO_DATA
    assert "public data has not been found" in capsys.readouterr().err


def test_a_machine_is_read_when_both_of_its_tables_are_there(tmp_path, tables):
    train, test, label = tables
    columns = [f"m{n}" for n in range(COLUMNS)]
    for side in ("train", "test"):
        (tmp_path / "smd" / side).mkdir(parents=True)
    pd.DataFrame(train, columns=columns).to_parquet(tmp_path / "smd" / "train" / "machine-1.parquet")
    frame = pd.DataFrame(test, columns=columns).assign(label=label.astype(np.int8))
    for name in ("machine-1", "machine-2"):
        frame.to_parquet(tmp_path / "smd" / "test" / f"{name}.parquet")
    assert data_folder(tmp_path) == tmp_path
    assert machines(tmp_path, "smd") == ["machine-1"]
    its = read_machine(tmp_path, "smd", "machine-1")
    assert its.test.shape == (ROWS, COLUMNS)
    assert its.label.sum() == label.sum()


def test_a_figure_is_the_mean_over_seeds_of_each_machine():
    results = {
        Cell(OURS, "smd", machine, seed): {"vus_pr": {"fused": value}}
        for machine, seed, value in (("a", 0, 0.2), ("a", 1, 0.4), ("b", 0, 0.5))
    }
    figures = by_machine(results, OURS, "smd", lambda result: result["vus_pr"]["fused"])
    assert figures == {"a": pytest.approx(0.3), "b": pytest.approx(0.5)}


def test_a_finished_cell_is_kept_under_a_name_that_changes_with_the_data(tmp_path, tables):
    cell, files = Cell("pca", "smd", "machine-1", 0), []
    for scale in (1.0, 2.0):
        folder = Path(tmp_path / f"{scale}")
        for side in ("train", "test"):
            (folder / "smd" / side).mkdir(parents=True)
            pd.DataFrame(scale * tables[0]).rename(columns=str).to_parquet(
                folder / "smd" / side / "machine-1.parquet"
            )
        files.append(cell.file(tmp_path, folder))
        assert cell.file(tmp_path, folder) == files[-1]
    assert files[0] != files[1]
