"""Operators' commands on a real Kafka and InfluxDB: obeyed in seconds, exact when the daemon is killed."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from compare import as_stored, differences, read_points, summarise
from daemon_process import DaemonProcess, Setup, wait_until_committed
from fleet import (
    COOL,
    HOT,
    MINUTE,
    OBEYED_S,
    Fleet,
    S,
    incidents,
    make_setup,
    states,
    wait_until,
)
from kafka import KafkaProducer

from agent.config import load_config
from agent.delivery.state_topic import read_state
from agent.progress import Quiet
from agent.replay import replay_recordings
from agent.site_events import HostSummary, SiteEvent, SourceMark
from agent.state import HostRecord, decode_record
from agent.topology import load_topology
from deploy.local.influx_server import InfluxServer
from deploy.local.kafka_server import KafkaServer


def hosts(setup: Setup, *arguments: str) -> list[dict[str, object]]:
    """`coldaisle hosts …`, as a process of its own."""
    command = [sys.executable, "-m", "agent", "hosts", *arguments, "--json", "--config"]
    done = subprocess.run(
        [*command, str(setup.config_file)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def record_of(setup: Setup, host: str) -> HostRecord | None:
    data = read_state(load_config(setup.config_file)).get(host.encode())
    return decode_record(data) if data is not None else None


def is_muted(setup: Setup, host: str) -> bool:
    """Whether the mute stands in the host's own record: it has been done to it."""
    record = record_of(setup, host)
    return record is not None and record.alerts.mute is not None and not record.alerts.mute.is_over


def test_a_muted_host_is_suppressed_through_a_crash_and_told_once_the_mute_ends(
    setup: Setup, influx: InfluxServer, fleet: Fleet, daemon: DaemonProcess
) -> None:
    fleet.send(10, n01=COOL, n02=COOL)
    wait_until_committed(setup, 1)
    assert [(told["host"], told["state"], told["rack"]) for told in hosts(setup, "list")] == [
        ("n01", "ok", "r1"),
        ("n02", "ok", "r2"),
    ]
    assert hosts(setup, "mute", "n01", "--for", "2h", "--reason", "fans")[0]["host"] == "n01"
    wait_until(lambda: is_muted(setup, "n01"), "the mute is in the record", OBEYED_S)
    fleet.send(3, n01=HOT, n02=HOT)
    wait_until(lambda: "n02" in incidents(influx, setup), "the other host's incident")
    assert states(influx, setup) == {"n01": "suppressed", "n02": "open"}
    daemon.kill()
    fleet.send(3, n01=HOT, n02=HOT)
    daemon.start()
    wait_until_committed(setup, 1)
    assert states(influx, setup) == {"n01": "suppressed", "n02": "open"}
    assert incidents(influx, setup) == {"n02": "open"}
    (listed,) = hosts(setup, "list", "n01")
    assert (listed["state"], listed["mute_reason"]) == ("muted", "fans")
    hosts(setup, "unmute", "n01")
    wait_until(lambda: "n01" in incidents(influx, setup), "its own incident", OBEYED_S)
    assert states(influx, setup) == {"n01": "open", "n02": "open"}
    assert incidents(influx, setup) == {"n01": "open", "n02": "open"}
    assert daemon.stop() == 0


def test_killed_around_every_command_the_daemon_ends_up_with_what_a_replay_has(
    setup: Setup, influx: InfluxServer, fleet: Fleet, daemon: DaemonProcess, tmp_path: Path
) -> None:
    chance = random.Random(5)
    fleet.send(10, n01=COOL, n02=COOL, n03=COOL)
    wait_until_committed(setup, 1)
    for command in ("mute", "unmute", "mute", "unmute"):
        hosts(setup, command, "n01", "n03")
        time.sleep(chance.uniform(0, 1.0))  # before it is obeyed, or while it is, or just after
        daemon.kill()
        fleet.send(4, n01=HOT, n02=HOT, n03=COOL)
        daemon.start()
        time.sleep(chance.uniform(1.0, 4.0))
    wait_until_committed(setup, 1)
    wait_until(lambda: not is_muted(setup, "n01"), "the last unmute", OBEYED_S)
    wait_until(lambda: incidents(influx, setup).keys() == {"n01", "n02"}, "both incidents")
    assert daemon.stop() == 0
    recording = tmp_path / "log.txt"
    recording.write_bytes(b"\n".join(message.value or b"" for message in fleet.sent) + b"\n")
    inventory = load_topology(setup.folder / "topology.csv")
    replayed = replay_recordings([recording], None, inventory, Quiet(), close_at_end=False)
    found = read_points(influx.url, influx.token, influx.org, setup.bucket)
    different = differences(
        found, as_stored(replayed.points), ("anomaly_score", "reading", "alert"), leave_out=("incident",)
    )
    assert not different, summarise(different)


def tell_silence_of(setup: Setup, silent: str, speaking: str) -> None:
    """Events as another instance would send them: one host went silent half an hour ago."""
    source, start_ns = f"{setup.topic}/0", time.time_ns() - 30 * MINUTE
    events: list[SiteEvent] = []
    for minute in range(12):
        at_ns = start_ns + minute * MINUTE
        events.append(SourceMark(source, at_ns, 50, at_end=True))
        heard = (silent, speaking) if minute < 4 else (speaking,)
        events += [HostSummary(host, source, at_ns + S, 10 * S, 0.1) for host in heard]
    producer = KafkaProducer(bootstrap_servers=setup.brokers)
    for event in events:
        producer.send(f"{setup.group}.alerts", value=msgspec.json.encode(event), partition=0)
    producer.flush()
    producer.close()


