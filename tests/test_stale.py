"""An open alert of a host whose data stopped keeps its state and says so, by clocks that no backlog moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.host import Host
from agent.pipeline import Pipeline
from agent.points import Point
from agent.progress import Quiet
from agent.replay import replay_recordings
from agent.scoring import Scorer
from agent.stale import GAP_NS, LOOK_EVERY_NS, EndClock, EventClock, StaleWatch
from agent.telemetry.readings import Message
from agent.topology import Topology

S = 1_000_000_000
MINUTE = 60 * S
START_NS = 1_767_225_600 * S
LIMIT = 90
P0 = "telemetry/0"


def line(host: str, second: int, celsius: int) -> str:
    return (
        f"redfish_thermal_temperatures,source={host},name=CPU1\\ Temp "
        f"reading_celsius={celsius}i,upper_threshold_critical={LIMIT}i {START_NS + second * S}"
    )


def log(minutes: int, hot_until: int, back_at: int | None = None) -> list[str]:
    """n01 and n02 send every ten seconds. n01 is too hot from minute 2 on, and sends nothing from minute
    `hot_until` to `back_at`."""
    lines = []
    for second in range(0, minutes * 60, 10):
        is_away = hot_until * 60 <= second < (back_at if back_at is not None else minutes) * 60
        if not is_away:
            lines.append(line("n01", second, 99 if second >= 120 else 40))
        lines.append(line("n02", second, 40))
    return lines


def replayed(folder: Path, lines: list[str], poll_messages: int = 100) -> list[Point]:
    recording = folder / "log.txt"
    recording.write_text("\n".join(lines) + "\n")
    found = replay_recordings([recording], None, Topology(), Quiet(), poll_messages=poll_messages)
    return [
        point for point in found.points if point.measurement == "alert" and point.tags["kind"] == "condition"
    ]


@pytest.mark.parametrize("poll_messages", [1, 7, 100, 10_000])
def test_an_alert_is_stale_once_its_host_stopped_while_others_go_on(
    tmp_path: Path, poll_messages: int
) -> None:
    (alert,) = replayed(tmp_path, log(20, hot_until=5), poll_messages)
    assert (alert.tags["host"], alert.fields["state"], alert.fields["data"]) == ("n01", "open", "stale")


def test_it_is_live_again_with_the_hosts_next_tick(tmp_path: Path) -> None:
    (alert,) = replayed(tmp_path, log(20, hot_until=5, back_at=15))
    assert (alert.fields["state"], alert.fields["data"]) == ("open", "live")


def test_a_short_pause_and_a_recording_that_ends_for_all_are_no_stop(tmp_path: Path) -> None:
    (alert,) = replayed(tmp_path, log(7, hot_until=5))
    assert alert.fields["data"] == "live"
    (alert,) = replayed(tmp_path, log(20, hot_until=20))
    assert alert.fields["data"] == "live"


def test_a_gap_in_which_nobody_sent_is_no_stop(tmp_path: Path) -> None:
    (alert,) = replayed(tmp_path, [t for t in log(300, hot_until=300) if not 600 <= second_of(t) < 17_940])
    assert alert.fields["data"] == "live"


def second_of(text: str) -> int:
    return (int(text.rpartition(" ")[2]) - START_NS) // S


def test_in_the_daemon_no_host_changes_by_what_others_send() -> None:
    """What its pipeline makes of a host depends on that host's log alone, whatever is restored when."""
    pipeline = Pipeline(Scorer({}))
    pipeline.process([Message(text.encode(), topic="telemetry") for text in log(20, hot_until=5)])
    (host,) = pipeline.hosts_with_alerts()
    assert [track.alert.data for track in host.alerts.tracks.values() if track.alert] == ["live"]


# -- the clocks --------------------------------------------------------------------------------------------


def test_event_time_passes_by_minutes_and_a_gap_counts_little() -> None:
    clock = EventClock()
    assert [clock.advance(START_NS + s * S, 10 * S) for s in (0, 30, 60, 61, 50, 120)] == [
        False, False, True, False, False, True,
    ]  # fmt: skip
    assert clock.passed_ns == 2 * MINUTE
    clock.advance(START_NS + 600 * MINUTE, 10 * S)
    assert clock.passed_ns == 2 * MINUTE + GAP_NS


def test_wall_time_passes_only_where_the_log_was_at_its_end_before_and_is() -> None:
    clock, now_ns = EndClock(), 0
    for at_end in (True, True, False, True, True, True):
        now_ns += LOOK_EVERY_NS
        clock.advance(P0, now_ns, at_end)
    assert clock.passed_ns[P0] == 3 * LOOK_EVERY_NS
    clock.advance(P0, now_ns + 3_600 * S, True)  # the process was stopped, not the host
    assert clock.passed_ns[P0] == 5 * LOOK_EVERY_NS


def hot_host() -> Host:
    pipeline = Pipeline(Scorer({}))
    pipeline.process([Message(text.encode(), topic="telemetry") for text in log(3, hot_until=3)])
    (host,) = pipeline.hosts_with_alerts(pipeline.hosts["n01"].source)
    return host


def test_how_long_counts_from_when_the_newest_tick_was_seen() -> None:
    host, watch = hot_host(), StaleWatch()
    assert list(watch.look([host], 100 * MINUTE)) == []
    assert list(watch.look([host], 102 * MINUTE)) == []
    ((stopped, (alert,)),) = watch.look([host], 103 * MINUTE)
    assert (stopped.name, alert.data, alert.state) == ("n01", "stale", "open")
    assert list(watch.look([host], 110 * MINUTE)) == []
