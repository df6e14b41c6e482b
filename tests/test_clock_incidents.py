"""Clocks that are wrong together are one incident; one that is wrong alone is its host's."""

from __future__ import annotations

from site_alerts import told

from agent.findings import Kind
from agent.incidents import Site
from agent.points import Point
from agent.site_events import AlertChanged


def incidents(*alerts: tuple[str, str, float]) -> list[Point]:
    """The last points of the incidents of (host, fault, minute)."""
    site, last = Site(), dict[str, Point]()
    for host, fault, minute in alerts:
        kind: Kind = "sensor" if fault == "clock_skew" else "silence"
        for point in site.observe(AlertChanged(told(host, fault, minute, kind=kind))):
            if point.measurement == "incident" and "summary_en" in point.fields:
                last[str(point.fields["id"])] = point
    return [point for point in last.values() if "belong to" not in str(point.fields["summary_en"])]


def test_twenty_hosts_whose_clocks_are_off_at_once_are_one_incident() -> None:
    """A collector that stamps the readings of all has one clock; their first spans close on one grid."""
    (one,) = incidents(*[(f"n{at:02}", "clock_skew", at / 10) for at in range(20)])
    assert one.fields["fault"] == "clock_skew"
    assert one.fields["hosts"] == 20
    assert one.fields["severity"] == "P3"
    assert "clock skew" in str(one.fields["summary_en"]).lower()
    assert "时钟偏差" in str(one.fields["summary_zh"])


def test_a_host_that_falls_silent_because_its_clock_went_wrong_is_one_incident_of_its_clock() -> None:
    (one,) = incidents(("n01", "host_silent", 0), ("n01", "clock_skew", 1))
    assert one.fields["hosts"] == 1
    assert one.fields["fault"] == "clock_skew"


def test_a_host_that_falls_silent_hours_after_its_clock_went_wrong_is_down() -> None:
    last = incidents(("n01", "clock_skew", 0), ("n01", "host_silent", 120))[-1]
    assert last.fields["fault"] == "host_silent"


def test_clocks_that_go_wrong_hours_apart_are_each_their_hosts() -> None:
    assert len(incidents(*[(f"n{at}", "clock_skew", 120 * at) for at in range(4)])) == 4
