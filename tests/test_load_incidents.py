"""Load that begins on many hosts at once is one incident and says so; a fault on a busy host is its own."""

from __future__ import annotations

from site_alerts import Watched, ended, told

from agent.alert import Alert


def busy(host: str, minute: float = 0) -> Alert:
    return told(host, "abnormal_load", minute, confidence=0.7)


def test_three_hosts_of_any_racks_within_an_hour_are_one_incident_that_tells_of_a_job() -> None:
    site = Watched().see(busy("r1-n1"), busy("r2-n4", 20), busy("r4-n8", 50))
    first, *others = site.incidents
    assert (first["fault"], first["scope"], first["hosts"]) == ("abnormal_load", "fleet", 3.0)
    assert "2 other hosts within an hour, as a job that many hosts run does" in str(first["summary_en"])
    assert "另有 2 台主机" in str(first["summary_zh"])
    assert first["root_cause_confidence"] == 0.4
    assert all(other["state"] == "resolved" for other in others)


def test_two_hosts_or_hosts_hours_apart_are_incidents_of_their_own() -> None:
    site = Watched().see(busy("r1-n1"), busy("r1-n2", 10), busy("r1-n3", 200))
    assert [(one["scope"], one["host_list"]) for one in site.incidents] == [
        ("host", "r1-n1"), ("host", "r1-n2"), ("host", "r1-n3"),
    ]  # fmt: skip
    assert all("as a job" not in str(one["summary_en"]) for one in site.incidents)


def test_a_fault_that_ends_a_load_alert_is_an_incident_of_its_own() -> None:
    for fault in ("unknown", "fan_failure"):
        load = busy("r1-n1")
        site = Watched().see(load, ended(load, 300), told("r1-n1", fault, 299))
        assert [one["fault"] for one in site.incidents] == ["abnormal_load", fault]


def test_load_after_a_fault_is_no_consequence_of_it_and_comes_back_to_its_own_incident() -> None:
    unknown = told("r1-n1", "unknown")
    load = told("r1-n1", "idle_server", 31)
    site = Watched().see(unknown, ended(unknown, 30), load)
    assert [one["fault"] for one in site.incidents] == ["unknown", "idle_server"]
    site.see(ended(load, 60), told("r1-n1", "idle_server", 80))
    assert len(site.incidents) == 2
