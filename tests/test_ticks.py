"""One host's clock: what becomes of its readings, when its ticks open and close, what they carry."""

from __future__ import annotations

import numpy as np
import pytest

from agent.sensors import period_from_times
from agent.ticks import ClosedTick, HostClock, TickStream

S = 1_000_000_000
HOUR_S = 3_600


class Log:
    """A host's log written by hand: times in s, each reading a message of its own unless told otherwise."""

    def __init__(self, period_s: float = 0.0, lateness_s: float = 0.0) -> None:
        self.clock = HostClock("h1", int(lateness_s * S), period_ns=int(period_s * S))
        self.out = TickStream()
        self.message = 0

    def read(self, sensor: str, *times_s: float, value: float | None = None, every_s: float = 0) -> Log:
        """Readings of one sensor; the value is the time unless given, `every_s` its period in the model."""
        for time_s in times_s:
            self.say((sensor, time_s, time_s if value is None else value), every_s=every_s)
        return self

    def say(self, *readings: tuple[str, float, float], every_s: float = 0) -> Log:
        """One message with several readings."""
        for sensor, time_s, value in readings:
            column = self.clock.column(sensor, "temperature", "Cel", int(every_s * S))
            self.clock.add(column, round(time_s * S), value, self.message, self.out)
        self.message += 1
        return self

    def end(self) -> Log:
        self.clock.end(self.out)
        return self

    @property
    def ticks(self) -> list[ClosedTick]:
        return self.out.closed

    @property
    def times_s(self) -> list[float]:
        return [tick.time_ns / S for tick in self.ticks]

    @property
    def closed_by(self) -> list[str]:
        return [tick.closed_by for tick in self.ticks]

    @property
    def fates(self) -> dict[str, int]:
        return {fate.value: count for fate, count in self.out.fates.items() if count}

    def fills(self) -> list[tuple[float, str, float]]:
        return [(fill.time_ns / S, fill.sensor, fill.value) for fill in self.out.fills]

    def row(self, tick: int) -> list[float | None]:
        """A tick's values, None where masked."""
        closed = self.ticks[tick]
        return [float(v) if there else None for v, there in zip(closed.values, closed.present, strict=True)]

    def fresh(self, tick: int) -> list[bool]:
        """Which sensors arrived in a tick."""
        return [bool(arrived) for arrived in self.ticks[tick].arrived]


# -- periods ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("times_s", "period_s"),
    [
        ([0, 10, 20, 30], 10),
        ([0, 9.1, 18.2], 10),  # 1.1 × 9.1 = 10.01
        ([0, 9, 18], 5),  # 1.1 × 9 = 9.9 is not 10 yet
        ([0, 59.5, 120.2, 180], 60),
        ([0, 10, 20, 30, 3_630], 10),  # one outage does not move a median
        ([0, 0.2, 0.4], 1),  # nothing is shorter than 1 s
        ([0, 86_400, 172_800], 3_600),  # nor longer than an hour
        ([0, 45, 90], 30),
        ([0, 1_000, 2_000], 600),
    ],
)
def test_a_period_is_the_largest_usual_one_within_a_tenth_of_the_median_spacing(
    times_s: list[float], period_s: int
) -> None:
    assert period_from_times(np.array([round(t * S) for t in times_s])) == period_s * S


def test_readings_wait_for_three_distinct_timestamps_of_one_sensor() -> None:
    log = Log().read("a", 0, 10).read("b", 0, 10)
    assert not log.ticks
    assert log.clock.period_ns == 0
    log.read("a", 10)  # not a distinct one
    assert log.clock.period_ns == 0
    log.read("a", 20)
    assert log.clock.period_ns == 10 * S
    assert log.times_s == [0, 10]
    assert log.row(0) == [0, 0]
    assert log.row(1) == [10, 10]


def test_a_reading_that_waits_for_the_period_has_its_fate_when_the_period_is_known() -> None:
    log = Log().read("a", 0, 10)
    assert log.fates == {}
    log.read("a", 20)
    assert log.fates == {"used": 3}


