"""One incident: alerts of one cause, who it is, and its point in InfluxDB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from agent.alert import UNKNOWN, Alert, State, graver, severity_rank
from agent.alert_track import MINUTE_NS
from agent.cause_signs import Sign
from agent.findings import Evidence, Severity
from agent.incident_point import incident_point
from agent.narrative import Facts, facts_of, say_ruled_out, summarize_chinese, summarize_english
from agent.points import Point
from agent.report.episodes import SHARED_SCOPES
from agent.scored import NOT_KNOWN
from agent.silent_groups import SilentGroup

STATES: tuple[State, ...] = ("open", "acknowledged", "suppressed", "resolved")
Scope = Literal["host", "rack", "row", "zone", "pdu", "collector", "stream", "fleet"]
MANY, GROWN = 64, 1.1  # alerts of an incident whose point is written only when it has grown so much
SKEWED_NS = 15 * MINUTE_NS  # a silence that begins so near to a clock's fault comes of it
RACK_HOSTS = 3  # so many are the rack's incident and no longer the first host's


@dataclass(slots=True)
class Reach:
    """Whom a shared cause should reach, and how far what is seen speaks for it."""

    expected: int = 0  # hosts that hang on it or breathe its air; 0 where no inventory tells
    shown: int = 0  # of these, hosts that show it
    confidence: float = NOT_KNOWN


@dataclass(slots=True)
class Incident:
    """Alerts of one cause. `anchor` and `onset_ns` are its identity and never change."""

    id: str
    anchor: str
    onset_ns: int
    scope: Scope
    place: str
    severity: Severity
    members: dict[str, Alert]  # by id
    together: list[str] = field(default_factory=list)  # hosts that one alert tells of
    silent: list[str] = field(default_factory=list)  # those of them that are not back
    signs: dict[str, Sign] = field(default_factory=dict)  # alert → what it says of a cause beyond its host
    cause: str = ""  # the fault that its hosts share; "" while it is of one host's alerts
    reach: Reach = field(default_factory=Reach)
    by_map: Evidence | None = None  # what the map of inlet air says of a cause that hosts share
    is_by_time: bool = False  # nothing but time tells that its hosts belong together
    told: int = 0  # alerts that it had when its point was written last
    is_owed: bool = False  # it has changed since then
    joined: str = ""  # the incident that has its alerts now, since both turned out to be one
    joined_ns: int = 0

    @property
    def is_open(self) -> bool:
        return any(alert.is_open for alert in self.members.values())

    @property
    def is_shared(self) -> bool:
        """Whether its cause is none of one host."""
        return self.cause != ""

    @property
    def state(self) -> State:
        """Open while one of its alerts is; acknowledged where somebody sees to all of them."""
        states = {alert.state for alert in self.members.values()}
        return next((state for state in STATES if state in states), "resolved")

    @property
    def ended_ns(self) -> int:
        """When its last alert ended; 0 while one is open."""
        if self.joined:
            return self.joined_ns
        return 0 if self.is_open else max(alert.ended_ns for alert in self.members.values())

    @property
    def lead(self) -> Alert:
        """The alert that tells it: of the shared cause and the surest of that, one that no other explains,
        one with a name before `unknown`, the gravest, the first."""
        skews = [a for a in self.members.values() if a.fault == "clock_skew" and a.is_open]
        return min(
            self.members.values(),
            key=lambda a: (
                a.fault != self.cause,
                a.kind == "silence" and any(_is_dropped(a, skew) for skew in skews),
                a.fault == UNKNOWN,
                severity_rank(a.severity),
                -a.confidence if self.scope in SHARED_SCOPES else 0.0,
                a.onset_ns,
                a.host,
            ),
        )

    @property
    def hosts(self) -> list[str]:
        """Those that its alerts tell of; a rack, which has alerts of its own, only where it is alone."""
        told = {*self.together, *(alert.host for alert in self.members.values())}
        racks = {alert.host for alert in self.members.values() if alert.host == alert.rack}
        return sorted(told - racks or told)

    @property
    def first_at_limit(self) -> Alert | None:
        """That of its open alerts whose component is at its limit first; None where none comes near."""
        known = [a for a in self.members.values() if a.is_open and a.time_to_limit_s >= 0]
        return min(known, key=lambda a: a.time_to_limit_s, default=None)

    def put(self, alert: Alert) -> None:
        """Take an alert in, in the place of what was known of it; with enough hosts it is the rack's."""
        self.members[alert.id] = alert
        self.severity = graver(self.severity, alert.severity)
        if self.scope == "host" and alert.rack and len(self.hosts) >= RACK_HOSTS:
            self.scope, self.place = "rack", alert.rack

    def is_of(self, alert: Alert) -> bool:
        """Whether the alert began it, or it is of silence alone."""
        began = (self.anchor, self.onset_ns) == (alert.host, alert.onset_ns)
        return began or all(member.kind == "silence" for member in self.members.values())

    def gather(self, group: SilentGroup) -> None:
        """Take in the alert of hosts that fell silent together, and them with it."""
        if not self.is_shared:
            self.scope, self.place = "collector", group.place
        self.together, self.silent = group.hosts, group.silent
        self.put(group.alert.copy())

    def sign(self, alert_id: str, sign: Sign) -> None:
        """Note what one of its alerts says of a shared cause. All its signs are of one nature: weak ones give
        way, and what says something else than the first is no sign of this cause."""
        if any(one.is_weak and one.nature != sign.nature for one in self.signs.values()):
            self.signs.clear()
        if all(one.nature == sign.nature for one in self.signs.values()):
            self.signs[alert_id] = sign

    def take_out(self, alert_id: str) -> tuple[Alert, Sign | None]:
        """An alert that belongs elsewhere, and what it says of a shared cause."""
        alert = self.members.pop(alert_id)
        if self.members:
            self.severity = min((one.severity for one in self.members.values()), key=severity_rank)
        return alert, self.signs.pop(alert_id, None)

    def puts_off(self) -> bool:
        """Whether what it came to can wait for the minute's end: of hundreds of hosts that fail one by one
        nobody reads every step."""
        self.is_owed = self.is_shared and MANY <= len(self.members) < GROWN * self.told
        return self.is_owed

    def become_part(self, other: str, now_ns: int) -> None:
        """Another incident has its alerts now: what was two is one."""
        self.joined, self.joined_ns = other, max(now_ns, self.onset_ns)

    def tell(self) -> Point:
        """Its point, which is to be written now."""
        self.told, self.is_owed = len(self.members), False
        return self.to_point()

    def to_point(self) -> Point:
        """All fields of `incident`; of one that became a part of another nothing but that."""
        if self.joined:
            return self._to_joined_point()
        lead, ended_ns, hosts = self.lead, self.ended_ns, self.hosts
        facts = self._facts(lead, hosts, ended_ns)
        return incident_point(
            self.anchor,
            self.onset_ns,
            incident_id=self.id,
            state=self.state,
            scope=self.scope,
            place=self.place,
            summary_en=summarize_english(facts),
            summary_zh=summarize_chinese(facts),
            raised_ns=min(alert.raised_ns for alert in self.members.values()),
            ended_ns=ended_ns,
            fault=facts.fault,
            severity=self.severity,
            hosts=hosts if self.scope != "stream" else (),
            confidence=lead.confidence if self.reach.confidence == NOT_KNOWN else self.reach.confidence,
            ruled_out=say_ruled_out(facts.ruled_out),
            time_to_limit_s=facts.time_to_limit_s,
        )

    def _to_joined_point(self) -> Point:
        return incident_point(
            self.anchor,
            self.onset_ns,
            incident_id=self.id,
            state="resolved",
            scope=self.scope,
            place=self.place,
            summary_en=f"No incident of its own: its alerts belong to incident {self.joined}.",
            summary_zh=f"并非独立事件：其告警属于事件 {self.joined}。",
            raised_ns=self.onset_ns,
            ended_ns=self.joined_ns,
        )

    def _facts(self, lead: Alert, hosts: Sequence[str], ended_ns: int) -> Facts:
        fault = self.cause or ("collector_silent" if self.scope == "collector" else lead.fault)
        members = sorted(self.members.values(), key=lambda a: (a.onset_ns, a.host, a.kind))
        near = self.first_at_limit if not ended_ns else None
        return facts_of(
            fault,
            self.scope,
            self.place,
            self.severity,
            hosts,
            lead,
            members,
            ended_ns,
            self.silent,
            time_to_limit_s=near.time_to_limit_s if near is not None else NOT_KNOWN,
            limit_within_s=near.limit_within_s if near is not None else (NOT_KNOWN, NOT_KNOWN),
            confidence=self.reach.confidence if self.is_shared else None,
            expected=self.reach.expected,
            shown=self.reach.shown,
            is_by_time=self.is_by_time,
            beside=(self.by_map,) if self.by_map is not None else (),
        )

    def link(self, alert: Alert) -> Point:
        """The partial write that tells an alert its incident."""
        return Point("alert", {"host": alert.host, "kind": alert.kind}, {"incident": self.id}, alert.onset_ns)


def _is_dropped(silence: Alert, skew: Alert) -> bool:
    """Whether a host is silent only because its clock went so wrong that none of its readings counts."""
    return silence.host == skew.host and abs(silence.onset_ns - skew.onset_ns) <= SKEWED_NS
