"""One Kafka transaction a commit: records of the state topic, site events, dead letters and offsets.

All of it becomes visible together or not at all, so the state topic is always exactly that of the committed
offsets, and a dead letter or an alert message is never doubled.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from kafka import KafkaProducer, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from agent.config import Config
from agent.delivery.source import encode_metadata
from agent.errors import OwnershipLost
from agent.recording import APPEND_TIME
from agent.site_events import AlertChanged, SiteEvent, SourceMark
from agent.telemetry.readings import Message

TRANSACTION_TIMEOUT_MS = 30_000  # a killed instance holds up readers of the state topic for no longer
MAX_BLOCK_MS = 20_000
DEAD_LETTER_MAX_BYTES = 900_000  # a larger one leaves only its size, reason and origin
ANSWER_TIMEOUT_S = 30.0  # for a whole transaction
MAX_REQUEST_BYTES = 8 * 1024 * 1024


@dataclass(slots=True)
class Delivery:
    """What goes to Kafka once InfluxDB has accepted its points."""

    records: dict[bytes, bytes | None] = field(default_factory=dict)  # None: a tombstone
    events: list[SiteEvent] = field(default_factory=list)
    dead_letters: list[tuple[Message, str]] = field(default_factory=list)
    offsets: dict[TopicPartition, tuple[int, int]] = field(default_factory=dict)  # → offset, rewind offset

    @property
    def is_empty(self) -> bool:
        return not (self.records or self.events or self.dead_letters or self.offsets)


class Outbox:
    """The transactional producer. After any failure it is thrown away and made anew."""

    def __init__(self, config: Config, transactional_id: str) -> None:
        self._config = config
        self._transactional_id = transactional_id
        self._producer: KafkaProducer | None = None

    def open(self) -> None:
        """Connect; aborts what an earlier process of the same id left open.

        Raises:
            KafkaError: no broker answered in time.
        """
        if self._producer is not None:
            return
        producer = KafkaProducer(
            transactional_id=self._transactional_id,
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            acks="all",
            linger_ms=0,
            compression_type="lz4",
            max_block_ms=MAX_BLOCK_MS,
            max_request_size=MAX_REQUEST_BYTES,
            allow_auto_create_topics=False,
            **self._config.kafka.client_settings(),
        )
        try:
            producer.init_transactions()
        except KafkaError:
            _close(producer)
            raise
        self._producer = producer

    def commit(self, delivery: Delivery, group_metadata: Any, release: str) -> None:
        """Everything of `delivery` in one transaction.

        Raises:
            OwnershipLost: nothing of it was committed, or it is not known whether it was.
        """
        kafka = self._config.kafka
        if delivery.dead_letters and not kafka.dead_letter_topic:
            append_dead_letters(kafka.dead_letter_file, delivery.dead_letters)
        if self._producer is None:
            raise OwnershipLost("the producer is not open")
        # The client waits for an answer without a limit, and for ever if the broker died at the wrong moment.
        done: Future[None] = Future()
        work = (done, self._producer, delivery, group_metadata, release)
        threading.Thread(target=self._transact_for, args=work, name="outbox", daemon=True).start()
        try:
            done.result(ANSWER_TIMEOUT_S)
        except TimeoutError:
            self._discard()
            raise OwnershipLost(f"no answer to a transaction in {ANSWER_TIMEOUT_S:.0f} s") from None
        except KafkaError as error:
            self._discard()
            raise OwnershipLost(f"transaction failed: {type(error).__name__}: {error}") from error

    def _transact_for(
        self,
        done: Future[None],
        producer: KafkaProducer,
        delivery: Delivery,
        group_metadata: Any,
        release: str,
    ) -> None:
        try:
            self._transact(producer, delivery, group_metadata, release)
            done.set_result(None)
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to the thread that waits
            done.set_exception(error)

    def _transact(
        self, producer: KafkaProducer, delivery: Delivery, group_metadata: Any, release: str
    ) -> None:
        producer.begin_transaction()
        sent = self._send(producer, delivery)
        if delivery.offsets:
            offsets = {
                partition: OffsetAndMetadata(offset, encode_metadata(rewind_to, release), -1)
                for partition, (offset, rewind_to) in delivery.offsets.items()
            }
            producer.send_offsets_to_transaction(offsets, group_metadata)
        if id(producer) != id(self._producer):
            raise OwnershipLost("the transaction was given up")  # it took too long: nobody waits for it
        for message in sent:
            if message.failed():  # the client commits without what it could not send
                raise message.exception
        producer.commit_transaction()

    def _send(self, producer: KafkaProducer, delivery: Delivery) -> list[Any]:
        kafka = self._config.kafka
        sent = [producer.send(kafka.state_topic, key=k, value=v) for k, v in delivery.records.items()]
        for event in delivery.events:
            told = msgspec.json.encode(event)
            sent.append(producer.send(kafka.alerts_topic, key=key_of(event), value=told, partition=0))
        for message, reason in delivery.dead_letters if kafka.dead_letter_topic else ():
            headers, size = dict(dead_letter_headers(message, reason)), len(message.value or b"")
            fits = size <= DEAD_LETTER_MAX_BYTES
            if not fits:
                headers["size"] = str(size).encode()
            sent.append(
                producer.send(
                    kafka.dead_letter_topic,
                    key=message.key,
                    value=message.value if fits else None,
                    headers=list(headers.items()),
                )
            )
        return sent

    def _discard(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            _close(producer)

    def close(self) -> None:
        self._discard()


def _close(producer: KafkaProducer) -> None:
    """What it could not flush is given up."""
    with contextlib.suppress(KafkaError):
        producer.close(timeout=1)


def key_of(event: SiteEvent) -> bytes:
    """Alerts by id, marks by source, all others by host."""
    if isinstance(event, AlertChanged):
        return event.alert.id.encode()
    return (event.source if isinstance(event, SourceMark) else event.host).encode()


def dead_letter_headers(message: Message, reason: str) -> Mapping[str, bytes]:
    """Where a dead letter came from and why it is one, all as text."""
    headers: Sequence[tuple[str, object]] = (
        ("reason", reason),
        ("topic", message.topic),
        ("partition", message.partition),
        ("offset", message.offset),
    )
    return {name: str(value).encode() for name, value in headers}


def append_dead_letters(path: Path, dead_letters: Sequence[tuple[Message, str]]) -> None:
    """Dead letters as lines of a recording, with their reason and origin; on disk when this returns."""
    with path.open("ab") as file:
        for message, reason in dead_letters:
            line = {
                "key": None if message.key is None else message.key.decode(errors="replace"),
                "timestamp_ms": message.timestamp_ms,
                "value_base64": message.value,  # msgspec writes bytes as base64
                "reason": reason,
                "topic": message.topic,
                "partition": message.partition,
                "offset": message.offset,
            }
            if message.is_append_time:
                line["timestamp_type"] = APPEND_TIME
            file.write(msgspec.json.encode(line) + b"\n")
        file.flush()
        os.fsync(file.fileno())
