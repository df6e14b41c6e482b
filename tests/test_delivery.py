"""Restarts in the middle of a log, without servers: what is committed and what is read again add up."""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import msgspec
import pytest
from kafka import TopicPartition

from agent.config import Config, KafkaConfig
from agent.delivery.checkpoints import Checkpoints
from agent.delivery.outbox import append_dead_letters, dead_letter_headers, key_of
from agent.delivery.partitions import SITE_KEY, Partition, Restored, restore_partition
from agent.delivery.source import Committed, KafkaSource
from agent.errors import StateError
from agent.incidents import Site
from agent.pipeline import Output, Pipeline
from agent.points import encode_line
from agent.recording import read_recording
from agent.scoring import Scorer
from agent.site_events import HostSummary, SourceMark
from agent.state import decode_record, encode_host, encode_site, host_of_record
from agent.telemetry.readings import Message, source_name

RECORDING = Path(__file__).parent.parent / "sample_data" / "bmc_fan_stop.log.gz"
TELEMETRY = TopicPartition("dc.telemetry", 0)
HOSTS = (b"bmc-s2500", b"bmc-s2501", b"bmc-s2502")  # the recorded one, and the same some messages later
LATER = 211
S = 1_000_000_000


def read_log() -> list[Message]:
    """Three hosts in one partition, one a little behind the other; record times are the samples' own."""
    recorded = list(read_recording(RECORDING))
    mixed: list[bytes] = []
    for at in range(len(recorded) + LATER * (len(HOSTS) - 1)):
        for number, host in enumerate(HOSTS):
            own = at - number * LATER
            if 0 <= own < len(recorded):
                mixed.append((recorded[own].value or b"").replace(HOSTS[0], host))
    return [
        Message(
            value, None, int(value.split()[-1]) // 1_000_000, TELEMETRY.topic, TELEMETRY.partition, offset
        )
        for offset, value in enumerate(mixed)
    ]


@pytest.fixture(scope="module")
def log() -> list[Message]:
    return read_log()


@pytest.fixture(scope="module")
def uninterrupted(log: list[Message]) -> list[str]:
    return sorted(lines_of(Pipeline(Scorer({})).process(log)))


def lines_of(output: Output) -> list[str]:
    """Everything that leaves the pipeline, as it leaves."""
    events = [msgspec.json.encode(event).decode() for event in output.events]
    return [encode_line(point) for point in output.points] + events


@dataclass
class Broker:
    """What a restart asks the broker: offsets only. Stands where KafkaSource stands."""

    at: Committed | None = None
    first: int = 0
    end: int = 1_000_000

    def committed(self, _partition: TopicPartition) -> Committed | None:
        return self.at

    def first_offset(self, _partition: TopicPartition) -> int:
        return self.first

    def end_offset(self, _partition: TopicPartition) -> int:
        return self.end


def restore(broker: Broker, records: dict[bytes, bytes], partition: TopicPartition = TELEMETRY) -> Restored:
    source = cast(KafkaSource, broker)
    return restore_partition(source, Config(), partition, source.committed(partition), records)


@dataclass
class Run:
    """The daemon's loop over one partition: what InfluxDB got, what was committed, what was read again."""

    log: list[Message]
    rewind_s: float
    broker: Broker = field(default_factory=Broker)
    records: dict[bytes, bytes] = field(default_factory=dict)
    committed: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    read_again: int = 0
    pipeline: Pipeline = field(default_factory=lambda: Pipeline(Scorer({})))
    held: Partition = field(init=False)
    position: int = 0

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """A new process: nothing is known but what was committed."""
        self.pipeline = Pipeline(Scorer({}))
        restored = restore(self.broker, self.records)
        self.held, self.position = restored.partition, restored.start
        self.held.checkpoints.rewind_ns = round(self.rewind_s * S)
        self.pipeline.adopt(restored.hosts)

    def step(self, size: int, dies_after_write: bool = False) -> None:
        messages = self.log[self.position : self.position + size]
        self.position += len(messages)
        live = [message for message in messages if message.offset >= self.held.live_from]
        warm = messages[: len(messages) - len(live)]
        self.read_again += len(warm)
        for message in messages:
            self.held.take(message, message.offset >= self.held.live_from)
        self.held.settle_event_time()
        new: list[str] = []
        for part, keep in ((warm, False), (live, True)):
            output = self.pipeline.process(part)
            self.held.checkpoints.touch(output.touched)
            new += lines_of(output) if keep else []
        self.written += new
        if not dies_after_write and self.position >= self.held.live_from:
            self.commit()
            self.committed += new

    def commit(self) -> None:
        held = self.held
        due = held.checkpoints.due(held.event_ns)
        for name in due:
            host = self.pipeline.hosts[name]
            self.records[name.encode()] = encode_host(host, self.position, held.event_ns)
        held.checkpoints.stamp(due, self.position, held.event_ns)
        rewind_to = held.checkpoints.rewind_to(self.position)
        self.broker.at = Committed(self.position, rewind_to, "")


