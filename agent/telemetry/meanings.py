"""What one field of one metric means: the sensor it belongs to, its quantity, unit and scale."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Meaning:
    """The sensor behind a field, or a limit of that sensor where `bound` is set.

    A value as sent becomes one in `unit` by `value * scale + offset`.
    """

    names: tuple[str, ...]  # what the sensor would like to be called, most wanted first
    quantity: str
    unit: str
    family: str  # the collector's kind: within one, no two sensors share a name
    identity: str  # tells the sensors of a family and host apart, together with
    part: str = ""  # the entity, member or id; not every message about a sensor has it
    rank: int = 0  # the lower holds a name that several would like
    scale: float = 1.0
    offset: float = 0.0
    bound: str = ""
    refuses: Callable[[float], bool] | None = None  # values (as sent) that stand for "no reading"
    below_zero: Meaning | None = None  # what the sensor measures when it sends a negative value
    counts: Callable[[float], bool] | None = None  # codes: a value where it holds is kept as 1, else as 0

    def limit(self, bound: str) -> Meaning:
        """The same sensor's limit, such as `upper_critical`. An upper limit of 0 means that none is set."""
        refuses, blank = self.refuses, self.refuses
        if bound.startswith("upper") and self.quantity != "margin":
            refuses = is_not_positive if blank is None else Either(blank, is_not_positive)
        return replace(self, bound=bound, refuses=refuses, below_zero=None)


def is_zero(value: float) -> bool:
    return value == 0


def is_not_positive(value: float) -> bool:
    return value <= 0


@dataclass(frozen=True, slots=True)
class Either:
    """Whether one of two holds; two of the same are equal, so that meanings are."""

    one: Callable[[float], bool]
    other: Callable[[float], bool]

    def __call__(self, value: float) -> bool:
        return self.one(value) or self.other(value)
