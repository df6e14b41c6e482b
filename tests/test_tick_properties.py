"""What holds for any log at all: jumbled, doubled, with gaps, jumps and several collectors."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.ticks import ClosedTick, Fate, HostClock, TickStream

S = 1_000_000_000
SENSORS = ("a", "b", "c", "d")
DECIDED_LATER = ("unstarted", "held")


@dataclass(frozen=True)
class Entry:
    """One reading of a log: value = its place in the log, so that no two are alike."""

    sensor: str
    time_ns: int
    value: float
    message: int
    is_limit: bool


@dataclass(frozen=True)
class Config:
    """How a clock is set up: from a model or not, patient or not."""

    period_s: int
    lateness_s: int

    def clock(self) -> HostClock:
        return HostClock("h1", self.lateness_s * S, window=5, period_ns=self.period_s * S)


@st.composite
def logs(draw: st.DrawFn) -> list[Entry]:
    """Mostly readings in order, some late, some ahead, some twice, now and then an outage."""
    entries: list[Entry] = []
    now_ms, message = 10_000_000, 0
    for place in range(draw(st.integers(0, 60))):
        if entries and draw(st.integers(0, 9)) == 0:
            old = draw(st.sampled_from(entries[-20:]))
            entries.append(Entry(old.sensor, old.time_ns, float(place), message + 1, old.is_limit))
            message += 1
            continue
        now_ms += draw(st.sampled_from([0, 0, 500, 3_000, 9_700, 10_000, 10_300, 60_000, 700_000, 8_000_000]))
        off_ms = draw(st.sampled_from([0, 0, 0, 0, -4_000, -10_000, -25_000, -400_000, 20_000, 90_000_000]))
        message += draw(st.integers(0, 1))
        is_limit = draw(st.integers(0, 19)) == 0
        sensor = draw(st.sampled_from(SENSORS))
        entries.append(Entry(sensor, (now_ms + off_ms) * 1_000_000, float(place), message, is_limit))
    return entries


configs = st.builds(Config, period_s=st.sampled_from([0, 0, 10]), lateness_s=st.sampled_from([0, 0, 5, 45]))


def feed(clock: HostClock, entries: list[Entry], out: TickStream) -> None:
    for entry in entries:
        if entry.is_limit:
            clock.limit(entry.sensor, "upper_critical", entry.time_ns, entry.value, entry.message, out)
        else:
            column = clock.column(entry.sensor, "temperature", "Cel")
            clock.add(column, entry.time_ns, entry.value, entry.message, out)


def plain(tick: ClosedTick) -> tuple[object, ...]:
    """A tick as something that compares by value."""
    arrays = (tick.values, tick.present, tick.arrived, tick.peak, tick.silent_ns, tick.sensor_period_ns)
    return (
        *(tick.host, tick.time_ns, tick.period_ns, tick.empty_before, tick.closed_by),
        *(array.tolist() for array in arrays),
        dict(tick.limits),
    )


def whole(config: Config, entries: list[Entry]) -> tuple[HostClock, TickStream]:
    """A log from its beginning to its end in one go."""
    clock, out = config.clock(), TickStream()
    feed(clock, entries, out)
    clock.end(out)
    return clock, out


@settings(max_examples=60, deadline=None)
@given(configs, logs(), st.lists(st.integers(1, 9), min_size=1))
def test_a_log_in_any_chunks_gives_the_same_ticks_fills_and_fates(
    config: Config, entries: list[Entry], sizes: list[int]
) -> None:
    clock, joined, at, chunk = config.clock(), TickStream(), 0, 0
    while at < len(entries):
        size = sizes[chunk % len(sizes)]
        out = TickStream()
        feed(clock, entries[at : at + size], out)
        joined.closed += out.closed
        joined.fills += out.fills
        joined.fates += out.fates
        at, chunk = at + size, chunk + 1
    clock.end(joined)
    _, out = whole(config, entries)
    assert [plain(tick) for tick in joined.closed] == [plain(tick) for tick in out.closed]
    assert joined.fills == out.fills
    assert +joined.fates == +out.fates


@settings(max_examples=60, deadline=None)
@given(configs, logs(), st.lists(st.integers(0, 60), min_size=1, max_size=3))
def test_a_clock_that_is_stored_and_restored_in_the_middle_of_a_log_goes_on_as_if_nothing_had_been(
    config: Config, entries: list[Entry], cuts: list[int]
) -> None:
    clock, restarted, at = config.clock(), TickStream(), 0
    for cut in [*sorted(cuts), len(entries)]:
        feed(clock, entries[at:cut], restarted)
        clock = msgspec.msgpack.decode(msgspec.msgpack.encode(clock), type=HostClock)
        at = max(at, cut)
    clock.end(restarted)
    _, out = whole(config, entries)
    assert [plain(tick) for tick in restarted.closed] == [plain(tick) for tick in out.closed]
    assert restarted.fills == out.fills
    assert restarted.fates == out.fates


@settings(max_examples=100, deadline=None)
@given(configs, logs())
def test_every_reading_has_exactly_one_fate_or_still_waits_for_it(
    config: Config, entries: list[Entry]
) -> None:
    clock, out = config.clock(), TickStream()
    for given_so_far, entry in enumerate(entries, start=1):
        feed(clock, [entry], out)
        waiting = len(clock.unstarted) + len(clock.held)
        assert sum(out.fates.values()) + waiting == given_so_far
        assert all(count >= 0 for count in out.fates.values())
    clock.end(out)
    assert sum(out.fates.values()) == len(entries)
    assert not clock.unstarted
    assert not clock.held
