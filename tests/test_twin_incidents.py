"""Incidents against the truth: one cause is one incident, and an incident is of one cause."""

from __future__ import annotations

from site_alerts import Watched, at, dark_feed, hosts_of, inventory, lost_supply, told

from agent.alert import Alert
from agent.quality.twin_incidents import CauseCount, IncidentWatch, add_counts, cells, judge_incidents, total
from agent.sensors import SECOND_NS
from agent.site_events import AlertChanged
from models.twin.episodes import Episode
from models.twin.truth import Truth

PLACES = {host: inventory().place(host) for host in inventory().hosts()}
RACK = tuple(hosts_of("r1"))


def fault(name: str, place: str, minute: float, hosts: tuple[str, ...], scope: str) -> Truth:
    start_s = at(minute) / SECOND_NS
    return Truth(Episode(place, name, start_s, start_s + 2_400), scope, place, hosts)


FEED = fault("feed_loss", "pdu-r1-a", 0, RACK, "pdu")
FAN = fault("fan_failure", "r3-n1", 0, ("r3-n1",), "host")


def judged(truths: list[Truth], *alerts: Alert) -> dict[str, CauseCount]:
    """What a site makes of alerts, judged."""
    watched, watch = Watched(), IncidentWatch("")
    for alert in alerts:
        event = AlertChanged(alert)
        watch.hear(event)
        watch.take(watched.site.observe(event))
    return {count.fault: count for count in judge_incidents(truths, watch, PLACES)}


def test_a_feed_that_is_one_incident_counts_as_one_and_pure() -> None:
    counts = judged([FEED, FAN], *map(lost_supply, RACK), dark_feed("pdu-r1-a"), told("r3-n1", "fan_failure"))
    assert (counts["feed_loss"].per_cause, counts["feed_loss"].purity) == (1.0, 1.0)
    assert counts["fan_failure"].incidents == 1


def test_a_feed_that_came_apart_counts_as_many() -> None:
    late = (lost_supply(host, 8 * number) for number, host in enumerate(RACK[:3]))
    assert judged([FEED], *late)["feed_loss"].per_cause == 3.0


def test_what_no_fault_explains_makes_an_incident_impure_and_alone_is_none() -> None:
    mixed = judged([FEED], *map(lost_supply, RACK), told("pdu-r1-a", "phase_imbalance", -4))
    assert (mixed["feed_loss"].incidents, mixed["feed_loss"].purity) == (1, 0.0)
    assert judged([FEED], told("r4-n1", "unknown")) == {}


def test_incidents_that_became_part_of_another_are_counted_apart() -> None:
    early = told("pdu-r1-b", "phase_imbalance", 0.5)
    counts = judged([FEED], early, *map(lost_supply, RACK[:3]))
    assert (counts["feed_loss"].incidents, counts["feed_loss"].joined) == (1, 1)


def test_counts_of_runs_add_up_by_class() -> None:
    one, other = [CauseCount("a", 2, 2, 0, 2)], [CauseCount("a", 1, 2, 1, 1), CauseCount("b", 1, 1, 0, 1)]
    whole = add_counts(one, other)
    assert [cells(count) for count in whole] == [
        ["a", "3", "1.33", "0.75", "1"],
        ["b", "1", "1.00", "1.00", "0"],
    ]
    assert total(whole).incidents == 5
