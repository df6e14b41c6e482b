"""Readings of many hosts find their clocks: where a host lives and what is ahead of its record."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.alerts import HostAlerts
from agent.host import Host
from agent.intake import Intake
from agent.points import Point
from agent.telemetry.readings import Message, Readings, Series, SeriesTable
from agent.ticks import HostClock, TickStream

S = 1_000_000_000


@dataclass
class Said:
    """One message: where it lies in Kafka and its (host, sensor, time in s, value)."""

    readings: list[tuple[str, str, float, float]]
    partition: int = 0
    record_s: float | None = None
    topic: str = "telemetry"


@dataclass
class Site:
    """An intake with its hosts; offsets count up in each partition."""

    periods_s: dict[str, dict[str, int]] = field(default_factory=dict)
    period_s: int = 10
    hosts: dict[str, Host] = field(default_factory=dict)
    offsets: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        periods_ns = {h: {s: p * S for s, p in of.items()} for h, of in self.periods_s.items()}
        self.series = SeriesTable()
        self.intake = Intake(self.series, self.hosts, self.make, periods_ns)

    def make(self, name: str, source: str) -> Host:
        return Host(name, source, HostClock(name, period_ns=self.period_s * S), HostAlerts(name))

    def take(self, *said: Said) -> tuple[TickStream, list[Point]]:
        """One poll."""
        messages, rows = [], []
        for index, one in enumerate(said):
            record_ms = None if one.record_s is None else round(one.record_s * 1_000)
            message = Message(b"", None, record_ms, one.topic, one.partition)
            offset = self.offsets.get(message.source, 0)
            self.offsets[message.source] = offset + 1
            messages.append(Message(b"", None, record_ms, one.topic, one.partition, offset))
            rows += [(self.number(h, s), round(t * S), v, index) for h, s, t, v in one.readings]
        columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
        kinds = (np.int32, np.int64, np.float64, np.int32)
        return self.intake.take(
            messages, Readings(*(np.array(c, k) for c, k in zip(columns, kinds, strict=True)))
        )

    def number(self, host: str, sensor: str) -> int:
        """A series; `a|upper_critical` is a limit of sensor a."""
        of, _, bound = sensor.partition("|")
        if bound:
            return self.series.intern(Series(host, f"{of}_{bound}", "limit", "Cel", of, bound))
        return self.series.intern(Series(host, sensor, "temperature", "Cel"))


def said(host: str, time_s: float, partition: int = 0, **values: float) -> Said:
    """A message of one host at one time."""
    return Said([(host, sensor, time_s, value) for sensor, value in values.items()], partition)


def fates(stream: TickStream) -> dict[str, int]:
    return {fate.value: count for fate, count in stream.fates.items() if count}


def times(stream: TickStream, host: str) -> list[float]:
    return [tick.time_ns / S for tick in stream.closed if tick.host == host]


# -- hosts --------------------------------------------------------------------------------------------------


def test_every_host_has_a_clock_of_its_own() -> None:
    out, _ = Site().take(said("h1", 0, a=1), said("h2", 3, a=2), said("h1", 10, a=3), said("h2", 14, a=4))
    assert times(out, "h1") == [0, 10]
    assert times(out, "h2") == [3, 14]


def test_a_recordings_name_stands_for_the_topic() -> None:
    assert Message(b"", topic="day.jsonl.gz").source == "day.jsonl.gz/0"


def test_a_host_lives_in_the_partition_of_its_first_reading() -> None:
    site = Site()
    out, stored = site.take(said("h1", 0, a=1), said("h1", 10, partition=1, a=2), said("h1", 20, a=3))
    assert site.hosts["h1"].source == "telemetry/0"
    assert times(out, "h1") == [0, 20]
    assert fates(out) == {"used": 2, "late": 1}
    assert stored == [Point("reading", {"host": "h1"}, {"a": 2.0}, 10 * S)]


def test_the_same_partition_of_another_topic_is_another_place() -> None:
    site = Site()
    out, stored = site.take(said("h1", 0, a=1), Said([("h1", "a", 10, 2)], topic="other"))
    assert fates(out) == {"used": 1, "late": 1}
    assert len(stored) == 1


def test_a_sensor_that_is_seen_only_elsewhere_is_none_of_the_host() -> None:
    site = Site()
    out, _ = site.take(said("h1", 0, a=1), said("h1", 0, partition=1, b=2), said("h1", 10, a=3))
    assert [len(tick.values) for tick in out.closed] == [1, 1]
    out, _ = site.take(said("h1", 20, a=1, b=2))  # until it comes from home
    assert [s.name for s in site.hosts["h1"].clock.sensors] == ["a", "b"]


def test_a_limit_from_elsewhere_is_late_and_no_reading() -> None:
    site = Site()
    site.take(said("h1", 0, a=1))
    out, stored = site.take(Said([("h1", "a|upper_critical", 0, 80)], partition=1))
    assert fates(out) == {"late": 1}
    assert stored == []
    assert site.hosts["h1"].clock.hard_limits() == {}


def test_what_comes_from_elsewhere_changes_no_tick() -> None:
    home = [said("h1", t, a=t, b=t) for t in range(0, 100, 10)]
    mixed = [m for t, one in enumerate(home) for m in (one, said("h1", 10 * t + 5, partition=1, a=-1, c=9))]
    alone, _ = Site().take(*home)
    among, _ = Site().take(*mixed)
    assert [t.values.tolist() for t in among.closed] == [t.values.tolist() for t in alone.closed]
    assert times(among, "h1") == times(alone, "h1")


# -- periods ------------------------------------------------------------------------------------------------


def test_a_sensor_has_the_period_that_training_settled() -> None:
    site = Site(periods_s={"h1": {"slow": 60}})
    site.take(said("h1", 0, slow=1, other=1))
    slow, other = site.hosts["h1"].clock.sensors
    assert (slow.period_ns, other.period_ns) == (60 * S, 0)


def test_a_settled_slow_sensor_is_not_waited_for_even_once() -> None:
    site = Site(periods_s={"h1": {"slow": 60, "fast": 10}})
    out, _ = site.take(said("h1", 0, slow=1), said("h1", 1, fast=1), said("h1", 11, fast=1))
    assert times(out, "h1") == [0, 11]


# -- ahead of the record ------------------------------------------------------------------------------------


def test_two_minutes_ahead_of_its_record_is_plausible_and_more_is_not() -> None:
    site = Site()
    out, _ = site.take(Said([("h1", "a", 0, 1)], record_s=0), Said([("h1", "a", 130, 2)], record_s=10))
    assert fates(out) == {"used": 2}
    out, _ = site.take(Said([("h1", "a", 140.001, 3)], record_s=20), Said([("h1", "a", 140, 4)], record_s=20))
    assert fates(out) == {"used": 1, "implausible": 1}
    assert times(out, "h1") == [140]


def test_a_record_without_a_time_judges_nothing() -> None:
    out, _ = Site().take(said("h1", 10**9, a=1))
    assert fates(out) == {"used": 1}


def test_a_record_judges_only_the_readings_of_its_own_message() -> None:
    early = Said([("h1", "a", 1_000, 1), ("h2", "a", 10, 1)], record_s=10)
    out, _ = Site().take(early, said("h3", 5_000, a=1), Said([("h4", "a", 1_000, 1)], record_s=990))
    assert fates(out) == {"used": 3, "implausible": 1}
    assert times(out, "h1") == []


def test_a_reading_far_behind_its_record_is_used() -> None:
    out, _ = Site().take(Said([("h1", "a", 0, 1)], record_s=86_400))
    assert fates(out) == {"used": 1}


# -- far ahead of the host ----------------------------------------------------------------------------------


def test_a_jump_of_hours_needs_a_second_message_however_many_readings_the_first_has() -> None:
    site = Site()
    out, _ = site.take(said("h1", 0, a=1, b=1), said("h1", 9_000, a=2, b=2))
    assert fates(out) == {"used": 2}
    out, _ = site.take(said("h1", 9_010, a=3, b=3))  # in a later poll
    assert fates(out) == {"used": 4}
    assert times(out, "h1") == [9_000, 9_010]


def test_another_hosts_messages_decide_nothing() -> None:
    site = Site()
    out, _ = site.take(
        said("h1", 0, a=1), said("h1", 9_000, a=2), said("h2", 10, a=1), said("h2", 9_010, a=1)
    )
    assert fates(out) == {"used": 2}
    assert [len(site.hosts[h].clock.held) for h in ("h1", "h2")] == [1, 1]


# -- limits -------------------------------------------------------------------------------------------------


def test_a_limit_travels_with_its_reading_and_is_no_sensor() -> None:
    site = Site()
    out, _ = site.take(Said([("h1", "a|upper_critical", 0, 80), ("h1", "a", 0, 40)]))
    (tick,) = out.closed
    assert tick.limits == {("a", "upper"): 80}
    assert tick.values.tolist() == [40]
    assert fates(out) == {"used": 2}


# -- restart ------------------------------------------------------------------------------------------------


def test_messages_that_a_restored_host_has_already_are_skipped_and_not_counted() -> None:
    site = Site()
    restored = site.make("h1", "telemetry/0")
    restored.applied_to = 2
    site.hosts["h1"] = restored
    out, _ = site.take(said("h1", 0, a=1), said("h1", 10, a=2), said("h1", 20, a=3))
    assert times(out, "h1") == [20]
    assert fates(out) == {"used": 1}


def test_a_host_that_takes_the_place_of_another_gets_its_readings() -> None:
    site = Site()
    site.take(said("h1", 0, a=1))
    replaced, site.hosts["h1"] = site.hosts["h1"], site.make("h1", "telemetry/0")
    site.intake.begin_anew()
    site.take(said("h1", 10, b=1))
    assert [s.name for s in site.hosts["h1"].clock.sensors] == ["b"]
    assert [s.name for s in replaced.clock.sensors] == ["a"]


# -- polls --------------------------------------------------------------------------------------------------


def test_a_poll_names_its_hosts_once_in_order() -> None:
    site = Site()
    ids = [site.number(host, "a") for host in ("h2", "h1", "h2")]
    nothing = np.zeros(3, np.int64)
    readings = Readings(np.array(ids, np.int32), nothing, nothing.astype(float), nothing.astype(np.int32))
    assert site.intake.hosts_in(readings) == ("h1", "h2")


def test_an_empty_poll_gives_nothing() -> None:
    out, stored = Site().take()
    assert (out.closed, stored, fates(out)) == ([], [], {})


messages = st.lists(
    st.builds(
        lambda host, time_s, partition, sensors: Said([(host, s, time_s, 1.0) for s in sensors], partition),
        st.sampled_from(["h1", "h2"]),
        st.sampled_from([0, 9.7, 10, 20, 30.2, 40, 50, 5_000, 5_010, 90_000]),
        st.sampled_from([0, 0, 0, 1]),
        st.lists(st.sampled_from(["a", "b", "a|upper_critical"]), min_size=1, max_size=3, unique=True),
    ),
    max_size=30,
)


@settings(max_examples=25, deadline=None)
@given(messages, st.integers(1, 7))
def test_messages_in_polls_of_any_size_give_the_same(log: list[Said], size: int) -> None:
    at_once, stored = Site().take(*log)
    site, polled, polled_stored = Site(), TickStream(), []
    for at in range(0, len(log), size):
        out, points = site.take(*log[at : at + size])
        polled.closed += out.closed
        polled.fills += out.fills
        polled.fates += out.fates
        polled_stored += points
    assert [(t.host, t.time_ns, t.closed_by, t.limits) for t in polled.closed] == [
        (t.host, t.time_ns, t.closed_by, t.limits) for t in at_once.closed
    ]
    assert [t.values.tolist() for t in polled.closed] == [t.values.tolist() for t in at_once.closed]
    assert (polled.fills, polled_stored, fates(polled)) == (at_once.fills, stored, fates(at_once))
    held = sum(len(host.clock.held) for host in site.hosts.values())
    assert sum(polled.fates.values()) + held == sum(len(one.readings) for one in log)
