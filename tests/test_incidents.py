from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from builders import MINUTE_NS, START_NS, build_finding, build_tick

from agent.alert import Alert, alert_id
from agent.alerts import HostAlerts
from agent.errors import StateError
from agent.findings import Finding
from agent.incidents import Site, SiteState
from agent.points import Point
from agent.site_events import AlertChanged, HostSummary, SiteEvent, SourceMark
from agent.state import decode_site, encode_site

FAN = build_finding()
PSU = build_finding("psu_failure", "P1", diagnosis="PSU1 delivers 0 W.")
DROPOUT = build_finding("sensor_dropout", "P3", kind="sensor")
P0 = "telemetry/0"


def at(minute: float) -> int:
    return START_NS + int(minute * MINUTE_NS)


def open_alert(finding: Finding = FAN, host: str = "n07", minute: float = 0, rack: str = "r3") -> Alert:
    """An alert with its onset at this minute, raised a minute later."""
    alerts = HostAlerts(host, rack)
    alerts.update(build_tick(minute, host=host), [finding])
    (alert,) = alerts.update(build_tick(minute + 1, host=host), [finding])
    return alert


def end(alert: Alert, minute: float) -> Alert:
    return replace(alert.copy(), state="resolved", ended_ns=at(minute))


def incidents(points: list[Point]) -> list[Point]:
    return [point for point in points if point.measurement == "incident"]


def links(points: list[Point]) -> dict[tuple[str, str], object]:
    """(host, kind) → the incident of every partial write."""
    return {
        (point.tags["host"], point.tags["kind"]): point.fields["incident"]
        for point in points
        if "incident" in point.fields
    }


def test_what_helped_often_is_what_to_do_first_after_a_restart_too() -> None:
    finding = replace(FAN, actions=("Look at it.", "Swap it."))
    site = Site()
    site.state().hear_helped({("fan_failure", "Swap it."): 7})
    site.state().hear_helped({("fan_failure", "Swap it."): 8, ("psu_failure", "Look at it."): 99})
    again = Site.restore(decode_site(encode_site(site.state(), 7, START_NS)).state)
    (incident,) = incidents(again.observe(AlertChanged(open_alert(finding))))
    assert "First: Swap it." in str(incident.fields["summary_en"])


def test_an_alert_becomes_an_incident_of_its_host_and_learns_its_id() -> None:
    points = Site().observe(AlertChanged(open_alert()))
    (incident,) = incidents(points)
    assert (incident.tags, incident.time_ns) == ({"anchor": "n07"}, START_NS)
    assert incident.fields == {
        "id": alert_id("n07", START_NS),
        "state": "open",
        "scope": "host",
        "place": "n07",
        "fault": "fan_failure",
        "severity": "P2",
        "hosts": 1.0,
        "host_list": "n07",
        "root_cause_confidence": 0.9,
        "ruled_out": "",
        "time_to_limit_s": -1.0,
        "energy_kwh": -1.0,
        "summary_en": "Fan failure on n07 (rack r3) since 2026-01-01 00:00:00 UTC; P2, almost certain "
        "(90 %). Fan 1 stopped. Also seen: fan 1 0 rpm (expected 5,000 rpm). First: Look at it. "
        "Do not open the lid or pull a second fan while the host runs: air would bypass the hot parts.",
        "summary_zh": "n07（机柜 r3）自 2026-01-01 00:00:00（UTC）起出现风扇停转，级别 P2，几乎确定（90 %）。"
        "依据：风扇 1：0 rpm（正常值 5,000 rpm）。"
        "首先：用 `ipmitool sdr type fan` 和事件日志确认。"
        "运行中不要开盖，也不要再拔第二个风扇，否则气流会绕过发热部件。",
        "raised": "2026-01-01T00:01:00Z",
        "ended": "",
    }
    (link,) = [point for point in points if point.measurement == "alert"]
    assert link == Point(
        "alert", {"host": "n07", "kind": "condition"}, {"incident": alert_id("n07", START_NS)}, START_NS
    )


