"""The past of a host as arrays: rows of its ticks, windows over them, hours that are over."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.ticks import ClosedTick
from agent.windows import History, Rows, take_columns, tick_rows
from models.level import Level

S = 1_000_000_000


def tick(time_s: int, values: list[float | None], empty_before: int = 0) -> ClosedTick:
    """A closed tick with these values, None where masked."""
    present = np.array([v is not None for v in values])
    zeros = np.zeros(len(values), np.int64)
    return ClosedTick(
        host="h1",
        time_ns=time_s * S,
        period_ns=10 * S,
        empty_before=empty_before,
        closed_by="complete",
        values=np.array([v or 0.0 for v in values]),
        present=present,
        arrived=present,
        sent=present,
        limitable=present,
        peak=np.zeros(len(values)),
        silent_ns=zeros,
        sensor_period_ns=zeros,
        limits={},
    )


# -- rows of ticks ---------------------------------------------------------------------------------------


def test_empty_ticks_are_masked_rows_before_the_tick_that_follows_them() -> None:
    values, present, places = tick_rows([tick(0, [1.0]), tick(40, [2.0], empty_before=3)], columns=1)
    assert values.tolist() == [[1], [0], [0], [0], [2]]
    assert present.tolist() == [[True], [False], [False], [False], [True]]
    assert places.tolist() == [0, 4]


def test_a_gap_before_the_first_tick_of_a_poll_is_laid_out_too() -> None:
    values, present, places = tick_rows([tick(30, [5.0], empty_before=2), tick(40, [6.0])], columns=1)
    assert values.tolist() == [[0], [0], [5], [6]]
    assert present.tolist() == [[False], [False], [True], [True]]
    assert places.tolist() == [2, 3]


def test_a_masked_value_is_zero_and_not_present() -> None:
    values, present, _ = tick_rows([tick(0, [1.0, None])], columns=2)
    assert values.tolist() == [[1, 0]]
    assert present.tolist() == [[True, False]]


def test_a_tick_from_before_a_sensor_appeared_has_it_masked() -> None:
    values, present, _ = tick_rows([tick(0, [1.0]), tick(10, [2.0, 3.0])], columns=2)
    assert values.tolist() == [[1, 0], [2, 3]]
    assert present.tolist() == [[True, False], [True, True]]


def test_no_ticks_are_no_rows() -> None:
    values, present, places = tick_rows([], columns=3)
    assert (values.shape, present.shape, places.shape) == ((0, 3), (0, 3), (0,))


# -- windows over rows -----------------------------------------------------------------------------------


def test_each_new_row_ends_a_window_padded_before_the_beginning() -> None:
    rows = Rows(3, np.zeros((0, 1)))
    windows = rows.push(np.array([[1.0], [2.0]]), fill=-1)  # (2, 3, 1)
    assert windows[:, :, 0].tolist() == [[-1, -1, 1], [-1, 1, 2]]
    windows = rows.push(np.array([[3.0], [4.0]]), fill=-1)
    assert windows[:, :, 0].tolist() == [[1, 2, 3], [2, 3, 4]]


def test_a_push_longer_than_the_window_keeps_its_end() -> None:
    rows = Rows(2, np.zeros((0, 1)))
    assert rows.push(np.arange(5.0)[:, None], fill=0)[:, :, 0].tolist() == [
        [0, 0],
        [0, 1],
        [1, 2],
        [2, 3],
        [3, 4],
    ]
    assert rows.kept.tolist() == [[4]]


def test_a_window_of_one_row_keeps_nothing() -> None:
    rows = Rows(1, np.zeros((0, 1)))
    assert rows.push(np.array([[7.0]]), fill=0).tolist() == [[[7]]]
    assert len(rows.kept) == 0


def test_rows_of_any_shape_have_windows() -> None:
    rows = Rows(2, np.zeros((0, 3, 2)))
    assert rows.push(np.ones((4, 3, 2)), fill=0).shape == (4, 2, 3, 2)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.lists(st.integers(0, 9), max_size=6))
def test_rows_pushed_in_any_polls_give_the_same_windows(depth: int, sizes: list[int]) -> None:
    line = np.arange(float(sum(sizes)))[:, None]
    polled, at, windows = Rows(depth, np.zeros((0, 1))), 0, [np.zeros((0, depth, 1))]
    for size in sizes:
        windows.append(polled.push(line[at : at + size], fill=-1))
        at += size
    at_once = Rows(depth, np.zeros((0, 1))).push(line, fill=-1)
    assert np.concatenate(windows).tolist() == at_once.tolist()


# -- the last ticks of a host ----------------------------------------------------------------------------


def push(history: History, *rows: list[float]) -> None:
    values = np.array(rows, np.float32)
    history.push(values, values != 0)


def test_a_history_keeps_the_last_rows_only() -> None:
    history = History.empty(3)
    push(history, [1], [2])
    push(history, [3], [4])
    assert history.values.tolist() == [[2], [3], [4]]
    assert history.present.all()
    push(history, [5], [6], [7], [8])
    assert history.values.tolist() == [[6], [7], [8]]


def test_a_new_sensor_is_masked_in_the_rows_from_before_it() -> None:
    history = History.empty(3)
    push(history, [1])
    push(history, [2, 9])
    assert history.values.tolist() == [[1, 0], [2, 9]]
    assert history.present.tolist() == [[True, False], [True, True]]


# -- columns of a cohort ---------------------------------------------------------------------------------


def test_columns_are_taken_in_the_order_of_the_cohort_and_missing_ones_filled() -> None:
    rows = np.array([[1.0, 2.0], [3.0, 4.0]])
    taken = take_columns(rows, np.array([1, -1, 0, 2]), fill=-7)  # 2: a sensor that came later
    assert taken.tolist() == [[2, -7, 1, -7], [4, -7, 3, -7]]


# -- closed hours ----------------------------------------------------------------------------------------


def test_a_level_uses_closed_hours_only() -> None:
    level = Level(parts=1)
    assert math.isnan(level.at(100)[0])
    level.add(np.array([math.e]))
    assert math.isnan(level.at(100)[0])  # the hour is open
    assert level.at(101).tolist() == pytest.approx([1])  # the mean of log e
    level.add(np.array([math.e**3]))
    assert level.at(101).tolist() == pytest.approx([1])
    assert level.at(102).tolist() == pytest.approx([2])  # the median of 1 and 3


def test_a_level_reaches_back_a_day_of_hours() -> None:
    level = Level(parts=1)
    for hour in range(25):  # means 0, 1, ... 24
        level.at(hour)
        level.add(np.exp([float(hour)]))
    assert level.at(25).tolist() == pytest.approx([12.5])  # the median of 1 ... 24