# -- restarts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rewind_s", [60.0, 3_600.0, 10_000_000.0])
@pytest.mark.parametrize("seed", range(2))
def test_killed_at_any_point_a_run_gives_byte_for_byte_what_an_uninterrupted_one_gives(
    log: list[Message], uninterrupted: list[str], seed: int, rewind_s: float
) -> None:
    chance = random.Random(seed)
    run, deaths = Run(log, rewind_s), 0
    while run.position < len(log):
        dies = deaths < 40 and chance.random() < 0.3
        run.step(chance.randint(1, 400), dies_after_write=dies and chance.random() < 0.5)
        if dies:  # just after InfluxDB accepted, or just after the commit
            run.restart()
            deaths += 1
    assert deaths > 5
    assert run.read_again > 0
    assert sorted(run.committed) == uninterrupted
    assert set(run.written) == set(uninterrupted)  # what was written twice was the same


@pytest.mark.parametrize("seed", range(12))
def test_a_restart_at_one_cut_point_goes_on_as_if_nothing_had_been(
    log: list[Message], uninterrupted: list[str], seed: int
) -> None:
    chance = random.Random(1_000 + seed)
    cut = chance.randrange(1, len(log))
    run = Run(log, rewind_s=chance.choice((60.0, 900.0, 86_400.0)))
    while run.position < cut:
        run.step(min(chance.randint(1, 1_000), cut - run.position))
    run.restart()
    assert run.held.live_from == cut
    while run.position < len(log):
        run.step(1_000)
    assert sorted(run.committed) == uninterrupted


def test_a_restart_reads_again_no_more_than_the_oldest_record_needs(log: list[Message]) -> None:
    run = Run(log, rewind_s=10_000_000.0)  # nobody's record is ever renewed
    for _ in range(10):
        run.step(100)
    assert run.broker.at == Committed(
        1_000, 100, ""
    )  # all hosts but those that came later have theirs at 100
    run.restart()
    assert (run.position, run.held.live_from) == (100, 1_000)


def test_messages_in_a_hosts_record_are_not_applied_to_it_again(log: list[Message]) -> None:
    pipeline = Pipeline(Scorer({}))
    pipeline.process(log[:2_000])
    before = {name: encode_host(host, 2_000, 0) for name, host in pipeline.hosts.items()}
    again = Pipeline(Scorer({}))
    again.adopt([host_of_record(decode_record(data)) for data in before.values()])
    output = again.process(log[:2_000])
    assert (output.points, output.events) == ([], [])
    assert output.counts.used == 0
    assert {name: encode_host(host, 2_000, 0) for name, host in again.hosts.items()} == before


@pytest.mark.parametrize("cut", [1, 40, 977, 5_000])
def test_a_record_read_back_and_written_again_is_the_same_bytes(log: list[Message], cut: int) -> None:
    pipeline = Pipeline(Scorer({}))
    pipeline.process(log[:cut])
    for host in pipeline.hosts.values():
        data = encode_host(host, cut, 5 * S)
        record = decode_record(data)
        assert (record.name, record.source, record.offset) == (host.name, source_name(*TELEMETRY), cut)
        assert encode_host(host_of_record(record), cut, 5 * S) == data


@pytest.mark.parametrize("damage", [b"", b"no zstd", b"\x28\xb5\x2f\xfd cut off"])
def test_a_damaged_record_is_told_as_such(damage: bytes) -> None:
    with pytest.raises(StateError, match="unreadable"):
        decode_record(damage)


# -- where a partition is taken up ------------------------------------------------------------------------


def a_record(source: TopicPartition = TELEMETRY, offset: int = 100) -> dict[bytes, bytes]:
    pipeline = Pipeline(Scorer({}))
    value = b"ipmi_sensor,name=inlet_temp,server=h1,unit=degrees_c value=20 1700000000000000000"
    pipeline.process([Message(value, topic=source.topic, partition=source.partition)])
    return {b"h1": encode_host(pipeline.hosts["h1"], offset, 7 * S)}


def test_without_a_commit_a_partition_is_read_from_its_first_offset() -> None:
    restored = restore(Broker(first=17, end=90), {})
    assert (restored.start, restored.partition.live_from, restored.partition.committed) == (17, 17, -1)


def test_with_start_latest_only_what_comes_from_now_on_is_read_but_all_alerts_are() -> None:
    config = Config(kafka=KafkaConfig(start="latest"))
    source = cast(KafkaSource, Broker(first=17, end=90))
    assert restore_partition(source, config, TELEMETRY, None, {}).start == 90
    alerts = TopicPartition(config.kafka.alerts_topic, 0)
    assert restore_partition(source, config, alerts, None, {}).start == 17


