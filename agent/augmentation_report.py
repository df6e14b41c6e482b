"""`python -m agent.augmentation_report`: do made windows help the fault classifier with rare faults?

training machines ─► scarce classes cut to a few windows ─► one form of more ─► classifier ─► F1 on machines
                                                                                              never seen

Every form sees the same cut and the same seeds; intervals are over the machines of the test and over seeds,
drawn again in pairs. The windows are those of `python -m agent.classifier`, and kept where that keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import torch
import typer
from numpy.random import Generator, default_rng
from numpy.typing import NDArray
from rich.console import Console

from agent.classifier.__main__ import WORK
from agent.classifier.dataset import Dataset
from agent.classifier.making import windows_of
from models.augmentation import (
    Labels,
    Scale,
    WindowGan,
    fit_window_gan,
    jitter_windows,
    join_windows,
    mix_windows,
)
from models.fault_classifier import CLASSES, NORMAL, FaultClassifier, Windows
from models.fault_training import FaultOptions, fit_faults

SCARCE = (
    "fan_failure",
    "psu_failure",
    "psu_efficiency",
    "heatsink_degradation",
    "dimm_overheating",
    "gpu_lost",
)
SHOTS, SEEDS, FLEETS, EPOCHS, GAN_STEPS = (10, 30), 3, 4, 20, 600
FILLED_TO = 150  # windows of each scarce class, made ones included
MOST_NORMAL = 1_500  # calm windows of the training set that are kept
FILTERED_OF = 3  # of so many made windows the critic keeps one
DRAWS = 1_000
FEW, WEIGHTS, ALL = "few, as they are", "few, classes weigh the same", "all (no class is scarce)"
JITTER, GAN = "jitter and mixtures of the real", "WGAN-GP"
MIXED, FILTERED = "WGAN-GP, mixed with real ones", "WGAN-GP, what the critic finds most real"
PAGE = Path(__file__).parents[1] / "docs" / "augmentation.md"
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"

Rows = NDArray[np.intp]
console = Console(stderr=True, highlight=False)


@dataclass(frozen=True, slots=True)
class Few:
    """A training set in which the scarce classes have `shots` windows."""

    windows: Windows
    labels: Labels

    def of(self, label: int) -> Windows:
        """Windows of a class."""
        return self.windows.take(np.flatnonzero(self.labels == label))


class Splits(NamedTuple):
    """Windows of machines that no two of these share."""

    train: Dataset
    validate: Dataset
    test: Dataset


Form = Callable[[Few, WindowGan, Generator], Few]


def cut(data: Dataset, shots: int, rng: Generator) -> Few:
    """Scarce classes cut to `shots` windows of as many episodes as there are, calm ones to MOST_NORMAL."""
    kept = [np.flatnonzero(data.label == c) for c in range(len(CLASSES))]
    for name in SCARCE:
        at = kept[CLASSES.index(name)]
        at = rng.permutation(at)
        _, episode = np.unique(data.at[at], return_inverse=True)
        turn = np.array([np.sum(episode[:n] == episode[n]) for n in range(len(at))])  # within its episode
        kept[CLASSES.index(name)] = at[np.argsort(turn, kind="stable")][:shots]
    normal = kept[CLASSES.index(NORMAL)]
    kept[CLASSES.index(NORMAL)] = rng.permutation(normal)[:MOST_NORMAL]
    rows = np.sort(np.concatenate(kept))
    return Few(data.windows.take(rows), data.label[rows].astype(np.int64))


def fill(few: Few, make: Callable[[int, Windows, Rows], Windows], rng: Generator) -> Few:
    """FILLED_TO windows of each scarce class; `make` gets class, real windows, and which to begin from."""
    parts, labels = [few.windows], [few.labels]
    for label in map(CLASSES.index, SCARCE):
        real = few.of(label)
        missing = max(FILLED_TO - len(real), 0)
        if len(real) and missing:
            parts.append(make(label, real, rng.integers(len(real), size=missing)))
            labels.append(np.full(missing, label, np.int64))
    return Few(join_windows(parts), np.concatenate(labels))


def jittered(few: Few, gan: WindowGan, rng: Generator) -> Few:
    """Real windows moved a little, and mixed with one another."""
    scale: Scale = gan.scale

    def make(_: int, real: Windows, first: Rows) -> Windows:
        other = real.take(rng.integers(len(real), size=len(first)))
        return jitter_windows(mix_windows(real.take(first), other, rng), scale, rng)

    return fill(few, make, rng)


def made(few: Few, gan: WindowGan, rng: Generator) -> Few:
    """What the maker makes of the masks of real windows."""
    return fill(few, lambda label, real, at: gan.sample(label, real.take(at), _seed(rng)), rng)


def mixed(few: Few, gan: WindowGan, rng: Generator) -> Few:
    """Real windows with up to a half of a made one."""

    def make(label: int, real: Windows, at: Rows) -> Windows:
        begun = real.take(at)
        return mix_windows(begun, gan.sample(label, begun, _seed(rng)), rng)

    return fill(few, make, rng)


def filtered(few: Few, gan: WindowGan, rng: Generator) -> Few:
    """The third of the made windows that the critic finds most real."""

    def make(label: int, real: Windows, at: Rows) -> Windows:
        many = gan.sample(label, real.take(np.tile(at, FILTERED_OF)), _seed(rng))
        return many.take(np.argsort(-gan.realness(many, label), kind="stable")[: len(at)])

    return fill(few, make, rng)


FORMS: Mapping[str, Form] = {
    FEW: lambda few, _gan, _rng: few, WEIGHTS: lambda few, _gan, _rng: few,
    JITTER: jittered, GAN: made, MIXED: mixed, FILTERED: filtered,
}  # fmt: skip


def learn(few: Few, validate: Dataset, seed: int, epochs: int, evenness: float) -> FaultClassifier:
    """The classifier of these windows; classes count as (1 / their number) ** `evenness`."""
    counts = np.maximum(np.bincount(few.labels, minlength=len(CLASSES)), 1)
    weights = (counts.astype(np.float32) ** -evenness)[few.labels]
    options = replace(FaultOptions(), epochs=epochs, seed=seed)
    fitted = fit_faults(
        few.windows, few.labels, (weights / weights.mean()).astype(np.float32), validate.windows,
        validate.label.astype(np.int64), options,
    )  # fmt: skip
    return FaultClassifier(fitted, 1.0, 0.5, 2.0, (0.0, 1.0, 0.0), {})


def _seed(rng: Generator) -> int:
    return int(rng.integers(2**31))


def count(predicted: NDArray[np.intp], data: Dataset) -> NDArray[np.float64]:
    """(G, C, 3) of each machine of the test and each class: hits, told, true."""
    machines = np.array([" ".join(at.split()[:2]) for at in data.at.tolist()])
    _, machine = np.unique(machines, return_inverse=True)
    many, hit = int(machine.max()) + 1, predicted == data.label

    def per_machine(rows: NDArray[Any], label: NDArray[Any]) -> NDArray[np.float64]:
        at = machine[rows] * len(CLASSES) + label[rows]
        flat = np.bincount(at, minlength=many * len(CLASSES))
        return flat.reshape(many, len(CLASSES)).astype(np.float64)

    every = np.ones(len(hit), bool)
    return np.stack(
        [per_machine(hit, data.label), per_machine(every, predicted), per_machine(every, data.label)], axis=2
    )


def f1_of(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """(…, C) from (…, C, 3); NaN for a class that is neither told nor true."""
    both = counts[..., 1] + counts[..., 2]
    return np.where(both > 0, 2 * counts[..., 0] / np.maximum(both, 1), np.nan)


def measure(
    splits: Splits, shots: int, seeds: int, epochs: int, steps: int
) -> dict[str, list[NDArray[np.float64]]]:
    """Counts of every form, one a seed."""
    found: dict[str, list[NDArray[np.float64]]] = {name: [] for name in FORMS}
    for seed in range(seeds):
        few = cut(splits.train, shots, default_rng([seed, shots]))
        gan = fit_window_gan(few.windows, few.labels, len(CLASSES), seed, steps)
        for name, form in FORMS.items():
            grown = form(few, gan, default_rng([seed, shots, 1]))
            found[name].append(judge(splits, grown, seed, epochs, 1.0 if name == WEIGHTS else 0.5))
            told = _mean(found[name][-1:], SCARCE_AT)
            console.print(f"{shots} windows, seed {seed}, {name}: {told:.3f}")
    return found


def judge(splits: Splits, few: Few, seed: int, epochs: int, evenness: float) -> NDArray[np.float64]:
    """Counts of the classifier that learned from these windows."""
    model = learn(few, splits.validate, seed, epochs, evenness)
    return count(model.probabilities(splits.test.windows).argmax(axis=1), splits.test)


def table(shots: int, found: Mapping[str, list[NDArray[np.float64]]]) -> str:
    """F1 of the scarce classes and of all, and how far each form is from the better one of the plain two."""
    plain = max((WEIGHTS, FEW), key=lambda name: _mean(found[name], SCARCE_AT))
    lines = [
        f"### {shots} windows of each scarce class\n",
        f"| form | macro-F1, scarce | macro-F1, all | scarce, beside “{plain}” | scarce, beside jitter | "
        f"{' | '.join(SCARCE)} |",
        "|---" * (5 + len(SCARCE)) + "|",
    ]
    for name, counts in found.items():
        each = np.mean([f1_of(one.sum(axis=0)) for one in counts], axis=0)[SCARCE_AT]
        spread = " ".join(f"{_mean([one], SCARCE_AT):.3f}" for one in counts)
        beside = " | ".join(_beside(found, name, other) for other in (plain, JITTER))
        lines.append(
            f"| {name} | {_mean(counts, SCARCE_AT):.3f} ({spread}) | {_mean(counts):.3f} | {beside} | "
            f"{' | '.join(f'{score:.2f}' for score in each)} |"
        )
    return "\n".join(lines) + "\n"


SCARCE_AT = [CLASSES.index(name) for name in SCARCE]
_ALL_AT = list(range(len(CLASSES)))


def _mean(counts: list[NDArray[np.float64]], at: list[int] = _ALL_AT) -> float:
    return float(np.mean([np.nanmean(f1_of(one.sum(axis=0))[at]) for one in counts]))


def _beside(found: Mapping[str, list[NDArray[np.float64]]], name: str, other: str) -> str:
    """The difference of the scarce classes' F1 to another form, of the seeds that both have; "" to itself."""
    if name == other:
        return ""
    one, two = found[name], found[other]
    seeds = min(len(one), len(two))
    low, high = _paired(one, two)
    apart = _mean(one[:seeds], SCARCE_AT) - _mean(two[:seeds], SCARCE_AT)
    return f"{apart:+.3f} [{low:+.3f}, {high:+.3f}]"


