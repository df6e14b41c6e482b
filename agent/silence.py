"""Who has gone silent: judged by the marks of a source alone, never by the time that passed.

    HostSummary ─► hear: when each host was heard last ─┐
    SourceMark  ─► mark: what its source did since ─────┴─► silence alerts, of hosts or of a whole source

A mark counts against a host only where its source sent something and was read to its end. Whoever is found
silent waits one mark more, so that hosts which fall silent together are told as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.alerts import MINUTE_NS, RETURN_NS, Alert, alert_id
from agent.faults import FAULTS
from agent.report.words import say_span
from agent.site_events import HostSummary, SourceMark

SILENT_MARKS = 3
SILENT_NS = 3 * MINUTE_NS
SILENT_PERIODS = 5
STILL_MARKS = 5  # without a message: the source stands still
GAP_NS = 3 * MINUTE_NS  # longer between two marks: nobody was watching
COLLECTOR_HOSTS = 3
COLLECTOR_SHARE = 0.3  # of the source's hosts


@dataclass(slots=True)
class HostSeen:
    """When a host was heard last. Times in ns."""

    source: str
    time_ns: int  # of its last summary
    base_ns: int  # the same by the source's marks, should the host's clock be behind
    period_ns: int
    rack: str
    marks: int = 0  # good ones in a row since then
    is_pending: bool = False  # found silent at the mark before
    alert: Alert | None = None


@dataclass(slots=True)
class SourceSeen:
    """What a source did. Times in ns."""

    mark_ns: int = 0
    run_ns: int = 0  # since when it has been watched without a break
    still_marks: int = 0
    still_ns: int = 0  # the first of them
    alert: Alert | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a mark led to: alerts that changed, and whether those that opened have one cause."""

    alerts: tuple[Alert, ...] = ()
    is_collector: bool = False


@dataclass(slots=True)
class Silence:
    """All hosts and sources; a part of the site's state record."""

    hosts: dict[str, HostSeen] = field(default_factory=dict)
    sources: dict[str, SourceSeen] = field(default_factory=dict)

    def hear(self, summary: HostSummary) -> list[Alert]:
        """A host reported; its silence alert, if that ended."""
        mark_ns = self.sources[summary.source].mark_ns if summary.source in self.sources else 0
        old = self.hosts.get(summary.host)
        alert = old.alert if old is not None else None
        self.hosts[summary.host] = HostSeen(
            source=summary.source,
            time_ns=summary.time_ns,
            base_ns=max(summary.time_ns, mark_ns),
            period_ns=summary.period_ns,
            rack=summary.rack,
            alert=alert,
        )
        if alert is None or not alert.is_open:
            return []
        _end(alert, summary.time_ns)
        return [alert.copy()]

    def mark(self, mark: SourceMark) -> Verdict:
        """A minute of a source is over."""
        source = self.sources.setdefault(mark.source, SourceSeen(run_ns=mark.time_ns))
        mine = {name: seen for name, seen in sorted(self.hosts.items()) if seen.source == mark.source}
        gap_ns = max(GAP_NS, 2 * min((seen.period_ns for seen in mine.values()), default=0))
        is_unwatched = source.mark_ns > 0 and mark.time_ns - source.mark_ns > gap_ns
        source.mark_ns = mark.time_ns
        if is_unwatched or not mark.at_end or mark.messages == 0:
            source.run_ns = mark.time_ns
            for seen in mine.values():
                seen.marks, seen.is_pending = 0, False
        stream = _judge_stream(source, mark)
        if is_unwatched or not mark.at_end or mark.messages == 0:
            return Verdict(tuple(stream))
        verdict = self._judge_hosts(source, mark, mine)
        return Verdict((*stream, *verdict.alerts), verdict.is_collector)

    def _judge_hosts(self, source: SourceSeen, mark: SourceMark, mine: dict[str, HostSeen]) -> Verdict:
        found, speaking = [], 0
        for name, seen in mine.items():
            seen.marks += 1
            if seen.alert is not None and seen.alert.is_open:
                continue
            elapsed_ns = mark.time_ns - max(seen.base_ns, source.run_ns)
            allowed_ns = max(SILENT_NS, SILENT_PERIODS * seen.period_ns)
            if seen.marks >= SILENT_MARKS and elapsed_ns >= allowed_ns:
                found.append(name)
            else:
                speaking += 1
        is_collector = len(found) >= COLLECTOR_HOSTS and len(found) >= COLLECTOR_SHARE * (
            len(found) + speaking
        )
        raised = found if is_collector else [name for name in found if mine[name].is_pending]
        for name in found:
            mine[name].is_pending = name not in raised
        return Verdict(tuple(_silence_host(name, mine[name], mark) for name in raised), is_collector)

    def alerts(self) -> Sequence[Alert]:
        """Every silence alert that is known, open or ended."""
        known: list[HostSeen | SourceSeen] = [*self.hosts.values(), *self.sources.values()]
        return [seen.alert for seen in known if seen.alert is not None]


def _silence_host(name: str, seen: HostSeen, mark: SourceMark) -> Alert:
    onset_ns = seen.time_ns + seen.period_ns  # when its next tick was due
    diagnosis = (
        f"{name} has sent nothing for {say_span(mark.time_ns - seen.base_ns)} while {mark.source} goes on: "
        "the host, its BMC or its network is down."
    )
    seen.alert = _open(seen.alert, name, "host_silent", onset_ns, mark.time_ns, diagnosis, seen.rack)
    return seen.alert.copy()


def _judge_stream(source: SourceSeen, mark: SourceMark) -> list[Alert]:
    """A source that stands still is told once; a mark that was not read to its end says nothing."""
    if mark.messages > 0:
        source.still_marks = 0
        if source.alert is None or not source.alert.is_open:
            return []
        _end(source.alert, mark.time_ns)
        return [source.alert.copy()]
    if not mark.at_end:
        return []
    if source.still_marks == 0:
        source.still_ns = mark.time_ns
    source.still_marks += 1
    if source.still_marks != STILL_MARKS or (source.alert is not None and source.alert.is_open):
        return []
    diagnosis = (
        f"{mark.source} has had no message for {STILL_MARKS} min: its producers or the broker stand still."
    )
    source.alert = _open(
        source.alert, mark.source, "stream_silent", source.still_ns, mark.time_ns, diagnosis, ""
    )
    return [source.alert.copy()]


def _open(
    old: Alert | None, host: str, fault: str, onset_ns: int, raised_ns: int, diagnosis: str, rack: str
) -> Alert:
    """A new silence alert, or the old one again where it ended less than 30 min ago."""
    if old is not None and onset_ns - old.ended_ns <= RETURN_NS:
        old.state, old.ended_ns, old.data, old.diagnosis = "open", 0, "stale", diagnosis
        return old
    return Alert(
        host=host,
        kind="silence",
        id=alert_id(host, "silence", onset_ns),
        state="open",
        fault=fault,
        also=[],
        severity=FAULTS[fault].severity,
        score=-1.0,
        confidence=0.9,
        diagnosis=diagnosis,
        evidence=[],
        actions=[*FAULTS[fault].actions],
        onset_ns=onset_ns,
        raised_ns=raised_ns,
        data="stale",
        rack=rack,
    )


def _end(alert: Alert, time_ns: int) -> None:
    alert.state, alert.data = "resolved", "live"
    alert.ended_ns = max(time_ns, alert.onset_ns)
