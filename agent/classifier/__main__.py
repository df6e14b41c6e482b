"""`python -m agent.classifier`: trains the fault classifier on the twin, judges it on machines never seen."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from agent.classifier import trial
from agent.classifier.figures import Figures, measure, measure_weighing
from agent.classifier.making import make, packed, windows_of
from agent.classifier.naming import Naming
from agent.classifier.opinion import RulesAlone, SecondOpinion
from agent.classifier.picture import confusion_svg
from agent.classifier.tables import document
from models.fault_classifier import FILE, FaultClassifier, unpack
from models.fault_training import FaultOptions

PROJECT = Path(__file__).resolve().parents[2]
PACKAGED = PROJECT / "models" / "packaged" / FILE
WORK = PROJECT / "quality" / "classifier"
TRAIN_FLEETS, VALIDATE_FLEETS, TEST_FLEETS, TRIALS = 8, 2, 2, 2

EPOCHS = FaultOptions().epochs
CLEAR = "not subtle, 3 ticks or more"

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
Work = Annotated[Path, typer.Option(help="Where simulated windows are kept.")]
File = Annotated[Path, typer.Option(help="The packed classifier.")]


@app.command()
def train(
    seed: Annotated[int, typer.Option(help="Equal seeds give equal classifiers.")] = 0,
    fleets: Annotated[int, typer.Option(help="Fleets to learn from.")] = TRAIN_FLEETS,
    others: Annotated[int, typer.Option(help="Fleets to choose thresholds on.")] = VALIDATE_FLEETS,
    epochs: Annotated[int, typer.Option(help="Passes over the windows.")] = EPOCHS,
    work: Work = WORK,
    out: File = PACKAGED,
) -> None:
    """Simulate, train, choose thresholds, pack."""
    torch.set_num_threads(1)
    console = Console(stderr=True, highlight=False)
    learned = windows_of("train", fleets, seed, work, console.print)
    chosen = windows_of("validate", others, seed, work, console.print)
    made = make(learned, chosen, FaultOptions(epochs=epochs, seed=seed), console.print)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(packed(made, chosen))
    console.print(f"{out}: {out.stat().st_size:,} bytes, least {made.least}, sure {made.sure}, {made.facts}")


@app.command()
def judge(
    seed: Annotated[int, typer.Option(help="Equal seeds give equal figures.")] = 0,
    fleets: Annotated[int, typer.Option(help="Fleets of machines never seen.")] = TEST_FLEETS,
    trials: Annotated[int, typer.Option(help="Seeds of the whole agent's trial.")] = TRIALS,
    work: Work = WORK,
    file: File = PACKAGED,
    picture: Annotated[Path, typer.Option(help="The confusion matrix.")] = PROJECT / "docs" / "confusion.svg",
) -> None:
    """Measure on test machines, alone and inside the agent; tables in Markdown to standard output."""
    torch.set_num_threads(1)
    console = Console(stderr=True, highlight=False)
    classifier = unpack(file.read_bytes())
    data = windows_of("test", fleets, seed, work, console.print)
    chance = classifier.probabilities(data.windows)
    clear = data.is_clear.nonzero()[0]
    figures: dict[str, Figures] = {
        "all windows": measure(chance, data, classifier.least, seed),
        CLEAR: measure(chance[clear], data.take(clear), classifier.least, seed),
    }
    title = f"Machines never seen, {len(clear):,} windows: % of each true class"
    picture.write_text(
        confusion_svg(figures["not subtle, 3 ticks or more"].confusion, title), encoding="utf-8"
    )
    outcomes = [one for at in range(trials) for one in tried(classifier, seed + at, work, console)]
    weighed = measure_weighing(chance, data, classifier.weighing)
    typer.echo(document(figures, weighed, outcomes))


def tried(classifier: FaultClassifier, seed: int, work: Path, console: Console) -> list[trial.Outcome]:
    """A seed's trial: rules alone, with names as shipped, and where "nothing is wrong" silences as well."""
    opinions: dict[str, SecondOpinion] = {
        "rules alone": RulesAlone(),
        "rules and classifier": Naming(classifier),
        "with silence": Naming(replace(classifier, sure=classifier.facts["sure"])),
    }
    detectors = trial.detectors_of(seed)
    outcomes = []
    for name, opinion in opinions.items():
        outcomes.append(trial.judge(f"{name}, seed {seed}", opinion, detectors, seed))
        console.print(json.dumps(asdict(outcomes[-1])))
    (work / f"trial-{seed}.json").write_text(json.dumps([asdict(one) for one in outcomes]), encoding="utf-8")
    return outcomes


if __name__ == "__main__":
    app()
