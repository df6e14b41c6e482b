"""What holds for any log at all: jumbled, doubled, with gaps, jumps and several collectors."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.ticks import ClosedTick, Fate, HostClock, TickStream

S = 1_000_000_000
SENSORS = ("a", "b", "c", "d")
HOUR_NS = 3_600 * S


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
    for place in range(draw(st.integers(0, 40))):
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


@settings(max_examples=25, deadline=None)
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


@settings(max_examples=25, deadline=None)
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


@settings(max_examples=40, deadline=None)
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


def covered(ticks: list[ClosedTick]) -> list[tuple[int, int]]:
    """(begin, end] of each tick: from the end of the one before to half a period after its time."""
    ends = [tick.time_ns + tick.period_ns // 2 for tick in ticks]
    return list(zip([-(2**62), *ends], ends, strict=False))


@settings(max_examples=25, deadline=None)
@given(configs, logs())
def test_ticks_close_in_time_order_and_no_two_cover_the_same_moment(
    config: Config, entries: list[Entry]
) -> None:
    _, out = whole(config, entries)
    for tick, (begin_ns, end_ns) in zip(out.closed, covered(out.closed), strict=True):
        assert begin_ns < tick.time_ns <= end_ns


@settings(max_examples=25, deadline=None)
@given(configs, logs())
def test_no_gap_is_longer_than_its_empty_ticks_but_by_the_window(
    config: Config, entries: list[Entry]
) -> None:
    _, out = whole(config, entries)
    for before, tick in zip(out.closed, out.closed[1:], strict=False):
        step = (tick.time_ns - before.time_ns) / tick.period_ns
        if step <= 1.5:
            assert tick.empty_before == 0
        else:
            assert tick.empty_before == 5 or abs(step - 1 - tick.empty_before) <= 0.5
        assert tick.empty_before <= 5


@settings(max_examples=40, deadline=None)
@given(configs, logs())
def test_what_arrived_in_a_tick_is_a_reading_of_that_sensor_from_the_time_it_covers(
    config: Config, entries: list[Entry]
) -> None:
    clock, out = whole(config, entries)
    for tick, (begin_ns, end_ns) in zip(out.closed, covered(out.closed), strict=True):
        assert tick.arrived.any()
        assert tick.present[tick.arrived].all()
        assert not tick.values[~tick.present].any()
        for column in tick.arrived.nonzero()[0].tolist():
            entry = entries[int(tick.values[column])]
            assert entry.sensor == clock.sensors[column].name
            assert begin_ns < entry.time_ns <= end_ns


@settings(max_examples=40, deadline=None)
@given(configs, logs())
def test_a_used_reading_lies_in_the_tick_that_covers_it_or_is_carried(
    config: Config, entries: list[Entry]
) -> None:
    clock, out, in_time = config.clock(), TickStream(), []
    for entry in entries:
        used, closed_to_ns = out.fates[Fate.USED], clock.closed_to_ns
        started = bool(clock.period_ns)
        ahead = clock.newest_ns > 0 and entry.time_ns > clock.newest_ns + HOUR_NS
        feed(clock, [entry], out)
        if entry.is_limit or ahead or not started or out.fates[Fate.USED] == used:
            continue
        if entry.time_ns > closed_to_ns:
            in_time.append(entry)
        else:
            sensor = clock.sensors[clock.index[entry.sensor]]
            assert (sensor.carry_ns, sensor.carry_value) == (entry.time_ns, entry.value)
    clock.end(out)
    ranges = covered(out.closed)
    for entry in in_time:
        (tick,) = [
            t for t, (begin, end) in zip(out.closed, ranges, strict=True) if begin < entry.time_ns <= end
        ]
        column = clock.index[entry.sensor]
        assert tick.arrived[column]
        assert entries[int(tick.values[column])].time_ns >= entry.time_ns  # itself, or a newer one


@settings(max_examples=25, deadline=None)
@given(configs, logs())
def test_a_masked_sensor_has_no_reading_younger_than_three_of_its_periods(
    config: Config, entries: list[Entry]
) -> None:
    clock, out = config.clock(), TickStream()
    newest: dict[str, int] = {}  # of what was carried or in a tick when the tick closed
    for entry in entries:
        before = len(out.closed)
        feed(clock, [entry], out)
        for tick in out.closed[before:]:
            for column, present in enumerate(tick.present.tolist()):
                name = clock.sensors[column].name
                if present and not tick.arrived[column]:
                    age_ns = tick.time_ns - entries[int(tick.values[column])].time_ns
                    assert age_ns <= 3 * int(tick.sensor_period_ns[column])
                elif not present and name in newest:
                    assert tick.time_ns - newest[name] > 3 * int(tick.sensor_period_ns[column])
        for sensor in clock.sensors:
            if sensor.carry_ns > 0:
                assert sensor.carry_ns >= newest.get(sensor.name, 0)
                newest[sensor.name] = sensor.carry_ns
