"""A whole site: plausible when nothing is wrong, and every fault shows where it should and nowhere else."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray
from site_bench import START_S, SiteBench

from models.twin.episodes import Episode
from models.twin.places import TOPOLOGY_COLUMNS, SitePlan, place_hosts, topology_rows
from models.twin.site import Site, SiteLoads
from models.twin.site_faults import SITE_CONFOUNDERS, SITE_MAGNITUDES

Array = NDArray[np.float64]
ALL = [(name, size) for name in SITE_MAGNITUDES for size in ("subtle", "moderate", "severe")]


def zone(bench: SiteBench, at: int) -> Array:
    """Inlets of a zone."""
    return bench.inlet_c[bench.site.hosts.zone == at]


def rack(bench: SiteBench, name: str) -> Array:
    places = bench.site.hosts
    return bench.inlet_c[places.rack == places.racks.index(name)]


def suffer(place: str, name: str, magnitude: str, minutes: float, part: int = 1) -> SiteBench:
    """A site under an episode for so long."""
    bench = SiteBench()
    return bench.run(60 * minutes, [bench.episode(place, name, magnitude, part)])


@pytest.fixture(scope="module")
def healthy() -> SiteBench:
    return SiteBench()


def test_a_healthy_site_breathes_recommended_air_at_a_plausible_price(healthy: SiteBench) -> None:
    assert 18 < healthy.inlet_c.min() < healthy.inlet_c.max() < 27
    power = healthy.site.power
    assert 1.1 < power.pue < 1.6
    assert power.servers_w == pytest.approx(400 * 340)
    assert 0.02 < power.units_w / power.servers_w < 0.12
    assert 0.03 < power.losses_w / power.servers_w < 0.08


def test_all_of_the_servers_heat_reaches_the_chillers(healthy: SiteBench) -> None:
    bench = SiteBench().run(3600)
    assert bench.site.water.removed_w == pytest.approx(400 * 340 + bench.site.cooling.fan_w.sum(), rel=0.01)


def test_the_top_of_a_rack_is_warmer_than_its_bottom(healthy: SiteBench) -> None:
    height = healthy.site.hosts.height
    rise_k = healthy.inlet_c[height > 0.9].mean() - healthy.inlet_c[height < 0.1].mean()
    assert 1.0 < rise_k < 3.0


@pytest.mark.parametrize("cooling", ["crah", "crac"])
def test_a_site_is_cheaper_in_winter(cooling: Literal["crah", "crac"]) -> None:
    seen = []
    for month in (0, 6):
        bench = SiteBench(100, plan=SitePlan(cooling=cooling))
        bench.time_s += month * 30.4 * 86_400 + 14 * 3600
        seen.append(bench.run(1800).site.power)
    winter, summer = seen
    assert 1.1 < winter.pue < summer.pue - 0.02 < 1.6
    compressors_w = summer.plant.chillers_w if cooling == "crah" else summer.units_w
    assert 0.15 < compressors_w / summer.servers_w < 0.4


def test_a_unit_that_fails_shows_a_still_fan_and_its_neighbours_work_harder(healthy: SiteBench) -> None:
    bench = suffer("crah-z1-1", "cooling_unit_failure", "severe", 3)
    failed, neighbour = bench.truth("crah-z1-1"), bench.truth("crah-z1-2")
    assert failed["fan_pct"] == 0.0
    assert failed["supply_temp_c"] > healthy.truth("crah-z1-1")["supply_temp_c"] + 3
    assert neighbour["fan_pct"] > healthy.truth("crah-z1-2")["fan_pct"] + 0.1
    assert failed["chw_supply_c"] == pytest.approx(12.0, abs=0.3)
    assert bench.truth("crah-z2-1")["fan_pct"] == pytest.approx(
        healthy.truth("crah-z2-1")["fan_pct"], abs=0.02
    )


def test_inlets_near_a_failed_unit_rise_first_and_the_other_zone_does_not(healthy: SiteBench) -> None:
    bench = suffer("crah-z1-1", "cooling_unit_failure", "severe", 2)
    near_k = rack(bench, "r01").mean() - rack(healthy, "r01").mean()
    far_k = rack(bench, "r05").mean() - rack(healthy, "r05").mean()
    assert near_k > far_k + 0.5
    assert far_k > 2.0
    assert zone(bench, 1).mean() == pytest.approx(zone(healthy, 1).mean(), abs=0.1)


def test_without_a_spare_inlets_rise_by_kelvins_a_minute_and_hold_far_too_warm() -> None:
    bench = SiteBench()
    episode = bench.episode("crah-z1-2", "cooling_unit_failure", "severe")
    before_c = zone(bench, 0).mean()
    rise_k = zone(bench.run(120, [episode]), 0).mean() - before_c
    assert 1.0 < rise_k / 2 < 5.0
    bench.run(3600, [episode])
    assert zone(bench, 0).max() > 35
    assert bench.truth("crah-z1-3")["fan_pct"] == 0.0


def test_a_severe_failure_overwhelms_a_zone_of_many_units_too() -> None:
    bench = SiteBench(200, plan=SitePlan(unit_most_w=20_000.0))
    assert len(bench.site.cooling.zone) == 5 + 1
    before_c = bench.inlet_c.mean()
    bench.run(600, [bench.episode("crah-z1-2", "cooling_unit_failure", "severe")])
    assert int((bench.site.cooling.speed > 0).sum()) == 2
    assert bench.inlet_c.mean() > before_c + 4


@pytest.mark.parametrize("magnitude", ["subtle", "moderate"])
def test_a_spare_absorbs_most_of_a_single_failure(magnitude: str, healthy: SiteBench) -> None:
    bench = suffer("crah-z1-1", "cooling_unit_failure", magnitude, 20)
    assert zone(bench, 0).mean() - zone(healthy, 0).mean() < 1.5
    assert zone(bench, 0).max() < 27
    if magnitude == "moderate":
        assert bench.truth("crah-z1-3")["fan_pct"] > 0.5


def test_lost_chilled_water_warms_slowly_everywhere_while_all_fans_turn(healthy: SiteBench) -> None:
    bench = SiteBench()
    episode = bench.episode("", "chilled_water_loss", "severe")
    bench.run(300, [episode])
    # 136 kW and the fans' 8 kW into 8 m³ · 400 · 450 W / 180 kW of water
    assert (bench.truth("crah-z1-1")["chw_supply_c"] - 12.0) / 5 == pytest.approx(0.18 * 1.44, rel=0.05)
    assert bench.inlet_c.mean() - healthy.inlet_c.mean() < 0.5
    bench.run(3300, [episode])
    assert zone(bench, 0).mean() > zone(healthy, 0).mean() + 2
    assert zone(bench, 1).mean() == pytest.approx(zone(bench, 0).mean(), abs=0.3)
    units = [unit for unit in bench.site.unit_names if unit.startswith("crah")]
    assert all(bench.truth(unit)["fan_pct"] > 0.3 for unit in units)
    assert all(bench.truth(unit)["chw_supply_c"] > 18 for unit in units)
    assert bench.site.water.power.chillers_w == 0.0


def test_recirculation_warms_the_top_of_one_rack_while_the_supply_holds(healthy: SiteBench) -> None:
    bench = suffer("r08", "recirculation", "severe", 15)
    top = bench.site.hosts.height > 0.8
    r08 = bench.site.hosts.rack == bench.site.hosts.racks.index("r08")
    top_k = (bench.inlet_c - healthy.inlet_c)[r08 & top].mean()
    assert 2.5 < top_k < 6
    assert (bench.inlet_c - healthy.inlet_c)[r08 & (bench.site.hosts.height < 0.1)].mean() < 0.5
    assert 0.3 < (bench.inlet_c - healthy.inlet_c)[top][20:].max() < 6
    assert abs(rack(bench, "r13").mean() - rack(healthy, "r13").mean()) < 0.2
    assert bench.truth("crah-z1-1")["supply_temp_c"] == pytest.approx(21.5, abs=0.2)


def test_recirculated_air_follows_the_power_of_the_rack(healthy: SiteBench) -> None:
    bench = SiteBench()
    episode = bench.episode("r08", "recirculation", "severe")
    mild = rack(bench.run(900, [episode]), "r08").mean()
    r08 = bench.site.hosts.rack == bench.site.hosts.racks.index("r08")
    bench.power_w[r08] = 500.0
    assert rack(bench.run(1800, [episode]), "r08").mean() > mild + 0.4


def test_an_overcooled_zone_falls_below_18_and_its_units_work_more(healthy: SiteBench) -> None:
    bench = suffer("z2", "overcooling", "moderate", 40)
    assert zone(bench, 1).mean() < 18
    assert zone(bench, 0).mean() == pytest.approx(zone(healthy, 0).mean(), abs=0.1)


def test_humidity_leaves_its_range_over_an_hour_either_way(healthy: SiteBench) -> None:
    usual = healthy.truth("crah-z1-1")["rh_pct"]
    damp, dry = (suffer("z1", "humidity", "severe", 60, part) for part in (1, 2))
    assert 40 < usual < 60
    assert 75 < damp.truth("crah-z1-1")["rh_pct"] < 100
    assert damp.truth("crah-z2-1")["rh_pct"] < 60
    assert dry.truth("crah-z1-1")["rh_pct"] < 30


def test_a_lost_feed_darkens_one_side_of_a_rack_and_its_twin_carries_double(healthy: SiteBench) -> None:
    bench = suffer("pdu-r03-b", "feed_loss", "moderate", 2)
    in_r03 = bench.site.hosts.rack == 2
    assert bench.air.feed_ok[in_r03].tolist() == [[1.0, 0.0]] * 20
    assert (bench.air.feed_ok[~in_r03] == 1.0).all()
    assert (bench.air.mains_v[in_r03, 1] == 0.0).all()
    lost, twin = bench.truth("pdu-r03-b"), bench.truth("pdu-r03-a")
    assert [lost[f"phase{n}_a"] for n in (1, 2, 3)] == [0.0, 0.0, 0.0]
    assert lost["power_w"] == 0.0
    assert twin["power_w"] == pytest.approx(2 * healthy.truth("pdu-r03-a")["power_w"])
    assert bench.truth("ups-a")["power_w"] == pytest.approx(healthy.truth("ups-a")["power_w"] + 10 * 340)


def test_a_ups_on_battery_loses_charge_and_no_load(healthy: SiteBench) -> None:
    bench = suffer("ups-b", "ups_on_battery", "severe", 5)
    seen = bench.truth("ups-b")
    assert seen["input_v"] == 0.0
    assert 75 < seen["battery_pct"] < 90
    assert seen["load_pct"] == pytest.approx(healthy.truth("ups-b")["load_pct"])
    assert (bench.air.feed_ok == 1).all()
    assert bench.truth("ups-a")["battery_pct"] == 100.0


@pytest.mark.parametrize("magnitude", ["subtle", "moderate", "severe"])
def test_a_phase_out_of_balance_is_past_the_15_percent_where_one_acts(magnitude: str) -> None:
    seen = suffer("pdu-r01-a", "phase_imbalance", magnitude, 1).truth("pdu-r01-a")
    phases = np.array([seen[f"phase{n}_a"] for n in (1, 2, 3)])
    assert np.abs(phases / phases.mean() - 1).max() > 0.15


def test_a_set_point_change_moves_all_inlets_alike_and_within_minutes(healthy: SiteBench) -> None:
    bench = suffer("r01-n01", "set_point_change", "moderate", 15)
    moved_k = bench.inlet_c - healthy.inlet_c
    assert moved_k.mean() == pytest.approx(2.5, abs=0.2)
    assert moved_k.std() < 0.3


def test_a_warm_season_is_no_fault_of_a_unit_and_a_warm_place_concerns_one_host(healthy: SiteBench) -> None:
    season = suffer("", "warm_inlet", "subtle", 20)
    assert season.inlet_c.mean() - healthy.inlet_c.mean() == pytest.approx(2.0, abs=0.3)
    place = suffer("r02-n07", "warm_inlet", "moderate", 20)
    at = place.site.hosts.hosts.index("r02-n07")
    moved_k = place.inlet_c - healthy.inlet_c
    assert moved_k[at] == pytest.approx(5.0, abs=0.7)
    assert np.abs(np.delete(moved_k, at)).max() < 1.0


def test_a_switch_to_the_spare_unit_is_hardly_felt(healthy: SiteBench) -> None:
    bench = SiteBench()
    episode = bench.episode("crah-z1-2", "standby_switch")
    warmest = 0.0
    for _ in range(60):
        bench.run(20, [episode])
        warmest = max(warmest, zone(bench, 0).mean() - zone(healthy, 0).mean())
    assert warmest < 1.0
    assert bench.truth("crah-z1-2")["fan_pct"] == 0.0
    assert bench.truth("crah-z1-3")["fan_pct"] > 0.5


@pytest.mark.parametrize(("name", "magnitude"), ALL)
def test_every_episode_acts_anywhere_and_stays_finite(name: str, magnitude: str) -> None:
    bench = SiteBench(24)
    for place in ("", "r01", "z1", "r01-n03", "crah-z1-1", "pdu-r01-b", "ups-a"):
        bench.run(120, [bench.episode(place, name, magnitude)])
    assert np.isfinite(bench.inlet_c).all()
    assert all(np.isfinite(values).all() for values in bench.site.read_truth())
    assert 5 < bench.inlet_c.min() < bench.inlet_c.max() < 80


def test_an_episode_of_servers_changes_nothing_here(healthy: SiteBench) -> None:
    bench, quiet = SiteBench(24), SiteBench(24)
    bench.run(300, [Episode("r01-n01", "fan_failure", START_S)])
    np.testing.assert_array_equal(bench.inlet_c, quiet.run(300).inlet_c)


def test_a_ramp_grows_slowly_and_all_heals_in_the_end(healthy: SiteBench) -> None:
    bench = SiteBench()
    slow = replace(bench.episode("r03", "recirculation"), ramp_s=3600.0, end_s=START_S + 3600.0)
    early_k = rack(bench.run(300, [slow]), "r03").mean() - rack(healthy, "r03").mean()
    late_k = rack(bench.run(3200, [slow]), "r03").mean() - rack(healthy, "r03").mean()
    assert early_k < 0.3 < 0.8 < late_k
    healed_k = rack(bench.run(1800, [slow]), "r03").mean() - rack(healthy, "r03").mean()
    assert abs(healed_k) < 0.2


def test_equal_seeds_give_equal_sites_and_another_run_keeps_the_building(healthy: SiteBench) -> None:
    same, other = SiteBench(), SiteBench(run=2)
    np.testing.assert_array_equal(same.inlet_c, healthy.inlet_c)
    for one, two in zip(same.site.read_truth(), healthy.site.read_truth(), strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(other.inlet_c, healthy.inlet_c)
    assert np.corrcoef(other.inlet_c, healthy.inlet_c)[0, 1] > 0.9


@pytest.mark.parametrize("hosts", [1, 8, 20, 130, 1000])
def test_a_site_of_any_size_has_spares_two_feeds_and_healthy_air(hosts: int) -> None:
    bench = SiteBench(hosts)
    assert 20 < bench.inlet_c.mean() < 24
    assert 1.1 < bench.site.power.pue < 1.6
    kinds = bench.site.unit_kinds
    assert kinds.count("ups") == 2
    assert kinds.count("pdu") == 2 * -(-hosts // 20)
    assert kinds.count("crah") >= 2 * len(bench.site.hosts.zones)


def test_every_unit_has_a_value_for_each_of_its_channels(healthy: SiteBench) -> None:
    site = healthy.site
    for unit, values in zip(site.unit_names, site.read_truth(), strict=True):
        assert len(values) == len(site.unit_channels(unit))
        assert np.isfinite(values).all()
    assert [c.name for c in site.unit_channels("crah-z1-1")] == [
        "supply_temp_c", "return_temp_c", "fan_pct", "chw_supply_c", "rh_pct", "power_w",
    ]  # fmt: skip
    assert healthy.truth("pdu-r01-a").keys() >= {"phase1_a", "phase3_v", "power_w"}
    assert healthy.truth("ups-a").keys() >= {"battery_pct", "input_v", "load_pct"}


def test_where_all_units_share_the_work_none_rests() -> None:
    bench = SiteBench(plan=SitePlan(standby_rests=False))
    speeds = bench.site.cooling.speed
    assert speeds.min() == pytest.approx(speeds.max(), abs=0.01)
    bench.run(900, [bench.episode("crah-z1-3", "cooling_unit_failure")])
    assert 20 < zone(bench, 0).mean() < 23.5


def test_the_inventory_lists_every_server_and_unit_in_its_place() -> None:
    plan = SitePlan()
    rows = list(topology_rows(place_hosts(400, plan), plan))
    assert all(tuple(row) == TOPOLOGY_COLUMNS for row in rows)
    by_name = {row["host"]: row for row in rows}
    assert len(by_name) == len(rows) == 400 + 6 + 40 + 2
    assert by_name["r07-n20"] == {
        "host": "r07-n20", "kind": "server", "rack": "r07", "u": "39", "row": "B", "zone": "z1",
        "pdu_a": "pdu-r07-a", "pdu_b": "pdu-r07-b", "x": "0.6", "y": "2.4",
    }  # fmt: skip
    assert by_name["crah-z2-1"]["kind"] == "crah"
    assert by_name["crah-z2-1"]["zone"] == "z2"
    assert by_name["pdu-r07-b"]["rack"] == "r07"
    assert by_name["ups-a"]["kind"] == "ups"


def test_every_class_has_three_sizes_and_confounders_are_among_them() -> None:
    assert all(list(sizes) == ["subtle", "moderate", "severe"] for sizes in SITE_MAGNITUDES.values())
    assert SITE_MAGNITUDES.keys() >= SITE_CONFOUNDERS


def test_a_thousand_servers_cost_less_than_a_millisecond_a_step() -> None:
    plan = SitePlan()
    site = Site(plan, place_hosts(1_000, plan), default_rng(1), default_rng(2))
    loads = SiteLoads(np.full((1_000, 2), 170.0), np.full(1_000, 34.0), np.full(1_000, 0.026))
    began = time.process_time()
    for step in range(400):
        site.advance(START_S + 5.0 * step, 5.0, loads, [])
    assert (time.process_time() - began) / 400 < 0.001  # 0.3 ms on an idle machine
