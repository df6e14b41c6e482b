"""Messages into Kafka as collectors would send them: keyed by host, at the pace of the time that they tell.

The record's own time is the message's, as Telegraf sets it, so that a backlog looks as it would have live.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from kafka import KafkaProducer
from kafka.errors import KafkaError

from agent.config import Config
from agent.errors import ColdaisleError
from agent.simulate.stream import Sent
from agent.topics import WantedTopic, connect, explain, find_faults, make_topics

LINGER_MS = 20
MAX_BLOCK_MS = 30_000
FLUSH_TIMEOUT_S = 30.0


class KafkaStream:
    """A producer of one topic. The first message that could not be delivered stops it."""

    def __init__(self, producer: KafkaProducer, topic: str) -> None:
        self._producer, self._topic = producer, topic
        self._failure: BaseException | None = None

    def send(self, message: Sent) -> None:
        """Hand a message to the client, which sends it within some milliseconds.

        Raises:
            ColdaisleError: an earlier message was refused, or the broker takes nothing for 30 s.
        """
        self._raise_failure()
        try:
            sent = self._producer.send(
                self._topic,
                key=message.key.encode(),
                value=message.value,
                timestamp_ms=message.stamp_s * 1000,
            )
        except KafkaError as error:
            raise _failed(self._topic, error) from error
        sent.add_errback(self._note)

    def flush(self) -> None:
        """Wait until all is delivered.

        Raises:
            ColdaisleError: it is not, in 30 s.
        """
        try:
            self._producer.flush(FLUSH_TIMEOUT_S)
        except KafkaError as error:
            raise _failed(self._topic, error) from error
        self._raise_failure()

    def _note(self, error: BaseException) -> None:
        self._failure = self._failure or error

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise _failed(self._topic, self._failure)


@contextmanager
def open_stream(config: Config, topic: str) -> Iterator[KafkaStream]:
    """A producer for a topic, which is made if it is not there.

    Raises:
        ColdaisleError: no broker answered, or one refused.
    """
    try:
        with connect(config) as admin:
            wanted = WantedTopic(topic, used_to=("WRITE",))
            faults = find_faults(admin, [wanted])
            wrong = [fault.reason for fault in faults if not fault.missing]
            if wrong:
                raise ColdaisleError("\n".join(f"kafka: {reason}" for reason in wrong))
            if faults:
                make_topics(admin, [wanted])
        producer = KafkaProducer(
            acks="all",
            linger_ms=LINGER_MS,
            compression_type="lz4",
            max_block_ms=MAX_BLOCK_MS,
            allow_auto_create_topics=False,
            **config.kafka.client_settings(),
        )
    except KafkaError as error:
        raise ColdaisleError(f"kafka: {', '.join(config.kafka.brokers)}: {explain(error)}") from error
    stream = KafkaStream(producer, topic)
    try:
        yield stream
        stream.flush()
    finally:
        producer.close(timeout=1)


def _failed(topic: str, error: BaseException) -> ColdaisleError:
    reason = explain(error) if isinstance(error, KafkaError) else f"{type(error).__name__}: {error}"
    return ColdaisleError(f"kafka: topic {topic}: {reason}")


class Pace:
    """When a message is due on the clock on the wall; `stop` ends any waiting."""

    def __init__(self, speed: float, start_s: float, stop: threading.Event) -> None:
        """Speed 1 is the wall's own time, so that what lies in the past is due at once; 0 never waits."""
        self._speed, self._start_s, self._stop = speed, start_s, stop
        self._began_s = time.monotonic()

    def wait_for(self, time_s: float) -> bool:
        """Wait until what happened at `time_s` (Unix time, simulated) is due; False if stopped meanwhile."""
        left_s = self._left_s(time_s)
        return not (self._stop.wait(left_s) if left_s > 0 else self._stop.is_set())

    def _left_s(self, time_s: float) -> float:
        if self._speed == 0:
            return 0.0
        if self._speed == 1:
            return time_s - time.time()
        return (time_s - self._start_s) / self._speed - (time.monotonic() - self._began_s)
