"""The time to a limit from messages to the incident: of the log alone, whatever the polls and restarts."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.incidents import Site
from agent.pipeline import Pipeline
from agent.points import Point
from agent.progress import Quiet
from agent.replay import replay_recordings
from agent.scoring import Scorer
from agent.site_events import AlertChanged
from agent.state import decode_record, encode_host, host_of_record
from agent.telemetry.readings import Message
from agent.topology import Topology

S = 1_000_000_000
START_NS = 1_767_225_600 * S
ODD_FROM_S, RISES_FROM_S, UNTIL_S = 120, 300, 1_200
K_PER_10_S = 0.5


def celsius(second: int) -> float:
    return 50 + K_PER_10_S * max(0, second - RISES_FROM_S) / 10


def lines(until_s: int = UNTIL_S) -> list[str]:
    """A fan that turns too fast from two minutes on, and a CPU that warms by 3 K a minute from five on."""
    found = []
    for second in range(0, until_s, 10):
        stamp, rpm = START_NS + second * S, 9_000 if second >= ODD_FROM_S else 5_000
        found.append(
            f"redfish_thermal_temperatures,source=n01,name=CPU1\\ Temp "
            f"reading_celsius={celsius(second)} {stamp}"
        )
        found.append(
            f"redfish_thermal_fans,source=n01,name=Fan1 "
            f"reading_rpm={rpm}i,upper_threshold_critical=8000i {stamp}"
        )
    return found


def replayed(folder: Path, poll_messages: int = 100, until_s: int = UNTIL_S) -> Point:
    recording = folder / "log.txt"
    recording.write_text("\n".join(lines(until_s)) + "\n")
    found = replay_recordings([recording], None, Topology(), Quiet(), poll_messages=poll_messages)
    (incident,) = [point for point in found.points if point.measurement == "incident"]
    return incident


@pytest.mark.parametrize("poll_messages", [1, 7, 10_000])
def test_it_is_the_same_whatever_the_polls(tmp_path: Path, poll_messages: int) -> None:
    incident = replayed(tmp_path, poll_messages)
    assert incident == replayed(tmp_path)
    assert "to its limit (" in str(incident.fields["summary_en"])


def test_what_is_told_is_within_a_factor_of_two_of_the_truth(tmp_path: Path) -> None:
    for until_s in (500, 800, 1_100):
        told_s = float(replayed(tmp_path, until_s=until_s).fields["time_to_limit_s"])
        left_s = (95 - celsius(until_s - 10)) / K_PER_10_S * 10
        assert left_s / 2 <= told_s <= 2 * left_s


def test_before_anything_rises_nothing_is_told(tmp_path: Path) -> None:
    assert replayed(tmp_path, until_s=290).fields["time_to_limit_s"] == -1


@pytest.mark.parametrize("cut", [60, 90, 150])
def test_a_restart_changes_nothing(cut: int) -> None:
    log = [Message(line.encode(), topic="t", offset=at) for at, line in enumerate(lines())]
    events = Pipeline(Scorer.of(None)).process(log).events
    first = Pipeline(Scorer.of(None))
    before = first.process(log[:cut]).events
    second = Pipeline(Scorer.of(None))
    second.adopt([host_of_record(decode_record(encode_host(first.hosts["n01"], cut, 0)))])
    after = second.process(log[cut:]).events
    assert [e for e in [*before, *after] if isinstance(e, AlertChanged)] == [
        e for e in events if isinstance(e, AlertChanged)
    ]
    site = Site()
    told = [
        p.fields["time_to_limit_s"] for e in events for p in site.observe(e) if p.measurement == "incident"
    ]
    assert 1 < len({*told}) < 10  # a point for each halving, not for each tick
