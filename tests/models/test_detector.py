"""The contract of every detector: what its scores promise whatever it was trained on."""

from __future__ import annotations

import numpy as np
import pytest
from detectors import build_detector
from fleets import CPU1, FAN1, SENSORS, STANDBY, make_host, mask, score_host, shift, trailing

from models.detector import PARTS, Detector, in_chunks

START = 240  # the tick from which a shifted sensor is off
ROWS = 100  # more than one chunk of 64, and no multiple of it


def test_scores_have_a_column_a_part_and_lie_in_0_to_1(trained: Detector) -> None:
    scores, share = score_host(trained, make_host("n0", seed=10))
    assert scores.shape == (480, len(PARTS))
    assert np.isfinite(scores).all()
    assert (scores >= 0).all()
    assert (scores <= 1).all()
    assert share.shape == (480, len(SENSORS))


def test_thresholds_can_be_passed(trained: Detector) -> None:
    assert trained.thresholds.shape == (len(PARTS),)
    assert (trained.thresholds > 0).all()
    assert (trained.thresholds < 1).all()


def test_shares_sum_to_one_and_are_never_negative(trained: Detector) -> None:
    _, share = score_host(trained, make_host("n0", seed=10))
    assert (share >= 0).all()
    assert share.sum(axis=1) == pytest.approx(np.ones(480))


@pytest.mark.parametrize("order", ["one by one", "shuffled"])
def test_a_row_is_scored_the_same_to_the_last_bit_whatever_comes_with_it(
    trained: Detector, order: str
) -> None:
    host = make_host("n1", seed=11, ticks=ROWS)
    centre, scale = (np.tile(part, (ROWS, 1)) for part in trained.scaling("n1"))
    windows, present = trailing(host.values, trained.window), trailing(host.present, trained.window)
    residuals = trained.errors(windows, present, centre, scale)
    histories, seen = trailing(residuals, trained.history), trailing(host.present, trained.history)
    raw, share = trained.fuse(histories, seen)
    kernels = trailing(raw, trained.kernel, np.nan)
    smoothed = trained.smooth(kernels)
    levels = np.where(np.arange(ROWS)[:, None] % 2 == 0, np.nan, 0.3) * np.ones((1, len(PARTS)))
    scores = trained.score(smoothed, levels)
    shuffled = np.random.default_rng(0).permutation(ROWS)
    batches = [np.array([row]) for row in range(ROWS)] if order == "one by one" else [shuffled]
    for rows in batches:
        again = trained.errors(windows[rows], present[rows], centre[rows], scale[rows])
        np.testing.assert_array_equal(again, residuals[rows])
        for have, want in zip(trained.fuse(histories[rows], seen[rows]), (raw, share), strict=True):
            np.testing.assert_array_equal(have, want[rows])
        np.testing.assert_array_equal(trained.smooth(kernels[rows]), smoothed[rows])
        np.testing.assert_array_equal(trained.score(smoothed[rows], levels[rows]), scores[rows])


def test_a_sensor_that_moves_alone_raises_the_score_and_has_the_largest_share(trained: Detector) -> None:
    normal = make_host("n0", seed=10)
    moved = shift(normal, CPU1, by=40.0, start=START)
    scores, share = score_host(trained, moved)
    usual, _ = score_host(trained, normal)
    np.testing.assert_array_equal(scores[:START], usual[:START])  # nothing looks ahead
    assert np.median(scores[START:, 0]) > np.median(usual[START:, 0]) + 0.1
    assert SENSORS[int(share[START + 10].argmax())] == "cpu1_c"


def test_a_fan_that_stops_passes_the_threshold_and_a_normal_host_does_not(trained: Detector) -> None:
    normal = make_host("n2", seed=12)
    stopped = shift(normal, FAN1, by=0.0, start=START)
    stopped.values[START:, FAN1] = 0.0
    assert (score_host(trained, normal)[0][:, 0] < trained.thresholds[0]).all()
    assert (score_host(trained, stopped)[0][START + 10 : START + 60, 0] > trained.thresholds[0]).all()


