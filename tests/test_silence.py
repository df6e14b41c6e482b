from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
from builders import MINUTE_NS, START_NS

from agent.alert import Alert
from agent.points import Point
from agent.progress import Quiet
from agent.replay import replay_recordings
from agent.silence import Silence, Verdict
from agent.site_events import HostSummary, SourceMark
from agent.topology import Topology

P0 = "telemetry/0"


def at(minute: float) -> int:
    return START_NS + int(minute * MINUTE_NS)


def hear(silence: Silence, host: str, minute: float, source: str = P0, period_s: int = 10) -> list[Alert]:
    verdict = silence.hear(HostSummary(host, source, at(minute), period_s * 1_000_000_000, 0.1))
    return told(verdict)


def mark(
    silence: Silence, minute: float, messages: int = 50, at_end: bool = True, source: str = P0
) -> list[Alert]:
    return told(silence.mark(SourceMark(source, at(minute), messages, at_end)))


def told(verdict: Verdict) -> list[Alert]:
    """What a verdict tells: alerts of single hosts and sources, then of groups."""
    return [*verdict.alerts, *(group.alert.copy() for group in verdict.groups)]


def site(*hosts: str) -> Silence:
    """A source that has been watched for a while and whose hosts all spoke at minute 0."""
    silence = Silence()
    for minute in range(-3, 1):
        mark(silence, minute)
        for host in hosts:
            hear(silence, host, minute + 0.1)
    return silence


def run(silence: Silence, minutes: range, speaking: tuple[str, ...] = ("n01",)) -> list[Alert]:
    """Good marks of these minutes, with the hosts that go on reporting; what changed."""
    changed = []
    for minute in minutes:
        changed += mark(silence, minute)
        for host in speaking:
            changed += hear(silence, host, minute + 0.1)
    return changed


def test_a_host_is_silent_after_three_minutes_of_marks_and_one_more() -> None:
    silence = site("n01", "n02")
    assert run(silence, range(1, 5)) == []
    (alert,) = mark(silence, 5)
    assert (alert.host, alert.kind, alert.fault, alert.severity) == ("n02", "silence", "host_silent", "P2")
    assert (alert.onset_ns, alert.raised_ns) == (at(1.1), at(5))
    assert (alert.state, alert.data, alert.score) == ("open", "stale", -1.0)


def test_it_is_told_once() -> None:
    assert len(run(site("n01", "n02"), range(1, 60))) == 1


def test_a_slow_host_may_miss_five_of_its_periods() -> None:
    silence = site("n01")
    hear(silence, "slow", -10, period_s=600)
    hear(silence, "slow", 0, period_s=600)
    assert run(silence, range(1, 51)) == []
    assert [alert.host for alert in run(silence, range(51, 52))] == ["slow"]


def test_it_ends_when_the_host_is_back() -> None:
    silence = site("n01", "n02")
    run(silence, range(1, 10))
    assert hear(silence, "n02", 10) == []  # one may have been under way
    (back,) = hear(silence, "n02", 11)
    assert (back.state, back.ended_ns, back.data) == ("resolved", at(11), "live")


def test_silent_again_within_30_min_is_the_same_alert() -> None:
    silence = site("n01", "n02")
    (first,) = run(silence, range(1, 10))
    hear(silence, "n02", 10)
    hear(silence, "n02", 11)
    (again,) = run(silence, range(12, 21))
    assert (again.id, again.onset_ns, again.state) == (first.id, first.onset_ns, "open")


def test_a_minute_that_was_not_read_to_its_end_says_nothing() -> None:
    silence = site("n01", "n02")
    for minute in range(1, 60):
        assert mark(silence, minute, at_end=False) == []
    assert run(silence, range(60, 63)) == []


def test_a_gap_in_a_recording_silences_nobody() -> None:
    """No marks for two hours; then the hosts come back one after the other."""
    silence = site("n01", "n02", "n03", "n04")
    assert run(silence, range(120, 123)) == []
    for host in ("n02", "n03", "n04"):
        assert hear(silence, host, 122.5) == []
    assert run(silence, range(123, 126), ("n01", "n02", "n03", "n04")) == []


def test_an_outage_of_the_agent_silences_nobody() -> None:
    """Down for two hours and catching up: the time before does not count."""
    silence = site("n01", "n02")
    for minute in range(120, 130):
        mark(silence, minute, at_end=False)
    assert run(silence, range(130, 133)) == []


def test_a_host_is_judged_by_its_own_source_alone() -> None:
    silence = site("n01")
    hear(silence, "n02", 0, source="telemetry/1")
    assert run(silence, range(1, 60)) == []


