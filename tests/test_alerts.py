from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b

import msgspec
import pytest
from builders import MINUTE_NS, SERVER, START_NS, UNKNOWN, build_finding, build_tick

from agent.alert import Alert, rfc3339
from agent.alerts import HostAlerts
from agent.diagnosis import diagnose
from agent.findings import Finding
from agent.site_events import AlertChanged, SiteEvent

FAN = build_finding()
CALM, HIGH = 0.1, 0.6  # the threshold is 0.5, so calm is below 0.4


def feed(alerts: HostAlerts, scores: Sequence[float], start: float = 0) -> list[Alert]:
    """Ticks of these scores, a minute apart; all changes."""
    changed = []
    for minute, score in enumerate(scores):
        changed += alerts.update(build_tick(start + minute, score=score), [UNKNOWN] if score > 0.5 else [])
    return changed


def raised() -> HostAlerts:
    """A host with an open alert of onset 0 min and raised at 1 min."""
    alerts = HostAlerts("n07", "r3")
    feed(alerts, [HIGH, HIGH])
    return alerts


def tell(alerts: HostAlerts, minute: float, *findings: Finding) -> list[Alert]:
    return alerts.update(build_tick(minute, score=HIGH), findings)


def test_one_abnormal_tick_of_three_raises_nothing() -> None:
    assert feed(HostAlerts("n07"), [HIGH, CALM, CALM, HIGH, CALM, CALM]) == []


@pytest.mark.parametrize(("scores", "raised_min"), [([HIGH, HIGH], 1), ([HIGH, CALM, HIGH], 2)])
def test_two_abnormal_ticks_of_three_raise(scores: list[float], raised_min: int) -> None:
    (alert,) = feed(HostAlerts("n07"), scores)
    assert (alert.onset_ns, alert.raised_ns) == (START_NS, START_NS + raised_min * MINUTE_NS)
    assert (alert.state, alert.kind, alert.fault, alert.score) == ("open", "condition", "unknown", 0.6)


def test_the_onset_is_the_first_abnormal_tick_of_the_run_that_raised() -> None:
    (alert,) = feed(HostAlerts("n07"), [HIGH, CALM, CALM, HIGH, HIGH])
    assert alert.onset_ns == START_NS + 3 * MINUTE_NS


def test_a_hard_limit_raises_at_once() -> None:
    (alert,) = tell(HostAlerts("n07"), 0, build_finding("gpu_overheating", "P1", basis="limit"))
    assert alert.onset_ns == alert.raised_ns == START_NS


def test_physical_evidence_raises_without_a_score() -> None:
    alerts = HostAlerts("n07")
    assert alerts.update(build_tick(0, scored=False), [FAN]) == []
    (alert,) = alerts.update(build_tick(1, scored=False), [FAN])
    assert (alert.fault, alert.score) == ("fan_failure", -1.0)


PSU = build_finding("psu_failure", "P2")


def test_what_is_repaired_does_not_hide_what_breaks_next() -> None:
    alerts = HostAlerts("n07")
    (first,) = [alert for minute in range(4) for alert in tell(alerts, minute, PSU) if alert.raised_ns][:1]
    assert not [a for minute in range(4, 13) for a in tell(alerts, minute, FAN) if a.fault == "fan_failure"]
    ended, second = tell(alerts, 13, FAN)
    assert (ended.id, ended.state, ended.fault) == (first.id, "resolved", "psu_failure")
    assert (second.state, second.fault) == ("open", "fan_failure")
    assert second.onset_ns > first.onset_ns
    assert [a.id for a in tell(alerts, 14, FAN, PSU)] == []


def test_a_fault_beside_one_that_is_still_shown_takes_no_place() -> None:
    alerts = HostAlerts("n07")
    changes = [alert for minute in range(40) for alert in tell(alerts, minute, PSU, FAN)]
    assert {alert.fault for alert in changes} == {"psu_failure"}


