"""Messages from Kafka, and the partitions that this instance holds.

The listener runs on the client's own thread and may not block: it pauses what arrives, notes it, and the main
loop restores a partition before `begin` lets it flow. kafka-python's traps that shaped this are named where
they bite.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import msgspec
from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

from agent.config import Config
from agent.telemetry.readings import Message

METADATA_VERSION = 1
FETCH_MAX_BYTES = 16 * 1024 * 1024
PARTITION_FETCH_BYTES = 4 * 1024 * 1024
RECEIVE_MAX_BYTES = 64 * 1024 * 1024  # a larger message would stall poll() without an error
COMMITTED_TIMEOUT_MS = 30_000
LOG_APPEND_TIME = 1  # the type of a record's time where the topic has message.timestamp.type=LogAppendTime


class CommitMetadata(msgspec.Struct, frozen=True):
    """What a committed offset carries: where to read again from, and which models were in service."""

    v: int
    rw: int
    release: str


@dataclass(frozen=True, slots=True)
class Committed:
    """A partition's committed offset and the offset that a restart reads from."""

    offset: int
    rewind_to: int
    release: str


@dataclass(slots=True)
class Changes:
    """Partitions that came and went since the last look."""

    gained: set[TopicPartition]
    lost: set[TopicPartition]


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Runs on the client's thread: it may pause and seek, but not ask the broker anything."""

    def __init__(self, consumer: KafkaConsumer) -> None:
        self._consumer = consumer
        self.flowing: set[TopicPartition] = set()
        self.changes = Changes(set(), set())

    def on_partitions_assigned(self, assigned: Any) -> None:
        new = set(assigned) - self.flowing
        for partition in new:
            # A position keeps auto_offset_reset="none" from raising before the real one is known.
            self._consumer.seek(partition, 0)
            self._consumer.pause(partition)
        self.changes.gained |= new

    def on_partitions_revoked(self, revoked: Any) -> None:
        self.flowing -= set(revoked)
        self.changes.gained -= set(revoked)
        self.changes.lost |= set(revoked)


class KafkaSource:
    """One member of the consumer group. Owned by one thread."""

    def __init__(self, config: Config, topics: list[str]) -> None:
        """Connect and subscribe.

        Raises:
            KafkaError: no broker answered.
        """
        kafka = config.kafka
        self._consumer = KafkaConsumer(
            group_id=kafka.group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            allow_auto_create_topics=False,
            partition_assignment_strategy=(CooperativeStickyAssignor,),
            max_poll_records=kafka.max_poll_records,
            session_timeout_ms=int(kafka.session_timeout_s * 1000),
            heartbeat_interval_ms=max(int(kafka.session_timeout_s * 1000 / 6), 200),
            fetch_max_bytes=FETCH_MAX_BYTES,
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
            receive_message_max_bytes=RECEIVE_MAX_BYTES,
            isolation_level="read_committed",
            reconnect_backoff_max_ms=5_000,
            **config.kafka.client_settings(),
        )
        self._listener = _Listener(self._consumer)
        self._consumer.subscribe(topics=topics, listener=self._listener)
        self._last_poll_s = time.monotonic()

    # -- partitions -------------------------------------------------------------------------------------

    def take_changes(self) -> Changes:
        """Partitions that came and went since the last call; those that came wait for `begin`."""
        changes, self._listener.changes = self._listener.changes, Changes(set(), set())
        return changes

    @property
    def has_lost_partitions(self) -> bool:
        """Whether something was revoked that `take_changes` has not told yet."""
        return bool(self._listener.changes.lost)

    @property
    def held(self) -> frozenset[TopicPartition]:
        """The partitions that flow."""
        return frozenset(self._listener.flowing)

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self._consumer.assignment())

    def committed(self, partition: TopicPartition) -> Committed | None:
        """The last committed offset with its metadata; waits for a transaction that is being finished."""
        found = self._consumer.committed(partition, metadata=True, timeout_ms=COMMITTED_TIMEOUT_MS)
        if found is None or found.offset < 0:
            return None
        try:
            metadata = msgspec.json.decode(found.metadata or "", type=CommitMetadata)
        except (msgspec.DecodeError, UnicodeDecodeError):  # an offset that somebody set by hand
            return Committed(found.offset, found.offset, "")
        return Committed(found.offset, min(metadata.rw, found.offset), metadata.release)

    def first_offset(self, partition: TopicPartition) -> int:
        return int(self._consumer.beginning_offsets([partition])[partition])

    def end_offset(self, partition: TopicPartition) -> int:
        return int(self._consumer.end_offsets([partition])[partition])

    def begin(self, partition: TopicPartition, offset: int) -> None:
        """Let a partition flow from `offset` on."""
        self._consumer.seek(partition, offset)
        self._consumer.resume(partition)
        self._listener.flowing.add(partition)

    def hold(self) -> None:
        """Stop the flow but stay a member: polls keep the group alive and bring nothing."""
        self._consumer.pause(*self._consumer.assignment())

    def stop_all(self) -> None:
        """Nothing flows until `begin` says so again."""
        self.hold()
        self._listener.flowing.clear()

    def release(self) -> None:
        """Let what `hold` stopped flow again."""
        flowing = self._listener.flowing & set(self._consumer.assignment())
        if flowing:
            self._consumer.resume(*flowing)

    # -- messages ---------------------------------------------------------------------------------------

    def poll(self, timeout_s: float) -> list[Message]:
        """The next messages of all flowing partitions, each partition in its order."""
        records = self._consumer.poll(timeout_ms=int(timeout_s * 1000))
        self._last_poll_s = time.monotonic()
        return [
            Message(
                value=record.value,
                key=record.key,
                timestamp_ms=record.timestamp if record.timestamp >= 0 else None,
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                is_append_time=record.timestamp_type == LOG_APPEND_TIME,
            )
            for partition in sorted(records)
            for record in records[partition]
        ]

    @property
    def since_poll_s(self) -> float:
        """How long ago the group last heard of the main loop."""
        return time.monotonic() - self._last_poll_s

    def position(self, partition: TopicPartition) -> int:
        """The offset of the next message, past transaction markers."""
        return int(self._consumer.position(partition))

    def is_at_end(self, partition: TopicPartition) -> bool:
        highwater = self._consumer.highwater(partition)
        return highwater is not None and self.position(partition) >= highwater

    def lag(self) -> int:
        """Messages that wait in the partitions that flow, as far as the last fetch told."""
        waiting = 0
        for partition in self._listener.flowing:
            highwater = self._consumer.highwater(partition)
            waiting += max((highwater or 0) - self.position(partition), 0)
        return waiting

    def group_metadata(self) -> Any:
        """What fences this member's offsets once it has lost its partitions."""
        return self._consumer.group_metadata()

    def close(self) -> None:
        """Leave the group without committing anything."""
        self._consumer.close(autocommit=False, timeout_ms=5_000)


def encode_metadata(rewind_to: int, release: str) -> str:
    return msgspec.json.encode(CommitMetadata(METADATA_VERSION, rewind_to, release)).decode()
