"""What a machine's load says by itself is told only where its own past makes it unusual."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import zstandard
from builders import SERVER, START_NS, build_finding, build_tick
from load_course import PER_DAY, WITH_UTIL, Course, days, plateau

from agent.alerts import HostAlerts
from agent.host import Host
from agent.load_past import DAY_HOURS, HOUR_NS, MOST_DAYS, MOST_HOURS, LoadPast
from agent.rules.layout import layout_of
from agent.rules.load import with_load
from agent.state import decode_record, encode_host, host_of_record
from agent.ticks import HostClock

LOST = np.full(1, np.nan)


def idle(count: float) -> np.ndarray:
    """Days at the lowest level of a machine that is at 400 W when it works."""
    return days(count, 180.0, 0.0, 0.7)


# -- abnormal_load ---------------------------------------------------------------------------------------


def test_a_day_of_high_load_that_does_not_tremble_is_told_with_since_when_and_its_variation() -> None:
    host = Course()
    assert host.live(days(12)) == []
    found = host.live(plateau(40))
    first_day, finding = found[0]
    assert 12.9 < first_day < 13.05
    assert (finding.fault, finding.severity, finding.kind, finding.basis) == (
        "abnormal_load", "P2", "condition", "evidence",
    )  # fmt: skip
    assert "since 2026-01-13 0" in finding.diagnosis
    told = {row.sensor: row for row in finding.evidence}
    assert told["power_cv"].seen < 0.004 < 0.02 < told["power_cv"].expected
    assert told["power_w"].seen == pytest.approx(475, abs=5)
    assert told["power_w"].expected == pytest.approx(320, abs=10)  # at night
    assert found[-1][0] == pytest.approx(12 + 40 / 24, abs=0.05)


def test_it_is_over_with_the_first_tick_that_is_none_of_it() -> None:
    host = Course()
    host.live(days(12))
    assert host.live(plateau(40))
    assert host.live(days(2)) == []


@pytest.mark.parametrize(
    ("before", "then"),
    [
        (days(12), plateau(20)),
        (days(12), plateau(40, tremble_w=12.0)),
        (days(12), plateau(40, level_w=330.0)),
        (days(12), days(3, base_w=430.0)),
        (days(5), plateau(40)),
        (days(12, swing_w=0.0), plateau(40, level_w=450.0)),
        (plateau(12 * 24, 475.0), plateau(40, 476.0)),
        (np.concatenate([days(6), plateau(48), days(6)]), plateau(40)),
        (np.concatenate([days(12), *[LOST] * 36]), np.concatenate([plateau(20), *[LOST] * 60])),
    ],
    ids=[
        "less than a day", "as unsteady as ever", "no more than at night", "a level that moved",
        "a past of five days", "no daily course", "always flat", "flat days before", "few readings",
    ],
)  # fmt: skip
def test_what_is_no_plateau_or_no_news_is_not_told(before: np.ndarray, then: np.ndarray) -> None:
    host = Course()
    host.live(before)
    assert host.faults(then) == set()


def test_other_findings_and_a_high_score_leave_no_room_for_it() -> None:
    host = Course()
    host.live(np.concatenate([days(12), plateau(30)]))
    power = {"power_w": 475.0}
    calm, high = (
        build_tick(60_000, seen=power, score=score, peak={"power_w": 600.0}) for score in (0.1, 0.6)
    )
    other = build_finding()
    assert [f.fault for f in with_load([], calm, layout_of(calm), host.past, "")] == ["abnormal_load"]
    assert with_load([other], calm, layout_of(calm), host.past, "") == [other]
    assert with_load([], high, layout_of(high), host.past, "") == []


def test_a_plateau_that_stays_becomes_what_is_usual() -> None:
    host = Course()
    host.live(days(20))
    found = host.live(plateau(24 * 40))
    assert {finding.fault for _, finding in found} == {"abnormal_load"}
    assert found[-1][0] < 20 + MOST_DAYS


# -- idle_server -----------------------------------------------------------------------------------------


def test_a_fortnight_at_the_lowest_level_after_busier_days_is_an_idle_server() -> None:
    host = Course()
    assert host.live(days(6)) == []
    found = host.live(idle(16))
    first_day, finding = found[0]
    assert 20 <= first_day < 20.1
    assert (finding.fault, finding.severity) == ("idle_server", "info")
    assert "for 14 days, since 2026-01-07 00:00:00" in finding.diagnosis
    assert finding.evidence[0].expected > 400


def test_utilization_proves_it_without_busier_days_and_refutes_it_with_them() -> None:
    assert Course(sensors=dict(WITH_UTIL)).faults(idle(16), util=0.01) == {"idle_server"}
    assert Course().faults(idle(16)) == set()
    busy = Course(sensors=dict(WITH_UTIL))
    busy.live(days(6))
    assert busy.faults(idle(16), util=0.08) == set()


@pytest.mark.parametrize(
    "then",
    [
        np.concatenate([idle(13), days(1), idle(13)]),
        np.concatenate([np.concatenate([idle(23 / 24), plateau(1, 260.0)]) for _ in range(16)]),
        np.concatenate([np.concatenate([idle(0.5), *[LOST] * (PER_DAY // 2)]) for _ in range(16)]),
        days(16, 300.0, 0.0),
    ],
    ids=["a day of work", "an hour's work a day", "half of it unknown", "less work than before"],
)
def test_a_machine_that_works_at_times_or_is_not_known_is_not_idle(then: np.ndarray) -> None:
    host = Course()
    host.live(days(6))
    assert host.faults(then) == set()


def test_one_day_of_warm_air_makes_no_work() -> None:
    host = Course()
    host.live(days(6))
    assert host.faults(np.concatenate([idle(8), plateau(5, 205.0), idle(8)])) == {"idle_server"}


def test_a_day_without_power_is_not_the_lowest_level() -> None:
    host = Course()
    host.live(days(6))
    host.live(np.full(PER_DAY, 12.0))
    assert host.past.lowest_w > 300
    assert host.faults(idle(16)) == {"idle_server"}


@pytest.mark.parametrize("kind", ["ups", "PDU", "crah", "switch", "core router"])
def test_what_the_inventory_calls_no_server_is_never_idle(kind: str) -> None:
    host = Course(kind=kind, sensors=dict(WITH_UTIL))
    assert host.faults(idle(16), util=0.0) == set()


def test_what_shows_no_processor_or_memory_is_never_idle() -> None:
    unit = {name: SERVER[name] for name in ("power_w", "fan1_rpm", "inlet_temp_c", "psu1_in_w")}
    host = Course(kind="", sensors=unit)
    host.live(days(6))
    assert host.faults(idle(16)) == set()


def test_a_host_without_a_meter_of_its_own_is_judged_by_its_supplies() -> None:
    sensors = {name: told for name, told in SERVER.items() if name != "power_w"}
    past = LoadPast()
    tick = build_tick(0, sensors=sensors)
    past.update(tick, layout_of(tick))
    assert past.first_w == 400.0


# -- the past --------------------------------------------------------------------------------------------


def test_hours_with_few_readings_do_not_count_and_the_past_is_bounded() -> None:
    host = Course()
    host.live(np.concatenate([days(2), *[LOST] * 9, days(1 / 24)[:3], days(1)]))
    hours = host.past.hours[:, 0].astype(int)
    assert START_NS // HOUR_NS + 2 * DAY_HOURS not in hours
    host.live(days(60))
    assert (len(host.past.hours), len(host.past.days)) == (MOST_HOURS, MOST_DAYS)


def whole_host(past: LoadPast) -> Host:
    return Host("n07", "t/0", HostClock("n07"), HostAlerts("n07"), load_past=past)


def test_the_past_takes_less_than_two_kilobytes_of_a_record() -> None:
    host = Course()
    host.live(days(40))
    with_past, without = (
        len(msgspec.msgpack.encode(decode_record(encode_host(whole_host(past), 0, 0))))
        for past in (host.past, LoadPast())
    )
    assert 0 < with_past - without < 2_048


def test_a_record_without_a_past_of_load_still_loads() -> None:
    fields = msgspec.msgpack.decode(zstandard.decompress(encode_host(whole_host(LoadPast()), 0, 0)))
    del fields["load_past"]
    record = decode_record(zstandard.compress(msgspec.msgpack.encode(fields)))
    assert host_of_record(record).load_past.closed == -1


@pytest.mark.parametrize("cut", [7, 9 * PER_DAY + 5, 12 * PER_DAY + 160, 13 * PER_DAY + 20])
def test_a_restart_anywhere_changes_nothing(cut: int) -> None:
    course = np.concatenate([days(12), plateau(40), days(1)])
    whole, first = Course(), Course()
    expected = whole.live(course)
    found = first.live(course[:cut])
    record = decode_record(encode_host(whole_host(first.past), 0, 0))
    second = Course(past=host_of_record(record).load_past, at=first.at)
    found += second.live(course[cut:])
    assert found == expected
    assert expected
