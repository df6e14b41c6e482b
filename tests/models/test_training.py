"""Training: the same seed gives the same detector, and what is held out covers all hours of the day."""

from __future__ import annotations

import numpy as np
import pytest
from fleets import QUANTITIES, SENSORS, UNITS, make_fleet, make_host

from models.detector import Detector
from models.histories import hold_out
from models.level import Level
from models.scaling import fit_scaling, scale_floors
from models.training import TrainingOptions, fit_cohort

DAY = 1440  # ticks of a minute


def test_equal_seeds_give_equal_detectors(trained: Detector) -> None:
    options = TrainingOptions(seed=3, device="cpu", epochs=3)
    again = fit_cohort("c0ffee00", SENSORS, QUANTITIES, UNITS, make_fleet(), options, lambda *_: None)
    (have, have_meta), (want, want_meta) = again.to_arrays(), trained.to_arrays()
    assert have.keys() == want.keys()
    for name in want:
        np.testing.assert_array_equal(have[name], want[name], err_msg=name)
    assert have_meta == want_meta


def test_progress_rises_to_its_end_and_the_notes_say_what_was_chosen() -> None:
    seen: list[tuple[int, int]] = []
    fleet = [make_host("n0", seed=0, ticks=400)]
    options = TrainingOptions(seed=1, device="cpu", epochs=1)
    detector = fit_cohort("c", SENSORS, QUANTITIES, UNITS, fleet, options, lambda *a: seen.append(a[-2:]))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1]
    notes = "; ".join(detector.notes)
    assert "threshold: provisional (0.3 host-days of 300" in notes  # 400 minutes
    assert "heads: steady, ridges 1, 0.05" in notes
    assert "load: told by" in notes


def test_a_host_without_a_full_window_cannot_be_trained_on() -> None:
    with pytest.raises(ValueError, match="no full window"):
        fit_cohort(
            "c",
            SENSORS,
            QUANTITIES,
            UNITS,
            [make_host("n0", 0, ticks=20)],
            TrainingOptions(),
            lambda *_: None,
        )


def test_a_quarter_is_held_out_and_of_one_host_never_the_same_hours_each_day() -> None:
    held_out = hold_out(3 * DAY, turn=0)  # three days: a block is 6 hours
    assert held_out.mean() == 0.25
    hours = [sorted(set(np.flatnonzero(day) // 60)) for day in held_out.reshape(3, DAY)]
    assert hours == [list(range(18, 24)), list(range(12, 18)), list(range(6, 12))]


def test_hosts_of_a_cohort_take_turns_so_that_together_they_cover_the_day() -> None:
    covered = np.stack([hold_out(DAY * 3, turn) for turn in range(4)])
    assert (covered.sum(axis=0) == 1).all()


def test_a_constant_sensor_keeps_a_scale_of_its_quantity() -> None:
    values = np.tile(np.array([5.0, 230.0, 40.0, 0.0], np.float32), (100, 1))
    floors = scale_floors(("temperature", "other", "fan_speed", "utilization"), ("Cel", "", "rpm", "1"))
    scale = fit_scaling(values, np.ones(values.shape, bool), floors).scale
    assert scale == pytest.approx([0.5, 2.3, 40.0, 0.01])


def test_a_level_counts_closed_hours_only() -> None:
    level = Level(parts=1)
    assert np.isnan(level.at(7)).all()
    for log_value in (1.0, 3.0):
        level.add(np.exp([log_value]))
    assert np.isnan(level.at(7)).all()  # the hour is still open
    assert level.at(8).tolist() == pytest.approx([2.0])
    level.add(np.exp([6.0]))
    assert level.at(9).tolist() == pytest.approx([4.0])  # median of 2 and 6