def test_overlapping_alerts_of_a_host_are_one_incident_told_by_the_gravest() -> None:
    site = Site()
    site.observe(AlertChanged(open_alert(DROPOUT)))
    (incident,) = incidents(site.observe(AlertChanged(open_alert(PSU, minute=5))))
    assert incident.fields["id"] == alert_id("n07", START_NS)
    assert (incident.fields["fault"], incident.fields["severity"]) == ("psu_failure", "P1")


def test_an_incident_ends_with_the_last_of_its_alerts() -> None:
    site, dropout, fan = Site(), open_alert(DROPOUT), open_alert(FAN)
    site.observe(AlertChanged(dropout))
    site.observe(AlertChanged(fan))
    assert site.observe(AlertChanged(end(fan, 20))) == []  # nothing of the incident changes
    (over,) = incidents(site.observe(AlertChanged(end(dropout, 30))))
    assert (over.fields["state"], over.fields["ended"]) == ("resolved", "2026-01-01T00:30:00Z")
    assert str(over.fields["summary_en"]).endswith("It ended at 2026-01-01 00:30:00 UTC.")


def test_the_same_fault_within_30_min_of_the_end_joins_and_a_later_one_does_not() -> None:
    first = open_alert(FAN)
    for minute, joins in ((50, True), (50.1, False)):
        site = Site()
        site.observe(AlertChanged(first))
        site.observe(AlertChanged(end(first, 20)))
        (incident,) = incidents(site.observe(AlertChanged(open_alert(FAN, minute=minute))))
        assert (incident.fields["id"] == alert_id("n07", START_NS)) is joins
        assert incident.fields["state"] == "open"


def test_a_spike_that_is_over_opens_no_incident_but_joins_one() -> None:
    spike = open_alert(build_finding("sensor_spike", "info", kind="sensor"), minute=1)
    alone, beside = Site(), Site()
    assert incidents(alone.observe(AlertChanged(spike))) == []
    beside.observe(AlertChanged(open_alert(FAN)))
    (incident,) = incidents(beside.observe(AlertChanged(spike)))
    assert incident.fields["fault"] == "fan_failure"


def test_another_fault_after_the_end_is_an_incident_of_its_own() -> None:
    site, first = Site(), open_alert(FAN)
    site.observe(AlertChanged(first))
    site.observe(AlertChanged(end(first, 20)))
    (incident,) = incidents(site.observe(AlertChanged(open_alert(PSU, minute=25))))
    assert (incident.fields["fault"], incident.fields["id"]) == (
        "psu_failure",
        alert_id("n07", START_NS + 25 * MINUTE_NS),
    )


def test_a_part_that_fails_is_no_consequence_of_a_sensor_that_fell_silent_long_before() -> None:
    site = Site()
    site.observe(AlertChanged(open_alert(DROPOUT)))
    (incident,) = incidents(site.observe(AlertChanged(open_alert(FAN, minute=60))))
    assert incident.fields["id"] == alert_id("n07", START_NS + 60 * MINUTE_NS)


@pytest.mark.parametrize(
    "other",
    [
        open_alert(host="n08", rack="r4"),
        open_alert(host="n08", minute=5.1),
        open_alert(PSU, host="n08"),
    ],
    ids=["another rack", "later than 5 min", "another fault"],
)
def test_hosts_share_no_incident_without_rack_fault_and_time_in_common(other: Alert) -> None:
    site = Site()
    site.observe(AlertChanged(open_alert(host="n07")))
    (incident,) = incidents(site.observe(AlertChanged(other)))
    assert incident.fields["host_list"] == "n08"


def test_hosts_whose_rack_is_not_known_share_no_incident() -> None:
    site = Site()
    site.observe(AlertChanged(open_alert(host="n07", rack="")))
    (incident,) = incidents(site.observe(AlertChanged(open_alert(host="n08", rack=""))))
    assert incident.fields["host_list"] == "n08"


def test_the_same_fault_on_three_hosts_of_a_rack_is_the_racks_incident() -> None:
    site = Site()
    told = [
        incident.fields
        for minute, host in ((0, "n07"), (4, "n08"), (8, "n09"))
        for incident in incidents(site.observe(AlertChanged(open_alert(host=host, minute=minute))))
    ]
    assert {fields["id"] for fields in told} == {alert_id("n07", START_NS)}
    assert [(f["scope"], f["place"], f["hosts"]) for f in told] == [
        ("host", "n07", 1.0),
        ("host", "n07", 2.0),
        ("rack", "r3", 3.0),
    ]
    assert told[2]["host_list"] == "n07,n08,n09"
    assert str(told[2]["summary_en"]).startswith(
        "Fan failure on 3 hosts of rack r3 (n07, n08, n09) since 2026-01-01 00:00:00 UTC; P2, almost certain"
    )
    assert str(told[2]["summary_zh"]).startswith("机柜 r3 的 3 台主机（n07、n08、n09）自 2026-01-01 00:00:00")


