"""What was wrong, where, whom it reached, and what followed from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from models.twin.episodes import Episode
from models.twin.magnitudes import SERVER_FAULTS
from models.twin.plans import FleetPlan, HostPlan

SCOPES = {
    "cooling_unit_failure": "zone", "chilled_water_loss": "fleet", "overcooling": "zone", "humidity": "zone",
    "recirculation": "rack", "feed_loss": "pdu", "phase_imbalance": "pdu", "ups_on_battery": "fleet",
    "collector_silent": "collector", "stream_silent": "stream", "set_point_change": "fleet",
    "gang_step": "cluster",
}  # fmt: skip
_OWN_CAUSES = frozenset((*SERVER_FAULTS, "cooling_unit_failure", "chilled_water_loss", "recirculation"))
_EVERYWHERE = frozenset(("stream", "fleet"))
_FROM_ABOVE = {"psu_failure": frozenset(("feed_loss", "ups_on_battery"))}  # consequence → its only causes


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
    scope: str  # host, rack, zone, pdu, cluster, collector, stream, fleet
    place: str  # the name of what `scope` says
    hosts: tuple[str, ...]  # that it reaches
    also: tuple[Consequence, ...] = field(default=())


class Reaches:
    """Which hosts an episode reaches, by the plan alone."""

    def __init__(self, plan: FleetPlan) -> None:
        self._hosts = {host.name: host for host in plan.hosts}
        self._members: dict[tuple[str, str], list[str]] = {}
        for host in plan.hosts:
            for scope, places in _places(host).items():
                for place in dict.fromkeys(places):
                    self._members.setdefault((scope, place), []).append(host.name)

    def of(self, episode: Episode) -> Truth:
        """Its scope, its place and its hosts; where it names a host, the place is that host's."""
        scope = SCOPES.get(episode.name, "host")
        host = self._hosts.get(episode.host)
        place = episode.host if host is None else _places(host)[scope][0]
        if scope in _EVERYWHERE:
            return Truth(episode, scope, place, tuple(self._hosts))
        return Truth(episode, scope, place, tuple(self._members.get((scope, place), ())))

    def knows(self, episode: Episode) -> bool:
        """Is there such a host or place?"""
        scope = SCOPES.get(episode.name, "host")
        return scope in _EVERYWHERE or episode.host in self._hosts or (scope, episode.host) in self._members


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
        "cluster": (str(host.cluster),), "collector": (host.collector,), "stream": ("",), "fleet": ("",),
    }  # fmt: skip
