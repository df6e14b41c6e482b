"""Finds open alerts of hosts whose data has stopped. Two clocks say how long; neither counts a backlog.

other hosts' event minutes ─► EventClock ─┐
wall time at a log's end ───► EndClock ───┴─► StaleWatch ─► HostAlerts.stale
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from agent.alert import Alert
from agent.host import Host
from agent.sensors import SECOND_NS

MINUTE_NS = 60 * SECOND_NS
GAP_NS = 3 * MINUTE_NS  # a longer step, or one of two periods, is a gap in which nobody sent
LOOK_EVERY_NS = 15 * SECOND_NS


@dataclass(slots=True)
class EventClock:
    """The event time that has passed at each source, gaps left out."""

    passed_ns: dict[str, int] = field(default_factory=dict)
    _minute: dict[str, int] = field(default_factory=dict)

    def advance(self, source: str, time_ns: int, period_ns: int) -> bool:
        """A tick of a source; whether it opens a new minute there."""
        minute = time_ns // MINUTE_NS
        step = minute - self._minute.setdefault(source, minute)
        if step <= 0:
            return False
        self._minute[source] = minute
        passed_ns = min(step * MINUTE_NS, max(GAP_NS, 2 * period_ns))
        self.passed_ns[source] = self.passed_ns.get(source, 0) + passed_ns
        return True


@dataclass(slots=True)
class EndClock:
    """The wall time for which each source has been read to its end."""

    passed_ns: dict[str, int] = field(default_factory=dict)
    _looked: dict[str, tuple[int, bool]] = field(default_factory=dict)  # when, and whether it was at its end

    def advance(self, source: str, now_ns: int, at_end: bool) -> bool:
        """Look at a source; whether it is time to look at its hosts."""
        before_ns, was_at_end = self._looked.get(source, (now_ns, False))
        if at_end and now_ns - before_ns < LOOK_EVERY_NS and source in self._looked:
            return False
        self._looked[source] = (now_ns, at_end)
        if at_end and was_at_end:
            passed_ns = min(now_ns - before_ns, 2 * LOOK_EVERY_NS)
            self.passed_ns[source] = self.passed_ns.get(source, 0) + passed_ns
        return at_end


@dataclass(slots=True)
class StaleWatch:
    """Since when, by a clock, hosts with open alerts have sent nothing."""

    _seen: dict[str, tuple[int, int]] = field(default_factory=dict)  # host → its newest tick, the clock then
    _restored: set[str] = field(default_factory=set)

    def restore(self, host: str) -> None:
        """A restart lost how long the host has been seen to send nothing: its own time must tell."""
        self._seen.pop(host, None)
        self._restored.add(host)

    def look(
        self, hosts: Iterable[Host], passed_ns: int, newest_ns: int = 0
    ) -> Iterator[tuple[Host, list[Alert]]]:
        """The hosts that have stopped at this reading of the clock, with the alerts that it changed.
        `newest_ns` is the event time of the hosts that go on."""
        for host in hosts:
            tick_ns = host.alerts.now_ns
            seen_ns, since_ns = self._seen.get(host.name, (-1, 0))
            if seen_ns != tick_ns:
                before_ns = max(0, newest_ns - tick_ns) if host.name in self._restored else 0
                since_ns = passed_ns - before_ns
                self._seen[host.name] = (tick_ns, since_ns)
                self._restored.discard(host.name)
            if changed := host.alerts.stale(tick_ns + passed_ns - since_ns):
                yield host, changed
