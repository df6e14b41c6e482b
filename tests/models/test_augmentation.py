"""More windows of rare faults: of the class asked for, repeatable, and only of channels that exist."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from models.augmentation import (
    Scale,
    WindowGan,
    WindowGenerator,
    fit_window_gan,
    jitter_windows,
    mix_windows,
)

TICKS, CHANNELS, EACH = 16, 3, 120
STEPS = 250
Windows = tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.intp]]


def windows() -> Windows:
    """Class 0: all flat. Class 1: the first channel jumps by 4 half-way. Class 2: the second lies 3 lower.

    A third of the machines do not have the third channel.
    """
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), EACH)
    values = rng.normal(0, 0.3, (len(labels), TICKS, CHANNELS))
    values[labels == 1, TICKS // 2 :, 0] += 4.0
    values[labels == 2, :, 1] -= 3.0
    masks = np.ones(values.shape, bool)
    masks[::3, :, 2] = False
    return np.where(masks, values, 0.0).astype(np.float32), masks, labels


@pytest.fixture(scope="module")
def gan() -> WindowGan:
    return fit_window_gan(*windows(), classes=3, seed=1, steps=STEPS)


def all_channels(count: int = 100) -> NDArray[np.bool_]:
    return np.ones((count, TICKS, CHANNELS), bool)


def test_each_class_is_made_as_it_is(gan: WindowGan) -> None:
    jumps = [gan.sample(label, all_channels(), seed=5) for label in range(3)]
    rise = [float(made[:, -4:, 0].mean() - made[:, :4, 0].mean()) for made in jumps]
    low = [float(made[:, :, 1].mean()) for made in jumps]
    assert rise[1] > 2.5
    assert max(abs(rise[0]), abs(rise[2])) < 1.2
    assert low[2] < -2.0
    assert max(abs(low[0]), abs(low[1])) < 1.0


def test_windows_differ_from_one_another(gan: WindowGan) -> None:
    made = gan.sample(1, all_channels(), seed=5)
    assert float(made.std(axis=0).mean()) > 0.05


def test_equal_seeds_make_equal_windows(gan: WindowGan) -> None:
    masks = all_channels(7)
    np.testing.assert_array_equal(gan.sample(2, masks, seed=9), gan.sample(2, masks, seed=9))
    assert not np.array_equal(gan.sample(2, masks, seed=9), gan.sample(2, masks, seed=8))
    short = [fit_window_gan(*windows(), classes=3, seed=4, steps=3).sample(0, masks, 1) for _ in range(2)]
    np.testing.assert_array_equal(*short)


def test_a_channel_that_a_machine_does_not_have_is_not_invented(gan: WindowGan) -> None:
    masks = all_channels()
    masks[:, :, 2] = False
    masks[:, 3, 0] = False
    made = gan.sample(1, masks, seed=2)
    assert not made[~masks].any()
    assert made[masks].all()


def test_what_a_mask_hides_cannot_change_how_real_a_window_looks(gan: WindowGan) -> None:
    values, masks, labels = windows()
    some = np.flatnonzero(labels == 0)[:30]
    masks = masks[some].copy()
    masks[:, :, 2] = False
    other = values[some].copy()
    other[:, :, 2] = 50.0
    np.testing.assert_array_equal(gan.realness(values[some], masks, 0), gan.realness(other, masks, 0))


def test_the_critic_finds_a_class_less_real_under_another_name(gan: WindowGan) -> None:
    values, masks, labels = windows()
    jumps = labels == 1
    as_they_are = gan.realness(values[jumps], masks[jumps], 1).mean()
    calm = gan.realness(values[labels == 0], masks[labels == 0], 1).mean()
    assert as_they_are > calm


def test_windows_must_be_as_long_as_the_generator_can_make() -> None:
    with pytest.raises(ValueError, match="windows have 20 ticks"):
        WindowGenerator(20, 3, 2)


def test_a_mixture_lies_between_its_two_windows() -> None:
    one, other = np.zeros((5, TICKS, 2), np.float32), np.ones((5, TICKS, 2), np.float32)
    mixed = mix_windows(one, other, np.random.default_rng(0))
    assert mixed.min() >= 0.0
    assert mixed.max() <= 0.5
    assert np.ptp(mixed, axis=(1, 2)).max() < 1e-6


def test_jitter_keeps_the_mask_and_the_class() -> None:
    values, masks, labels = windows()
    moved = jitter_windows(values, masks, Scale.of(values, masks), np.random.default_rng(0))
    assert not moved[~masks].any()
    assert abs(float(moved[labels == 1, -4:, 0].mean()) - 4.0) < 0.5


def test_scale_is_of_what_the_masks_show() -> None:
    values = np.array([[[1.0, 9.0]], [[3.0, 9.0]]], np.float32)
    masks = np.array([[[True, False]], [[True, False]]])
    scale = Scale.of(values, masks)
    assert scale.mean.tolist() == [2.0, 0.0]
    assert scale.spread.tolist() == [1.0, 1.0]
