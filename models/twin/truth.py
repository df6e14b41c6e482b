"""What was wrong, where, whom it reached, and what followed from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from models.twin.episodes import Episode
from models.twin.plans import FleetPlan, HostPlan

SCOPES = {
    "cooling_unit_failure": "zone", "chilled_water_loss": "fleet", "overcooling": "zone", "humidity": "zone",
    "recirculation": "rack", "feed_loss": "pdu", "phase_imbalance": "pdu", "ups_on_battery": "fleet",
    "collector_silent": "collector", "stream_silent": "stream", "set_point_change": "fleet",
    "gang_step": "cluster",
}  # fmt: skip


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


def reach(episode: Episode, plan: FleetPlan) -> Truth:
    """Where an episode acts, by the plan alone."""
    scope = SCOPES.get(episode.name, "host")
    named = {host.name: host for host in plan.hosts}
    at = named.get(episode.host)
    place = _PLACES[scope](at) if at is not None else episode.host
    hosts = tuple(host.name for host in plan.hosts if _is_in(host, scope, place))
    return Truth(episode, scope, place, hosts)


def settle_consequences(truths: Sequence[Truth], seen: Sequence[Consequence]) -> tuple[Truth, ...]:
    """Give each consequence to the latest fault that reaches its host and began before it."""
    found: dict[int, list[Consequence]] = {}
    for consequence in seen:
        causes = [
            at
            for at, truth in enumerate(truths)
            if truth.episode.is_fault
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


def _is_in(host: HostPlan, scope: str, place: str) -> bool:
    if scope in ("fleet", "stream"):
        return True
    if scope == "pdu":
        return place in (host.feed_a, host.feed_b)
    return _PLACES[scope](host) == place


_PLACES: dict[str, Callable[[HostPlan], str]] = {
    "host": lambda host: host.name,
    "rack": lambda host: host.rack,
    "zone": lambda host: host.zone,
    "pdu": lambda host: host.feed_a,
    "cluster": lambda host: str(host.cluster),
    "collector": lambda host: host.collector,
    "stream": lambda _host: "",
    "fleet": lambda _host: "",
}