def test_readings_that_wait_are_used_when_the_recording_ends() -> None:
    log = Log().read("a", 0, 30).end()  # two timestamps: 30 s apart
    assert log.fates == {"used": 2}
    assert log.times_s == [0, 30]
    assert log.ticks[0].period_ns == 30 * S


def test_a_recording_of_one_reading_is_one_tick() -> None:
    log = Log().read("a", 7).end()
    assert log.times_s == [7]
    assert log.row(0) == [7]


def test_a_period_from_the_model_needs_no_waiting() -> None:
    log = Log(period_s=10).read("a", 3)
    assert log.times_s == [3]
    assert log.ticks[0].period_ns == 10 * S


def test_a_host_has_the_period_of_its_fastest_sensor() -> None:
    log = Log()
    for second in range(0, 31, 10):
        log.say(*[("fast", second, 1.0)] + ([("slow", second, 2.0)] if second % 30 == 0 else []))
    assert log.clock.period_ns == 10 * S


def test_a_sensors_period_settles_after_nine_timestamps() -> None:
    log = Log(period_s=10)
    log.read("a", *range(0, 90, 10))
    assert log.clock.sensors[0].period_ns == 10 * S
    log.read("a", *range(500, 900, 100))
    assert log.clock.sensors[0].period_ns == 10 * S


def test_a_period_is_learnt_from_out_of_order_timestamps_too() -> None:
    log = Log().read("a", 20, 0, 10)  # as they came: 20 and 10 apart, the median of which is 15
    assert log.clock.period_ns == 10 * S


# -- a tick opens and covers --------------------------------------------------------------------------------


def pair(*times_s: float, lateness_s: float = 0) -> Log:
    """A host of 10 s whose sensors a and b both arrived, one message a tick, at these times."""
    log = Log(period_s=10, lateness_s=lateness_s)
    for time_s in times_s:
        log.say(("a", time_s, time_s), ("b", time_s, time_s), every_s=10)
    return log


def test_a_tick_carries_the_time_of_the_reading_that_opens_it_and_covers_half_a_period_more() -> None:
    log = pair(3).read("a", 13).read("b", 18)  # 13 + 5
    assert log.times_s == [3, 13]
    assert log.row(1) == [13, 18]


def test_a_reading_beyond_half_a_period_opens_the_next_tick() -> None:
    log = pair(3).read("a", 13).read("b", 18.1).read("a", 23, 33)
    assert log.times_s == [3, 13, 18.1]  # 33 is later than 18 + 10
    assert log.closed_by == ["complete", "lateness", "complete"]
    assert log.row(1) == [13, 3]
    assert log.row(2) == [23, 18.1]


def test_a_tick_covers_everything_after_the_end_of_the_tick_before() -> None:
    log = pair(0, 10).read("a", 30).read("b", 15.1).end()  # the tick at 10 ended at 15
    assert log.times_s == [0, 10, 30]
    assert log.row(2) == [30, 15.1]
    assert log.fresh(2) == [True, True]


def test_the_first_tick_covers_everything_before_it() -> None:
    log = Log().say(("a", 100, 1), ("b", 75, 2)).read("a", 110, 120)
    assert log.times_s[0] == 100
    assert log.row(0) == [1, 2]


def test_a_reading_that_lies_in_a_tick_stands_in_it_however_old_it_is() -> None:
    log = pair(0, 10, lateness_s=200).read("a", 20, 100).read("c", 30).end()  # the tick at 20 ended at 25
    assert log.times_s == [0, 10, 20, 100]
    assert log.row(3) == [100, None, 30]


def test_jitter_puts_every_sample_into_a_tick_of_its_own() -> None:
    jittery = [0, 9.6, 20.4, 29.6, 40.4, 49.6, 59.8]
    log = Log(period_s=10).read("a", *jittery, every_s=10)
    assert log.times_s == jittery
    assert [tick.empty_before for tick in log.ticks] == [0] * 7


