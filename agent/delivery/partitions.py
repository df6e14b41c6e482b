"""The partitions that this instance holds: restored at an assignment, counted, and dropped when they go."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field
from statistics import median

from kafka import TopicPartition

from agent.config import Config
from agent.controls import Controls, is_control
from agent.delivery.checkpoints import Checkpoints
from agent.delivery.source import Committed, KafkaSource
from agent.errors import StateError
from agent.host import Host
from agent.incidents import Site
from agent.logs import log_event
from agent.sensors import SECOND_NS
from agent.state import HostRecord, SiteRecord, decode_record, decode_site, host_of_record
from agent.telemetry.readings import Message, source_name

SITE_KEY = b"\x00site"  # no host can have this name
SITE = "site"
RECENT_RECORDS = 101

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Partition:
    """One partition that flows. Offsets below `live_from` were delivered before and only rebuild state."""

    live_from: int
    committed: int
    checkpoints: Checkpoints
    event_ns: int = 0  # where its log stands: the middle of the newest records' times
    messages: int = 0  # since the last mark
    taken_over: bool = False
    is_pressing: bool = False  # something must be committed, even if nothing more is read
    recent_ms: deque[int] = field(default_factory=lambda: deque(maxlen=RECENT_RECORDS))

    def take(self, message: Message, is_live: bool) -> None:
        """Count a message and note its record's time. One host with a wrong clock moves the median little."""
        self.messages += is_live
        if message.timestamp_ms is not None:
            self.recent_ms.append(message.timestamp_ms)

    def settle_event_time(self) -> None:
        """Say where the log stands after a poll."""
        if self.recent_ms:
            self.event_ns = int(median(self.recent_ms)) * 1_000_000


@dataclass(frozen=True, slots=True)
class Restored:
    """A partition with what belongs to it, and the offset to read from."""

    partition: Partition
    start: int
    hosts: tuple[Host, ...] = ()
    homes: dict[str, str] = field(default_factory=dict)  # hosts of other partitions → where they live
    site: Site | None = None


def restore_partition(
    source: KafkaSource,
    config: Config,
    partition: TopicPartition,
    committed: Committed | None,
    records: dict[bytes, bytes],
) -> Restored:
    """What the committed offset and the records say of a partition that has just been assigned.

    `records` must have been read after `committed`: they may be newer than needed, never older.

    Raises:
        KafkaError: the broker does not answer.
    """
    first = source.first_offset(partition)
    start = _start(source, config, partition, committed, first)
    held = Partition(
        live_from=max(committed.offset, start) if committed else start,
        committed=committed.offset if committed else -1,
        checkpoints=Checkpoints(int(config.state.rewind_s * SECOND_NS)),
    )
    limit = committed.offset if committed else 0
    if partition.topic == config.kafka.alerts_topic:
        return _restore_site(held, start, limit, records)
    hosts, homes = [], {}
    for key, data in records.items():
        if key == SITE_KEY or is_control(key):
            continue
        record = _readable(key, data)
        # A record from beyond the committed offset: somebody set the offsets back, to have it all again.
        if record is None or (record.offset > limit and record.source == source_name(*partition)):
            continue
        if record.source != source_name(*partition):
            if record.source.rpartition("/")[0] in config.kafka.topics:  # else that topic is read no more
                homes[record.name] = record.source
            continue
        hosts.append(host_of_record(record))
        held.checkpoints.restore(record.name, record.offset, record.event_ns)
        held.event_ns = max(held.event_ns, record.event_ns)
    return Restored(held, start, tuple(hosts), homes)


def _start(
    source: KafkaSource, config: Config, partition: TopicPartition, committed: Committed | None, first: int
) -> int:
    if committed is None:
        earliest = config.kafka.start == "earliest" or partition.topic == config.kafka.alerts_topic
        return first if earliest else source.end_offset(partition)
    if committed.rewind_to < first:
        log_event(
            _log,
            logging.WARNING,
            "messages are gone that a restart needs",
            partition=source_name(*partition),
            expected=committed.rewind_to,
            first=first,
        )
    return min(max(committed.rewind_to, first), source.end_offset(partition))


def _restore_site(held: Partition, start: int, limit: int, records: dict[bytes, bytes]) -> Restored:
    site, record = Site(), _site_record(records)
    if record is not None and record.offset <= limit:
        site = Site.restore(record.state)
        held.checkpoints.restore(SITE, record.offset, record.event_ns)
        held.event_ns = record.event_ns
        start = max(start, record.offset)
    else:
        for muted in Controls.from_records(records).mutes.values():
            site.observe(muted)
    return Restored(held, start, site=site)


def _site_record(records: dict[bytes, bytes]) -> SiteRecord | None:
    if SITE_KEY not in records:
        return None
    try:
        return decode_site(records[SITE_KEY])
    except StateError as error:
        log_event(_log, logging.ERROR, "the site begins anew", reason=error)
        return None


def _readable(key: bytes, data: bytes) -> HostRecord | None:
    try:
        return decode_record(data)
    except StateError as error:
        host = key.decode(errors="replace")
        log_event(_log, logging.ERROR, "the host begins anew", host=host, reason=error)
        return None