def test_what_an_alert_names_as_its_consequence_takes_no_place() -> None:
    alerts, cause = HostAlerts("n07"), replace(FAN, also=("cpu_throttling",))
    hot = build_finding("cpu_throttling", "P2")
    tell(alerts, 0, cause), tell(alerts, 1, cause)
    assert not [a for minute in range(2, 30) for a in tell(alerts, minute, hot) if a.fault != "fan_failure"]


def test_a_tachometers_glitch_of_one_tick_raises_nothing() -> None:
    alerts = HostAlerts("n07")
    for minute, rpm in enumerate((5000, 0, 5000, 5000, 5000)):
        tick = build_tick(minute, seen={"fan1_rpm": rpm})
        assert alerts.update(tick, diagnose(tick)) == []


def test_resolves_after_ten_minutes_and_three_ticks_below_four_fifths_of_the_threshold() -> None:
    alerts = raised()
    assert feed(alerts, [CALM] * 10, start=2) == []
    (alert,) = feed(alerts, [CALM], start=12)
    assert (alert.state, alert.ended_ns) == ("resolved", START_NS + 12 * MINUTE_NS)
    assert alerts.open_count == 0


def test_three_calm_ticks_are_needed_however_far_apart() -> None:
    alerts = raised()
    assert alerts.update(build_tick(10), []) == alerts.update(build_tick(40), []) == []
    (alert,) = alerts.update(build_tick(70), [])
    assert alert.state == "resolved"


@pytest.mark.parametrize("score", [0.4, 0.45])
def test_a_tick_at_four_fifths_of_the_threshold_begins_the_calm_anew(score: float) -> None:
    alerts = raised()
    assert feed(alerts, [CALM] * 9 + [score] + [CALM] * 10, start=2) == []
    assert [a.state for a in feed(alerts, [CALM], start=22)] == ["resolved"]


def test_a_finding_begins_the_calm_anew() -> None:
    alerts = raised()
    feed(alerts, [CALM] * 9, start=2)
    assert alerts.update(build_tick(11), [FAN]) == []
    assert feed(alerts, [CALM] * 10, start=12) == []


def test_nothing_resolves_by_silence() -> None:
    alerts = raised()
    gone = tuple(SERVER)
    changed = [alert for m in range(2, 60) for alert in alerts.update(build_tick(m, missing=gone), [])]
    assert [(alert.state, alert.data) for alert in changed] == [("open", "stale")]
    (back,) = alerts.update(build_tick(60), [])
    assert (back.state, back.data) == ("open", "live")


def test_unscored_ticks_without_a_finding_prove_nothing() -> None:
    alerts = raised()
    for minute in range(2, 60):
        assert alerts.update(build_tick(minute, scored=False), []) == []


def test_a_return_within_30_min_reopens_the_same_alert() -> None:
    alerts = raised()
    (ended,) = feed(alerts, [CALM] * 11, start=2)
    (again,) = feed(alerts, [HIGH, HIGH], start=42)
    assert (again.id, again.onset_ns, again.raised_ns) == (ended.id, ended.onset_ns, ended.raised_ns)
    assert (again.state, again.ended_ns) == ("open", 0)


def test_a_return_after_30_min_is_a_new_alert() -> None:
    alerts = raised()
    (ended,) = feed(alerts, [CALM] * 11, start=2)
    (new,) = feed(alerts, [HIGH, HIGH], start=43)
    assert new.id != ended.id
    assert new.onset_ns == START_NS + 43 * MINUTE_NS


def test_another_named_fault_is_no_return() -> None:
    alerts = HostAlerts("n07")
    tell(alerts, 0, FAN)
    tell(alerts, 1, FAN)
    feed(alerts, [CALM] * 11, start=2)
    tell(alerts, 20, build_finding("psu_failure", "P1"))
    (alert,) = tell(alerts, 21, build_finding("psu_failure", "P1"))
    assert (alert.fault, alert.onset_ns) == ("psu_failure", START_NS + 20 * MINUTE_NS)


