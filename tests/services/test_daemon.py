"""The daemon on a real Kafka and InfluxDB: killed, starved and stopped, it writes what a replay writes."""

from __future__ import annotations

import gzip
import signal
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import msgspec
import pytest
from compare import as_stored, differences, read_points, summarise
from daemon_process import DaemonProcess, Setup, lag, produce, wait_until_committed
from influxdb_client import InfluxDBClient
from kafka import KafkaConsumer, TopicPartition

from agent.progress import Quiet
from agent.recording import read_recording
from agent.replay import Replayed, replay_recordings
from agent.telemetry.decoder import Decoder
from agent.telemetry.readings import Message
from agent.topology import Topology
from agent.training_command import train_recordings
from deploy.local.influx_server import InfluxServer
from deploy.local.kafka_server import KafkaServer
from models.registry import Registry
from models.training import TrainingOptions

SAMPLE_DATA = Path(__file__).resolve().parents[2] / "sample_data"
PARTITIONS = 3
FIRST_MESSAGE, MESSAGES = 20_000, 24_000  # of the recorded fleet: a surge, a fan that stops, its alert
SCORED = ("anomaly_score", "reading", "alert")
BY_ARRIVAL = ("incident",)  # the one field of an alert that arrival across partitions decides


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of one epoch: these tests compare scores, they do not judge them."""
    folder = tmp_path_factory.mktemp("registry") / "registry"
    options = TrainingOptions(seed=3, epochs=1)
    train_recordings([SAMPLE_DATA / "fleet_normal.log.gz"], folder, Topology(), options, Quiet())
    return folder


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stretch of the recorded fleet as a recording of its own."""
    path = tmp_path_factory.mktemp("recording") / "stretch.log"
    messages = islice(
        read_recording(SAMPLE_DATA / "fleet_faults.log.gz"), FIRST_MESSAGE, FIRST_MESSAGE + MESSAGES
    )
    path.write_bytes(b"\n".join((m.value or b"").strip() for m in messages) + b"\n")
    return path


@pytest.fixture(scope="session")
def messages(recording: Path) -> list[Message]:
    return list(read_recording(recording))


@pytest.fixture(scope="session")
def keys(messages: list[Message]) -> list[bytes]:
    """The host of each message, which a collector keys it by."""
    decoder = Decoder()
    decoded = decoder.decode(messages)
    hosts = [b""] * len(messages)
    for series, message in zip(decoded.readings.series, decoded.readings.message, strict=True):
        hosts[int(message)] = decoder.series[int(series)].host.encode()
    return hosts


@pytest.fixture(scope="session")
def replayed(recording: Path, registry: Path) -> Replayed:
    """What a replay makes of the whole stretch, without the ticks that only its end would close."""
    models = Registry(registry).champion()
    return replay_recordings([recording], models, Topology(), Quiet(), close_at_end=False)


@pytest.fixture
def setup(
    kafka: KafkaServer,
    influx: InfluxServer,
    new_topic: Callable[..., str],
    bucket: str,
    registry: Path,
    tmp_path: Path,
) -> Setup:
    topic = new_topic(partitions=PARTITIONS)
    return make_setup(kafka, influx, topic, bucket, registry, tmp_path)


def make_setup(
    kafka: KafkaServer, influx: InfluxServer, topic: str, bucket: str, registry: Path, folder: Path
) -> Setup:
    token_file = folder / "token"
    token_file.write_text(influx.token)
    token_file.chmod(0o600)
    return Setup(
        brokers=kafka.brokers,
        topic=topic,
        group=f"group-{topic}",
        influx_url=influx.url,
        org=influx.org,
        bucket=bucket,
        token_file=token_file,
        registry=registry,
        folder=folder,
    )


def assert_stored_as_replayed(setup: Setup, influx: InfluxServer, replayed: Replayed) -> None:
    found = read_points(influx.url, influx.token, influx.org, setup.bucket)
    different = differences(found, as_stored(replayed.points), SCORED, leave_out=BY_ARRIVAL)
    assert not different, summarise(different)