def test_a_host_whose_clock_is_an_hour_behind_is_not_silent() -> None:
    silence = site("n01")
    hear(silence, "behind", -60)
    for minute in range(1, 30):
        assert run(silence, range(minute, minute + 1)) == []
        assert hear(silence, "behind", minute - 60) == []


def test_a_source_that_stands_still_is_told_once_and_its_hosts_are_not() -> None:
    silence = site("n01", "n02")
    changed = [alert for minute in range(1, 60) for alert in mark(silence, minute, messages=0)]
    assert [(alert.host, alert.fault) for alert in changed] == [(P0, "stream_silent")]
    assert (changed[0].onset_ns, changed[0].raised_ns) == (at(1), at(5))
    (over,) = mark(silence, 60)
    assert (over.fault, over.state, over.ended_ns) == ("stream_silent", "resolved", at(60))


def test_four_still_minutes_are_no_silence() -> None:
    silence = site("n01")
    assert [alert for minute in range(1, 5) for alert in mark(silence, minute, messages=0)] == []
    assert mark(silence, 5) == []


def test_three_of_many_hosts_are_three_silences() -> None:
    hosts = tuple(f"n{i:02d}" for i in range(1, 12))
    changed = run(site(*hosts), range(1, 10), hosts[3:])
    assert [(a.host, a.fault) for a in changed] == [(host, "host_silent") for host in hosts[:3]]


def test_silence_goes_on_from_its_stored_state() -> None:
    silence = site("n01", "n02")
    run(silence, range(1, 5))
    restored = msgspec.msgpack.decode(msgspec.msgpack.encode(silence), type=Silence)
    assert restored == silence
    assert mark(restored, 5) == mark(silence, 5) != []


def test_a_host_that_reported_in_one_minute_only_is_not_missed() -> None:
    silence = site("n01")
    hear(silence, "once", 0)
    assert run(silence, range(1, 60)) == []


def test_a_host_that_moved_is_judged_by_its_new_source() -> None:
    silence = site("n01", "n02")
    for minute in range(1, 4):
        hear(silence, "n02", minute + 0.1, source="telemetry/1")
    assert run(silence, range(1, 60)) == []
    changed = [a for m in range(1, 10) for a in mark(silence, m, source="telemetry/1")]
    assert [alert.host for alert in changed] == ["n02"]


def test_an_empty_partition_is_no_silent_stream() -> None:
    assert run(Silence(), range(0, 1), ()) == []
    silence = Silence()
    assert [a for m in range(60) for a in mark(silence, m, messages=0)] == []


def test_a_stream_of_slow_hosts_may_stand_still_for_five_of_their_periods() -> None:
    silence = Silence()
    for minute in (-20, -10, 0):
        hear(silence, "slow", minute, period_s=600)
        mark(silence, minute)
    changed = [a for m in range(1, 60) for a in mark(silence, m, messages=0)]
    assert [(a.fault, a.onset_ns, a.raised_ns) for a in changed] == [("stream_silent", at(1), at(51))]


def test_the_same_summary_twice_does_not_end_a_silence() -> None:
    silence = site("n01", "n02")
    run(silence, range(1, 10))
    assert hear(silence, "n02", 10) + hear(silence, "n02", 10) == []


def test_the_same_mark_twice_counts_once() -> None:
    silence = site("n01", "n02")
    changed = []
    for minute in range(1, 5):
        changed += mark(silence, minute) + mark(silence, minute) + hear(silence, "n01", minute + 0.1)
    assert changed == []


def test_fast_hosts_are_silent_while_only_slow_ones_go_on() -> None:
    """The marks of a recording are then ten minutes apart."""
    silence = Silence()
    for minute in range(-30, 1):
        mark(silence, minute)
        hear(silence, "fast", minute + 0.1, period_s=60)
        if minute % 10 == 0:
            hear(silence, "slow", minute + 0.1, period_s=600)
    changed = []
    for minute in range(10, 120, 10):
        changed += mark(silence, minute)
        changed += hear(silence, "slow", minute + 0.1, period_s=600)
    assert [(a.host, a.fault, a.onset_ns) for a in changed] == [("fast", "host_silent", at(1.1))]


def test_a_recording_of_one_slow_host_with_a_gap_of_hours_has_no_silence() -> None:
    silence = Silence()
    minutes = [*range(-60, 1, 10), *range(240, 400, 10)]
    changed = [a for m in minutes for a in mark(silence, m) + hear(silence, "slow", m + 0.1, period_s=600)]
    assert changed == []


