"""What a command without a daemon needs of Kafka: the group's state, and a way to tell its instances.

`<group>.state`, committed offsets ─► read_group ─► Group
records, events ─► send_controls ─► one transaction
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from agent.config import Config
from agent.delivery.outbox import key_of
from agent.delivery.source import COMMITTED_TIMEOUT_MS, CommitMetadata
from agent.delivery.state_topic import read_state
from agent.errors import BrokerError
from agent.site_events import SiteEvent
from agent.telemetry.readings import source_name
from agent.topics import connect, explain

MAX_BLOCK_MS = 20_000
TRANSACTION_TIMEOUT_MS = 30_000
SENT_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Group:
    """The group's own state as it was committed last."""

    records: dict[bytes, bytes]  # of the state topic
    releases: dict[str, str]  # source → the models in service at its last commit, "" for none


def read_group(config: Config) -> Group:
    """The records of the state topic, none where there is no such topic yet, and the releases.

    Raises:
        BrokerError: no broker answered, or it does not allow to read.
    """
    try:
        with connect(config) as admin:
            if config.kafka.state_topic not in admin.list_topics():
                return Group({}, {})
        return Group(read_state(config), _read_releases(config))
    except KafkaError as error:
        raise BrokerError(_say(config, error)) from error


def send_controls(config: Config, records: Mapping[bytes, bytes | None], events: Sequence[SiteEvent]) -> None:
    """Write records, None for a tombstone, and events in one transaction: all of it is seen, or nothing.

    Raises:
        BrokerError: it is not known to be written; to give the command again does no harm.
    """
    kafka = config.kafka
    try:
        producer = KafkaProducer(
            transactional_id=f"{kafka.group}.command.{socket.gethostname()}.{os.getpid()}.{time.time_ns()}",
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            acks="all",
            max_block_ms=MAX_BLOCK_MS,
            allow_auto_create_topics=False,
            **kafka.client_settings(),
        )
        try:
            producer.init_transactions()
            producer.begin_transaction()
            sent = [producer.send(kafka.state_topic, key=k, value=v) for k, v in records.items()]
            for event in events:
                told = msgspec.json.encode(event)
                sent.append(producer.send(kafka.alerts_topic, key=key_of(event), value=told, partition=0))
            for message in sent:
                message.get(timeout=SENT_TIMEOUT_S)
            producer.commit_transaction()
        finally:
            producer.close(timeout=1)
    except KafkaError as error:
        raise BrokerError(_say(config, error)) from error


def _read_releases(config: Config) -> dict[str, str]:
    consumer = KafkaConsumer(
        group_id=config.kafka.group, enable_auto_commit=False, **config.kafka.client_settings()
    )
    try:
        partitions = [
            TopicPartition(topic, number)
            for topic in config.kafka.topics
            for number in consumer.partitions_for_topic(topic) or ()
        ]
        return {source_name(*partition): _release(consumer, partition) for partition in sorted(partitions)}
    finally:
        consumer.close(autocommit=False)


def _release(consumer: KafkaConsumer, partition: TopicPartition) -> str:
    found = consumer.committed(partition, metadata=True, timeout_ms=COMMITTED_TIMEOUT_MS)
    try:
        metadata = (found.metadata or "") if found is not None else ""
        return msgspec.json.decode(metadata, type=CommitMetadata).release
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _say(config: Config, error: KafkaError) -> str:
    return f"kafka: {', '.join(config.kafka.brokers)} does not answer: {explain(error)}"