def test_a_racks_incident_ends_with_the_last_of_its_hosts() -> None:
    site = Site()
    alerts = [open_alert(host=host) for host in ("n07", "n08", "n09")]
    for alert in alerts:
        site.observe(AlertChanged(alert))
    site = Site.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(site.state()), type=SiteState))
    for alert in alerts[:2]:
        site.observe(AlertChanged(end(alert, 20)))
    (over,) = incidents(site.observe(AlertChanged(end(alerts[2], 25))))
    assert (over.fields["state"], over.fields["ended"]) == ("resolved", "2026-01-01T00:25:00Z")


def test_an_alert_that_gets_its_name_renames_its_incident() -> None:
    site, unknown = Site(), open_alert(build_finding("unknown", "P3"))
    site.observe(AlertChanged(unknown))
    (named,) = incidents(site.observe(AlertChanged(replace(unknown.copy(), fault="fan_failure"))))
    assert (named.fields["fault"], named.time_ns) == ("fan_failure", START_NS)


def test_the_site_writes_nothing_of_a_hosts_alert_but_its_incident() -> None:
    points = Site().observe(AlertChanged(open_alert()))
    assert [point.fields.keys() for point in points if point.measurement == "alert"] == [{"incident"}]


def minutes_of(hosts_by_minute: dict[int, tuple[str, ...]]) -> list[SiteEvent]:
    """A good mark each minute, then the summaries of that minute."""
    events: list[SiteEvent] = []
    for minute, hosts in hosts_by_minute.items():
        events.append(SourceMark(P0, at(minute), 50, True))
        events += [HostSummary(host, P0, at(minute + 0.1), 10_000_000_000, 0.1) for host in hosts]
    return events


def observe_all(site: Site, events: list[SiteEvent]) -> list[Point]:
    return [point for event in events for point in site.observe(event)]


ALL = ("n01", "n02", "n03", "n04")


def test_hosts_that_fall_silent_together_are_one_incident_of_their_collector() -> None:
    site = Site()
    points = observe_all(site, minutes_of({0: ALL, 1: ALL} | dict.fromkeys(range(2, 8), ("n01",))))
    (incident,) = incidents(points)
    fields = incident.fields
    assert (fields["scope"], fields["place"], fields["fault"]) == ("collector", P0, "collector_silent")
    assert (fields["hosts"], fields["host_list"]) == (3.0, "n02,n03,n04")
    assert links(points) == {("n02", "silence"): fields["id"]}
    back = observe_all(site, minutes_of({8: ALL, 9: ALL}))
    assert [point.fields["state"] for point in incidents(back)] == ["resolved"]


def test_hosts_that_fall_silent_with_their_collector_once_more_stay_in_its_incident() -> None:
    site, alone = Site(), ("n01",)
    silent = {0: ALL, 1: ALL} | dict.fromkeys(range(2, 8), alone)
    (first,) = incidents(observe_all(site, minutes_of(silent)))
    again = {8: ALL, 9: ALL} | dict.fromkeys(range(10, 18), alone)
    changed = incidents(observe_all(site, minutes_of(again)))
    assert {incident.fields["id"] for incident in changed} == {first.fields["id"]}
    assert (changed[-1].fields["state"], changed[-1].fields["hosts"]) == ("open", 3.0)


