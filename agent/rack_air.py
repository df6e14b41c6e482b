"""Warm air that comes round to the top of a rack: told by its hosts together, for none can tell it alone.

HostSummary ─► how much warmer each host of a rack breathes than it used to ─► more so the higher it stands?
      └──────► map of the zone ─► agent.rack_map: how probable is it? ─► then less of that is enough

Air that is warmer for the whole rack, or for one host, is the room's or the host's own. Blind without the
hosts' heights in the inventory, or with fewer than four hosts of a rack; the map needs their rows as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from agent.alert import Alert, alert_id
from agent.faults import FAULTS
from agent.findings import Evidence
from agent.rack_map.maps import Layout
from agent.rack_map.watch import MapWatch
from agent.report.words import say_number
from agent.sensors import SECOND_NS
from agent.site_events import HostSummary
from agent.tick_points import six_digits

MINUTE_NS = 60 * SECOND_NS
LEAST_HOSTS = 4
FRESH_NS, FRESH_PERIODS = 6 * MINUTE_NS, 3
GRADIENT_K, TOP_K = 1.6, 1.6  # from the lower half to the two at the top; and of these themselves
CLEAR_SHARE = 0.6
SECOND_SHARE = 0.35  # of the warmest: so much the second is warmer too, or it is one host's own matter
RANKED = 0.6  # correlation of how much warmer with how high
WEAK_SHARE, CONFIRMS = 0.45, 0.5  # of what it takes, with that probability by the map (docs/rack_map.md)
LOSS = 0.7  # the same for lost cooling
HELD = 0.5  # of that probability keeps an alert
CONFIDENCE, CONFIDENCE_BY_MAP = 0.75, 0.9
NO_LAYOUT = Layout()
RAISE_NS, CALM_NS, RETURN_NS = 3 * MINUTE_NS, 10 * MINUTE_NS, 30 * MINUTE_NS


@dataclass(slots=True)
class Breath:
    """What a host of a rack breathes."""

    time_ns: int
    period_ns: int
    u: float
    over_k: float  # above its own past
    inlet_c: float


@dataclass(slots=True)
class Rack:
    """A rack's hosts, and how long warm air has come round to them."""

    hosts: dict[str, Breath] = field(default_factory=dict)
    since_ns: int = 0  # 0: not so
    calm_ns: int = 0
    alert: Alert | None = None


@dataclass(slots=True)
class RackAir:
    """All racks; a part of the site's state record."""

    racks: dict[str, Rack] = field(default_factory=dict)
    maps: MapWatch = field(default_factory=MapWatch)

    def hear(self, summary: HostSummary, layout: Layout = NO_LAYOUT) -> list[Alert]:
        """Take what a host tells; the alert of its rack, of kind `condition` and named after it, if that
        changed. `layout` is the inventory as a map; without it the rack is judged by itself."""
        self.maps.hear(summary, layout)
        if not summary.rack or summary.u is None or summary.inlet_over_k is None:
            return []
        rack = self.racks.setdefault(summary.rack, Rack())
        rack.hosts[summary.host] = Breath(
            summary.time_ns, summary.period_ns, summary.u, summary.inlet_over_k, summary.inlet_temp_c or 0.0
        )
        chance = self.maps.recirculation(summary.host, layout, summary.rack)
        return _judge(summary.rack, rack, summary.time_ns, chance)

    def cooling_loss(self, host: str, layout: Layout) -> Evidence | None:
        """What the map of a host's zone says of its cooling; None where the map was not asked."""
        chance = self.maps.cooling_loss(host, layout)
        return None if chance is None else _evidence("cooling_loss_by_map", chance, LOSS)

    def alerts(self) -> Sequence[Alert]:
        """Every alert that is known, open or ended."""
        return [rack.alert for rack in self.racks.values() if rack.alert is not None]


def _evidence(name: str, chance: float, needed: float) -> Evidence:
    """A probability that the map gives, for or against."""
    return Evidence(name, "other", "1", chance, needed, "for" if chance >= needed else "against")


def _judge(name: str, rack: Rack, now_ns: int, chance: float | None) -> list[Alert]:
    fresh = {
        host: one
        for host, one in rack.hosts.items()
        if abs(now_ns - one.time_ns) <= max(FRESH_NS, FRESH_PERIODS * one.period_ns)
    }
    is_open = rack.alert is not None and rack.alert.is_open
    by_rule = CLEAR_SHARE if is_open else 1.0
    share = by_rule if chance is None else WEAK_SHARE
    needed = HELD * CONFIRMS if is_open else CONFIRMS
    is_likely = chance is None or chance >= needed
    if not is_likely or not comes_round(list(fresh.values()), share):
        rack.since_ns = 0
        rack.calm_ns = rack.calm_ns or now_ns
        if rack.alert is None or not is_open or now_ns - rack.calm_ns < CALM_NS:
            return []
        rack.alert.state, rack.alert.ended_ns = "resolved", now_ns
        return [rack.alert.copy()]
    rack.calm_ns = 0
    rack.since_ns = rack.since_ns or now_ns
    if is_open or now_ns - rack.since_ns < RAISE_NS:
        return []
    rack.alert = _raised(name, rack, fresh, now_ns, chance)
    return [rack.alert.copy()]


def comes_round(hosts: Sequence[Breath], share: float = 1.0) -> bool:
    """Whether hosts of a rack breathe the warmer air the higher they stand; `share` of what it takes."""
    if len(hosts) < LEAST_HOSTS:
        return False
    ordered = sorted(hosts, key=lambda one: one.u)
    over_k = np.array([one.over_k for one in ordered])
    height = np.array([one.u for one in ordered])
    top_k, low_k = float(over_k[-2:].mean()), float(over_k[: len(over_k) // 2].mean())
    if top_k < share * TOP_K or top_k - low_k < share * GRADIENT_K or np.ptp(height) <= 0:
        return False
    warmest, second = sorted(over_k.tolist(), reverse=True)[:2]
    return second >= SECOND_SHARE * warmest and float(np.corrcoef(over_k, height)[0, 1]) >= RANKED


def _raised(name: str, rack: Rack, hosts: dict[str, Breath], now_ns: int, chance: float | None) -> Alert:
    """A new alert, or the last one again where that ended a short while ago."""
    old = rack.alert
    if old is not None and rack.since_ns - old.ended_ns <= RETURN_NS:
        old.state, old.ended_ns = "open", 0
        return old
    told = sorted(hosts.items(), key=lambda item: -item[1].u)
    top = ", ".join(f"{host} {say_number(six_digits(one.over_k))} K" for host, one in told[:3])
    low = say_number(six_digits(float(np.mean([one.over_k for _, one in told[-(len(told) // 2) :]]))))
    fault = FAULTS["recirculation"]
    return Alert(
        host=name, kind="condition", id=alert_id(name, "condition", rack.since_ns), state="open",
        fault="recirculation", also=[], severity=fault.severity, score=-1.0,
        confidence=CONFIDENCE if chance is None else CONFIDENCE_BY_MAP,
        diagnosis=f"Warm air comes round to the top of rack {name}: hosts there breathe warmer air than they "
        f"used to ({top}), those below by {low} K.",
        evidence=[
            Evidence(f"inlet_temp_c of {host}", "temperature", "Cel", six_digits(one.inlet_c),
                     six_digits(one.inlet_c - one.over_k), "for")
            for host, one in told[:3]
        ] + ([] if chance is None else [_evidence("recirculation_by_map", chance, CONFIRMS)]),
        actions=[*fault.actions], onset_ns=rack.since_ns, raised_ns=now_ns, rack=name,
    )  # fmt: skip