def test_drift_puts_every_sample_into_a_tick_of_its_own() -> None:
    drifting = [round(10.3 * n, 1) for n in range(200)]  # six periods slow by the end
    log = Log().read("a", *drifting).end()
    assert log.clock.period_ns == 10 * S
    assert log.times_s == drifting
    assert {tick.empty_before for tick in log.ticks} == {0}


def test_two_sensors_half_a_period_apart_share_every_tick() -> None:
    log = Log(period_s=10)
    for time_s in range(0, 200, 10):
        log.read("a", time_s, every_s=10).read("b", time_s + 4.9, every_s=10)
    assert log.times_s == [float(t) for t in range(0, 200, 10)]
    assert all(log.fresh(n) == [True, True] for n in range(1, 20))


def test_the_latest_reading_of_a_sensor_wins_within_a_tick_in_any_order() -> None:
    log = pair(0).read("a", 10).read("a", 12).read("a", 11).read("b", 10)
    assert log.row(1) == [12, 10]
    assert log.fates == {"used": 6}


def test_out_of_order_readings_of_an_open_tick_are_used() -> None:
    log = pair(0).read("a", 14).read("b", 9)
    assert log.times_s == [0, 14]
    assert log.row(1) == [14, 9]


# -- a tick closes ------------------------------------------------------------------------------------------


def test_a_tick_closes_as_soon_as_every_expected_sensor_has_arrived() -> None:
    log = pair(0).read("a", 10)
    assert log.times_s == [0]
    log.read("b", 10)
    assert log.times_s == [0, 10]
    assert log.closed_by == ["complete", "complete"]


def test_a_sensor_that_always_comes_last_is_waited_for_from_the_second_tick_on() -> None:
    log = Log(period_s=10)
    for time_s in range(0, 50, 10):
        log.read("first", time_s, every_s=10).read("last", time_s, every_s=10)
    assert log.row(0) == [0]  # nobody knew of `last` yet
    assert log.fills() == [(0, "last", 0)]
    assert [log.row(n) for n in range(1, 5)] == [[10, 10], [20, 20], [30, 30], [40, 40]]
    assert log.closed_by == ["complete"] * 5


def test_the_first_tick_of_an_unknown_host_waits_for_all_that_was_seen() -> None:
    log = Log().read("a", 0).read("b", 1).read("a", 10, 20)
    assert log.row(0) == [0, 1]


def test_else_it_closes_with_the_first_reading_later_than_its_end_and_the_lateness() -> None:
    log = pair(0).read("a", 10, 20, 25)  # the tick at 10 ends at 15; 15 + 10 is not later than 25
    assert log.times_s == [0]
    log.read("a", 25.1)
    assert log.times_s == [0, 10]
    assert log.closed_by[1] == "lateness"


def test_the_lateness_can_be_longer_than_a_period() -> None:
    log = pair(0, lateness_s=60).read("a", 10, 20, 30, 40, 50, 60, 70, 75)
    assert log.times_s == [0]  # 15 + 60 = 75
    log.read("a", 76)
    assert log.times_s == [0, 10]


def test_else_it_closes_at_the_end_of_the_recording() -> None:
    log = pair(0).read("a", 10, 20).end()
    assert log.times_s == [0, 10, 20]
    assert log.closed_by == ["complete", "end", "end"]


def test_a_complete_tick_waits_for_the_one_before_it() -> None:
    log = pair(0).read("a", 10).read("a", 20).read("b", 20)
    assert log.times_s == [0]
    log.read("b", 10)
    assert log.times_s == [0, 10, 20]
    assert log.row(1) == [10, 10]
    assert log.row(2) == [20, 20]


def test_a_stopped_sensor_is_waited_for_three_periods_and_no_longer() -> None:
    log = pair(0, 10).read("a", 20, 30, 40, 50, 60)
    assert log.times_s == [0, 10, 20, 30, 40, 50, 60]
    assert log.closed_by == ["complete"] * 2 + ["lateness"] * 3 + ["complete"] * 2


