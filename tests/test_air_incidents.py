"""Hosts that grow warm together have one incident: of their zone, their rack, or the plant behind them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from site_alerts import (
    Watched,
    at,
    ended,
    hosts_of,
    inventory,
    reports,
    told,
    warm_inlet,
    warm_supply,
)

from agent.alert import Alert
from agent.findings import Evidence
from agent.incidents import Site
from agent.site_events import HostSummary
from agent.state import decode_site, encode_site
from agent.topology import Topology
from agent.topology_rows import Place

Z1 = [*hosts_of("r1"), *hosts_of("r2")]
MIXED = ["r1-n1", "r2-n1", "r1-n2", "r2-n2", "r1-n3"]  # of both racks of z1


def summary(site: Watched) -> tuple[object, ...]:
    (incident,) = site.incidents
    return incident["scope"], incident["place"], incident["fault"]


def test_a_cooling_unit_that_fails_takes_the_hosts_of_its_zone_in() -> None:
    site = Watched().see(
        warm_supply("crah-z1-1"), *(warm_inlet(host, 3 + at) for at, host in enumerate(MIXED))
    )
    assert summary(site) == ("zone", "z1", "cooling_unit_failure")
    (incident,) = site.incidents
    assert (incident["severity"], incident["hosts"]) == ("P1", 6.0)
    text = str(incident["summary_en"])
    assert "crah-z1-1 shows cooling_unit_failure." in text
    assert "Beneath it: unusual behaviour on 5 hosts." in text


def test_hosts_that_grow_warm_before_their_unit_tells_are_its_own_all_the_same() -> None:
    site = Watched().see(
        *(warm_inlet(host, at) for at, host in enumerate(MIXED)), warm_supply("crah-z1-2", 6)
    )
    assert summary(site) == ("zone", "z1", "cooling_unit_failure")
    assert len(site.members) == 1


def test_three_hosts_of_a_zone_that_grow_warm_together_need_no_unit_that_tells() -> None:
    site = Watched().see(*(warm_inlet(host) for host in MIXED[:2]))
    assert [incident["scope"] for incident in site.incidents] == ["host"]
    site.see(warm_inlet(MIXED[2], 2))
    assert summary(site) == ("zone", "z1", "cooling_unit_failure")
    ruled = str(site.incidents[0]["ruled_out"])
    assert ruled == "airflow_blockage, fan_failure (inlet air of 3 hosts rose together)"


def test_one_alert_is_enough_where_the_inlets_of_its_neighbours_are_warm_too() -> None:
    site = Watched().hear(reports(Z1, 0)).hear(reports(MIXED, 1, over_k=4.0))
    site.see(warm_inlet("r1-n1", 1))
    assert summary(site) == ("zone", "z1", "cooling_unit_failure")
    assert "5 of the 16 hosts there show it." in str(site.incidents[0]["summary_en"])


def test_an_unknown_alert_is_of_the_air_only_while_its_inlet_is_warm() -> None:
    site = Watched().see(*(told(host, "unknown") for host in MIXED))
    assert len(site.incidents) == 5
    warmed = Watched().hear(reports(MIXED, 0, over_k=4.0)).see(*(told(host, "unknown", 1) for host in MIXED))
    assert summary(warmed) == ("zone", "z1", "cooling_unit_failure")


def test_a_place_is_the_unit_where_no_zone_is_told() -> None:
    plain = Topology({"crah-1": Place("crah"), **{host: Place("server") for host in MIXED}})
    site = Watched(plain).see(warm_supply("crah-1"), *map(warm_inlet, MIXED))
    assert summary(site) == ("zone", "crah-1", "cooling_unit_failure")


def test_a_row_is_the_place_where_no_zones_are_told() -> None:
    rows = Topology(
        {host: Place("server", host[:2], row=f"row-{host[1]}") for host in [*Z1, *hosts_of("r3")]}
    )
    site = Watched(rows).see(*map(warm_inlet, hosts_of("r1")[:3]))
    assert summary(site) == ("row", "row-1", "cooling_unit_failure")
    assert "in row row-1" in str(site.incidents[0]["summary_en"])


def test_units_of_two_zones_have_the_plant_in_common() -> None:
    site = Watched().see(warm_supply("crah-z1-1"), warm_supply("crah-z2-1", 4), warm_inlet("r3-n1", 5))
    assert summary(site) == ("fleet", "fleet", "cooling_unit_failure")
    zones = Watched().see(*(warm_inlet(host, at / 4) for at, host in enumerate(MIXED)))
    zones.see(*(warm_inlet(host, 3 + at / 4) for at, host in enumerate(["r3-n1", "r4-n1", "r3-n2"])))
    assert [i["scope"] for i in zones.incidents if i["state"] == "open"] == ["fleet"]
    assert len(zones.members) == 1


def test_warm_water_at_one_unit_is_warm_water_for_all() -> None:
    water = told(
        "crah-z1-1", "chilled_water_loss", 0, [Evidence("chw_supply_c", "temperature", "Cel", 16, 12, "for")]
    )
    site = Watched().see(
        water, told("crah-z2-1", "unknown", 4), warm_inlet("r4-n1", 20), warm_inlet("r1-n1", 25)
    )
    assert summary(site) == ("fleet", "fleet", "chilled_water_loss")


def test_water_that_warms_after_the_air_is_no_loss_of_water() -> None:
    water = told(
        "crah-z1-1", "chilled_water_loss", 20, [Evidence("chw_supply_c", "temperature", "Cel", 16, 12, "for")]
    )
    late = replace(water, id="1" * 16, onset_ns=at(70), raised_ns=at(71))
    for after in (water, late):
        site = Watched().see(*map(warm_inlet, MIXED), after)
        assert summary(site) == ("zone", "z1", "cooling_unit_failure")


def test_a_thermometer_that_jumps_with_the_air_is_no_fault_of_its_own() -> None:
    def spike(sensor: str) -> Alert:
        rows = [Evidence(sensor, "temperature", "Cel", 40.0, 25.0, "for")]
        return replace(told("crah-z1-1", "sensor_spike", 30, rows, kind="sensor"), severity="P3")

    assert len(Watched().see(*map(warm_inlet, MIXED), spike("supply_temp_c")).incidents) == 1
    assert len(Watched().see(*map(warm_inlet, MIXED), spike("fan_pct")).incidents) == 2


def test_zones_that_grow_warm_hours_apart_have_nothing_in_common() -> None:
    site = Watched().see(warm_supply("crah-z1-1"), warm_supply("crah-z1-2", 120))
    assert len(site.incidents) == 2


def test_warm_air_that_comes_round_to_a_rack_is_the_racks() -> None:
    top = hosts_of("r1")[-3:]
    rack = told("r1", "recirculation", 4, rack="r1", confidence=0.75)
    for order in ([rack, *map(warm_inlet, top)], [*map(warm_inlet, top), rack]):
        site = Watched().hear(reports(Z1, 0)).see(*order)
        assert summary(site) == ("rack", "r1", "recirculation")
        assert site.incidents[0]["host_list"] == ",".join(top)


def test_only_one_rack_of_a_zone_that_grows_warm_is_the_racks_until_others_follow() -> None:
    site = Watched().hear(reports(Z1, 0)).see(*map(warm_inlet, hosts_of("r1")[:3]))
    assert summary(site) == ("rack", "r1", "recirculation")
    site.see(*(warm_inlet(host, 5) for host in hosts_of("r2")[:3]))
    assert summary(site) == ("zone", "z1", "cooling_unit_failure")


@pytest.mark.parametrize(("fault", "sensor"), [("overcooling", "supply_temp_c"), ("humidity", "rh_pct")])
def test_air_of_a_zone_that_is_too_cold_or_too_damp_is_one_incident(fault: str, sensor: str) -> None:
    rows = [Evidence(sensor, "other", "1", 16.0, 22.0, "for")]
    alone = Watched().see(told("r1-n1", fault, 0, rows))
    assert [incident["scope"] for incident in alone.incidents] == ["host"]
    site = Watched().see(told("crah-z1-1", fault, 0, rows), *(told(host, fault, 10, rows) for host in MIXED))
    assert summary(site) == ("zone", "z1", fault)
    hosts = Watched().see(*(told(host, fault, at, rows) for at, host in enumerate(MIXED)))
    assert summary(hosts) == ("zone", "z1", fault)


@pytest.mark.parametrize("fault", ["fan_failure", "psu_failure", "airflow_blockage", "gpu_lost"])
def test_a_fault_of_a_machine_in_a_warm_room_stays_its_own(fault: str) -> None:
    site = Watched().see(*map(warm_inlet, MIXED[1:])).see(warm_inlet("r1-n1", 1, fault))
    room, own = sorted(site.incidents, key=lambda incident: str(incident["scope"]), reverse=True)
    assert (room["scope"], own["scope"], own["place"], own["fault"]) == ("zone", "host", "r1-n1", fault)


def test_two_independent_faults_in_one_rack_in_the_same_minute_stay_two() -> None:
    site = Watched().see(told("r1-n1", "fan_failure"), told("r1-n2", "gpu_overheating"))
    assert [incident["place"] for incident in site.incidents] == ["r1-n1", "r1-n2"]


def test_machines_that_switch_themselves_off_in_a_warm_room_are_no_silence_of_their_own() -> None:
    site = Watched().see(*map(warm_inlet, MIXED)).hear(reports(["r1-n8", "r2-n8"], 2, over_k=9.0))
    site.see(told("r1-n8", "host_silent", 6, kind="silence"))
    assert summary(site) == ("zone", "z1", "cooling_unit_failure")
    cool = Watched().see(*map(warm_inlet, MIXED)).see(told("r1-n8", "host_silent", 6, kind="silence"))
    assert len(cool.incidents) == 2


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_arrival_does_not_change_who_belongs_together(seed: int) -> None:
    alerts = [
        *(warm_inlet(host, at / 4) for at, host in enumerate(MIXED)), warm_supply("crah-z1-1", 1),
        told("crah-z1-2", "unknown", 1.5), told("r2-n4", "fan_failure", 0.5), told("r3-n1", "unknown", 1),
    ]  # fmt: skip
    straight = Watched().see(*alerts).members
    assert len(straight) == 3
    Random(seed).shuffle(alerts)
    assert Watched().see(*alerts).members == straight


@pytest.mark.parametrize("cut", range(1, 10))
def test_a_restart_between_alerts_changes_nothing(cut: int) -> None:
    alerts = [
        *(warm_inlet(host, at) for at, host in enumerate(MIXED)), warm_supply("crah-z1-1", 6),
        told("crah-z1-2", "unknown", 7), warm_supply("crah-z2-1", 9),
        told("r1-n1", "sensor_stuck", 9, kind="sensor"),
        ended(warm_inlet(MIXED[0]), 40),
    ]  # fmt: skip
    whole = Watched().hear(reports(Z1, 0, over_k=3.0)).see(*alerts)
    site = Watched().hear(reports(Z1, 0, over_k=3.0)).see(*alerts[:cut])
    record = decode_site(encode_site(site.site.state(), 1, at(3)))
    site.site = Site.restore(record.state, inventory())
    assert site.see(*alerts[cut:]).points == whole.points


def test_another_inventory_counts_from_then_on() -> None:
    site = Watched(Topology()).see(warm_inlet("r1-n1", rack=""), warm_inlet("r2-n1", rack=""))
    site.site.relocate(inventory())
    site.see(warm_inlet("r1-n2", 1), warm_inlet("r1-n3", 1), warm_inlet("r2-n3", 1))
    assert "z1" in {incident["place"] for incident in site.incidents}


def test_what_the_map_of_inlet_air_says_of_the_zone_stands_beside() -> None:
    places = {host: inventory().place(host) for host in inventory().hosts()}
    rows = Topology({host: replace(place, row="A") for host, place in places.items()})
    site = Watched(rows)
    for minute in range(150):
        over_k = max(0.0, 1.5 * (minute - 138))
        for host in Z1:
            place, warm_c = rows.place(host), 24.0 + over_k + 0.01 * (minute % 3)
            site.hear(
                [
                    HostSummary(
                        host,
                        "telemetry/0",
                        at(minute),
                        60_000_000_000,
                        0.1,
                        warm_c,
                        place.rack,
                        over_k,
                        place.u,
                    )
                ]
            )
    site.see(*(warm_inlet(host, 149) for host in MIXED))
    (incident,) = site.incidents
    assert incident["scope"] == "zone"
    assert "lost cooling, by the map of inlet air" in str(incident["summary_en"])
    assert "进风温度图" in str(incident["summary_zh"])
