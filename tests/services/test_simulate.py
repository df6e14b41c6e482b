"""The simulator on a real Kafka: keyed, paced, stopped by hand; and the daemon sees what it sends."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from compare import read_points
from daemon_process import DaemonProcess, Setup, wait_until_committed
from kafka import KafkaConsumer, TopicPartition
from rich.console import Console

from agent.errors import ColdaisleError
from agent.simulate.command import simulate
from agent.simulate.options import Options
from agent.telemetry.decoder import Decoder
from agent.telemetry.readings import Message
from deploy.local.influx_server import InfluxServer
from deploy.local.kafka_server import KafkaServer

QUIET = Console(file=io.StringIO())
START = "2026-03-03T06:00:00Z"
START_S = 1_772_517_600


def consumed(brokers: str, topic: str, partitions: int = 1) -> list[Message]:
    """Everything that is in a topic, partition by partition."""
    consumer = KafkaConsumer(
        bootstrap_servers=brokers, auto_offset_reset="earliest", enable_auto_commit=False
    )
    try:
        parts = [TopicPartition(topic, n) for n in range(partitions)]
        consumer.assign(parts)
        consumer.seek_to_beginning(*parts)
        ends = consumer.end_offsets(parts)
        found: list[Message] = []
        while any(consumer.position(part) < ends[part] for part in parts):
            for part, records in consumer.poll(timeout_ms=500).items():
                found += [
                    Message(r.value, r.key, r.timestamp, topic, part.partition, r.offset) for r in records
                ]
        return found
    finally:
        consumer.close(autocommit=False)


def test_a_backlog_is_keyed_by_host_and_has_the_times_of_its_messages(
    kafka: KafkaServer, new_topic: Callable[..., str]
) -> None:
    topic = new_topic(partitions=3)
    options = Options(
        kafka=kafka.brokers, topic=topic, hosts=4, duration="10m", start=START, speed="max",
        dialects=("ipmi", "otlp"),
    )  # fmt: skip
    simulate(options, QUIET)
    messages = consumed(kafka.brokers, topic, partitions=3)
    decoder = Decoder()
    decoded = decoder.decode(messages)
    assert decoded.dead_letters == ()
    homes: dict[bytes, set[int]] = {}
    for message in messages:
        assert message.key is not None and message.timestamp_ms is not None
        assert START_S - 2 <= message.timestamp_ms / 1000 < START_S + 602
        homes.setdefault(message.key, set()).add(message.partition)
    assert all(len(partitions) == 1 for partitions in homes.values())
    assert {f"r01-n0{n}".encode() for n in (1, 2, 3, 4)} <= set(homes)
    readings = decoded.readings
    for series, time_ns, at in zip(
        readings.series.tolist(), readings.time_ns.tolist(), readings.message.tolist(), strict=True
    ):
        message = messages[at]
        assert decoder.series[series].host.encode() == message.key
        assert message.timestamp_ms == time_ns // 1_000_000


def test_at_sixty_times_the_clock_a_minute_takes_a_second(kafka: KafkaServer, topic: str) -> None:
    options = Options(
        kafka=kafka.brokers,
        topic=topic,
        hosts=2,
        duration="4m",
        start=START,
        speed="60",
        dialects=("native",),
    )
    began_s = time.monotonic()
    simulate(options, QUIET)
    took_s = time.monotonic() - began_s
    assert 3.7 < took_s < 10  # 4 s, and the start of twin and client
    times_ms = [message.timestamp_ms for message in consumed(kafka.brokers, topic)]
    assert max(t for t in times_ms if t is not None) // 1000 - START_S > 215


def test_a_topic_that_is_not_there_is_made(kafka: KafkaServer, unique_name: Callable[[], str]) -> None:
    topic = unique_name()
    options = Options(
        kafka=kafka.brokers, topic=topic, hosts=1, duration="1m", speed="max", dialects=("native",)
    )
    simulate(options, QUIET)
    assert {m.key for m in consumed(kafka.brokers, topic)} >= {b"r01-n01"}


def test_ctrl_c_ends_a_live_stream_cleanly(kafka: KafkaServer, topic: str, tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    arguments = (
        "--kafka", kafka.brokers, "--topic", topic, "--hosts", "3", "--period", "5s", "--dialect", "native",
        "--fault", "fan_failure@r01-n02:2s", "--truth", str(truth),
    )  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "agent", "simulate", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    end_s = time.monotonic() + 60
    while len(seen := consumed(kafka.brokers, topic)) < 12:
        assert process.poll() is None and time.monotonic() < end_s
        time.sleep(0.5)
    now_s = time.time()
    assert all(m.timestamp_ms is not None and now_s - m.timestamp_ms / 1000 < 60 for m in seen)
    process.send_signal(signal.SIGINT)
    out, told = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, b"")
    assert b"stopped: " in told and f" to topic {topic} in ".encode() in told
    (fault,) = json.loads(truth.read_text())
    assert (fault["fault"], fault["host"]) == ("fan_failure", "r01-n02")
    assert fault["end"].startswith("20")


def test_a_broker_that_is_not_there_is_one_line() -> None:
    options = Options(kafka="127.0.0.1:9", hosts=1, duration="1m")
    with pytest.raises(ColdaisleError) as raised:
        simulate(options, QUIET)
    assert str(raised.value).startswith("kafka: 127.0.0.1:9: ")
    assert "\n" not in str(raised.value)


def test_equal_seeds_send_equal_messages(kafka: KafkaServer, new_topic: Callable[..., str]) -> None:
    options = Options(
        kafka=kafka.brokers, hosts=2, duration="2m", start=START, speed="max", dialects=("redfish",), seed=4
    )
    values = []
    for _ in range(2):
        topic = new_topic()
        simulate(replace(options, topic=topic), QUIET)
        values.append([(m.key, m.value, m.timestamp_ms) for m in consumed(kafka.brokers, topic)])
    assert values[0] == values[1]


def test_the_daemon_stores_what_is_sent_in_many_dialects(
    kafka: KafkaServer, influx: InfluxServer, new_topic: Callable[..., str], bucket: str, tmp_path: Path
) -> None:
    topic = new_topic(partitions=2)
    token_file = tmp_path / "token"
    token_file.write_text(influx.token)
    token_file.chmod(0o600)
    setup = Setup(
        kafka.brokers, topic, f"group-{topic}", influx.url, influx.org, bucket, token_file,
        registry=tmp_path / "registry", folder=tmp_path,
    )  # fmt: skip
    options = Options(
        kafka=kafka.brokers, topic=topic, hosts=4, duration="6m", start=START, speed="max",
        dialects=("redfish", "otlp", "kafkapump", "metric-report"),
    )  # fmt: skip
    with DaemonProcess(setup) as daemon:
        daemon.start()
        simulate(options, QUIET)
        wait_until_committed(setup, partitions=2)
        assert daemon.stop() == 0
    stored = read_points(influx.url, influx.token, influx.org, bucket)
    rows = Counter(dict(tags)["host"] for measurement, tags, _ in stored if measurement == "reading")
    assert {f"r01-n0{n}" for n in (1, 2, 3, 4)} | {"pdu-r01-a", "ups-b"} <= set(rows)
    assert all(count >= 15 for count in rows.values())  # of 18 polls; the last ticks wait for more