def test_a_value_is_carried_for_three_periods_of_its_sensor_then_masked() -> None:
    log = pair(0, 10).read("a", 20, 30, 40, 50)
    log.end()
    assert [log.row(n)[1] for n in range(1, 6)] == [10, 10, 10, 10, None]  # 40 − 10 is three periods
    assert [log.fresh(n)[1] for n in range(1, 6)] == [True, False, False, False, False]


def test_a_sensor_that_comes_back_is_waited_for_from_the_next_tick_on() -> None:
    log = pair(0, 10).read("a", 20, 30, 40, 50, 60)
    log.read("a", 70).read("b", 70).read("a", 80)
    assert log.times_s[-1] == 70
    assert log.row(7) == [70, None]
    log.read("b", 80)
    assert log.times_s[-1] == 80
    assert log.row(8) == [80, 80]


def test_a_late_reading_counts_as_a_sign_of_life() -> None:
    log = pair(0).read("a", 10, 20, 30, 40, 50)  # b at 0: waited for until 30
    log.read("b", 40)  # late for nothing: the tick at 40 was complete without it
    assert log.times_s == [0, 10, 20, 30, 40, 50]
    log.read("a", 60)
    assert log.times_s[-1] == 50
    log.read("b", 60)
    assert log.times_s[-1] == 60


def test_ticks_close_in_order_even_when_one_reading_closes_many() -> None:
    log = pair(0, lateness_s=100).read("a", 10, 20, 30, 40, 200)
    assert log.times_s == [0, 10, 20, 30, 40, 200]
    assert log.closed_by[1:] == ["lateness"] * 3 + ["complete"] * 2


# -- late, duplicate ----------------------------------------------------------------------------------------


def test_a_late_reading_does_not_score_its_tick_again() -> None:
    log = pair(0).read("a", 10, 20, 26)  # 26 closes the tick at 10
    log.read("b", 10)
    assert log.times_s == [0, 10]
    assert log.row(1) == [10, 0]


def test_a_late_reading_that_is_its_sensors_newest_is_carried_from_the_next_open_tick_and_used() -> None:
    log = pair(0).read("a", 10, 20, 26)
    log.read("b", 10, value=77).end()
    assert log.row(2) == [20, 77]
    assert log.fresh(2) == [True, False]
    assert log.fates == {"used": 6}


def test_a_late_reading_that_is_not_its_sensors_newest_is_late() -> None:
    log = pair(0, 10, 20).read("b", 11, value=77).read("a", 30).end()
    assert log.row(3) == [30, 20]
    assert log.fates == {"used": 7, "late": 1}


def test_a_late_reading_fills_only_an_empty_field() -> None:
    log = pair(0).read("a", 10, 20, 26)
    log.read("b", 10, value=77).read("b", 12, value=78).read("a", 11, value=79)
    assert log.fills()[1:] == [(10, "b", 77)]  # the first is b's very first reading


def test_a_late_reading_of_an_outage_belongs_to_the_tick_after_it() -> None:
    log = pair(0, 100, 110).read("c", 50)
    assert log.fills()[-1] == (100, "c", 50)


def test_a_late_reading_from_before_the_first_tick_is_not_stored_as_if_it_came_in_it() -> None:
    log = Log(period_s=10).read("a", 100).read("b", 20)
    assert log.fills() == []
    assert log.fates == {"used": 2}


def test_the_same_sensor_and_time_again_is_a_duplicate_and_changes_nothing() -> None:
    log = pair(0).read("a", 10, value=1).read("a", 10, value=2).read("b", 10)
    assert log.row(1) == [1, 10]
    log.read("b", 10, value=3)
    assert log.fates == {"used": 4, "duplicate": 2}
    assert log.row(1) == [1, 10]


def test_a_duplicate_before_the_period_is_known_is_one_too() -> None:
    log = Log().read("a", 0, 0, 10, 10, 20)
    assert log.fates == {"used": 3, "duplicate": 2}


