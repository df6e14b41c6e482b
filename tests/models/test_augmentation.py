"""More windows of rare faults: of the class asked for, repeatable, and only of channels that exist."""

from __future__ import annotations

import numpy as np
import pytest

from models.augmentation import (
    Labels,
    Maker,
    Scale,
    WindowGan,
    fit_window_gan,
    jitter_windows,
    join_windows,
    mix_windows,
)
from models.fault_classifier import Windows

TICKS, CHANNELS, STILLS, EACH = 16, 3, 2, 120
STEPS = 250


def examples() -> tuple[Windows, Labels]:
    """Class 0: all flat. Class 1: the first channel jumps by 4 half-way. Class 2: the second lies 3 lower,
    and so does the first of the stills. A third of the machines do not have the third channel."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), EACH)
    values = rng.normal(0, 0.3, (len(labels), TICKS, CHANNELS))
    still = rng.normal(0, 0.3, (len(labels), STILLS))
    values[labels == 1, TICKS // 2 :, 0] += 4.0
    values[labels == 2, :, 1] -= 3.0
    still[labels == 2, 0] -= 3.0
    masks = np.ones(values.shape, bool)
    masks[::3, :, 2] = False
    values = np.where(masks, values, 0.0)
    return Windows(
        values.astype(np.float32), masks, still.astype(np.float32), np.ones(still.shape, bool)
    ), labels.astype(np.int64)


@pytest.fixture(scope="module")
def gan() -> WindowGan:
    return fit_window_gan(*examples(), classes=3, seed=1, steps=STEPS)


def masks(count: int = 100) -> Windows:
    """Machines that have everything."""
    values, still = np.zeros((count, TICKS, CHANNELS), np.float32), np.zeros((count, STILLS), np.float32)
    return Windows(values, np.ones(values.shape, bool), still, np.ones(still.shape, bool))


def test_each_class_is_made_as_it_is(gan: WindowGan) -> None:
    made = [gan.sample(label, masks(), seed=5) for label in range(3)]
    rise = [float(one.values[:, -4:, 0].mean() - one.values[:, :4, 0].mean()) for one in made]
    low = [float(one.values[:, :, 1].mean()) for one in made]
    still = [float(one.still[:, 0].mean()) for one in made]
    assert rise[1] > 2.5
    assert max(abs(rise[0]), abs(rise[2])) < 1.2
    for lies in (low, still):
        assert lies[2] < -2.0
        assert max(abs(lies[0]), abs(lies[1])) < 1.0


def test_windows_differ_from_one_another(gan: WindowGan) -> None:
    assert float(gan.sample(1, masks(), seed=5).values.std(axis=0).mean()) > 0.05


def test_equal_seeds_make_equal_windows(gan: WindowGan) -> None:
    one, same, other = (gan.sample(2, masks(7), seed).values for seed in (9, 9, 8))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    short = [fit_window_gan(*examples(), classes=3, seed=4, steps=3) for _ in range(2)]
    np.testing.assert_array_equal(*(made.sample(0, masks(7), 1).values for made in short))


def test_a_channel_that_a_machine_does_not_have_is_not_invented(gan: WindowGan) -> None:
    like = masks()
    like.present[:, :, 2] = False
    like.present[:, 3, 0] = False
    like.still_present[:, 1] = False
    made = gan.sample(1, like, seed=2)
    assert not made.values[~like.present].any()
    assert not made.still[:, 1].any()
    assert made.values[like.present].all()
    np.testing.assert_array_equal(made.present, like.present)


def test_what_a_mask_hides_cannot_change_how_real_a_window_looks(gan: WindowGan) -> None:
    windows, labels = examples()
    some = windows.take(np.flatnonzero(labels == 0)[:30])
    some.present[:, :, 2] = False
    some.still_present[:, 1] = False
    other = Windows(some.values.copy(), some.present, some.still.copy(), some.still_present)
    other.values[:, :, 2], other.still[:, 1] = 50.0, -50.0
    np.testing.assert_array_equal(gan.realness(some, 0), gan.realness(other, 0))


def test_the_critic_finds_windows_more_real_under_their_own_name(gan: WindowGan) -> None:
    windows, labels = examples()
    jumps, calm = windows.take(labels == 1), windows.take(labels == 0)
    assert gan.realness(jumps, 1).mean() > gan.realness(calm, 1).mean()


def test_windows_must_be_as_long_as_can_be_made() -> None:
    with pytest.raises(ValueError, match="windows have 20 ticks"):
        Maker(20, 3, 2, 2)


def test_a_mixture_lies_between_its_two_windows_and_has_the_first_ones_mask() -> None:
    one, other = masks(5), masks(5)
    other.values[:], other.still[:] = 1.0, 1.0
    other.present[:, :, 2] = False
    mixed = mix_windows(one, other, np.random.default_rng(0))
    assert 0.0 <= mixed.values[:, :, 0].min() <= mixed.values[:, :, 0].max() <= 0.5
    assert not mixed.values[:, :, 2].any()
    assert np.ptp(mixed.values[:, :, 0], axis=1).max() < 1e-6
    assert mixed.present.all()


def test_jitter_keeps_the_mask_and_the_class() -> None:
    windows, labels = examples()
    moved = jitter_windows(windows, Scale.of(windows), np.random.default_rng(0))
    assert not moved.values[~windows.present].any()
    assert abs(float(moved.values[labels == 1, -4:, 0].mean()) - 4.0) < 0.5
    assert np.abs(moved.still - windows.still).max() > 0.01


def test_scale_is_of_what_the_masks_show() -> None:
    windows = Windows(
        np.array([[[1.0, 9.0]], [[3.0, 9.0]]], np.float32), np.array([[[True, False]]] * 2),
        np.array([[2.0], [2.0]], np.float32), np.ones((2, 1), bool),
    )  # fmt: skip
    scale = Scale.of(windows)
    assert scale.mean.tolist() == [2.0, 0.0]
    assert scale.spread.tolist() == [1.0, 1.0]
    assert (scale.still_mean.tolist(), scale.still_spread.tolist()) == ([2.0], [1.0])


def test_joined_windows_stand_one_after_the_other() -> None:
    windows, _ = examples()
    assert len(join_windows([windows, windows.take(np.arange(5))])) == len(windows) + 5
