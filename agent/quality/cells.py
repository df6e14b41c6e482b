"""What is measured, one cell a method, machine and seed, and the files that keep finished cells.

A cell's file name carries a digest of its method's code and of the machine's tables: a run that was cut off
goes on where it stopped, and what has changed is measured anew.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from agent.quality import own
from agent.quality.peers import PEERS
from agent.quality.sets import PROJECT, SETS, machines, read_machine
from agent.quality.smoothing import mix
from models.evaluation import vus

OURS, SHORT, SHORT_PCA, MISSING = "coldaisle", "coldaisle-500", "pca-500", "coldaisle-missing"
SECTIONS = ("peers", "events", "short", "missing")

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """One measurement."""

    method: str
    set_name: str
    machine: str
    seed: int

    def file(self, kept: Path, folder: Path) -> Path:
        """Where its result is kept."""
        digest = hashlib.sha256((code_digest(self.method) + _data_digest(folder, self)).encode()).hexdigest()
        return kept / f"{self.method}.{self.set_name}.{self.machine}.{self.seed}.{digest[:12]}.json"


def cells_of(folder: Path, sections: list[str], seeds: int) -> list[Cell]:
    """All cells that the sections need. Peers have one seed: their networks would take hours."""
    return [
        Cell(method, name, machine, seed)
        for name in SETS
        for machine in machines(folder, name)
        for method, count in _methods(sections, seeds)
        for seed in range(count)
    ]


def _methods(sections: list[str], seeds: int) -> Iterator[tuple[str, int]]:
    if "peers" in sections or "events" in sections:
        yield OURS, seeds
    if "missing" in sections:
        yield MISSING, 1
    if "short" in sections:
        yield SHORT, seeds
        yield SHORT_PCA, 1
    if "peers" in sections:
        for name in PEERS:
            yield name, 1


def measure(cell: Cell, folder: Path) -> Result:
    """The cell's figures, and how many seconds they took."""
    begin = time.monotonic()
    figures = _OWN.get(cell.method, _peer)(folder, cell)
    return {**figures, "seconds": round(time.monotonic() - begin, 1)}


def _peer(folder: Path, cell: Cell) -> Result:
    """VUS-PR of a peer, raw and with our smoothing."""
    machine = read_machine(folder, cell.set_name, cell.machine)
    short = cell.method == SHORT_PCA
    peer = PEERS["pca" if short else cell.method]()
    peer.fit(machine.train[-own.SHORT_ROWS :] if short else machine.train, cell.seed)
    scores = peer.score(machine.test)
    return {"vus_pr": {"raw": vus(machine.label, scores)[1], "mix": vus(machine.label, mix(scores))[1]}}


def _with(run: Callable[[Path, str, str, int], Result]) -> Callable[[Path, Cell], Result]:
    return lambda folder, cell: run(folder, cell.set_name, cell.machine, cell.seed)


_OWN: dict[str, Callable[[Path, Cell], Result]] = {
    OURS: _with(own.whole),
    SHORT: _with(own.short),
    MISSING: _with(own.missing),
}


def run_group(group: list[tuple[Cell, Path]], folder: Path) -> list[tuple[Cell, Result]]:
    """Measure cells one after the other in this process, keeping each in its file as soon as it is done."""
    done = []
    for cell, file in group:
        result = measure(cell, folder)
        unfinished = file.with_suffix(".part")
        unfinished.write_text(json.dumps(result), encoding="utf-8")
        unfinished.replace(file)
        done.append((cell, result))
    return done


def groups_of(cells: list[Cell]) -> list[list[Cell]]:
    """Cells that share a fit stay together; the long ones come first."""
    groups: dict[tuple[Any, ...], list[Cell]] = {}
    for cell in cells:
        shared = cell.method in (OURS, MISSING)
        key = (not shared, cell.set_name, cell.machine, cell.seed, "" if shared else cell.method)
        groups.setdefault(key, []).append(cell)
    return [groups[key] for key in sorted(groups)]


@lru_cache(maxsize=64)
def code_digest(method: str) -> str:
    """A digest of the code that a method's figures depend on."""
    ours = method in _OWN
    models, quality = PROJECT / "models", PROJECT / "agent" / "quality"
    files = [models / "evaluation.py", quality / "cells.py", quality / "sets.py"]
    if ours:
        stages = (
            *("backtest", "backtest_table", "scoring", "scored"),
            *("alerts", "diagnosis", "ticks", "windows"),
        )
        files += [*models.glob("*.py"), quality / "own.py", *(PROJECT / "agent" / f"{s}.py" for s in stages)]
    else:
        module = PEERS["pca" if method == SHORT_PCA else method]().__class__.__module__
        own_file = PROJECT / (module.replace(".", "/") + ".py")
        files += [quality / "smoothing.py", own_file, quality / "peers" / "scaling.py"]
        files += [quality / "peers" / "networks.py"] if own_file.stem != "classical" else []
    digest = hashlib.sha256()
    for file in sorted(set(files)):
        digest.update(file.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=256)
def _machine_digest(folder: Path, name: str, machine: str) -> str:
    digest = hashlib.sha256()
    for side in ("train", "test"):
        digest.update((folder / name / side / f"{machine}.parquet").read_bytes())
    return digest.hexdigest()


def _data_digest(folder: Path, cell: Cell) -> str:
    return _machine_digest(folder, cell.set_name, cell.machine)