def test_an_incident_of_a_collector_says_who_is_back_and_ends_with_the_last() -> None:
    site = Site()
    observe_all(site, minutes_of({0: ALL, 1: ALL} | dict.fromkeys(range(2, 8), ("n01",))))
    partly = observe_all(site, minutes_of(dict.fromkeys(range(8, 12), ("n01", "n02"))))
    (fields,) = [point.fields for point in incidents(partly)]
    assert (fields["state"], fields["hosts"], fields["host_list"]) == ("open", 3.0, "n02,n03,n04")
    assert fields["summary_en"] == (
        "Silent collector since 2026-01-01 00:02:06 UTC; P2, almost certain (90 %). "
        "3 hosts (n02, n03, n04) fell silent together while telemetry/0 goes on: the collector, network or "
        "power that they share is down. 1 of 3 is back; 2 are still silent (n03, n04). First: Check the "
        "collector that these hosts share. "
        "Do not restart the hosts: most likely they run and only their data is missing."
    )
    assert fields["summary_zh"] == (
        "采集源 telemetry/0 的 3 台主机（n02、n03、n04）自 2026-01-01 00:02:06（UTC）起出现采集器无数据，"
        "级别 P2，几乎确定（90 %）。"
        "这些主机同时失去数据，应为其共用的采集器、网络或供电中断。其中 1 台已恢复，仍有 2 台无数据"
        "（n03、n04）。首先：检查这些主机共用的采集器。"
        "不要重启这些主机，它们很可能正常运行，只是没有数据。"
    )
    over = observe_all(site, minutes_of({12: ALL, 13: ALL}))
    (fields,) = [point.fields for point in incidents(over)]
    assert (fields["state"], fields["ended"]) == ("resolved", "2026-01-01T00:13:06Z")


def test_a_whole_rack_that_fell_silent_is_the_place_of_its_collectors_incident() -> None:
    site, events = Site(), minutes_of({0: ALL, 1: ALL} | dict.fromkeys(range(2, 8), ("n01",)))
    racks = dict.fromkeys(ALL[1:], "r3")
    events = [replace_rack(event, racks) for event in events]
    (fields,) = [point.fields for point in incidents(observe_all(site, events))]
    assert (fields["scope"], fields["place"], fields["fault"]) == ("collector", "r3", "collector_silent")
    assert "All 3 hosts of rack r3 (n02, n03, n04) fell silent" in str(fields["summary_en"])
    assert str(fields["summary_zh"]).startswith("机柜 r3 的 3 台主机（n02、n03、n04）自")


def replace_rack(event: SiteEvent, racks: dict[str, str]) -> SiteEvent:
    if not isinstance(event, HostSummary):
        return event
    return msgspec.structs.replace(event, rack=racks.get(event.host, ""))


def test_what_befalls_a_collectors_first_host_is_an_incident_of_its_own() -> None:
    site = Site()
    observe_all(site, minutes_of({0: ALL, 1: ALL} | dict.fromkeys(range(2, 8), ("n01",))))
    (fan,) = incidents(site.observe(AlertChanged(open_alert(host="n02", minute=10))))
    assert (fan.fields["scope"], fan.fields["fault"]) == ("host", "fan_failure")


def test_the_silence_of_a_faulty_host_leaves_its_incident_when_others_follow() -> None:
    site, hosts = Site(), tuple(f"n{i:02d}" for i in range(1, 9))
    (fan,) = incidents(site.observe(AlertChanged(open_alert(host="n02", minute=0))))
    alone = {0: hosts, 1: hosts} | dict.fromkeys(range(2, 5), (hosts[0], *hosts[2:]))
    first = observe_all(site, minutes_of(alone | dict.fromkeys(range(5, 8), hosts[4:])))
    assert links(first) == {("n02", "silence"): fan.fields["id"]}
    points = observe_all(site, minutes_of(dict.fromkeys(range(8, 14), hosts[4:])))
    left, group = incidents(points)
    assert (left.fields["id"], left.fields["fault"]) == (fan.fields["id"], "fan_failure")
    assert (group.tags["anchor"], group.fields["fault"], group.fields["hosts"]) == (
        "n02",
        "collector_silent",
        4.0,
    )
    assert links(points) == {("n02", "silence"): group.fields["id"]}


def test_a_list_of_hosts_fits_into_a_field() -> None:
    """InfluxDB takes 64 kB; a name that would be cut is left out."""
    hosts = tuple(f"r{i:04d}.{'x' * 60}" for i in range(2_000))
    site = Site()
    points = observe_all(site, minutes_of({0: hosts, 1: hosts} | dict.fromkeys(range(2, 8), hosts[:1])))
    (fields,) = [point.fields for point in incidents(points)]
    listed = str(fields["host_list"]).split(",")
    assert fields["hosts"] == 1_999.0
    assert len(str(fields["host_list"]).encode()) <= 60_000
    assert listed == list(hosts[1 : 1 + len(listed)])


