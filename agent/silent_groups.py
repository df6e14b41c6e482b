"""Hosts that fell silent together: one alert, of the first of them, tells of them all.

The alert is open as long as one of them is silent. Which of them are back is told by its text, at most once a
mark, so hosts that come back one after the other open and close nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent.alert import Alert
from agent.alert_track import MINUTE_NS
from agent.alerts import RETURN_NS
from agent.narrative import say_back, say_together
from agent.silence_alert import end_silence, open_silence, rename_silence
from agent.silence_sources import topic_of

STRAGGLER_NS = 5 * MINUTE_NS  # one after the other within this, or within a period, has one cause
GROUP_HOSTS = 3
GROUP_SHARE = 0.3  # of the source's hosts
GROUP_ANYWAY = 10  # so many hosts have one cause, however many others go on
DRIZZLE_NS = 15 * MINUTE_NS  # and these may be as far apart
KEEP_NS = 24 * 60 * MINUTE_NS  # an ended group is remembered for a day


@dataclass(slots=True)
class Silent:
    """A host that was found silent. Times in ns."""

    host: str
    onset_ns: int  # when its next summary was due
    period_ns: int
    rack: str


@dataclass(frozen=True, slots=True)
class Partitions:
    """Where hosts are looked for: a source, or a topic with all its partitions."""

    name: str
    speaking: int  # hosts that go on
    alone: Mapping[str, Alert]  # host → the alert of its own silence, open or ended


@dataclass(slots=True)
class SilentGroup:
    """Hosts of one topic that fell silent together. Times in ns."""

    source: str  # theirs; the topic, if they are of several of its partitions
    alert: Alert  # of the first of them
    back_ns: dict[str, int]  # each host ever in it → when it was back, 0 while silent
    newest_ns: int  # when the last of the latest wave fell silent
    racks: list[str] = field(default_factory=list)  # of its hosts; "" where it is not known
    whole_racks: list[str] = field(default_factory=list)  # the same, if none of their hosts goes on
    is_told: bool = False  # the alert's text is up to date

    @property
    def hosts(self) -> list[str]:
        return sorted(self.back_ns)

    @property
    def silent(self) -> list[str]:
        return sorted(host for host, back_ns in self.back_ns.items() if back_ns == 0)

    @property
    def place(self) -> str:
        """The rack that its hosts are, and else their source."""
        return self.whole_racks[0] if len(self.whole_racks) == 1 else self.source

    def is_reached_by(self, cluster: Sequence[Silent]) -> bool:
        """Whether hosts fell silent shortly before or after the last of these."""
        reach_ns = max(STRAGGLER_NS, *(one.period_ns for one in cluster))
        first_ns, last_ns = cluster[0].onset_ns, cluster[-1].onset_ns
        return first_ns - reach_ns <= self.newest_ns <= last_ns + reach_ns

    def is_home_of(self, one: Silent) -> bool:
        """Whether a host of it that fell silent again is in it again: within 30 min of its return. Its first
        host always is while the alert is open, for no host has two of a kind."""
        if one.host not in self.back_ns:
            return False
        back_ns = self.back_ns[one.host]
        if one.host == self.alert.host:
            if self.alert.is_open:
                return True
            back_ns = self.alert.ended_ns
        return one.onset_ns - back_ns <= RETURN_NS

    def take(self, cluster: Iterable[Silent]) -> None:
        """These hosts are silent, whether for the first time or again."""
        for one in cluster:
            self.back_ns[one.host] = 0
        self.is_told = False

    def release(self, host: str, time_ns: int) -> bool:
        """The host is back; whether it was the last."""
        self.back_ns[host] = time_ns
        self.is_told = False
        return all(self.back_ns.values())

    def tell(self, racks: Mapping[str, Sequence[str]]) -> None:
        """Bring the alert up to date; `racks` holds the known hosts of each rack."""
        rack_of = {host: rack for rack, hosts in racks.items() for host in hosts}
        self.racks = sorted({rack_of.get(host, "") for host in self.back_ns})
        self.whole_racks = self.racks if are_whole_racks(self.back_ns, racks) else []
        hosts, silent, alert = self.hosts, self.silent, self.alert
        text = say_together(hosts, self.source, self.whole_racks)
        alert.diagnosis = f"{text} {say_back(hosts, silent)}".rstrip()
        alert.rack = self.place if self.place != self.source else ""
        if silent:
            alert.state, alert.ended_ns, alert.data = "open", 0, "stale"
        else:
            end_silence(alert, max(self.back_ns.values()))
        self.is_told = True


def clusters(found: Iterable[Silent]) -> Iterator[list[Silent]]:
    """Hosts that fell silent one shortly after the other, in the order in which they did."""
    cluster: list[Silent] = []
    for one in sorted(found, key=lambda one: (one.onset_ns, one.host)):
        if cluster and one.onset_ns - cluster[-1].onset_ns > max(STRAGGLER_NS, one.period_ns):
            yield cluster
            cluster = []
        cluster.append(one)
    if cluster:
        yield cluster


def send_home(
    groups: Mapping[str, SilentGroup],
    found: Sequence[Silent],
    was_in: Mapping[str, str],  # host → the group that it was silent in last
    speaking: int,
    racks: Mapping[str, Sequence[str]],
) -> list[Silent]:
    """Put hosts that fell silent again where they were a short while ago; returns all others."""
    homes: dict[str, list[Silent]] = {}
    for one in found:
        group = groups.get(was_in[one.host])
        if group is not None and group.is_home_of(one):
            homes.setdefault(was_in[one.host], []).append(one)
    for key, again in homes.items():
        if have_one_cause([one.host for one in again], speaking, racks):  # a wave; others may follow it
            groups[key].newest_ns = max(one.onset_ns for one in again)
        groups[key].take(again)
    return [one for one in found if all(one not in again for again in homes.values())]


def gather(
    cluster: Sequence[Silent],
    groups: Sequence[SilentGroup],  # of the same topic
    where: Partitions,
    racks: Mapping[str, Sequence[str]],
    now_ns: int,
) -> SilentGroup | None:
    """The group that hosts which fell silent together are in, if they are: a present one or a new one."""
    many = have_one_cause([one.host for one in cluster], where.speaking, racks)
    reached = [group for group in groups if group.alert.is_open and group.is_reached_by(cluster)]
    for group in reached:
        if not (many and _is_elsewhere(group, cluster)):
            group.newest_ns = max(group.newest_ns, cluster[-1].onset_ns)
            group.source = _common(group.source, where.name)
            group.take(cluster)
            return group
    told = _told_before(cluster, where.alone, DRIZZLE_NS)
    if len(cluster) + len(told) < GROUP_ANYWAY:
        told = _told_before(cluster, where.alone, STRAGGLER_NS)
    hosts = [*(one.host for one in cluster), *(alert.host for alert in told)]
    return _begin(cluster, told, where, now_ns) if have_one_cause(hosts, where.speaking, racks) else None


def _begin(cluster: Sequence[Silent], told: Sequence[Alert], where: Partitions, now_ns: int) -> SilentGroup:
    """A group of hosts, and of those told of alone just before: where the first of all is one of these, its
    alert becomes the group's, since no host has two of a kind."""
    first = cluster[0]
    alert = min(told, key=lambda alert: (alert.onset_ns, alert.host), default=None)
    if alert is None or (first.onset_ns, first.host) < (alert.onset_ns, alert.host):
        alert = open_silence(
            where.alone.get(first.host), first.host, "collector_silent", first.onset_ns, now_ns
        )
    rename_silence(alert, "collector_silent")
    hosts = [*(alert.host for alert in told), *(one.host for one in cluster)]
    racks = sorted({one.rack for one in cluster})
    return SilentGroup(where.name, alert, dict.fromkeys(hosts, 0), cluster[-1].onset_ns, racks)


