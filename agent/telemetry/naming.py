"""Gives every sensor of a host a name of its own, the same whatever order the sensors come in.

Two sensors may ask for one name: a board has `Inlet Temp` and `Ambient Temp`, both its inlet. Of one family
(all sensors that one collector reads off one machine) the first by (rank, identity, part) holds the name and
the others fall back to their vendor's. Different families share: what IPMI and Redfish both call the inlet
is the same sensor. A late comer of better rank takes the name over: names settle in one round of readings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Protocol
from weakref import ref

from agent.telemetry.meanings import Meaning

MAX_NAME_LENGTH = 128  # characters; no vendor needs more, and every name becomes a field in the store
MARKED_NAMES = 2  # that a sensor falls back to when others hold all that it would like
PRUNED_LISTENERS = 8  # a sensor is seen by one or two series; more are mostly leftovers of emptied caches

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_GAP = re.compile(r"[\W_]+")


@lru_cache(maxsize=65_536)
def lower_snake_case(name: str) -> str:
    """`BaseBoard System Fan` → `baseboard_system_fan`, `PkgPwr` → `pkg_pwr`; "" where nothing is left."""
    if not _GAP.search(name):
        name = _HUMP.sub("_", name)
    return _GAP.sub("_", name.lower()).strip("_")


class Named(Protocol):
    """What carries a sensor's name: told by `rename`, held weakly."""

    def rename(self, name: str) -> None: ...


@dataclass(slots=True, eq=False)
class Claim:
    """One sensor's hold on a name. Who listens is told the name now and whenever it changes."""

    meaning: Meaning
    name: str = ""
    place: int = -1  # of `name` in the list of preferences
    listeners: list[ref[Named]] = field(default_factory=list)

    def name_at(self, place: int) -> str:
        """A wanted name; after those the last one with a mark of the sensor, at last of its unit too."""
        wanted, own = self.meaning.names, f"{self.meaning.identity}|{self.meaning.part}"
        if place < len(wanted):
            return wanted[place]
        told = own if place == len(wanted) else "|".join((own, *self.kind))
        return f"{wanted[-1]}_{blake2b(told.encode(), digest_size=3).hexdigest()}"

    @property
    def order(self) -> tuple[int, str, str]:
        return (self.meaning.rank, self.meaning.identity, self.meaning.part)

    @property
    def kind(self) -> tuple[str, str]:
        """All sensors of one name are of one quantity and unit."""
        return (self.meaning.quantity, self.meaning.unit)

    def is_rival_of(self, other: Claim) -> bool:
        """Whether two claims are of one family and not of one sensor.

        One sensor is of one identity, and neither claim knows a part that the other is not.
        """
        one, two = self.meaning, other.meaning
        if one.family != two.family:
            return False
        return one.identity != two.identity or (one.part != two.part and bool(one.part and two.part))

    def tell(self, listener: Named) -> None:
        """Keep a listener informed for as long as somebody else holds it."""
        if len(self.listeners) >= PRUNED_LISTENERS:
            self.listeners = [known for known in self.listeners if known() is not None]
        self.listeners.append(ref(listener))
        listener.rename(self.name)

    def settle_on(self, name: str, place: int) -> None:
        self.name, self.place = name, place
        for listener in [known() for known in self.listeners]:
            if listener is not None:
                listener.rename(name)


Key = tuple[str, str, str, tuple[str, ...]]


class HostNames:
    """Who holds which name on one host."""

    __slots__ = ("_claims", "_holders", "host")

    def __init__(self, host: str) -> None:
        self.host = host
        self._claims: dict[Key, Claim] = {}
        self._holders: dict[str, list[Claim]] = {}  # name → claims of all families, at least one

    def __len__(self) -> int:
        """How many sensors there are."""
        return len(self._claims)

    def has(self, meaning: Meaning) -> bool:
        """Whether there is a claim of this sensor."""
        return _key(meaning) in self._claims

    def claim(self, meaning: Meaning) -> Claim:
        """The claim of a sensor, the same one at every call; it holds a name from here on."""
        key = _key(meaning)
        claim = self._claims.get(key)
        if claim is None:
            claim = self._claims[key] = Claim(meaning)
            self._settle(claim)
        return claim

    def _settle(self, claim: Claim) -> None:
        for place in range(claim.place + 1, len(claim.meaning.names) + MARKED_NAMES):
            if self._take(claim, place, claim.name_at(place)):
                return

    def _take(self, claim: Claim, place: int, name: str) -> bool:
        holders = self._holders.get(name)
        if holders is None:
            self._holders[name] = [claim]
            claim.settle_on(name, place)
            return True
        if holders[0].kind != claim.kind:
            return False
        rivals = [holder for holder in holders if holder.is_rival_of(claim)]
        if any(rival.order <= claim.order for rival in rivals):
            return False
        holders[:] = [holder for holder in holders if holder not in rivals] + [claim]
        claim.settle_on(name, place)
        for rival in rivals:
            self._settle(rival)
        return True


def _key(meaning: Meaning) -> Key:
    return (meaning.family, meaning.identity, meaning.part, meaning.names)
