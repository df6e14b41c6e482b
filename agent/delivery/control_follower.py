"""Commands of operators as they are given: every instance follows the topic of alerts for them.

The group's own consumer reads that topic only where the site's owner is; this one belongs to no group and
begins at the end. What was said before stands in the state topic.
"""

from __future__ import annotations

import msgspec
from kafka import KafkaConsumer, TopicPartition

from agent.config import Config
from agent.site_events import COMMAND_STARTS, SiteEvent

MAX_POLL_RECORDS = 10_000  # nearly all are summaries, and a busy main loop comes by once a second


class ControlFollower:
    """Owned by the main loop's thread."""

    def __init__(self, config: Config) -> None:
        """Connect, and stand at the end of the topic: read the state topic after this, not before.

        Raises:
            KafkaError: no broker answered.
        """
        self._partition = TopicPartition(config.kafka.alerts_topic, 0)
        self._consumer = KafkaConsumer(
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            allow_auto_create_topics=False,
            max_poll_records=MAX_POLL_RECORDS,
            **config.kafka.client_settings(),
        )
        self._consumer.assign([self._partition])
        self._consumer.seek(self._partition, self._consumer.end_offsets([self._partition])[self._partition])

    def poll(self) -> list[SiteEvent]:
        """The commands that have come in; does not wait.

        Raises:
            KafkaError: the broker does not answer, or the topic no longer holds what was not read yet.
        """
        found = self._consumer.poll(timeout_ms=0)
        values = [record.value for records in found.values() for record in records]
        return [
            msgspec.json.decode(value, type=SiteEvent)
            for value in values
            if value is not None and value.startswith(COMMAND_STARTS)
        ]

    def close(self) -> None:
        self._consumer.close(autocommit=False)
