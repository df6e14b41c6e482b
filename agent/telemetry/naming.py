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

    host: str
    meaning: Meaning
    name: str = ""
    place: int = -1  # of `name` in the list of preferences
    listeners: list[ref[Named]] = field(default_factory=list)

    @property
    def order(self) -> tuple[int, str, str]:
        return (self.meaning.rank, self.meaning.identity, self.meaning.part)

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


class SensorNames:
    """Who holds which name on which host."""

    def __init__(self) -> None:
        self._claims: dict[tuple[str, str, str, str, tuple[str, ...]], Claim] = {}
        self._holders: dict[tuple[str, str, str], list[Claim]] = {}
        self._kinds: dict[tuple[str, str], tuple[str, str]] = {}  # host, name → quantity, unit

    def claim(self, host: str, meaning: Meaning) -> Claim:
        """The claim of a sensor, the same one at every call; it holds a name from here on."""
        key = (host, meaning.family, meaning.identity, meaning.part, meaning.names)
        claim = self._claims.get(key)
        if claim is None:
            claim = self._claims[key] = Claim(host, meaning)
            self._settle(claim)
        return claim

    def _settle(self, claim: Claim) -> None:
        wanted = claim.meaning.names
        for place in range(claim.place + 1, len(wanted)):
            if self._take(claim, place, wanted[place]):
                return
        mark = blake2b(f"{claim.meaning.identity}|{claim.meaning.part}".encode(), digest_size=3).hexdigest()
        self._take(claim, len(wanted), f"{wanted[-1]}_{mark}")

    def _take(self, claim: Claim, place: int, name: str) -> bool:
        kind = (claim.meaning.quantity, claim.meaning.unit)
        if self._kinds.setdefault((claim.host, name), kind) != kind:
            return False
        holders = self._holders.setdefault((claim.host, claim.meaning.family, name), [])
        rivals = [holder for holder in holders if not _one_sensor(holder.meaning, claim.meaning)]
        if any(rival.order <= claim.order for rival in rivals):
            return False
        holders[:] = [holder for holder in holders if holder not in rivals] + [claim]
        claim.settle_on(name, place)
        for rival in rivals:
            self._settle(rival)
        return True


def _one_sensor(one: Meaning, other: Meaning) -> bool:
    """Whether two meanings are of one sensor: of one name, and neither knows a part that the other is not."""
    return one.identity == other.identity and (one.part == other.part or not one.part or not other.part)
