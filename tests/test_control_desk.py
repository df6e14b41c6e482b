"""Commands of operators done to hosts of a real log: killed at any commit, the same comes out."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import pytest

from agent.control_desk import KEPT_NS, ControlDesk, Done
from agent.controls import (
    Controls,
    Forgetting,
    ack_key,
    encode_control,
    forget_key,
    is_control,
    judged_key,
    mute_key,
)
from agent.delivery.checkpoints import Checkpoints
from agent.delivery.partitions import Partition
from agent.incidents import Site
from agent.pipeline import Output, Pipeline
from agent.points import encode_line
from agent.recording import read_recording
from agent.scoring import Scorer
from agent.site_events import (
    AlertAcknowledged,
    AlertChanged,
    AlertsJudged,
    ForgetHost,
    HostForgotten,
    HostMuted,
    SiteEvent,
)
from agent.state import decode_record, encode_host, host_of_record
from agent.telemetry.readings import Message

RECORDING = Path(__file__).parent.parent / "sample_data" / "bmc_fan_stop.log.gz"
SOURCE = "dc.telemetry/0"
FIRST, SECOND, THIRD = "bmc-s2500", "bmc-s2501", "bmc-s2502"
S = 1_000_000_000
COMMIT_EVERY = 100  # messages


@pytest.fixture(scope="module")
def log() -> list[Message]:
    """The recorded host under three names, message by message; record times are the samples' own."""
    values = [message.value or b"" for message in read_recording(RECORDING)]
    named = [
        value.replace(FIRST.encode(), host.encode()) for value in values for host in (FIRST, SECOND, THIRD)
    ]
    return [
        Message(value, None, int(value.split()[-1]) // 1_000_000, "dc.telemetry", 0, offset)
        for offset, value in enumerate(named)
    ]


@dataclass
class Run:
    """The daemon's loop over one partition; only what `commit` keeps survives a `restart`."""

    log: list[Message]
    rewind_s: float = 3_600.0
    records: dict[bytes, bytes] = field(default_factory=dict)
    committed: list[str] = field(default_factory=list)
    events: list[SiteEvent] = field(default_factory=list)
    offset: int = 0
    rewind_to: int = 0
    position: int = 0

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.pipeline = Pipeline(Scorer({}))
        self.pipeline.controls.reload(self.records)
        self.desk = ControlDesk(self.pipeline)
        self.held = Partition(self.offset, self.offset, Checkpoints(round(self.rewind_s * S)))
        for key, data in self.records.items():
            if not is_control(key):
                record = decode_record(data)
                self.pipeline.adopt([host_of_record(record)])
                self.held.checkpoints.restore(record.name, record.offset, record.event_ns)
        self.position = self.rewind_to

    def command(self, key: bytes, record: bytes, event: SiteEvent) -> None:
        """What the command line sends, in one transaction; a running instance hears of it at once."""
        self.records[key] = record
        self.desk.observe(event, frozenset({SOURCE}))

    def step(self, dies: bool = False) -> None:
        """Up to the next commit; one that dies has written to InfluxDB, but committed nothing."""
        to = (max(self.position, self.offset) // COMMIT_EVERY + 1) * COMMIT_EVERY
        messages, self.position = self.log[self.position : to], min(to, len(self.log))
        warm = [message for message in messages if message.offset < self.offset]
        live = messages[len(warm) :]
        for message in messages:
            self.held.take(message, True)
        self.held.settle_event_time()
        output = Output()
        for part in (warm, live):
            output = self.pipeline.process(part)
            self.held.checkpoints.touch(output.touched)
        done = self.desk.apply(SOURCE, self.held, self.position, True, self.held.event_ns)
        if not dies:
            self.commit(output, done)

    def commit(self, output: Output, done: Done) -> None:
        held = self.held
        for key, record in done.records.items():
            if record is None:
                self.records.pop(key, None)
            else:
                self.records[key] = record
        due = held.checkpoints.due(held.event_ns)
        for name in due:
            data = encode_host(self.pipeline.hosts[name], self.position, held.event_ns)
            self.records[name.encode()] = data
        held.checkpoints.stamp(due, self.position, held.event_ns)
        self.offset = held.committed = self.position
        self.rewind_to, held.is_pressing = held.checkpoints.rewind_to(self.position), False
        events = [*output.events, *done.events]
        self.events += events
        self.committed += [encode_line(point) for point in [*output.points, *done.points]]
        self.committed += [msgspec.json.encode(event).decode() for event in events]


def mute(run: Run, host: str, first: int, last: int) -> None:
    """Mute a host from one message's time to another's."""
    since_ns, until_ns = (int((run.log[at].timestamp_ms or 0) * 1_000_000) for at in (first, last))
    muted = HostMuted(host, since_ns, since_ns, until_ns, "fans")
    run.command(mute_key(host), encode_control(muted), muted)


def forget(run: Run, host: str, at: int) -> None:
    at_ns = int((run.log[at].timestamp_ms or 0) * 1_000_000)
    run.command(forget_key(host), encode_control(Forgetting(host, at_ns)), ForgetHost(host, at_ns))


def commands(log: list[Message]) -> dict[int, Callable[[Run], None]]:
    """Message → what is ordered once it is committed. The alert is raised shortly before the end."""
    end = len(log)
    return {
        end // 3: lambda run: mute(run, SECOND, end // 3, end - 250),
        end // 2: lambda run: forget(run, THIRD, end // 2),
    }


def notes(log: list[Message]) -> dict[int, Callable[[Run], None]]:
    """The alert of the first host is acknowledged, that of the second is like one that was found false."""
    changed = Pipeline(Scorer({})).process(log).events
    alert = next(e.alert for e in changed if isinstance(e, AlertChanged) and e.alert.host == FIRST)
    ack = AlertAcknowledged(FIRST, alert.id, alert.raised_ns, "kim")
    false = AlertsJudged(SECOND, alert.fault, alert.sensor, alert.raised_ns, is_false=True)
    return {
        len(log) // 3: lambda run: run.command(judged_key(false), encode_control(false), false),
        len(log) - 200: lambda run: run.command(ack_key(alert.id), encode_control(ack), ack),
    }


Orders = Callable[[list[Message]], dict[int, Callable[[Run], None]]]


def whole(run: Run, chance: random.Random | None = None, orders: Orders = commands) -> Run:
    """To the end of the log; with `chance` it is killed now and then, before or after a commit."""
    waiting = orders(run.log)
    while run.offset < len(run.log):
        for at in [at for at in waiting if at <= run.offset]:
            waiting.pop(at)(run)
        fate = chance.random() if chance is not None else 1.0
        run.step(dies=fate < 0.1)
        if fate < 0.2:
            run.restart()
    return run


@pytest.fixture(scope="module")
def uninterrupted(log: list[Message]) -> Run:
    return whole(Run(log))


def alerts_of(run: Run, host: str) -> list[str]:
    """The states that a host's alerts went through."""
    changes = [event.alert for event in run.events if isinstance(event, AlertChanged)]
    states = [alert.state for alert in changes if alert.host == host]
    return [state for at, state in enumerate(states) if at == 0 or states[at - 1] != state]


def test_only_the_muted_host_is_suppressed_and_it_opens_after_the_mute(uninterrupted: Run) -> None:
    assert alerts_of(uninterrupted, FIRST)[0] == "open"
    assert alerts_of(uninterrupted, SECOND)[:2] == ["suppressed", "open"]


def test_a_muted_host_has_an_incident_only_once_it_is_open(uninterrupted: Run) -> None:
    site, linked = Site(), dict[str, SiteEvent]()
    for event in uninterrupted.events:
        for point in site.observe(event):
            if point.measurement == "alert" and "incident" in point.fields:
                linked.setdefault(point.tags["host"], event)
    event = linked[SECOND]
    assert isinstance(event, AlertChanged)
    assert event.alert.state == "open"


@pytest.mark.parametrize("rewind_s", [60.0, 3_600.0, 10_000_000.0])
@pytest.mark.parametrize("seed", range(3))
def test_killed_at_any_commit_it_gives_byte_for_byte_the_same(
    log: list[Message], uninterrupted: Run, seed: int, rewind_s: float
) -> None:
    run = whole(Run(log, rewind_s), random.Random(seed))
    assert run.committed == uninterrupted.committed
    assert run.events == uninterrupted.events


def test_what_was_noted_holds_after_any_crash(log: list[Message]) -> None:
    expected = whole(Run(log), orders=notes)
    assert alerts_of(expected, FIRST) == ["open", "acknowledged"]
    assert alerts_of(expected, SECOND) == ["suppressed"]
    assert alerts_of(expected, THIRD) == ["open"]
    for seed in range(3):
        run = whole(Run(log, rewind_s=10_000_000.0), random.Random(seed), notes)
        assert run.committed == expected.committed
        assert run.events == expected.events


def test_a_forgotten_host_that_reports_again_is_a_new_one_after_restarts_too(
    log: list[Message], uninterrupted: Run
) -> None:
    (forgotten,) = [event for event in uninterrupted.events if isinstance(event, HostForgotten)]
    assert forgotten.host == THIRD
    run = whole(Run(log, rewind_s=10_000_000.0), random.Random(7))
    host, other = run.pipeline.hosts[THIRD], run.pipeline.hosts[FIRST]
    assert host.forgotten_ns == forgotten.at_ns
    assert host.clock.sensors[0].recent_ns[0] > 0
    assert len(host.history.values) < len(other.history.values) or host.first_hour > other.first_hour


def test_a_host_that_never_reports_again_leaves_no_record(log: list[Message]) -> None:
    cut = 40 * COMMIT_EVERY
    gone = [m.offset >= cut and THIRD.encode() in (m.value or b"") for m in log]
    run = Run([replace(m, value=b"{}") if is_gone else m for m, is_gone in zip(log, gone, strict=True)])
    while run.offset < cut - COMMIT_EVERY:
        run.step()
    forget(run, THIRD, cut - 1)
    run.step()
    assert THIRD.encode() not in run.records
    known = Controls.from_records(run.records).forgettings[THIRD]
    assert (known.source, known.applied_to) == (SOURCE, run.offset)
    run.restart()  # reads messages of the host again that came before
    assert run.position < run.offset
    run.step()
    assert THIRD not in run.pipeline.hosts
    assert THIRD.encode() not in run.records


def test_messages_that_waited_when_the_command_was_given_bring_no_host_back(log: list[Message]) -> None:
    run = Run(log)
    run.step()
    forget(run, THIRD, 10 * COMMIT_EVERY)  # the daemon is far behind
    at_end, now_ns = False, 10**19
    assert run.desk.apply(SOURCE, run.held, run.position, at_end, now_ns) == Done()
    run.held.event_ns = int(log[11 * COMMIT_EVERY].timestamp_ms or 0) * 1_000_000
    done = run.desk.apply(SOURCE, run.held, run.position, at_end, now_ns)
    assert HostForgotten(THIRD, int(log[10 * COMMIT_EVERY].timestamp_ms or 0) * 1_000_000) in done.events


def test_the_command_is_cleaned_up_when_no_restart_needs_it(log: list[Message]) -> None:
    run = Run(log)
    run.step()
    forget(run, THIRD, 0)
    run.step()
    later_ns = run.held.event_ns + 2 * KEPT_NS
    run.held.checkpoints.changed.add(FIRST)  # its record is of the first commit: a restart reads from there
    assert run.desk.apply(SOURCE, run.held, run.position, True, later_ns).records == {}
    run.held.checkpoints.changed.clear()
    assert run.desk.apply(SOURCE, run.held, run.position, True, later_ns).records == {forget_key(THIRD): None}
    assert run.desk.apply(SOURCE, run.held, run.position, True, later_ns) == Done()


def test_a_mute_that_ends_while_its_host_sends_nothing_ends_by_the_clock(log: list[Message]) -> None:
    run = Run(log)
    run.step()
    now_ns = run.held.event_ns
    muted = HostMuted(FIRST, now_ns, now_ns, now_ns + 60 * S)
    run.command(mute_key(FIRST), encode_control(muted), muted)
    run.desk.apply(SOURCE, run.held, run.position, True, now_ns)
    assert run.pipeline.hosts[FIRST].alerts.is_muted
    run.desk.apply(SOURCE, run.held, run.position, True, now_ns + 61 * S)
    assert run.pipeline.hosts[FIRST].alerts.is_muted  # its next tick may tell
    run.desk.apply(SOURCE, run.held, run.position, False, now_ns + 3_600 * S)
    assert run.pipeline.hosts[FIRST].alerts.is_muted  # messages are waiting
    run.desk.apply(SOURCE, run.held, run.position, True, now_ns + 3_600 * S)
    assert not run.pipeline.hosts[FIRST].alerts.is_muted


def test_an_instance_lets_go_of_what_another_has_forgotten_but_not_of_a_new_host(log: list[Message]) -> None:
    run = Run(log)
    run.step()
    run.pipeline.homes["elsewhere"] = "dc.telemetry/7"
    held = frozenset({SOURCE})
    run.desk.observe(HostForgotten("elsewhere", 5), held)
    run.desk.observe(HostForgotten(FIRST, 5), held)
    assert run.pipeline.homes == {}
    assert FIRST in run.pipeline.hosts
    run.desk.observe(HostForgotten(FIRST, 5), frozenset())
    assert FIRST not in run.pipeline.hosts


def test_an_older_command_does_not_replace_a_newer_one() -> None:
    controls = Controls()
    controls.observe(HostMuted("h1", 20, 10, 20))
    controls.observe(HostMuted("h1", 10, 10, 90))
    controls.observe(ForgetHost("h2", 20))
    controls.forgettings["h2"] = Forgetting("h2", 20, SOURCE, 7)
    controls.observe(ForgetHost("h2", 20))
    assert controls.mutes["h1"].until_ns == 20
    assert controls.forgettings["h2"].is_done


def test_records_that_are_none_of_ours_say_nothing() -> None:
    records = {mute_key("h1"): b"{", forget_key("h2"): b'{"host":3}', b"h3": b"a host"}
    assert Controls.from_records(records) == Controls()
