"""Real Kafka and InfluxDB for the tests of this folder, on ports and data of this test run only."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from influxdb_client import InfluxDBClient
from kafka.admin import KafkaAdminClient, NewTopic

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # deploy/ is no part of the installed package

from daemon_process import DaemonProcess, Setup
from fleet import MINUTE, Fleet, S, make_setup

from deploy.local import services
from deploy.local.builds import MissingToolError, ServicesError
from deploy.local.influx_server import InfluxServer
from deploy.local.kafka_server import KafkaServer

HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.services)


def pytest_collection_finish(session: pytest.Session) -> None:
    """A first build takes longer than any test may, so it is done before the first test."""
    if session.config.option.collectonly or not any(HERE in item.path.parents for item in session.items):
        return
    with contextlib.suppress(ServicesError):  # the fixtures say it, test by test
        services.prepare()


@pytest.fixture(scope="session")
def real_services() -> None:
    """Skips where neither server can be had; where CI=true that is a failure."""
    try:
        services.prepare()
    except MissingToolError as missing:
        reason = f"no real services here: {missing}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def kafka(real_services: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """The Kafka that all tests share. Whoever kills or pauses a broker takes `own_kafka`."""
    with KafkaServer(tmp_path_factory.mktemp("kafka")) as server:
        yield server.start()


@pytest.fixture(scope="session")
def influx(real_services: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    """The InfluxDB that all tests share. Whoever kills or pauses one takes `own_influx`."""
    with InfluxServer(tmp_path_factory.mktemp("influxdb")) as server:
        yield server.start()


@pytest.fixture
def own_kafka(real_services: None, tmp_path: Path) -> Iterator[KafkaServer]:
    """A running Kafka of this test alone: to stop, kill, pause and start again."""
    with KafkaServer(tmp_path / "own-kafka") as server:
        yield server.start()


@pytest.fixture
def own_influx(real_services: None, tmp_path: Path) -> Iterator[InfluxServer]:
    """A running InfluxDB of this test alone: to stop, kill, pause and start again."""
    with InfluxServer(tmp_path / "own-influxdb") as server:
        yield server.start()


@pytest.fixture
def unique_name(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Gives a new name for a topic, group or bucket at each call; it tells which test it belongs to."""
    test = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)[:60]
    run = uuid.uuid4().hex[:8]
    count = itertools.count(1)
    return lambda: f"{test}-{run}-{next(count)}"


@pytest.fixture
def new_topic(kafka: KafkaServer, unique_name: Callable[[], str]) -> Callable[..., str]:
    """Creates a topic on the shared Kafka: `new_topic(partitions=3)` gives its name."""

    def create(partitions: int = 1) -> str:
        topic = unique_name()
        admin = KafkaAdminClient(bootstrap_servers=kafka.brokers)
        try:
            admin.create_topics([NewTopic(topic, num_partitions=partitions, replication_factor=1)])
        finally:
            admin.close()
        return topic

    return create


@pytest.fixture
def topic(new_topic: Callable[..., str]) -> str:
    """A new topic of one partition on the shared Kafka."""
    return new_topic()


@pytest.fixture
def new_bucket(influx: InfluxServer, unique_name: Callable[[], str]) -> Callable[[], str]:
    """Creates a bucket without end on the shared InfluxDB and gives its name."""

    def create() -> str:
        bucket = unique_name()
        with InfluxDBClient(influx.url, influx.token, org=influx.org) as client:
            client.buckets_api().create_bucket(bucket_name=bucket, org=influx.org)
        return bucket

    return create


@pytest.fixture
def bucket(new_bucket: Callable[[], str]) -> str:
    """A new bucket on the shared InfluxDB."""
    return new_bucket()


@pytest.fixture
def setup(kafka: KafkaServer, influx: InfluxServer, topic: str, bucket: str, tmp_path: Path) -> Setup:
    """A site of two racks that a daemon may run at."""
    return make_setup(kafka, influx, topic, bucket, tmp_path)


@pytest.fixture
def fleet(setup: Setup) -> Fleet:
    """Its hosts, whose telemetry begins an hour ago."""
    return Fleet(setup, time.time_ns() // S * S - 60 * MINUTE, [])


@pytest.fixture
def daemon(setup: Setup) -> Iterator[DaemonProcess]:
    """A daemon that runs."""
    with DaemonProcess(setup) as daemon:
        yield daemon.start()
