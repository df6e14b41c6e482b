"""How good the classifier is: shares of right names, F1, calibration, who is taken for whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from agent.classifier.choosing import NO_FAULTS, best_faults, logit
from agent.classifier.dataset import Dataset
from models.fault_classifier import CLASSES

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

BINS = 10
RESAMPLES = 500


@dataclass(frozen=True, slots=True)
class Figures:
    """Of windows of machines never seen. Intervals are 95 %, episodes drawn anew."""

    windows: int
    episodes: int
    macro_f1: tuple[float, float, float]  # low, value, high
    top1: tuple[float, float, float]  # of faults
    ece: float
    unnamed: float  # share of faults below the least probability
    right_named: float  # share of the named that are right
    confusion: NDArray[np.int64]  # (C, C) truth in rows
    f1: Array  # (C,)


def measure(probabilities: Array, data: Dataset, least: float, seed: int = 0) -> Figures:
    """The figures of these windows."""
    told, label = probabilities.argmax(axis=1), data.label
    is_fault = ~np.isin(label, NO_FAULTS)
    named, chance = best_faults(probabilities)
    speaks = chance >= least
    return Figures(
        windows=len(label),
        episodes=len(set(data.at.tolist())),
        macro_f1=_interval(told, label, data.at, seed, macro_f1),
        top1=_interval(told[is_fault], label[is_fault], data.at[is_fault], seed, _share_right),
        ece=calibration_error(probabilities.max(axis=1), told == label),
        unnamed=float(1 - speaks[is_fault].mean()) if is_fault.any() else 0.0,
        right_named=float((named == label)[speaks].mean()) if speaks.any() else 0.0,
        confusion=confusion_of(told, label),
        f1=f1_of(told, label),
    )


def calibration_error(chance: Array, right: NDArray[np.bool_]) -> float:
    """Expected calibration error: |how sure − how often right|, over equally filled bins."""
    if not len(chance):
        return 0.0
    order = np.argsort(chance, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    gaps = [abs(float(chance[part].mean()) - float(right[part].mean())) * len(part) for part in parts]
    return sum(gaps) / len(chance)


def confusion_of(told: NDArray[np.int64], label: Labels) -> Labels:
    """(C, C) how often each class (row) was taken for each."""
    table = np.zeros((len(CLASSES), len(CLASSES)), np.int64)
    np.add.at(table, (label, told), 1)
    return table


def f1_of(told: Labels, label: Labels) -> Array:
    """(C,) F1 of each class; NaN where there is none of it."""
    table = confusion_of(told, label).astype(float)
    truth, said = table.sum(axis=1), table.sum(axis=0)
    with np.errstate(invalid="ignore"):
        f1: Array = np.where(truth > 0, 2 * np.diag(table) / (truth + said), np.nan)
    return f1


def macro_f1(told: Labels, label: Labels) -> float:
    """Mean F1 of the classes that are there."""
    return float(np.nanmean(f1_of(told, label)))


def _share_right(told: Labels, label: Labels) -> float:
    return float((told == label).mean())


def _interval(
    told: Labels, label: Labels, at: NDArray[np.str_], seed: int, figure: Callable[[Labels, Labels], float]
) -> tuple[float, float, float]:
    """(low, value, high), episodes drawn anew."""
    names, which = np.unique(at, return_inverse=True)
    members = np.split(np.argsort(which, kind="stable"), np.cumsum(np.bincount(which))[:-1])
    rng = default_rng(seed)
    drawn = []
    for _ in range(RESAMPLES):
        rows = np.concatenate([members[i] for i in rng.integers(len(names), size=len(names)).tolist()])
        drawn.append(figure(told[rows], label[rows]))
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), figure(told, label), float(high)


@dataclass(frozen=True, slots=True)
class Weighed:
    """How sure rules' names are, and how often right, without and with the classifier."""

    names: int
    right: float
    alone_ece: float
    joined_ece: float
    alone_auc: float  # chance that a right name is surer than a wrong one
    joined_auc: float


def measure_weighing(probabilities: Array, data: Dataset, weighing: tuple[float, float, float]) -> Weighed:
    """Of the names that rules gave by evidence."""
    at = np.flatnonzero((data.basis == "evidence") & np.isin(data.rule, CLASSES))
    named = np.array([CLASSES.index(rule) for rule in data.rule[at].tolist()], np.int64)
    right, alone = named == data.label[at], data.rule_confidence[at]
    base, of_rule, of_net = weighing
    joined = 1.0 / (1.0 + np.exp(-(base + of_rule * logit(alone) + of_net * logit(probabilities[at, named]))))
    return Weighed(
        len(at), float(right.mean()), calibration_error(alone, right), calibration_error(joined, right),
        _auc(alone, right), _auc(joined, right),
    )  # fmt: skip


def _auc(chance: Array, right: NDArray[np.bool_]) -> float:
    above = chance[right][:, None] - chance[~right][None, :]
    return float((above > 0).mean() + 0.5 * (above == 0).mean()) if above.size else 0.5
