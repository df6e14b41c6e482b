"""What is chosen on machines that the network did not learn from: temperature, thresholds, confidence.

logits, truth ─► temperature ─► probabilities ─► least probability of a name, of "nothing is wrong"
rules' names, probabilities, truth ─► how confidence follows from both
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.classifier.dataset import Dataset
from models.fault_classifier import CLASSES, NORMAL, WARM_AIR

Array = NDArray[np.float64]

RIGHT_NAMES = 0.9  # of those that are told
LOST = 0.005  # of true faults, that "nothing is wrong" may cost
NEVER = 2.0  # no probability is as high
LEAST_NAMES = 40  # fewer prove nothing
TEMPERATURES = np.geomspace(0.3, 4.0, 120)
SOFTLY, STEPS = 1.0, 60  # ridge and Newton steps of the logistic fit
NO_FAULTS = (CLASSES.index(NORMAL), CLASSES.index(WARM_AIR))


def softmax(logits: Array, temperature: float) -> Array:
    """(B, C) probabilities."""
    scaled = np.asarray(logits, np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    told: Array = powers / powers.sum(axis=1, keepdims=True)
    return told


def choose_temperature(logits: Array, label: NDArray[np.int64]) -> float:
    """The one that makes the truth most likely (Guo et al. 2017)."""

    def surprise(temperature: float) -> float:
        chosen = softmax(logits, temperature)[np.arange(len(label)), label]
        return float(-np.log(np.maximum(chosen, 1e-12)).mean())

    return float(min(TEMPERATURES, key=surprise))


def best_faults(probabilities: Array) -> tuple[NDArray[np.int64], Array]:
    """(B,) the likeliest class that is a fault, and its probability."""
    faults = probabilities.copy()
    faults[:, NO_FAULTS] = -1.0
    return faults.argmax(axis=1), faults.max(axis=1)


def choose_least(probabilities: Array, label: NDArray[np.int64]) -> float:
    """The lowest probability from which on RIGHT_NAMES of the names told are right; never below a half."""
    named, chance = best_faults(probabilities)
    for least in np.arange(0.5, 0.99, 0.01):
        told = chance >= least
        if told.sum() >= LEAST_NAMES and (named == label)[told].mean() >= RIGHT_NAMES:
            return round(float(least), 2)
    return 0.99


def choose_sure(probabilities: Array, data: Dataset) -> float:
    """The lowest probability of "normal" that silences at most LOST of the faults which can be seen."""
    is_fault = ~np.isin(data.label, NO_FAULTS) & data.is_clear
    chance = np.sort(probabilities[is_fault, CLASSES.index(NORMAL)])
    if len(chance) < LEAST_NAMES:
        return NEVER
    sure = chance[-max(int(LOST * len(chance)), 1)] + 1e-3
    return round(float(max(sure, 0.9)), 3) if sure < 1.0 else NEVER


def fit_weighing(probabilities: Array, data: Dataset) -> tuple[float, float, float]:
    """How sure a rule's name deserves to be: a logistic regression on what the rule says and the network.

    Pulled softly towards the rule's own confidence, so that few cases change little."""
    at = np.flatnonzero((data.basis == "evidence") & np.isin(data.rule, CLASSES))
    if len(at) < LEAST_NAMES:
        return 0.0, 1.0, 0.0
    named = np.array([CLASSES.index(rule) for rule in data.rule[at].tolist()])
    inputs = np.stack(
        [np.ones(len(at)), logit(data.rule_confidence[at]), logit(probabilities[at, named])], axis=1
    )  # (n, 3)
    right = (named == data.label[at]).astype(float)
    prior = np.array([0.0, 1.0, 0.0])
    weights = prior.copy()
    for _ in range(STEPS):
        chance = 1.0 / (1.0 + np.exp(-inputs @ weights))
        slope = inputs.T @ (chance - right) + SOFTLY * (weights - prior)
        bend = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + SOFTLY * np.eye(3)
        weights = weights - np.linalg.solve(bend, slope)
    base, of_rule, of_net = (round(float(weight), 4) for weight in weights)
    return base, of_rule, of_net


def logit(chance: Array) -> Array:
    """Log odds."""
    bounded = np.clip(chance, 1e-4, 1 - 1e-4)
    odds: Array = np.log(bounded / (1 - bounded))
    return odds
