"""Who has gone silent: judged by the marks of a source alone, never by the time that passed.

    HostSummary ─► hear: when each host was heard last ─┐
    SourceMark  ─► mark: what its source did since ─────┴─► silence alerts, of hosts or of a whole source

A mark counts against a host only where its source sent something and was read to its end. Whoever is found
silent waits one mark more, so that hosts which fall silent together are told as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.alert import Alert, alert_id
from agent.alerts import MINUTE_NS, RETURN_NS
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
COLLECTOR_ANYWAY = 10  # so many hosts have one cause, however many others go on
KNOWN_SUMMARIES = 2  # a host that reported in one minute only was never a regular one
BACK_SUMMARIES = 2  # one alone may have been under way when the host went silent


@dataclass(slots=True)
class HostSeen:
    """When a host was heard last. Times in ns."""

    time_ns: int  # of its last summary
    base_ns: int  # the same by the source's marks, should the host's clock be behind
    period_ns: int
    rack: str
    summaries: int = 0  # from this source
    back: int = 0  # summaries since it was found silent
    marks: int = 0  # good ones in a row since then
    is_pending: bool = False  # found silent at the mark before
    alert: Alert | None = None


@dataclass(slots=True)
class SourceSeen:
    """What a source did, and the hosts that were heard from it last. Times in ns."""

    hosts: dict[str, HostSeen] = field(default_factory=dict)
    mark_ns: int = 0
    run_ns: int = 0  # since when it has been watched without a break
    still_marks: int = 0
    still_ns: int = 0  # the first of them
    collector_ns: int = 0  # the last mark at which its hosts fell silent together
    alert: Alert | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a mark led to: alerts that changed, and whether those that opened have one cause."""

    alerts: tuple[Alert, ...] = ()
    is_collector: bool = False


@dataclass(slots=True)
class Silence:
    """All hosts and sources; a part of the site's state record."""

    sources: dict[str, SourceSeen] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)  # host → the source that it was heard from last

    def hear(self, summary: HostSummary) -> list[Alert]:
        """A host reported; its silence alert, if that ended."""
        source = self.sources.setdefault(summary.source, SourceSeen())
        seen = self._move_home(summary, source)
        seen.time_ns, seen.base_ns = summary.time_ns, max(summary.time_ns, source.mark_ns)
        seen.period_ns, seen.rack = summary.period_ns, summary.rack
        seen.summaries += 1
        seen.marks, seen.is_pending = 0, False
        if seen.alert is None or not seen.alert.is_open:
            return []
        seen.back += 1
        if seen.back < BACK_SUMMARIES:
            return []
        _end(seen.alert, summary.time_ns)
        return [seen.alert.copy()]

    def _move_home(self, summary: HostSummary, source: SourceSeen) -> HostSeen:
        """The host among those of its source; it brings along its alert from where it was before."""
        seen = source.hosts.get(summary.host)
        if seen is None:
            old = self.sources.get(self.homes.get(summary.host, ""), SourceSeen()).hosts.pop(
                summary.host, None
            )
            alert = old.alert if old is not None else None
            seen = source.hosts[summary.host] = HostSeen(0, 0, summary.period_ns, summary.rack, alert=alert)
            self.homes[summary.host] = summary.source
        return seen

    def mark(self, mark: SourceMark) -> Verdict:
        """A minute of a source is over."""
        source = self.sources.setdefault(mark.source, SourceSeen())
        if source.mark_ns == 0:
            source.run_ns = mark.time_ns
        period_ns = min((seen.period_ns for seen in source.hosts.values()), default=0)
        gap_ns = max(GAP_NS, 2 * period_ns)
        is_unwatched = source.mark_ns > 0 and mark.time_ns - source.mark_ns > gap_ns
        source.mark_ns = mark.time_ns
        if is_unwatched or not mark.at_end or mark.messages == 0:
            source.run_ns = mark.time_ns
            for seen in source.hosts.values():
                seen.marks, seen.is_pending = 0, False
        stream = _judge_stream(source, mark, period_ns)
        if is_unwatched or not mark.at_end or mark.messages == 0:
            return Verdict(tuple(stream))
        verdict = _judge_hosts(source, mark)
        return Verdict((*stream, *verdict.alerts), verdict.is_collector)

    def alerts(self) -> Sequence[Alert]:
        """Every silence alert that is known, open or ended."""
        seen_hosts = [seen for source in self.sources.values() for seen in source.hosts.values()]
        known: list[HostSeen | SourceSeen] = [*seen_hosts, *self.sources.values()]
        return [seen.alert for seen in known if seen.alert is not None]


def _judge_hosts(source: SourceSeen, mark: SourceMark) -> Verdict:
    found, speaking = [], 0
    for name, seen in source.hosts.items():
        seen.marks += 1
        if seen.alert is not None and seen.alert.is_open:
            continue
        elapsed_ns = mark.time_ns - max(seen.base_ns, source.run_ns)
        allowed_ns = max(SILENT_NS, SILENT_PERIODS * seen.period_ns)
        if seen.marks >= SILENT_MARKS and elapsed_ns >= allowed_ns:
            if seen.summaries >= KNOWN_SUMMARIES:
                found.append(name)
        else:
            speaking += 1
    found.sort()
    is_collector = len(found) >= COLLECTOR_ANYWAY or (
        len(found) >= COLLECTOR_HOSTS and len(found) >= COLLECTOR_SHARE * (len(found) + speaking)
    )
    if found and source.collector_ns and mark.time_ns - source.collector_ns <= GAP_NS:
        is_collector = True  # the last of them
    if is_collector:
        source.collector_ns = mark.time_ns
    raised = found if is_collector else [name for name in found if source.hosts[name].is_pending]
    for name in found:
        source.hosts[name].is_pending = name not in raised
    return Verdict(tuple(_silence_host(name, source.hosts[name], mark) for name in raised), is_collector)


def _silence_host(name: str, seen: HostSeen, mark: SourceMark) -> Alert:
    onset_ns = seen.time_ns + max(MINUTE_NS, seen.period_ns)  # when its next summary was due
    diagnosis = (
        f"{name} has sent nothing for {say_span(mark.time_ns - seen.base_ns)} while {mark.source} goes on: "
        "the host, its BMC or its network is down."
    )
    seen.back = 0
    seen.alert = _open(seen.alert, name, "host_silent", onset_ns, mark.time_ns, diagnosis, seen.rack)
    return seen.alert.copy()


def _judge_stream(source: SourceSeen, mark: SourceMark, period_ns: int) -> list[Alert]:
    """A source that stands still is told once; a mark that was not read to its end says nothing.

    One that never had a host is an empty partition, and hosts of 10 min let theirs stand still by right.
    """
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
    is_told = source.alert is not None and source.alert.is_open
    still_ns = mark.time_ns - source.still_ns
    if (
        is_told
        or not source.hosts
        or source.still_marks < STILL_MARKS
        or still_ns < SILENT_PERIODS * period_ns
    ):
        return []
    diagnosis = (
        f"{mark.source} has had no message for {source.still_marks} min: its producers or the broker stand "
        "still."
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
