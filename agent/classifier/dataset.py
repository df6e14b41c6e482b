"""Windows of simulated machines with the truth beside them, as arrays and as a file.

Samples ─► Dataset ─► npz
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.classifier.collect import Sample
from agent.fault_channels import still_channels, window_channels
from agent.fault_columns import columns_of
from agent.sensors import SECOND_NS
from models.fault_classifier import CLASSES, NORMAL, WARM_AIR, Windows

SUBTLE = "subtle"
SHOWN_TICKS = 3  # from here on a fault has had the time to show

_WINDOWS = ("values", "present", "still", "still_present")
_TRUTH = ("label", "episode", "magnitude", "at", "since", "above", "rule", "rule_confidence", "basis")


@dataclass(frozen=True, slots=True)
class Dataset:
    """B windows; every other array is (B,)."""

    windows: Windows
    label: NDArray[np.int64]  # of CLASSES
    episode: NDArray[np.str_]  # the twin's class, "" for calm time
    magnitude: NDArray[np.str_]
    at: NDArray[np.str_]  # fleet, host and start: windows of one episode belong together
    since: NDArray[np.int64]  # ticks after the onset
    above: NDArray[np.bool_]  # the score was above its threshold
    rule: NDArray[np.str_]  # what the rules name, "" for nothing
    rule_confidence: NDArray[np.float64]
    basis: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.label)

    def take(self, at: NDArray[Any]) -> Dataset:
        """Some of the windows."""
        return Dataset(self.windows.take(at), *(getattr(self, name)[at] for name in _TRUTH))

    @property
    def is_clear(self) -> NDArray[np.bool_]:
        """(B,) faults that are not subtle and have had time to show, and all that is no fault."""
        no_fault = self.label <= max(CLASSES.index(NORMAL), CLASSES.index(WARM_AIR))
        clear: NDArray[np.bool_] = no_fault | (
            (self.magnitude != SUBTLE) & ((self.since >= SHOWN_TICKS) | self.above)
        )
        return clear

    def save(self, file: Path) -> None:
        """As a compressed npz."""
        arrays = {name: getattr(self.windows, name) for name in _WINDOWS}
        np.savez_compressed(file, **arrays, **{name: getattr(self, name) for name in _TRUTH})


def load(file: Path) -> Dataset:
    """What `save` wrote.

    Raises:
        OSError, KeyError, ValueError: no such file, or another one.
    """
    with np.load(file, allow_pickle=False) as arrays:
        return Dataset(Windows(*(arrays[name] for name in _WINDOWS)), *(arrays[name] for name in _TRUTH))


def joined(parts: Sequence[Dataset]) -> Dataset:
    """Several as one."""
    windows = Windows(*(np.concatenate([getattr(p.windows, name) for p in parts]) for name in _WINDOWS))
    return Dataset(windows, *(np.concatenate([getattr(p, name) for p in parts]) for name in _TRUTH))


def dataset_of(samples: Iterable[Sample], fleet: str) -> Dataset:
    """Their channels and their truth; `fleet` is told apart in `at`."""
    seen, rows = [], []
    for sample in samples:
        tick, period_s = sample.tick, sample.tick.period_ns / SECOND_NS
        columns = columns_of(tick.sensors, tick.quantities)
        if not columns.is_server:
            continue
        window = window_channels(sample.rows, columns, tick.sensors, period_s, tick.limits)
        seen.append((*window, *still_channels(sample.residuals, period_s)))
        fault, confidence, basis = sample.found[0] if sample.found else ("", 0.0, "")
        at = f"{fleet} {tick.host} {sample.at}"
        rows.append(
            (CLASSES.index(sample.label), sample.episode, sample.magnitude, at, sample.since_ticks,
             sample.above, fault, confidence, basis)
        )  # fmt: skip
    values, present, still, still_present = (np.array(each) for each in zip(*seen, strict=True))
    windows = Windows(values.astype(np.float32), present, still.astype(np.float32), still_present)
    label, episode, magnitude, where, since, above, rule, surely, bases = zip(*rows, strict=True)
    return Dataset(
        windows, np.array(label, np.int64), np.array(episode, "U"), np.array(magnitude, "U"),
        np.array(where, "U"), np.array(since, np.int64), np.array(above, bool), np.array(rule, "U"),
        np.array(surely, np.float64), np.array(bases, "U"),
    )  # fmt: skip
