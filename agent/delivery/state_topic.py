"""Reads the records in `<group>.state` back: the newest of each key, committed transactions only."""

from __future__ import annotations

from kafka import KafkaConsumer, TopicPartition

from agent.config import Config

POLL_MS = 500


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
        # With read_committed this is the last stable offset: an open transaction does not hold us up.
        ends = consumer.end_offsets(partitions)
        records: dict[bytes, bytes] = {}
        while any(consumer.position(p) < ends[p] for p in partitions):
            for batch in consumer.poll(timeout_ms=POLL_MS).values():
                for record in batch:
                    if record.value is None:
                        records.pop(record.key, None)
                    else:
                        records[record.key] = record.value
        return records
    finally:
        consumer.close(autocommit=False)