def test_a_log_that_is_sent_twice_batch_by_batch_gives_the_same_ticks() -> None:
    once, twice = Log(), Log()
    for batch in range(10):
        times = range(batch * 300, batch * 300 + 300, 10)
        once.read("a", *times)
        twice.read("a", *times).read("a", *times)
    assert twice.times_s == once.times_s
    assert once.fates == {"used": 300}
    assert twice.fates == {"used": 300, "duplicate": 300}


def test_every_message_doubled_in_place_gives_the_same_ticks() -> None:
    once, twice = pair(), pair()
    for time_s in range(0, 300, 10):
        once.say(("a", time_s, 1), ("b", time_s, 2), every_s=10)
        for _ in range(2):
            twice.say(("a", time_s, 1), ("b", time_s, 2), every_s=10)
    assert twice.times_s == once.times_s
    assert twice.fates == {"used": 60, "duplicate": 60}


# -- implausible --------------------------------------------------------------------------------------------


def test_an_hour_ahead_of_the_newest_is_plausible() -> None:
    log = Log(period_s=10).read("a", 0, HOUR_S)
    assert log.times_s == [0, HOUR_S]


def test_more_than_an_hour_ahead_waits_for_a_second_later_message_that_agrees() -> None:
    log = Log(period_s=10).read("a", 0, HOUR_S + 1, every_s=10)
    assert log.times_s == [0]
    assert log.fates == {"used": 1}
    log.read("a", HOUR_S + 11)
    assert log.times_s == [0, HOUR_S + 1, HOUR_S + 11]
    assert log.fates == {"used": 3}


def test_a_second_reading_of_the_same_message_agrees_with_nothing() -> None:
    log = pair(0).say(("a", 9_000, 1), ("b", 9_000, 2))
    assert log.times_s == [0]
    log.say(("a", 9_010, 1), ("b", 9_010, 2))
    assert log.times_s == [0, 9_000, 9_010]
    assert log.fates == {"used": 6}


def test_another_sensor_of_a_later_message_agrees_too() -> None:
    log = pair(0).read("a", 9_000).read("b", 9_000)
    assert log.times_s == [0, 9_000]


def test_two_jumps_more_than_an_hour_apart_do_not_agree() -> None:
    log = Log(period_s=10).read("a", 0, 10_000, 20_000)
    assert log.fates == {"used": 1, "implausible": 1}
    log.read("a", 23_600)  # 20 000 + 3 600
    assert log.fates == {"used": 3, "implausible": 1}


def test_a_jump_is_implausible_once_the_host_goes_on_as_before() -> None:
    log = Log(period_s=10).read("a", 0, 10, 90_000, 20, 30, every_s=10)
    assert log.times_s == [0, 10, 20, 30]
    assert log.fates == {"used": 4, "implausible": 1}


def test_a_jump_is_implausible_when_the_recording_ends() -> None:
    log = Log(period_s=10).read("a", 0, 90_000).end()
    assert log.times_s == [0]
    assert log.fates == {"used": 1, "implausible": 1}


def test_a_jump_that_is_sent_twice_has_not_been_agreed_with() -> None:
    log = Log(period_s=10).read("a", 0, 90_000, 90_000, 10).end()
    assert log.times_s == [0, 10]
    assert log.fates == {"used": 2, "duplicate": 1, "implausible": 1}


def test_an_old_reading_between_two_that_agree_decides_nothing() -> None:
    log = pair(0, 10)
    log.read("a", 9_000).read("b", 10).read("b", 4).read("a", 9_010).end()  # b repeats itself, as ever
    assert log.times_s == [0, 10, 9_000, 9_010]
    assert log.fates == {"used": 6, "duplicate": 1, "late": 1}


def test_the_first_reading_of_a_host_has_nothing_to_be_ahead_of() -> None:
    assert Log(period_s=10).read("a", 1_700_000_000).times_s == [1_700_000_000]


def test_a_jump_before_the_period_is_known_waits_as_well() -> None:
    log = Log().read("a", 0, 10, 90_000, 20)
    assert log.times_s == [0, 10, 20]
    assert log.fates == {"used": 3, "implausible": 1}


