"""Channels of the fault classifier: the same on every machine, whatever it sends."""

from __future__ import annotations

import numpy as np
import pytest
from classified import QUANTITIES, SENSORS, UNITS, changed, quiet_rows
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.fault_channels import still_channels, window_channels
from agent.fault_columns import columns_of
from agent.physics import Physics
from models.fault_classifier import STILL, WINDOW, WINDOW_CHANNELS


def channels(rows, kept=None, limits=None, period_s=60.0):  # type: ignore[no-untyped-def]
    """The window and mask of these rows, with these sensors of the machine."""
    kept = list(range(len(SENSORS))) if kept is None else kept
    sensors, quantities = tuple(SENSORS[i] for i in kept), tuple(QUANTITIES[i] for i in kept)
    columns = columns_of(sensors, quantities)
    return window_channels(rows[:, kept], columns, sensors, period_s, limits or {})


def newest(rows, channel: str) -> float:  # type: ignore[no-untyped-def]
    window, mask = channels(rows)
    at = WINDOW_CHANNELS.index(channel)
    assert mask[-1, at]
    return float(window[-1, at])


def test_a_quiet_machine_shows_nothing() -> None:
    window, mask = channels(quiet_rows())
    calm = [at for at, name in enumerate(WINDOW_CHANNELS) if not name.startswith(("power_tremble", "busy"))]
    assert mask[:, calm][-1].sum() > 30
    assert np.abs(window[-1, calm]).max() < 1.0


@pytest.mark.parametrize(
    ("sensor", "factor", "channel", "sign"),
    [
        ("fan3_rpm", 0.0, "fan_slowest", -1), ("fan3_rpm", 0.8, "fan_slowest", -1),
        ("exhaust_temp_c", 1.4, "exhaust_excess", 1), ("cpu2_temp_c", 1.4, "cpu_excess", 1),
        ("cpu2_temp_c", 1.4, "cpu_apart", 1), ("dimm_temp_c", 1.4, "dimm_excess", 1),
        ("vrm_temp_c", 1.4, "vrm_excess", 1), ("gpu1_temp_c", 1.3, "gpu_excess", 1),
        ("psu1_in_w", 0.0, "supply_least_share", -1), ("psu2_out_w", 0.9, "efficiency_worst", -1),
        ("psu1_vin", 0.0, "inputs_dead", 1), ("inlet_temp_c", 1.3, "inlet", 1),
        ("cpu_freq_hz", 0.6, "frequency", -1),
    ],
)  # fmt: skip
def test_a_fault_moves_its_channel(sensor: str, factor: float, channel: str, sign: int) -> None:
    moved = newest(changed(quiet_rows(), sensor, factor), channel) - newest(quiet_rows(), channel)
    assert sign * moved > 0.5


def test_a_gpu_that_left_the_bus_is_counted() -> None:
    rows = quiet_rows()
    rows[-4:, [SENSORS.index("gpu1_temp_c"), SENSORS.index("gpu1_power_w")]] = np.nan
    assert newest(rows, "gpus_lost") == pytest.approx(np.arcsinh(1 / 0.5))


def test_fans_that_turn_twice_as_fast_and_three_times_the_power_are_another_kind_of_machine_and_no_news() -> (
    None
):
    rows, other = quiet_rows(), quiet_rows()
    for at, quantity in enumerate(QUANTITIES):
        other[:, at] *= {"fan_speed": 2.0, "power": 3.0}.get(quantity, 1.0)
    for one, two in zip(channels(rows), channels(other), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-4)


@settings(max_examples=60, deadline=None)
@given(st.sets(st.sampled_from(range(len(SENSORS))), min_size=1), st.integers(1, 130), st.floats(5, 600))
def test_any_sensors_and_any_length_give_finite_channels_and_zeros_where_masked(
    kept: set[int], ticks: int, period_s: float
) -> None:
    window, mask = channels(quiet_rows(ticks), sorted(kept), period_s=period_s)
    assert window.shape == mask.shape == (WINDOW, len(WINDOW_CHANNELS))
    assert np.isfinite(window).all()
    assert not window[~mask].any()


def test_what_was_never_believed_is_masked() -> None:
    rows = np.full((126, len(SENSORS)), np.nan, np.float32)
    window, mask = channels(rows)
    assert not mask.any() and not window.any()


def test_a_young_host_has_no_past_to_differ_from() -> None:
    _, mask = channels(quiet_rows(WINDOW + 3))
    assert not mask[:, WINDOW_CHANNELS.index("cpu_excess")].any()
    assert mask[-1, WINDOW_CHANNELS.index("supply_least_share")]


def test_headroom_is_told_only_where_a_limit_is_sent() -> None:
    at = WINDOW_CHANNELS.index("cpu_headroom")
    assert not channels(quiet_rows())[1][-1, at]
    window, mask = channels(quiet_rows(), limits={("cpu1_temp_c", "upper"): 95.0})
    assert mask[-1, at]
    assert np.sinh(window[-1, at]) * 5.0 + 15.0 == pytest.approx(95 - 61, abs=1.0)


def test_without_physics_only_the_period_is_known() -> None:
    values, mask = still_channels(None, 60.0)
    assert len(values) == len(STILL)
    assert mask.tolist() == [True] + [False] * (len(STILL) - 1)


def test_residuals_are_told_in_units_of_what_a_rule_takes_for_a_fault() -> None:
    from builders import build_tick

    physics = Physics()
    sensors = {
        name: (quantity, unit, float(value))
        for name, quantity, unit, value in zip(SENSORS, QUANTITIES, UNITS, quiet_rows(1)[0], strict=True)
    }
    residuals = None
    for minute in range(120):
        residuals = physics.update(build_tick(minute, sensors=sensors))
    values, mask = still_channels(residuals, 60.0)
    assert mask.sum() > 30
    assert np.abs(values[1:]).max() < 0.3


def test_a_cooling_unit_or_a_pdu_is_no_server() -> None:
    assert not columns_of(("supply_temp_c", "fan_pct"), ("temperature", "fan_speed")).is_server
    assert not columns_of(("phase1_a", "power_w"), ("current", "power")).is_server
    assert columns_of(("cpu1_temp_c",), ("temperature",)).is_server
