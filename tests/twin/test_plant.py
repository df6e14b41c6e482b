"""Zones' air, cooling units, chillers, weather: against published rates and figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray

from models.twin.chiller import ChilledWater, capacity_ratio, chiller_w, compressor_cop, pump_w
from models.twin.humidity import relative_humidity_pct
from models.twin.plant import CoolingUnits, ZoneAir
from models.twin.weather import Climate, Weather, wet_bulb_c

NONE = np.zeros(1)
JULY_S, JANUARY_S = 1_784_500_000.0, 1_768_600_000.0  # 19 July and 16 January 2026


def warm(room: ZoneAir, seconds: float, step_s: float = 5.0) -> float:
    """K that the air of a room with 100 kW and no cooling has risen from 24 °C."""
    for _ in range(round(seconds / step_s)):
        room.advance(step_s, np.array([100e3]), np.array([6.0]), NONE, NONE, NONE)
    return float(room.mean_c[0]) - 24.0


@pytest.mark.parametrize("step_s", [1.0, 5.0, 10.0])
def test_a_room_that_loses_its_cooling_warms_fast_and_then_by_1_8_k_a_minute(step_s: float) -> None:
    room = ZoneAir(np.array([100e3]), 24.0, 24.0)
    after_30_s, after_120_s = warm(room, 30, step_s), warm(room, 90, step_s)
    assert after_30_s == pytest.approx(6.0, abs=0.4)
    assert after_120_s == pytest.approx(13.0, abs=0.4)
    after_5_min, after_6_min = warm(room, 180, step_s), warm(room, 60, step_s)
    assert after_6_min - after_5_min == pytest.approx(1.8, abs=0.05)


def test_no_heat_is_lost_in_a_zone() -> None:
    rng = default_rng(5)
    room = ZoneAir(np.array([90e3, 40e3]), 22.0, 33.0)
    before_j, balance_j = room.stored_j, np.zeros(2)
    for _ in range(200):
        heat_w, taken, supplied = rng.uniform(0, 9e4, 2), rng.uniform(0, 8, 2), rng.uniform(0, 8, 2)
        removed_w = room.advance(5.0, heat_w, taken, 0.1 * taken, supplied, rng.uniform(15, 25, 2))
        balance_j += 5.0 * (heat_w - removed_w)
    np.testing.assert_allclose(room.stored_j - before_j, balance_j, rtol=0, atol=1.0)


def test_servers_that_take_more_than_is_supplied_breathe_warm_air() -> None:
    def settle(supplied: float) -> ZoneAir:
        room = ZoneAir(np.array([100e3]), 20.0, 32.0)
        for _ in range(720):
            room.advance(5.0, np.array([60e3]), np.array([5.0]), NONE, np.array([supplied]), np.array([20.0]))
        return room

    assert float(settle(6.0).cold_c[0]) == pytest.approx(20.0, abs=0.01)
    # 4 of 5 m³/s are supplied: the hot side is 60 kW / (1187 · 4) = 12.6 K above, a fifth of it comes back
    assert float(settle(4.0).cold_c[0]) == pytest.approx(20.0 + 12.64 / 5, abs=0.05)


def units_at_work(
    return_c: float, coolant_c: float, set_point_c: float, capacity: float = 1.0
) -> CoolingUnits:
    units = CoolingUnits(np.zeros(2, np.intp), np.zeros(2, bool), np.full(2, 50e3), 1.15, set_point_c)
    for _ in range(720):
        units.advance(
            5.0, np.full(2, set_point_c), np.array([1.0, capacity]), np.zeros(2, bool), np.zeros(1, bool),
            np.array([6.0]), np.array([return_c]), coolant_c,
        )  # fmt: skip
    return units


def test_a_unit_holds_its_set_point_as_long_as_its_water_is_cold() -> None:
    np.testing.assert_allclose(units_at_work(32.0, 12.0, 21.0).supply_c, 21.0, atol=0.05)
    # water of 18 °C: at full valve the coil takes at most 1 − e^(−1.05·q^−0.4) of the 14 K to it
    warm_water = units_at_work(32.0, 18.0, 21.0)
    effectiveness = 1 - np.exp(-1.05 * warm_water.speed**-0.4)
    np.testing.assert_allclose(warm_water.supply_c, 32.0 - effectiveness * 14.0, atol=0.05)
    assert (warm_water.supply_c > 22.0).all()


def test_a_stopped_fan_leaves_its_work_to_the_other_unit() -> None:
    both, alone = units_at_work(32.0, 12.0, 21.0), units_at_work(32.0, 12.0, 21.0, capacity=0.0)
    assert float(both.flow_m3_s.sum()) == pytest.approx(6.0, abs=0.05)
    assert both.speed[0] == pytest.approx(both.speed[1])
    assert alone.speed.tolist() == [pytest.approx(1.0), 0.0]
    assert alone.supply_c[1] == pytest.approx(32.0, abs=0.1)  # its sensor warms to the room


def test_a_fan_at_80_percent_takes_half_the_power() -> None:
    units = CoolingUnits(np.zeros(2, np.intp), np.zeros(2, bool), np.full(2, 50e3), 1.15, 21.0)
    units.speed = np.array([1.0, 0.8])
    full_w, slow_w = units.fan_w - 75.0  # controls of a unit for 50 kW
    assert slow_w / full_w == pytest.approx(0.512)


def test_a_spare_unit_starts_within_two_minutes_and_stays_for_ten() -> None:
    units = CoolingUnits(np.zeros(2, np.intp), np.array([False, True]), np.full(2, 50e3), 1.15, 21.0)

    def run(seconds: float, capacity: float) -> NDArray[np.float64]:
        for _ in range(round(seconds / 5)):
            units.advance(
                5.0, np.full(2, 21.0), np.array([capacity, 1.0]), np.zeros(2, bool), np.zeros(1, bool),
                np.array([3.0]), np.array([32.0]), 12.0,
            )  # fmt: skip
        return units.speed

    assert run(600, 1.0)[1] == 0.0
    assert run(60, 0.0).max() < 0.02
    assert run(60, 0.0)[1] > 0.6
    assert run(300, 1.0)[1] > 0.3
    assert run(500, 1.0)[1] == 0.0


def test_a_loop_of_8_m3_without_chillers_warms_by_0_18_k_a_minute_for_100_kw() -> None:
    loop = ChilledWater(180e3, 12.0, 100e3)
    for _ in range(60):
        loop.advance(5.0, 100e3, 0.0, 10.0)
    assert (loop.supply_c - 12.0) / 5 == pytest.approx(0.18, abs=0.002)
    assert loop.power.chillers_w == 0.0


def test_chillers_hold_their_water_and_make_a_wrong_temperature_good() -> None:
    loop = ChilledWater(180e3, 12.0, 100e3)
    loop.supply_c = 16.0
    for _ in range(1440):
        loop.advance(5.0, 130e3, 1.0, 12.0)
    assert loop.supply_c == pytest.approx(12.0, abs=0.05)
    assert loop.removed_w == pytest.approx(130e3, rel=0.01)


def test_a_chiller_at_its_rated_point_has_its_rated_cop() -> None:
    ratio = capacity_ratio(35.0, 6.67)
    assert ratio == pytest.approx(0.944836)
    # full load: share 0.99993; power ratio 2.333 − 1.975·0.944836 + 0.6121·0.944836² = 1.01338
    assert 94_483.6 / chiller_w(94_483.6, 94_483.6, ratio) == pytest.approx(3.0 / 1.01338 / 0.99993, rel=1e-3)
    assert chiller_w(0.0, 1e5, ratio) == 0.0


def test_cold_weather_and_warm_water_make_a_chiller_efficient() -> None:
    def cop(condenser_c: float, chilled_c: float) -> float:
        ratio = capacity_ratio(condenser_c, chilled_c)
        return 140e3 / chiller_w(140e3, 225e3 * ratio, ratio)

    assert 3.5 < cop(28.0, 7.0) < cop(20.0, 7.0) < cop(20.0, 10.0) < 5.0
    assert compressor_cop(35.0) == pytest.approx(0.5 * 281.15 / 42.0)
    assert compressor_cop(10.0) > compressor_cop(35.0)


def test_cold_air_outside_saves_the_chillers_and_warm_air_does_not() -> None:
    def chillers_w(wet_c: float, is_free: bool = True) -> float:
        loop = ChilledWater(180e3, 12.0, 130e3, is_free)
        loop.advance(5.0, 130e3, 1.0, wet_c)
        return loop.power.chillers_w

    # water returns at 18 °C; through tower and exchanger it can be cooled to 6 K above the wet bulb
    assert chillers_w(5.0) == 0.0
    assert chillers_w(9.0) == pytest.approx(chillers_w(9.0, is_free=False) / 2, rel=0.15)
    assert chillers_w(14.0) == chillers_w(14.0, is_free=False) > 25e3


def test_pumps_take_379_w_for_1_1_litres_a_second() -> None:
    assert pump_w(0.0011 * 4.186e6 * 6.0) == pytest.approx(379, abs=1)


def weather_year(step_s: float = 1800.0) -> NDArray[np.float64]:
    """(steps, 2) dry and wet bulb, from 1 January."""
    weather = Weather(Climate(), default_rng(8))
    start_s = 1_767_225_600.0
    return np.array(
        [weather.advance(start_s + at * step_s, step_s) for at in range(round(365 * 86_400 / step_s))]
    )


def test_a_year_of_weather_has_its_seasons_and_its_days() -> None:
    year = weather_year()
    days = year[:, 0].reshape(365, 48)
    assert days.mean() == pytest.approx(11.0, abs=1.0)
    assert days[185:215].mean() - days[5:35].mean() == pytest.approx(19.0, abs=3.0)
    by_hour = days.mean(axis=0)
    assert 13 <= by_hour.argmax() / 2 <= 16
    assert np.ptp(by_hour) == pytest.approx(9.0, abs=1.0)
    assert np.std(days.mean(axis=1) - np.convolve(days.mean(axis=1), np.ones(31) / 31, "same")) > 1.5
    assert (year[:, 1] <= year[:, 0] + 0.5).all()


def test_wet_bulb_and_humidity_agree_with_tables() -> None:
    assert wet_bulb_c(20.0, 50.0) == pytest.approx(13.7, abs=0.3)
    assert wet_bulb_c(30.0, 80.0) == pytest.approx(27.0, abs=0.5)
    # 10 °C of dew point is 12.28 hPa; saturation at 21.5 °C 25.65 hPa, at 10 °C 12.28 hPa
    seen = relative_humidity_pct(np.full(3, 10.0), np.array([21.5, 10.0, 5.0]))
    np.testing.assert_allclose(seen, [47.9, 100.0, 100.0], atol=0.3)
