"""Does to hosts what operators want of them, at one place of each host's log.

A command comes at some moment of the wall clock, but a restart makes a host again from its record and its
log. So what a command does to a host is written as a new record of it in the transaction of the offset up
to which its log had been read: before that transaction the command is still to be done, after it it is done.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from agent.alert import Alert
from agent.alerts import STALE_NS, STALE_PERIODS
from agent.controls import Controls, Forgetting, encode_control, forget_key
from agent.delivery.checkpoints import Checkpoints
from agent.host import Host
from agent.mute import Mute, Quiet
from agent.pipeline import Pipeline
from agent.points import Point
from agent.sensors import SECOND_NS
from agent.site_events import AlertChanged, HostForgotten, HostMuted, SiteEvent

KEPT_NS = 3_600 * SECOND_NS  # other instances may still be told of a command so long after it was given


class Log(Protocol):
    """A partition that is held and has been read up to what was committed."""

    checkpoints: Checkpoints
    event_ns: int
    committed: int
    is_pressing: bool  # commit, even if nothing more is read


@dataclass(slots=True)
class Done:
    """What commands came to; all of it belongs into the next transaction."""

    points: list[Point] = field(default_factory=list)
    events: list[SiteEvent] = field(default_factory=list)
    records: dict[bytes, bytes | None] = field(default_factory=dict)

    def tell(self, alerts: list[Alert]) -> None:
        self.points += [alert.to_point() for alert in alerts]
        self.events += [AlertChanged(alert) for alert in alerts]


class ControlDesk:
    """Applies `controls` to the hosts of a pipeline."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._controls: Controls = pipeline.controls

    def apply(self, source: str, log: Log, position: int, at_end: bool, now_ns: int) -> Done:
        """What is still to be done to the hosts of one source. Its messages below `position` have been
        processed; `at_end`: there are no more for now."""
        done = Done()
        for name, muted in self._controls.mutes.items():
            host = self._host_of(name, source)
            if host is not None:
                self._mute(host, muted, log, at_end, now_ns, done)
        for ack in self._controls.acks.values():
            host = self._host_of(ack.host, source)
            if host is not None:
                self._told(host, host.alerts.acknowledge(ack.alert, ack.at_ns), log, done)
        for judged in self._controls.judged.values():
            host = self._host_of(judged.host, source)
            if host is not None and judged.at_ns > host.forgotten_ns:
                quiet = Quiet(judged.at_ns, judged.is_false)
                self._told(host, host.alerts.set_quiet(judged.fault, judged.sensor, quiet), log, done)
        for forgetting in list(self._controls.forgettings.values()):
            if forgetting.is_done:
                self._clean_up(forgetting, source, log, now_ns, done)
            else:
                self._forget(forgetting, source, log, position, at_end, done)
        return done

    def observe(self, event: SiteEvent, held: frozenset[str]) -> None:
        """A command was given, or done by another instance; `held` are the sources of this one."""
        self._controls.observe(event)
        if isinstance(event, HostForgotten):
            host = self._pipeline.hosts.get(event.host)
            if host is None or (host.source not in held and host.forgotten_ns < event.at_ns):
                self._pipeline.forget(event.host)

    def _host_of(self, name: str, source: str) -> Host | None:
        host = self._pipeline.hosts.get(name)
        return host if host is not None and host.source == source else None

    # -- muting ----------------------------------------------------------------------------------------------

    def _mute(self, host: Host, muted: HostMuted, log: Log, at_end: bool, now_ns: int, done: Done) -> None:
        known = host.alerts.mute
        if known is None or not _is_same(known, muted):
            mute = _begin(host, muted, at_end, now_ns)
        else:
            mute = replace(known, is_over=True) if at_end and _is_overdue(host, known, now_ns) else None
        if mute is not None:
            self._told(host, host.alerts.set_mute(mute), log, done)

    @staticmethod
    def _told(host: Host, changed: list[Alert] | None, log: Log, done: Done) -> None:
        """Something was done to a host, unless that is None: its record is due."""
        if changed is not None:
            done.tell(changed)
            log.checkpoints.renew(host.name)
            log.is_pressing = True

    # -- forgetting ------------------------------------------------------------------------------------------

    def _forget(
        self, forgetting: Forgetting, source: str, log: Log, position: int, at_end: bool, done: Done
    ) -> None:
        """Messages that were waiting when the command was given do not bring the host back: it is forgotten
        once the log has been read up to that time."""
        host = self._host_of(forgetting.host, source)
        if host is None or host.forgotten_ns >= forgetting.at_ns:
            return
        if not at_end and log.event_ns < forgetting.at_ns:
            return
        done.tell(host.alerts.close())
        done.events.append(HostForgotten(host.name, forgetting.at_ns))
        buried = Forgetting(host.name, forgetting.at_ns, source, position)
        done.records[host.name.encode()] = None
        done.records[forget_key(host.name)] = encode_control(buried)
        self._controls.forgettings[host.name] = buried
        self._pipeline.forget(host.name)
        log.checkpoints.forget(host.name)
        log.is_pressing = True

    def _clean_up(self, forgetting: Forgetting, source: str, log: Log, now_ns: int, done: Done) -> None:
        """The command's record is needed until no restart reads messages of the host from before it."""
        if forgetting.source != source or now_ns - forgetting.at_ns < KEPT_NS:
            return
        if log.checkpoints.rewind_to(log.committed) >= forgetting.applied_to:
            done.records[forget_key(forgetting.host)] = None
            del self._controls.forgettings[forgetting.host]
            log.is_pressing = True


def _begin(host: Host, muted: HostMuted, at_end: bool, now_ns: int) -> Mute | None:
    """The mute as it holds for the host; None where it had ended before the host was seen.

    Where the log has been read to its end, the newest tick is now, whatever the host's own clock says.
    """
    newest_ns = host.alerts.now_ns
    is_over = at_end and muted.until_ns <= now_ns
    if host.alerts.mute is None and (is_over or muted.until_ns <= newest_ns):
        return None
    from_ns = min(muted.since_ns, newest_ns) if at_end else muted.since_ns
    return Mute(muted.since_ns, muted.until_ns, muted.reason, from_ns, is_over)


def _is_same(known: Mute, muted: HostMuted) -> bool:
    return (known.since_ns, known.until_ns, known.reason) == (muted.since_ns, muted.until_ns, muted.reason)


def _is_overdue(host: Host, mute: Mute, now_ns: int) -> bool:
    """Whether the mute ended so long ago that the host's next tick should have told."""
    is_told = mute.is_over or host.alerts.now_ns >= mute.until_ns
    return not is_told and now_ns - mute.until_ns >= max(STALE_NS, STALE_PERIODS * host.alerts.period_ns)