def _paired(one: list[NDArray[np.float64]], other: list[NDArray[np.float64]]) -> tuple[float, float]:
    """95 % of the difference of the scarce classes' F1: machines drawn again, and seeds with them."""
    rng, machines, seeds = default_rng(0), len(one[0]), min(len(one), len(other))
    picked = rng.integers(machines, size=(DRAWS, machines))
    drawn = np.stack([np.bincount(row, minlength=machines) for row in picked])  # (DRAWS, G)
    of_seed = rng.integers(seeds, size=(DRAWS, seeds))

    def drawn_again(counts: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        scores = [
            np.nanmean(f1_of(np.tensordot(drawn, of, 1))[:, SCARCE_AT], axis=1) for of in counts[:seeds]
        ]
        means: NDArray[np.float64] = np.take_along_axis(np.stack(scores, axis=1), of_seed, axis=1).mean(
            axis=1
        )
        return means  # (DRAWS,)

    differences = drawn_again(one) - drawn_again(other)
    low, high = np.percentile(differences, (2.5, 97.5))
    return float(low), float(high)


def main(
    work: Annotated[Path, typer.Option(help="where simulated windows are kept")] = WORK,
    fleets: Annotated[int, typer.Option(min=1, help="to learn from")] = FLEETS,
    others: Annotated[int, typer.Option(min=1, help="to choose epochs on, and as many to judge on")] = 2,
    seeds: Annotated[int, typer.Option(min=1)] = SEEDS,
    epochs: Annotated[int, typer.Option(min=1, help="of the classifier")] = EPOCHS,
    steps: Annotated[int, typer.Option(min=1, help="of the maker")] = GAN_STEPS,
    page: Annotated[Path, typer.Option(help="whose tables are replaced")] = PAGE,
) -> None:
    """Measure every form and put the tables between the marks of a page."""
    torch.set_num_threads(1)
    train, validate, test = (
        windows_of(split, count, 0, work, console.print)
        for split, count in (("train", fleets), ("validate", others), ("test", others))
    )
    splits = Splits(train, validate, test.take(np.flatnonzero(test.is_clear)))
    whole = [
        judge(splits, cut(train, len(train), default_rng(seed)), seed, epochs, 0.5) for seed in range(seeds)
    ]
    tables = [table(shots, {**measure(splits, shots, seeds, epochs, steps), ALL: whole}) for shots in SHOTS]
    old = page.read_text(encoding="utf-8") if page.exists() else f"{BEGIN}\n{END}\n"
    before, rest = old.split(BEGIN, 1)
    text = "\n".join(tables)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END, 1)[1]}", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