# -- gaps ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step_s", "empty"),
    [
        (10, 0),
        (14, 0),
        (15, 0),
        (16, 1),
        (20, 1),
        (24, 1),
        (26, 2),
        (50, 4),
        (330, 32),
        (340, 32),
        (3_600, 32),
    ],
)
def test_a_step_over_one_and_a_half_periods_puts_empty_ticks_between_at_most_a_window(
    step_s: int, empty: int
) -> None:
    log = Log(period_s=10).read("a", 0, step_s)
    assert [tick.empty_before for tick in log.ticks] == [0, empty]


@pytest.mark.parametrize("step_s", [20, 31, 60, 3_600])
def test_after_a_step_of_any_length_a_tick_holds_all_that_was_read_at_its_time(step_s: int) -> None:
    log = Log(period_s=10)
    for time_s in (0, 10, 20, 20 + step_s, 20 + 2 * step_s):
        for sensor in ("a", "b", "c"):
            log.read(sensor, time_s)
    assert [int(tick.arrived.sum()) for tick in log.ticks[1:]] == [3, 3, 3, 3]
    assert log.fates == {"used": 15}


def test_nothing_is_empty_before_the_first_tick() -> None:
    assert Log(period_s=10).read("a", 1_700_000_000).ticks[0].empty_before == 0


def test_an_outage_of_hours_is_a_gap_and_then_the_host_goes_on() -> None:
    log = pair(0, 10, 18_010, 18_020, 18_030)
    assert log.times_s == [0, 10, 18_010, 18_020, 18_030]
    assert [tick.empty_before for tick in log.ticks] == [0, 0, 32, 0, 0]
    assert log.row(3) == [18_020, 18_020]
    assert log.fates == {"used": 10}


def test_a_gap_is_not_a_sensors_silence() -> None:
    log = pair(0, 10, 3_000, 3_010)
    assert log.ticks[-1].silent_ns.tolist() == [0, 0]


# -- two collectors -----------------------------------------------------------------------------------------


def test_a_slow_sensor_is_not_waited_for_and_carried_for_three_of_its_own_periods() -> None:
    log = Log(period_s=10)
    for time_s in range(0, 330, 10):
        log.read("fast", time_s, every_s=10)
        if time_s in (0, 60, 120):
            log.read("slow", time_s, every_s=60)
    assert log.times_s == [float(t) for t in range(0, 330, 10)]
    assert set(log.closed_by) == {"complete"}
    slow = [log.row(n)[1] for n in range(1, 33)]
    assert slow[:7] == [0, 0, 0, 0, 0, 0, 60]  # 60 arrives when the tick at 60 has closed: carried from 70
    assert slow[29] == 120  # 300 − 120 is three periods
    assert slow[30] is None
    assert log.fates == {"used": 36}


def test_a_slow_sensor_between_two_samples_of_a_fast_one_joins_the_next() -> None:
    log = Log(period_s=10).read("fast", 0, 10).read("slow", 17, every_s=60).read("fast", 20, 30, 40)
    assert log.times_s == [0, 10, 17, 30, 40]
    assert log.row(2) == [20, 17]
    assert [tick.empty_before for tick in log.ticks] == [0] * 5


def test_a_slow_collector_far_behind_a_fast_one_is_used_stored_and_not_silent() -> None:
    log = Log(period_s=10)
    for time_s in range(0, 600, 10):
        log.read("fast", time_s, every_s=10)
        if time_s % 60 == 20 and time_s > 60:
            log.read("slow", time_s - 20, every_s=60)  # 20 s behind, every minute
    assert log.fates == {"used": 69}
    assert log.fills() == [(float(t), "slow", float(t)) for t in range(60, 600, 60)]
    assert log.row(15) == [150, 120]
    assert max(int(tick.silent_ns[-1]) for tick in log.ticks) <= 60 * S


