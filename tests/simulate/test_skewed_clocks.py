"""A host whose clock is off, through the whole pipeline: told where the record's time is the broker's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import zstandard
from simulated import fleet, plan_of, sent_by

from agent.clock_offset import ClockOffset
from agent.pipeline import Output, Pipeline
from agent.points import Point
from agent.progress import Quiet
from agent.recording import in_polls, read_recording
from agent.replay import replay_recordings
from agent.scoring import Scorer
from agent.simulate.fault_spec import read_fault
from agent.state import decode_record, encode_host, host_of_record
from agent.telemetry.readings import Message
from agent.topology import Topology

MINUTES = 75
FAULTY, OTHER = "r01-n02", "r01-n01"
Fields = dict[str, float | str]


def log_of(fault: str = "") -> list[Message]:
    """Three hosts' messages as a topic with LogAppendTime has them; the fault begins at minute 10."""
    plan = plan_of(fleet(3), MINUTES)
    if fault:
        plan = plan_of(fleet(3), MINUTES, (read_fault(fault, plan),))
    return [
        Message(
            one.value, one.key.encode(), round(one.arrived_s * 1_000), "t", offset=at, is_append_time=True
        )
        for at, one in enumerate(sent_by(plan, "native"))
    ]


@pytest.fixture(scope="module", params=["subtle", "moderate", "severe"])
def skewed(request: pytest.FixtureRequest) -> list[Message]:
    """The twin's own clock faults: 2 min ahead, 10 min, 1 h."""
    return log_of(f"clock_skew@{FAULTY}:10m,{request.param}")


def alerts_of(output: Output) -> dict[str, Fields]:
    """The last state of every alert of kind `sensor`, by host."""
    points = (point for point in output.points if point.measurement == "alert" and "id" in point.fields)
    return {point.tags["host"]: dict(point.fields) for point in points if point.tags["kind"] == "sensor"}


def run(log: Sequence[Message], polls: int = 500, restart_at: int = -1) -> Output:
    """All that comes of a log; with a restart, of two processes of which one restores the other's hosts."""
    pipeline, output = Pipeline(Scorer({})), Output()
    for messages in in_polls(iter(log), polls):
        first = messages[0].offset
        if 0 <= restart_at <= first:
            records = [encode_host(host, first, 0) for host in pipeline.hosts.values()]
            pipeline, restart_at = Pipeline(Scorer({})), -1
            pipeline.adopt([host_of_record(decode_record(record)) for record in records])
        output.add(pipeline.process(messages))
    return output


def told(output: Output) -> list[str]:
    """Every point and event, as written."""
    return sorted(
        [repr(point) for point in output.points]
        + [msgspec.json.encode(event).decode() for event in output.events]
    )


def test_the_twins_clock_faults_are_told_of_their_host_alone(skewed: list[Message]) -> None:
    alerts = alerts_of(run(skewed))
    assert set(alerts) == {FAULTY}
    alert = alerts[FAULTY]
    assert (alert["fault"], alert["severity"], alert["state"]) == ("clock_skew", "P3", "open")
    offset, limit, messages, held = json.loads(str(alert["evidence"]))
    assert offset["unit"] == "s"
    assert any(abs(offset["seen"] - size_s) < 2 for size_s in (120, 600, 3_600))
    assert (limit["seen"], limit["unit"]) == (40.0, "s")
    assert messages["seen"] >= 20
    assert held["seen"] >= 500
    assert " s ahead (limit 40 s)" in str(alert["diagnosis"])
    is_dropped = offset["seen"] > 120
    assert str(alert["diagnosis"]).endswith("; those more than 2 min ahead are not used.") == is_dropped
    assert alert["actions"] == "Set the time source of the host's BMC"


def test_with_the_producers_own_time_nothing_is_claimed(skewed: list[Message]) -> None:
    by_producer = [replace(message, is_append_time=False) for message in skewed]
    assert not any(alert["fault"] == "clock_skew" for alert in alerts_of(run(by_producer)).values())


def test_polls_of_another_size_and_a_restart_give_the_same(skewed: list[Message]) -> None:
    through = told(run(skewed))
    assert told(run(skewed, polls=37)) == through
    for share in (0.2, 0.25, 0.4):  # before the claim, about it, and after
        assert told(run(skewed, restart_at=int(share * len(skewed)))) == through


def test_a_record_from_before_clocks_were_judged_begins_to_judge_them(skewed: list[Message]) -> None:
    pipeline = Pipeline(Scorer({}))
    pipeline.process(skewed[:200])
    host = pipeline.hosts[FAULTY]
    assert host.clock_offset.count > 0
    fields = msgspec.msgpack.decode(zstandard.decompress(encode_host(host, 200, 0)))
    del fields["clock_offset"]
    old = decode_record(zstandard.compress(msgspec.msgpack.encode(fields)))
    assert host_of_record(old).clock_offset == ClockOffset()


def test_right_clocks_are_never_claimed() -> None:
    assert alerts_of(run(log_of())) == {}


def test_a_clock_that_is_set_right_ends_its_alert() -> None:
    (alert,) = alerts_of(run(log_of(f"clock_skew@{FAULTY}:5m+25m,severe"))).values()
    assert (alert["fault"], alert["state"]) == ("clock_skew", "resolved")


def test_a_clock_that_steps_back_an_hour_is_told_while_its_readings_are_all_late() -> None:
    log = log_of()
    step_ms = (log[0].timestamp_ms or 0) + 10 * 60_000
    behind = [
        replace(message, value=_moved(message, -3_600))
        if message.key == FAULTY.encode() and (message.timestamp_ms or 0) > step_ms
        else message
        for message in log
    ]
    alerts = alerts_of(run(behind))
    assert set(alerts) == {FAULTY}
    assert "3,60" in str(alerts[FAULTY]["diagnosis"])
    assert " s behind (limit 120 s)" in str(alerts[FAULTY]["diagnosis"])


def _moved(message: Message, by_s: int) -> bytes:
    record = json.loads(message.value or b"")
    record["ts"] = (datetime.fromisoformat(record["ts"]) + timedelta(seconds=by_s)).isoformat()
    return json.dumps(record).encode()


def test_a_recording_that_says_append_is_replayed_as_the_daemon_reads_it(
    skewed: list[Message], tmp_path: Path
) -> None:
    def record(message: Message, **more: str) -> bytes:
        value, key = (message.value or b"").decode(), (message.key or b"").decode()
        return json.dumps({"key": key, "timestamp_ms": message.timestamp_ms, "value": value} | more).encode()

    said, unsaid = tmp_path / "said.jsonl", tmp_path / "unsaid.jsonl"
    said.write_bytes(b"\n".join(record(message, timestamp_type="append") for message in skewed))
    unsaid.write_bytes(b"\n".join(record(message) for message in skewed))
    assert all(message.is_append_time for message in read_recording(said))
    replayed, other = (replay_recordings([path], None, Topology(), Quiet()).points for path in (said, unsaid))
    assert _faults(replayed, "alert") - _faults(other, "alert") == {"clock_skew"}
    (incident,) = (p for p in replayed if p.measurement == "incident" and p.tags["anchor"] == FAULTY)
    assert incident.fields["hosts"] == 1


def _faults(points: Sequence[Point], measurement: str) -> set[object]:
    return {point.fields["fault"] for point in points if point.measurement == measurement}
