"""Who has gone silent: judged by the marks of a source alone, never by the time that passed.

    HostSummary ─► hear: when each host was heard last ─┐
    SourceMark  ─► mark: what its source did since ─────┴─► silence of a host, of many together, of the source

A mark counts against a host only where its source sent something and was read to its end. Whoever is found
silent waits one mark more, so that hosts which fall silent together are told as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.alert import Alert
from agent.alerts import MINUTE_NS, RETURN_NS
from agent.report.words import say_span
from agent.silence_alert import end_silence, open_silence
from agent.silent_groups import KEEP_NS, Silent, SilentGroup, clusters, gather, send_home
from agent.site_events import HostSummary, SourceMark

SILENT_MARKS = 3
SILENT_NS = 3 * MINUTE_NS
SILENT_PERIODS = 5
STILL_MARKS = 5  # without a message: the source stands still
GAP_NS = 3 * MINUTE_NS  # longer between two marks: nobody was watching
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
    alert: Alert | None = None  # of its own silence
    group: str = ""  # the last one that it was silent in

    @property
    def onset_ns(self) -> int:
        """When its next summary was due."""
        return self.time_ns + max(MINUTE_NS, self.period_ns)

    @property
    def is_alone_silent(self) -> bool:
        return self.alert is not None and self.alert.is_open


@dataclass(slots=True)
class SourceSeen:
    """What a source did, and the hosts that were heard from it last. Times in ns."""

    hosts: dict[str, HostSeen] = field(default_factory=dict)
    mark_ns: int = 0
    run_ns: int = 0  # since when it has been watched without a break
    still_marks: int = 0
    still_ns: int = 0  # the first of them
    spoke_ns: int = 0  # the shortest period of the hosts heard since the last mark
    alert: Alert | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an event led to: alerts of single hosts and sources, and groups, that changed."""

    alerts: tuple[Alert, ...] = ()
    groups: tuple[SilentGroup, ...] = ()


