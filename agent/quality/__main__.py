"""`python -m agent.quality`: detection on public machine data, peers included, and on the simulated fleet."""

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

from agent.quality import twin
from agent.quality.cells import SECTIONS, Cell, Result, cells_of, groups_of, run_group
from agent.quality.report import document
from agent.quality.sets import PROJECT, NoDataError, data_folder

EXIT_NO_DATA = 3
TWIN = "twin"
ALL = (*SECTIONS, TWIN)
TABLES = PROJECT / "docs" / "quality_tables.md"
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(
    data: Annotated[Path | None, typer.Option(help="folder of the public sets (or COLDAISLE_DATA)")] = None,
    only: Annotated[str, typer.Option(help="sections, with commas between")] = ",".join(ALL),
    methods: Annotated[str, typer.Option(help="measure these alone, with commas between; no tables")] = "",
    seeds: Annotated[int, typer.Option(min=1, help="seeds of whatever has chance in it")] = 3,
    jobs: Annotated[int, typer.Option(min=1, help="processes side by side, one thread each")] = 2,
    twin_size: Annotated[
        str, typer.Option(help=f"of the simulated fleet: {', '.join(twin.SIZES)}")
    ] = "quick",
    out: Annotated[Path, typer.Option(help="where finished cells are kept")] = PROJECT / "quality",
    tables: Annotated[Path, typer.Option(help="where all sections together are written to")] = TABLES,
) -> None:
    """Measure what is not yet measured, and write the tables; some sections alone are only shown."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    sections = [section.strip() for section in only.split(",") if section.strip()]
    if unknown := sorted(set(sections) - set(ALL)):
        console.print(f"unknown section {', '.join(unknown)}; expected some of {', '.join(ALL)}")
        raise typer.Exit(2)
    try:
        folder = data_folder(data)
    except NoDataError as error:
        console.print(f"quality: {error}")
        raise typer.Exit(EXIT_NO_DATA) from None
    cells = cells_of(folder, sections, seeds)
    if methods:
        chosen = [cell for cell in cells if cell.method in methods.split(",")]
        _measured(chosen, folder, out, jobs, console)
        return
    parts = []
    if set(sections) != {TWIN}:
        parts.append(document(_measured(cells, folder, out, jobs, console), sections, seeds))
    if TWIN in sections:
        parts.append(f"## The simulated fleet\n\n{_on_the_twin(twin_size, folder, out, jobs)}")
    text = "\n".join(parts)
    if set(sections) == set(ALL):
        tables.write_text(text, encoding="utf-8")
        console.print(f"written to {tables}")
    else:
        typer.echo(text)


def _on_the_twin(size: str, folder: Path, out: Path, jobs: int) -> str:
    """The simulated fleet's tables, in Markdown."""
    twin.main(size=size, processes=jobs, data=folder, out=out)
    return (out / f"twin-{size}-0.md").read_text(encoding="utf-8")


def _measured(cells: list[Cell], folder: Path, out: Path, jobs: int, console: Console) -> dict[Cell, Result]:
    """All cells' results: from their files where they are, else measured now."""
    out.mkdir(parents=True, exist_ok=True)
    files = {cell: cell.file(out, folder) for cell in cells}
    results = {cell: _read(file) for cell, file in files.items() if file.is_file()}
    open_cells = [cell for cell in cells if cell not in results]
    console.print(f"{len(cells):,} cells, {len(results):,} of them measured before")
    for variable in ONE_THREAD:
        os.environ[variable] = "1"
    begin = time.monotonic()
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
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
    which = f"{cell.method} {cell.set_name} {cell.machine} seed {cell.seed}"
    return f"{seconds:6.0f} s {done}/{total} {which}: {figures}"


if __name__ == "__main__":
    typer.run(main)
