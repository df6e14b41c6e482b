"""Warm air that comes round to the top of a rack: told of the rack, and of nothing that looks like it."""

from __future__ import annotations

from agent.alert import Alert
from agent.incidents import Site
from agent.rack_air import RackAir
from agent.site_events import HostSummary
from agent.state import decode_site, encode_site

MINUTE_NS = 60_000_000_000
START_NS = 1_767_225_600_000_000_000
BREACH = (0.0, 0.1, 0.5, 1.2, 2.5, 4.0)  # K, from the bottom of the rack to its top


def summary(minute: int, seat: int, over_k: float, u: float | None = None) -> HostSummary:
    """What the host in a seat tells in a minute."""
    return HostSummary(
        f"n{seat + 1}", "t/0", START_NS + minute * MINUTE_NS, MINUTE_NS, 0.1, 23.0 + over_k, "r4",
        over_k, 1.0 + 2 * seat if u is None else u,
    )  # fmt: skip


def watch(
    over_k: tuple[float, ...], minutes: int = 10, air: RackAir | None = None, at: int = 0
) -> list[Alert]:
    air = air or RackAir()
    told: list[Alert] = []
    for minute in range(at, at + minutes):
        for seat, k in enumerate(over_k):
            told += air.hear(summary(minute, seat, k))
    return told


def test_hosts_that_breathe_the_warmer_air_the_higher_they_stand_are_told_as_their_rack() -> None:
    (alert,) = watch(BREACH)
    assert (alert.host, alert.kind, alert.fault) == ("r4", "condition", "recirculation")
    assert [evidence.seen for evidence in alert.evidence] == [27.0, 25.5, 24.2]
    assert 3 * MINUTE_NS <= alert.raised_ns - alert.onset_ns < 4 * MINUTE_NS
    assert "n6 4 K, n5 2.5 K" in alert.diagnosis


def test_it_ends_ten_minutes_after_the_air_is_as_it_was() -> None:
    air = RackAir()
    watch(BREACH, air=air)
    (ended,) = watch((0.0,) * 6, minutes=20, air=air, at=10)
    assert ended.state == "resolved"
    assert ended.ended_ns == START_NS + 20 * MINUTE_NS


def test_a_room_or_a_rack_that_is_warmer_as_a_whole_has_no_breach() -> None:
    assert watch((4.0,) * 6) == []


def test_one_warm_host_at_the_top_is_its_own_matter() -> None:
    assert watch((0.0, 0.0, 0.1, 0.0, 0.2, 6.0)) == []


def test_warm_hosts_at_the_bottom_are_no_air_from_above() -> None:
    assert watch(BREACH[::-1]) == []


def test_a_moment_is_not_enough() -> None:
    assert watch(BREACH, minutes=3) == []


def test_without_heights_or_with_three_hosts_nothing_is_told() -> None:
    air = RackAir()
    assert not any(air.hear(summary(m, seat, k, u=5.0)) for m in range(9) for seat, k in enumerate(BREACH))
    assert watch(BREACH[3:]) == []


def test_the_site_makes_an_incident_of_it_and_goes_on_from_its_record_exactly() -> None:
    events = [summary(m, seat, k) for m in range(10) for seat, k in enumerate(BREACH)]
    straight, points = Site(), []
    for event in events:
        points += straight.observe(event)
    restored = Site()
    again = []
    for event in events[:20]:
        again += restored.observe(event)
    restored = Site.restore(decode_site(encode_site(restored.state(), 20, 0)).state)
    for event in events[20:]:
        again += restored.observe(event)
    assert again == points
    incident = next(point for point in points if point.measurement == "incident")
    assert (incident.fields["scope"], incident.fields["place"]) == ("rack", "r4")
    assert incident.fields["fault"] == "recirculation"
