"""How far a host's clock is off: what its messages say of it, and what no delay can make them say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.clock_offset import ClockOffset, Skew

S = 1_000_000_000
START_S = 1_767_225_600
PERIOD_S = 10
OfTime = float | Callable[[float], float]
Log = list[tuple[int, float, float]]  # message, event time, append time; in s since the start


def _at(true_s: float, value: OfTime) -> float:
    return value(true_s) if callable(value) else value


def see(clock: ClockOffset, log: Iterable[tuple[int, float, float]], period_s: float = PERIOD_S) -> None:
    for message, event_s, append_s in log:
        event_ns, append_ns = round((START_S + event_s) * S), round((START_S + append_s) * S)
        clock.see(message, event_ns, append_ns, round(period_s * S))


def skews(log: Iterable[tuple[int, float, float]], period_s: float = PERIOD_S) -> list[Skew]:
    """Every skew that was told while the log was read."""
    clock = ClockOffset()
    told = list[Skew]()
    for one in log:
        see(clock, [one], period_s)
        if clock.skew is not None and (not told or told[-1] != clock.skew):
            told.append(clock.skew)
    return told


def polls(
    minutes: float,
    off_s: OfTime = 0.0,
    period_s: float = PERIOD_S,
    delay_s: OfTime = 0.5,
    start_s: float = 0,
) -> Log:
    """A host's messages; `off_s` is how far its clock is off and `delay_s` how late a message is, by true
    time. They arrive in the order in which they were sent."""
    log, appended_s = Log(), 0.0
    for number in range(round(minutes * 60 / period_s)):
        true_s = start_s + number * period_s
        appended_s = max(appended_s, true_s + _at(true_s, delay_s))
        log.append((round(true_s / period_s), true_s + _at(true_s, off_s), appended_s))
    return log


def test_a_clock_that_is_right_is_never_told() -> None:
    assert skews(polls(240)) == []


def test_a_clock_that_is_ahead_is_told_within_a_quarter_of_an_hour() -> None:
    (first, *_) = skews(polls(60, 90.0))
    assert 88 * S < first.offset_ns <= 90 * S
    assert first.limit_ns == 2 * PERIOD_S * S
    assert first.until_ns - START_S * S <= 15 * 60 * S
    assert first.messages >= 50


def test_a_clock_that_is_an_hour_ahead_is_told_though_nothing_else_is_known_of_the_host() -> None:
    assert skews(polls(60, 3_600.0), period_s=0)


def test_a_clock_that_is_behind_is_told_after_half_an_hour_and_not_before() -> None:
    (first, *_) = skews(polls(60, -8 * 3_600.0))
    assert -8 * 3_600 * S - S <= first.offset_ns <= -8 * 3_600 * S
    assert 29 * 60 * S <= first.until_ns - START_S * S <= 41 * 60 * S


def test_a_clock_that_steps_back_while_the_host_reports_is_told() -> None:
    told = skews(polls(120, lambda at: -3_600.0 if at > 1_800 else 0.0))
    assert told
    assert told[0].since_ns >= (START_S + 1_500) * S


def test_a_clock_that_drifts_ahead_by_a_second_a_minute_is_told_once_it_is_beyond_the_limit() -> None:
    (first, *_) = skews(polls(60, lambda at: at / 60))
    assert first.offset_ns > 2 * PERIOD_S * S


def test_two_periods_are_allowed() -> None:
    assert skews(polls(240, 590.0, period_s=300), period_s=300) == []
    assert skews(polls(240, 620.0, period_s=300), period_s=300)


def test_a_steady_delay_of_a_minute_is_no_clock() -> None:
    assert skews(polls(240, delay_s=60.0)) == []


def test_batches_that_are_held_for_five_minutes_say_nothing_of_a_clock() -> None:
    held = [(at, event_s, event_s // 300 * 300 + 300.5) for at, event_s, _ in polls(240)]
    assert skews(held) == []
    ahead = [(at, event_s + 90, append_s) for at, event_s, append_s in held]
    assert skews(ahead)  # their newest are before their time all the same


@settings(max_examples=60, deadline=None)
@given(
    outage_min=st.integers(3, 2_000),
    speed=st.floats(1.001, 50.0),
    seed=st.integers(0, 1_000),
)
def test_a_backlog_after_an_outage_is_never_a_clock(outage_min: int, speed: float, seed: int) -> None:
    """However slowly it drains: from minute 60 on nothing arrives, then all of it in its order."""
    random, back_s = Random(seed), 3_600 + outage_min * 60
    log = []
    for at, event_s, append_s in polls(60 + outage_min + 240):
        when_s = append_s + random.random()
        if event_s >= 3_600:  # what was polled so long after the outage's begin waits in a queue
            when_s = max(when_s, back_s + (event_s - 3_600) / speed)
        log.append((at, event_s, when_s))
    assert skews(log) == []


def test_a_backlog_is_no_clock_for_a_reader_who_comes_in_its_midst() -> None:
    log = [(at, event_s, 40_000 + event_s / 1.05) for at, event_s, _ in polls(240)]
    assert skews(log) == []


def test_a_queue_that_stays_full_is_told_of_nobodys_clock() -> None:
    """Delay grows for an hour to an hour and stays so: readings never went back."""
    log = polls(360, delay_s=lambda at: min(max(at - 3_600, 0), 3_600) * 1.0 + 0.5)
    assert skews(log) == []


def test_old_readings_among_those_of_now_say_nothing() -> None:
    old = [(100_000 + at, event_s - 86_400, append_s) for at, event_s, append_s in polls(240)]
    both = sorted([*polls(240), *old], key=lambda one: one[2])
    assert skews(both) == []


def test_one_wrong_message_says_nothing_and_hides_nothing() -> None:
    right, ahead = polls(240), polls(60, 90.0)
    for log in (right, ahead):
        at, _, append_s = log[50]
        log[50] = (at, append_s + 86_400, append_s)
        log.insert(51, log[50])
    assert skews(right) == []
    (first, *_) = skews(ahead)
    assert first.offset_ns < 91 * S


def test_a_clock_that_is_set_right_is_told_so_and_one_at_the_limit_does_not_flap() -> None:
    clock = ClockOffset()
    see(clock, polls(30, 30.0))
    assert clock.skew is not None
    since_ns = clock.skew.since_ns
    see(clock, polls(30, 15.0, start_s=1_800))  # below the limit of 20 s, above half of it
    assert clock.skew is not None
    assert clock.skew.since_ns == since_ns
    see(clock, polls(15, start_s=3_600))
    assert clock.skew is None


def test_a_clock_that_was_behind_and_is_set_right_is_told_so() -> None:
    clock = ClockOffset()
    see(clock, polls(60, -600.0))
    assert clock.skew is not None
    see(clock, polls(15, start_s=3_600))
    assert clock.skew is None


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(0, 720), off_s=st.sampled_from([-7_200.0, 0.0, 45.0]))
def test_a_restart_anywhere_changes_nothing(cut: int, off_s: float) -> None:
    log = polls(120, lambda at: off_s if at > 2_400 else 0.0)
    through, restarted = ClockOffset(), ClockOffset()
    see(through, log)
    see(restarted, log[:cut])
    restarted = msgspec.msgpack.decode(msgspec.msgpack.encode(restarted), type=ClockOffset)
    see(restarted, log[cut:])
    assert restarted == through


def test_what_is_kept_of_a_host_stays_small() -> None:
    clock = ClockOffset()
    see(clock, polls(24 * 60, 90.0))
    assert len(msgspec.msgpack.encode(clock)) < 700
