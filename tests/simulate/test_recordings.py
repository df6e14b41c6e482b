"""Recordings: equal seeds make equal files, the truth stands beside them, and their memory is bounded."""

from __future__ import annotations

import io
import json
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from simulated import fleet, plan_of, sent_by

from agent.errors import ConfigError
from agent.recording import read_recording
from agent.simulate.command import simulate
from agent.simulate.options import Options
from agent.simulate.plan import read_dialects, writers_of
from agent.simulate.stream import stream
from agent.telemetry.decoder import Decoder
from agent.topology import load_topology
from models.twin.fleet_run import FleetRun

QUIET = Console(file=io.StringIO())
SHORT = Options(hosts=3, duration="3m")


def run(out: Path, **changes: object) -> None:
    simulate(replace(SHORT, out=out, **changes), QUIET)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a.log", "a.log.gz", "a.jsonl.zst"])
def test_equal_seeds_make_equal_files(tmp_path: Path, name: str) -> None:
    contents = []
    for folder, seed in (("one", 5), ("two", 5), ("three", 6)):
        (tmp_path / folder).mkdir()
        run(tmp_path / folder / name, seed=seed)
        contents.append((tmp_path / folder / name).read_bytes())
    assert contents[0] == contents[1] != contents[2]


@pytest.mark.parametrize("name", ["a.log", "a.log.gz", "a.jsonl", "a.jsonl.zst"])
def test_the_agent_reads_what_was_written(tmp_path: Path, name: str) -> None:
    run(tmp_path / name, dialects=("redfish", "native"))
    messages = list(read_recording(tmp_path / name))
    assert len(messages) > 200
    assert Decoder().decode(messages).dead_letters == ()


def test_a_jsonl_has_the_key_and_time_of_every_message(tmp_path: Path) -> None:
    run(tmp_path / "a.jsonl", dialects=("otlp", "ipmi"))
    records = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert {record["key"] for record in records} >= {"r01-n01", "r01-n02", "r01-n03", "ups-a"}
    assert all(record["timestamp_ms"] % 1000 == 0 for record in records)
    assert {"value", "value_base64"} == {key for record in records for key in record} - {
        "key",
        "timestamp_ms",
    }
    for message, record in zip(read_recording(tmp_path / "a.jsonl"), records, strict=True):
        assert (message.key, message.timestamp_ms) == (record["key"].encode(), record["timestamp_ms"])


def test_binary_messages_are_no_lines(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"a\.log; expected a name that ends in \.jsonl"):
        run(tmp_path / "a.log", dialects=("otlp",))
    assert not (tmp_path / "a.log").exists()


def test_the_truth_stands_beside_the_recording_and_tells_the_faults(tmp_path: Path) -> None:
    after_the_end = "fan_failure@r01-n01:1h"
    faults = ("psu_failure@r01-n02:30s+60s,part=2", "workload_surge@r01-n01:1m", after_the_end)
    run(tmp_path / "a.log.gz", faults=faults)
    truth = json.loads((tmp_path / "a.log.gz.truth.json").read_text())
    fault, surge = truth
    assert (fault["host"], fault["kind"], fault["fault"], fault["part"]) == (
        "r01-n02",
        "fault",
        "psu_failure",
        "psu2",
    )
    assert (fault["start"], fault["end"]) == ("2026-03-03T06:00:30Z", "2026-03-03T06:01:30Z")
    assert (fault["scope"], fault["hosts"], fault["profile"]) == ("host", ["r01-n02"], "step")
    assert (surge["kind"], surge["end"]) == ("confounder", "2026-03-03T06:03:00Z")
    assert set(fault) == {
        "host", "kind", "fault", "magnitude", "size", "part", "scope", "place", "hosts", "profile", "start",
        "end", "also",
    }  # fmt: skip


def test_the_truth_is_never_in_the_stream(tmp_path: Path) -> None:
    run(tmp_path / "a.jsonl", faults=("fan_failure@r01-n02:1m,severe",), dialects=("mixed",), hosts=20)
    messages = read_recording(tmp_path / "a.jsonl")
    told = b"".join(message.value or b"" for message in messages).decode(errors="replace")
    assert not any(word in told for word in ("failure", "fault", "severe", "truth", "confounder"))


def test_without_a_fault_nothing_else_of_the_stream_changes_before_it() -> None:
    layout = fleet(4)
    healthy, faulty = (
        sent_by(plan_of(layout, 4.0, episodes), "ipmi")
        for episodes in ((), _episodes(layout, "fan_failure@r01-n01:2m"))
    )
    changes_s = healthy[0].stamp_s + 118
    assert [s for s in healthy if s.stamp_s < changes_s] == [s for s in faulty if s.stamp_s < changes_s]
    assert healthy != faulty


def _episodes(layout: object, spec: str) -> tuple[object, ...]:
    from agent.simulate.fault_spec import read_fault

    return (read_fault(spec, plan_of(layout)),)  # type: ignore[arg-type]


def test_the_topology_lists_every_host_and_unit_that_sends(tmp_path: Path) -> None:
    run(tmp_path / "a.jsonl", topology=tmp_path / "topology.csv", hosts=6)
    topology = load_topology(tmp_path / "topology.csv")
    sending = {message.key.decode() for message in read_recording(tmp_path / "a.jsonl") if message.key}
    assert sending == set(topology.hosts())
    place = topology.place("r01-n02")
    assert (place.kind, place.rack, place.pdu_a) == ("server", "r01", "pdu-r01-a")


def test_memory_does_not_grow_with_time() -> None:
    layout = fleet(4)

    def peak_bytes(minutes: float) -> int:
        plan = plan_of(layout, minutes)
        fleet_run = FleetRun(plan)
        writers = writers_of(fleet_run, read_dialects(["ipmi"]))
        tracemalloc.start()
        count = sum(1 for _ in stream(fleet_run, writers, seed=0))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert count > minutes * 3 * 4 * 10
        return peak

    peak_bytes(2.0)  # what is made once
    assert peak_bytes(40.0) < 1.5 * peak_bytes(8.0)
