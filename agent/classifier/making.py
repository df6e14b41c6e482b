"""Makes the packaged classifier: fleets, windows, network, thresholds; equal seeds give equal files.

fleets of the splits ─► windows (kept as files) ─► network ─► chosen on other machines ─► packed
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from agent.classifier.choosing import (
    NEVER,
    choose_least,
    choose_sure,
    choose_temperature,
    fit_weighing,
    softmax,
)
from agent.classifier.collect import collect
from agent.classifier.dataset import Dataset, dataset_of, joined, load
from agent.classifier.figures import macro_f1
from agent.classifier.fleets import fleet_of
from models.fault_classifier import FaultClassifier
from models.fault_training import FaultOptions, balanced, fit_faults

GOLDEN_WINDOWS = 12


def windows_of(
    split: str, count: int, seed: int, folder: Path, tell: Callable[[str], object] = str
) -> Dataset:
    """The windows of a split's first fleets; each fleet is simulated once and kept in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for number in range(count):
        file = folder / f"{split}-{seed}-{number}.npz"
        if not file.exists():
            dataset_of(collect(fleet_of(split, number, seed), seed), str(number)).save(file)
        parts.append(load(file))
        tell(f"{split} {number}: {len(parts[-1]):,} windows")
    return joined(parts)


def make(
    train: Dataset, validate: Dataset, options: FaultOptions, tell: Callable[[str], object] = str
) -> FaultClassifier:
    """A classifier whose thresholds rest on machines that it did not learn from."""
    weights = fit_faults(
        train.windows, train.label, balanced(train.label), validate.windows, validate.label, options, tell
    )
    bare = FaultClassifier(weights, 1.0, 1.0, 1.0, (0.0, 1.0, 0.0), {})
    logits = bare.logits(validate.windows).astype(np.float64)
    temperature = choose_temperature(logits, validate.label)
    chance, clear = softmax(logits, temperature), np.flatnonzero(validate.is_clear)
    return FaultClassifier(
        weights,
        round(temperature, 4),
        choose_least(chance[clear], validate.label[clear]),
        NEVER,  # it has not been shown that silence removes false alerts: docs/diagnosis.md
        fit_weighing(chance, validate),
        {
            "seed": options.seed,
            "sure": choose_sure(chance, validate),  # where it would be silent
            "train_windows": len(train),
            "validate_windows": len(validate),
            "validate_macro_f1": round(macro_f1(chance.argmax(axis=1), validate.label), 4),
        },
    )


def packed(classifier: FaultClassifier, validate: Dataset) -> bytes:
    """As a file, with some windows of `validate` as its golden case."""
    at = np.linspace(0, len(validate) - 1, GOLDEN_WINDOWS).astype(np.intp)
    return classifier.pack(validate.windows.take(at))
