"""Muted and forgotten hosts: what their own alerts, the site's silence and its incidents make of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import pytest
from builders import MINUTE_NS, START_NS, UNKNOWN, build_tick

from agent.alert import Alert
from agent.alerts import HostAlerts
from agent.incidents import Site
from agent.mute import Mute
from agent.points import Point
from agent.site_events import (
    AlertChanged,
    ForgetHost,
    HostForgotten,
    HostMuted,
    HostSummary,
    SiteEvent,
    SourceMark,
)
from agent.state import decode_site, encode_site

P0 = "telemetry/0"
CALM, HIGH = 0.1, 0.6  # the threshold is 0.5


def at(minute: float) -> int:
    return START_NS + int(minute * MINUTE_NS)


def muted(first: float, last: float, host: str = "n07", now: float | None = None) -> HostMuted:
    return HostMuted(host, at(first if now is None else now), at(first), at(last), "firmware")


def feed(alerts: HostAlerts, minutes: Iterable[int], score: float = HIGH) -> list[Alert]:
    """A tick of this score a minute; all changes."""
    findings = [UNKNOWN] if score > 0.5 else []
    return [a for minute in minutes for a in alerts.update(build_tick(minute, score=score), findings)]


def host_with(mute: Mute) -> HostAlerts:
    return HostAlerts("n07", "r3", mute=mute)


def states(alerts: Sequence[Alert]) -> list[str]:
    return [alert.state for alert in alerts]


MUTE = Mute(at(5), at(20), "firmware", from_ns=at(5))


def test_an_alert_of_a_muted_host_is_made_and_suppressed() -> None:
    (alert,) = feed(host_with(MUTE), [6, 7])
    assert (alert.state, alert.onset_ns, alert.raised_ns) == ("suppressed", at(6), at(7))


def test_an_open_alert_is_suppressed_from_the_first_muted_tick_on() -> None:
    changed = feed(host_with(MUTE), range(3, 8))
    assert [(a.state, a.onset_ns) for a in changed] == [("open", at(3)), ("suppressed", at(3))]


def test_what_is_still_abnormal_when_the_mute_ends_becomes_open() -> None:
    alerts = host_with(MUTE)
    assert states(feed(alerts, range(6, 20))) == ["suppressed"]
    (opened,) = feed(alerts, [20])
    assert (opened.state, opened.onset_ns) == ("open", at(6))


def test_what_is_calm_when_the_mute_ends_is_never_told() -> None:
    alerts = host_with(MUTE)
    feed(alerts, range(6, 15))
    assert states(feed(alerts, range(15, 40), score=CALM)) == ["resolved"]


def test_what_is_calm_when_the_mute_ends_is_told_once_it_is_abnormal_again() -> None:
    alerts = host_with(MUTE)
    feed(alerts, range(6, 18))
    assert feed(alerts, range(18, 22), score=CALM) == []
    assert states(feed(alerts, [22])) == ["open"]


def test_a_suppressed_alert_is_not_counted_as_open() -> None:
    alerts = host_with(MUTE)
    feed(alerts, [6, 7])
    assert alerts.open_count == 0


def test_a_mute_between_two_ticks_changes_the_open_alert_at_once_and_its_end_too() -> None:
    alerts = HostAlerts("n07")
    feed(alerts, [3, 4])
    assert states(alerts.set_mute(Mute(at(5), at(20), from_ns=at(4)))) == ["suppressed"]
    assert alerts.set_mute(Mute(at(5), at(20), "again", from_ns=at(4))) == []
    assert states(alerts.set_mute(Mute(at(5), at(20), from_ns=at(4), is_over=True))) == ["open"]


def test_closing_ends_what_is_open_with_the_newest_tick() -> None:
    alerts = HostAlerts("n07")
    feed(alerts, [3, 4])
    (ended,) = alerts.close()
    assert (ended.state, ended.ended_ns) == ("resolved", at(4))
    assert alerts.close() == []


# -- the site ----------------------------------------------------------------------------------------------


def told(points: Sequence[Point]) -> list[tuple[str, str]]:
    """(measurement, state) of every whole point."""
    return [(p.measurement, str(p.fields["state"])) for p in points if "state" in p.fields]


def observe(site: Site, *events: SiteEvent) -> list[tuple[str, str]]:
    return told([point for event in events for point in site.observe(event)])


def minutes_of(first: int, last: int, *speaking: str) -> list[SiteEvent]:
    """Marks of these minutes, and summaries of the hosts that speak."""
    return [
        event
        for minute in range(first, last)
        for event in (
            SourceMark(P0, at(minute), 50, at_end=True),
            *(HostSummary(host, P0, at(minute + 0.1), 10_000_000_000, 0.1) for host in speaking),
        )
    ]


@pytest.fixture
def site() -> Site:
    """n01 and n07 are known and speak until minute 0."""
    site = Site()
    assert observe(site, *minutes_of(-5, 0, "n01", "n07")) == []
    return site


def restored(site: Site) -> Site:
    return Site.restore(decode_site(encode_site(site.state(), 0, 0)).state)


def test_a_suppressed_alert_makes_no_incident_until_it_is_open() -> None:
    alerts, site = host_with(MUTE), Site()
    assert observe(site, *(AlertChanged(a) for a in feed(alerts, range(6, 20)))) == []
    opened = observe(site, *(AlertChanged(a) for a in feed(alerts, [20])))
    assert opened == [("incident", "open")]
    ended = observe(site, *(AlertChanged(a) for a in feed(alerts, range(21, 40), score=CALM)))
    assert ended == [("incident", "resolved")]


def test_a_suppressed_alert_that_ends_made_no_incident() -> None:
    alerts, site = host_with(MUTE), Site()
    changed = [*feed(alerts, range(6, 9)), *feed(alerts, range(9, 30), score=CALM)]
    assert states(changed) == ["suppressed", "resolved"]
    assert observe(site, *(AlertChanged(alert) for alert in changed)) == []


def test_the_silence_of_a_muted_host_raises_nothing(site: Site) -> None:
    assert observe(site, muted(0, 30), *minutes_of(0, 30, "n01")) == []


def test_a_host_that_is_silent_when_its_mute_ends_is_told(site: Site) -> None:
    observe(site, muted(0, 30), *minutes_of(0, 30, "n01"))
    assert observe(restored(site), *minutes_of(30, 33, "n01")) == [("alert", "open"), ("incident", "open")]


def test_an_open_silence_is_suppressed_by_a_mute_and_open_again_after_it(site: Site) -> None:
    assert observe(site, *minutes_of(0, 6, "n01")) == [("alert", "open"), ("incident", "open")]
    assert observe(site, muted(6, 30)) == [("alert", "suppressed"), ("incident", "suppressed")]
    assert observe(site, *minutes_of(6, 30, "n01")) == []
    assert observe(site, *minutes_of(30, 31, "n01")) == [("alert", "open"), ("incident", "open")]


def test_unmuting_is_at_once_and_an_older_command_changes_nothing(site: Site) -> None:
    observe(site, *minutes_of(0, 6, "n01"), muted(6, 30))
    assert observe(site, muted(6, 10, now=10)) == [("alert", "open"), ("incident", "open")]
    assert observe(site, muted(6, 30)) == []


def test_other_hosts_are_told_as_ever(site: Site) -> None:
    assert observe(site, muted(0, 30, "n99"), *minutes_of(0, 6, "n01")) == [
        ("alert", "open"),
        ("incident", "open"),
    ]


def test_a_forgotten_host_is_silent_no_longer_and_never_again(site: Site) -> None:
    observe(site, *minutes_of(0, 6, "n01"))
    assert observe(site, ForgetHost("n07", at(6))) == []
    assert observe(site, HostForgotten("n07", at(6))) == [("alert", "resolved"), ("incident", "resolved")]
    assert observe(site, *minutes_of(6, 40, "n01")) == []
    assert site.state().silence.homes == {"n01": P0}


def test_a_host_that_reports_after_it_was_forgotten_is_a_new_one(site: Site) -> None:
    (first,) = [p for e in minutes_of(0, 6, "n01") for p in site.observe(e) if p.measurement == "incident"]
    observe(site, HostForgotten("n07", at(6)), *minutes_of(6, 12, "n01", "n07"))
    assert "n07" in site.state().silence.homes
    points = [p for e in minutes_of(12, 20, "n01") for p in site.observe(e) if p.measurement == "incident"]
    assert [p.fields["state"] for p in points] == ["open"]
    assert points[0].fields["id"] != first.fields["id"]


def test_the_last_silent_host_of_a_group_takes_it_along() -> None:
    site, hosts = Site(), [f"n{at:02}" for at in range(1, 6)]
    observe(site, *minutes_of(-5, 0, *hosts))
    assert ("incident", "open") in observe(site, *minutes_of(0, 8, "n01", "n02"))
    gone = [HostForgotten(host, at(8)) for host in hosts[2:]]
    assert observe(site, *gone[:2]) == []
    assert observe(site, gone[2]) == [("alert", "resolved"), ("incident", "resolved")]
    assert observe(site, *minutes_of(8, 12, "n01", "n02")) == []


@pytest.mark.parametrize("event", [muted(0, 5), ForgetHost("n07", at(1)), HostForgotten("n07", at(1))])
def test_commands_travel_as_events(event: SiteEvent) -> None:
    assert msgspec.json.decode(msgspec.json.encode(event), type=SiteEvent) == event
