"""Meters: coarse steps, lag, constant errors, readings that go missing."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import default_rng

from models.twin.sensors import Channel, Meters, channels_of, read_truth
from models.twin.servers import ONE_UNIT, TWO_UNITS, ServerKind, Servers

TEMPERATURE = Channel("inlet_temp_c", "temperature", "Cel", 1.0, lag_s=30.0, bias=0.5, noise=0.1)
FAN = Channel("fan1_rpm", "fan_speed", "rpm", 60.0, gain_noise=0.004)
HOSTS = np.arange(200)


def meters(channel: Channel, seed: int = 1) -> Meters:
    return Meters([channel], len(HOSTS), default_rng(seed), default_rng(seed + 100))


def test_readings_come_in_the_meters_steps() -> None:
    fan = meters(FAN)
    fan.follow(np.full((200, 1), 5_035.0), 5.0)
    values = fan.read(HOSTS)
    assert set(np.unique(values[np.isfinite(values)] % 60)) == {0.0}
    assert np.nanmean(values) == pytest.approx(5_035, abs=10)


def test_a_fan_that_stands_still_reads_exactly_0() -> None:
    fan = meters(FAN)
    fan.follow(np.zeros((200, 1)), 5.0)
    values = fan.read(HOSTS)
    assert set(values[np.isfinite(values)].tolist()) == {0.0}


def test_a_slow_sensor_shows_63_percent_of_a_step_after_its_lag() -> None:
    slow = meters(TEMPERATURE)
    slow.follow(np.full((200, 1), 20.0), 5.0)
    before = np.nanmean(slow.read(HOSTS))
    for _ in range(6):
        slow.follow(np.full((200, 1), 40.0), 5.0)
    assert np.nanmean(slow.read(HOSTS)) - before == pytest.approx(0.632 * 20, abs=0.3)


def test_a_sensor_keeps_its_bias_and_only_the_site_decides_it() -> None:
    site, one, other = default_rng(5), default_rng(6), default_rng(7)
    first = Meters([TEMPERATURE], 200, site, one)
    second = Meters([TEMPERATURE], 200, default_rng(5), other)
    for meter in (first, second):
        meter.follow(np.full((200, 1), 24.0), 5.0)
    means = [np.nanmean([m.read(HOSTS)[:, 0] for _ in range(50)], axis=0) for m in (first, second)]
    assert np.corrcoef(means)[0, 1] > 0.9
    assert 0.3 < np.std(means[0]) < 0.7


def test_two_readings_in_a_thousand_are_missing() -> None:
    fan = meters(FAN)
    fan.follow(np.full((200, 1), 5_000.0), 5.0)
    missing = np.mean([np.isnan(fan.read(HOSTS)) for _ in range(200)])
    assert 0.001 < missing < 0.006


def test_nothing_can_be_read_before_there_is_anything() -> None:
    with pytest.raises(ValueError, match="follow"):
        meters(FAN).read(HOSTS)


@pytest.mark.parametrize("kind", [TWO_UNITS, ONE_UNIT], ids=lambda kind: kind.name)
def test_every_true_value_has_its_channel(kind: ServerKind) -> None:
    names = [channel.name for channel in channels_of(kind)]
    truth = read_truth(Servers(kind, 3))
    assert truth.shape == (3, len(names))
    assert len(set(names)) == len(names)
    assert f"fan{kind.fans}_rpm" in names
