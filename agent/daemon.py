"""The daemon: reads telemetry, scores it, writes what it found, commits, and does it again.

    rebalance ─► poll ─► process ─► InfluxDB accepts ─► one transaction: records, alerts, offsets
        ▲                                                                      │
        └──────────────────────────────────────────────────────────────────────┘

Nothing is committed before InfluxDB has accepted what it led to, and what was processed but not committed is
forgotten and made again. So every message counts exactly once, whenever the process dies.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import time
from collections.abc import Sequence
from types import FrameType

import msgspec
from kafka import TopicPartition
from kafka.errors import KafkaError

from agent.backoff import Backoff
from agent.config import Config
from agent.control_desk import ControlDesk
from agent.delivery.control_follower import ControlFollower
from agent.delivery.note_follower import NoteFollower
from agent.delivery.outbox import Delivery, Outbox
from agent.delivery.partitions import SITE, SITE_KEY, Partition, restore_partition
from agent.delivery.source import KafkaSource
from agent.delivery.state_topic import read_state
from agent.errors import OwnershipLost, SinkBusyError
from agent.health import Health
from agent.incident_store import InfluxStore
from agent.incidents import Site
from agent.inventory_file import InventoryFile
from agent.logs import log_event
from agent.note_orders import order_notes
from agent.notes import confirmed_actions
from agent.pipeline import Output, Pipeline
from agent.points import Point
from agent.sink import Sink
from agent.site_events import SiteEvent, SourceMark
from agent.stale import EndClock, StaleWatch
from agent.state import encode_host, encode_site
from agent.telemetry.readings import Message, source_name
from agent.topics import ensure_topics

POLL_S = 0.25
BUSY_POLL_S = 0.2
MARK_EVERY_S = 60.0
CALENDAR_EVERY_S = 10.0
RECONNECT_S = (0.5, 15.0)  # between tries to reach a broker: the first, the longest

_log = logging.getLogger(__name__)


class Stopped(Exception):  # noqa: N818 - an event, named for what happened
    """The daemon was asked to stop while it waited; what is not committed will be read again."""


class Daemon:
    """One instance. All its parts are given, so that tests can run it on whatever they like."""

    def __init__(
        self,
        config: Config,
        pipeline: Pipeline,
        sink: Sink,
        outbox: Outbox,
        health: Health,
        inventory: InventoryFile,
    ) -> None:
        self._config = config
        self._pipeline = pipeline
        self._sink = sink
        self._outbox = outbox
        self._health = health
        self._inventory = inventory
        self._source: KafkaSource | None = None
        self._follower: ControlFollower | None = None
        self._desk = ControlDesk(pipeline)
        self._notes = NoteFollower(InfluxStore(config.influx))
        self._end_clock, self._stale = EndClock(), StaleWatch()
        self._partitions: dict[TopicPartition, Partition] = {}
        self._unrestored: set[TopicPartition] = set()
        self._site: Site | None = None
        self._rewrites: list[tuple[float, TopicPartition]] = []  # when to write a partition's alerts again
        self._next_mark_s = time.monotonic() + MARK_EVERY_S
        self._next_calendar_s = time.monotonic() + CALENDAR_EVERY_S
        self._backoff = Backoff(*RECONNECT_S)
        self._topics_checked = False
        self._stopping = False

    # -- life -------------------------------------------------------------------------------------------

    def stop(self, *_: int | FrameType | None) -> None:
        """Ask the loop to end after the batch in hand; a signal handler does no more than this."""
        if self._stopping:
            raise SystemExit(1)  # asked twice: now
        self._stopping = True

    def run(self) -> None:
        """Until `stop`. A broker or InfluxDB that is away is waited for."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        try:
            while not self._stopping:
                try:
                    self._check_topics()
                    self._connect()
                    self._step()
                except OwnershipLost as lost:
                    log_event(_log, logging.WARNING, "made again what was not committed", reason=lost)
                    self._start_over()
                except KafkaError as error:
                    log_event(_log, logging.WARNING, "kafka is away, trying again", reason=repr(error))
                    self._disconnect()
                    self._wait_for_broker()
        except Stopped:
            log_event(_log, logging.INFO, "stopped while waiting")
        finally:
            self._health.write(self._sink)
            self._disconnect()
            self._outbox.close()

    def _step(self) -> None:
        self._health.beat()
        self._look_at_files()
        self._rebalance()
        messages = self._consumer.poll(POLL_S)
        if self._consumer.has_lost_partitions:
            self._rebalance()
        batch = self._process(messages)
        self._take_over(batch)
        records = self._obey(batch) | self._take_notes(batch)
        self._mark(batch)
        self._deliver(batch, records)
        self._health.write_if_due(self._sink, self._consumer.lag(), self._pipeline.hosts)

    # -- partitions come and go -------------------------------------------------------------------------

    def _rebalance(self) -> None:
        changes = self._consumer.take_changes()
        self._forget(changes.lost)
        self._unrestored = (self._unrestored - changes.lost) | changes.gained
        if not self._unrestored:
            return
        # Offsets first: whatever they were committed with is then in the records.
        committed = {partition: self._consumer.committed(partition) for partition in sorted(self._unrestored)}
        records = read_state(self._config)
        self._pipeline.controls.reload(records)
        for partition, offset in committed.items():
            restored = restore_partition(self._consumer, self._config, partition, offset, records)
            self._partitions[partition] = restored.partition
            self._pipeline.homes.update(restored.homes)
            self._pipeline.adopt(restored.hosts)
            if restored.site is not None:
                self._site = restored.site
                self._site.relocate(self._pipeline.topology)
                self._site.maintenance = self._pipeline.maintenance
                self._site.storm_incidents = self._config.alerts.storm_incidents_per_10min
            self._consumer.begin(partition, restored.start)
            self._unrestored.discard(partition)
            log_event(
                _log,
                logging.INFO,
                "partition taken",
                partition=source_name(*partition),
                read_from=restored.start,
                live_from=restored.partition.live_from,
                hosts=len(restored.hosts),
            )
        self._health.ready(bool(self._partitions))
        self._backoff.reset()

    def _forget(self, partitions: Sequence[TopicPartition] | set[TopicPartition]) -> None:
        for partition in partitions:
            if self._partitions.pop(partition, None) is not None:
                log_event(_log, logging.INFO, "partition given up", partition=source_name(*partition))
            if partition.topic == self._config.kafka.alerts_topic:
                self._site = None
        self._pipeline.drop(frozenset(source_name(*p) for p in partitions))
        self._rewrites = [(at, p) for at, p in self._rewrites if p not in set(partitions)]

    def _start_over(self) -> None:
        """Forget everything in memory; all that is held is restored from what was committed."""
        self._forget(set(self._partitions))
        self._unrestored |= set(self._consumer.assignment())
        self._consumer.stop_all()

    def _look_at_files(self) -> None:
        topology = self._inventory.look_if_due()
        if topology is not None:
            self._pipeline.relocate(topology)
            if self._site is not None:
                self._site.relocate(topology)
        self._health.topology_fault = self._inventory.fault
        if time.monotonic() >= self._next_calendar_s:
            self._next_calendar_s = time.monotonic() + CALENDAR_EVERY_S
            self._pipeline.maintenance.renew()

    # -- one batch --------------------------------------------------------------------------------------

    def _process(self, messages: Sequence[Message]) -> Output:
        """Messages to points and events; those before `live_from` only rebuild what a restart lost."""
        batch = Output()
        warm: list[Message] = []
        live: list[Message] = []
        for message in messages:
            held = self._partitions.get(TopicPartition(message.topic, message.partition))
            if held is None:
                continue  # its partition has moved
            is_live = message.offset >= held.live_from
            held.take(message, is_live)
            if message.topic == self._config.kafka.alerts_topic:
                self._observe(message, is_live, held, batch)
            else:
                (live if is_live else warm).append(message)
        for held in self._partitions.values():
            held.settle_event_time()
        for part, keep in ((warm, False), (live, True)):
            if part:
                output = self._pipeline.process(part)
                self._touch(output.touched)
                if keep:
                    batch.add(output)
        return batch

    def _observe(self, message: Message, is_live: bool, held: Partition, batch: Output) -> None:
        if self._site is None or message.value is None:
            return
        try:
            event = msgspec.json.decode(message.value, type=SiteEvent)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            log_event(_log, logging.ERROR, "not an event of ours", offset=message.offset, reason=error)
            return
        points = self._site.observe(event)
        held.checkpoints.touch([SITE])
        if is_live:
            batch.points.extend(points)

    def _touch(self, names: Sequence[str]) -> None:
        by_source = {source_name(*p): held for p, held in self._partitions.items()}
        for name in names:
            host = self._pipeline.hosts[name]
            held = by_source.get(host.source)
            if held is not None:
                held.checkpoints.touch([name])

    def _find_stopped(self, source: str, log: Partition, at_end: bool, batch: Output) -> None:
        """Open alerts of hosts that send nothing while their log is read to its end. No log tells that again:
        their records are due."""
        if self._end_clock.advance(source, time.monotonic_ns(), at_end):
            hosts = self._pipeline.hosts_with_alerts(source)
            for host, alerts in self._stale.look(hosts, self._end_clock.passed_ns.get(source, 0)):
                batch.tell(alerts)
                log.checkpoints.renew(host.name)
                log.is_pressing = True

    def _take_over(self, batch: Output) -> None:
        """Write a new partition's alerts again, now and once more when its old owner must be gone: that
        puts right what a late write of the old owner may have undone."""
        now_s = time.monotonic()
        for partition, held in self._partitions.items():
            if not held.taken_over and self._consumer.position(partition) >= held.live_from:
                held.taken_over = True
                again_s = now_s + self._config.kafka.session_timeout_s
                self._rewrites += [(now_s, partition), (again_s, partition)]
        due = {partition for at_s, partition in self._rewrites if at_s <= now_s}
        self._rewrites = [(at_s, partition) for at_s, partition in self._rewrites if at_s > now_s]
        for partition in due:
            batch.points.extend(self._recent_points(partition))

    def _recent_points(self, partition: TopicPartition) -> list[Point]:
        if partition.topic == self._config.kafka.alerts_topic:
            return self._site.recent() if self._site is not None else []
        name = source_name(*partition)
        hosts = [host for host in self._pipeline.hosts.values() if host.source == name]
        return [point for host in hosts for point in host.alerts.recent()]

    def _mark(self, batch: Output) -> None:
        """Once a minute tell the site's owner how each telemetry partition does."""
        if time.monotonic() < self._next_mark_s:
            return
        self._next_mark_s = time.monotonic() + MARK_EVERY_S
        for partition, held in self._partitions.items():
            if partition.topic != self._config.kafka.alerts_topic and held.taken_over:
                at_end = self._consumer.is_at_end(partition)
                mark = SourceMark(source_name(*partition), time.time_ns(), held.messages, at_end)
                batch.events.append(mark)
                held.messages = 0

    def _obey(self, batch: Output) -> dict[bytes, bytes | None]:
        """Do to hosts what operators want; the records that go into the same transaction."""
        held = frozenset(source_name(*partition) for partition in self._partitions)
        for event in self._follower.poll() if self._follower is not None else ():
            self._desk.observe(event, held)
        records: dict[bytes, bytes | None] = {}
        for partition, log in self._partitions.items():
            if partition.topic == self._config.kafka.alerts_topic or not log.taken_over:
                continue
            position, at_end = self._consumer.position(partition), self._consumer.is_at_end(partition)
            done = self._desk.apply(source_name(*partition), log, position, at_end, time.time_ns())
            batch.points += done.points
            batch.events += done.events
            records |= done.records
            self._find_stopped(source_name(*partition), log, at_end, batch)
        return records

    def _take_notes(self, batch: Output) -> dict[bytes, bytes | None]:
        """Tell every instance what operators noted in InfluxDB. The transaction that does also keeps that the
        notes were taken."""
        partition = TopicPartition(self._config.kafka.alerts_topic, 0)
        held = self._partitions.get(partition)
        if self._site is None or held is None or not held.taken_over:
            return {}
        state = self._site.state()
        heard = self._notes.poll(state.notes)
        if heard is None:
            return {}
        now_ns = time.time_ns()
        hosts = state.silence.homes
        order = order_notes(heard.notes, heard.alerts, self._pipeline.controls, hosts, now_ns)
        state.notes.take(heard.notes, now_ns)
        state.hear_helped(confirmed_actions(heard.notes, heard.alerts))
        held.checkpoints.renew(SITE)
        held.is_pressing = True
        batch.events += order.events
        log_event(_log, logging.INFO, "notes taken", notes=len(heard.notes), orders=len(order.events))
        return order.records

    # -- out --------------------------------------------------------------------------------------------

    def _deliver(self, batch: Output, records: dict[bytes, bytes | None]) -> None:
        """InfluxDB first, then the transaction."""
        delivery = Delivery(records=records, events=batch.events, dead_letters=batch.dead_letters)
        for partition, held in self._partitions.items():
            position = self._consumer.position(partition)
            if held.taken_over and (position != held.committed or held.is_pressing):
                self._checkpoint(partition, held, position, delivery)
        if batch.points:
            self._write(batch.points)
        if not delivery.is_empty:
            self._check_ownership()
            self._outbox.commit(delivery, self._consumer.group_metadata(), self._pipeline.scorer.release)
        for partition, (position, _) in delivery.offsets.items():
            self._partitions[partition].committed = position
            self._partitions[partition].is_pressing = False
        self._health.counts.add(batch.counts)

    def _checkpoint(
        self, partition: TopicPartition, held: Partition, position: int, delivery: Delivery
    ) -> None:
        due = [name for name in held.checkpoints.due(held.event_ns) if self._keeps(partition, held, name)]
        for name in due:
            if name == SITE and self._site is not None and partition.topic == self._config.kafka.alerts_topic:
                delivery.records[SITE_KEY] = encode_site(self._site.state(), position, held.event_ns)
            else:
                host = self._pipeline.hosts[name]
                delivery.records[name.encode()] = encode_host(host, position, held.event_ns)
        held.checkpoints.stamp(due, position, held.event_ns)
        delivery.offsets[partition] = (position, held.checkpoints.rewind_to(position))

    def _keeps(self, partition: TopicPartition, held: Partition, name: str) -> bool:
        """Whether a host is still this partition's; one that turned out to live elsewhere is let go."""
        host = self._pipeline.hosts.get(name)
        is_ours = name == SITE or (host is not None and host.source == source_name(*partition))
        if not is_ours:
            held.checkpoints.changed.discard(name)
        return is_ours

    def _write(self, points: Sequence[Point]) -> None:
        """Until InfluxDB has them. The group is kept alive meanwhile; nothing new is read."""
        held = False
        while True:
            self._check_ownership()
            try:
                refused = self._sink.write(points)
                break
            except SinkBusyError as busy:
                self._health.sink_busy(str(busy))
                self._consumer.hold()
                held = True
                self._wait(busy.retry_after_s)
        self._health.sink_accepts(refused)
        if held:
            self._consumer.release()

    def _wait(self, wait_s: float) -> None:
        end_s = time.monotonic() + wait_s
        while True:
            if self._stopping:
                raise Stopped
            self._health.beat()
            self._consumer.poll(min(BUSY_POLL_S, max(end_s - time.monotonic(), 0.01)))
            if self._consumer.has_lost_partitions:
                raise OwnershipLost("partitions moved while InfluxDB was away")
            if time.monotonic() >= end_s:
                return

    def _check_ownership(self) -> None:
        silent_s = self._consumer.since_poll_s
        if silent_s > self._config.kafka.session_timeout_s:
            self._consumer.poll(0)
            raise OwnershipLost(f"the group has not heard of us for {silent_s:.0f} s")

    # -- the broker -------------------------------------------------------------------------------------

    @property
    def _consumer(self) -> KafkaSource:
        if self._source is None:
            raise OwnershipLost("not connected")
        return self._source

    def _connect(self) -> None:
        self._outbox.open()  # ends what a producer before left open, so that nobody waits for it
        if self._source is None:
            kafka = self._config.kafka
            self._follower = ControlFollower(self._config)
            self._source = KafkaSource(self._config, [*kafka.topics, kafka.alerts_topic])
            log_event(_log, logging.INFO, "connected", brokers=",".join(kafka.brokers), group=kafka.group)

    def _check_topics(self) -> None:
        """Once, at the start: later a topic may be away for a moment, as its broker is."""
        if not self._topics_checked:
            ensure_topics(self._config)
            self._topics_checked = True

    def _disconnect(self) -> None:
        self._health.ready(False)
        self._forget(set(self._partitions))
        self._unrestored.clear()
        clients = (self._source, self._follower)
        self._source = self._follower = None
        for client in clients:
            if client is not None:
                with contextlib.suppress(KafkaError):
                    client.close()

    def _wait_for_broker(self) -> None:
        end_s = time.monotonic() + self._backoff.next_s()
        while time.monotonic() < end_s and not self._stopping:
            self._health.beat()
            self._health.write_if_due(self._sink, 0, self._pipeline.hosts)
            time.sleep(0.1)
