"""The name of a cohort, and which cohort a host fits best."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Mapping, Sequence, Set

MIN_OVERLAP = 0.6  # share of a cohort's sensors that a host must have to join it
ALIKE = 0.95  # sets that share so much are of one model of machine: one in twenty sensors is flaky somewhere
OWN_HOSTS = 3  # so many hosts of one sensor set are a cohort of their own


def cohort_id(kind: str, sensors: Sequence[str]) -> str:
    """8 hex digits that stand for a sensor set and a kind."""
    return hashlib.blake2b("\n".join([kind, *sensors]).encode(), digest_size=4).hexdigest()


def likeness(one: Set[str], other: Set[str]) -> float:
    """How much of all that two sensor sets have is common to both, 0 to 1."""
    return len(one & other) / max(len(one | other), 1)


def home_of(sensors: Set[str], hosts: int, homes: Iterable[Sequence[str]]) -> tuple[str, ...] | None:
    """The sensor set, of those that are cohorts already, that this one is trained with; None for its own.

    Different models of machine often share most of their names, and what is usual for one is not for another:
    only a set that is hardly another's, or that few hosts have, is put to the one that is most like it.
    """
    enough = ALIKE if hosts >= OWN_HOSTS else MIN_OVERLAP
    alike = [(likeness(sensors, set(home)), tuple(home)) for home in homes]
    best = max(alike, key=lambda one: one[0], default=(0.0, ()))
    return best[1] if best[0] >= enough else None


class CohortChoice:
    """The cohorts of the models in service."""

    def __init__(
        self, sensors: Mapping[str, Sequence[str]], hosts: Mapping[str, Container[str]] | None = None
    ) -> None:
        """`sensors` are those of each cohort, in the order of training; `hosts` were trained with it."""
        self._hosts = hosts or {}
        self._ordered = {cohort: tuple(names) for cohort, names in sensors.items()}
        self._sets = {cohort: frozenset(names) for cohort, names in sensors.items()}
        self._modelled = frozenset[str]().union(*self._sets.values())
        self._of_kind: dict[str, frozenset[str]] = {}

    def models(self, sensor: str) -> bool:
        """Whether a cohort has this sensor, of whatever quantity: tables of numbers have no quantities."""
        return sensor in self._modelled

    def best(self, sensors: Iterable[str], kind: str = "", host: str = "") -> str:
        """The cohort that is most like a host's modelled sensors, "" if the host has too little of each.

        The one that was trained on the host goes before all others, and then one of its kind. What a cohort
        knows nothing of speaks against it too: a server with cards has all that a plain one has.
        """
        names = frozenset(sensors)
        own = self._cohorts_of(kind)
        fits = [
            (host in self._hosts.get(cohort, ()), cohort in own, likeness(names, wanted), cohort)
            for cohort, wanted in self._sets.items()
            if len(names & wanted) >= MIN_OVERLAP * len(wanted)
        ]
        return max(fits)[-1] if fits else ""

    def _cohorts_of(self, kind: str) -> frozenset[str]:
        """A cohort's kind is told by its name alone, since it is a part of what the name stands for."""
        if kind not in self._of_kind:
            named = [cohort for cohort, names in self._ordered.items() if cohort_id(kind, names) == cohort]
            self._of_kind[kind] = frozenset(named)
        return self._of_kind[kind]
