"""What tells of load alone never hides a fault, and there is one open alert of a host's condition."""

from __future__ import annotations

import msgspec
import pytest
from builders import MINUTE_NS, START_NS, UNKNOWN, build_finding, build_tick
from hypothesis import given
from hypothesis import strategies as st

from agent.alert import Alert
from agent.alerts import HostAlerts
from agent.findings import Finding

LOAD = build_finding("abnormal_load", "P2", diagnosis="Sustained unexplained load.")
IDLE = build_finding("idle_server", "info", diagnosis="Nothing to do.")
FAN = build_finding("fan_failure", "P2")
HOT = build_finding("dimm_overheating", "P2", basis="limit")
CALM, HIGH = 0.1, 0.6  # the threshold is 0.5


def feed(alerts: HostAlerts, start: int, *ticks: Finding | None) -> list[Alert]:
    """Ticks a minute apart, each with its finding; all changes."""
    changed = []
    for minute, finding in enumerate(ticks):
        score = HIGH if finding is UNKNOWN else CALM
        tick = build_tick(start + minute, score=score)
        changed += alerts.update(tick, [] if finding is None else [finding])
    return changed


def minutes(alert: Alert) -> tuple[float, float]:
    """Onset and end, −1 while it is open."""
    onset = (alert.onset_ns - START_NS) / MINUTE_NS
    return onset, (alert.ended_ns - START_NS) / MINUTE_NS if alert.ended_ns else -1


@pytest.mark.parametrize("finding", [LOAD, IDLE], ids=["abnormal_load", "idle_server"])
def test_it_opens_by_two_of_three_ticks_as_an_alert_of_the_condition(finding: Finding) -> None:
    alerts = HostAlerts("n07")
    assert feed(alerts, 0, finding) == []
    (alert,) = feed(alerts, 1, finding)
    assert (alert.kind, alert.fault, minutes(alert)) == ("condition", finding.fault, (0, -1))


def test_it_ends_after_ten_calm_minutes_and_comes_back_within_thirty() -> None:
    alerts = HostAlerts("n07")
    (opened,) = feed(alerts, 0, LOAD, LOAD)
    (ended,) = feed(alerts, 2, *[None] * 11)
    assert (ended.state, minutes(ended)) == ("resolved", (0, 12))
    (again,) = feed(alerts, 20, LOAD, LOAD)
    assert (again.id, again.state) == (opened.id, "open")


@pytest.mark.parametrize("fault", [FAN, UNKNOWN], ids=["a fan", "unknown by score"])
def test_a_fault_ends_it_and_opens_with_an_onset_of_its_own(fault: Finding) -> None:
    alerts = HostAlerts("n07")
    feed(alerts, 0, *[LOAD] * 9)
    assert feed(alerts, 9, fault) == []
    ended, opened = feed(alerts, 10, fault)
    assert (ended.fault, ended.state, minutes(ended)) == ("abnormal_load", "resolved", (0, 10))
    assert (opened.fault, opened.state, minutes(opened)) == (fault.fault, "open", (9, -1))
    assert ended.id != opened.id


def test_a_part_beyond_its_limit_ends_it_at_once() -> None:
    alerts = HostAlerts("n07")
    feed(alerts, 0, LOAD, LOAD)
    ended, opened = feed(alerts, 2, HOT)
    assert (ended.state, opened.fault, minutes(opened)) == ("resolved", "dimm_overheating", (2, -1))


def test_one_abnormal_tick_of_something_else_does_not_end_it() -> None:
    alerts = HostAlerts("n07")
    feed(alerts, 0, LOAD, LOAD)
    assert feed(alerts, 2, UNKNOWN, LOAD, LOAD, FAN, LOAD, LOAD) == []


def test_it_never_takes_the_place_of_a_fault_and_opens_once_that_is_over() -> None:
    alerts = HostAlerts("n07")
    feed(alerts, 0, UNKNOWN, UNKNOWN)
    changed = feed(alerts, 2, *[LOAD] * 30)
    told = [(alert.fault, alert.state, minutes(alert)) for alert in changed]
    assert told == [("unknown", "resolved", (0, 12)), ("abnormal_load", "open", (12, -1))]


def test_a_fault_that_comes_back_is_the_same_alert_although_load_was_told_between() -> None:
    alerts = HostAlerts("n07")
    (first,) = feed(alerts, 0, FAN, FAN)
    feed(alerts, 2, *[None] * 11, LOAD, LOAD)
    *_, back = feed(alerts, 15, FAN, FAN)
    assert (back.id, back.state) == (first.id, "open")


def test_a_score_above_the_threshold_neither_ends_nor_calms_it() -> None:
    alerts = HostAlerts("n07")
    feed(alerts, 0, LOAD, LOAD)
    for minute in range(2, 40):  # the second opinion finds nothing in it
        assert alerts.update(build_tick(minute, score=HIGH), []) == []
    assert alerts.has_open


EVENTS = st.lists(st.sampled_from([LOAD, IDLE, FAN, UNKNOWN, HOT, None]), max_size=60)


@given(EVENTS)
def test_whatever_comes_one_alert_of_the_condition_is_open_and_never_one_of_load_beside_a_fault(
    ticks: list[Finding | None],
) -> None:
    alerts, states = HostAlerts("n07"), dict[str, str]()
    for minute, finding in enumerate(ticks):
        for alert in feed(alerts, minute, finding):
            states[alert.id] = alert.state
            assert sum(state != "resolved" for state in states.values()) <= 1


@given(EVENTS, EVENTS)
def test_a_restart_between_two_ticks_changes_nothing(
    before: list[Finding | None], after: list[Finding | None]
) -> None:
    alerts = HostAlerts("n07")
    feed(alerts, 0, *before)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(alerts), type=HostAlerts)
    assert feed(again, len(before), *after) == feed(alerts, len(before), *after)