def test_a_state_record_of_an_older_release_is_read() -> None:
    silence = site("n01", "n02")
    run(silence, range(1, 10))
    old = msgspec.msgpack.decode(msgspec.msgpack.encode(silence))
    del old["groups"], old["sources"][P0]["spoke_ns"]
    old["sources"][P0]["collector_ns"] = 0
    for seen in old["sources"][P0]["hosts"].values():
        del seen["group"]
    restored = msgspec.convert(old, Silence)
    (back,) = hear(restored, "n02", 10) + hear(restored, "n02", 11)
    assert back.state == "resolved"


# -- a day on which a hall was shut down, as a recording -----------------------------------------------------

HALL = tuple(f"node{i:02d}" for i in range(1, 61))
GO_ON = HALL[58:]
BACK = HALL[:28]


def speaks(number: int, host: str, minute: int) -> bool:
    """All but two fall silent at minute 40, two of them later; 28 come back from 120 on, one after the other,
    and one of these falls silent alone at 170."""
    if (
        host in GO_ON
        or minute < 40
        or (host == HALL[20] and minute < 42)
        or (host == HALL[50] and minute < 43)
    ):
        return True
    return host in BACK and minute >= 120 + number // 4 and not (host == HALL[4] and minute >= 170)


def shutdown_day(silent: bool = True) -> Iterator[dict[str, object]]:
    """Messages of a hall at standby power, whose rooms get colder while it is down; some come twice."""
    for minute in range(190):
        for number, host in enumerate(HALL):
            if silent and not speaks(number, host, minute):
                continue
            works = host in GO_ON
            metrics = {
                "power_w": 240 + 7 * ((minute + number) % 9) if works else 10 + 10 * (number % 2),
                "inlet_temp_c": 21 - minute // 50 + (minute + number) % 2,
                "cpu1_temp_c": 30 + (minute + number) % 3 if works else 19 + (minute + number) % 2,
            }
            time_ms = (START_NS + minute * MINUTE_NS) // 1_000_000 + 100 * number
            for _ in range(1 + (minute + number) % 7 // 6):
                yield {"ts": time_ms, "host": host, "metrics": metrics}


def replay_messages(folder: Path, messages: Iterator[dict[str, object]]) -> list[Point]:
    file = folder / "day.jsonl"
    file.write_text("".join(json.dumps(message) + "\n" for message in messages))
    return replay_recordings([file], None, Topology(), Quiet()).points


def test_a_hall_that_is_shut_down_is_one_alert_and_one_incident(tmp_path: Path) -> None:
    points = replay_messages(tmp_path, shutdown_day())
    alerts = [p for p in points if p.measurement == "alert"]
    assert [(p.tags["host"], p.tags["kind"], p.fields["fault"]) for p in alerts] == [
        ("node01", "silence", "collector_silent"),
        ("node05", "silence", "host_silent"),
    ]
    hall, alone = alerts
    assert (hall.fields["onset"], hall.fields["raised"]) == ("2026-01-01T00:40:00Z", "2026-01-01T00:45:00Z")
    assert (hall.fields["state"], hall.fields["data"], hall.fields["severity"]) == ("open", "stale", "P2")
    assert hall.fields["diagnosis"] == (
        "58 hosts (node01, node02, node03, node04, node05, +53) fell silent together while day.jsonl goes "
        "on: the collector, network or power that they share is down. 28 of 58 are back; 30 are still silent "
        "(node29, node30, node31, node32, node33, +25)."
    )
    (incident,) = [p for p in points if p.fields.get("id") == hall.fields["incident"]]
    fields = incident.fields
    assert (incident.tags["anchor"], fields["scope"], fields["place"]) == ("node01", "collector", "day.jsonl")
    assert (fields["hosts"], fields["host_list"]) == (58.0, ",".join(HALL[:58]))
    assert (fields["state"], fields["ended"]) == ("open", "")
    assert "其中 28 台已恢复，仍有 30 台无数据" in str(fields["summary_zh"])
    assert alone.fields["incident"] != hall.fields["incident"]
    assert sum(p.measurement == "incident" for p in points) == 2


def test_a_recording_with_a_gap_in_which_nobody_sent_has_no_silence(tmp_path: Path) -> None:
    minutes = (*range(40), *range(150, 190))
    kept = {START_NS // 1_000_000 + minute * 60_000 for minute in minutes}
    messages = (m for m in shutdown_day(silent=False) if int(str(m["ts"])) // 60_000 * 60_000 in kept)
    assert [p for p in replay_messages(tmp_path, messages) if p.measurement in ("alert", "incident")] == []


def test_a_recording_of_one_host_with_a_gap_has_no_silence(tmp_path: Path) -> None:
    messages = (m for m in shutdown_day() if m["host"] == "node01")
    assert [p for p in replay_messages(tmp_path, messages) if p.measurement in ("alert", "incident")] == []
