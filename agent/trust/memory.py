"""What is remembered of each of a host's sensors to judge its next value: arrays, one element a sensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


# What a new sensor begins with, where it is not 0.
_NEW = {
    "quantum": np.inf,
    "out": np.nan,
    "before": np.nan,
    "partner": -1.0,
    "load_low": np.inf,
    "load_high": -np.inf,
}


def _none() -> Array:
    return np.zeros(0)


def _never() -> NDArray[np.int64]:
    return np.zeros(0, np.int64)


@dataclass(slots=True)
class Memory:
    """All arrays are (F,); a new sensor is appended. Only credible values are remembered, but for `out`."""

    count: Array = field(default_factory=_none)  # values taken
    last: Array = field(default_factory=_none)  # the newest
    last_ns: NDArray[np.int64] = field(default_factory=_never)
    step: Array = field(default_factory=_none)  # how far it moves between two readings, on average
    quantum: Array = field(default_factory=_none)  # the smallest step ever seen: the meter's resolution
    mean: Array = field(default_factory=_none)  # of about a thousand readings
    variance: Array = field(default_factory=_none)
    load: Array = field(default_factory=_none)  # mean of the load that the others show, about 0
    load_variance: Array = field(default_factory=_none)
    covariance: Array = field(default_factory=_none)  # of its value with that load
    peak: Array = field(default_factory=_none)  # the highest
    out: Array = field(default_factory=_none)  # the newest value that was not believed
    doubt: Array = field(default_factory=_none)  # Doubt
    since_ns: NDArray[np.int64] = field(default_factory=_never)  # the doubt's
    ticks_out: Array = field(default_factory=_none)  # readings since then
    before: Array = field(default_factory=_none)  # the last credible value before the doubt
    partner: Array = field(default_factory=_none)  # the column that it is swapped with
    # The run of equal values that it is in, how far the machine's load moved meanwhile, the records of both.
    flat_ticks: Array = field(default_factory=_none)
    flat_ns: NDArray[np.int64] = field(default_factory=_never)
    load_low: Array = field(default_factory=_none)
    load_high: Array = field(default_factory=_none)
    changes: Array = field(default_factory=_none)  # share of its readings that differ from the one before
    changes_now: Array = field(default_factory=_none)  # the same over its last readings
    longest: Array = field(default_factory=_none)
    widest: Array = field(default_factory=_none)
    runs: Array = field(default_factory=_none)  # that ended

    def widen(self, columns: int) -> None:
        """Have an element for each of so many sensors."""
        extra = columns - len(self.count)
        if extra > 0:
            for each in fields(self):
                known = getattr(self, each.name)
                new = np.full(extra, _NEW.get(each.name, 0), known.dtype)
                setattr(self, each.name, np.append(known, new))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Memory:
        return cls(**{each.name: arrays[each.name] for each in fields(cls)})
