"""Whether made windows help with rare faults is measured fairly: equal cuts, pairs, scarce classes alone."""

from __future__ import annotations

import numpy as np
import pytest

from agent.augmentation_report import FILLED_TO, FORMS, SCARCE, SCARCE_AT, Few, count, cut, f1_of, table
from agent.classifier.dataset import Dataset
from models.augmentation import WindowGan, fit_window_gan
from models.fault_classifier import CLASSES, STILL, WINDOW, WINDOW_CHANNELS, Windows

EACH, EPISODE = 24, 6


@pytest.fixture(scope="module")
def data() -> Dataset:
    """Windows of every class, six an episode, each episode on a machine of its own."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(len(CLASSES)), EACH)
    episode = np.arange(len(labels)) // EPISODE
    values = rng.normal(labels[:, None, None] * 0.2, 0.1, (len(labels), WINDOW, len(WINDOW_CHANNELS)))
    still = rng.normal(0, 0.1, (len(labels), len(STILL)))
    windows = Windows(
        values.astype(np.float32), np.ones(values.shape, bool), still.astype(np.float32),
        np.ones(still.shape, bool),
    )  # fmt: skip
    names = np.array(CLASSES)[labels]
    at = np.array([f"0 host{e} k-{e}" for e in episode.tolist()])
    none, no = np.full(len(labels), ""), np.zeros(len(labels), bool)
    return Dataset(
        windows, labels.astype(np.int64), names, np.full(len(labels), "severe"), at,
        np.full(len(labels), 9, np.int64), no, none, np.zeros(len(labels)), none,
    )  # fmt: skip


@pytest.fixture(scope="module")
def few(data: Dataset) -> Few:
    return cut(data, 10, np.random.default_rng(1))


@pytest.fixture(scope="module")
def gan(few: Few) -> WindowGan:
    return fit_window_gan(few.windows, few.labels, len(CLASSES), seed=0, steps=3)


def test_only_scarce_classes_are_cut_and_from_all_of_their_episodes(data: Dataset, few: Few) -> None:
    numbers = dict(zip(CLASSES, np.bincount(few.labels).tolist(), strict=True))
    assert {numbers[name] for name in SCARCE} == {10}
    assert {number for name, number in numbers.items() if name not in SCARCE} == {EACH}
    label = SCARCE_AT[0]
    kept = few.of(label).values[:, 0, 0]
    episodes = {data.at[row] for row in np.flatnonzero(np.isin(data.windows.values[:, 0, 0], kept))}
    assert len(episodes) == EACH // EPISODE


@pytest.mark.parametrize("name", list(FORMS))
def test_every_form_adds_to_scarce_classes_alone_and_keeps_what_is_real(
    name: str, few: Few, gan: WindowGan
) -> None:
    grown = FORMS[name](few, gan, np.random.default_rng(2))
    added = np.bincount(grown.labels) - np.bincount(few.labels)
    expected = 0 if name.startswith("few") else FILLED_TO - 10
    assert set(added[SCARCE_AT].tolist()) == {expected}
    assert added.sum() == expected * len(SCARCE)
    np.testing.assert_array_equal(grown.windows.values[: len(few.labels)], few.windows.values)
    again = FORMS[name](few, gan, np.random.default_rng(2))
    np.testing.assert_array_equal(again.windows.values, grown.windows.values)


def test_f1_is_worked_out_for_each_class_over_all_machines(data: Dataset) -> None:
    predicted = data.label.copy()
    predicted[data.label == 2] = 3  # one class is told as the next
    scores = f1_of(count(predicted, data).sum(axis=0))
    assert scores[2] == 0.0
    assert scores[3] == pytest.approx(2 * EACH / (2 * EACH + EACH))
    assert scores[4] == 1.0


def test_a_form_that_tells_the_same_is_neither_better_nor_worse(data: Dataset) -> None:
    right = [count(data.label, data)] * 2
    wrong = data.label.copy()
    wrong[np.isin(wrong, SCARCE_AT)] = 0
    found = dict.fromkeys((*FORMS, "all"), right)
    assert "+0.000 [+0.000, +0.000]" in table(10, found)
    found = {**found, "all": [count(wrong, data)] * 2}
    assert "-1.000 [-1.000, -1.000]" in table(10, found)
