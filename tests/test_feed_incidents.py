"""Hosts that lose a supply together have one incident: of the feed that they share, and of nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import msgspec
import pytest
from site_alerts import Watched, at, dark_feed, ended, hosts_of, inventory, lost_supply, told
from typer.testing import CliRunner

from agent.alert import alert_id
from agent.findings import Evidence
from agent.incidents import Site
from agent.incidents_command import incidents_app
from agent.narrative import facts_read, summarize_english
from agent.report.episodes import read_incidents
from agent.sink.files import FileSink
from agent.site_events import AlertChanged, HostSummary, SourceMark
from agent.state import decode_site, encode_site
from agent.topology import Topology
from agent.topology_rows import Place

RACK = hosts_of("r1")


def test_one_dead_supply_is_its_hosts_own_incident() -> None:
    (incident,) = Watched().see(lost_supply("r1-n1")).incidents
    assert (incident["scope"], incident["place"], incident["fault"]) == ("host", "r1-n1", "psu_failure")


def test_supplies_that_die_on_one_feed_are_one_incident_of_that_feed() -> None:
    site = Watched().see(*(lost_supply(host, at / 10) for at, host in enumerate(RACK)))
    (incident,) = site.incidents
    assert (incident["scope"], incident["place"], incident["fault"]) == ("pdu", "pdu-r1-a", "feed_loss")
    assert (incident["severity"], incident["hosts"]) == ("P1", 8.0)
    assert incident["id"] == alert_id("r1-n1", at(0))  # the first host's incident has grown
    assert set(site.incident_of.values()) == {incident["id"]}


def test_the_first_host_has_its_incident_at_once_and_the_third_makes_it_the_feeds() -> None:
    site, scopes = Watched(), []
    for host in RACK[:4]:
        site.see(lost_supply(host))
        (incident,) = site.incidents
        scopes.append((incident["scope"], incident["hosts"]))
    assert scopes == [("host", 1.0), ("host", 2.0), ("pdu", 3.0), ("pdu", 4.0)]


def test_of_a_feed_with_few_hosts_half_of_them_are_enough() -> None:
    few = {f"x{at}": Place("server", "r9", pdu_a="pdu-x", pdu_b="pdu-y") for at in range(4)}
    site = Watched(Topology(few)).see(lost_supply("x0"), lost_supply("x1"))
    (incident,) = site.incidents
    assert (incident["scope"], incident["place"]) == ("pdu", "pdu-x")
    alone = Watched(Topology({"y0": Place("server", pdu_a="pdu-x", pdu_b="pdu-y")}))
    assert alone.see(lost_supply("y0")).incidents[0]["scope"] == "host"


def test_supplies_of_different_feeds_that_die_in_the_same_minute_have_nothing_in_common() -> None:
    site = Watched().see(lost_supply("r1-n1", supply=1), lost_supply("r1-n2", supply=2), lost_supply("r2-n1"))
    assert [incident["place"] for incident in site.incidents] == ["r1-n1", "r1-n2", "r2-n1"]


def test_supplies_that_die_ten_minutes_apart_are_not_one_feeds() -> None:
    site = Watched().see(*(lost_supply(host, 10 * at) for at, host in enumerate(RACK[:4])))
    assert {incident["scope"] for incident in site.incidents} == {"host"}
    assert len(site.incidents) == 4


@pytest.mark.parametrize("pdu_first", [True, False])
def test_what_the_pdu_says_itself_leads_and_its_hosts_are_beneath(pdu_first: bool) -> None:
    alerts = [dark_feed("pdu-r1-a", 0.5), *(lost_supply(host) for host in RACK[:2])]
    (incident,) = Watched().see(*(alerts if pdu_first else alerts[::-1])).incidents
    assert (incident["scope"], incident["place"], incident["fault"]) == ("pdu", "pdu-r1-a", "feed_loss")
    text = str(incident["summary_en"])
    assert "pdu-r1-a shows feed_loss." in text
    assert "Beneath it: PSU failure on 2 hosts." in text
    assert "由此引起：电源故障（2 台）。" in str(incident["summary_zh"])


def test_a_pdu_that_is_dark_tells_what_hangs_on_it_however_that_is_cabled() -> None:
    swapped = [lost_supply(host, supply=2) for host in RACK[:2]]  # by custom these hang on feed b
    site = Watched().see(*swapped, dark_feed("pdu-r1-a"))
    (incident,) = site.incidents
    assert (incident["place"], incident["hosts"]) == ("pdu-r1-a", 3.0)
    # From then on that is known of these hosts, even without a word of the PDU.
    site.see(*(ended(alert, 5) for alert in (*swapped, dark_feed("pdu-r1-a"))))
    site.see(*(lost_supply(host, 90, supply=2) for host in RACK[:2]), lost_supply(RACK[2], 90))
    later = site.incidents[-1]
    assert (later["place"], later["hosts"]) == ("pdu-r1-a", 3.0)


def test_hosts_with_four_supplies_share_the_feed_that_all_of_them_may_have_lost() -> None:
    rows = [Evidence(f"psu{supply}_in_w", "power", "W", 0.0, 100.0, "for") for supply in (1, 2)]
    site = Watched().see(
        *(told(host, "psu_failure", 0, rows) for host in RACK[:2]), *map(lost_supply, RACK[2:4])
    )
    (incident,) = site.incidents
    assert (incident["place"], incident["hosts"]) == ("pdu-r1-a", 4.0)


def test_what_is_ruled_out_says_why_and_confidence_follows_from_how_many_show_it() -> None:
    few, all_of_them = Watched().see(*map(lost_supply, RACK[:3])), Watched().see(*map(lost_supply, RACK))
    (some,), (whole,) = few.incidents, all_of_them.incidents
    assert some["ruled_out"] == "psu_failure (3 hosts on pdu-r1-a lost a supply within 0 s)"
    assert "3 of the 8 hosts there show it." in str(some["summary_en"])
    assert 0.6 < float(some["root_cause_confidence"]) < float(whole["root_cause_confidence"]) == 0.95
    both = Watched().see(*map(lost_supply, RACK[:3]), dark_feed("pdu-r1-a"))
    assert float(both.incidents[0]["root_cause_confidence"]) > 0.95


def test_load_that_moves_to_the_other_feed_belongs_to_the_loss() -> None:
    site = Watched().see(dark_feed("pdu-r1-a"), told("pdu-r1-b", "phase_imbalance", 2))
    assert len(site.incidents) == 1
    far = Watched().see(dark_feed("pdu-r1-a"), told("pdu-r2-b", "phase_imbalance", 2))
    assert [incident["fault"] for incident in far.incidents] == ["feed_loss", "phase_imbalance"]


def test_hosts_that_go_dark_with_their_feed_are_no_silence_of_their_own() -> None:
    site = Watched().see(dark_feed("pdu-r1-a"))
    hosts, others = RACK[:4], hosts_of("r2")
    for minute in range(2):
        site.hear(HostSummary(h, "t/0", at(minute), 60_000_000_000, 0.1) for h in (*hosts, *others))
    for minute in range(2, 8):
        site.take(site.site.observe(SourceMark("t/0", at(minute), 50, at_end=True)))
        site.hear(HostSummary(h, "t/0", at(minute + 0.1), 60_000_000_000, 0.1) for h in others)
    (incident,) = site.incidents
    assert (incident["scope"], incident["fault"]) == ("pdu", "feed_loss")
    assert set(str(incident["host_list"]).split(",")) == {*hosts, "pdu-r1-a"}


@pytest.mark.parametrize(
    "other", [told("r1-n2", "fan_failure", 1), told("r1-n2", "sensor_stuck", 1, kind="sensor")]
)
def test_another_fault_of_a_host_that_lost_its_feed_stays_its_own(other: object) -> None:
    site = Watched().see(*map(lost_supply, RACK)).see(other)  # type: ignore[arg-type]
    own = site.incidents[-1]
    assert (own["scope"], own["place"], own["fault"]) == ("host", "r1-n2", other.fault)  # type: ignore[attr-defined]


def test_what_a_host_had_before_its_feed_went_dark_stays_its_own() -> None:
    before = told("r1-n1", "sensor_stuck", -30, kind="sensor")
    site = Watched().see(before, lost_supply("r1-n1"), *map(lost_supply, RACK[1:4]))
    stuck, feed = site.incidents
    assert (stuck["fault"], stuck["hosts"], feed["fault"], feed["hosts"]) == (
        "sensor_stuck",
        1.0,
        "feed_loss",
        4.0,
    )
    assert site.incident_of["r1-n1", "sensor"] == stuck["id"] != site.incident_of["r1-n1", "condition"]


def test_an_alert_that_turns_out_to_be_something_else_leaves() -> None:
    alerts = [lost_supply(host) for host in RACK[:4]]
    site = Watched().see(*alerts).see(replace(alerts[3].copy(), fault="fan_failure"))
    feed, fan = sorted(site.incidents, key=lambda incident: str(incident["fault"]), reverse=True)
    assert {feed["fault"], fan["fault"]} == {"feed_loss", "fan_failure"}
    assert len(site.members) == 2


def test_two_feeds_below_one_ups_on_battery_are_one_incident() -> None:
    below = {f"pdu-{rack}-a": Place("pdu", rack, pdu_a="ups-a") for rack in ("r1", "r2")}
    site = Watched(inventory(**below)).see(told("ups-a", "ups_on_battery"))
    site.see(*(lost_supply(host, 12) for host in (*hosts_of("r1"), *hosts_of("r2"))))
    (incident,) = site.incidents
    assert (incident["scope"], incident["place"], incident["fault"]) == ("fleet", "ups-a", "ups_on_battery")
    one = Watched(inventory(**below)).see(
        told("ups-a", "ups_on_battery"), *(lost_supply(h, 12) for h in RACK)
    )
    assert [(i["scope"], i["place"], i["fault"]) for i in one.incidents] == [("pdu", "pdu-r1-a", "feed_loss")]


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_arrival_does_not_change_who_belongs_together(seed: int) -> None:
    alerts = [
        *(lost_supply(host, at / 8) for at, host in enumerate(RACK)), dark_feed("pdu-r1-a", 0.5),
        told("pdu-r1-b", "phase_imbalance", 1.5), told("r1-n5", "fan_failure", 1, kind="sensor"),
        lost_supply("r2-n3", 0.2, supply=2),
    ]  # fmt: skip
    straight = Watched().see(*alerts).members
    assert len(straight) == 3
    Random(seed).shuffle(alerts)
    assert Watched().see(*alerts).members == straight


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_restart_between_alerts_changes_nothing(cut: int) -> None:
    alerts = [*map(lost_supply, RACK), dark_feed("pdu-r1-a", 1)]
    whole = Watched().see(*alerts)
    site = Watched().see(*alerts[:cut])
    record = decode_site(encode_site(site.site.state(), 1, at(3)))
    site.site = Site.restore(record.state, inventory())
    assert site.see(*alerts[cut:]).points == whole.points


def test_an_incident_of_hundreds_of_hosts_is_written_seldom_and_is_whole_at_the_minutes_end() -> None:
    many = {f"h{at:03d}": Place("server", f"r{at // 20}", pdu_a="pdu-a", pdu_b="pdu-b") for at in range(400)}
    site, written = Watched(Topology(many)), 0
    for number, host in enumerate(many):
        points = site.site.observe(AlertChanged(lost_supply(host, number / 500, rack="")))
        written += sum(point.measurement == "incident" for point in points)
        site.take(points)
    assert written < 110
    assert set(site.incident_of) == {(host, "condition") for host in many}  # every alert knows it at once
    site.take(site.site.observe(SourceMark("t/0", at(5), 50, at_end=True)))
    (incident,) = site.incidents
    assert (incident["hosts"], incident["place"]) == (400.0, "pdu-a")
    assert site.site.owed() == []


def test_a_record_of_before_feeds_were_known_is_read() -> None:
    site = Site()
    site.observe(AlertChanged(lost_supply("r1-n1")))
    old = msgspec.msgpack.decode(msgspec.msgpack.encode(site.state()))
    (incident,) = old["incidents"].values()
    for name in ("signs", "cause", "reach", "is_by_time", "joined", "joined_ns", "told", "is_owed"):
        del incident[name]
    del old["known"], next(iter(incident["members"].values()))["time_to_limit_s"]
    restored = Site.restore(msgspec.convert(old, type(site.state())), inventory())
    (point,) = [p for p in restored.recent() if p.measurement == "incident"]
    assert point.fields["fault"] == "psu_failure"


def test_an_incident_read_back_tells_the_cause_first_and_what_it_does_beneath(tmp_path: Path) -> None:
    alerts, sink = [*map(lost_supply, RACK[:3]), dark_feed("pdu-r1-a", 0.5)], FileSink()
    site = Site(topology=inventory())
    for alert in alerts:
        sink.write([alert.to_point(), *site.observe(AlertChanged(alert))])
    (incident,) = read_incidents(sink.points())
    assert [alert.host for alert in incident.alerts] == ["pdu-r1-a", *RACK[:3]]
    assert summarize_english(replace(facts_read(incident), expected=8, shown=3)) == incident.summary_en
    FileSink.save(sink.points(), tmp_path / "points.lp")
    shown = CliRunner().invoke(incidents_app, ["show", incident.id, "--out", str(tmp_path)]).stdout
    cause, beneath, first = (
        shown.index(text) for text in ("pdu-r1-a, condition", "Beneath it, what", "r1-n1, cond")
    )
    assert cause < beneath < first
