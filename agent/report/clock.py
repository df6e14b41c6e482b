"""The time that was really recorded: files years apart are sessions, and what lies between them is not time.

hosts ──RecordedTime.of──► sessions of each host and of the site: [(first, last)]
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.report.buckets import split_sessions
from agent.report.series import HostSeries
from agent.report.words import SECOND_NS

SESSION_GAP_NS = 30 * 60 * SECOND_NS  # a longer silence begins a new session, which is a view of its own


@dataclass(frozen=True, slots=True)
class RecordedTime:
    """Sessions in ns UTC, ascending and apart."""

    of_host: dict[str, list[tuple[int, int]]]
    of_site: list[tuple[int, int]]  # while any host sent

    @classmethod
    def of(cls, hosts: Sequence[HostSeries]) -> RecordedTime:
        """A slow host's session ends after 20 of its own periods."""
        of_host = {
            host.host: split_sessions(host.time_ns, max(SESSION_GAP_NS, 20 * host.period_ns))
            for host in hosts
        }
        of_site: list[tuple[int, int]] = []
        for first_ns, last_ns in sorted(session for sessions in of_host.values() for session in sessions):
            if of_site and first_ns - of_site[-1][1] <= SESSION_GAP_NS:
                of_site[-1] = (of_site[-1][0], max(of_site[-1][1], last_ns))
            else:
                of_site.append((first_ns, last_ns))
        return cls(of_host, of_site)

    @property
    def covered_ns(self) -> int:
        """The sum of the site's sessions."""
        return sum(last_ns - first_ns for first_ns, last_ns in self.of_site)

    def session_end_ns(self, host: str, time_ns: int) -> int:
        """The end of the host's session that `time_ns` lies in; of a host silent by then, of the site's."""
        for sessions in (self.of_host.get(host, []), self.of_site):
            for first_ns, last_ns in sessions:
                if first_ns <= time_ns < last_ns:
                    return last_ns
        return time_ns

    def latest_ns(self, hosts: Iterable[str], time_ns: int) -> int:
        """The last point of any of `hosts`; of hosts silent since `time_ns`, the end of its session."""
        lasts = [self.of_host[host][-1][1] for host in hosts if self.of_host.get(host)]
        latest_ns = max(lasts, default=time_ns)
        return latest_ns if latest_ns > time_ns else self.session_end_ns("", time_ns)