def test_the_ticks_do_not_depend_on_which_collector_is_ahead() -> None:
    fast_first, slow_first = Log(period_s=10), Log(period_s=10)
    for time_s in range(0, 600, 60):
        six = range(time_s, time_s + 60, 10)
        fast_first.read("fast", *six, every_s=10).read("slow", time_s, every_s=60)
        slow_first.read("slow", time_s, every_s=60).read("fast", *six, every_s=10)
    assert fast_first.times_s == slow_first.times_s
    assert fast_first.fates == slow_first.fates == {"used": 70}


def test_a_backlog_of_hours_is_judged_by_its_own_times() -> None:
    log = Log(period_s=10).read("now", *range(14_400, 14_500, 10), every_s=10)
    log.read("backlog", *range(0, 14_500, 10), every_s=10)  # four hours, all for closed times
    assert log.times_s == [float(t) for t in range(14_400, 14_500, 10)]
    assert log.fates == {"used": 10 + 1_450}
    log.read("now", 14_500).read("backlog", 14_500)
    assert log.row(10) == [14_500, 14_500]


# -- what a tick knows besides its values -------------------------------------------------------------------


def test_a_sensor_is_silent_as_long_as_its_host_reports_without_it() -> None:
    log = pair(0, 10).read("a", 20, 30, 40, 50, 60)
    assert [int(tick.silent_ns[1]) // S for tick in log.ticks[1:]] == [0, 10, 20, 30, 40, 50]


def test_a_sensor_that_has_never_sent_anything_plausible_is_not_silent() -> None:
    log = Log(period_s=10).read("a", 0).read("b", 90_000).read("a", 10, 20)
    assert log.fates == {"used": 3, "implausible": 1}
    assert log.ticks[-1].silent_ns.tolist() == [0, 0]


def test_a_sensor_that_appears_later_widens_later_ticks_only() -> None:
    log = Log(period_s=10).read("a", 0, 10).read("b", 10).read("a", 20).read("b", 20)
    assert [len(tick.values) for tick in log.ticks] == [1, 1, 2]


# -- limits -------------------------------------------------------------------------------------------------


def bound(log: Log, name: str, time_s: float, value: float) -> Log:
    """A limit of sensor a, in a message of its own."""
    log.clock.limit("a", name, round(time_s * S), value, log.message, log.out)
    log.message += 1
    return log


def test_the_newest_limit_counts() -> None:
    log = Log(period_s=10)
    bound(log, "upper_critical", 10, 80)
    bound(log, "upper_critical", 20, 85)
    bound(log, "upper_critical", 15, 70)  # late
    bound(log, "upper_critical", 20, 60)  # the same time again
    log.read("a", 20)
    assert log.ticks[0].limits == {("a", "upper"): 85}
    assert log.fates == {"used": 3, "late": 1, "duplicate": 1}


def test_critical_is_the_hard_limit_before_fatal_and_a_cap_is_none() -> None:
    log = Log(period_s=10)
    for name, value in (("upper_fatal", 100), ("upper_critical", 90), ("upper_cap", 50), ("lower_fatal", 2)):
        bound(log, name, 0, value)
    assert log.clock.hard_limits() == {("a", "upper"): 90, ("a", "lower"): 2}


def test_a_limit_far_ahead_waits_with_the_readings_of_its_message() -> None:
    log = Log(period_s=10).read("a", 0)
    bound(log, "upper_critical", 0, 80)
    bound(log, "upper_critical", 90_000, 1)
    assert log.clock.hard_limits() == {("a", "upper"): 80}
    log.read("a", 10)  # the host goes on as before
    assert log.fates == {"used": 3, "implausible": 1}
    bound(log, "upper_critical", 10, 85)
    assert log.clock.hard_limits() == {("a", "upper"): 85}


def test_a_limit_after_an_outage_is_taken_once_a_later_message_agrees() -> None:
    log = Log(period_s=10).read("a", 0)
    bound(log, "upper_critical", 9_000, 85)
    assert log.clock.hard_limits() == {}
    log.read("a", 9_000)
    assert log.clock.hard_limits() == {("a", "upper"): 85}
    assert log.fates == {"used": 3}
