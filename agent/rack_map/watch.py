"""What the network of models.rack_map makes of each zone, asked once a minute and only where it is warm.

HostSummary ─► departure of its host, now and ten minutes ago ─► a minute of the zone ended, a host was warm?
                                          └─ both ─► map ─► network ─► probabilities, kept till asked anew

Silent without an inventory that tells row, rack and height. The minute that has just ended is judged, so that
all hosts of the zone have told of it, whatever their order. A part of the site's state; the network is not.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from agent.logs import log_event
from agent.rack_map.maps import BEFORE_MINUTES, Layout, Maps, ZoneLayout
from agent.sensors import SECOND_NS
from agent.site_events import HostSummary
from models.errors import RegistryError

if TYPE_CHECKING:
    from models.rack_map import RackMap

_log = logging.getLogger(__name__)
MINUTE_NS = 60 * SECOND_NS
WARM_K = 1.0  # nobody asks where no host of a zone is warmer than usual by this
FRESH_MINUTES, FRESH_PERIODS = 6, 3
KEPT_EVERY_MINUTES = 2  # of what is remembered of a host
LEAST_HOSTS = 4  # of a zone
DIGITS = 3


@dataclass(slots=True)
class HostPast:
    """What a host told: the newest, and as much before it as the second map needs."""

    minute: int
    over_k: float
    stays_minutes: int  # how long the newest counts
    before: list[tuple[int, float]] = field(default_factory=list)

    def add(self, minute: int, over_k: float, stays_minutes: int) -> None:
        """Take the newest departure; what came late is left out."""
        if minute < self.minute:
            return
        if minute > self.minute and (
            not self.before or self.minute - self.before[-1][0] >= KEPT_EVERY_MINUTES
        ):
            self.before.append((self.minute, self.over_k))
            while len(self.before) > 1 and self.before[1][0] <= minute - BEFORE_MINUTES:
                del self.before[0]
        self.minute, self.over_k, self.stays_minutes = minute, over_k, stays_minutes

    def at(self, minute: int) -> float:
        """Its departure in a minute that is over; NaN where that is not known any more."""
        return self.over_k if 0 <= minute - self.minute <= self.stays_minutes else np.nan

    def earlier(self, minute: int) -> float:
        """Its departure ten minutes before, or a little longer ago."""
        old = [k for at, k in self.before if at <= minute - BEFORE_MINUTES]
        return old[-1] if old else np.nan


@dataclass(slots=True)
class ZoneSense:
    """A zone's hosts, and what the network said of its last full minute."""

    minute: int = 0  # that has begun and is not yet judged
    hosts: dict[str, HostPast] = field(default_factory=dict)
    racks: dict[str, float] = field(default_factory=dict)  # probability of recirculation; empty: calm
    loss: float = -1.0  # probability of lost cooling; −1: not asked


@dataclass(slots=True)
class MapWatch:
    """All zones; a part of the site's state record."""

    zones: dict[str, ZoneSense] = field(default_factory=dict)

    def hear(self, summary: HostSummary, layout: Layout) -> None:
        """Take what a host tells; the first of a new minute has the one before judged."""
        zone = layout.zone_of(summary.host)
        if zone is None or summary.inlet_over_k is None:
            return
        sense = self.zones.setdefault(zone.name, ZoneSense())
        minute = summary.time_ns // MINUTE_NS
        if minute > sense.minute:
            if sense.minute:
                _judge(sense, zone)
            sense.minute = minute
        stays = max(FRESH_MINUTES, FRESH_PERIODS * summary.period_ns // MINUTE_NS)
        known = sense.hosts.get(summary.host)
        if known is None:
            sense.hosts[summary.host] = HostPast(minute, summary.inlet_over_k, stays)
        else:
            known.add(minute, summary.inlet_over_k, stays)

    def recirculation(self, host: str, layout: Layout, rack: str) -> float | None:
        """The probability that warm air comes round to a host's rack; None where nothing was asked."""
        zone = layout.zone_of(host)
        sense = self.zones.get(zone.name) if zone is not None else None
        return sense.racks.get(rack) if sense is not None else None

    def cooling_loss(self, host: str, layout: Layout) -> float | None:
        """The probability that the cooling of a host's zone is lost; None where nothing was asked."""
        zone = layout.zone_of(host)
        sense = self.zones.get(zone.name) if zone is not None else None
        return sense.loss if sense is not None and sense.loss >= 0 else None


def _judge(sense: ZoneSense, zone: ZoneLayout) -> None:
    """Ask the network of the minute that has ended, if any host was warm in it."""
    now, before = (np.full(len(zone.hosts), np.nan) for _ in range(2))
    for host, past in sense.hosts.items():
        at = zone.hosts.get(host)
        if at is not None:
            now[at], before[at] = past.at(sense.minute), past.earlier(sense.minute)
    known = now[np.isfinite(now)]
    sense.racks, sense.loss = {}, -1.0
    if len(known) < LEAST_HOSTS or known.max() < WARM_K:
        return
    maps: tuple[Maps, Maps] = (zone.grid.fill(now), zone.grid.fill(before))
    network = _network()
    if network is None:
        return
    verdict = network.judge(*maps)
    sense.loss = round(verdict.cooling_loss, DIGITS)
    for (_, rack), (row, at) in zone.racks.items():
        chance = float(verdict.recirculation[row, at])
        if np.isfinite(chance):
            sense.racks[rack] = round(chance, DIGITS)


@lru_cache(maxsize=1)
def _network() -> RackMap | None:
    """The packaged network, None where it cannot be used, which is said once; torch is imported only here."""
    from models.rack_map import load_rack_map

    try:
        return load_rack_map()
    except RegistryError as error:
        log_event(_log, logging.WARNING, "the map of inlet air is not judged", reason=str(error))
        return None
