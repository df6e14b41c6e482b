"""The evaluation on the twin: which alert belongs to which fault, and the same figures twice."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from agent.quality.twin import SIZES, evaluate
from agent.quality.twin_match import match, poisson_interval, wilson
from agent.quality.twin_report import markdown
from agent.quality.twin_stream import Raised, Watched
from models.twin.episodes import Episode
from models.twin.truth import Truth

START_S, END_S = 10_000.0, 14_000.0


def fault(
    name: str = "fan_failure", host: str = "n1", hosts: tuple[str, ...] = (), scope: str = "host"
) -> Truth:
    return Truth(Episode(host, name, START_S, END_S, "severe"), scope, host, hosts or (host,))


def raised(at_s: float, host: str = "n1", named: str = "fan_failure", kind: str = "condition") -> Raised:
    return Raised(host, kind, named, named, "P2", at_s, 0.0, 0.5, "seen")


def watched(*alerts: Raised) -> Watched:
    return Watched(list(alerts), 0, 0, 2, 1.0, {}, 0.0, {})  # began long ago


def test_an_alert_while_a_fault_lasts_finds_it_and_its_delay_is_from_the_true_start() -> None:
    found = match([fault()], watched(raised(START_S + 90), raised(START_S + 600)))
    assert found.events[0].delay_s == 90
    assert found.events[0].named
    assert not found.false


def test_an_alert_before_a_fault_is_false_and_finds_nothing() -> None:
    found = match([fault()], watched(raised(START_S - 1)))
    assert not found.events[0].found
    assert found.events[0].was_open
    assert [one.raised_s for one in found.false] == [START_S - 1]


def test_an_alert_soon_after_the_end_is_late_neither_found_nor_false() -> None:
    found = match([fault()], watched(raised(END_S + 60)))
    assert not found.events[0].found
    assert (found.late, found.false) == (1, [])


def test_an_alert_of_another_host_is_false_and_an_unnamed_one_still_finds() -> None:
    found = match([fault()], watched(raised(START_S + 60, "n2"), raised(START_S + 60, named="unknown")))
    assert found.events[0].found
    assert not found.events[0].named
    assert [one.host for one in found.false] == ["n2"]


def test_one_host_of_a_group_or_the_sites_own_machine_finds_what_reached_the_group() -> None:
    truth = fault("feed_loss", "pdu-a", ("n1", "n2"), "pdu")
    for host in ("n2", "pdu-a", "ups-a"):
        found = match([truth], watched(raised(START_S + 60, host)), units=("pdu-a", "ups-a"))
        assert found.events[0].found, host
        assert not found.false


def test_neighbours_of_a_group_are_no_false_alerts_but_do_not_find_it() -> None:
    truth = fault("cooling_unit_failure", "z1", ("n1",), "zone")
    found = match([truth], watched(raised(START_S + 60, "n7")))
    assert not found.events[0].found
    assert not found.false


def test_a_false_alert_says_what_went_on() -> None:
    surge = Truth(Episode("n1", "workload_surge", START_S, END_S, "severe"), "host", "n1", ("n1",))
    found = match([surge], watched(raised(START_S + 60), raised(START_S + 60, "n2")))
    assert [(one.host, one.confounder) for one in found.false] == [("n1", "workload_surge"), ("n2", "")]


def test_a_missed_fault_tells_how_near_its_score_came() -> None:
    seen = watched()
    seen.scores["n1"] = np.array(
        [[START_S - 60, 0.9, 0.4, 0.9, 0.9, 0.9], [START_S + 60, 0.2, 0.4, 0.1, 0.3, 0.2]], np.float32
    )
    assert match([fault()], seen).events[0].peak == pytest.approx(0.5, abs=1e-3)
    assert math.isnan(match([fault()], watched()).events[0].peak)


def test_intervals_hold_what_is_known_of_small_counts() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(8, 10) == pytest.approx((0.490, 0.943), abs=1e-3)
    assert poisson_interval(0) == pytest.approx((0.0, 3.69), abs=0.15)
    assert poisson_interval(7) == pytest.approx((2.81, 14.42), abs=0.15)


def test_what_is_raised_in_a_hosts_first_hour_is_told_apart() -> None:
    found = match([], watched(raised(600.0), raised(4_000.0)))
    assert [one.confounder for one in found.false] == ["new host", ""]


@pytest.mark.timeout(120)
def test_equal_seeds_give_equal_figures_with_one_process_or_two() -> None:
    one, two = (evaluate(SIZES["tiny"], "tiny", seed=3, processes=n, epochs=1) for n in (1, 2))
    for report in (one, two):
        report.seconds = {}
        assert report.events
        assert report.all_normal().host_days > 2
    assert json.dumps(one.to_json()) == json.dumps(two.to_json())
    assert "### Faults by size" in markdown(one)
