"""What load and inlet air explain, worked out on machines whose law is known."""

from __future__ import annotations

import numpy as np
import pytest

from models.load import Drivers, find_drivers, fit_load, make_features

SENSORS = ("power_w", "inlet_temp_c", "cpu0_temp_c", "fan1_rpm")
QUANTITIES = ("power", "temperature", "temperature", "fan_speed")
FLOORS = np.full(4, 0.01)
WINDOW = 32


def windows(rows: np.ndarray) -> np.ndarray:
    """(n, C) rows → (n − 31, 32, C) windows."""
    return np.moveaxis(np.lib.stride_tricks.sliding_window_view(rows, WINDOW, axis=0), -1, 1)


def machine(ticks: int, seed: int) -> np.ndarray:
    """(n, 4) scaled values: steps of load, a CPU that follows some ticks later, a fan that follows it."""
    rng = np.random.default_rng(seed)
    load = np.repeat(rng.normal(size=ticks // 40 + 1), 40)[:ticks]
    inlet = np.sin(np.arange(ticks) / 300)
    cpu = np.zeros(ticks)
    for tick in range(1, ticks):
        cpu[tick] = cpu[tick - 1] + 0.2 * (load[tick] + 0.5 * inlet[tick] - cpu[tick - 1])
    noise = rng.normal(scale=0.02, size=(ticks, 4))
    return np.stack([load, inlet, cpu, cpu], axis=1) + noise


def left_over(rows: np.ndarray) -> np.ndarray:
    fitted = fit_load(
        SENSORS, QUANTITIES, windows(machine(4_000, 1)), np.ones((3_969, WINDOW, 4), bool), FLOORS
    )
    assert fitted is not None
    z = windows(rows)
    return fitted.left_over(z, np.ones(z.shape, bool))[:, -1]


def test_steps_of_load_leave_little_over() -> None:
    rest = left_over(machine(1_000, 2))
    assert np.quantile(np.abs(rest[:, 2]), 0.99) < 5  # in units of its usual spread
    assert np.abs(rest[:, 0]).max() < 5  # the load explains itself


def test_a_hotter_cpu_at_equal_load_is_left_over() -> None:
    rows = machine(1_000, 2)
    usual = left_over(rows)
    rows[500:, 2] += 1.0  # one robust scale, which load alone moves by three
    hot = left_over(rows)
    assert np.median(hot[500:, 2]) > np.median(usual[500:, 2]) + 5


def test_the_inlet_keeps_its_own_value() -> None:
    rows = machine(200, 3)
    assert left_over(rows)[:, 1] == pytest.approx(rows[WINDOW - 1 :, 1])


def test_where_nothing_tells_the_load_nothing_is_explained() -> None:
    z = np.zeros((100, WINDOW, 1))
    assert fit_load(("inlet_temp_c",), ("temperature",), z, np.ones(z.shape, bool), np.ones(1)) is None


def test_running_means_use_only_what_was_there_and_came_before() -> None:
    z, present = np.zeros((1, 3, 1)), np.ones((1, 3, 1), bool)
    z[0, :, 0] = 1.0, 2.0, 4.0
    present[0, 1, 0] = False
    features = make_features(Drivers(load=(0,)), z, present)[0]  # constant, 4 loads, inlets, fans, squares
    kept = 0.5 ** (2 / 2)  # the first tick from the third, half-life 2
    assert features[:, 1] == pytest.approx([1.0, 0.0, 4.0])  # the tick alone
    assert features[2, 2] == pytest.approx((1.0 * kept + 4.0) / (1.0 + kept))
    assert features[0, 2] == pytest.approx(1.0)


def test_a_masked_sensor_leaves_nothing_over() -> None:
    fitted = fit_load(SENSORS, QUANTITIES, windows(machine(500, 1)), np.ones((469, WINDOW, 4), bool), FLOORS)
    assert fitted is not None
    present = np.ones((1, WINDOW, 4), bool)
    present[0, -1, 2] = False
    assert fitted.left_over(np.ones((1, WINDOW, 4)), present)[0, -1, 2] == 0.0


GPUS = ("power_w", "gpu0_power_w", "gpu1_power_w", "gpu0_temp_c", "gpu1_temp_c", "fan1_rpm")
GPU_QUANTITIES = ("power", "power", "power", "temperature", "temperature", "fan_speed")


def test_a_part_is_told_by_what_it_draws_itself() -> None:
    drivers = find_drivers(GPUS, GPU_QUANTITIES)
    assert drivers.load == (0,)
    assert drivers.fans == (5,)
    assert drivers.own == ((3, 1), (4, 2))


def test_a_busy_card_beside_an_idle_one_is_explained_and_a_hot_one_is_not() -> None:
    rng = np.random.default_rng(4)
    cards = np.repeat(rng.normal(size=(101, 2)), 40, axis=0)[:4_000]
    temperature = cards + 0.02 * rng.normal(size=cards.shape)
    fan = 0.02 * rng.normal(size=(4_000, 1))
    rows = np.concatenate([cards.sum(axis=1, keepdims=True), cards, temperature, fan], axis=1)
    z = windows(rows)
    fitted = fit_load(GPUS, GPU_QUANTITIES, z, np.ones(z.shape, bool), np.full(6, 0.01))
    assert fitted is not None
    assert np.abs(fitted.left_over(z[:1], np.ones((1, WINDOW, 6), bool))[0, -1, 3:5]).max() < 5
    hot = z[:1].copy()
    hot[0, -1, 4] += 0.5
    rest = fitted.left_over(hot, np.ones((1, WINDOW, 6), bool))[0, -1]
    assert rest[4] > 10 > abs(rest[3])


def test_the_speed_of_fans_explains_temperatures_and_no_fan() -> None:
    rng = np.random.default_rng(5)
    load, speed = rng.normal(size=(2, 4_000))
    rows = np.stack([load, np.zeros(4_000), load - speed, speed], axis=1) + 0.02 * rng.normal(size=(4_000, 4))
    z = windows(rows)
    fitted = fit_load(SENSORS, QUANTITIES, z, np.ones(z.shape, bool), FLOORS)
    assert fitted is not None
    rest = fitted.left_over(z, np.ones(z.shape, bool))[:, -1]
    assert fitted.spread[2] < 0.1 < 0.9 < fitted.spread[3]
    assert np.quantile(np.abs(rest[:, 2]), 0.99) < 5
