"""`python -m models.quality`: the detection table on public machine data, peers included."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models.quality.cells import (
    SECTIONS,
    Cell,
    Result,
    cells_of,
    groups_of,
    run_group,
)
from models.quality.report import document
from models.quality.sets import PROJECT, NoDataError, data_folder

EXIT_NO_DATA = 3
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(
    data: Annotated[Path | None, typer.Option(help="folder of the public sets (or COLDAISLE_DATA)")] = None,
    only: Annotated[str, typer.Option(help="sections, with commas between")] = ",".join(SECTIONS),
    methods: Annotated[str, typer.Option(help="measure these alone; no tables")] = "",
    seeds: Annotated[int, typer.Option(min=1, help="seeds of whatever has chance in it")] = 3,
    workers: Annotated[int, typer.Option(min=1, help="processes side by side, one thread each")] = 2,
    kept: Annotated[Path, typer.Option(help="where finished cells are kept")] = PROJECT / "quality",
    out: Annotated[Path, typer.Option(help="where all sections are written to")] = PROJECT
    / "docs"
    / "quality_tables.md",
) -> None:
    """Measure what is not yet measured, and write the tables; some sections alone are only shown."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    sections = [section.strip() for section in only.split(",") if section.strip()]
    if unknown := sorted(set(sections) - set(SECTIONS)):
        console.print(f"unknown section {', '.join(unknown)}; expected some of {', '.join(SECTIONS)}")
        raise typer.Exit(2)
    try:
        folder = data_folder(data)
    except NoDataError as error:
        console.print(f"quality: {error}")
        raise typer.Exit(EXIT_NO_DATA) from None
    cells = cells_of(folder, sections, seeds)
    if methods:
        _measured(
            [cell for cell in cells if cell.method in methods.split(",")], folder, kept, workers, console
        )
        return
    results = _measured(cells, folder, kept, workers, console)
    text = document(results, sections, seeds)
    if set(sections) == set(SECTIONS):
        out.write_text(text, encoding="utf-8")
        console.print(f"written to {out}")
    else:
        typer.echo(text)


def _measured(
    cells: list[Cell], folder: Path, kept: Path, workers: int, console: Console
) -> dict[Cell, Result]:
    """All cells' results: from their files where they are, else measured now."""
    kept.mkdir(parents=True, exist_ok=True)
    files = {cell: cell.file(kept, folder) for cell in cells}
    results = {cell: _read(file) for cell, file in files.items() if file.is_file()}
    open_cells = [cell for cell in cells if cell not in results]
    console.print(f"{len(cells):,} cells, {len(results):,} of them measured before")
    for variable in ONE_THREAD:
        os.environ[variable] = "1"
    begin = time.monotonic()
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        running = [
            pool.submit(run_group, [(cell, files[cell]) for cell in group], folder)
            for group in groups_of(open_cells)
        ]
        for future in as_completed(running):
            for cell, result in future.result():
                results[cell] = result
                console.print(_line(cell, result, len(results), len(cells), time.monotonic() - begin))
    return results


def _read(file: Path) -> Result:
    result: Result = json.loads(file.read_text(encoding="utf-8"))
    return result


def _line(cell: Cell, result: Result, done: int, total: int, seconds: float) -> str:
    figures = " ".join(f"{name} {value:.3f}" for name, value in result["vus_pr"].items())
    what = f"{cell.method} {cell.set_name} {cell.machine} seed {cell.seed}"
    return f"{seconds:6.0f} s {done}/{total} {what}: {figures}"


if __name__ == "__main__":
    typer.run(main)