def test_an_unknown_fault_gets_a_name_and_keeps_it() -> None:
    alerts = raised()
    assert tell(alerts, 2, FAN) == []  # one tick may be a glitch
    (named,) = tell(alerts, 3, FAN)
    assert (named.fault, named.severity, named.diagnosis) == ("fan_failure", "P2", "Fan 1 stopped.")
    assert feed(alerts, [HIGH, HIGH], start=4) == []


def test_a_name_with_evidence_takes_the_place_of_one_that_a_score_was_given() -> None:
    alerts = HostAlerts("n07")
    guess = build_finding("dimm_overheating", "P2", basis="score")
    tell(alerts, 0, guess)
    tell(alerts, 1, guess)
    restored = msgspec.convert(msgspec.to_builtins(alerts), HostAlerts)
    tell(restored, 2, FAN)
    (named,) = tell(restored, 3, FAN)
    assert named.fault == "fan_failure"
    assert tell(restored, 4, guess) == tell(restored, 5, guess) == []


def test_a_graver_named_fault_takes_the_place_of_a_less_grave_one_and_severity_only_rises() -> None:
    alerts = HostAlerts("n07")
    tell(alerts, 0, FAN)
    tell(alerts, 1, FAN)
    psu = build_finding("psu_failure", "P1")
    tell(alerts, 2, psu)
    (graver,) = tell(alerts, 3, psu)
    assert (graver.fault, graver.severity) == ("psu_failure", "P1")
    assert tell(alerts, 4, FAN) == tell(alerts, 5, FAN) == []


def test_the_score_is_the_highest_so_far_and_only_its_growth_is_a_change() -> None:
    alerts = raised()
    changes = feed(alerts, [0.55, 0.7, 0.65, 0.7], start=2)
    assert [alert.score for alert in changes] == [0.7]


def test_kinds_are_alerts_of_their_own() -> None:
    alerts = HostAlerts("n07")
    dropout = build_finding("sensor_dropout", "P3", kind="sensor")
    tell(alerts, 0, UNKNOWN, dropout)
    changed = tell(alerts, 1, UNKNOWN, dropout)
    assert [(alert.kind, alert.fault, alert.score) for alert in changed] == [
        ("condition", "unknown", 0.6),
        ("sensor", "sensor_dropout", -1.0),
    ]
    assert alerts.open_count == 2


def test_a_sensor_alert_ends_when_the_sensor_is_back_whatever_the_score() -> None:
    alerts = HostAlerts("n07")
    dropout = build_finding("sensor_dropout", "P3", kind="sensor")
    for minute in range(2):
        alerts.update(build_tick(minute, scored=False), [dropout])
    changed = [alert for m in range(2, 14) for alert in alerts.update(build_tick(m, scored=False), [])]
    assert [alert.state for alert in changed] == ["resolved"]


def test_what_is_told_is_a_copy() -> None:
    alerts = HostAlerts("n07")
    (told,) = feed(alerts, [HIGH, HIGH])
    told.actions.clear()
    told.state = "resolved"
    assert alerts.open_count == 1
    assert alerts.recent()[0].fields["actions"] == "Look at it\nSwap it"


def test_recent_alerts_are_the_open_ones_and_those_that_ended_within_30_min() -> None:
    alerts = raised()
    assert [point.fields["state"] for point in alerts.recent()] == ["open"]
    feed(alerts, [CALM] * 41, start=2)  # ended at 12 min, now it is 42 min
    assert [point.fields["state"] for point in alerts.recent()] == ["resolved"]
    feed(alerts, [CALM], start=43)
    assert alerts.recent() == []


