"""Hosts that fall silent together are one alert: what it tells, who joins it, and when it ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from builders import MINUTE_NS, START_NS

from agent.alert import Alert
from agent.silence import Silence
from agent.site_events import HostSummary, SourceMark

P0 = "telemetry/0"
Told = tuple[int, Alert]


def at(minute: float) -> int:
    return START_NS + int(minute * MINUTE_NS)


def names(first: int, last: int) -> tuple[str, ...]:
    return tuple(f"n{i:02d}" for i in range(first, last + 1))


class Hall:
    """A source whose hosts all speak once a minute, but for those that a test silences."""

    def __init__(self, hosts: Iterable[str], racks: Mapping[str, str] | None = None) -> None:
        self.silence = Silence()
        self.hosts = tuple(hosts)
        self.racks = racks or {}
        self.minute = -5
        self.told: list[Told] = []
        self.go(0)

    def go(self, to: int, silent: Iterable[str] = (), source: str = P0) -> list[Alert]:
        """Minutes up to `to`; what changed in them."""
        gone, before = set(silent), len(self.told)
        for minute in range(self.minute, to):
            verdicts = [self.silence.mark(SourceMark(source, at(minute), 50, True))]
            for host in self.hosts:
                if host not in gone:
                    rack = self.racks.get(host, "")
                    summary = HostSummary(host, source, at(minute + 0.1), 10_000_000_000, 0.1, rack=rack)
                    verdicts.append(self.silence.hear(summary))
            for verdict in verdicts:
                self.told += [(minute, alert.copy()) for alert in verdict.alerts]
                self.told += [(minute, group.alert.copy()) for group in verdict.groups]
        self.minute = to
        return [alert for _, alert in self.told[before:]]

    def restart(self) -> None:
        self.silence = msgspec.msgpack.decode(msgspec.msgpack.encode(self.silence), type=Silence)

    @property
    def alerts(self) -> dict[str, Alert]:
        """Each alert that was ever told, as it was told last."""
        return {alert.id: alert for _, alert in self.told}


def test_hosts_that_fall_silent_together_are_one_alert_of_the_first() -> None:
    hall = Hall(names(1, 8))
    (alert,) = hall.go(60, silent=names(2, 8))
    assert (alert.host, alert.kind, alert.fault, alert.severity) == (
        "n02",
        "silence",
        "collector_silent",
        "P2",
    )
    assert (alert.onset_ns, alert.raised_ns, alert.state) == (at(0.1), at(3), "open")
    assert alert.diagnosis == (
        "7 hosts (n02, n03, n04, n05, n06, +2) fell silent together while telemetry/0 goes on: the "
        "collector, network or power that they share is down."
    )
    assert alert.actions[0] == "Check the collector that these hosts share"


def test_three_of_eight_are_a_group() -> None:
    (alert,) = Hall(names(1, 8)).go(10, silent=names(1, 3))
    assert (alert.host, alert.fault) == ("n01", "collector_silent")


def test_ten_hosts_are_a_group_however_many_others_go_on() -> None:
    (alert,) = Hall(names(1, 90)).go(10, silent=names(1, 10))
    assert alert.fault == "collector_silent"


def test_stragglers_join_the_alert_minutes_later() -> None:
    hall = Hall(names(1, 12))
    hall.go(3, silent=names(1, 6))
    hall.go(6, silent=names(1, 8))
    hall.go(30, silent=names(1, 9))
    (alert,) = hall.alerts.values()
    assert alert.diagnosis.startswith("9 hosts (n01, n02, n03, n04, n05, +4) fell silent together")


def test_hosts_that_fall_silent_one_a_minute_are_a_few_alerts() -> None:
    hall = Hall(names(1, 60))
    for minute in range(1, 41):
        hall.go(minute, silent=names(1, minute))
    hall.go(60, silent=names(1, 40))
    faults = sorted(alert.fault for alert in hall.alerts.values())
    assert faults.count("collector_silent") == 1
    assert faults.count("host_silent") <= 9


def test_a_host_told_of_alone_just_before_is_in_the_group_and_its_alert_becomes_the_groups() -> None:
    hall = Hall(names(1, 12))
    (alone,) = hall.go(5, silent=("n05",))
    assert alone.fault == "host_silent"
    hall.go(20, silent=("n05", *names(1, 4)))
    (group,) = hall.alerts.values()
    assert (group.id, group.fault) == (alone.id, "collector_silent")
    assert group.diagnosis.startswith("5 hosts (n01, n02, n03, n04, n05)")


def test_hosts_that_come_back_one_after_the_other_open_and_close_nothing() -> None:
    hall = Hall(names(1, 12))
    hall.go(60, silent=names(3, 12))
    for back in range(3, 9):
        changed = hall.go(hall.minute + 1, silent=names(back + 1, 12))
        assert all(alert.state == "open" for alert in changed)
    hall.go(90, silent=names(9, 12))
    (alert,) = hall.alerts.values()
    assert alert.diagnosis.endswith("6 of 10 are back; 4 are still silent (n09, n10, n11, n12).")
    assert (alert.state, alert.data, alert.ended_ns) == ("open", "stale", 0)


def test_it_ends_with_the_last_that_is_back() -> None:
    hall = Hall(names(1, 6))
    hall.go(30, silent=names(3, 6))
    hall.go(40, silent=("n06",))
    hall.go(45)
    (alert,) = hall.alerts.values()
    assert (alert.state, alert.data, alert.ended_ns) == ("resolved", "live", at(41.1))
    assert alert.diagnosis.endswith("All are back.")


def test_a_host_that_falls_silent_alone_later_has_an_alert_of_its_own() -> None:
    hall = Hall(names(1, 12))
    hall.go(30, silent=names(3, 12))
    hall.go(80, silent=names(8, 12))
    (own,) = hall.go(100, silent=("n05", *names(8, 12)))
    assert (own.host, own.fault, own.onset_ns) == ("n05", "host_silent", at(80.1))
    (back,) = hall.go(110, silent=names(8, 12))
    assert (back.id, back.state) == (own.id, "resolved")


def test_a_host_that_flaps_stays_in_its_group() -> None:
    hall = Hall(names(1, 12))
    hall.go(30, silent=names(3, 12))
    for start in range(30, 90, 10):
        hall.go(start + 4, silent=names(4, 12))
        hall.go(start + 10, silent=names(3, 12))
    assert len(hall.alerts) == 1


def test_a_group_that_flaps_is_one_alert() -> None:
    hall = Hall(names(1, 12))
    for start in range(0, 100, 20):
        hall.go(start + 10, silent=names(3, 12))
        hall.go(start + 20)
    (alert,) = hall.alerts.values()
    states = [told.state for _, told in hall.told]
    assert (states, alert.onset_ns) == (["open", "resolved"] * 5, at(0.1))


def test_the_first_of_a_group_that_is_still_open_has_no_second_alert() -> None:
    """No host has two open alerts of a kind."""
    hall = Hall(names(1, 12))
    hall.go(30, silent=names(3, 12))
    hall.go(80, silent=names(8, 12))
    hall.go(100, silent=("n03", *names(8, 12)))
    (alert,) = hall.alerts.values()
    assert alert.diagnosis.endswith("4 of 10 are back; 6 are still silent (n03, n08, n09, n10, n11, +1).")


def test_two_groups_at_different_times_are_two_alerts() -> None:
    hall = Hall(names(1, 30))
    hall.go(20, silent=names(1, 10))
    hall.go(40, silent=names(1, 20))
    assert [alert.host for alert in hall.alerts.values()] == ["n01", "n11"]
    hall.go(60, silent=names(11, 20))
    assert [alert.state for alert in hall.alerts.values()] == ["resolved", "open"]


def play_sources(hosts: Mapping[str, tuple[str, ...]], silent: Iterable[str], minutes: int = 12) -> Silence:
    """Sources that are marked at the same time; `silent` fall silent at minute 0."""
    silence, gone = Silence(), set(silent)
    for minute in range(-5, minutes):
        for source in hosts:
            silence.mark(SourceMark(source, at(minute), 50, True))
        for source, names_ in hosts.items():
            for host in names_:
                if minute < 0 or host not in gone:
                    silence.hear(HostSummary(host, source, at(minute + 0.1), 10_000_000_000, 0.1))
    return silence


def test_hosts_of_two_topics_are_two_groups() -> None:
    hosts = {"hall-a/0": names(1, 4), "hall-b/0": names(5, 8)}
    silence = play_sources(hosts, silent=(*names(2, 4), *names(6, 8)))
    assert [(a.host, a.fault) for a in silence.alerts()] == [
        ("n02", "collector_silent"),
        ("n06", "collector_silent"),
    ]


def test_a_collectors_hosts_that_are_spread_over_partitions_are_one_group_of_the_topic() -> None:
    """Two of eight in each of six partitions: twelve that fell silent together."""
    hosts = {f"telemetry/{i}": names(1 + 8 * i, 8 + 8 * i) for i in range(6)}
    silent = [host for hosts_ in hosts.values() for host in hosts_[:2]]
    silence = play_sources(hosts, silent)
    (alert,) = silence.alerts()
    (group,) = silence.groups.values()
    assert (alert.host, alert.fault, group.hosts) == ("n01", "collector_silent", silent)
    assert (group.source, "while telemetry goes on" in alert.diagnosis) == ("telemetry", True)


def test_single_hosts_of_several_partitions_are_no_group() -> None:
    hosts = {f"telemetry/{i}": names(1 + 8 * i, 8 + 8 * i) for i in range(6)}
    silence = play_sources(hosts, silent=("n01", "n09", "n17"))
    assert [a.fault for a in silence.alerts()] == ["host_silent"] * 3


RACKS = {host: f"r{1 + i // 6}" for i, host in enumerate(names(1, 60))}


def test_a_whole_rack_is_a_group_and_its_place() -> None:
    """Six of sixty hosts would be six silences, were they not all of their rack."""
    hall = Hall(names(1, 60), RACKS)
    (alert,) = hall.go(10, silent=names(7, 12))
    (group,) = hall.silence.groups.values()
    assert (group.place, alert.rack) == ("r2", "r2")
    assert alert.diagnosis == (
        "All 6 hosts of rack r2 (n07, n08, n09, n10, n11, +1) fell silent together while telemetry/0 goes "
        "on: the collector, switch or power of the rack is down."
    )


def test_hosts_of_a_rack_of_which_one_goes_on_are_not_the_rack() -> None:
    hall = Hall(names(1, 12), RACKS)
    (alert,) = hall.go(10, silent=names(7, 11))
    (group,) = hall.silence.groups.values()
    assert (group.place, alert.rack) == (P0, "")
    assert alert.diagnosis.startswith("5 hosts (n07")


def test_two_racks_on_two_collectors_minutes_apart_are_two_groups() -> None:
    hall = Hall(names(1, 60), RACKS)
    hall.go(3, silent=names(1, 6))
    hall.go(20, silent=names(1, 12))
    assert [(alert.host, alert.rack) for alert in hall.alerts.values()] == [("n01", "r1"), ("n07", "r2")]


def test_two_racks_at_once_are_one_group_of_both() -> None:
    (alert,) = Hall(names(1, 60), RACKS).go(10, silent=names(1, 12))
    assert alert.diagnosis.startswith("All 12 hosts of racks r1 and r2 (n01")


def test_a_group_goes_on_from_its_stored_state_at_any_minute() -> None:
    def play(restarted_at: int) -> list[Told]:
        hall = Hall(names(1, 12), dict.fromkeys(names(3, 12), "r1"))
        for minute in range(1, 90):
            gone = names(3, 12) if minute < 20 else names(9, 12) if minute < 60 else names(4, 4)
            hall.go(minute, silent=gone)
            if minute == restarted_at:
                hall.restart()
        return hall.told

    whole = play(0)
    assert len(whole) > 2
    assert all(play(minute) == whole for minute in range(1, 90, 3))


def test_a_member_that_comes_back_in_another_partition_is_back() -> None:
    hall = Hall(names(1, 6))
    hall.go(30, silent=names(3, 6))
    for minute in (31, 32):
        for host in names(3, 6):
            verdict = hall.silence.hear(HostSummary(host, "telemetry/1", at(minute), 10_000_000_000, 0.1))
    (group,) = verdict.groups
    assert (group.alert.state, group.alert.ended_ns) == ("resolved", at(32))


def test_a_source_that_stands_still_has_no_group() -> None:
    hall = Hall(names(1, 12))
    changed = [
        alert
        for minute in range(1, 60)
        for alert in hall.silence.mark(SourceMark(P0, at(minute), 0, True)).alerts
    ]
    assert [alert.fault for alert in changed] == ["stream_silent"]
    assert hall.silence.groups == {}
