"""Incidents against the truth: is one of one cause, and is one cause one incident?

alert ─► the faults that reached its host then ─┐
alert ─► its incident ──────────────────────────┴─► purity, incidents a root cause, by class of fault

An incident is pure where one fault explains all its alerts. Alerts that no fault explains are false ones:
beside those of a fault they make its incident impure, alone they are no matter of incidents.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agent.points import Point
from agent.sensors import SECOND_NS
from agent.site_events import AlertChanged, SiteEvent
from agent.topology_rows import Place
from models.twin.truth import Truth

RECOVERS_S = 1_800.0  # heat that leaves, fans that slow down, a host that boots
EARLY_S = 130.0  # the tick before a fault may already be the first that is off

FEEDS = ("pdu", "ups")
POWER = frozenset(("feed_loss", "phase_imbalance", "ups_on_battery"))

AlertKey = tuple[str, str, int]  # host, kind, onset


@dataclass(slots=True)
class CauseCount:
    """What became of the faults of one class."""

    fault: str
    causes: int = 0  # faults of which any alert is in an incident
    incidents: int = 0  # that have alerts of them
    joined: int = 0  # more that were written at first and became a part of another
    pure: int = 0  # incidents that nothing else is in

    @property
    def purity(self) -> float:
        return self.pure / self.incidents if self.incidents else math.nan

    @property
    def per_cause(self) -> float:
        return self.incidents / self.causes if self.causes else math.nan


@dataclass(slots=True)
class IncidentWatch:
    """Which alerts each incident has in the end. Names of hosts are without their fleet's prefix."""

    prefix: str
    alerts: dict[AlertKey, float] = field(default_factory=dict)  # → when it was raised, Unix seconds
    incident_of: dict[AlertKey, str] = field(default_factory=dict)
    joined: list[tuple[str, float]] = field(
        default_factory=list
    )  # anchors and onsets of those that are no more

    def hear(self, event: SiteEvent) -> None:
        """Take an event before the site does."""
        if isinstance(event, AlertChanged):
            alert = event.alert
            self._see((alert.host, alert.kind, alert.onset_ns), alert.raised_ns / SECOND_NS)

    def take(self, points: Iterable[Point]) -> None:
        """Take what the site made of an event."""
        for point in points:
            if point.measurement == "alert":
                key = (point.tags["host"], point.tags["kind"], point.time_ns)
                if "fault" in point.fields:  # of silence, or of a rack
                    raised = datetime.fromisoformat(str(point.fields["raised"]))
                    self._see(key, raised.timestamp())
                if "incident" in point.fields:
                    self.incident_of[self._named(key)] = str(point.fields["incident"])
            elif point.fields["hosts"] == 0.0 and point.fields["scope"] != "stream":
                anchor = point.tags["anchor"].removeprefix(self.prefix)
                self.joined.append((anchor, point.time_ns / SECOND_NS))

    def _see(self, key: AlertKey, raised_s: float) -> None:
        self.alerts.setdefault(self._named(key), raised_s)

    def _named(self, key: AlertKey) -> AlertKey:
        return key[0].removeprefix(self.prefix), key[1], key[2]


def judge_incidents(
    truths: Sequence[Truth], watch: IncidentWatch, places: Mapping[str, Place]
) -> list[CauseCount]:
    """Counts of every class of fault, by name. `places` are those of all hosts, by name without prefix."""
    faults = [truth for truth in truths if truth.episode.is_fault]
    incidents: dict[str, list[frozenset[int]]] = {}
    for key, incident in watch.incident_of.items():
        onset_s, raised_s = key[2] / SECOND_NS, watch.alerts.get(key, key[2] / SECOND_NS)
        incidents.setdefault(incident, []).append(_causes_of(key[0], onset_s, raised_s, faults, places))
    counts: dict[str, CauseCount] = {}
    seen: set[int] = set()
    for causes in incidents.values():
        told = Counter(cause for of_alert in causes for cause in of_alert)
        if not told:
            continue
        cause, alerts = max(told.items(), key=lambda item: (item[1], -item[0]))
        count = counts.setdefault(faults[cause].episode.name, CauseCount(faults[cause].episode.name))
        count.incidents += 1
        count.pure += alerts == len(causes)
        count.causes += cause not in seen
        seen.add(cause)
    for anchor, onset_s in watch.joined:
        for cause in sorted(_causes_of(anchor, onset_s, onset_s + EARLY_S, faults, places))[:1]:
            name = faults[cause].episode.name
            counts.setdefault(name, CauseCount(name)).joined += 1
    return [counts[name] for name in sorted(counts)]


def _causes_of(
    host: str, onset_s: float, raised_s: float, faults: Sequence[Truth], places: Mapping[str, Place]
) -> frozenset[int]:
    """The faults that may have brought an alert about."""
    return frozenset(
        at
        for at, truth in enumerate(faults)
        if (host in truth.hosts or host == truth.episode.host or _tells(host, truth, places))
        and truth.episode.start_s - EARLY_S <= onset_s
        and truth.episode.start_s <= raised_s <= truth.episode.end_s + RECOVERS_S
    )


def _tells(host: str, truth: Truth, places: Mapping[str, Place]) -> bool:
    """Whether a fault of the site may show at a unit or a rack: of power at the PDUs of the racks that it
    reaches, of air at the cooling units and the racks."""
    if truth.scope == "host":
        return False
    racks = {places[one].rack for one in truth.hosts if one in places}
    place = places.get(host)
    if truth.episode.name in POWER:
        return place is not None and place.kind in FEEDS and place.rack in (*racks, "")
    # Racks beside one that warm air comes round in breathe of it too.
    return place.kind not in FEEDS if place is not None else host in {one.rack for one in places.values()}


def total(counts: Sequence[CauseCount]) -> CauseCount:
    """All classes together."""
    whole = CauseCount("all")
    for one in counts:
        whole.causes += one.causes
        whole.incidents += one.incidents
        whole.joined += one.joined
        whole.pure += one.pure
    return whole


def add_counts(one: Sequence[CauseCount], other: Sequence[CauseCount]) -> list[CauseCount]:
    """The counts of two runs together, by name."""
    names = sorted({count.fault for count in (*one, *other)})
    found = []
    for name in names:
        whole = total([count for count in (*one, *other) if count.fault == name])
        whole.fault = name
        found.append(whole)
    return found


def cells(count: CauseCount) -> list[str]:
    """Faults, incidents a fault, purity, and how many were written apart at first."""
    return [
        count.fault, str(count.causes), f"{count.per_cause:.2f}", f"{count.purity:.2f}", str(count.joined),
    ]  # fmt: skip


HEADER = ["faults", "n", "incidents each", "purity", "written apart at first"]
