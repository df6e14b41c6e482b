"""The name of a cohort, and which cohort a host fits best."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

MIN_OVERLAP = 0.6  # share of a cohort's sensors that a host must have to join it


def cohort_id(kind: str, sensors: Sequence[str]) -> str:
    """8 hex digits that stand for a sensor set and a kind."""
    return hashlib.blake2b("\n".join([kind, *sensors]).encode(), digest_size=4).hexdigest()


class CohortChoice:
    """The cohorts of the models in service."""

    def __init__(self, sensors: Mapping[str, Sequence[str]]) -> None:
        """`sensors` are those of each cohort, in the order of training."""
        self._ordered = {cohort: tuple(names) for cohort, names in sensors.items()}
        self._sets = {cohort: frozenset(names) for cohort, names in sensors.items()}
        self._of_kind: dict[str, frozenset[str]] = {}

    def best(self, sensors: Iterable[str], kind: str = "") -> str:
        """The cohort that shares most with a host's sensors, one of its kind before all others; "" if none
        shares enough."""
        names = frozenset(sensors)
        own = self._cohorts_of(kind)
        fits = [
            (cohort in own, overlap, cohort)
            for cohort, wanted in self._sets.items()
            if (overlap := len(names & wanted) / len(wanted)) >= MIN_OVERLAP
        ]
        return max(fits, default=(False, 0.0, ""))[2]

    def _cohorts_of(self, kind: str) -> frozenset[str]:
        """A cohort's kind is told by its name alone, since it is a part of what the name stands for."""
        if kind not in self._of_kind:
            named = [cohort for cohort, names in self._ordered.items() if cohort_id(kind, names) == cohort]
            self._of_kind[kind] = frozenset(named)
        return self._of_kind[kind]
