"""Many incidents at once: what is not urgent waits, and one incident says how much does.

an incident would begin ─► P1, P2, or fewer than the limit in the last 10 min ─► it begins
                      └──► else its alert waits ─► it is graver, or the storm is over ─► it begins
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.alert import UNKNOWN, Alert, alert_id
from agent.alert_track import MINUTE_NS
from agent.incident_point import incident_point
from agent.points import Point
from agent.report.words import say_fault, say_time

STORM_INCIDENTS = 30  # in 10 minutes: nobody reads more
SPAN_NS = 10 * MINUTE_NS
KEPT_NS = 24 * 60 * MINUTE_NS  # partitions may be hours apart
HELD_SEVERITIES = ("P3", "info")
MOST_FAULTS = 4


@dataclass(slots=True)
class Held:
    """One storm, from the first alert that was held."""

    anchor: str
    onset_ns: int
    severity: str
    faults: dict[str, str] = field(default_factory=dict)  # alert → fault, of all that were held
    hosts: dict[str, str] = field(default_factory=dict)  # alert → host
    ended_ns: int = 0

    def to_point(self, waiting: int, limit: int) -> Point:
        """All fields of `incident`."""
        counts = Counter(self.faults.values())
        return incident_point(
            self.anchor,
            self.onset_ns,
            incident_id=alert_id(self.anchor, self.onset_ns),
            state="resolved" if self.ended_ns else "open",
            scope="fleet",
            place="fleet",
            summary_en=self._say(waiting, limit, counts),
            summary_zh=self._say_zh(waiting, limit),
            raised_ns=self.onset_ns,
            ended_ns=self.ended_ns,
            fault=counts.most_common(1)[0][0] if len(counts) == 1 else UNKNOWN,
            severity=self.severity,
            hosts=sorted(set(self.hosts.values())),
        )

    def _say(self, waiting: int, limit: int, counts: Counter[str]) -> str:
        few = [f"{number:,} {say_fault(fault)}" for fault, number in counts.most_common(MOST_FAULTS)]
        more = ", …" if len(counts) > MOST_FAULTS else ""
        begun = f"More than {limit:,} incidents began within 10 minutes from {say_time(self.onset_ns)} UTC on"
        if self.ended_ns:
            held = f"{len(self.faults):,} more were held back ({', '.join(few)}{more})"
            return f"{begun}; {held}. It ended at {say_time(self.ended_ns)} UTC; what was still open is told."
        held = f"{len(self.faults):,} more held back ({', '.join(few)}{more}), {waiting:,} of them still open"
        return f"{begun}; {held}. They are told when fewer begin, or as soon as they are urgent."

    def _say_zh(self, waiting: int, limit: int) -> str:
        begun = f"自 {say_time(self.onset_ns)}（UTC）起，10 分钟内出现超过 {limit:,} 起事件"
        held = f"另有 {len(self.faults):,} 起非紧急事件暂缓通知"
        if self.ended_ns:
            return f"{begun}，{held}。已于 {say_time(self.ended_ns)}（UTC）结束，仍未恢复的已逐一通知。"
        return f"{begun}，{held}，其中 {waiting:,} 起仍未恢复；事件减少或变为紧急时将逐一通知。"


@dataclass(slots=True)
class Storm:
    """When incidents began lately, and the alerts that wait; a part of the site's state."""

    begun_ns: list[int] = field(default_factory=list)
    waiting: dict[str, Alert] = field(default_factory=dict)  # by id
    held: Held | None = None  # the present storm

    def begin(self, raised_ns: int) -> None:
        """An incident began."""
        newest_ns = max([raised_ns, *self.begun_ns])
        self.begun_ns = [at_ns for at_ns in self.begun_ns if at_ns > newest_ns - KEPT_NS] + [raised_ns]

    def is_on(self, now_ns: int, limit: int) -> bool:
        """Whether the limit was reached in the 10 minutes up to a time."""
        return sum(now_ns - SPAN_NS < begun_ns <= now_ns for begun_ns in self.begun_ns) >= limit

    def hold(self, alert: Alert, limit: int) -> Point:
        """Let an alert wait; the incident that tells how many do."""
        if self.held is None:
            # No incident of the host can have this onset: that would be at a tick.
            self.held = Held(alert.host, alert.raised_ns + 1, alert.severity)
        if alert.severity == "P3":
            self.held.severity = "P3"
        self.waiting[alert.id] = alert
        self.held.faults[alert.id], self.held.hosts[alert.id] = alert.fault, alert.host
        return self.held.to_point(len(self.waiting), limit)

    def drop(self, alert: Alert, limit: int) -> list[Point]:
        """It need not wait any more: it has ended, is suppressed, or has become urgent."""
        if self.waiting.pop(alert.id, None) is None or self.held is None:
            return []
        return [self.held.to_point(len(self.waiting), limit)]

    def end(self, now_ns: int, limit: int) -> tuple[Sequence[Alert], list[Point]]:
        """If the storm is over: what waited, by onset, and the incident that told of it."""
        if self.held is None or self.is_on(now_ns, limit):
            return (), []
        released = sorted(self.waiting.values(), key=lambda alert: (alert.onset_ns, alert.host, alert.kind))
        self.held.ended_ns = now_ns
        point = self.held.to_point(len(released), limit)
        self.held, self.waiting = None, {}
        return released, [point]
