import json
import re

import numpy as np
import pytest
from site_day import (
    SECOND_NS,
    alert_point,
    at,
    host_points,
    incident_point,
    rfc3339,
    score_point,
    site_points,
)

from agent.points import Point
from agent.report import render_report
from agent.report.buckets import assign_buckets, find_gaps, reduce_rows, split_sessions
from agent.report.charts import chart_host
from agent.report.clock import RecordedTime
from agent.report.episodes import read_alerts, read_incidents
from agent.report.series import read_hosts
from agent.report.words import group_and_unit, say_fault, say_number, say_span

HOSTILE = "n1</script><script>alert(1)</script>\"'&<!--\u2028"


def data_of(html: str) -> list[dict]:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)[1])


def chart_of(points: list[Point]) -> dict:
    hosts = read_hosts(points)
    return chart_host(hosts[0], read_alerts(points), 2000, RecordedTime.of(hosts))


# ---- the page


def test_the_page_asks_nothing_of_any_network():
    html = render_report(site_points(hours=0.3), "A replay", "recording.jsonl")
    assert "://" not in html
    targets = re.findall(r'\s(?:src|href|action)="([^"]*)"', html)
    assert {target[:5] for target in targets if not target.startswith("#")} == {"data:"}
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
    assert "default-src &#39;none&#39;" in policy and "unsafe" not in policy


def test_a_hostile_host_name_stays_text():
    points = [
        score_point(HOSTILE, at(0), 0.9),
        alert_point(HOSTILE, at(0), diagnosis=HOSTILE, actions=HOSTILE),
    ]
    html = render_report(points, HOSTILE, HOSTILE)
    assert "alert(1)</script>" not in html
    assert html.count("<script") == 3  # data, library, ours
    assert data_of(html)[0]["host"] == HOSTILE


def test_commands_in_actions_are_code_and_still_text():
    points = [alert_point("n01", at(0), actions="Run `ipmitool sdr` and `<img src=x>`")]
    html = render_report(points, "t", "s")
    assert "<li>Run <code>ipmitool sdr</code> and <code>&lt;img src=x&gt;</code></li>" in html


def test_a_lone_surrogate_does_not_stop_the_file_from_being_written():
    render_report([score_point("n\ud800", at(0), 0.1)], "t\udfff", "s").encode("utf-8")


def test_the_same_points_give_the_same_page():
    points = site_points(hours=0.3)
    assert render_report(points, "a", "b") == render_report(points, "a", "b")


def test_an_incident_shows_all_that_an_engineer_on_call_needs():
    html = render_report(site_points(hours=0.3), "A replay", "recording.jsonl")
    for part in (
        "Fan failure", "2026-01-04 10:10:00", "51 min", "93 %", "5,040 rpm", "54.2 °C", "20 s after onset",
        "Swap the fan module", "3 号风扇", "Three hosts of rack R09", "45 min", "0.03 kWh",
    ):  # fmt: skip
        assert part in html, part


def test_no_points_and_no_incidents_make_calm_pages():
    assert "No incidents." in render_report([], "Empty", "nothing")
    html = render_report([score_point("n01", at(0), 0.31)], "Quiet", "x")
    assert "1 host stayed below the alert threshold; the highest score was 0.31 on" in html


def test_hosts_without_alerts_come_last_and_are_closed():
    html = render_report(
        [score_point("aaa", at(0), 0.1), score_point("zzz", at(0), 0.9), alert_point("zzz", at(0))], "t", "s"
    )
    assert html.index("<bdi>zzz") < html.index("<bdi>aaa")
    assert '<details class="host" id="host-0" open>' in html
    assert '<details class="host" id="host-1">' in html


def test_ten_hosts_of_six_hours_stay_below_six_megabytes():
    assert len(render_report(site_points(), "t", "s").encode()) < 6_000_000


def test_many_quiet_hosts_are_listed_though_not_all_are_charted():
    rng = np.random.default_rng(0)
    sensors = {f"fan{i}_rpm": float(v) for i, v in enumerate(rng.normal(5000, 100, 250))}
    points = [Point("reading", {"host": f"n{h:03}"}, sensors, at(m)) for h in range(60) for m in range(120)]
    html = render_report(points, "t", "s")
    assert html.count('class="host"') == 60
    assert 0 < data_of(html).count(None) < 60
    assert "Not charted" in html


def test_an_open_incident_has_lasted_until_the_end_of_the_data():
    points = [score_point("n01", at(0), 0.1), score_point("n01", at(200), 0.9), alert_point("n01", at(130))]
    assert "1 h 10 min so far" in render_report(points, "t", "s")