def test_one_silent_host_is_an_incident_of_its_own_with_a_whole_alert() -> None:
    points = observe_all(Site(), minutes_of({0: ALL, 1: ALL} | dict.fromkeys(range(2, 8), ALL[:3])))
    (incident,) = incidents(points)
    assert (incident.fields["scope"], incident.fields["fault"]) == ("host", "host_silent")
    whole = [point for point in points if point.measurement == "alert" and "id" in point.fields]
    assert [(point.tags, point.fields["state"]) for point in whole] == [
        ({"host": "n04", "kind": "silence"}, "open")
    ]


def test_a_source_that_stands_still_is_an_incident_of_the_stream_without_hosts() -> None:
    site = Site()
    observe_all(site, minutes_of({0: ALL}))
    still: list[SiteEvent] = [SourceMark(P0, at(minute), 0, True) for minute in range(1, 10)]
    (incident,) = incidents(observe_all(site, still))
    fields = incident.fields
    assert (fields["scope"], fields["place"], fields["fault"]) == ("stream", P0, "stream_silent")
    assert (fields["hosts"], fields["host_list"]) == (0.0, "")


def test_recent_points_are_what_is_open_or_ended_within_30_min() -> None:
    site, fan = Site(), open_alert()
    site.observe(AlertChanged(fan))
    site.observe(AlertChanged(end(fan, 20)))
    site.observe(HostSummary("n01", P0, at(50), 10_000_000_000, 0.1))
    assert [point.measurement for point in site.recent()] == ["incident", "alert"]
    site.observe(HostSummary("n01", P0, at(51), 10_000_000_000, 0.1))
    assert site.recent() == []


def test_a_site_goes_on_from_its_stored_state() -> None:
    events = minutes_of({0: ALL, 1: ALL} | dict.fromkeys(range(2, 9), ("n01",)))
    one = Site()
    one.observe(AlertChanged(open_alert()))
    observe_all(one, events[:14])
    record = decode_site(encode_site(one.state(), 17, at(3)))
    assert (record.offset, record.event_ns, record.state) == (17, at(3), one.state())
    other = Site.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(record.state), type=SiteState))
    assert observe_all(other, events[14:]) == observe_all(one, events[14:]) != []
    assert other.recent() == one.recent()


@pytest.mark.parametrize("cut", range(1, 60, 4))
def test_a_site_goes_on_from_any_moment_of_a_collectors_silence(cut: int) -> None:
    back = {8: ("n01", "n02"), 9: ("n01", "n02"), 10: ("n01", "n02"), 11: ALL, 12: ALL, 13: ALL}
    events = minutes_of({0: ALL, 1: ALL} | dict.fromkeys(range(2, 8), ("n01",)) | back)
    whole = observe_all(Site(), events)
    site = Site()
    points = observe_all(site, events[:cut])
    record = decode_site(encode_site(site.state(), 17, at(3)))
    assert points + observe_all(Site.restore(record.state), events[cut:]) == whole


def test_a_sites_record_of_an_older_release_is_read() -> None:
    """It knew a collector by its source, and had an alert for each of its hosts."""
    site = Site()
    observe_all(site, minutes_of({0: ALL, 1: ALL} | dict.fromkeys(range(2, 8), ALL[:3])))
    old = msgspec.msgpack.decode(msgspec.msgpack.encode(site.state()))
    (incident,) = old["incidents"].values()
    old["collectors"], incident["scope"] = {P0: incident["id"]}, "collector"
    del old["silence"]["groups"], incident["together"], incident["silent"]
    restored = Site.restore(msgspec.convert(old, SiteState))
    (over,) = incidents(observe_all(restored, minutes_of({8: ALL, 9: ALL})))
    assert (over.fields["id"], over.fields["state"]) == (incident["id"], "resolved")


def test_a_damaged_record_is_refused() -> None:
    with pytest.raises(StateError, match="unreadable"):
        decode_site(b"\x00")
