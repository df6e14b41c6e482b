"""Planned maintenance: when it is, whom it covers, and what becomes of alerts and silence meanwhile."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from agent.config import Config, load_config
from agent.errors import ConfigError
from agent.incidents import Site
from agent.maintenance import Maintenance
from agent.points import Point
from agent.replay import replay
from agent.site_events import HostSummary, SiteEvent, SourceMark

RECORDING = Path(__file__).parent.parent / "sample_data" / "bmc_fan_stop.log.gz"
HOST = "bmc-s2500"  # its fans are found to have stopped on 2023-07-05, from 14:29:33 on
S = 1_000_000_000
MINUTE = 60 * S


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * S


def config(folder: Path, text: str) -> Config:
    path = folder / "coldaisle.toml"
    path.write_text(text)
    return load_config(path)


def complaint(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        config(folder, text).maintenance.plan()
    return str(caught.value)


def plan(folder: Path, text: str) -> Maintenance:
    return config(folder, text).maintenance.plan()


def covered(maintenance: Maintenance, *moments: str, host: str = "n07", rack: str = "r3") -> list[bool]:
    """At moments in UTC."""
    return [maintenance.cover(host, rack, at(moment)) for moment in moments]


# -- when --------------------------------------------------------------------------------------------------


def test_a_window_holds_from_its_start_to_just_before_its_end(tmp_path: Path) -> None:
    text = 'hosts = ["n0*"]\nstart = "2026-03-03T22:00:00+01:00"\nend = 2026-03-04T02:00:00+01:00'
    found = plan(tmp_path, f"[[maintenance]]\n{text}")
    moments = ("2026-03-03T20:59:59", "2026-03-03T21:00:00", "2026-03-04T00:59:59", "2026-03-04T01:00:00")
    assert covered(found, *moments) == [False, True, True, False]


def test_hosts_and_racks_are_named_by_pattern(tmp_path: Path) -> None:
    text = '[[maintenance]]\nhosts = ["n0*"]\nracks = ["r9"]\nstart = "00:00"\nend = "24:00"'
    found = plan(tmp_path, text)
    now_ns = at("2026-03-03T12:00:00")
    for host, rack, is_covered in (
        ("n07", "", True),
        ("m07", "r9", True),
        ("m07", "r3", False),
        ("m07", "", False),
    ):
        assert found.cover(host, rack, now_ns) is is_covered


NIGHT = """
[maintenance]
time_zone = "Europe/Berlin"
[[maintenance.window]]
hosts = ["*"]
weekdays = ["sat"]
start = 22:00:00
end = "02:00"
"""


def test_a_night_on_weekdays_begins_on_that_day_and_ends_on_the_next(tmp_path: Path) -> None:
    found = plan(tmp_path, NIGHT)  # 2026-01-03 is a Saturday; Berlin is an hour ahead
    moments = (
        "2026-01-02T22:00",
        "2026-01-03T21:00",
        "2026-01-04T00:59",
        "2026-01-04T01:00",
        "2026-01-04T21:30",
    )
    assert covered(found, *moments) == [False, True, True, False, False]


def test_the_clock_on_the_wall_counts_when_it_is_put_forward_or_back(tmp_path: Path) -> None:
    found = plan(tmp_path, NIGHT)  # 28 March and 24 October 2026 are Saturdays before a change at 01:00 UTC
    assert covered(found, "2026-03-28T21:00", "2026-03-29T00:59", "2026-03-29T01:00") == [True, True, False]
    assert covered(found, "2026-10-24T20:00", "2026-10-25T00:59", "2026-10-25T01:00") == [True, True, False]


def test_an_hour_that_is_skipped_or_shown_twice_is_not_lost(tmp_path: Path) -> None:
    window = '[[maintenance]]\nhosts = ["*"]\nstart = "02:30"\nend = "04:00"\ntime_zone = "Europe/Berlin"'
    found = plan(tmp_path, window)  # 29 March: from the jump at 01:00 UTC to 04:00 = 02:00 UTC
    moments = ("2026-03-29T00:59", "2026-03-29T01:00", "2026-03-29T01:59", "2026-03-29T02:00")
    assert covered(found, *moments) == [False, True, True, False]
    # 25 October: 02:30 comes at 00:30 and 01:30 UTC, the first counts; it ends at 04:00 = 03:00 UTC
    assert covered(found, "2026-10-25T00:29", "2026-10-25T00:30", "2026-10-25T02:59", "2026-10-25T03:00") == [
        False, True, True, False,
    ]  # fmt: skip


# -- from a calendar ---------------------------------------------------------------------------------------


def event(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT"])


def calendar(folder: Path, *events: str) -> Path:
    path = folder / "work.ics"
    path.write_text(
        "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:test", *events, "END:VCALENDAR", ""])
    )
    return path


CALENDAR = '[maintenance]\nical_file = "work.ics"\n'
SUNDAYS = event(
    "UID:1",
    "SUMMARY:firmware",
    "LOCATION:n0*\\, rack:r9",
    "DTSTART;TZID=Europe/Berlin:20260301T220000",
    "DTEND;TZID=Europe/Berlin:20260302T020000",
    "RRULE:FREQ=WEEKLY;BYDAY=SU",
    "EXDATE;TZID=Europe/Berlin:20260308T220000",
)


def test_a_calendar_repeats_leaves_out_and_follows_its_time_zone(tmp_path: Path) -> None:
    calendar(tmp_path, SUNDAYS)
    found = plan(tmp_path, CALENDAR)
    assert covered(found, "2026-03-01T21:00", "2026-03-02T00:59", "2026-03-02T01:00") == [True, True, False]
    assert covered(found, "2026-03-08T21:30", "2026-03-15T21:30") == [False, True]  # EXDATE
    assert covered(found, "2026-04-05T20:00", "2026-04-06T00:00") == [True, False]  # summer time
    assert covered(found, "2026-03-01T21:30", host="m07", rack="r9") == [True]
    assert covered(found, "2026-03-01T21:30", host="m07") == [False]


def test_days_and_times_without_a_zone_are_the_sites_and_cancelled_events_none(tmp_path: Path) -> None:
    calendar(
        tmp_path,
        event("UID:1", "DTSTART;VALUE=DATE:20260310"),
        event("UID:2", "DTSTART:20260312T100000", "DURATION:PT1H"),
        event("UID:3", "DTSTART:20260313T100000Z", "DURATION:PT1H", "STATUS:CANCELLED"),
    )
    found = plan(tmp_path, CALENDAR + 'time_zone = "Europe/Berlin"\nical_hosts = ["n07"]')
    assert covered(found, "2026-03-09T22:59", "2026-03-09T23:00", "2026-03-10T22:59", "2026-03-10T23:00") == [
        False, True, True, False,
    ]  # fmt: skip
    assert covered(found, "2026-03-12T09:30", "2026-03-12T10:30", "2026-03-13T10:30") == [True, False, False]


def test_a_calendar_that_is_changed_is_taken_up_and_a_broken_one_is_not(tmp_path: Path) -> None:
    path = calendar(tmp_path, SUNDAYS)
    found = plan(tmp_path, CALENDAR)
    assert covered(found, "2026-03-01T21:30") == [True]
    path.write_text("nothing of the kind")
    found.renew()
    assert covered(found, "2026-03-01T21:30") == [True]
    calendar(tmp_path, SUNDAYS.replace("20260301T220000", "20260301T230000"))
    os.utime(path, (1, 1))
    found.renew()
    assert covered(found, "2026-03-01T21:30", "2026-03-01T22:30") == [False, True]


@pytest.mark.parametrize(
    ("events", "says"),
    [
        (["nonsense"], "no calendar that can be used"),
        ([event("UID:1", "LOCATION:n1")], "has no DTSTART"),
        ([event("UID:1", "DTSTART:20260310T100000Z")], "names no hosts"),
        ([event("UID:1", "LOCATION:n1", "DTSTART;TZID=Nowhere/At:20260310T100000")], "not known"),
        ([event("UID:1", "LOCATION:n1", "DTSTART:20260310T100000Z", "RRULE:FREQ=SOMETIMES")], "RRULE"),
        ([event("UID:1", "LOCATION:n1", "DTSTART:20260310T100000Z", "RRULE:FREQ=SECONDLY")], "every minute"),
    ],
)
def test_a_calendar_that_cannot_be_used_stops_the_start_with_one_line(
    tmp_path: Path, events: list[str], says: str
) -> None:
    calendar(tmp_path, *events)
    said = complaint(tmp_path, CALENDAR)
    assert says in said
    assert len(said.splitlines()) == 1


def test_a_calendar_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert complaint(tmp_path, CALENDAR) == (
        f"maintenance: {tmp_path}/work.ics cannot be read: No such file or directory"
    )


# -- what is wrong -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ('start = "22:00"\nend = "02:00"', "maintenance.window[1].hosts is []; expected hosts or racks"),
        ('hosts = ["*"]\nstart = "22:00"', "maintenance.window[1].end is not set"),
        ('hosts = ["*"]\nstart = "25:00"\nend = "02:00"', 'maintenance.window[1].end is "02:00"'),
        ('hosts = ["*"]\nstart = "2026-03-03"\nend = "2026-03-04"', 'window[1].start is "2026-03-03"'),
        (
            'hosts = ["*"]\nstart = "2026-03-03T10:00:00Z"\nend = "2026-03-03T09:00:00Z"',
            "expected a moment after 2026-03-03T10:00:00Z",
        ),
        (
            'hosts = ["*"]\nstart = "22:00"\nend = "02:00"\ntime_zone = "Mars/Base"',
            'time_zone is "Mars/Base"',
        ),
        (
            'hosts = ["*"]\nstart = "22:00"\nend = "02:00"\nweekdays = ["someday"]',
            "expected a list of mon, tue",
        ),
        ('hosts = ["*"]\nstart = "22:00"\nend = "02:00"\nrack = ["r1"]', "did you mean racks?"),
    ],
)
def test_a_bad_window_stops_the_start_with_one_line(tmp_path: Path, row: str, says: str) -> None:
    said = complaint(tmp_path, f"[[maintenance]]\n{row}")
    assert says in said
    assert len(said.splitlines()) == 1


# -- what becomes of alerts --------------------------------------------------------------------------------


def replayed(folder: Path, text: str) -> list[Point]:
    console = Console(file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    return replay(
        [RECORDING], config(folder, text), folder / "registry", out=folder / "out", console=console
    ).points


def told(points: list[Point]) -> list[tuple[str, object]]:
    return [(p.measurement, p.fields["state"]) for p in points if p.measurement in ("alert", "incident")]


def window(start: str, end: str) -> str:
    return f'[[maintenance]]\nhosts = ["bmc-*"]\nstart = "{start}"\nend = "{end}"'


def test_a_replay_suppresses_what_falls_into_a_window_by_the_hosts_own_time(tmp_path: Path) -> None:
    whole = replayed(tmp_path, window("2023-07-05T14:00:00Z", "2023-07-05T15:00:00Z"))
    assert told(whole) == [("alert", "suppressed")]
    before = replayed(tmp_path, window("2023-07-05T13:00:00Z", "2023-07-05T14:00:00Z"))
    assert told(before) == [("alert", "open"), ("incident", "open")]


def test_what_is_still_wrong_after_the_window_is_told_with_its_old_onset(tmp_path: Path) -> None:
    points = replayed(tmp_path, window("2023-07-05T14:00:00Z", "2023-07-05T14:33:00Z"))
    assert told(points) == [("alert", "open"), ("incident", "open")]
    (incident,) = [point for point in points if point.measurement == "incident"]
    assert incident.time_ns == at("2023-07-05T14:29:33")


def silences(maintenance: Maintenance, silent_from: str, until: str) -> list[tuple[str, object]]:
    """What is told of n07, which falls silent, while n01 goes on."""
    site, points = Site(maintenance=maintenance), []
    now_ns, end_ns, silent_ns = at(silent_from) - 5 * MINUTE, at(until), at(silent_from)
    while now_ns < end_ns:
        events: list[SiteEvent] = [SourceMark("telemetry/0", now_ns, 50, at_end=True)]
        hosts = ("n01", "n07") if now_ns < silent_ns else ("n01",)
        events += [HostSummary(host, "telemetry/0", now_ns + S, 10 * S, 0.1) for host in hosts]
        points += [point for one in events for point in site.observe(one)]
        now_ns += MINUTE
    return told([point for point in points if "state" in point.fields])


def test_silence_in_a_window_is_not_told_and_after_it_it_is(tmp_path: Path) -> None:
    text = '[[maintenance]]\nhosts = ["n07"]\nstart = "2026-03-03T10:00:00Z"\nend = "2026-03-03T11:00:00Z"'
    found = plan(tmp_path, text)
    assert silences(found, "2026-03-03T10:01", "2026-03-03T10:59") == []
    assert silences(found, "2026-03-03T10:01", "2026-03-03T11:05") == [
        ("alert", "open"),
        ("incident", "open"),
    ]


def test_a_silence_that_is_open_is_suppressed_when_the_window_begins(tmp_path: Path) -> None:
    text = '[[maintenance]]\nhosts = ["n07"]\nstart = "2026-03-03T10:00:00Z"\nend = "2026-03-03T11:00:00Z"'
    assert silences(plan(tmp_path, text), "2026-03-03T09:30", "2026-03-03T11:05") == [
        ("alert", "open"),
        ("incident", "open"),
        ("alert", "suppressed"),
        ("incident", "suppressed"),
        ("alert", "open"),
        ("incident", "open"),
    ]