def test_the_point_has_every_field_of_the_contract_but_the_incident() -> None:
    alerts = HostAlerts("n07", "r3")
    tell(alerts, 0, FAN)
    (alert,) = tell(alerts, 0.25, FAN)
    point = alert.to_point()
    assert (point.measurement, point.tags, point.time_ns) == (
        "alert",
        {"host": "n07", "kind": "condition"},
        START_NS,
    )
    evidence = point.fields["evidence"]
    assert isinstance(evidence, str)
    assert json.loads(evidence) == [
        {
            "sensor": "fan1_rpm",
            "quantity": "fan_speed",
            "unit": "rpm",
            "seen": 0.0,
            "expected": 5000.0,
            "says": "for",
        }
    ]
    assert {name: value for name, value in point.fields.items() if name != "evidence"} == {
        "id": blake2b(f"n07\0condition\0{START_NS}".encode(), digest_size=8).hexdigest(),
        "state": "open",
        "fault": "fan_failure",
        "also": "",
        "severity": "P2",
        "score": 0.6,
        "confidence": 0.9,
        "diagnosis": "Fan 1 stopped.",
        "actions": "Look at it\nSwap it",
        "onset": "2026-01-01T00:00:00Z",
        "raised": "2026-01-01T00:00:15Z",
        "ended": "",
        "data": "live",
        "rack": "r3",
        "model": "r1",
    }


def test_times_have_as_many_decimals_as_they_need() -> None:
    assert rfc3339(START_NS + 250_000_000) == "2026-01-01T00:00:00.250Z"
    assert rfc3339(START_NS + 1) == "2026-01-01T00:00:00.000000001Z"


def test_alerts_go_on_from_their_stored_state() -> None:
    alerts = raised()
    feed(alerts, [CALM] * 5, start=2)
    restored = msgspec.msgpack.decode(msgspec.msgpack.encode(alerts), type=HostAlerts)
    assert restored == alerts
    assert feed(restored, [CALM] * 6, start=7) == feed(alerts, [CALM] * 6, start=7) != []


def poll_slow_fan(alerts: HostAlerts, rpm: float, minutes: range, scored: bool = False) -> list[Alert]:
    """A host that ticks every 10 s and whose fans come once a minute, carried in between."""
    changed = []
    for minute in minutes:
        for part in range(6):
            tick = build_tick(minute + part / 6, seen={"fan1_rpm": rpm}, period_s=10, scored=scored)
            tick.arrived[:3] = part == 0
            changed += alerts.update(tick, diagnose(tick))
    return changed


@pytest.mark.parametrize("scored", [True, False])
def test_a_sensor_slower_than_its_host_counts_by_its_own_readings(scored: bool) -> None:
    alerts = HostAlerts("n07")
    (alert,) = poll_slow_fan(alerts, 0.0, range(2), scored)
    assert (alert.fault, alert.onset_ns, alert.raised_ns) == (
        "fan_failure",
        START_NS,
        START_NS + MINUTE_NS,
    )
    assert poll_slow_fan(alerts, 5000.0, range(2, 12), scored) == []
    (ended,) = poll_slow_fan(alerts, 5000.0, range(12, 13), scored)
    assert (ended.state, ended.ended_ns) == ("resolved", START_NS + 12 * MINUTE_NS)


def test_a_glitch_of_a_slow_sensor_raises_nothing_though_its_value_is_carried() -> None:
    alerts = HostAlerts("n07")
    poll_slow_fan(alerts, 5000.0, range(2))
    assert poll_slow_fan(alerts, 0.0, range(2, 3)) == []
    assert poll_slow_fan(alerts, 5000.0, range(3, 9)) == []
    assert poll_slow_fan(alerts, 0.0, range(9, 10)) == []


def test_an_alert_does_not_resolve_because_the_sensor_that_showed_it_fell_silent() -> None:
    alerts = HostAlerts("n07")
    for minute in range(2):
        alerts.update(build_tick(minute), [FAN])
    for minute in range(2, 60):
        assert alerts.update(build_tick(minute, missing=("fan1_rpm",)), []) == []
    assert alerts.open_count == 1


def test_ticks_that_prove_nothing_neither_raise_nor_hinder() -> None:
    alerts = HostAlerts("n07")
    alerts.update(build_tick(0, score=HIGH), [UNKNOWN])
    for minute in range(1, 5):
        assert alerts.update(build_tick(minute, scored=False), []) == []
    (alert,) = alerts.update(build_tick(5, score=HIGH), [UNKNOWN])
    assert (alert.onset_ns, alert.raised_ns) == (START_NS, START_NS + 5 * MINUTE_NS)


