"""How the fault classifier is made: splits that share no machine, thresholds that keep what they promise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agent.classifier.choosing import (
    choose_least,
    choose_sure,
    choose_temperature,
    fit_weighing,
    logit,
    softmax,
)
from agent.classifier.collect import Collector, label_of
from agent.classifier.dataset import Dataset, load
from agent.classifier.figures import calibration_error, confusion_of, macro_f1, measure
from agent.classifier.fleets import PERIODS_S, SPLITS, fleet_of
from agent.classifier.picture import confusion_svg
from agent.quality.twin_fleets import kinds
from models.fault_classifier import CLASSES
from models.twin.fleet_run import FleetRun

SAMPLE = Path(__file__).parent / "models" / "fault_windows.npz"


@pytest.fixture(scope="module")
def sample() -> Dataset:
    return load(SAMPLE)


def told(seed: int, count: int = 4_000, sharpness: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Logits and a truth that is drawn from them after a division by 2: twice too sure."""
    rng = np.random.default_rng(seed)
    logits = sharpness * rng.standard_normal((count, len(CLASSES)))
    chance = softmax(logits, 2.0)
    return logits, (chance.cumsum(axis=1) > rng.random((count, 1))).argmax(axis=1)


def test_no_two_splits_and_no_other_evaluation_share_a_kind_of_machine() -> None:
    machines = [
        host.kind for split in SPLITS for number in range(2) for host in fleet_of(split, number, 0).hosts
    ]
    bare = [replace(kind, name="") for kind in (*machines, *kinds(8))]
    assert len(set(bare)) == len(bare)


def test_equal_numbers_give_equal_fleets_and_others_other_ones() -> None:
    assert fleet_of("train", 1, 0) == fleet_of("train", 1, 0)
    assert fleet_of("train", 1, 0) != fleet_of("train", 1, 1)
    assert {fleet_of("train", number, 0).period_s for number in range(10)} == set(PERIODS_S)


def test_every_class_can_be_learned() -> None:
    episodes = [episode.name for number in range(2) for episode in fleet_of("train", number, 0).episodes]
    assert {label_of(name) for name in episodes} == set(CLASSES)


def test_what_recovers_from_a_fault_is_no_sample() -> None:
    plan = fleet_of("train", 0, 0)
    collector = Collector(FleetRun(plan), 0)
    episode = next(e for e in plan.episodes if e.name == "heatsink_degradation" and e.profile == "step")
    during = collector._due(episode.host, episode.start_s + 90.0, flagged=True)
    assert during is not None and during[0] is not None and during[0].label == "heatsink_degradation"
    assert collector._due(episode.host, episode.end_s + 60.0, flagged=True) is None


def test_the_temperature_takes_back_what_is_too_sure() -> None:
    logits, truth = told(0)
    assert choose_temperature(logits, truth) == pytest.approx(2.0, rel=0.1)
    right = logits.argmax(axis=1) == truth
    assert calibration_error(softmax(logits, 1.0).max(axis=1), right) > 0.1
    assert calibration_error(softmax(logits, 2.0).max(axis=1), right) < 0.03


def test_names_at_or_above_the_least_are_right_as_often_as_asked() -> None:
    logits, truth = told(1, sharpness=6.0)
    chance = softmax(logits, 2.0)
    least = choose_least(chance, truth)
    faults = chance.copy()
    faults[:, :2] = -1
    speaks = faults.max(axis=1) >= least
    assert 0.5 <= least < 0.99
    assert (faults.argmax(axis=1) == truth)[speaks].mean() >= 0.9


def test_nothing_is_wrong_costs_few_faults(sample: Dataset) -> None:
    clear = np.flatnonzero((sample.label > 1) & sample.is_clear)
    many = sample.take(np.repeat(clear, 10))
    chance = np.zeros((len(many), len(CLASSES)))
    chance[:, 0] = np.random.default_rng(0).random(len(many))
    sure = choose_sure(chance, many)
    assert sure >= 0.9
    assert (chance[:, 0] >= sure).mean() <= 0.01


def test_a_rule_that_is_more_often_right_than_it_says_becomes_surer(sample: Dataset) -> None:
    named = sample.take(np.flatnonzero(sample.label > 1))
    data = replace(
        named, basis=np.full(len(named), "evidence"), rule=np.array(CLASSES)[named.label],
        rule_confidence=np.full(len(named), 0.6),
    )  # fmt: skip
    chance = np.full((len(data), len(CLASSES)), 0.5)
    base, of_rule, of_net = fit_weighing(chance, data)
    assert base + of_rule * logit(np.array(0.6)) + of_net * logit(np.array(0.5)) > logit(np.array(0.9))


def test_few_cases_leave_a_rule_as_sure_as_it_says(sample: Dataset) -> None:
    few = sample.take(np.arange(5))
    assert fit_weighing(np.full((5, len(CLASSES)), 0.5), few) == (0.0, 1.0, 0.0)


def test_figures_by_hand(sample: Dataset) -> None:
    truth, said = np.array([2, 2, 3, 3]), np.array([2, 3, 3, 3])
    assert confusion_of(said, truth)[2, 3] == 1
    assert macro_f1(said, truth) == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert calibration_error(np.array([0.9, 0.9]), np.array([True, False])) == pytest.approx(0.5)
    perfect = np.eye(len(CLASSES))[sample.label]
    figures = measure(perfect, sample, 0.5)
    assert figures.top1 == figures.macro_f1 == (1.0, 1.0, 1.0)
    assert (figures.ece, figures.unnamed, figures.right_named) == (0.0, 0.0, 1.0)


def test_the_picture_names_every_class_and_shows_shares() -> None:
    picture = confusion_svg(np.eye(len(CLASSES), dtype=np.int64) * 7, "A & B")
    assert picture.count(">100<") == len(CLASSES)
    assert "A &amp; B" in picture
    assert all(name.replace("_", " ") in picture for name in CLASSES)