@pytest.mark.parametrize("dies_after_s", [None, 0.0, 0.5])
def test_a_forgotten_host_is_silent_no_longer_and_a_new_one_when_it_reports_again(
    setup: Setup, influx: InfluxServer, fleet: Fleet, daemon: DaemonProcess, dies_after_s: float | None
) -> None:
    fleet.send(10, n01=COOL, n02=COOL)
    fleet.send(2, n01=COOL, n02=HOT)
    wait_until_committed(setup, 1)
    tell_silence_of(setup, "n02", "n01")
    key = ("alert", (("host", "n02"), ("kind", "silence")))

    def silence_of_n02() -> object:
        found = read_points(influx.url, influx.token, influx.org, setup.bucket)
        return next((fields["state"] for (m, tags, _), fields in found.items() if (m, tags) == key), None)

    wait_until(lambda: silence_of_n02() == "open", "its silence")
    hosts(setup, "forget", "n02", "--yes")
    if dies_after_s is not None:
        time.sleep(dies_after_s)
        daemon.kill()
        daemon.start()
    wait_until(lambda: record_of(setup, "n02") is None, "its record is gone")
    wait_until(lambda: silence_of_n02() == "resolved", "its silence is over")
    found = read_points(influx.url, influx.token, influx.org, setup.bucket)
    open_incidents = [
        fields["host_list"]
        for (measurement, _, _), fields in found.items()
        if measurement == "incident" and fields["state"] == "open"
    ]
    assert not any("n02" in str(listed) for listed in open_incidents)
    assert [told["host"] for told in hosts(setup, "list")] == ["n01"]
    daemon.kill()
    fleet.send(2, n01=COOL)
    daemon.start()
    wait_until_committed(setup, 1)
    assert record_of(setup, "n02") is None
    fleet.send(4, n01=COOL, n02=COOL)
    wait_until_committed(setup, 1)
    wait_until(lambda: record_of(setup, "n02") is not None, "the new host's record")
    record = record_of(setup, "n02")
    assert record is not None
    assert record.forgotten_ns > 0
    assert record.values.shape[0] < 6  # ticks that it remembers
    assert daemon.stop() == 0


def test_every_instance_obeys(
    kafka: KafkaServer, influx: InfluxServer, new_topic: Callable[..., str], bucket: str, tmp_path: Path
) -> None:
    setup = make_setup(kafka, influx, new_topic(partitions=2), bucket, tmp_path)
    fleet = Fleet(setup, time.time_ns() // S * S - 60 * MINUTE, [])
    names = [f"n{at:02}" for at in range(1, 9)]
    with DaemonProcess(setup, "first") as first, DaemonProcess(setup, "second") as second:
        first.start().wait_until_logged("partition taken")
        second.start().wait_until_logged("partition taken")
        fleet.send(10, **dict.fromkeys(names, COOL))
        wait_until_committed(setup, 2)
        listed = hosts(setup, "list")
        assert len({told["source"] for told in listed}) == 2
        hosts(setup, "mute", *names)
        wait_until(lambda: all(is_muted(setup, host) for host in names), "all are muted", OBEYED_S)
        fleet.send(3, **dict.fromkeys(names, HOT))
        wait_until_committed(setup, 2)
        wait_until(lambda: len(states(influx, setup)) == len(names), "all alerts")
        assert set(states(influx, setup).values()) == {"suppressed"}
        first.kill()
        wait_until_committed(setup, 2)
        hosts(setup, "unmute", *names[:4])
        wait_until(lambda: incidents(influx, setup), "incidents after the other one has taken over")
        wait_until(
            lambda: [states(influx, setup)[host] for host in names] == ["open"] * 4 + ["suppressed"] * 4,
            "half of them are open",
        )
        assert second.stop() == 0


def test_a_changed_inventory_is_taken_up_by_the_running_daemon(
    setup: Setup, influx: InfluxServer, fleet: Fleet, daemon: DaemonProcess
) -> None:
    inventory = setup.folder / "topology.csv"
    fleet.send(10, n01=COOL, n02=COOL)
    wait_until_committed(setup, 1)
    inventory.write_text("host,rack\nn01,r1\nn01,r2\n")
    daemon.wait_until_logged("line 3: host n01 is already in line 2")
    inventory.write_text("host,rack\nn01,r1\nn02,r7\n")
    daemon.wait_until_logged("inventory taken up")
    fleet.send(3, n01=HOT, n02=HOT)
    wait_until(lambda: len(states(influx, setup)) == 2, "both alerts")
    found = read_points(influx.url, influx.token, influx.org, setup.bucket)
    racks = {dict(tags)["host"]: fields["rack"] for (m, tags, _), fields in found.items() if m == "alert"}
    assert racks == {"n01": "r1", "n02": "r7"}
    assert daemon.log().count("inventory is wrong") == 1
    assert daemon.stop() == 0
