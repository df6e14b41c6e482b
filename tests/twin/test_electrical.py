"""Current from the mains to the supplies: sums, lost feeds, phases, batteries."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray

from models.twin.electrical import Electrical
from models.twin.places import SitePlan, name_places, place_hosts

HOSTS, POWER_W = 40, 400.0  # two racks, four PDUs
Array = NDArray[np.float64]


class Wiring:
    """40 servers that share their power between the feeds that are live."""

    def __init__(self) -> None:
        self.places = place_hosts(HOSTS)
        self.electrical = Electrical(SitePlan(), self.places, default_rng(1), default_rng(2))
        self.live, self.moved = np.ones((4, 3)), np.zeros((4, 3))
        self.mains = np.ones(2)
        self.feed_ok, self.voltage = np.ones((HOSTS, 2)), np.full((HOSTS, 2), 230.0)
        self.run(60)

    def run(self, seconds: float) -> Wiring:
        for _ in range(round(seconds / 5)):
            share = self.feed_ok / np.maximum(self.feed_ok.sum(axis=1, keepdims=True), 1.0)
            self.feed_ok, self.voltage = self.electrical.advance(
                5.0, POWER_W * share, self.live, self.moved, self.mains
            )
        return self

    def pdu(self, name: str) -> int:
        return self.places.pdus.index(name)


def test_phase_currents_add_up_to_what_the_servers_draw() -> None:
    electrical = Wiring().electrical
    seen_w = electrical.phase_a * electrical.phase_v * 0.98
    np.testing.assert_allclose(seen_w.sum(), HOSTS * POWER_W, rtol=1e-9)
    # 20 supplies of 200 W: 7, 7 and 6 to a phase, 7 · 200 W / (230 V · 0.98) = 6.21 A
    np.testing.assert_allclose(electrical.phase_a, np.tile([6.21, 6.21, 5.32], (4, 1)), rtol=0.02)
    np.testing.assert_allclose(electrical.output_w, [8000.0, 8000.0])


def test_a_breaker_carries_its_phase_alone_below_80_percent() -> None:
    # 7 servers of 450 W at 230 V: 14.0 A, so 17.5 A of rating: the next size is 20 A
    electrical = Wiring().electrical
    assert electrical.breaker_a.tolist() == [20.0] * 4
    assert 0.2 < electrical.breaker_load.max() < 0.4


def test_a_lost_feed_doubles_its_twin_and_darkens_its_hosts() -> None:
    wiring = Wiring()
    dark, twin, other = (wiring.pdu(name) for name in ("pdu-r01-a", "pdu-r01-b", "pdu-r02-a"))
    before_a = wiring.electrical.phase_a.copy()
    wiring.live[dark] = 0.0
    wiring.run(10)
    assert wiring.feed_ok[:20].tolist() == [[0.0, 1.0]] * 20
    assert (wiring.feed_ok[20:] == 1.0).all()
    assert (wiring.voltage[:20, 0] == 0.0).all()
    assert (wiring.voltage[:, 1] > 220.0).all()
    after_a = wiring.electrical.phase_a
    assert (after_a[dark] == 0.0).all()
    assert (wiring.electrical.phase_v[dark] == 0.0).all()
    np.testing.assert_allclose(after_a[twin], 2 * before_a[twin], rtol=0.01)
    np.testing.assert_allclose(after_a[other], before_a[other], rtol=0.01)
    np.testing.assert_allclose(wiring.electrical.output_w, [4000.0, 12000.0])


def test_a_branch_darkens_a_third_of_the_rack() -> None:
    wiring = Wiring()
    wiring.live[wiring.pdu("pdu-r02-b"), 0] = 0.0
    wiring.run(10)
    dark = np.flatnonzero(wiring.feed_ok[:, 1] == 0.0)
    assert dark.tolist() == [20, 23, 26, 29, 32, 35, 38]
    assert (wiring.feed_ok[:, 0] == 1.0).all()


def test_load_on_the_wrong_phase_unbalances_the_pdu_and_changes_no_sum() -> None:
    wiring, at = Wiring(), 0

    def imbalance() -> float:
        phase_a = wiring.electrical.phase_a[at]
        return float(np.abs(phase_a - phase_a.mean()).max() / phase_a.mean())

    assert imbalance() < 0.12  # 7, 7 and 6 supplies
    wiring.moved[at, 1] = 0.25
    wiring.run(10)
    # phase 2 carries 7 + 0.25 · 13 = 10.25 of 20 supplies' load: 54 % above the mean
    assert imbalance() == pytest.approx(0.54, abs=0.02)
    assert float(wiring.electrical.phase_w[at].sum()) == pytest.approx(4000.0)


def test_a_ups_carries_its_load_on_its_battery_until_that_is_empty() -> None:
    wiring = Wiring()
    electrical = wiring.electrical
    wiring.mains[0] = 0.0
    wiring.run(300)
    # 8 kW and a loss of 18 kW · (0.8 % + 2 % · 0.44 + 2.5 % · 0.198) for 5 of 10 min at 18 kW
    assert electrical.charge[0] == pytest.approx(1 - (8.0 + 0.39) / 18.0 / 2, abs=0.01)
    assert electrical.charge[1] == 1.0
    assert electrical.input_v[0] == 0.0
    assert electrical.output_v[0] == pytest.approx(230, abs=2)
    assert electrical.output_w[0] == pytest.approx(8000.0)
    assert (wiring.feed_ok == 1.0).all()
    wiring.run(1200)
    assert electrical.charge[0] == 0.0
    assert (wiring.feed_ok[:, 0] == 0.0).all()
    assert electrical.output_w[1] == pytest.approx(16_000.0)
    wiring.mains[0] = 1.0
    wiring.run(600)
    assert (wiring.feed_ok == 1.0).all()
    assert electrical.charge[0] == pytest.approx(0.1, abs=0.01)  # charged at a tenth of the rating


@pytest.mark.parametrize(("share", "on_battery"), [(0.93, False), (0.85, True)])
def test_a_deep_sag_takes_the_battery_and_a_slight_one_does_not(share: float, on_battery: bool) -> None:
    wiring = Wiring()
    wiring.mains[1] = share
    wiring.run(120)
    assert (wiring.electrical.charge[1] < 1.0) == on_battery
    assert wiring.electrical.input_v[1] == pytest.approx(230 * share, rel=0.03)


def test_mains_tremble_and_feeds_hardly_do() -> None:
    wiring = Wiring()
    seen = []
    for _ in range(720):
        wiring.run(5)
        seen.append((wiring.electrical.input_v[0], wiring.voltage[0, 0]))
    mains_v, feed_v = np.array(seen).T
    assert 0.5 < mains_v.std() < 3.0
    assert 0.05 < feed_v.std() < 0.5
    assert feed_v.mean() == pytest.approx(230, abs=2)


def test_one_pdu_for_all_is_a_site_too() -> None:
    names = [f"n{at}" for at in range(8)]
    places = name_places(names, ["r1"] * 8, ["A"] * 8, ["z1"] * 8, ["pdu-a"] * 8, ["pdu-b"] * 8, [0.5] * 8)
    electrical = Electrical(SitePlan(), places, default_rng(1), default_rng(2))
    feed_ok, _ = electrical.advance(
        5.0, np.full((8, 2), 200.0), np.ones((2, 3)), np.zeros((2, 3)), np.ones(2)
    )
    assert feed_ok.shape == (8, 2)
    assert electrical.ups.tolist() == [0, 1]
    np.testing.assert_allclose(electrical.phase_w.sum(axis=1), 1600.0)
