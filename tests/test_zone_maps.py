"""The map of a zone's inlet air: who stands where, when the network is asked, what a restart leaves."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from builders import build_tick

from agent.physics import Physics
from agent.rack_map import watch
from agent.rack_map.maps import HEIGHTS, Layout, ZoneGrid
from agent.rack_map.past import Pasts
from agent.rack_map.rooms import Room, draw_room
from agent.rack_map.samples import zones_of
from agent.rack_map.verdicts import Count, judge, spells
from agent.rack_map.watch import MapWatch
from agent.site_events import HostSummary
from agent.topology import Place, Topology, read_topology
from models import rack_map
from models.rack_map import COOLING_LOSS, NONE, RECIRCULATION
from models.twin.episodes import Episode
from models.twin.places import TOPOLOGY_COLUMNS, SitePlan, place_hosts, topology_rows

MINUTE_NS = 60_000_000_000
START_NS = 1_767_225_600_000_000_000
RACKS, SEATS = 4, 8


def inventory() -> Topology:
    """One zone of one row of four racks of eight, told in no order."""
    places = {
        f"r{rack}-n{seat}": Place("server", f"r{rack}", 1.0 + 2 * seat, "A", "z1", x=0.6 * rack, y=0.0)
        for rack in (2, 0, 3, 1)
        for seat in range(SEATS)
    }
    return Topology({**places, "crah-1": Place("crah", zone="z1")})


def tell(maps: MapWatch, layout: Layout, minute: int, warm_k: dict[str, float] | None = None) -> None:
    """Every host of the zone tells how much warmer it is; nothing where it is not said."""
    for rack in range(RACKS):
        for seat in range(SEATS):
            host = f"r{rack}-n{seat}"
            over_k = (warm_k or {}).get(host, 0.0)
            maps.hear(
                HostSummary(host, "t/0", START_NS + minute * MINUTE_NS + seat, MINUTE_NS, 0.1, 23.0 + over_k,
                            f"r{rack}", over_k, 1.0 + 2 * seat),
                layout,
            )  # fmt: skip


BREACH = {f"r1-n{seat}": 5.0 * (seat / (SEATS - 1)) ** 1.5 for seat in range(SEATS)}
ALL_WARM = {f"r{rack}-n{seat}": 2.0 for rack in range(RACKS) for seat in range(SEATS)}


def test_the_map_and_the_network_have_as_many_cells_of_height() -> None:
    assert HEIGHTS == rack_map.HEIGHTS


def test_a_map_shows_each_host_where_it_stands() -> None:
    zone = Layout(inventory()).zone_of("r2-n7")
    assert zone is not None
    assert (zone.grid.rows, zone.grid.racks) == (1, RACKS)
    over_k = np.full(len(zone.hosts), np.nan)
    over_k[zone.hosts["r2-n7"]], over_k[zone.hosts["r0-n0"]] = 3.0, 1.0
    filled = zone.grid.fill(over_k)
    assert (filled[0, 2, HEIGHTS - 1], filled[0, 0, 0]) == (3.0, 1.0)
    assert np.isfinite(filled).sum() == 2


def test_hosts_of_one_cell_share_it_and_those_that_do_not_tell_are_left_out() -> None:
    zeros = np.zeros(3, np.intp)
    grid = ZoneGrid.of(zeros, zeros, np.array([0.0, 0.05, 0.1]))
    filled = grid.fill(np.array([[1.0, 2.0, np.nan], [np.nan, np.nan, np.nan]]))
    assert filled[0, 0, 0, 0] == 1.5
    assert np.isnan(filled[1]).all()


def test_hosts_without_a_row_a_rack_or_a_height_have_no_zone() -> None:
    layout = Layout(Topology({"a": Place("server", "r1", 3.0), "b": Place("server", "r1", None, "A")}))
    assert len(layout) == 0
    assert layout.zone_of("a") is None
    assert len(Layout()) == 0


def test_racks_of_one_name_in_two_rows_are_two() -> None:
    layout = Layout(Topology({name: Place("server", "r1", 1.0, name, "z") for name in ("A", "B")}))
    zone = layout.zone_of("A")
    assert zone is not None
    assert (zone.grid.rows, zone.grid.racks) == (2, 1)


def test_nobody_is_asked_while_all_is_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(watch, "_network", lambda: asked.append(1))
    maps, layout = MapWatch(), Layout(inventory())
    for minute in range(30):
        tell(maps, layout, minute, {"r1-n3": 0.9})
    assert asked == []
    assert maps.recirculation("r1-n7", layout, "r1") is None


def test_without_its_network_nothing_is_said_and_that_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(rack_map.load_rack_map, "__defaults__", (tmp_path / "gone.npz",))
    watch._network.cache_clear()
    maps, layout = MapWatch(), Layout(inventory())
    for minute in range(20):
        tell(maps, layout, minute, BREACH)
    watch._network.cache_clear()
    assert maps.recirculation("r1-n0", layout, "r1") is None
    assert maps.cooling_loss("r1-n0", layout) is None
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_warm_air_that_comes_round_is_told_of_its_rack_a_minute_later() -> None:
    maps, layout = MapWatch(), Layout(inventory())
    for minute in range(15):
        tell(maps, layout, minute)
    for minute in (15, 16):
        tell(maps, layout, minute, BREACH)
    told = maps.recirculation("r1-n0", layout, "r1")
    assert told is not None
    assert told > 0.8
    assert (maps.recirculation("r3-n0", layout, "r3") or 0.0) < 0.3
    tell(maps, layout, 17)
    tell(maps, layout, 18)
    assert maps.recirculation("r1-n0", layout, "r1") is None


def test_a_set_point_that_was_raised_is_no_breach_and_no_loss() -> None:
    """2 K on all inlets at once, and for good."""
    maps, layout = MapWatch(), Layout(inventory())
    for minute in range(15):
        tell(maps, layout, minute)
    for minute in range(15, 45):
        tell(maps, layout, minute, ALL_WARM)
        for rack in range(RACKS):
            assert (maps.recirculation(f"r{rack}-n0", layout, f"r{rack}") or 0.0) < 0.5
    assert (maps.cooling_loss("r0-n0", layout) or 0.0) < 0.5


def test_after_a_restart_it_says_what_it_would_have_said() -> None:
    layout, straight, restored = Layout(inventory()), MapWatch(), MapWatch()
    for minute in range(30):
        warm_k = BREACH if minute > 18 else {"r0-n1": 0.25 * (minute % 5)}
        tell(straight, layout, minute, warm_k)
        tell(restored, layout, minute, warm_k)
        restored = msgspec.msgpack.decode(msgspec.msgpack.encode(restored), type=MapWatch)
    assert restored == straight
    assert straight.recirculation("r1-n0", layout, "r1") is not None


def test_a_site_without_an_inventory_is_never_judged() -> None:
    maps, layout = MapWatch(), Layout()
    for minute in range(20):
        tell(maps, layout, minute, BREACH)
    assert maps == MapWatch()


def test_what_is_remembered_of_a_host_does_not_grow() -> None:
    maps, layout = MapWatch(), Layout(inventory())
    for minute in range(120):
        tell(maps, layout, minute)
    assert max(len(past.before) for past in maps.zones["z1"].hosts.values()) <= 7


def test_equal_seeds_draw_equal_rooms_and_the_splits_share_no_layout() -> None:
    assert draw_room(1, "training") == draw_room(1, "training")
    per_row = {
        split: {draw_room(seed, split).site.racks_per_row for seed in range(20)}  # type: ignore[arg-type]
        for split in ("training", "unseen")
    }
    assert per_row["training"].isdisjoint(per_row["unseen"])


def test_a_breach_is_taught_once_it_shows_and_as_none_of_the_racks_beside_it() -> None:
    plan = draw_room(1, "training")
    start_s = plan.start_s + 7_200.0
    rack = plan.hosts[0].rack
    episode = Episode(rack, "recirculation", start_s, start_s + 1_800.0)
    plan = type(plan)(plan.hosts, plan.start_s, plan.duration_s, plan.period_s, plan.step_s,
                      episodes=(episode,), site=plan.site)  # fmt: skip
    places = plan.places()
    over_k = np.zeros((480, len(plan.hosts)), np.float32)
    over_k[125:150, places.rack == 0] = 3.0 * places.height[places.rack == 0]
    room = Room(plan, over_k, places.zone, places.row, places.rack % plan.site.racks_per_row, places.height)
    zone = zones_of(room)[0]
    assert zone.racks[126, 0].tolist()[:2] == [1, 0]
    assert zone.racks[121, 0].tolist()[:2] == [-1, -1]
    assert (zone.zone[126], zone.zone[100], zone.zone[121]) == (RECIRCULATION, NONE, -1)
    assert not (zone.zone == COOLING_LOSS).any()


def test_a_spell_begins_after_three_minutes_and_ends_after_ten_calm_ones() -> None:
    sign = np.zeros(40, bool)
    sign[5:7] = True  # too short
    sign[10:20] = True
    assert spells(sign) == [(13, 30)]


def test_spells_are_found_late_or_false() -> None:
    assert judge([(12, 20)], [(10, 30)]) == Count(1, 0, 0, (2,))
    assert judge([(12, 20)], []) == Count(0, 0, 1, ())
    assert judge([], [(10, 30)]) == Count(0, 1, 0, ())
    assert judge([(12, 20)], [], excused=[(10, 30)]) == Count(0, 0, 0, ())
    assert judge([(2, 20)], [(10, 30)]) == Count(0, 1, 1, ())  # it stood there before


def test_the_past_of_a_whole_room_is_what_the_agent_works_out_for_each_host() -> None:
    rng = np.random.default_rng(3)
    inlet_c = 22.0 + rng.normal(0, 0.3, (240, 2))
    inlet_c[150:180] += (2.0, 6.0)  # one that is learned from, one that is too far for it
    pasts = Pasts(2)
    machines = [Physics(), Physics()]
    sensors = {"inlet_temp_c": ("temperature", "Cel", 22.0)}
    seen = []
    for minute, row in enumerate(inlet_c):
        pasts.add(60.0, np.round(row))
        for machine, one_c in zip(machines, row.tolist(), strict=True):
            machine.update(build_tick(minute, seen={"inlet_temp_c": round(one_c)}, sensors=sensors))
        told = [machine.inlet_over_k() for machine in machines]
        if None not in told:
            seen.append(np.abs(pasts.over_k - np.array(told, float)).max())
    assert len(seen) > 170
    assert max(seen) < 0.05


def test_the_inventory_of_a_simulated_site_becomes_a_map_of_each_of_its_zones() -> None:
    site = SitePlan(racks_per_row=3, rows_per_zone=2, servers_per_rack=10)
    rows = list(topology_rows(place_hosts(120, site), site))
    text = "\n".join([",".join(TOPOLOGY_COLUMNS), *(",".join(row.values()) for row in rows)])
    layout = Layout(read_topology(Path("topology.csv"), text.encode()))
    assert len(layout) == 2
    zone = layout.zone_of("r05-n10")
    assert zone is not None
    assert (zone.name, zone.grid.rows, zone.grid.racks) == ("z1", 2, 3)
    assert zone.racks["B", "r05"] == (1, 1)
    one = np.full(len(zone.hosts), np.nan)
    one[zone.hosts["r05-n10"]] = 4.0
    assert zone.grid.fill(one)[1, 1, HEIGHTS - 1] == 4.0
    assert layout.zone_of("crah-z1-1") is None
