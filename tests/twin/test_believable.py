"""The twin answers as servers are known to answer; every row of its table is a claim."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import default_rng

from models.twin.bench import Bench
from models.twin.drawn_kinds import draw_kind
from models.twin.figures import Figure, as_markdown, figures
from models.twin.kinds import EDGE, GPU_4, GPU_8, KINDS, ServerKind

FIGURES = {figure.what: figure for figure in figures()}
UNSEEN = [draw_kind(default_rng([7, n]), f"unseen{n}") for n in range(12)]


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES.keys())
def test_an_answer_lies_where_it_is_known_to_lie(figure: Figure) -> None:
    assert figure.low <= figure.twin <= figure.high


def test_the_table_shows_what_is_known_beside_the_twin() -> None:
    (row,) = [line for line in as_markdown(list(FIGURES.values())).splitlines() if "full load | 551" in line]
    assert row.startswith("| 2U server, full load | 551 | 55")


@pytest.mark.parametrize("kind", [*KINDS, *UNSEEN], ids=lambda kind: kind.name)
def test_a_kind_is_a_machine_that_could_be_sold(kind: ServerKind) -> None:
    idle, busy = Bench(kind, 0.0), Bench(kind, 1.0)
    assert 0.1 < idle.power_w / busy.power_w < 0.65
    assert 2.0 < idle.air_rise_k < busy.air_rise_k < 32.0
    assert busy.junction_c < kind.throttle_c - 5
    assert float(busy.servers.frequency.min()) == float(busy.servers.gpus.frequency.min(initial=1)) == 1.0
    assert float(busy.servers.duty[0]) < 0.9
    assert float(busy.servers.output_w.max()) < kind.supply_w


@pytest.mark.parametrize("kind", [*KINDS, *UNSEEN], ids=lambda kind: kind.name)
def test_a_lost_supply_leaves_the_rest_with_its_load_unless_it_was_the_only_one(kind: ServerKind) -> None:
    bench = Bench(kind, 0.3)
    carried_w = float(bench.servers.output_w.sum())
    bench.conditions.supply_share[0, 0] = 0.0
    bench.run(60)
    if kind.supplies == 1:
        assert bench.power_w == 0.0
    else:
        assert float(bench.servers.output_w[0, 1:].sum()) == pytest.approx(carried_w, rel=0.03)


def test_the_catalogue_differs_in_what_matters() -> None:
    assert len(KINDS) >= 8
    assert {kind.sockets for kind in KINDS} == {1, 2}
    assert {1, 2, 4} == {kind.supplies for kind in KINDS}
    assert {0, 4, 8} <= {kind.gpus for kind in KINDS}
    assert min(kind.fans for kind in KINDS) == 4
    assert max(kind.fans for kind in KINDS) == 12


def test_no_two_drawn_kinds_are_alike_and_equal_seeds_draw_the_same() -> None:
    assert len({kind.full_socket_w for kind in UNSEEN}) == len(UNSEEN)
    assert draw_kind(default_rng([7, 3]), "unseen3") == UNSEEN[3]
    assert len({kind.panel for kind in UNSEEN}) > 6


def test_fans_answer_hot_gpus_while_the_sockets_are_idle() -> None:
    bench = Bench(GPU_4, 0.0)
    before = float(bench.servers.duty[0])
    bench.conditions.gpu_load[:] = 1.0
    bench.conditions.gpu_factor[0, 1] = 1.3
    bench.run(1800)
    assert float(bench.servers.duty[0]) > before + 0.1
    assert bench.junction_c < 50


def test_a_gpu_whose_cooler_is_loose_slows_down_and_the_others_do_not() -> None:
    bench = Bench(GPU_8, 0.9)
    before_w = bench.servers.gpus.power_w[0].copy()
    bench.conditions.gpu_factor[0, 2] = 2.5
    bench.run(1800)
    after_w = bench.servers.gpus.power_w[0]
    assert after_w[2] < 0.87 * before_w[2]
    assert float(bench.servers.gpus.temperature_c[0, 2]) == pytest.approx(GPU_8.gpu_throttle_c, abs=4)
    assert np.delete(after_w, 2) == pytest.approx(np.delete(before_w, 2), rel=0.03)


def test_a_machine_that_is_switched_off_and_on_again_boots_with_full_fans() -> None:
    bench = Bench(EDGE, 0.8)
    usual_w, usual_duty = bench.power_w, float(bench.servers.duty[0])
    bench.conditions.is_powered[:] = False
    bench.run(300)
    assert bench.power_w < 20
    assert not bench.servers.rpm.any()
    bench.conditions.is_powered[:] = True
    bench.run(20)
    assert float(bench.servers.duty[0]) > usual_duty + 0.3
    assert bench.power_w < usual_w
    bench.run(1200)
    assert bench.power_w == pytest.approx(usual_w, rel=0.02)


def test_a_machine_that_tripped_stays_off_until_its_current_comes_back() -> None:
    bench = Bench(KINDS[0], 1.0)
    bench.conditions.fan_gain[:] = 0.0
    bench.run(3600)
    bench.conditions.fan_gain[:] = 1.0
    bench.run(600)
    assert bench.power_w < 20
    bench.conditions.feed_ok[:] = 0.0
    bench.run(5)
    bench.conditions.feed_ok[:] = 1.0
    bench.run(600)
    assert bench.power_w > 500


def test_one_dark_feed_leaves_a_machine_of_two_and_two_supplies_with_two() -> None:
    bench = Bench(GPU_8, 0.5)
    bench.conditions.feed_ok[0, 1] = 0.0
    bench.run(5)
    given_w = bench.servers.output_w[0]
    assert (given_w[[1, 3]] == 0).all()
    assert given_w[0] == pytest.approx(given_w[2])
    assert bench.servers.supply_v[0].tolist() == [230.0, 0.0, 230.0, 0.0]
