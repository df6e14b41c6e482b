"""A daemon on a topic that the broker stamps: it tells a host whose clock is wrong, and on no other topic."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from compare import read_points
from daemon_process import DaemonProcess, Setup, produce, wait_until_committed
from fleet import S, make_setup
from kafka.admin import KafkaAdminClient, NewTopic

from agent.clock_offset import SPAN_NS
from agent.config import load_config
from agent.delivery.group_state import send_controls
from agent.pipeline import Pipeline
from agent.scoring import Scorer
from agent.state import encode_host
from agent.telemetry.readings import Message
from deploy.local.influx_server import InfluxServer
from deploy.local.kafka_server import KafkaServer

AHEAD_S, PERIOD_S = 600, 10
FAR_OFFSET = 1_000


@pytest.fixture
def setup_with(
    kafka: KafkaServer, influx: InfluxServer, unique_name: Callable[[], str], bucket: str, tmp_path: Path
) -> Callable[[str], Setup]:
    """A site whose one topic has times of this type."""

    def make(timestamp_type: str) -> Setup:
        topic, admin = unique_name(), KafkaAdminClient(bootstrap_servers=kafka.brokers)
        try:
            admin.create_topics(
                [NewTopic(topic, 1, 1, topic_configs={"message.timestamp.type": timestamp_type})]
            )
        finally:
            admin.close()
        return make_setup(kafka, influx, topic, bucket, tmp_path)

    return make


def message(setup: Setup, append_ns: int, offset: int = 0) -> Message:
    """What the host sends at a moment; by its own clock it is ten minutes later."""
    own_ns = append_ns + AHEAD_S * S
    line = f"redfish_thermal_temperatures,source=n01,name=CPU1\\ Temp reading_celsius=40i {own_ns}"
    return Message(line.encode(), b"n01", append_ns // 1_000_000, setup.topic, 0, offset, is_append_time=True)


def write_record_of_the_ten_minutes_before(setup: Setup, until_ns: int) -> None:
    """The host as an earlier daemon left it, of a log that was cut off since: one span has closed, with the
    next message a second one does."""
    begin_ns, polls = until_ns - 2 * SPAN_NS, range(2 * SPAN_NS // (PERIOD_S * S))
    pipeline = Pipeline(Scorer({}))
    pipeline.process([message(setup, begin_ns + at * PERIOD_S * S, FAR_OFFSET + at) for at in polls])
    host = pipeline.hosts["n01"]
    assert len(host.clock_offset.spans) == 1
    assert host.skew is None
    fix = [sys.executable, "-m", "agent", "check", "--fix", "--config", str(setup.write_config())]
    subprocess.run(fix, check=False, capture_output=True, timeout=120)
    send_controls(load_config(setup.config_file), {b"n01": encode_host(host, 0, until_ns)}, [])


def alerts_after_a_minute_more(setup: Setup, influx: InfluxServer) -> dict[str, str]:
    """Fault → diagnosis, of what the daemon wrote."""
    now_ns = time.time_ns()
    write_record_of_the_ten_minutes_before(setup, now_ns // SPAN_NS * SPAN_NS)
    more = [message(setup, now_ns + at * S) for at in range(-20, 0)]
    produce(setup, more, [b"n01"] * len(more))
    with DaemonProcess(setup) as daemon:
        daemon.start()
        wait_until_committed(setup, 1)
        assert daemon.stop() == 0
    found = read_points(influx.url, influx.token, influx.org, setup.bucket)
    return {
        str(fields["fault"]): str(fields["diagnosis"])
        for (measurement, _, _), fields in found.items()
        if measurement == "alert"
    }


def test_on_a_topic_with_append_times_a_host_that_is_ten_minutes_ahead_is_told(
    setup_with: Callable[[str], Setup], influx: InfluxServer
) -> None:
    """None of its readings can be used: they are more than two minutes ahead, and close no tick."""
    alerts = alerts_after_a_minute_more(setup_with("LogAppendTime"), influx)
    assert list(alerts) == ["clock_skew"]
    assert "The clock of n01 is 600 s ahead" in alerts["clock_skew"]


def test_on_a_topic_with_the_producers_times_the_same_host_is_not_claimed(
    setup_with: Callable[[str], Setup], influx: InfluxServer
) -> None:
    assert alerts_after_a_minute_more(setup_with("CreateTime"), influx) == {}
