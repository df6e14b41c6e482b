"""`python -m agent.rack_map`: `train` the network on rooms of the twin, `measure` it on others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.progress import Progress

from agent.rack_map.measure import choose_thresholds, see_signs
from agent.rack_map.rooms import Room, Split
from agent.rack_map.tables import PAGE, measure_networks, write_tables
from agent.rack_map.training import EPOCHS, ROOMS, calibrate, draw_rooms, fit_rack_map, zones_of_rooms
from models.rack_map import PACKAGED, RackMap, load_rack_map, save_rack_map

TAUGHT_SHARE = 0.75  # of the training rooms; the rest chooses thresholds
app = typer.Typer(add_completion=False, help=__doc__)
console = Console(stderr=True, highlight=False)


@app.command()
def train(
    seed: Annotated[int, typer.Option(help="of weights and of what a lesson hides")] = 0,
    rooms: Annotated[int, typer.Option(min=8, help="to be drawn")] = ROOMS["training"],
    epochs: Annotated[int, typer.Option(min=1)] = EPOCHS,
    out: Annotated[Path, typer.Option(help="weights; what they are goes beside them, as .json")] = PACKAGED,
) -> None:
    """Draw rooms, teach the network, choose its thresholds on rooms that it was not taught."""
    torch.set_num_threads(1)
    teach(_drawn("training", rooms), seed, epochs, out)


@app.command()
def measure(
    weights: Annotated[
        list[Path] | None, typer.Argument(help="networks; the first is the one told of")
    ] = None,
    rooms: Annotated[int, typer.Option(min=4, help="to be drawn")] = ROOMS["unseen"],
    page: Annotated[Path, typer.Option(help="whose tables are replaced")] = PAGE,
) -> None:
    """Find breaches and lost cooling in rooms with other layouts, plants, seeds and intervals."""
    torch.set_num_threads(1)
    models = [load_rack_map(path) for path in weights or [PACKAGED]]
    write_tables(measure_networks(_drawn("unseen", rooms), models), page)


def teach(rooms: Sequence[Room], seed: int, epochs: int, out: Path) -> RackMap:
    """The network of these rooms, written to `out` with its thresholds."""
    taught = round(TAUGHT_SHARE * len(rooms))
    model = fit_rack_map(zones_of_rooms(rooms[:taught]), seed, epochs)
    others = zones_of_rooms(rooms[taught:])
    calibrate(model, others)
    signs = [see_signs(zone, model) for zone in others]
    model.about |= {"rooms": len(rooms), "thresholds": asdict(choose_thresholds(signs))}
    save_rack_map(model, out)
    return model


def _drawn(split: Split, count: int) -> list[Room]:
    with Progress(console=console) as progress:
        task = progress.add_task(f"rooms, {split}", total=count)
        return draw_rooms(split, count, lambda _: progress.advance(task))


if __name__ == "__main__":
    app()
