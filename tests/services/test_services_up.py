"""The servers that all other tests of this folder rely on do what they are taken for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

from deploy.local.influx_server import InfluxServer, accepts_token
from deploy.local.kafka_server import KafkaServer
from deploy.local.processes import wait_until

CONSUME_TIMEOUT_MS = 20_000
SETTLE_TIMEOUT_S = 20.0


def consume(server: KafkaServer, topic: str, **settings: object) -> list[bytes]:
    """The values of the topic's first partition, as far as they can be read now."""
    consumer = KafkaConsumer(bootstrap_servers=server.brokers, auto_offset_reset="earliest", **settings)
    partition = TopicPartition(topic, 0)
    try:
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        end = consumer.end_offsets([partition])[partition]
        values: list[bytes] = []
        while consumer.position(partition) < end:
            for records in consumer.poll(timeout_ms=CONSUME_TIMEOUT_MS).values():
                values += [record.value for record in records]
        return values
    finally:
        consumer.close()


def produce(server: KafkaServer, topic: str, value: bytes) -> None:
    producer = KafkaProducer(bootstrap_servers=server.brokers, acks="all")
    try:
        producer.send(topic, value).get(timeout=30)
    finally:
        producer.close()


def test_a_message_written_to_kafka_is_read_again(kafka: KafkaServer, topic: str) -> None:
    produce(kafka, topic, b"inlet_temp_c 24.5")
    assert consume(kafka, topic) == [b"inlet_temp_c 24.5"]


def test_a_transaction_commits_offsets_and_messages_together(
    kafka: KafkaServer, new_topic: Callable[..., str], unique_name: Callable[[], str]
) -> None:
    source, target, group = new_topic(), new_topic(), unique_name()
    partition = TopicPartition(source, 0)
    produce(kafka, source, b"in")
    consumer = KafkaConsumer(
        source,
        bootstrap_servers=kafka.brokers,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    producer = KafkaProducer(bootstrap_servers=kafka.brokers, transactional_id=group)
    try:
        records = []
        while not records:
            records = [one for batch in consumer.poll(timeout_ms=1000).values() for one in batch]
        producer.init_transactions()

        producer.begin_transaction()
        producer.send(target, b"aborted")
        producer.flush()
        producer.abort_transaction()

        producer.begin_transaction()
        producer.send(target, b"committed")
        offsets = {partition: OffsetAndMetadata(records[-1].offset + 1, "", -1)}
        producer.send_offsets_to_transaction(offsets, consumer.group_metadata())
        producer.commit_transaction()

        # A broker answers the commit before all partitions know of it; read_committed waits for that.
        assert consumer.committed(partition) == 1
    finally:
        producer.close()
        consumer.close(autocommit=False)
    assert wait_until(
        lambda: consume(kafka, target, isolation_level="read_committed") != [], SETTLE_TIMEOUT_S
    )
    assert consume(kafka, target, isolation_level="read_committed") == [b"committed"]
    assert consume(kafka, target, isolation_level="read_uncommitted") == [b"aborted", b"committed"]


def test_a_point_written_to_influxdb_is_found_by_flux(influx: InfluxServer, bucket: str) -> None:
    with InfluxDBClient(influx.url, influx.token, org=influx.org) as client:
        client.write_api(write_options=SYNCHRONOUS).write(
            bucket, record="power,host=r1u7 watts=312.5 1700000000000000000"
        )
        tables = client.query_api().query(f'from(bucket: "{bucket}") |> range(start: 2023-11-01T00:00:00Z)')
    found = [(row["host"], row.get_field(), row.get_value()) for table in tables for row in table.records]
    assert found == [("r1u7", "watts", 312.5)]


def test_a_killed_kafka_comes_back_with_its_messages_on_the_same_address(own_kafka: KafkaServer) -> None:
    address = own_kafka.brokers
    produce(own_kafka, "before", b"kept")
    own_kafka.kill()
    assert not own_kafka.answers()
    own_kafka.start()
    assert own_kafka.brokers == address
    assert consume(own_kafka, "before") == [b"kept"]


def test_a_killed_influxdb_comes_back_with_its_points_and_token(own_influx: InfluxServer) -> None:
    bucket, token = own_influx.bucket, own_influx.token_file.read_text()
    with InfluxDBClient(own_influx.url, token, org=own_influx.org) as client:
        client.write_api(write_options=SYNCHRONOUS).write(
            bucket, record="power watts=1.5 1700000000000000000"
        )
        own_influx.kill()
        assert not own_influx.answers()
        own_influx.start()
        tables = client.query_api().query(f'from(bucket: "{bucket}") |> range(start: 0)')
    assert [row.get_value() for table in tables for row in table.records] == [1.5]


@pytest.mark.parametrize("token", ["", "not-the-token"])
def test_influxdb_is_closed_to_others(influx: InfluxServer, token: str) -> None:
    assert not accepts_token(influx.url, token)
    assert accepts_token(influx.url, influx.token)
