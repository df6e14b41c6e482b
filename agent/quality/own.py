"""Our own detector on the same tables, through the stages of the daemon (`agent.backtest`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agent.backtest import Table, fit_table, read_columns, score_table
from agent.quality.sets import Machine, Rows, read_machine
from agent.sensors import SECOND_NS
from models.detector import PARTS, Detector
from models.evaluation import event_figures, vus
from models.tops import DAYS_A_MONTH
from models.training import TrainingOptions

FALSE_ALARMS_PER_DAY = 1.0  # what the threshold is asked to keep to
SHORT_ROWS = 500
REMOVED_SHARE = 0.3
PAIRS = 5  # drawn pairs of sensors that go missing, one after the other
WORST_PAIR, TRAINED_WITHOUT = "worst pair", "trained without it"


def whole(folder: Path, name: str, machine: str, seed: int) -> dict[str, Any]:
    """VUS-PR of each part, and events at the operating threshold of the fused score."""
    its = read_machine(folder, name, machine)
    result = score_table(_fitted(folder, name, machine, seed), _scored(its, its.test))
    return {
        "vus_pr": _volumes(its.label, result.parts),
        "events": asdict(event_figures(its.label, result.alarm, its.interval_s)),
    }


def short(folder: Path, name: str, machine: str, seed: int) -> dict[str, Any]:
    """VUS-PR of each part after training on the last 500 rows alone."""
    its = read_machine(folder, name, machine)
    detector = fit_table(_learnt(its, SHORT_ROWS), _options(seed))
    return {"vus_pr": _volumes(its.label, score_table(detector, _scored(its, its.test)).parts)}


def missing(folder: Path, name: str, machine: str, seed: int) -> dict[str, Any]:
    """VUS-PR of the fused score with nothing removed, 30 % of samples, and any two sensors.

    The two that cost most are named again as WORST_PAIR, and TRAINED_WITHOUT is after training without them.
    """
    its, detector = read_machine(folder, name, machine), _fitted(folder, name, machine, seed)
    found: dict[str, float] = {}
    removed: dict[str, NDArray[np.bool_]] = {}
    for what, rows in _thinned(its.test, seed):
        found[what] = vus(its.label, score_table(detector, _scored(its, rows)).score)[1]
        removed[what] = np.asarray(np.isnan(rows).all(axis=0))
    worst = min((what for what in found if what.startswith("pair")), key=lambda what: found[what])
    found[WORST_PAIR] = found[worst]
    left = _without(its, removed[worst])
    never_known = score_table(fit_table(_learnt(left), _options(seed)), _scored(left, left.test))
    found[TRAINED_WITHOUT] = vus(its.label, never_known.score)[1]
    return {"vus_pr": found}


def _without(its: Machine, removed: NDArray[np.bool_]) -> Machine:
    """The machine as if it never had some of its sensors."""
    columns = tuple(column for column, gone in zip(its.columns, removed, strict=True) if not gone)
    return replace(its, columns=columns, train=its.train[:, ~removed], test=its.test[:, ~removed])


def _thinned(test: Rows, seed: int) -> Iterator[tuple[str, Rows]]:
    """The test rows whole, with samples missing here and there, and without two sensors."""
    rng = np.random.default_rng(seed)
    yield "whole", test
    yield "samples", np.where(rng.random(test.shape) < REMOVED_SHARE, np.nan, test)
    for pair in range(PAIRS):
        without = test.copy()
        without[:, rng.choice(test.shape[1], 2, replace=False)] = np.nan
        yield f"pair {pair + 1}", without


@lru_cache(maxsize=1)
def _fitted(folder: Path, name: str, machine: str, seed: int) -> Detector:
    """Fitted once for all that is asked of one machine in turn."""
    its = read_machine(folder, name, machine)
    return fit_table(_learnt(its), _options(seed))


def _options(seed: int) -> TrainingOptions:
    budget = FALSE_ALARMS_PER_DAY * DAYS_A_MONTH
    return TrainingOptions(seed=seed, device="cpu", budget_per_host_month=budget)


def _learnt(machine: Machine, rows: int | None = None) -> Table:
    """The last `rows` rows to learn from, or all; they end where those to score begin."""
    first = len(machine.train) - (rows or len(machine.train))
    return _table(machine, machine.train[first:], first)


def _scored(machine: Machine, rows: Rows) -> Table:
    return _table(machine, rows, len(machine.train))


def _table(machine: Machine, rows: Rows, first: int) -> Table:
    frame = pd.DataFrame(rows, columns=list(machine.columns))
    return read_columns(frame, machine.interval_s, round(first * machine.interval_s * SECOND_NS))


def _volumes(label: NDArray[np.bool_], parts: dict[str, Rows]) -> dict[str, float]:
    return {part: vus(label, parts[part])[1] for part in PARTS}
