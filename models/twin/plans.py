"""What to simulate: the servers and where they stand, the time, the episodes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from models.twin.episodes import Episode
from models.twin.kinds import ServerKind
from models.twin.places import HostPlaces, SitePlan, name_places

DESIGN_SHARE = 0.85  # of all machines at full load, that cooling and current are built for


@dataclass(frozen=True, slots=True)
class HostPlan:
    """One server of the fleet and its place."""

    name: str
    kind: ServerKind
    cluster: int = 0  # of hosts that work together
    height: float = 0.5  # 0 the bottom of its rack, 1 the top
    rack: str = "r1"
    row: str = "A"
    zone: str = "z1"  # a room or cold aisle
    feed_a: str = "pdu-a"
    feed_b: str = "pdu-b"
    collector: str = "collector01"


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """What to simulate. `seed` makes the machines, seed and `run` together the weather and the work."""

    hosts: tuple[HostPlan, ...]
    start_s: float  # Unix time
    duration_s: float
    period_s: float = 20.0  # between two polls of a host
    step_s: float = 5.0  # at most about 10
    seed: int = 0
    run: int = 0
    episodes: tuple[Episode, ...] = ()
    site: SitePlan = field(default_factory=SitePlan)  # its design load is never less than its hosts need

    def __post_init__(self) -> None:
        design_w = max(self.site.design_w_per_host, _design_w_per_host(self.hosts))
        object.__setattr__(self, "site", replace(self.site, design_w_per_host=design_w))

    def places(self) -> HostPlaces:
        """Where the hosts stand."""
        hosts = self.hosts
        return name_places(
            [h.name for h in hosts], [h.rack for h in hosts], [h.row for h in hosts],
            [h.zone for h in hosts], [h.feed_a for h in hosts], [h.feed_b for h in hosts],
            [h.height for h in hosts],
        )  # fmt: skip

    @property
    def steps_a_poll(self) -> int:
        """How many steps pass between two polls of a host.

        Raises:
            ValueError: the period is not a whole number of steps.
        """
        steps = round(self.period_s / self.step_s)
        if abs(steps * self.step_s - self.period_s) > 1e-9 or steps < 1:
            raise ValueError(f"period_s is {self.period_s:g}; expected whole steps of {self.step_s:g} s")
        return steps


def _design_w_per_host(hosts: tuple[HostPlan, ...]) -> float:
    """Of the zone whose hosts need most."""
    zones: dict[str, list[float]] = {}
    for host in hosts:
        zones.setdefault(host.zone, []).append(DESIGN_SHARE * host.kind.full_w)
    return max((sum(each_w) / len(each_w) for each_w in zones.values()), default=0.0)