def test_recordings_years_apart_do_not_add_the_time_between_them():
    years = 2 * 365 * 1440
    points = [score_point("old", at(m), 0.9) for m in range(61)]
    points += [score_point("new", at(years + m), 0.1) for m in range(121)]
    points.append(alert_point("old", at(50)))
    html = render_report(points, "t", "s")
    assert "10 min so far" in html  # to the host's own last point
    assert "in 3 h, 2 sessions" in html
    assert "730 d" not in html


def test_a_silent_host_s_incident_lasts_while_the_others_go_on():
    points = [score_point("n01", at(m), 0.1) for m in range(11)]
    points += [score_point("n02", at(m), 0.1) for m in range(61)]
    points.append(alert_point("n01", at(10), kind="silence", fault="host_silent", evidence="[]"))
    assert "50 min so far" in render_report(points, "t", "s")
    assert chart_of(points)["alerts"][0]["ended_s"] == 60 * 60


def test_the_title_stands_once_in_the_header():
    html = render_report([], "Coldaisle report", "s")
    assert html[html.index("<body>") :].count("Coldaisle report") == 1


# ---- episodes


def test_alerts_stand_under_their_incident_and_lone_ones_for_themselves():
    points = [
        incident_point("n01", at(0), id="i1", fault="recirculation", scope="rack", place="R1"),
        alert_point("n01", at(0), id="a1", incident="i1", fault="cpu_throttling", severity="P1"),
        alert_point("n02", at(1), id="a2", incident="i1", fault="recirculation"),
        alert_point("n03", at(2), id="a3", incident="gone"),
    ]
    incidents = {i.id: i for i in read_incidents(points)}
    assert [a.id for a in incidents["i1"].alerts] == ["a2", "a1"]  # the one of the incident's fault tells it
    assert incidents["a3"].hosts == ("n03",)


def test_times_keep_their_microseconds_and_open_ends_stay_open():
    alert = read_alerts([alert_point("n01", at(0), raised="2026-01-04T08:00:30.000250Z", ended="")])[0]
    assert alert.raised_ns == at(0) + 30 * SECOND_NS + 250_000
    assert alert.ended_ns is None


@pytest.mark.parametrize("text", ["", "no json", "{}", "[1]", "null"])
def test_evidence_that_cannot_be_read_counts_as_none(text):
    assert read_alerts([alert_point("n01", at(0), evidence=text)])[0].evidence == ()


# ---- series


def test_what_was_not_scored_is_a_hole_and_not_a_minus_one():
    host = read_hosts([score_point("n01", at(0), -1.0), score_point("n01", at(1), 0.25)])[0]
    assert np.isnan(host.scores[0, 0]) and host.scores[1, 0] == 0.25
    assert host.scored_ticks == 1


def test_thinning_never_loses_a_spike():
    rng = np.random.default_rng(7)
    values = rng.normal(100, 1, (50_000, 3))
    values[31_337, 1] = 900.0
    values[4_242, 2] = -50.0
    times = np.arange(50_000) * 10 * SECOND_NS
    bucket = assign_buckets(times, np.zeros(50_000, bool), 30 * SECOND_NS, 500)
    thin_times, thin = reduce_rows(times, values, bucket)
    assert len(thin) <= 1_000
    assert thin[:, 1].max() == 900.0 and thin[:, 2].min() == -50.0
    assert np.array_equal(thin.max(axis=0), values.max(axis=0))
    assert abs(thin_times[thin[:, 1].argmax()] - times[31_337]) <= 110 * 10 * SECOND_NS
    assert (np.diff(thin_times) > 0).all()


def test_minimum_and_maximum_keep_their_order():
    times = np.arange(8, dtype=np.int64)
    values = np.array([[1.0], [9.0], [5.0], [5.0], [8.0], [2.0], [np.nan], [np.nan]])
    thin_times, thin = reduce_rows(times, values, np.array([0, 0, 0, 0, 1, 1, 2, 2]))
    assert thin_times.tolist() == [0, 3, 4, 5, 6, 7]
    assert thin[:4, 0].tolist() == [1.0, 9.0, 8.0, 2.0]
    assert np.isnan(thin[4:]).all()


def test_rows_near_an_alert_keep_their_full_resolution():
    times = np.arange(40_000) * 10 * SECOND_NS
    detail = np.zeros(40_000, bool)
    detail[20_000:20_360] = True
    bucket = assign_buckets(times, detail, 30 * SECOND_NS, 1_000)
    assert bucket[-1] < 1_000
    assert len(np.unique(bucket[detail])) == 360
    assert not set(bucket[detail]) & set(bucket[~detail])


def test_more_gaps_than_buckets_still_keep_to_the_budget():
    times = np.arange(5_000) * 3_600 * SECOND_NS
    bucket = assign_buckets(times, np.zeros(5_000, bool), SECOND_NS, 300)
    assert bucket[0] == 0 and bucket[-1] == 299
    assert (np.diff(bucket) <= 1).all()


