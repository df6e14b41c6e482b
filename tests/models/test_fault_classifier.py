"""The packaged fault classifier: small, whole, the same as what was trained, as sure as it is right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from agent.classifier.dataset import Dataset, load
from agent.classifier.figures import calibration_error, macro_f1
from models.errors import RegistryError
from models.fault_classifier import (
    CLASSES,
    FILE,
    MAX_BYTES,
    STILL,
    WINDOW,
    WINDOW_CHANNELS,
    FaultClassifier,
    Windows,
    packaged,
    unpack,
)
from models.fault_training import FaultNet, FaultOptions, balanced, fit_faults, leave_out

PACKAGED = Path(__file__).parents[2] / "models" / "packaged" / FILE
SAMPLE = Path(__file__).parent / "fault_windows.npz"  # of test machines, one fleet


@pytest.fixture(scope="module")
def classifier() -> FaultClassifier:
    found = packaged()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def sample() -> Dataset:
    return load(SAMPLE)


def some(count: int, seed: int = 0) -> Windows:
    rng = np.random.default_rng(seed)
    present = rng.random((count, WINDOW, len(WINDOW_CHANNELS))) < 0.8
    still_present = rng.random((count, len(STILL))) < 0.8
    values = rng.standard_normal(present.shape).astype(np.float32)
    still = rng.standard_normal(still_present.shape).astype(np.float32)
    return Windows(
        np.where(present, values, 0).astype(np.float32), present,
        np.where(still_present, still, 0).astype(np.float32), still_present,
    )  # fmt: skip


def test_the_packaged_file_is_small_and_repeats_its_golden_case(classifier: FaultClassifier) -> None:
    data = PACKAGED.read_bytes()
    assert len(data) <= MAX_BYTES
    assert sum(weight.size for weight in classifier.weights.values()) <= 100_000
    again = unpack(data)
    np.testing.assert_array_equal(again.probabilities(some(5)), classifier.probabilities(some(5)))


@pytest.mark.parametrize("at", [2_000, 60_000, -40])
def test_a_damaged_file_is_refused(at: int) -> None:
    data = bytearray(PACKAGED.read_bytes())
    data[at] ^= 0x40
    with pytest.raises(RegistryError):
        unpack(bytes(data))


def test_a_file_that_is_cut_off_is_refused() -> None:
    with pytest.raises(RegistryError):
        unpack(PACKAGED.read_bytes()[:5_000])


def test_probabilities_are_those_of_all_classes(classifier: FaultClassifier) -> None:
    told = classifier.probabilities(some(9))
    assert told.shape == (9, len(CLASSES))
    np.testing.assert_allclose(told.sum(axis=1), 1.0)


def test_a_window_is_judged_alone_as_among_others(classifier: FaultClassifier) -> None:
    together = classifier.probabilities(some(7))
    alone = [classifier.probabilities(some(7).take(np.array([at])))[0] for at in range(7)]
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_what_is_masked_has_no_influence(classifier: FaultClassifier) -> None:
    one = some(6)
    other = Windows(
        np.where(one.present, one.values, 99.0).astype(np.float32), one.present,
        np.where(one.still_present, one.still, -99.0).astype(np.float32), one.still_present,
    )  # fmt: skip
    np.testing.assert_array_equal(classifier.probabilities(one), classifier.probabilities(other))


@pytest.mark.parametrize("lost", [*WINDOW_CHANNELS[::4], "all"])
def test_any_sensor_may_be_missing(classifier: FaultClassifier, sample: Dataset, lost: str) -> None:
    windows, present = sample.windows, sample.windows.present.copy()
    present[:, :, [lost in (name, "all") for name in WINDOW_CHANNELS]] = False
    told = classifier.probabilities(Windows(windows.values, present, windows.still, windows.still_present))
    assert np.isfinite(told).all()


def test_it_runs_as_the_network_that_was_trained() -> None:
    torch.manual_seed(3)
    net = FaultNet().eval()
    windows = some(11)
    with torch.no_grad():
        expected = net(*(torch.from_numpy(np.asarray(each, np.float32)) for each in (
            windows.values, windows.present, windows.still, windows.still_present)))  # fmt: skip
    runs = FaultClassifier(net.weights(), 1.0, 0.5, 2.0, (0.0, 1.0, 0.0), {})
    np.testing.assert_allclose(runs.logits(windows), expected.numpy(), atol=1e-5)


def test_it_names_faults_of_machines_never_seen(classifier: FaultClassifier, sample: Dataset) -> None:
    clear = sample.take(np.flatnonzero(sample.is_clear))
    told = classifier.probabilities(clear.windows).argmax(axis=1)
    assert macro_f1(told, clear.label) > 0.55
    assert macro_f1(np.zeros_like(clear.label), clear.label) < 0.1


def test_it_is_as_sure_as_it_is_right(classifier: FaultClassifier, sample: Dataset) -> None:
    chance = classifier.probabilities(sample.windows)
    right = chance.argmax(axis=1) == sample.label
    assert calibration_error(chance.max(axis=1), right) < 0.08
    assert calibration_error(np.ones(len(right)), right) > 0.1


def test_equal_seeds_train_equal_networks(sample: Dataset) -> None:
    options = FaultOptions(epochs=2, batch=64, seed=4)
    args = sample.windows, sample.label, balanced(sample.label), sample.windows, sample.label, options
    one, other = fit_faults(*args), fit_faults(*args)
    for name, weight in one.items():
        np.testing.assert_array_equal(weight, other[name])


def test_sensors_left_out_are_only_ever_fewer(sample: Dataset) -> None:
    fewer = leave_out(sample.windows, np.random.default_rng(0))
    assert not (fewer.present & ~sample.windows.present).any()
    assert fewer.present.sum() < sample.windows.present.sum()
    assert not (fewer.still_present & ~sample.windows.still_present).any()
