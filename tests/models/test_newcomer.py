"""A host that training never saw: its offset is learnt from closed hours, its threshold is wider then."""

from __future__ import annotations

import numpy as np
import pytest

from models.newcomer import LEARN_HOURS, Offset, doubt_of, measure_doubt, widen

PRESENT = np.ones((10, 2), bool)


def residuals(value: float) -> np.ndarray:
    return np.full((10, 3, 2), value, np.float32)


def learnt(hours: int, value: float = 4.0) -> Offset:
    offset = Offset.begin(3, 2)
    for hour in range(hours):
        offset.at(hour)
        offset.add(residuals(value), PRESENT)
    offset.at(hours)
    return offset


def test_nothing_is_taken_out_before_an_hour_has_closed() -> None:
    offset = Offset.begin(3, 2)
    offset.at(0)
    offset.add(residuals(4.0), PRESENT)
    assert (offset.taken_out() == 0).all()


def test_what_is_taken_out_nears_what_was_seen_as_hours_close() -> None:
    assert learnt(1).taken_out()[0, 0] == pytest.approx(2.0)
    assert learnt(9).taken_out()[0, 0] == pytest.approx(3.6)


def test_after_its_first_day_a_host_learns_no_more() -> None:
    offset = learnt(LEARN_HOURS)
    before = offset.taken_out().copy()
    offset.add(residuals(-50.0), PRESENT)
    assert not offset.at(LEARN_HOURS + 1)
    np.testing.assert_array_equal(offset.taken_out(), before)
    assert 0.0 < offset.doubt() == learnt(10 * LEARN_HOURS).doubt() < 0.5


def test_a_sensor_that_was_masked_keeps_its_place() -> None:
    offset = Offset.begin(3, 2)
    offset.at(0)
    offset.add(residuals(4.0), PRESENT & np.array([True, False]))
    offset.at(1)
    assert offset.value[:, 0] == pytest.approx([4.0, 4.0, 4.0])
    assert (offset.value[:, 1] == 0).all()


def test_a_wild_reading_is_not_learnt() -> None:
    assert abs(learnt(1, 1e30).value).max() <= 20.0


def test_an_offset_survives_its_record() -> None:
    offset = learnt(3)
    again = Offset.from_arrays(offset.to_arrays())
    assert (again.hours, again.hour) == (offset.hours, offset.hour)
    np.testing.assert_array_equal(again.value, offset.value)


def test_doubt_falls_with_every_hour() -> None:
    doubts = [learnt(hours).doubt() for hours in (0, 1, 3, 12)]
    assert doubts == sorted(doubts, reverse=True)
    assert doubts[0] == 1.0


def test_a_cohort_of_few_hosts_doubts_a_stranger_all_day_and_most_in_its_first_hour() -> None:
    first, later = doubt_of(learnt(0), 0.3, hosts=2), doubt_of(learnt(20), 0.3, hosts=2)
    assert first > later > doubt_of(learnt(0), 0.3, hosts=8) > doubt_of(learnt(20), 0.3, hosts=8) > 0
    assert 0 < doubt_of(learnt(LEARN_HOURS), 0.3, hosts=2) < 0.1


def test_doubt_is_how_much_higher_hosts_score_as_strangers() -> None:
    known = np.exp(np.random.default_rng(0).standard_normal(1_000))
    assert measure_doubt([known, known], [known * np.e, known * np.e]) == pytest.approx(1.0)
    assert measure_doubt([known], [known / 2]) == 0.0
    assert measure_doubt([np.full(5, np.nan)], [known[:5]]) == 0.0


def test_a_wider_threshold_stays_within_the_scale() -> None:
    assert widen(0.4, 0.25, 0.0, 12.0, 0.95) == 0.4
    assert 0.4 < widen(0.4, 0.25, 1.0, 12.0, 0.95) < 0.6
    assert widen(0.4, 0.25, 100.0, 12.0, 0.95) == 0.95
