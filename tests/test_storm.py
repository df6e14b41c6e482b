"""Many incidents at once: what is not urgent waits, is counted, and comes out."""

from __future__ import annotations

from dataclasses import replace

from builders import MINUTE_NS, START_NS

from agent.alert import Alert, alert_id
from agent.findings import Severity
from agent.incidents import Site
from agent.points import Point
from agent.report.episodes import read_incidents
from agent.site_events import AlertChanged, SourceMark
from agent.state import decode_site, encode_site

LIMIT = 5


def at(minute: float) -> int:
    return START_NS + int(minute * MINUTE_NS)


def alert(host: int, minute: float, severity: Severity = "P3", fault: str = "sensor_stuck") -> Alert:
    return Alert(
        host=f"n{host:03}",
        kind="condition",
        id=alert_id(f"n{host:03}", "condition", at(minute)),
        state="open",
        fault=fault,
        also=[],
        severity=severity,
        score=0.6,
        confidence=0.9,
        diagnosis="Something is off",
        evidence=[],
        actions=["Look at it"],
        onset_ns=at(minute),
        raised_ns=at(minute),
    )


def ended(one: Alert, minute: float) -> Alert:
    return replace(one, state="resolved", ended_ns=at(minute))


class Told:
    """A site, and the newest form of each incident that it told."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.site = Site(storm_incidents=limit)
        self.points: dict[tuple[object, ...], Point] = {}

    def see(self, *alerts: Alert) -> list[str]:
        """The anchors and scopes of the incidents that these changed."""
        points = [p for one in alerts for p in self.site.observe(AlertChanged(one))]
        return self._keep(points)

    def minute(self, minute: float) -> list[str]:
        return self._keep(self.site.observe(SourceMark("telemetry/0", at(minute), 50, at_end=True)))

    def _keep(self, points: list[Point]) -> list[str]:
        incidents = [point for point in points if point.measurement == "incident"]
        self.points |= {point.identity: point for point in incidents}
        return [f"{p.tags['anchor']} {p.fields['scope']}" for p in incidents]

    def fleet(self) -> Point:
        (found,) = [point for point in self.points.values() if point.fields["scope"] == "fleet"]
        return found


def stormy() -> Told:
    told = Told()
    told.see(*(alert(host, host / 10) for host in range(LIMIT)))
    return told


def test_below_the_limit_every_alert_begins_its_incident() -> None:
    told = Told()
    assert told.see(*(alert(host, host / 10) for host in range(LIMIT))) == [
        f"n{host:03} host" for host in range(LIMIT)
    ]


def test_beyond_it_what_is_not_urgent_waits_and_one_incident_counts_it() -> None:
    told = stormy()
    held = told.see(*(alert(host, 1 + host / 10) for host in range(10, 17)))
    assert held == ["n010 fleet"] * 7
    fleet = told.fleet()
    assert (fleet.fields["state"], fleet.fields["severity"], fleet.fields["hosts"]) == ("open", "P3", 7.0)
    assert "7 more held back (7 Sensor stuck), 7 of them still open" in str(fleet.fields["summary_en"])
    assert "7 起" in str(fleet.fields["summary_zh"])


def test_urgent_ones_begin_as_ever() -> None:
    told = stormy()
    assert told.see(alert(20, 1, "P1"), alert(21, 1, "P2")) == ["n020 host", "n021 host"]


def test_one_that_waits_begins_when_it_becomes_urgent() -> None:
    told, waits = stormy(), alert(10, 1)
    told.see(waits, alert(11, 1))
    assert told.see(replace(waits, severity="P2")) == ["n010 fleet", "n010 host"]
    assert "2 more held back (2 Sensor stuck), 1 of them still open" in str(told.fleet().fields["summary_en"])


def test_what_is_still_open_comes_out_when_the_storm_is_over() -> None:
    told, first, second = stormy(), alert(10, 1), alert(11, 1)
    told.see(first, second, ended(first, 5))
    assert told.minute(9) == []
    assert told.minute(11) == ["n010 fleet", "n011 host"]
    fleet = told.fleet()
    assert (fleet.fields["state"], fleet.fields["ended"]) == ("resolved", "2026-01-01T00:11:00Z")
    assert "2 more were held back" in str(fleet.fields["summary_en"])
    assert told.minute(12) == []


def test_what_comes_out_is_no_new_storm_and_all_of_it_comes() -> None:
    told = stormy()
    waiting = [alert(host, 1 + host / 100) for host in range(10, 60)]
    told.see(*waiting)
    assert told.minute(12)[1:] == [f"{one.host} host" for one in waiting]
    assert told.see(alert(99, 13)) == ["n099 host"]


def test_an_alert_that_has_an_incident_goes_on_in_it() -> None:
    told, first = stormy(), alert(0, 0)
    assert told.see(replace(first, confidence=0.95)) == ["n000 host"]
    assert told.see(ended(first, 5)) == ["n000 host"]


def test_a_storm_goes_on_after_a_restart() -> None:
    told = stormy()
    told.see(alert(10, 1), alert(11, 1))
    again = Told()
    again.site = Site.restore(decode_site(encode_site(told.site.state(), 0, 0)).state)
    again.site.storm_incidents = LIMIT
    assert again.minute(12) == ["n010 fleet", "n010 host", "n011 host"]


def test_its_point_is_an_incident_like_any_and_no_other_ones() -> None:
    told = stormy()
    told.see(alert(10, 1))
    told.minute(12)
    one = told.fleet()
    assert one.fields.keys() == next(p for p in told.points.values() if p is not one).fields.keys()
    assert len({point.fields["id"] for point in told.points.values()}) == len(told.points) == LIMIT + 2
    assert {incident.scope for incident in read_incidents(list(told.points.values()))} == {"fleet", "host"}