def test_a_slow_sensor_has_no_gaps_and_a_lost_one_has():
    times = np.arange(600) * 10 * SECOND_NS
    slow = np.where(np.arange(600) % 6 == 0, 20.0, np.nan)
    assert find_gaps(times, slow) == []
    lost = slow.copy()
    lost[120:240] = np.nan  # last before: row 114, first after: row 240
    assert find_gaps(times, lost) == [(1_140 * SECOND_NS, 2_400 * SECOND_NS)]


def test_sixteen_days_between_two_runs_are_two_sessions():
    points = host_points("n01", 1, [], hours=0.1, sessions=(0.0, 16 * 1440.0))
    host = read_hosts(points)[0]
    assert split_sessions(host.time_ns, 1800 * SECOND_NS) == [
        (at(0), at(0) + 350 * SECOND_NS),
        (at(16 * 1440), at(16 * 1440) + 350 * SECOND_NS),
    ]
    views = chart_of(points)["views"]
    assert [view["to_s"] - view["from_s"] for view in views] == [370, 370]


def test_the_first_view_is_the_gravest_alert_with_half_an_hour_around_it():
    points = host_points("n01", 1, [], hours=3)
    points.append(alert_point("n01", at(100), id="a1", ended=rfc3339(at(110))))
    chart = chart_of(points)
    view = chart["views"][0]
    assert (view["from_s"], view["to_s"], view["alert"]) == (70 * 60, 140 * 60, 0)


def test_a_view_does_not_reach_far_beyond_what_was_recorded():
    points = host_points("n01", 1, [], hours=0.2)  # 08:00:00 – 08:11:50
    points.append(alert_point("n01", at(2)))
    view = chart_of(points)["views"][0]
    assert -60 <= view["from_s"] < 0 and 710 < view["to_s"] <= 770


def test_evidence_sensors_are_shown_first_and_with_what_was_expected():
    points = host_points("n01", 1, [], hours=0.2)
    points.append(alert_point("n01", at(5), ended=rfc3339(at(9))))
    chart = chart_of(points)
    names = [sensor["name"] for sensor in chart["sensors"]]
    alert = chart["alerts"][0]
    assert [names[n] for n in alert["evidence"]] == ["fan3_rpm"]
    assert alert["expected"] == {str(names.index("fan3_rpm")): 5040.0}
    assert chart["groups"][0] == {
        "label": "Fans", "unit": "rpm", "sensors": [names.index(f"fan{i}_rpm") for i in range(1, 7)],
    }  # fmt: skip
    assert {"fan3_rpm", "inlet_temp_c", "power_w"} <= {names[n] for n in alert["shown"]}


def test_without_evidence_the_sensors_with_the_largest_share_are_shown():
    points = [
        score_point("n01", at(m), 0.9, top_sensor="vrm_temp_c" if m < 9 else "power_w") for m in range(10)
    ]
    points += [
        Point("reading", {"host": "n01"}, {"vrm_temp_c": 90.0, "power_w": 300.0, "x": 1.0}, at(m))
        for m in range(10)
    ]
    points.append(alert_point("n01", at(0), evidence="[]"))
    chart = chart_of(points)
    assert [chart["sensors"][n]["name"] for n in chart["alerts"][0]["evidence"]] == ["vrm_temp_c", "power_w"]


@pytest.mark.parametrize(
    "name", ["fan1_rpm", "fan1a_rpm", "fana_rpm", "fan1_1_rpm", "fan1_front_rpm", "fan_pct"]
)
def test_fans_of_any_name_are_shown_at_first(name):
    points = [
        Point("reading", {"host": "n01"}, {name: 4_000.0, "psu1_fan_rpm": 900.0}, at(m)) for m in range(3)
    ]
    chart = chart_of(points)
    assert [chart["sensors"][n]["name"] for n in chart["shown"]] == [name]
    assert group_and_unit(name)[0] == "Fans"


# ---- words


def test_words_read_well():
    assert say_fault("psu_failure") == "PSU failure"
    assert [say_number(v) for v in (0, 5040, 0.58, 22.4, 0.031, -3.25, 12345.6)] == [
        "0", "5,040", "0.58", "22.4", "0.031", "-3.25", "12,346",
    ]  # fmt: skip
    assert [say_span(s * SECOND_NS) for s in (40, 119, 720, 3_900, 7_200, 273_600)] == [
        "40 s", "119 s", "12 min", "1 h 05 min", "2 h", "3 d 4 h",
    ]  # fmt: skip
    assert group_and_unit("cpu0_temp_c") == ("Temperature", "Cel")
    assert group_and_unit("psu1_inlet_temp") == group_and_unit("room_c") == ("Temperature", "Cel")
    assert group_and_unit("fan2_pct") == ("Fans", "%")
    assert group_and_unit("psu1_vin") == ("Voltage", "V")
    assert group_and_unit("strange", "power", "W") == ("Power", "W")
