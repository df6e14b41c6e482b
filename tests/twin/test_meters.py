"""Meters: coarse steps, lag, constant errors, readings that go missing."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import default_rng

from models.twin.kinds import KINDS, ServerKind
from models.twin.meters import Meters
from models.twin.sensors import Channel, Panels, channels_of
from models.twin.servers import Hardware, Servers

TEMPERATURE = Channel("inlet_temp_c", "temperature", "Cel", 1.0, lag_s=30.0, bias=0.5, noise=0.1)
FAN = Channel("fan1_rpm", "fan_speed", "rpm", 60.0, gain_noise=0.004)
HOSTS = np.arange(200)


def meters(channel: Channel, seed: int = 1) -> Meters:
    return Meters([channel] * len(HOSTS), default_rng(seed), default_rng(seed + 100))


def test_readings_come_in_the_meters_steps() -> None:
    fan = meters(FAN)
    fan.follow(np.full(200, 5_035.0), 5.0)
    values = fan.read(HOSTS)
    assert set(np.unique(values[np.isfinite(values)] % 60)) == {0.0}
    assert np.nanmean(values) == pytest.approx(5_035, abs=10)


def test_a_fan_that_stands_still_reads_exactly_0() -> None:
    fan = meters(FAN)
    fan.follow(np.zeros(200), 5.0)
    values = fan.read(HOSTS)
    assert set(values[np.isfinite(values)].tolist()) == {0.0}


def test_a_slow_sensor_shows_63_percent_of_a_step_after_its_lag() -> None:
    slow = meters(TEMPERATURE)
    slow.follow(np.full(200, 20.0), 5.0)
    before = np.nanmean(slow.read(HOSTS))
    for _ in range(6):
        slow.follow(np.full(200, 40.0), 5.0)
    assert np.nanmean(slow.read(HOSTS)) - before == pytest.approx(0.632 * 20, abs=0.3)


def test_a_sensor_keeps_its_bias_and_only_the_site_decides_it() -> None:
    site, one, other = default_rng(5), default_rng(6), default_rng(7)
    first = Meters([TEMPERATURE] * 200, site, one)
    second = Meters([TEMPERATURE] * 200, default_rng(5), other)
    for meter in (first, second):
        meter.follow(np.full(200, 24.0), 5.0)
    means = [np.nanmean([m.read(HOSTS) for _ in range(50)], axis=0) for m in (first, second)]
    assert np.corrcoef(means)[0, 1] > 0.9
    assert 0.3 < np.std(means[0]) < 0.7


def test_two_readings_in_a_thousand_are_missing() -> None:
    fan = meters(FAN)
    fan.follow(np.full(200, 5_000.0), 5.0)
    missing = np.mean([np.isnan(fan.read(HOSTS)) for _ in range(200)])
    assert 0.001 < missing < 0.006


def test_nothing_can_be_read_before_there_is_anything() -> None:
    with pytest.raises(ValueError, match="follow"):
        meters(FAN).read(HOSTS)


def test_a_mean_of_the_minute_reaches_a_step_after_a_minute_and_half_of_it_after_half() -> None:
    power = meters(Channel("power_w", "power", "W", 1.0, mean_s=60.0))
    power.follow(np.full(200, 100.0), 5.0)
    for _ in range(6):
        power.follow(np.full(200, 300.0), 5.0)
    assert np.nanmean(power.read(HOSTS)) == pytest.approx(200, abs=1)
    for _ in range(6):
        power.follow(np.full(200, 300.0), 5.0)
    assert np.nanmean(power.read(HOSTS)) == pytest.approx(300, abs=1)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_sensor_of_a_kind_has_a_true_value(kind: ServerKind) -> None:
    names = [channel.name for channel in channels_of(kind)]
    servers, panels = Servers(Hardware.of([kind] * 3)), Panels([kind] * 3)
    truth = panels.read_truth(servers)
    assert truth.shape == (3 * len(names),)
    assert np.isfinite(truth).all()
    assert len(set(names)) == len(names)
    assert sum(name.startswith("fan") for name in names) == kind.fans
    assert sum(name.startswith("gpu") for name in names) == 3 * kind.gpus


def test_hosts_of_different_kinds_show_their_own_sensors() -> None:
    panels = Panels(KINDS)
    shown = {kind.name: {c.name for c in own} for kind, own in zip(KINDS, panels.own, strict=True)}
    assert "exhaust_temp_c" not in shown["sled"]
    assert "psu1_out_w" not in shown["edge"]
    assert {"fan4_pct", "psu1_in_w"} < shown["edge"]
    assert "fan1_rpm" not in shown["edge"]
    assert "power_w" not in shown["gpu8"]
    assert {"psu4_in_w", "gpu8_temp_c", "fan12_rpm"} < shown["gpu8"]
    assert {"cpu_util", "cpu_freq_hz", "cpu2_power_w"} < shown["amd"]
    assert {"cpu1_margin_c"} < shown["arm"]
    assert "cpu1_temp_c" not in shown["arm"]