def test_a_sensor_that_was_constant_in_training_is_heard_when_it_moves(trained: Detector) -> None:
    normal = make_host("n0", seed=10)
    usual, _ = score_host(trained, normal)
    scores, share = score_host(trained, shift(normal, STANDBY, by=-1.0, start=START))
    assert scores[START + 5, 0] > usual[START + 5, 0] + 0.1
    assert SENSORS[int(share[START + 5].argmax())] == "standby_v"


def test_a_missing_sensor_has_no_residual_no_share_and_harms_nothing(trained: Detector) -> None:
    host = mask(make_host("n0", seed=10), CPU1)
    scores, share = score_host(trained, host)
    assert np.isfinite(scores).all()
    assert (share[:, CPU1] == 0).all()
    assert (scores[:, 0] < trained.thresholds[0]).all()


def test_a_window_with_nothing_in_it_gives_zero_residuals_and_no_share(trained: Detector) -> None:
    count = len(SENSORS)
    windows, present = (
        np.zeros((1, trained.window, count), np.float32),
        np.zeros((1, trained.window, count), bool),
    )
    centre, scale = (part[None] for part in trained.scaling("n0"))
    errors = trained.errors(windows, present, centre, scale)
    assert errors.shape == (1, 3, count)
    assert (errors == 0).all()
    raw, share = trained.fuse(np.zeros((1, trained.history, 3, count), np.float32), present)
    assert np.isfinite(raw).all()
    assert (share == 0).all()


def test_an_unseen_host_is_scaled_as_the_cohort_typically_is(trained: Detector) -> None:
    centre, scale = trained.scaling("never seen")
    assert centre == pytest.approx(np.median([h.centre for h in trained.hosts.values()], axis=0))
    assert (scale > 0).all()


def test_a_detector_read_from_its_arrays_scores_the_same(trained: Detector) -> None:
    again = Detector.from_arrays(*trained.to_arrays())
    host = make_host("n1", seed=11, ticks=ROWS)
    for have, want in zip(score_host(again, host), score_host(trained, host), strict=True):
        np.testing.assert_array_equal(have, want)
    assert again.notes == trained.notes


def test_smoothing_keeps_a_constant_and_ignores_ticks_without_a_value() -> None:
    detector = build_detector()
    kernels = np.full((3, detector.kernel, len(PARTS), 1), np.nan)
    kernels[0] = 7.0
    kernels[1, -1] = 5.0  # the first tick of a host
    kernels[2, -2] = 9.0  # nothing arrived in the newest tick
    smoothed = detector.smooth(kernels)
    assert smoothed[:2, 0] == pytest.approx([7.0, 5.0])
    assert np.isnan(smoothed[2]).all()


def test_smoothing_weighs_the_tick_before_by_both_half_lives() -> None:
    detector = build_detector()
    kernels = np.full((1, detector.kernel, len(PARTS), 1), np.nan)
    kernels[0, -1], kernels[0, -2] = 1.0, 0.0
    fast, slow = 1 / (1 + 0.5 ** (1 / 2)), 1 / (1 + 0.5 ** (1 / 25))  # a tick a minute
    assert detector.smooth(kernels)[0, 0] == pytest.approx((fast + slow) / 2)


def test_a_score_is_relative_to_the_hosts_level_but_never_to_less_than_the_floor() -> None:
    detector = build_detector()  # floor 1
    levels = np.array([[np.nan], [np.log(4.0)], [np.log(0.01)]]) * np.ones((1, len(PARTS)))
    relative = detector.relate(np.full((3, len(PARTS)), 6.0), levels)
    assert relative[:, 0] == pytest.approx([6.0, 3.0, 6.0])  # 6/1, 6/√(4·1), 6/1


def test_chunks_give_back_as_many_rows_as_came() -> None:
    for rows in (0, 1, 64, 65):
        assert in_chunks(lambda part: part * 2, np.ones((rows, 2))).shape == (rows, 2)
