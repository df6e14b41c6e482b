"""What was wrong, where, whom it reached, and what followed from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from models.twin.episodes import Episode
from models.twin.magnitudes import SERVER_FAULTS
from models.twin.places import PHASES, place_units
from models.twin.plans import FleetPlan, HostPlan
from models.twin.site_faults import SITE_MAGNITUDES

SCOPES = {
    "cooling_unit_failure": "zone", "chilled_water_loss": "fleet", "overcooling": "zone", "humidity": "zone",
    "recirculation": "rack", "feed_loss": "pdu", "phase_imbalance": "pdu", "ups_on_battery": "fleet",
    "collector_silent": "collector", "stream_silent": "stream", "set_point_change": "fleet",
    "gang_step": "cluster", "standby_switch": "zone",
}  # fmt: skip
_OWN_CAUSES = frozenset((*SERVER_FAULTS, "cooling_unit_failure", "chilled_water_loss", "recirculation"))
_WIDER = ("rack", "row", "zone", "pdu")  # what a class may be told of instead of its usual scope
_EVERYWHERE = frozenset(("stream", "fleet"))
_FROM_ABOVE = {  # consequence → its only causes
    "psu_failure": frozenset(("feed_loss", "ups_on_battery")),
    "host_silent": frozenset(("feed_loss", "ups_on_battery", "psu_failure")),
}


@dataclass(frozen=True, slots=True)
class Consequence:
    """A fault that another one brought about: it really occurred, and when."""

    fault: str
    host: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Truth:
    """An episode, its reach and its consequences."""

    episode: Episode
    scope: str  # host, rack, row, zone, pdu, cluster, collector, stream, fleet
    place: str  # the name of what `scope` says
    hosts: tuple[str, ...]  # that it reaches
    also: tuple[Consequence, ...] = field(default=())


class Reaches:
    """Which hosts an episode reaches, by the plan alone."""

    def __init__(self, plan: FleetPlan) -> None:
        places = plan.places()
        self._hosts = {host.name: at for at, host in enumerate(plan.hosts)}
        self._names = tuple(self._hosts)
        self._of_host = [_places(host) for host in plan.hosts]
        self._feeds = [(host.feed_a, host.feed_b) for host in plan.hosts]
        self._phase = places.phase  # (H, 2)
        self.units = {unit.name: unit for unit in place_units(places, plan.site)}
        self._members: dict[tuple[str, str], list[str]] = {}
        for host, of_host in zip(plan.hosts, self._of_host, strict=True):
            for scope, names in of_host.items():
                for name in dict.fromkeys(names):
                    self._members.setdefault((scope, name), []).append(host.name)

    def of(self, episode: Episode) -> Truth:
        """Its scope, its place and its hosts; where it names a host, the place is that host's."""
        scope, place = self._find(episode)
        if scope in _EVERYWHERE:
            return Truth(episode, scope, place, self._names)
        hosts = tuple(self._members.get((scope, place), ()))
        if episode.name == "feed_loss" and episode.size < PHASES:
            hosts = tuple(name for name in hosts if self._hangs_on(name, place, episode.part))
        return Truth(episode, scope, place, hosts)

    def knows(self, episode: Episode) -> bool:
        """Is there such a host, place or unit?"""
        scope, place = self._find(episode)
        return scope in _EVERYWHERE or (scope, place) in self._members or place in self.units

    def _find(self, episode: Episode) -> tuple[str, str]:
        usual, name = SCOPES.get(episode.name, "host"), episode.host
        if name in self._hosts:
            return usual, self._of_host[self._hosts[name]][usual][0]
        if usual == "host" and episode.name not in SITE_MAGNITUDES:
            return usual, name
        for scope in (usual, *_WIDER):
            if (scope, name) in self._members:
                return scope, name
        unit = self.units.get(name)
        if unit is not None and unit.zone and unit.kind != "pdu":
            return "zone", unit.zone
        return ("fleet", name) if name in ("", *self.units) else (usual, name)

    def _hangs_on(self, host: str, pdu: str, part: int) -> bool:
        at = self._hosts[host]
        sides = [side for side, feed in enumerate(self._feeds[at]) if feed == pdu]
        return any(self._phase[at, side] == (part - 1) % PHASES for side in sides)


def settle_consequences(truths: Sequence[Truth], seen: Sequence[Consequence]) -> tuple[Truth, ...]:
    """Give each consequence to the latest fault that reaches its host and began before it."""
    found: dict[int, list[Consequence]] = {}
    for consequence in seen:
        causes = [
            at
            for at, truth in enumerate(truths)
            if truth.episode.is_fault
            and truth.episode.name in _FROM_ABOVE.get(consequence.fault, _OWN_CAUSES)
            and truth.episode.name != consequence.fault
            and truth.episode.start_s <= consequence.start_s < truth.episode.end_s
            and consequence.host in truth.hosts
        ]
        if causes:
            found.setdefault(max(causes, key=lambda at: truths[at].episode.start_s), []).append(consequence)
    return tuple(
        Truth(truth.episode, truth.scope, truth.place, truth.hosts, tuple(found.get(at, ())))
        for at, truth in enumerate(truths)
    )


def _places(host: HostPlan) -> dict[str, tuple[str, ...]]:
    """The places that a host belongs to, by scope."""
    return {
        "host": (host.name,), "rack": (host.rack,), "zone": (host.zone,), "pdu": (host.feed_a, host.feed_b),
        "row": (host.row,), "cluster": (str(host.cluster),), "collector": (host.collector,), "stream": ("",),
        "fleet": ("",),
    }  # fmt: skip
