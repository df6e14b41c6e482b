"""Notes of operators: what they do to a host's alerts, to the site, and that each is taken once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import msgspec
import pytest
from builders import MINUTE_NS, START_NS, UNKNOWN, build_finding, build_tick

from agent.alert import Alert
from agent.alerts import HostAlerts
from agent.controls import Controls, ack_key, is_control, judged_key
from agent.findings import Finding
from agent.host_commands import OLD_NS, Order, old_keys
from agent.incidents import Site
from agent.mute import Mute, Quiet
from agent.note_book import LATE_NS, NoteBook
from agent.note_orders import order_notes, read_maintenance
from agent.notes import Note
from agent.report.episodes import AlertEpisode, read_alerts
from agent.site_events import (
    COMMAND_STARTS,
    AlertAcknowledged,
    AlertChanged,
    AlertsJudged,
    ForgetHost,
    HostMuted,
    HostSummary,
    SiteEvent,
    SourceMark,
)
from agent.state import decode_site, encode_site

FAN = build_finding()  # fan_failure, P2, shown by fan1_rpm
GRAVE = build_finding(severity="P1")
LIMIT = build_finding(basis="limit")
CALM, HIGH = 0.1, 0.6
P0 = "telemetry/0"
HOUR_NS = 60 * MINUTE_NS


def at(minute: float) -> int:
    return START_NS + int(minute * MINUTE_NS)


def feed(alerts: HostAlerts, minutes: Iterable[int], finding: Finding | None = FAN) -> list[Alert]:
    """A tick a minute with this finding, or a calm one; all changes."""
    found = [finding] if finding is not None else []
    score = HIGH if finding is UNKNOWN else CALM
    return [a for minute in minutes for a in alerts.update(build_tick(minute, score=score), found)]


def opened(finding: Finding = FAN) -> tuple[HostAlerts, Alert]:
    alerts = HostAlerts("n07")
    return alerts, feed(alerts, [0, 1], finding)[-1]


def acknowledged(alerts: HostAlerts, alert: Alert, minute: float = 2) -> Alert:
    (changed,) = alerts.acknowledge(alert.id, at(minute)) or [alert]
    assert changed.state == "acknowledged"
    return changed


# -- acknowledging -----------------------------------------------------------------------------------------


def test_an_acknowledged_alert_stays_so_while_it_goes_on_and_resolves_as_ever() -> None:
    alerts, alert = opened()
    acknowledged(alerts, alert)
    assert feed(alerts, range(2, 10)) == []
    (ended,) = feed(alerts, range(10, 30), None)
    assert (ended.state, ended.id) == ("resolved", alert.id)


def test_the_same_acknowledgement_again_is_no_news_and_that_of_another_alert_none() -> None:
    alerts, alert = opened()
    acknowledged(alerts, alert)
    assert alerts.acknowledge(alert.id, at(2)) is None
    assert alerts.acknowledge("0123456789abcdef", at(3)) is None


def test_what_returns_within_half_an_hour_is_still_acknowledged() -> None:
    alerts, alert = opened()
    acknowledged(alerts, alert)
    feed(alerts, range(2, 30), None)
    (again,) = feed(alerts, range(30, 34))
    assert (again.state, again.id) == ("acknowledged", alert.id)


def test_what_returns_later_is_a_new_alert_that_nobody_has_acknowledged() -> None:
    alerts, alert = opened()
    acknowledged(alerts, alert)
    feed(alerts, range(2, 90), None)
    (another,) = feed(alerts, range(90, 94))
    assert another.state == "open"
    assert another.id != alert.id


def test_an_alert_that_grows_to_p1_is_open_again_and_can_be_acknowledged_anew() -> None:
    alerts, alert = opened()
    acknowledged(alerts, alert)
    graver = feed(alerts, range(2, 5), GRAVE)[-1]
    assert (graver.state, graver.severity) == ("open", "P1")
    assert alerts.acknowledge(alert.id, at(2)) is None  # what was said before it grew
    acknowledged(alerts, alert, 6)
    assert feed(alerts, range(7, 12), GRAVE) == []


def test_a_mute_suppresses_what_is_acknowledged_and_gives_it_back() -> None:
    alerts, alert = opened()
    acknowledged(alerts, alert)
    (muted,) = alerts.set_mute(Mute(at(1), at(5), from_ns=at(1)))
    assert muted.state == "suppressed"
    (back,) = feed(alerts, range(2, 8))
    assert back.state == "acknowledged"


def test_what_is_acknowledged_while_it_is_suppressed_comes_back_acknowledged() -> None:
    alerts, alert = opened()
    alerts.set_mute(Mute(at(1), at(5), from_ns=at(1)))
    (changed,) = alerts.acknowledge(alert.id, at(2)) or []
    assert changed.state == "suppressed"
    assert [a.state for a in feed(alerts, range(2, 8))] == ["acknowledged"]


# -- what was found false ----------------------------------------------------------------------------------


def quiet(alerts: HostAlerts, at_ns: int, holds: bool = True, fault: str = "fan_failure") -> list[Alert]:
    return alerts.set_quiet(fault, "fan1_rpm", Quiet(at_ns, holds)) or []


def told(alert: Alert) -> tuple[object, object]:
    fields = alert.to_point().fields
    return fields["state"], fields["severity"]


def test_alerts_like_one_that_was_found_false_are_info_and_suppressed() -> None:
    alerts = HostAlerts("n07")
    assert quiet(alerts, at(-5)) == []
    (alert,) = feed(alerts, [0, 1])
    assert told(alert) == ("suppressed", "info")
    (ended,) = feed(alerts, range(2, 30), None)
    assert told(ended) == ("resolved", "info")


def test_the_verdict_counts_for_the_alert_that_is_open_and_true_undoes_it() -> None:
    alerts, _ = opened()
    assert [told(a) for a in quiet(alerts, at(2))] == [("suppressed", "info")]
    assert alerts.set_quiet("fan_failure", "fan1_rpm", Quiet(at(1), holds=False)) is None  # older
    assert [told(a) for a in quiet(alerts, at(3), holds=False)] == [("open", "P2")]


def test_another_fault_or_sensor_of_the_host_is_told_as_ever() -> None:
    alerts = HostAlerts("n07")
    quiet(alerts, at(-5), fault="psu_failure")
    alerts.set_quiet("fan_failure", "fan2_rpm", Quiet(at(-5), holds=True))
    assert [told(a) for a in feed(alerts, [0, 1])] == [("open", "P2")]


def test_a_sensor_beyond_its_own_limit_is_told_whatever_was_found() -> None:
    alerts = HostAlerts("n07")
    quiet(alerts, at(-5))
    assert [told(a) for a in feed(alerts, [0], LIMIT)] == [("open", "P2")]
    feed(alerts, range(1, 30), None)
    feed(alerts, range(30, 70), None)
    assert [told(a) for a in feed(alerts, [80, 81])] == [("suppressed", "info")]
    assert [told(a) for a in feed(alerts, [82], LIMIT)] == [("open", "P2")]


def test_a_score_alone_can_be_found_false_too() -> None:
    alerts = HostAlerts("n07")
    quiet(alerts, at(-5), fault="unknown")
    assert [told(a) for a in feed(alerts, [0, 1], UNKNOWN)] == [("suppressed", "info")]


# -- the site ----------------------------------------------------------------------------------------------


def observe(site: Site, *events: SiteEvent) -> list[tuple[str, object]]:
    points = [point for event in events for point in site.observe(event)]
    return [(p.measurement, p.fields["state"]) for p in points if "state" in p.fields]


def test_an_incident_is_acknowledged_once_all_its_open_alerts_are() -> None:
    site, (first, alert), second = Site(), opened(), HostAlerts("n07")
    sensor = build_finding("sensor_stuck", "P3", kind="sensor")
    (stuck,) = feed(second, [0, 1], sensor)
    assert observe(site, AlertChanged(alert), AlertChanged(stuck)) == [("incident", "open")] * 2
    assert observe(site, AlertChanged(acknowledged(first, alert))) == []
    seen = acknowledged(second, stuck)
    assert observe(site, AlertChanged(seen)) == [("incident", "acknowledged")]


def silent_site() -> tuple[Site, str]:
    """n07 has been silent since minute 0; the id of that alert."""
    site, points = Site(), []
    for minute in range(-5, 6):
        for event in (
            SourceMark(P0, at(minute), 50, at_end=True),
            *(
                HostSummary(host, P0, at(minute + 0.1), 10_000_000_000, 0.1)
                for host in (("n01", "n07") if minute < 0 else ("n01",))
            ),
        ):
            points += site.observe(event)
    (alert_id,) = {str(p.fields["id"]) for p in points if p.measurement == "alert" and "id" in p.fields}
    return site, alert_id


def test_a_silence_is_acknowledged_by_the_site_and_stays_so_after_a_restart() -> None:
    site, alert_id = silent_site()
    ack = AlertAcknowledged("n07", alert_id, at(7), "kim")
    assert observe(site, ack) == [("alert", "acknowledged"), ("incident", "acknowledged")]
    again = Site.restore(decode_site(encode_site(site.state(), 0, 0)).state)
    assert observe(again, ack) == []
    marks = [SourceMark(P0, at(minute), 50, at_end=True) for minute in (6, 7)]
    assert observe(again, *marks) == []


# -- each note once ----------------------------------------------------------------------------------------


def episodes(*alerts: Alert, incident: str = "") -> list[AlertEpisode]:
    points = [alert.to_point() for alert in alerts]
    return read_alerts([replace(p, fields={**p.fields, "incident": incident}) for p in points])


def order(*notes: Note, alerts: Iterable[AlertEpisode] = (), now_ns: int = START_NS) -> Order:
    return order_notes(notes, list(alerts), Controls(), ["n01", "n02", "m01"], now_ns)


def test_a_note_is_taken_once_and_after_a_restart_too() -> None:
    book = NoteBook()
    note = Note("n07", "ack", START_NS, "ab")
    assert book.new([note, note]) == [note]
    book.take([note], START_NS + MINUTE_NS)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(book), type=NoteBook)
    assert again.new([note]) == []
    other = Note("n07", "ack", START_NS, "cd")  # at the same moment
    assert again.new([note, other]) == [other]


def test_a_note_that_comes_late_counts_and_one_from_a_clock_ahead_hides_none() -> None:
    book = NoteBook()
    book.take([Note("n07", "ack", START_NS + 10 * LATE_NS, "ab")], START_NS)
    assert book.newest_ns == START_NS
    late = Note("n07", "true", START_NS - LATE_NS // 2, "cd")
    assert book.new([late]) == [late]
    assert book.new([Note("n07", "true", START_NS - 2 * LATE_NS, "cd")]) == []


def test_an_acknowledged_incident_means_each_of_its_open_alerts() -> None:
    _, one = opened()
    ended = one.copy()
    ended.id, ended.state = "ffff", "resolved"
    found = order(
        Note("n07", "ack", START_NS, "1c1d", by="kim"), alerts=episodes(one, ended, incident="1c1d")
    )
    assert found.events == [AlertAcknowledged("n07", one.id, START_NS, "kim")]
    assert list(found.records) == [ack_key(one.id)]


def test_a_verdict_means_the_signatures_of_its_alerts_but_never_silence() -> None:
    _, one = opened()
    silence = one.copy()
    silence.kind, silence.id = "silence", "eeee"
    alerts = episodes(one, silence, incident="1c1d")
    found = order(Note("n07", "false", START_NS, "1c1d"), alerts=alerts)
    assert found.events == [AlertsJudged("n07", "fan_failure", "fan1_rpm", START_NS, is_false=True)]
    assert order(Note("n07", "false", START_NS, "1c1d", fault="psu_failure"), alerts=alerts).events == []
    (undone,) = order(Note("n07", "true", START_NS, one.id, fault="psu_failure"), alerts=alerts).events
    assert undone == AlertsJudged("n07", "fan_failure", "fan1_rpm", START_NS, is_false=False)


@pytest.mark.parametrize(
    ("text", "span_s", "reason"),
    [
        ("2h firmware 7", 7200, "firmware 7"),
        ("90m", 5400, ""),
        ("new fans", 14400, "new fans"),
        ("", 14400, ""),
    ],
)
def test_a_maintenance_note_begins_with_how_long(text: str, span_s: float, reason: str) -> None:
    assert read_maintenance(Note("n07", "maintenance", START_NS, text=text)) == (span_s, reason)


def test_maintenance_mutes_the_hosts_that_are_named_and_may_have_wildcards() -> None:
    note = Note("n0*", "maintenance", START_NS, text="2h fans")
    assert order(note).events == [
        HostMuted(host, START_NS, START_NS, START_NS + 2 * HOUR_NS, "fans") for host in ("n01", "n02")
    ]
    assert order(note, now_ns=START_NS + 3 * HOUR_NS).events == []  # long over
    (one,) = order(Note("not-seen-yet", "maintenance", START_NS)).events
    assert isinstance(one, HostMuted)
    assert order(Note("", "maintenance", START_NS)).events == []


def test_maintenance_of_no_time_ends_what_holds() -> None:
    controls = Controls(mutes={"n01": HostMuted("n01", START_NS, START_NS, at(600), "fans")})
    note = Note("n01", "maintenance", at(5), text="0")
    found = order_notes([note], [], controls, ["n01"], at(6))
    assert [(e.host, e.until_ns) for e in found.events if isinstance(e, HostMuted)] == [("n01", at(5))]


# -- what is kept ------------------------------------------------------------------------------------------

ACK = AlertAcknowledged("n07", "ab", 5, "kim")
FALSE = AlertsJudged("n07", "unknown", "cpu1_temp_c", 5, is_false=True)
TRUE = AlertsJudged("n07", "unknown", "cpu1_temp_c", 6, is_false=False)


def test_commands_are_kept_by_alert_and_signature_and_the_newest_counts() -> None:
    controls = Controls()
    for event in (ACK, TRUE, FALSE):
        controls.observe(event)
    assert controls.judged == {judged_key(TRUE): TRUE}
    records = {ack_key("ab"): msgspec.json.encode(ACK), judged_key(TRUE): msgspec.json.encode(TRUE)}
    assert Controls.from_records(records) == controls
    assert all(is_control(key) for key in records)


def test_a_forgotten_host_has_no_verdicts() -> None:
    controls = Controls()
    controls.observe(FALSE)
    controls.observe(ForgetHost("n07", 9))
    assert controls.judged == {}


def test_only_what_still_means_something_is_kept() -> None:
    controls = Controls(acks={"ab": ACK}, judged={judged_key(FALSE): FALSE})
    assert old_keys(controls, OLD_NS) == []
    assert old_keys(controls, OLD_NS + 10) == [ack_key("ab")]
    controls.judged[judged_key(TRUE)] = TRUE
    assert judged_key(TRUE) in old_keys(controls, OLD_NS + 10)


@pytest.mark.parametrize("event", [ACK, FALSE])
def test_they_travel_as_events_that_every_instance_looks_for(event: SiteEvent) -> None:
    data = msgspec.json.encode(event)
    assert data.startswith(COMMAND_STARTS)
    assert msgspec.json.decode(data, type=SiteEvent) == event