def test_an_abnormal_tick_of_half_an_hour_ago_helps_to_raise_nothing() -> None:
    alerts = HostAlerts("n07")
    alerts.update(build_tick(0, score=HIGH), [UNKNOWN])
    assert alerts.update(build_tick(31, score=HIGH), [UNKNOWN]) == []


def test_a_planned_reboot_raises_nothing() -> None:
    """Off for 5 min at a high score, its sensors of the board gone; then 9 min of fans at full speed."""
    alerts, off = HostAlerts("n07"), dict.fromkeys(SERVER, 0.0) | {"power_w": 12.0, "inlet_temp_c": 24.0}
    for minute in range(5):
        tick = build_tick(minute, seen=off, score=0.9, missing=("cpu1_temp_c", "gpu0_temp_c"))
        assert alerts.update(tick, diagnose(tick)) == []
    for minute in range(5, 14):
        tick = build_tick(minute, seen={"fan1_rpm": 9000.0}, score=0.9)
        assert alerts.update(tick, diagnose(tick)) == []
    changed = []
    for minute in range(14, 17):  # what is still unusual then is told
        tick = build_tick(minute, seen={"fan1_rpm": 9000.0}, score=0.9)
        changed += alerts.update(tick, diagnose(tick))
    assert [alert.onset_ns for alert in changed] == [START_NS + 14 * MINUTE_NS]


def test_physical_evidence_counts_in_a_boot_too() -> None:
    alerts = HostAlerts("n07")
    off = dict.fromkeys(SERVER, 0.0) | {"power_w": 12.0}
    tick = build_tick(0, seen=off, score=0.9)
    alerts.update(tick, diagnose(tick))
    changed = []
    for minute in (1, 2):
        tick = build_tick(minute, seen={"fan1_rpm": 0.0}, score=0.9)
        changed += alerts.update(tick, diagnose(tick))
    assert [alert.fault for alert in changed] == ["fan_failure"]


def test_an_open_alert_is_stale_once_the_data_stopped_and_live_with_the_next_tick() -> None:
    alerts = raised()  # the last tick was at 1 min
    assert alerts.stale(START_NS + 5 * MINUTE_NS) == []
    (stopped,) = alerts.stale(START_NS + 6 * MINUTE_NS)
    assert (stopped.state, stopped.data, stopped.ended_ns) == ("open", "stale", 0)
    assert alerts.stale(START_NS + 60 * MINUTE_NS) == []
    (back,) = alerts.update(build_tick(61, scored=False), [])
    assert (back.state, back.data) == ("open", "live")


def test_a_surge_that_is_high_once_in_three_ticks_raises_nothing() -> None:
    assert feed(HostAlerts("n07"), [CALM, HIGH, CALM, CALM, HIGH, CALM, CALM]) == []


def test_evidence_that_comes_later_makes_an_open_alert_surer() -> None:
    """Fans stop; a minute later a processor is warmer than it should be."""
    alerts = HostAlerts("n07")
    changed = []
    for minute, cpu1 in enumerate((60.0, 60.0, 64.0, 66.0, 66.0)):
        tick = build_tick(minute, seen={"fan1_rpm": 0.0, "cpu1_temp_c": cpu1})
        changed += alerts.update(tick, diagnose(tick))
    assert [alert.confidence for alert in changed] == [0.85, 0.9]
    said = {e.sensor: (e.seen, e.says) for e in changed[1].evidence}
    assert said["cpu1_temp_c"] == (64.0, "for")


def test_an_alert_goes_through_the_topic_of_alerts_unharmed() -> None:
    (alert,) = feed(HostAlerts("n07", "r3"), [HIGH, HIGH])
    event = AlertChanged(alert)
    assert msgspec.json.decode(msgspec.json.encode(event), type=SiteEvent) == event
