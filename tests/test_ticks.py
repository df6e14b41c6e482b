"""One host's clock: what becomes of its readings, when its ticks open and close, what they carry."""

from __future__ import annotations

import numpy as np
import pytest

from agent.sensors import period_from_times
from agent.ticks import ClosedTick, Fate, HostClock, TickStream

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
        return [
            float(v) if there else None for v, there in zip(closed.values, closed.present, strict=True)
        ]

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
    log = Log().say(("a", 100, 1), ("b", 40, 2)).read("a", 110, 120)  # b by more than three periods
    assert log.times_s[0] == 100
    assert log.row(0) == [1, 2]


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
