"""The detectors of others that ours is measured beside: each works, is causal, and repeats itself."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.quality.peers import PEERS, Peer
from agent.quality.smoothing import KERNEL, mix
from models.evaluation import vus

Rows = NDArray[np.float64]
SENSORS, LEARNT, SCORED = 6, 900, 700
FAULTS = (slice(250, 290), slice(480, 540))
BUFFER = 20
DETECTORS = [name for name in PEERS if name != "random"]
SEEDED = [name for name, make in PEERS.items() if make().seeded]


def table(rows: int, seed: int) -> Rows:
    """(rows, SENSORS) sensors that follow two loads of different pace, each with noise of its own."""
    rng = np.random.default_rng(seed)
    time = np.arange(rows)
    loads = np.stack([np.sin(time / 9.0), np.cos(time / 23.0)], axis=1)
    shares = np.random.default_rng(5).normal(size=(2, SENSORS))
    return np.asarray(40.0 + 8.0 * loads @ shares + rng.normal(size=(rows, SENSORS)))


def learnt() -> Rows:
    return table(LEARNT, 1)


def faulty() -> tuple[Rows, NDArray[np.bool_]]:
    """Rows to score in which two sensors stand far off, twice, and which rows those are."""
    rows, label = table(SCORED, 2), np.zeros(SCORED, dtype=bool)
    for fault in FAULTS:
        rows[fault, :2] += 40.0
        label[fault] = True
    return rows, label


@cache
def fitted(name: str, seed: int = 0) -> Peer:
    peer = PEERS[name]()
    peer.fit(learnt(), seed)
    return peer


def precision_volume(label: NDArray[np.bool_], scores: Rows) -> float:
    return vus(label, scores, BUFFER)[1]


def test_the_peers_asked_of_the_table_are_all_there() -> None:
    expected = {"random", "mean_z2", "iforest", "pca", "mahalanobis", "kmeans", "usad", "gordo"}
    expected |= {"lstm_forecaster", "cnn_forecaster", "plain_lstm_ae", "plain_gan", "numalogic_vanilla"}
    assert expected <= set(PEERS)


@pytest.mark.parametrize("name", DETECTORS)
def test_a_peer_finds_a_plain_fault_far_better_than_chance(name: str) -> None:
    rows, label = faulty()
    chance = precision_volume(label, fitted("random").score(rows))
    assert precision_volume(label, fitted(name).score(rows)) > 2.0 * chance


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_gives_every_row_one_finite_score(name: str) -> None:
    rows, _ = faulty()
    scores = fitted(name).score(rows)
    assert scores.shape == (SCORED,)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", DETECTORS)
def test_what_comes_later_changes_no_score_of_a_peer(name: str) -> None:
    """Cut within a fault, so that a look at the rows after it would show."""
    rows, _ = faulty()
    cut = FAULTS[0].start + 3
    whole, begun = fitted(name).score(rows)[:cut], fitted(name).score(rows[:cut])
    np.testing.assert_allclose(begun, whole, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", SEEDED)
def test_a_seed_gives_the_same_scores_again(name: str) -> None:
    rows, _ = faulty()
    again = PEERS[name]()
    again.fit(learnt(), 0)
    np.testing.assert_array_equal(again.score(rows), fitted(name).score(rows))


@pytest.mark.parametrize("name", SEEDED)
def test_another_seed_gives_other_scores(name: str) -> None:
    rows, _ = faulty()
    assert not np.array_equal(fitted(name, 1).score(rows), fitted(name).score(rows))


@pytest.mark.parametrize("name", [name for name in PEERS if name not in SEEDED])
def test_a_peer_without_chance_has_no_seed(name: str) -> None:
    rows, _ = faulty()
    np.testing.assert_array_equal(fitted(name, 1).score(rows), fitted(name).score(rows))


def test_smoothing_looks_back_alone_and_no_further_than_its_kernel() -> None:
    scores = np.random.default_rng(3).random(300)
    changed = scores.copy()
    changed[150] += 5.0
    moved = np.flatnonzero(np.abs(mix(changed) - mix(scores)) > 1e-12)
    assert (moved[0], moved[-1]) == (150, 150 + KERNEL - 1)


def test_smoothing_leaves_a_level_as_it_is_from_the_first_row() -> None:
    np.testing.assert_allclose(mix(np.full(200, 7.0)), 7.0)