@dataclass(slots=True)
class Silence:
    """All hosts and sources; a part of the site's state record."""

    sources: dict[str, SourceSeen] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)  # host → the source that it was heard from last
    groups: dict[str, SilentGroup] = field(default_factory=dict)  # by the id of their alert

    def hear(self, summary: HostSummary) -> Verdict:
        """A host reported; its own silence, or that of the last of its group, may be over."""
        source = self.sources.setdefault(summary.source, SourceSeen())
        seen = self._move_home(summary, source)
        if seen.summaries and summary.time_ns == seen.time_ns:
            return Verdict()  # the same again
        seen.time_ns, seen.base_ns = summary.time_ns, max(summary.time_ns, source.mark_ns)
        seen.period_ns, seen.rack = summary.period_ns, summary.rack
        seen.summaries += 1
        seen.marks, seen.is_pending = 0, False
        source.spoke_ns = min(source.spoke_ns or summary.period_ns, summary.period_ns)
        if not seen.is_alone_silent and not self._is_group_silent(summary.host, seen):
            return Verdict()
        seen.back += 1
        return self._release(summary, seen) if seen.back >= BACK_SUMMARIES else Verdict()

    def _release(self, summary: HostSummary, seen: HostSeen) -> Verdict:
        alerts, groups = [], []
        if seen.alert is not None and seen.alert.is_open:
            end_silence(seen.alert, summary.time_ns)
            alerts.append(seen.alert.copy())
        if self._is_group_silent(summary.host, seen):
            group = self.groups[seen.group]
            if group.release(summary.host, summary.time_ns):
                group.tell(self._racks(summary.time_ns))
                groups.append(group)
        return Verdict(tuple(alerts), tuple(groups))

    def _is_group_silent(self, host: str, seen: HostSeen) -> bool:
        return seen.group in self.groups and self.groups[seen.group].back_ns.get(host) == 0

    def _move_home(self, summary: HostSummary, source: SourceSeen) -> HostSeen:
        """The host among those of its source; it brings along its silence from where it was before."""
        seen = source.hosts.get(summary.host)
        if seen is None:
            home = self.sources.get(self.homes.get(summary.host, ""), SourceSeen())
            old = home.hosts.pop(summary.host, None)
            seen = HostSeen(0, 0, summary.period_ns, summary.rack)
            if old is not None:
                seen.alert, seen.group, seen.back = old.alert, old.group, old.back
            source.hosts[summary.host] = seen
            self.homes[summary.host] = summary.source
        return seen

    def mark(self, mark: SourceMark) -> Verdict:
        """A minute of a source is over."""
        source = self.sources.setdefault(mark.source, SourceSeen())
        if mark.time_ns == source.mark_ns:
            return Verdict()  # the same again
        if source.mark_ns == 0:
            source.run_ns = mark.time_ns
        # Where only slow hosts go on, a recording's marks are as far apart as their readings.
        gap_ns = max(GAP_NS, 2 * source.spoke_ns)
        is_unwatched = source.mark_ns > 0 and mark.time_ns - source.mark_ns > gap_ns
        source.mark_ns, source.spoke_ns = mark.time_ns, 0
        is_good = not is_unwatched and mark.at_end and mark.messages > 0
        if not is_good:
            source.run_ns = mark.time_ns
            for seen in source.hosts.values():
                seen.marks, seen.is_pending = 0, False
        alerts = _judge_stream(source, mark)
        if is_good:
            alerts += self._judge_hosts(source, mark)
        return Verdict(tuple(alerts), tuple(self._tell_groups(mark)))

    def alerts(self) -> Sequence[Alert]:
        """Every silence alert that is known, open or ended."""
        seen_hosts = [seen for source in self.sources.values() for seen in source.hosts.values()]
        known: list[HostSeen | SourceSeen | SilentGroup] = [
            *seen_hosts,
            *self.sources.values(),
            *self.groups.values(),
        ]
        return [one.alert for one in known if one.alert is not None]

    # -- one host or many ------------------------------------------------------------------------------------

    def _judge_hosts(self, source: SourceSeen, mark: SourceMark) -> list[Alert]:
        """Put whoever is found silent into a group, or tell of it alone at the second mark."""
        found, speaking = self._find(source, mark)
        if not found:
            return []
        racks = self._racks(mark.time_ns)
        was_in = {one.host: source.hosts[one.host].group for one in found}
        own = {
            name: seen.alert
            for name, seen in source.hosts.items()
            if seen.alert is not None and not self._is_group_silent(name, seen)
        }
        told = []
        for cluster in clusters(send_home(self.groups, found, was_in, speaking, racks)):
            near = [group for group in self.groups.values() if group.source == mark.source]
            group = gather(cluster, near, own, speaking, racks, mark)
            if group is not None:
                self._join(group, source)
                continue
            for one in cluster:
                seen = source.hosts[one.host]
                if seen.is_pending:
                    told.append(_silence_host(one, seen, mark))
                seen.is_pending = not seen.is_pending
        return told

    def _join(self, group: SilentGroup, source: SourceSeen) -> None:
        """Its hosts are in it, and their own silence is the group's where its alert was theirs."""
        self.groups[group.alert.id] = group
        for host in group.silent:
            seen = source.hosts.get(host)
            if seen is not None and seen.group != group.alert.id:
                seen.group, seen.is_pending = group.alert.id, False
                if seen.alert is not None and seen.alert.id == group.alert.id:
                    seen.alert = None

    def _tell_groups(self, mark: SourceMark) -> list[SilentGroup]:
        """The groups of this source whose hosts changed; those that ended a day ago are forgotten."""
        since_ns = mark.time_ns - KEEP_NS
        self.groups = {k: g for k, g in self.groups.items() if g.alert.is_open or g.alert.ended_ns > since_ns}
        changed = [g for g in self.groups.values() if g.source == mark.source and not g.is_told]
        for group in changed:
            group.tell(self._racks(mark.time_ns))
        return changed

    def _racks(self, now_ns: int) -> dict[str, list[str]]:
        """The hosts of each rack, but for those that were gone long ago."""
        racks: dict[str, list[str]] = {}
        for source in self.sources.values():
            for name, seen in source.hosts.items():
                is_gone = seen.is_alone_silent and now_ns - seen.onset_ns > RETURN_NS
                if seen.rack and (not is_gone or self._is_group_silent(name, seen)):
                    racks.setdefault(seen.rack, []).append(name)
        return racks

    def _find(self, source: SourceSeen, mark: SourceMark) -> tuple[list[Silent], int]:
        """Hosts that are newly silent, and how many go on."""
        found, speaking = [], 0
        for name, seen in source.hosts.items():
            seen.marks += 1
            if seen.is_alone_silent or self._is_group_silent(name, seen):
                continue
            elapsed_ns = mark.time_ns - max(seen.base_ns, source.run_ns)
            allowed_ns = max(SILENT_NS, SILENT_PERIODS * seen.period_ns)
            if seen.marks < SILENT_MARKS or elapsed_ns < allowed_ns:
                speaking += 1
            elif seen.summaries >= KNOWN_SUMMARIES:
                seen.back = 0
                found.append(Silent(name, seen.onset_ns, seen.period_ns, seen.rack))
        return found, speaking


def _silence_host(one: Silent, seen: HostSeen, mark: SourceMark) -> Alert:
    span = say_span(mark.time_ns - seen.base_ns)
    diagnosis = (
        f"{one.host} has sent nothing for {span} while {mark.source} goes on: the host, its BMC or its "
        "network is down."
    )
    seen.alert = open_silence(
        seen.alert, one.host, "host_silent", one.onset_ns, mark.time_ns, diagnosis, one.rack
    )
    return seen.alert.copy()


def _judge_stream(source: SourceSeen, mark: SourceMark) -> list[Alert]:
    """A source that stands still is told once; a mark that was not read to its end says nothing.

    One that never had a host is an empty partition, and hosts of 10 min let theirs stand still by right.
    """
    if mark.messages > 0:
        source.still_marks = 0
        if source.alert is None or not source.alert.is_open:
            return []
        end_silence(source.alert, mark.time_ns)
        return [source.alert.copy()]
    if not mark.at_end:
        return []
    if source.still_marks == 0:
        source.still_ns = mark.time_ns
    source.still_marks += 1
    is_told = source.alert is not None and source.alert.is_open
    period_ns = min((seen.period_ns for seen in source.hosts.values()), default=0)
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
    source.alert = open_silence(
        source.alert, mark.source, "stream_silent", source.still_ns, mark.time_ns, diagnosis
    )
    return [source.alert.copy()]
