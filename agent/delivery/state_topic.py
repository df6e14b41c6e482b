"""Reads the records in `<group>.state` back: the newest of each key, committed transactions only."""

from __future__ import annotations

import time

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError

from agent.config import Config

POLL_MS = 500
PATIENCE_S = 120.0  # longer than any transaction that may have to end first


def read_state(config: Config) -> dict[bytes, bytes]:
    """Key → newest record of the whole topic; a tombstone removes its key.

    Raises:
        KafkaError: the topic cannot be read.
    """
    consumer = KafkaConsumer(
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        allow_auto_create_topics=False,
        **config.kafka.client_settings(),
    )
    try:
        topic = config.kafka.state_topic
        partitions = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = _ends(config, partitions)
        records: dict[bytes, bytes] = {}
        deadline_s = time.monotonic() + PATIENCE_S
        while any(consumer.position(p) < ends[p] for p in partitions):
            if time.monotonic() > deadline_s:
                raise KafkaTimeoutError(f"{topic} could not be read to its end in {PATIENCE_S:.0f} s")
            for batch in consumer.poll(timeout_ms=POLL_MS).values():
                for record in batch:
                    if record.value is None:
                        records.pop(record.key, None)
                    else:
                        records[record.key] = record.value
        return records
    finally:
        consumer.close(autocommit=False)


def _ends(config: Config, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
    """Where the topic ends, open transactions included: reading waits for those, so that what the offsets
    that were fetched before belong to is among what is read."""
    consumer = KafkaConsumer(group_id=None, enable_auto_commit=False, **config.kafka.client_settings())
    try:
        ends: dict[TopicPartition, int] = consumer.end_offsets(partitions)
        return ends
    finally:
        consumer.close(autocommit=False)