def _common(one: str, other: str) -> str:
    """A partition, or the topic of two."""
    return one if one == other else topic_of(one)


def _told_before(cluster: Sequence[Silent], own: Mapping[str, Alert], within_ns: int) -> list[Alert]:
    """Open alerts of single hosts that fell silent so shortly before or after the first of a cluster."""
    onset_ns = cluster[0].onset_ns
    return [alert for alert in own.values() if alert.is_open and abs(onset_ns - alert.onset_ns) <= within_ns]


def _is_elsewhere(group: SilentGroup, cluster: Sequence[Silent]) -> bool:
    """Whether hosts stand in other racks than the group's: then they have a collector of their own."""
    racks = {one.rack for one in cluster}
    return "" not in racks and "" not in group.racks and racks.isdisjoint(group.racks)


def have_one_cause(hosts: Sequence[str], speaking: int, racks: Mapping[str, Sequence[str]]) -> bool:
    """Whether hosts that fell silent together are too many for chance, while `speaking` others go on."""
    many = len(hosts)
    if many < GROUP_HOSTS:
        return False
    return many >= GROUP_ANYWAY or many >= GROUP_SHARE * (many + speaking) or are_whole_racks(hosts, racks)


def are_whole_racks(hosts: Iterable[str], racks: Mapping[str, Sequence[str]]) -> bool:
    """Whether these hosts are all that are known of their racks."""
    names = set(hosts)
    touched = [members for members in racks.values() if not names.isdisjoint(members)]
    return {host for members in touched for host in members} == names
