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
from agent.alert_track import MINUTE_NS
from agent.alerts import RETURN_NS
from agent.maintenance import NO_MAINTENANCE, Maintenance
from agent.mute import settle_state
from agent.report.words import say_span
from agent.silence_alert import end_silence, open_silence
from agent.silence_sources import SILENT_PERIODS, HostSeen, SourceSeen, judge_stream, topic_of
from agent.silent_groups import KEEP_NS, Partitions, Silent, SilentGroup, clusters, gather, send_home
from agent.site_events import HostSummary, SourceMark
from agent.site_mutes import SiteMutes

SILENT_MARKS = 3
SILENT_NS = 3 * MINUTE_NS
GAP_NS = 3 * MINUTE_NS  # longer between two marks: nobody was watching
KNOWN_SUMMARIES = 2  # a host that reported in one minute only was never a regular one
BACK_SUMMARIES = 2  # one alone may have been under way when the host went silent


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
    mutes: SiteMutes = field(default_factory=SiteMutes)

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

    def mark(self, mark: SourceMark, maintenance: Maintenance = NO_MAINTENANCE) -> Verdict:
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
        alerts = judge_stream(source, mark)
        for host in self.mutes.end(mark.time_ns):
            alerts += self.settle(host, mark.time_ns, maintenance)
        if maintenance.windows:
            for host, seen in source.hosts.items():
                if seen.is_alone_silent:
                    alerts += self.settle(host, mark.time_ns, maintenance)
        if is_good:
            alerts += self._judge_hosts(source, mark, maintenance)
        return Verdict(tuple(alerts), tuple(self._tell_groups(mark)))

    def settle(self, host: str, time_ns: int, maintenance: Maintenance) -> list[Alert]:
        """Suppress the open alert of a host's own silence, or tell it again, as mutes and planned maintenance
        have it at a time; a copy where that changed it."""
        seen = self.sources.get(self.homes.get(host, ""), SourceSeen()).hosts.get(host)
        if seen is None or seen.alert is None:
            return []
        before = seen.alert.state
        muted = self.mutes.cover(host, time_ns) or maintenance.cover(host, seen.rack, time_ns)
        settle_state(seen.alert, muted, is_calm=False)
        return [seen.alert.copy()] if seen.alert.state != before else []

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

    def _judge_hosts(self, source: SourceSeen, mark: SourceMark, maintenance: Maintenance) -> list[Alert]:
        """Put whoever is found silent into a group, or tell of it alone at the second mark.

        The hosts of a collector may be spread over a topic's partitions: those that its other partitions have
        just found count with them.
        """
        found, speaking = self._find(source, mark, maintenance)
        if not found:
            return []
        racks = self._racks(mark.time_ns)
        was_in = {one.host: source.hosts[one.host].group for one in found}
        others, others_speaking = self._find_in_other_partitions(mark)
        here = Partitions(mark.source, speaking, self._told_alone(mark.source))
        topic = topic_of(mark.source)
        everywhere = Partitions(topic, speaking + others_speaking, self._told_alone(topic))
        near = [group for group in self.groups.values() if topic_of(group.source) == topic]
        told = []
        for cluster in clusters([*send_home(self.groups, found, was_in, speaking, racks), *others]):
            own = [one for one in cluster if one.host in source.hosts]
            group = gather(own, near, here, racks, mark.time_ns) if own else None
            if own and group is None and len(own) < len(cluster):
                group = gather(cluster, near, everywhere, racks, mark.time_ns)
            if group is not None:
                self._join(group)
                continue
            for one in own:
                seen = source.hosts[one.host]
                if seen.is_pending:
                    told.append(_silence_host(one, seen, mark))
                seen.is_pending = not seen.is_pending
        return told

    def _find_in_other_partitions(self, mark: SourceMark) -> tuple[list[Silent], int]:
        """Hosts that the topic's other partitions have just found silent, and how many go on there."""
        found, speaking = [], 0
        for name, source in self.sources.items():
            is_other = name != mark.source and topic_of(name) == topic_of(mark.source)
            if not is_other or mark.time_ns - source.mark_ns > GAP_NS:
                continue
            for host, seen in source.hosts.items():
                if seen.is_pending:
                    found.append(Silent(host, seen.onset_ns, seen.period_ns, seen.rack))
                elif not seen.is_alone_silent and not self._is_group_silent(host, seen):
                    speaking += 1
        return found, speaking

    def _told_alone(self, where: str) -> dict[str, Alert]:
        """The alerts of single hosts of a source or a topic, open or ended."""
        return {
            host: seen.alert
            for name, source in self.sources.items()
            if where in (name, topic_of(name))
            for host, seen in source.hosts.items()
            if seen.alert is not None and not self._is_group_silent(host, seen)
        }

    def _join(self, group: SilentGroup) -> None:
        """Its hosts are in it, and their own silence is the group's where its alert was theirs."""
        self.groups[group.alert.id] = group
        for host in group.silent:
            seen = self.sources[self.homes[host]].hosts[host]
            if seen.group != group.alert.id:
                seen.group, seen.is_pending = group.alert.id, False
                if seen.alert is not None and seen.alert.id == group.alert.id:
                    seen.alert = None

    def _tell_groups(self, mark: SourceMark) -> list[SilentGroup]:
        """The groups of this topic whose hosts changed; those that ended a day ago are forgotten."""
        since_ns = mark.time_ns - KEEP_NS
        self.groups = {k: g for k, g in self.groups.items() if g.alert.is_open or g.alert.ended_ns > since_ns}
        topic = topic_of(mark.source)
        changed = [g for g in self.groups.values() if topic_of(g.source) == topic and not g.is_told]
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

    def _find(
        self, source: SourceSeen, mark: SourceMark, maintenance: Maintenance
    ) -> tuple[list[Silent], int]:
        """Hosts that are newly silent, and how many go on."""
        found, speaking = [], 0
        for name, seen in source.hosts.items():
            seen.marks += 1
            if seen.is_alone_silent or self._is_group_silent(name, seen):
                continue
            if self.mutes.cover(name, mark.time_ns) or maintenance.cover(name, seen.rack, mark.time_ns):
                seen.is_pending = False
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
