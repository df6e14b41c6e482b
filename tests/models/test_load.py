"""What load, inlet air and fans explain, worked out on machines whose law is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from models.load import Drivers, LoadModel, fellows_of, find_drivers, make_features
from models.load_fit import fit_load
from models.scaling import HostScaling

SENSORS = ("power_w", "inlet_temp_c", "cpu0_temp_c", "fan1_rpm")
QUANTITIES = ("power", "temperature", "temperature", "fan_speed")
FLOORS = np.full(4, 0.01)
SCALE = np.array([100.0, 0.5, 0.5, 500.0])
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
        cpu[tick] = cpu[tick - 1] + 0.2 * (load[tick] + inlet[tick] - cpu[tick - 1])
    noise = rng.normal(scale=0.02, size=(ticks, 4))
    return np.stack([load, inlet, cpu, cpu], axis=1) + noise


def fit(
    rows: np.ndarray,
    sensors: Sequence[str] = SENSORS,
    quantities: Sequence[str] = QUANTITIES,
    scale: np.ndarray = SCALE,
    centre: np.ndarray | None = None,
) -> LoadModel:
    z = windows(rows)
    floors = np.full(len(sensors), 0.01)
    centre = np.zeros(len(sensors)) if centre is None else centre
    fitted = fit_load(sensors, quantities, z, np.ones(z.shape, bool), floors, HostScaling(centre, scale))
    assert fitted is not None
    return fitted


def rest_of(fitted: LoadModel, rows: np.ndarray) -> np.ndarray:
    z = windows(rows)
    return fitted.left_over(z, np.ones(z.shape, bool))[:, -1]


def left_over(rows: np.ndarray) -> np.ndarray:
    return rest_of(fit(machine(4_000, 1)), rows)


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


def test_the_inlet_is_the_rooms_affair() -> None:
    rows = machine(200, 3)
    rows[:, 1] += 10.0
    assert not left_over(rows)[:, 1].any()


def test_where_nothing_tells_the_load_nothing_is_explained() -> None:
    z = np.zeros((100, WINDOW, 1))
    typical = HostScaling(np.zeros(1), np.ones(1))
    assert fit_load(("inlet_temp_c",), ("temperature",), z, z == 0, np.ones(1), typical) is None


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
    fitted = fit(machine(500, 1))
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
    fitted = fit(rows, GPUS, GPU_QUANTITIES, np.ones(6))
    assert np.abs(fitted.left_over(z[:1], np.ones((1, WINDOW, 6), bool))[0, -1, 3:5]).max() < 5
    hot = z[:1].copy()
    hot[0, -1, 4] += 0.5
    rest = fitted.left_over(hot, np.ones((1, WINDOW, 6), bool))[0, -1]
    assert rest[4] > 10 > abs(rest[3])


def cooled_by_will(ticks: int, seed: int, will: float) -> np.ndarray:
    """(n, 5) a machine whose fans turn as load asks and, by `will`, faster or slower, and cool as they do."""
    rng = np.random.default_rng(seed)
    load = np.repeat(rng.normal(size=ticks // 40 + 1), 40)[:ticks]
    own = will * np.repeat(rng.uniform(-1, 1, size=ticks // 30 + 1), 30)[:ticks]
    fans = load + own
    rows = np.stack([load, np.zeros(ticks), load - own, fans, fans], axis=1)
    return rows + 0.02 * rng.normal(size=rows.shape)


FANS = (*SENSORS, "fan2_rpm")
FAN_QUANTITIES = (*QUANTITIES, "fan_speed")
FAN_SCALE = np.append(SCALE, 500.0)


def test_the_will_of_fans_explains_temperatures() -> None:
    fitted = fit(cooled_by_will(8_000, 5, will=1.0), FANS, FAN_QUANTITIES, FAN_SCALE)
    assert fitted.spread[2] < 0.1
    assert np.quantile(np.abs(rest_of(fitted, cooled_by_will(2_000, 6, will=1.0))[:, 2]), 0.99) < 5


def test_fans_faster_than_ever_may_cool_and_never_heat() -> None:
    fitted = fit(cooled_by_will(8_000, 5, will=0.1), FANS, FAN_QUANTITIES, FAN_SCALE)
    rows = cooled_by_will(200, 7, will=0.0)
    rows[100:, 3:] += 8.0  # all fans, as never before
    rows[100:, 2] -= 3.0
    colder = rest_of(fitted, rows)[-60:, 2]
    rows[100:, 2] += 6.0
    hotter = rest_of(fitted, rows)[-60:, 2]
    assert not colder.any()
    assert hotter.min() > 10


def test_warmer_air_than_ever_warms_what_stands_in_it() -> None:
    fitted = fit(machine(4_000, 1))
    rows = machine(400, 9)
    rows[200:, [1, 2]] += 16.0  # 8 K, in units of half a kelvin
    assert np.abs(rest_of(fitted, rows)[-100:, 2]).max() < 6


def test_all_fans_are_the_controllers_will_and_one_is_its_own() -> None:
    fitted = fit(cooled_by_will(4_000, 5, will=0.1), FANS, FAN_QUANTITIES, FAN_SCALE)
    rows = cooled_by_will(200, 7, will=0.0)
    rows[:, 3:] += 10.0
    together = rest_of(fitted, rows)[:, 3:]
    rows[:, 3] -= 14.0  # it stands, and the other is driven up
    alone = rest_of(fitted, rows)[:, 3]
    assert np.abs(together).max() < 2 < 4 < -alone.max()


def test_a_fan_without_fellows_is_set_against_load() -> None:
    fitted = fit(machine(4_000, 1))
    rows = machine(400, 2)
    usual = rest_of(fitted, rows)[:, 3]
    rows[:, 3] -= 2.0
    assert np.median(rest_of(fitted, rows)[:, 3]) < np.median(usual) - 5


def test_the_fellows_of_a_fan_are_the_others_that_are_there() -> None:
    rng = np.random.default_rng(3)
    z, present = rng.normal(size=(20, 3, 6)), rng.random((20, 3, 6)) < 0.7
    fans = (1, 2, 4, 5)
    found = fellows_of(fans, z, present)
    for place, fan in enumerate(fans):
        others = [other for other in fans if other != fan]
        for row in np.ndindex(20, 3):
            there = [float(z[*row, other]) for other in others if present[*row, other]]
            wanted = np.median(there) if there else z[*row, fan]
            assert found[*row, place] == pytest.approx(wanted)


def test_a_meter_that_tells_a_few_percent_more_is_off_by_the_same_at_every_load() -> None:
    """A supply that carries a little more than its fellow has an offset that its first day teaches."""
    rng = np.random.default_rng(8)
    load = np.repeat(rng.normal(size=101), 40)[:4_000]
    rows = np.stack([load, load / 2], axis=1) + 0.01 * rng.normal(size=(4_000, 2))
    names, centre, scale = ("power_w", "psu1_in_w"), np.array([600.0, 300.0]), np.array([100.0, 100.0])
    fitted = fit(rows, names, ("power", "power"), scale, centre)
    other = rows.copy()
    other[:, 1] += 0.04 * (rows[:, 1] + 3.0)  # 4 % of 300 W and of what is more
    rest = rest_of(fitted, other)[:, 1]
    quiet, busy = rest[load[31:] < -1].mean(), rest[load[31:] > 1].mean()
    assert 0 < quiet == pytest.approx(busy, abs=0.1)


def test_rounded_fans_that_are_a_step_apart_may_turn_alike() -> None:
    rows = cooled_by_will(4_000, 5, will=0.1)
    rows[:, 3:] = np.round(rows[:, 3:], 1)
    fitted = fit(rows, FANS, FAN_QUANTITIES, FAN_SCALE)
    assert fitted.step[3] == pytest.approx(0.1)
    apart = rows[:200].copy()
    apart[:, 3] = apart[:, 4] + 0.1
    assert np.abs(rest_of(fitted, apart)[:, 3]).max() < 1e-6
    apart[:, 3] = apart[:, 4] - 2.0
    assert rest_of(fitted, apart)[:, 3].max() < -2
