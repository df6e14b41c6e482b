"""One abnormal episode of a host: what is known of it, who it is, and its point in InfluxDB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Literal

import msgspec

from agent.findings import Evidence, Kind, Severity
from agent.points import Point
from agent.sensors import SECOND_NS
from agent.tick_points import six_digits

UNKNOWN = "unknown"
MOST_LISTED_BYTES = 60_000  # of a list of hosts: InfluxDB takes 64 kB in a text
_GRAVEST_FIRST: tuple[Severity, ...] = ("P1", "P2", "P3", "info")

State = Literal["open", "acknowledged", "resolved", "suppressed"]


@dataclass(slots=True)
class Alert:
    """One abnormal episode of a host. Times in ns UTC; `ended_ns` is 0 while it is open."""

    host: str
    kind: Kind
    id: str
    state: State
    fault: str
    also: list[str]
    severity: Severity
    score: float  # highest so far, −1 = never scored
    confidence: float
    diagnosis: str
    evidence: list[Evidence]
    actions: list[str]
    onset_ns: int
    raised_ns: int
    ended_ns: int = 0
    data: Literal["live", "stale"] = "live"
    rack: str = ""
    model: str = ""
    ack_ns: int = 0  # of the newest acknowledgement that was taken; 0 without one
    ack_severity: Severity | Literal[""] = ""  # how grave it was then; "" = nobody sees to it
    is_quiet: bool = False  # operators found its like to be false
    time_to_limit_s: float = -1.0  # until a part is at its limit, at the present rate; −1 = none comes near
    limit_within_s: tuple[float, float] = (-1.0, -1.0)  # soonest, latest; −1 = not known, perhaps never

    def to_point(self) -> Point:
        """All fields of `alert` but `incident`, which the owner of the site writes."""
        fields: dict[str, float | str] = {
            "id": self.id,
            "state": self.state,
            "fault": self.fault,
            "also": ",".join(self.also),
            "severity": "info" if self.is_quiet else self.severity,
            "score": six_digits(self.score),
            "confidence": six_digits(self.confidence),
            "diagnosis": self.diagnosis,
            "evidence": msgspec.json.encode(self.evidence).decode(),
            "actions": "\n".join(self.actions),
            "onset": rfc3339(self.onset_ns),
            "raised": rfc3339(self.raised_ns),
            "ended": rfc3339(self.ended_ns) if self.ended_ns else "",
            "data": self.data,
            "rack": self.rack,
            "model": self.model,
        }
        return Point("alert", {"host": self.host, "kind": self.kind}, fields, self.onset_ns)

    @property
    def is_open(self) -> bool:
        return self.state != "resolved"

    @property
    def sensor(self) -> str:
        """The sensor that shows it most, "" without evidence."""
        return self.evidence[0].sensor if self.evidence else ""

    def acknowledge(self, at_ns: int) -> bool:
        """Somebody sees to it, as grave as it is now; whether that was news. `settle_state` does the rest."""
        if not self.is_open or at_ns <= self.ack_ns:
            return False
        self.ack_ns, self.ack_severity = at_ns, self.severity
        return True

    def copy(self) -> Alert:
        """An alert of its own, lists included."""
        return replace(self, also=[*self.also], evidence=[*self.evidence], actions=[*self.actions])


def alert_id(*identity: str | int) -> str:
    """16 hex digits of an identity: host, kind and onset of an alert, anchor and onset of an incident."""
    return blake2b("\0".join(map(str, identity)).encode(), digest_size=8).hexdigest()


def rfc3339(time_ns: int) -> str:
    """`2026-01-04T10:12:30Z`, with as many groups of three decimals as the time needs."""
    seconds, fraction_ns = divmod(time_ns, SECOND_NS)
    text = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"
    digits = f"{fraction_ns:09d}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return f"{text}.{digits}Z" if digits else f"{text}Z"


def severity_rank(severity: Severity) -> int:
    """0 for P1 … 3 for info."""
    return _GRAVEST_FIRST.index(severity)


def graver(one: Severity, other: Severity) -> Severity:
    """The more urgent of two."""
    return min(one, other, key=severity_rank)


def comma_list(hosts: Sequence[str]) -> str:
    """Hosts in a field; of more than it may hold, the first."""
    text = ",".join(hosts).encode()
    if len(text) > MOST_LISTED_BYTES:
        text = text[:MOST_LISTED_BYTES].rpartition(b",")[0]
    return text.decode()