def test_killed_again_and_again_the_daemon_writes_what_a_replay_writes(
    setup: Setup, influx: InfluxServer, messages: list[Message], keys: list[bytes], replayed: Replayed
) -> None:
    part = len(messages) // 4
    with DaemonProcess(setup) as daemon:
        for at in range(4):
            produce(setup, messages[at * part : (at + 1) * part], keys[at * part : (at + 1) * part])
            daemon.start()
            wait_until_committed(setup, PARTITIONS, left=part // 2)
            if at < 3:
                daemon.kill()
        wait_until_committed(setup, PARTITIONS)
        assert daemon.stop() == 0
    assert_stored_as_replayed(setup, influx, replayed)


def test_two_instances_write_what_one_would(
    setup: Setup, influx: InfluxServer, messages: list[Message], keys: list[bytes], replayed: Replayed
) -> None:
    half = len(messages) // 2
    with DaemonProcess(setup, "first") as first, DaemonProcess(setup, "second") as second:
        first.start()
        produce(setup, messages[:half], keys[:half])
        wait_until_committed(setup, PARTITIONS, left=half // 2)
        second.start().wait_until_logged("partition taken")
        produce(setup, messages[half:], keys[half:])
        wait_until_committed(setup, PARTITIONS)
        assert first.stop() == 0  # its partitions move
        assert second.stop() == 0
    assert_stored_as_replayed(setup, influx, replayed)


def test_an_instance_that_slept_too_long_is_fenced(
    setup: Setup, influx: InfluxServer, messages: list[Message], keys: list[bytes], replayed: Replayed
) -> None:
    half = len(messages) // 2
    with DaemonProcess(setup, "sleeper") as sleeper, DaemonProcess(setup, "heir") as heir:
        sleeper.start()
        produce(setup, messages[:half], keys[:half])
        wait_until_committed(setup, PARTITIONS, left=half * 3 // 4)
        sleeper.signal(signal.SIGSTOP)
        heir.start()
        produce(setup, messages[half:], keys[half:])
        time.sleep(setup.session_timeout_s + 2)
        sleeper.signal(signal.SIGCONT)
        wait_until_committed(setup, PARTITIONS)
        assert sleeper.stop() == 0
        assert heir.stop() == 0
    assert_stored_as_replayed(setup, influx, replayed)


def test_bad_messages_become_dead_letters_and_the_sums_hold(setup: Setup, influx: InfluxServer) -> None:
    packed = gzip.compress(b"0" * 100_000)
    bad = [b"{not json", b"\xff\xfe", b'{"fields":{"value":1},"name":"x","tags":{}}', packed, None]
    produce(setup, [Message(value) for value in bad], [b""] * len(bad))
    with DaemonProcess(setup) as daemon:
        daemon.start()
        wait_until_committed(setup, PARTITIONS)
        assert daemon.stop() == 0
    letters = read_dead_letters(setup)
    assert len(letters) == len(bad)
    assert {value: headers["reason"] for value, headers in letters} == {
        bad[0]: "not json",
        bad[1]: "not utf-8",
        bad[2]: "no host",
        packed: "unsupported format: gzip",
        None: "tombstone",
    }
    assert all(headers["topic"] == setup.topic and headers["reason"] for _, headers in letters)
    health = read_health(setup, influx)
    assert health["messages_in"] == len(bad) == health["messages_decoded"] + health["dead_letters"]


def test_the_commit_carries_where_to_read_again(
    setup: Setup, messages: list[Message], keys: list[bytes]
) -> None:
    produce(setup, messages[:6000], keys[:6000])
    with DaemonProcess(setup) as daemon:
        daemon.start()
        wait_until_committed(setup, PARTITIONS)
        assert daemon.stop() == 0
    release = Registry(setup.registry).champion_release()
    consumer = KafkaConsumer(bootstrap_servers=setup.brokers, group_id=setup.group, enable_auto_commit=False)
    for partition in range(PARTITIONS):
        committed = consumer.committed(TopicPartition(setup.topic, partition), metadata=True)
        metadata = msgspec.json.decode(committed.metadata)
        assert metadata == {"v": 1, "rw": metadata["rw"], "release": release}
        assert 0 <= metadata["rw"] <= committed.offset
    consumer.close(autocommit=False)


def test_influxdb_that_goes_away_is_waited_for(
    kafka: KafkaServer,
    own_influx: InfluxServer,
    new_topic: Callable[..., str],
    registry: Path,
    tmp_path: Path,
    messages: list[Message],
    keys: list[bytes],
    replayed: Replayed,
) -> None:
    topic = new_topic(partitions=PARTITIONS)
    setup = make_setup(kafka, own_influx, topic, own_influx.bucket, registry, tmp_path)
    half = len(messages) // 2
    with DaemonProcess(setup) as daemon:
        daemon.start()
        produce(setup, messages[:half], keys[:half])
        wait_until_committed(setup, PARTITIONS, left=half // 2)
        own_influx.kill()
        produce(setup, messages[half:], keys[half:])
        time.sleep(setup.session_timeout_s + 2)  # longer than the group would wait for a member that sleeps
        assert daemon.is_running()
        assert lag(setup, PARTITIONS) > 0, "something was committed that InfluxDB cannot have"
        own_influx.restart()
        wait_until_committed(setup, PARTITIONS)
        assert daemon.stop() == 0
    assert_stored_as_replayed(setup, own_influx, replayed)


def test_a_broker_that_is_absent_at_start_and_goes_away_is_waited_for(
    own_kafka: KafkaServer,
    influx: InfluxServer,
    bucket: str,
    registry: Path,
    tmp_path: Path,
    messages: list[Message],
    keys: list[bytes],
    replayed: Replayed,
) -> None:
    setup = make_setup(own_kafka, influx, "telemetry", bucket, registry, tmp_path)
    create_topic(own_kafka, setup.topic)
    half = len(messages) // 2
    produce(setup, messages[:half], keys[:half])
    own_kafka.stop()
    with DaemonProcess(setup) as daemon:
        daemon.start()
        time.sleep(5)
        assert daemon.is_running()
        own_kafka.restart()
        wait_until_committed(setup, PARTITIONS, left=half // 2)
        own_kafka.kill()
        time.sleep(3)
        own_kafka.restart()
        produce(setup, messages[half:], keys[half:])
        wait_until_committed(setup, PARTITIONS)
        assert daemon.stop() == 0
    assert_stored_as_replayed(setup, influx, replayed)


def create_topic(kafka: KafkaServer, topic: str) -> None:
    from kafka.admin import KafkaAdminClient, NewTopic

    admin = KafkaAdminClient(bootstrap_servers=kafka.brokers)
    admin.create_topics([NewTopic(topic, num_partitions=PARTITIONS, replication_factor=1)])
    admin.close()


def read_dead_letters(setup: Setup) -> list[tuple[bytes | None, dict[str, str]]]:
    consumer = KafkaConsumer(
        f"{setup.topic}.dead",
        bootstrap_servers=setup.brokers,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        consumer_timeout_ms=5_000,
    )
    letters = [(r.value, {name: value.decode() for name, value in r.headers}) for r in consumer]
    consumer.close()
    return letters


def read_health(setup: Setup, influx: InfluxServer) -> dict[str, float]:
    flux = """from(bucket: bucket) |> range(start: -1h, stop: 1h)
      |> filter(fn: (r) => r._measurement == "agent_health") |> last()"""
    with InfluxDBClient(influx.url, influx.token, org=influx.org) as client:
        tables = client.query_api().query(flux, params={"bucket": setup.bucket})
    return {record.get_field(): record.get_value() for table in tables for record in table.records}
