"""Without an inventory time alone ties hosts together, and the incident says so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from site_alerts import Watched, ended, lost_supply, told, warm_inlet

from agent.narrative.effects import BY_TIME_EN, BY_TIME_ZH
from agent.topology import Topology

HOSTS = [f"n{at:02d}" for at in range(1, 7)]


def nowhere() -> Watched:
    return Watched(Topology())


@pytest.mark.parametrize(
    ("alert", "fault"),
    [(lost_supply, "feed_loss"), (warm_inlet, "cooling_unit_failure")],
    ids=["supply", "air"],
)
def test_hosts_that_show_the_same_within_minutes_are_one_incident_of_the_fleet(alert, fault) -> None:  # type: ignore[no-untyped-def]
    site = nowhere().see(*(alert(host, at / 3, rack="") for at, host in enumerate(HOSTS)))
    (incident,) = site.incidents
    assert (incident["scope"], incident["place"], incident["fault"]) == ("fleet", "fleet", fault)
    assert incident["hosts"] == 6.0
    assert BY_TIME_EN in str(incident["summary_en"])
    assert BY_TIME_ZH in str(incident["summary_zh"])
    assert "across the fleet" in str(incident["summary_en"])


def test_racks_that_messages_tell_are_the_place() -> None:
    site = nowhere().see(*(lost_supply(host, rack="r3") for host in HOSTS))
    (incident,) = site.incidents
    assert (incident["scope"], incident["place"], incident["fault"]) == ("rack", "r3", "feed_loss")
    assert BY_TIME_EN in str(incident["summary_en"])


def test_the_first_and_the_second_supply_do_not_hang_on_one_feed() -> None:
    site = nowhere().see(
        *(lost_supply(host, supply=1 + at % 2, rack="") for at, host in enumerate(HOSTS[:4]))
    )
    assert sorted(str(incident["host_list"]) for incident in site.incidents) == ["n01,n03", "n02,n04"]
    assert {incident["scope"] for incident in site.incidents} == {"host"}


def test_two_hosts_with_the_same_fault_are_two_incidents_and_three_are_one() -> None:
    site = nowhere().see(*(told(host, "power_cap", rack="") for host in HOSTS[:2]))
    assert [incident["place"] for incident in site.incidents] == ["n01", "n02"]
    site.see(told(HOSTS[2], "power_cap", 1, rack=""))
    assert len(site.members) == 1
    first, second = site.incidents  # of the third nobody ever heard
    assert (first["scope"], first["fault"], first["hosts"]) == ("fleet", "power_cap", 3.0)
    assert second["state"] == "resolved"
    assert second["summary_en"] == f"No incident of its own: its alerts belong to incident {first['id']}."


@pytest.mark.parametrize("fault", ["unknown", "sensor_stuck"])
def test_what_may_be_anything_is_not_tied_by_time(fault: str) -> None:
    site = nowhere().see(*(told(host, fault, rack="") for host in HOSTS))
    assert len(site.incidents) == len(HOSTS)


def test_the_incident_is_over_when_the_last_of_its_hosts_is_well() -> None:
    alerts = [lost_supply(host, rack="") for host in HOSTS[:3]]
    site = nowhere().see(*alerts).see(*(ended(alert, 20 + at) for at, alert in enumerate(alerts)))
    (incident,) = site.incidents
    assert (incident["state"], incident["ended"]) == ("resolved", "2026-01-01T00:22:00Z")


def test_an_incident_tells_the_least_time_to_a_limit_of_its_open_alerts() -> None:
    alerts = [
        replace(warm_inlet(host, rack=""), time_to_limit_s=at, limit_within_s=(at - 100, at + 300))
        for host, at in zip(HOSTS, (900.0, 400.0, -1.0), strict=False)
    ]
    site = nowhere().see(*alerts)
    (incident,) = site.incidents
    assert incident["time_to_limit_s"] == 400.0
    assert "About 6 min to its limit (5 min to 11 min)." in str(incident["summary_en"])
    assert "预计约 6 分钟后达到上限（5 分钟至 11 分钟）。" in str(incident["summary_zh"])
    site.see(ended(alerts[1], 20))
    assert site.incidents[0]["time_to_limit_s"] == 900.0
    site.see(replace(alerts[0], time_to_limit_s=0.0))
    assert "A part is at its limit." in str(site.incidents[0]["summary_en"])
    site.see(*(ended(alert, 30) for alert in alerts))
    assert site.incidents[0]["time_to_limit_s"] == -1.0
