"""How long until a part is at its limit: the first part, at the present rate, told only when it matters."""

from __future__ import annotations

import numpy as np
import pytest
from builders import build_finding, build_tick

from agent.alert import Alert
from agent.alerts import HostAlerts
from agent.time_to_limit import HORIZON_S, renew_limits, time_to_limit

SENSORS = ("inlet_temp_c", "cpu1_temp_c", "dimm_a1_temp_c", "fan1_rpm")


def rows(inlet: float = 0, cpu: float = 0, dimm: float = 0, count: int = 10, noise: float = 0) -> np.ndarray:
    """Rows that end at 24, 60 and 40 °C and rise by so many K a row."""
    back = np.arange(count - 1, -1, -1.0)
    rng = np.random.default_rng(1)
    columns = [24 - inlet * back, 60 - cpu * back, 40 - dimm * back, np.full(count, 5_000.0)]
    table = np.stack(columns, axis=1) + noise * rng.normal(size=(count, 4))
    return table.astype(np.float32)


def test_the_part_that_gets_there_first_counts() -> None:
    warming = rows(cpu=1, dimm=3)  # 35 rows to 95 °C, 15 to 85 °C
    assert time_to_limit(warming, 60, SENSORS, {}).about_s == pytest.approx(15 * 60)


def test_a_sensors_own_limit_goes_before_the_table() -> None:
    assert time_to_limit(rows(cpu=1), 10, SENSORS, {}).about_s == pytest.approx(350)
    assert time_to_limit(rows(cpu=1), 10, SENSORS, {"cpu1_temp_c": 80.0}).about_s == pytest.approx(200)


def test_an_inlet_is_on_its_way_to_the_first_class_and_then_to_the_next() -> None:
    assert time_to_limit(rows(inlet=0.5), 60, SENSORS, {}).about_s == pytest.approx(16 * 60)
    hotter = rows(inlet=0.5)
    hotter[:, 0] += 9.5  # now at 33.5
    assert time_to_limit(hotter, 60, SENSORS, {}).about_s == pytest.approx(3 * 60)


@pytest.mark.parametrize(
    "still",
    [rows(), rows(cpu=-1, dimm=-2), rows(noise=0.4), rows(cpu=3, count=3), np.zeros((0, 4), np.float32)],
    ids=["still", "cooling", "noise of a thermometer", "too few rows", "no rows"],
)
def test_nothing_is_told_where_nothing_rises(still: np.ndarray) -> None:
    assert time_to_limit(still, 60, SENSORS, {}).about_s == -1


def test_what_lies_beyond_four_hours_is_not_told() -> None:
    slow = rows(cpu=0.12)
    assert time_to_limit(slow, 60, SENSORS, {}).about_s == -1
    assert 0 < time_to_limit(slow, 40, SENSORS, {}).about_s <= HORIZON_S


def test_one_wild_reading_changes_the_rate_little() -> None:
    wild = rows(cpu=1)
    wild[4, 1] += 30
    assert time_to_limit(wild, 60, SENSORS, {}).about_s == pytest.approx(35 * 60, rel=0.1)


def test_readings_that_are_not_believed_count_neither_as_heat_nor_as_cold() -> None:
    masked = rows(cpu=1)
    masked[[2, 5], 1] = np.nan
    assert time_to_limit(masked, 60, SENSORS, {}).about_s == pytest.approx(35 * 60)
    masked[-1, 1] = np.nan  # what it reads now is not known
    assert time_to_limit(masked, 60, SENSORS, {}).about_s == -1


def test_a_part_beyond_its_limit_has_no_time_left() -> None:
    beyond = rows()
    beyond[-1, 1] = 96
    assert time_to_limit(beyond, 60, SENSORS, {}).about_s == 0


def test_what_was_told_is_kept_by_less_than_it_took_to_tell_it() -> None:
    slower = rows(dimm=0.08)  # under 0.8 K over ten rows
    assert time_to_limit(slower, 20, SENSORS, {}).about_s == -1
    assert time_to_limit(slower, 20, SENSORS, {}, told_s=9_000.0).about_s == pytest.approx(
        45 / 0.08 * 20, rel=0.01
    )


def opened() -> HostAlerts:
    alerts = HostAlerts("n07", "r3")
    for minute in (0, 1):
        alerts.update(build_tick(minute), [build_finding()])
    return alerts


def told(alerts: HostAlerts, table: np.ndarray) -> list[Alert]:
    names = dict.fromkeys(SENSORS[:3], ("temperature", "Cel", 40.0)) | {"fan1_rpm": ("fan_speed", "rpm", 1.0)}
    return renew_limits(alerts, build_tick(2, sensors=names), lambda: table)


def test_an_alert_tells_it_anew_only_when_it_halves_doubles_comes_or_goes() -> None:
    alerts = opened()
    (first,) = told(alerts, rows(cpu=1))
    assert first.time_to_limit_s == pytest.approx(2_100)
    assert told(alerts, rows(cpu=1.5)) == []
    (faster,) = told(alerts, rows(cpu=2.5))
    assert faster.time_to_limit_s == pytest.approx(840)
    (gone,) = told(alerts, rows())
    assert gone.time_to_limit_s == -1
    assert told(alerts, rows()) == []


def test_a_host_without_an_open_alert_is_not_even_looked_at() -> None:
    def never() -> np.ndarray:
        raise AssertionError("rows were made for nothing")

    assert renew_limits(HostAlerts("n07"), build_tick(), never) == []
    alerts = opened()
    alerts.close()
    assert renew_limits(alerts, build_tick(), never) == []


def test_a_limit_that_a_sensor_is_usually_beyond_is_none() -> None:
    alerts, tick = opened(), build_tick(2, limits={("cpu1_temp_c", "upper"): 45.0})
    table = np.tile(tick.seen, (10, 1)).astype(np.float32)
    assert renew_limits(alerts, tick, lambda: table) == []


def test_the_interval_holds_the_time_and_is_wider_where_less_is_known() -> None:
    rng = np.random.default_rng(1)
    widths = []
    for noise in (0.0, 0.3, 1.2):
        warming = rows(cpu=1.0) + rng.normal(0.0, noise, rows(cpu=1.0).shape).astype(np.float32)
        left = time_to_limit(warming, 60, SENSORS, {})
        assert 0 < left.soonest_s <= left.about_s
        assert left.latest_s == -1 or left.latest_s >= left.about_s
        widths.append(np.inf if left.latest_s < 0 else left.latest_s - left.soonest_s)
    assert widths[0] < widths[1] < widths[2]
