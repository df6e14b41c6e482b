"""The whole way of the data, on one screen and without I/O.

    messages ─decode─► readings ─intake─► closed ticks ─believe─► credible ticks ─score─► scored ticks
             ─diagnose─► findings ─alerts─► points for the sink, events for the site

A pipeline is a deterministic function of each host's log: the same messages in other poll sizes, or after a
restart from restored hosts, give the same points.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from agent.accounting import Counts
from agent.alert_window import Pasts, newly_raised
from agent.alerts import Alert, HostAlerts
from agent.classifier.naming import packaged_naming
from agent.classifier.opinion import SecondOpinion
from agent.clock_offset import Skewed
from agent.controls import Controls
from agent.diagnosis import diagnose
from agent.host import Host
from agent.intake import Intake
from agent.maintenance import NO_MAINTENANCE, Maintenance
from agent.mute import Mute
from agent.points import Point
from agent.rules.clock import skew_finding
from agent.rules.layout import layout_of
from agent.rules.load import with_load
from agent.scored import ScoredTick
from agent.scoring import Scorer
from agent.sensors import SECOND_NS
from agent.site_events import AlertChanged, HostSummary, SiteEvent, SourceMark
from agent.stale import EventClock, StaleWatch
from agent.telemetry.binding import MAX_HOSTS
from agent.telemetry.decoder import Decoder
from agent.telemetry.mappings import FieldMapping
from agent.telemetry.readings import Message
from agent.tick_points import reading_point, score_point
from agent.ticks import ClosedTick, HostClock, TickStream
from agent.time_to_limit import renew_limits
from agent.told_place import Told
from agent.topology import Topology

MINUTE_NS = 60 * SECOND_NS
INLET = "inlet_temp_c"


@dataclass(slots=True)
class Output:
    """What one batch led to. Nothing of it is done yet: points are to be written, messages to be sent."""

    points: list[Point] = field(default_factory=list)
    events: list[SiteEvent] = field(default_factory=list)
    dead_letters: list[tuple[Message, str]] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    touched: tuple[str, ...] = ()  # hosts whose state may have changed

    def add(self, other: Output) -> None:
        """What another batch led to comes after this."""
        self.points.extend(other.points)
        self.events.extend(other.events)
        self.dead_letters.extend(other.dead_letters)
        self.counts.add(other.counts)

    def tell(self, alerts: Sequence[Alert]) -> None:
        """Alerts that changed."""
        self.points.extend(alert.to_point() for alert in alerts)
        self.events.extend(AlertChanged(alert) for alert in alerts)


class Pipeline:
    """From messages to points. Holds the hosts; everything else it needs is given."""

    def __init__(
        self,
        scorer: Scorer,
        topology: Topology | None = None,
        lateness_s: float = 0.0,
        periods_s: Mapping[str, Mapping[str, float]] | None = None,
        mark_event_minutes: bool = False,
        mappings: Sequence[FieldMapping] = (),
        max_hosts: int = MAX_HOSTS,
        maintenance: Maintenance = NO_MAINTENANCE,
        opinion: SecondOpinion | None = None,
    ) -> None:
        self.hosts: dict[str, Host] = {}
        self.homes: dict[str, str] = {}  # where hosts live that other instances hold: host → source
        self.scorer = scorer
        self.topology = topology or Topology()
        self.controls = Controls()
        self.maintenance = maintenance
        self.opinion = opinion or packaged_naming()
        self._lateness_ns = int(lateness_s * SECOND_NS)
        self._periods_ns = {
            host: {sensor: int(s * SECOND_NS) for sensor, s in sensors.items()}
            for host, sensors in (periods_s or {}).items()
        }
        self._decoder = Decoder(mappings, max_hosts)
        self._intake = Intake(self._decoder.series, self.hosts, self._new_host, self._periods_ns)
        self._marks = EventMarks() if mark_event_minutes else None
        self._with_alerts: set[str] = set()  # hosts that may have open ones
        self._clock, self._stale = EventClock(), StaleWatch()

    def process(self, messages: Sequence[Message]) -> Output:
        """Take the next messages of one log, in its order."""
        decoded = self._decoder.decode(messages)
        buried = self.controls.find_buried(messages)
        stream, stored = self._intake.take(messages, decoded.readings, decoded.told, buried)
        output = self._judge(stream)
        output.points.extend(stored)
        output.touched = tuple(n for n in self._intake.hosts_in(decoded.readings) if n in self.hosts)
        output.dead_letters = [(messages[letter.message], letter.reason) for letter in decoded.dead_letters]
        output.counts.dead_letters = len(decoded.dead_letters)
        output.counts.messages_decoded = len(messages) - len(decoded.dead_letters)
        return output

    def begin_recording(self, name: str) -> None:
        """The next messages come from another file of the same log: silence is judged within a file."""
        if self._marks is not None:
            self._marks.recording = name

    def end(self) -> Output:
        """The recording is over: close what is open."""
        stream = TickStream()
        for host in self.hosts.values():
            host.clock.end(stream)
        return self._judge(stream)

    def adopt(self, hosts: Sequence[Host]) -> None:
        """Put restored hosts in the place of whatever was known of them."""
        for host in hosts:
            host.clock.lateness_ns = self._lateness_ns  # the config may have changed since
            self.hosts[host.name] = host
            self._with_alerts.add(host.name)
        self._settle_kinds()
        self._begin_anew()

    def relocate(self, topology: Topology) -> None:
        """The inventory was changed: later ticks have the new places. No score of a host changes by that: a
        new kind counts only where no cohort has been chosen yet."""
        self.topology = topology
        self._settle_kinds()

    def _settle_kinds(self) -> None:
        for host in self.hosts.values():
            if not host.cohort:
                host.kind = self.topology.place(host.name).kind or host.kind

    def drop(self, sources: frozenset[str]) -> None:
        """Forget the hosts of sources that moved elsewhere."""
        for name in [name for name, host in self.hosts.items() if host.source in sources]:
            self.homes[name] = self.hosts.pop(name).source
        self._begin_anew()

    def forget(self, name: str) -> None:
        """A host that is no more; should it report again, it is another one."""
        self.hosts.pop(name, None)
        self.homes.pop(name, None)
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._intake.begin_anew()
        self._decoder.tell_again()

    def hosts_with_alerts(self, source: str = "") -> list[Host]:
        """The hosts that have open alerts, by name; those of one source where it is named."""
        self._with_alerts = {
            name for name in self._with_alerts if name in self.hosts and self.hosts[name].alerts.has_open
        }
        hosts = (self.hosts[name] for name in sorted(self._with_alerts))
        return [host for host in hosts if source in ("", host.source)]

    # -- one stage after the other -------------------------------------------------------------------------

    def _judge(self, stream: TickStream) -> Output:
        output = Output()
        output.counts.add_fates(stream.fates)
        for fill in stream.fills:
            output.points.append(
                Point("reading", {"host": fill.host}, {fill.sensor: fill.value}, fill.time_ns)
            )
        told, skewed = deque(stream.told), deque(stream.skewed)
        credible = [self._believe(tick) for tick in stream.closed]
        pasts = Pasts(self.hosts, credible)
        for at, tick in enumerate(self.scorer.score(credible, self.hosts)):
            self._hear(told, at)
            self._set_clocks(skewed, at, output)
            self._tell(self.hosts[tick.host], tick, pasts, output)
        self._hear(told, len(stream.closed))
        self._set_clocks(skewed, len(stream.closed), output)
        return output

    def _hear(self, told: deque[tuple[int, Told]], tick: int) -> None:
        """Places that came before this tick closed."""
        while told and told[0][0] <= tick:
            one = told.popleft()[1]
            self.hosts[one.host].told_place.hear(one.place)

    def _set_clocks(self, skewed: deque[tuple[int, Skewed]], tick: int, output: Output) -> None:
        """What clocks came to before this tick closed. One that is so wrong that its host's readings close no
        ticks is told at once."""
        while skewed and skewed[0][0] <= tick:
            one = skewed.popleft()[1]
            host = self.hosts[one.host]
            host.skew = one.skew
            if one.skew is None or one.has_ticks:
                continue
            host.alerts.rack = self.topology.place(host.name).rack or host.told_place.rack
            host.alerts.is_planned = self.maintenance.cover(host.name, host.alerts.rack, one.skew.until_ns)
            found = skew_finding(host.name, one.skew)
            changed = host.alerts.open_without_tick(found, one.skew.since_ns, one.skew.until_ns)
            output.tell(changed)
            if changed:
                self._with_alerts.add(host.name)

    def _believe(self, tick: ClosedTick) -> ClosedTick:
        host = self.hosts[tick.host]
        return host.trust.believe(tick, host.clock.sensors[: len(tick.values)])

    def _tell(self, host: Host, tick: ScoredTick, pasts: Pasts, output: Output) -> None:
        """One scored tick to its points, its alerts and the site's events."""
        host.alerts.rack = self.topology.place(host.name).rack or host.told_place.rack
        if tick.scored:
            output.counts.scored += 1
            output.points.append(score_point(tick, host.alerts.rack))
        else:
            output.counts.unscored += 1
        output.points.append(reading_point(tick.host, tick.time_ns, tick.sensors, tick.seen, tick.sent))
        # What is usual for a host that training never saw is that of another machine: its own past must tell.
        is_known = host.offset is None
        layout = layout_of(tick)
        flow_share = host.air_flow.update(tick, layout) if is_known else math.nan
        lost_gpus, moved_from = host.gpus.update(tick, layout), host.phases.update(tick, layout)
        residuals = host.physics.update(tick)
        host.load_past.update(tick, layout)
        found = diagnose(tick, flow_share, residuals, lost_gpus, moved_from)
        found = self.opinion.revise(found, tick, residuals, partial(pasts.rows, tick))
        kind = self.topology.place(host.name).kind or host.kind
        found = with_load(found, tick, layout, host.load_past, kind)
        if host.skew is not None:
            found = [*found, skew_finding(host.name, host.skew)]
        host.alerts.is_planned = self.maintenance.cover(host.name, host.alerts.rack, tick.time_ns)
        changed = host.alerts.update(tick, found)
        output.points.extend(alert.to_point() for alert in changed)
        output.points.extend(pasts.window(tick, alert).to_point() for alert in newly_raised(changed, tick))
        changed += renew_limits(host.alerts, tick, partial(pasts.rows, tick))
        source = host.source
        if self._marks is not None:
            source = self._marks.recording
            output.events.extend(self._marks.before(tick.time_ns))
            if self._clock.advance(tick.time_ns, tick.period_ns):
                self._find_stopped(output)
        output.events.extend(AlertChanged(alert) for alert in changed)
        if changed:
            self._with_alerts.add(host.name)
        if host.summary_minute != tick.time_ns // MINUTE_NS:
            host.summary_minute = tick.time_ns // MINUTE_NS
            output.events.append(_summary(host, source, tick, self.topology.place(host.name).u))

    def _find_stopped(self, output: Output) -> None:
        """Open alerts of hosts that send nothing while others of the recording go on."""
        for _, alerts in self._stale.look(self.hosts_with_alerts(), self._clock.passed_ns):
            output.tell(alerts)

    def _new_host(self, name: str, source: str) -> Host:
        source = self.homes.get(name, source)
        known = self._periods_ns.get(name, {})
        clock = HostClock(name, self._lateness_ns, period_ns=min(known.values(), default=0))
        place = self.topology.place(name)
        muted = self.controls.mutes.get(name)
        mute = Mute(muted.since_ns, muted.until_ns, muted.reason, muted.since_ns) if muted else None
        alerts = HostAlerts(name, place.rack, mute=mute)
        return Host(
            name, source, clock, alerts, kind=place.kind, forgotten_ns=self.controls.forgotten_ns(name)
        )


class EventMarks:
    """Marks the minutes of a recording by its own event time: no other clock exists there."""

    def __init__(self) -> None:
        self.recording = ""
        self._minute: dict[str, int] = {}
        self._ticks = 0

    def before(self, time_ns: int) -> list[SiteEvent]:
        """The mark that is due before a tick of this time, when it opens a new minute."""
        self._ticks += 1
        minute = time_ns // MINUTE_NS
        if minute <= self._minute.setdefault(self.recording, minute):
            return []
        self._minute[self.recording], ticks, self._ticks = minute, self._ticks, 0
        return [SourceMark(self.recording, minute * MINUTE_NS, ticks, at_end=True)]


def _summary(host: Host, source: str, tick: ScoredTick, u: float | None) -> HostSummary:
    inlet = None
    if INLET in tick.sensors and tick.present[tick.sensors.index(INLET)]:
        inlet = float(tick.seen[tick.sensors.index(INLET)])
    return HostSummary(
        host.name, source, tick.time_ns, tick.period_ns, tick.score, inlet, host.alerts.rack,
        host.physics.inlet_over_k(), u,
    )  # fmt: skip