def test_a_record_is_restored_with_its_stamp() -> None:
    restored = restore(Broker(Committed(250, 100, "")), a_record())
    assert [host.applied_to for host in restored.hosts] == [100]
    assert (restored.start, restored.partition.live_from) == (100, 250)
    restored.partition.checkpoints.touch(["h1"])
    assert restored.partition.checkpoints.rewind_to(300) == 100
    assert restored.partition.event_ns == 7 * S


def test_a_record_from_beyond_the_committed_offset_is_left_out() -> None:
    assert restore(Broker(Committed(99, 99, "")), a_record(offset=100)).hosts == ()
    assert restore(Broker(None), a_record(offset=100)).hosts == ()
    assert len(restore(Broker(Committed(100, 100, "")), a_record(offset=100)).hosts) == 1


def test_only_the_partitions_own_hosts_are_restored() -> None:
    other = TopicPartition(TELEMETRY.topic, 1)
    assert restore(Broker(Committed(250, 100, "")), a_record(source=other)).hosts == ()


def test_a_damaged_record_keeps_no_other_host_from_being_restored() -> None:
    records = {b"h0": b"damaged", SITE_KEY: b"not a host"} | a_record()
    assert [host.name for host in restore(Broker(Committed(250, 100, "")), records).hosts] == ["h1"]


def test_where_the_log_is_gone_reading_begins_with_what_is_left() -> None:
    restored = restore(Broker(Committed(250, 100, ""), first=200), {})
    assert (restored.start, restored.partition.live_from) == (200, 250)
    restored = restore(Broker(Committed(250, 100, ""), first=300), {})
    assert (restored.start, restored.partition.live_from) == (300, 300)


def test_the_site_is_restored_and_reads_on_from_its_record() -> None:
    alerts = TopicPartition(Config().kafka.alerts_topic, 0)
    site = Site()
    site.observe(HostSummary("h1", "dc.telemetry/0", 5 * S, 10 * S, 0.1))
    records = {SITE_KEY: encode_site(site.state(), 80, 5 * S)}
    restored = restore(Broker(Committed(100, 80, "")), records, partition=alerts)
    assert restored.site is not None
    assert restored.site.state() == site.state()
    assert (restored.start, restored.partition.live_from) == (80, 100)
    forgotten = restore(Broker(Committed(79, 79, "")), records, partition=alerts)
    assert forgotten.site is not None
    assert forgotten.site.state() == Site().state()


def test_one_wrong_clock_does_not_move_a_partitions_time() -> None:
    held = Partition(0, -1, Checkpoints(900 * S))
    for second in range(9):
        held.take(Message(b"", timestamp_ms=1_000 * second), is_live=True)
    held.take(Message(b"", timestamp_ms=10**12), is_live=False)
    held.take(Message(b"", timestamp_ms=None), is_live=False)
    held.settle_event_time()
    assert held.event_ns == 4_500 * 1_000_000
    assert held.messages == 9


# -- what else a transaction carries ----------------------------------------------------------------------


def test_a_dead_letters_headers_are_text() -> None:
    message = Message(b"\xff", topic="dc.telemetry", partition=3, offset=2**40)
    assert dead_letter_headers(message, "no host: „x“") == {
        "reason": "no host: „x“".encode(),
        "topic": b"dc.telemetry",
        "partition": b"3",
        "offset": b"1099511627776",
    }


def test_dead_letters_are_appended_with_their_bytes_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "dead.jsonl"
    raw = bytes(range(256))
    append_dead_letters(path, [(Message(raw, b"k\xff", 5, "t", 3, 9), "not json")])
    append_dead_letters(path, [(Message(None), "tombstone"), (Message(b""), "empty")])
    first, second, third = map(msgspec.json.decode, path.read_bytes().splitlines())
    assert base64.b64decode(first.pop("value_base64")) == raw
    assert first == {
        "key": "k�",
        "timestamp_ms": 5,
        "reason": "not json",
        "topic": "t",
        "partition": 3,
        "offset": 9,
    }
    assert (second["key"], second["value_base64"], second["reason"]) == (None, None, "tombstone")
    assert (third["value_base64"], third["reason"]) == ("", "empty")


def test_dead_letters_are_read_again_with_the_time_that_they_had(tmp_path: Path) -> None:
    path = tmp_path / "dead.jsonl"
    letters = [Message(b"{", b"k", 5, "t", is_append_time=by_broker) for by_broker in (True, False)]
    append_dead_letters(path, [(letter, "not json") for letter in letters])
    read = list(read_recording(path))
    assert [(m.value, m.timestamp_ms, m.is_append_time) for m in read] == [(b"{", 5, True), (b"{", 5, False)]


def test_summaries_are_keyed_by_host_and_marks_by_source() -> None:
    assert key_of(HostSummary("h1", "t/0", 0, 10 * S, -1.0)) == b"h1"
    assert key_of(SourceMark("t/0", 0, 5, at_end=True)) == b"t/0"
