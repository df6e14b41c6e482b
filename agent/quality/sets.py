"""The public sets that the table is measured on, where they lie, and how they are read.

DIR/smd/{train,test}/machine-*.parquet and DIR/asd/{train,test}/omi-*.parquet; the tests carry a `label`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

DATA_VARIABLE = "COLDAISLE_DATA"
DEFAULT_DATA = "../shared/data"  # relative to the project
PROJECT = Path(__file__).resolve().parents[2]

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MachineSet:
    """Machines of one kind, each with a table to learn from and a labelled one."""

    name: str
    title: str
    pattern: str
    interval_s: float


SETS = {
    "smd": MachineSet("smd", "SMD: internet servers, a row a minute", "machine-*.parquet", 60.0),
    "asd": MachineSet("asd", "ASD: application servers, a row in five minutes", "omi-*.parquet", 300.0),
}


class NoDataError(Exception):
    """The public data is not where it was looked for."""


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine: (n, C) rows to learn from, (m, C) rows to score, (m,) which of them are abnormal."""

    name: str
    interval_s: float
    columns: tuple[str, ...]
    train: Rows
    test: Rows
    label: NDArray[np.bool_]


def data_folder(chosen: Path | None) -> Path:
    """The folder of the sets: as chosen, else by COLDAISLE_DATA, else beside the project.

    Raises:
        NoDataError: not one set is there.
    """
    folder = chosen or Path(os.environ.get(DATA_VARIABLE) or PROJECT / DEFAULT_DATA)
    if not any(machines(folder, name) for name in SETS):
        raise NoDataError(
            f"public data has not been found in {folder}; expected smd/ or asd/ with train/ and test/ in it "
            f"(name the folder with --data or {DATA_VARIABLE})"
        )
    return folder


def machines(folder: Path, name: str) -> list[str]:
    """Machines of a set that have both tables, by name."""
    tests = sorted((folder / name / "test").glob(SETS[name].pattern))
    return [path.stem for path in tests if (folder / name / "train" / path.name).is_file()]


def read_machine(folder: Path, name: str, machine: str) -> Machine:
    """Both tables of a machine, with the columns of the first.

    Raises:
        OSError, ValueError, KeyError: a file cannot be read, or lacks a column.
    """
    train = pd.read_parquet(folder / name / "train" / f"{machine}.parquet")
    test = pd.read_parquet(folder / name / "test" / f"{machine}.parquet")
    columns = [column for column in train.columns if column != "label"]
    return Machine(
        machine,
        SETS[name].interval_s,
        tuple(columns),
        train[columns].to_numpy(dtype=np.float64),
        test[columns].to_numpy(dtype=np.float64),
        test["label"].to_numpy() > 0,
    )
