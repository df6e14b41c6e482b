"""Alerts of a small site, and its inventory: two zones, four racks with two feeds each, units, UPSs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from builders import MINUTE_NS, START_NS

from agent.alert import Alert, alert_id
from agent.faults import FAULTS
from agent.findings import Evidence, Kind
from agent.incidents import Site
from agent.points import Point
from agent.site_events import AlertChanged, HostSummary
from agent.topology import Topology
from agent.topology_rows import Place

PER_RACK = 8
ZONE_OF = {"r1": "z1", "r2": "z1", "r3": "z2", "r4": "z2"}


def hosts_of(rack: str) -> list[str]:
    return [f"{rack}-n{at}" for at in range(1, PER_RACK + 1)]


def inventory(**more: Place) -> Topology:
    """Servers r1-n1 … r4-n8, PDUs pdu-r1-a …, cooling units crah-z1-1 …; `more` beside or instead."""
    places = {
        host: Place("server", rack, 1.0 + at, zone=zone, pdu_a=f"pdu-{rack}-a", pdu_b=f"pdu-{rack}-b")
        for rack, zone in ZONE_OF.items()
        for at, host in enumerate(hosts_of(rack))
    }
    places |= {
        f"pdu-{rack}-{side}": Place("pdu", rack, zone=ZONE_OF[rack]) for rack in ZONE_OF for side in "ab"
    }
    places |= {f"crah-{zone}-{at}": Place("crah", zone=zone) for zone in ("z1", "z2") for at in (1, 2)}
    return Topology(places | {"ups-a": Place("ups"), "ups-b": Place("ups")} | more)


def at(minute: float) -> int:
    return START_NS + int(minute * MINUTE_NS)


def told(
    host: str,
    fault: str,
    minute: float = 0,
    rows: Iterable[Evidence] = (),
    kind: Kind = "condition",
    confidence: float = 0.9,
    rack: str | None = None,
) -> Alert:
    """An alert with its onset at this minute, raised a minute later."""
    return Alert(
        host=host, kind=kind, id=alert_id(host, kind, at(minute)), state="open", fault=fault, also=[],
        severity=FAULTS[fault].severity, score=0.6, confidence=confidence,
        diagnosis=f"{host} shows {fault}.", evidence=[*rows], actions=[*FAULTS[fault].actions],
        onset_ns=at(minute), raised_ns=at(minute + 1),
        rack=(host.partition("-")[0] if host[:1] == "r" else "") if rack is None else rack,
    )  # fmt: skip


def lost_supply(host: str, minute: float = 0, supply: int = 1, rack: str | None = None) -> Alert:
    """One supply of two is dead, the other one carries all."""
    rows = [
        Evidence(f"psu{supply}_in_w", "power", "W", 0.0, 200.0, "for"),
        Evidence(f"psu{3 - supply}_in_w", "power", "W", 390.0, 200.0, "for"),
    ]
    return told(host, "psu_failure", minute, rows, rack=rack)


def warm_inlet(host: str, minute: float = 0, fault: str = "unknown", rack: str | None = None) -> Alert:
    """Something is off while warm air comes in."""
    rows = [
        Evidence("cpu1_temp_c", "temperature", "Cel", 75.0, 60.0, "for"),
        Evidence("inlet_temp_c", "temperature", "Cel", 31.0, 24.0, "for"),
    ]
    return told(host, fault, minute, rows, confidence=0.4, rack=rack)


def warm_supply(unit: str, minute: float = 0) -> Alert:
    """A cooling unit that does not cool."""
    rows = [Evidence("supply_temp_c", "temperature", "Cel", 30.0, 20.0, "for")]
    return told(unit, "cooling_unit_failure", minute, rows, confidence=0.8)


def dark_feed(pdu: str, minute: float = 0) -> Alert:
    """A PDU without voltage."""
    return told(pdu, "feed_loss", minute, [Evidence("phase1_v", "voltage", "V", 0.0, 230.0, "for")])


def ended(alert: Alert, minute: float) -> Alert:
    return replace(alert.copy(), state="resolved", ended_ns=at(minute))


def reports(hosts: Iterable[str], minute: float, over_k: float = 0.1) -> list[HostSummary]:
    """A minute's summaries; inlets are so much warmer than they used to be."""
    return [
        HostSummary(host, "telemetry/0", at(minute), 60_000_000_000, 0.1, 24.0, "", over_k) for host in hosts
    ]


class Watched:
    """A site and the last form of all that it wrote."""

    def __init__(self, topology: Topology | None = None) -> None:
        self.site = Site(topology=inventory() if topology is None else topology)
        self.points: dict[tuple[object, ...], Point] = {}
        self.incident_of: dict[tuple[str, str], str] = {}  # host, kind → its incident

    def see(self, *alerts: Alert) -> Watched:
        for alert in alerts:
            self.take(self.site.observe(AlertChanged(alert)))
        return self

    def hear(self, summaries: Iterable[HostSummary]) -> Watched:
        for summary in summaries:
            self.take(self.site.observe(summary))
        return self

    def take(self, points: Iterable[Point]) -> None:
        for point in points:
            if point.measurement == "incident":
                self.points[point.identity] = point
            elif "incident" in point.fields:
                self.incident_of[point.tags["host"], point.tags["kind"]] = str(point.fields["incident"])

    @property
    def incidents(self) -> list[Mapping[str, float | str]]:
        """The fields of all incidents, by onset."""
        return [
            point.fields
            for point in sorted(self.points.values(), key=lambda p: (p.time_ns, *p.tags.values()))
        ]

    @property
    def members(self) -> set[frozenset[tuple[str, str]]]:
        """Which alerts (host, kind) are together."""
        of: dict[str, set[tuple[str, str]]] = {}
        for key, incident in self.incident_of.items():
            of.setdefault(incident, set()).add(key)
        return {frozenset(keys) for keys in of.values()}
