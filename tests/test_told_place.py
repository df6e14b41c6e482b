"""Places that tags tell: they count from the reading on that came with them, however the log was polled."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from agent.pipeline import Output, Pipeline
from agent.scoring import Scorer
from agent.site_events import HostSummary
from agent.state import decode_record, encode_host, host_of_record
from agent.telemetry.readings import Message
from agent.told_place import MOST_NAMES, ToldPlace
from agent.topology import Place, Topology

START_S = 1_767_225_600
LOG = [  # minute, rack tag
    *[(minute, "") for minute in range(6)],
    *[(minute, "r1") for minute in range(6, 9)],
    *[(minute, "") for minute in range(9, 12)],
    *[(minute, "r2") for minute in range(12, 15)],
    *[(minute, "r1") for minute in range(15, 17)],  # another collector that was not told of the move
]


def message(minute: int, rack: str) -> Message:
    tags = {"host": "n07", "name": "System Power", "unit": "watts"} | ({"rack": rack} if rack else {})
    metric = {"name": "ipmi_sensor", "tags": tags, "fields": {"value": 400 + minute}}
    value = json.dumps(metric | {"timestamp": START_S + 60 * minute}).encode()
    return Message(value, topic="telemetry", offset=minute)


def racks_in(outputs: list[Output]) -> dict[int, str]:
    """Minute → the rack that the host's summary tells."""
    summaries = [event for output in outputs for event in output.events if isinstance(event, HostSummary)]
    return {(summary.time_ns // 10**9 - START_S) // 60: summary.rack for summary in summaries}


def scores_in(outputs: list[Output]) -> list[object]:
    points = [point for output in outputs for point in output.points]
    return [point.fields["score"] for point in points if point.measurement == "anomaly_score"]


def in_polls_of(pipeline: Pipeline, size: int, log: Sequence[tuple[int, str]] = LOG) -> list[Output]:
    messages = [message(*entry) for entry in log]
    polls = [pipeline.process(messages[at : at + size]) for at in range(0, len(messages), size)]
    return [*polls, pipeline.end()]


def pipeline_of(topology: Topology | None = None) -> Pipeline:
    return Pipeline(Scorer({}), topology, periods_s={"n07": {"power_w": 60.0}})


@pytest.mark.parametrize("size", [1, 2, 5, 7, len(LOG)])
def test_a_rack_counts_from_the_reading_that_told_it_whatever_the_polls(size: int) -> None:
    racks = racks_in(in_polls_of(pipeline_of(), size))
    assert racks == {minute: "r2" if minute >= 12 else "r1" if minute >= 6 else "" for minute in range(17)}


def test_the_inventory_goes_before_what_tags_tell() -> None:
    racks = racks_in(in_polls_of(pipeline_of(Topology({"n07": Place(rack="r9")})), 5))
    assert set(racks.values()) == {"r9"}


def test_a_corrected_inventory_counts_from_the_next_tick_on_and_changes_no_score() -> None:
    log = [(minute, "") for minute in range(60)]
    moved = pipeline_of(Topology({"n07": Place(rack="r8")}))
    first = in_polls_of(moved, 1, log[:40])[:-1]
    moved.relocate(Topology({"n07": Place(rack="r9", kind="gpu")}))
    last = in_polls_of(moved, 1, log[40:])
    assert racks_in([*first, *last]) == {minute: "r8" if minute < 40 else "r9" for minute in range(60)}
    scores = scores_in(in_polls_of(pipeline_of(), 1, log))
    assert len(scores) > 20
    assert scores_in([*first, *last]) == scores


def test_a_new_kind_counts_only_where_no_cohort_has_been_chosen() -> None:
    pipeline = pipeline_of()
    in_polls_of(pipeline, 5)
    host = pipeline.hosts["n07"]
    pipeline.relocate(Topology({"n07": Place(kind="gpu")}))
    assert host.kind == "gpu"
    host.cohort = "0123abcd"
    pipeline.relocate(Topology({"n07": Place(kind="storage")}))
    assert host.kind == "gpu"


def test_a_record_keeps_what_was_told() -> None:
    pipeline = pipeline_of()
    in_polls_of(pipeline, 5)
    host = host_of_record(decode_record(encode_host(pipeline.hosts["n07"], 17, 0)))
    assert host.told_place == ToldPlace(["r1", "r2"])
    host.told_place.hear({"rack": "r1"})  # the first message after a restart tells it anew
    assert host.told_place.rack == "r2"


@pytest.mark.parametrize("first", [4, 8, 13, 17])
def test_a_log_that_is_read_again_by_the_same_agent_tells_its_places_again(first: int) -> None:
    """A partition was lost before anything of it was committed, and came back."""
    pipeline = pipeline_of()
    in_polls_of(pipeline, 5, LOG[:first])
    pipeline.drop(frozenset({"telemetry/0"}))
    assert not pipeline.hosts
    assert racks_in(in_polls_of(pipeline, 5)) == racks_in(in_polls_of(pipeline_of(), 5))


def test_a_host_that_is_forgotten_and_reports_again_stands_where_its_tags_say() -> None:
    pipeline = pipeline_of()
    in_polls_of(pipeline, 5, LOG[:8])
    pipeline.forget("n07")
    assert set(racks_in(in_polls_of(pipeline, 1, [(8, "r1"), (9, ""), (10, "")])).values()) == {"r1"}


def test_tags_that_are_no_places_are_soon_no_longer_noted() -> None:
    place = ToldPlace()
    for at in range(10_000):
        place.hear({"rack": f"r{at}", "row": "A"})
    assert len(place.racks) == MOST_NAMES
    assert place.row == "A"
