"""The daemon as users run it: a process of its own, started, killed and stopped from outside."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from agent.telemetry.readings import Message

PATIENCE_S = 120.0


@dataclass(slots=True)
class Setup:
    """What one daemon under test runs on."""

    brokers: str
    topic: str
    group: str
    influx_url: str
    org: str
    bucket: str
    token_file: Path
    registry: Path
    folder: Path
    session_timeout_s: float = 6.0
    rewind_s: float = 300.0
    extra: str = ""

    @property
    def config_file(self) -> Path:
        return self.folder / "coldaisle.toml"

    def write_config(self) -> Path:
        """The smallest config that this test needs."""
        self.config_file.write_text(
            f"""
[kafka]
brokers = ["{self.brokers}"]
topics = ["{self.topic}"]
group = "{self.group}"
dead_letter_topic = "{self.topic}.dead"
session_timeout_s = {self.session_timeout_s}
{self.extra}
[influx]
url = "{self.influx_url}"
org = "{self.org}"
bucket = "{self.bucket}"
token_file = "{self.token_file}"
[models]
registry = "{self.registry}"
[state]
rewind_s = {self.rewind_s}
[status]
port = 0
"""
        )
        return self.config_file


@dataclass(slots=True)
class DaemonProcess:
    """`coldaisle run` as a process; its log goes to a file that failures show."""

    setup: Setup
    name: str = "daemon"
    process: subprocess.Popen[bytes] | None = None
    logs: list[Path] = field(default_factory=list)

    def start(self) -> Self:
        log = self.setup.folder / f"{self.name}-{len(self.logs)}.log"
        self.logs.append(log)
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "agent", "run", "--config", str(self.setup.write_config())],
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        return self

    def _running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None, "the daemon was never started"
        return self.process

    def kill(self) -> None:
        """As a crash or the kernel would: no time for anything."""
        self._running().kill()
        self._running().wait()

    def signal(self, number: signal.Signals) -> None:
        self._running().send_signal(number)

    def stop(self, patience_s: float = 30.0) -> int:
        """SIGTERM; returns the exit status."""
        self.signal(signal.SIGTERM)
        return self._running().wait(patience_s)

    def is_running(self) -> bool:
        return self._running().poll() is None

    def wait_until_logged(self, text: str) -> None:
        """Until the log of the present process has `text`."""
        end_s = time.monotonic() + PATIENCE_S
        while text not in self.logs[-1].read_text(errors="replace"):
            assert self.is_running() and time.monotonic() < end_s, f"never logged: {text}"
            time.sleep(0.1)

    def log(self) -> str:
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')}" for path in self.logs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        if error is not None:
            sys.stdout.write(self.log())


def produce(setup: Setup, messages: Sequence[Message], keys: Sequence[bytes]) -> None:
    """Send messages as a collector would, keyed by host, and wait until the broker has them all."""
    producer = KafkaProducer(bootstrap_servers=setup.brokers, acks="all", linger_ms=20)
    for message, key in zip(messages, keys, strict=True):
        producer.send(setup.topic, value=message.value, key=key)
    producer.flush()
    producer.close()


def lag(setup: Setup, partitions: int) -> int:
    """Messages whose results are not committed yet."""
    consumer = KafkaConsumer(
        bootstrap_servers=setup.brokers,
        group_id=setup.group,
        enable_auto_commit=False,
        isolation_level="read_committed",
    )
    try:
        parts = [TopicPartition(setup.topic, p) for p in range(partitions)]
        ends = consumer.end_offsets(parts)
        return sum(ends[p] - (consumer.committed(p) or 0) for p in parts)
    finally:
        consumer.close(autocommit=False)


def wait_until_committed(setup: Setup, partitions: int, left: int = 0) -> None:
    """Until all but `left` messages are committed."""
    end_s = time.monotonic() + PATIENCE_S
    while (waiting := lag(setup, partitions)) > left:
        assert time.monotonic() < end_s, f"{waiting} messages are not committed after {PATIENCE_S:.0f} s"
        time.sleep(0.2)
