"""Finds open alerts of hosts whose data has stopped: by the other hosts' event time in a recording, in the
daemon by the time for which the log has been read to its end. A backlog moves neither clock.

event minutes of a recording ─► EventClock ─┐
wall time at a log's end ─────► EndClock ───┴─► StaleWatch ─► HostAlerts.stale
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
    """The event time that has passed in a recording, gaps left out."""

    passed_ns: int = 0
    _minute: int = -1

    def advance(self, time_ns: int, period_ns: int) -> bool:
        """A tick of any host; whether it opens a new minute."""
        minute = time_ns // MINUTE_NS
        step = minute - self._minute if self._minute >= 0 else 0
        if step <= 0 <= self._minute:
            return False
        self._minute = minute
        self.passed_ns += min(step * MINUTE_NS, max(GAP_NS, 2 * period_ns))
        return step > 0


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

    def look(self, hosts: Iterable[Host], passed_ns: int) -> Iterator[tuple[Host, list[Alert]]]:
        """The hosts that have stopped at this reading of the clock, with the alerts that it changed."""
        for host in hosts:
            tick_ns = host.alerts.now_ns
            seen_ns, since_ns = self._seen.get(host.name, (-1, 0))
            if seen_ns != tick_ns:
                self._seen[host.name] = (tick_ns, passed_ns)
            elif changed := host.alerts.stale(tick_ns + passed_ns - since_ns):
                yield host, changed
