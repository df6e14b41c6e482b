"""The recordings that come with the project hold what their README says."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from agent.recording import read_recording
from agent.telemetry.decoder import Decoder
from agent.topology import load_topology

SAMPLE_DATA = Path(__file__).parent.parent / "sample_data"
RECORDINGS = ("bmc_normal", "bmc_fan_stop", "fleet_normal", "fleet_faults")
FLEET = [f"r{rack}-n0{n}" for rack in (1, 2) for n in (1, 2, 3, 4)]


class Readings:
    """One recording decoded: readings as a table, limits left out."""

    def __init__(self, name: str) -> None:
        decoder = Decoder()
        self.messages = list(read_recording(SAMPLE_DATA / f"{name}.log.gz"))
        decoded = decoder.decode(self.messages)
        self.dead_letters = decoded.dead_letters
        series = [decoder.series[i] for i in range(int(decoded.readings.series.max()) + 1)]
        index = decoded.readings.series
        table = pd.DataFrame(
            {
                "host": np.array([s.host for s in series])[index],
                "sensor": np.array([s.sensor for s in series])[index],
                "time": pd.to_datetime(decoded.readings.time_ns, utc=True),
                "value": decoded.readings.value,
            }
        )
        self.table = table[~np.array([bool(s.limit_of) for s in series])[index]]

    def of(self, host: str, sensor: str) -> pd.Series[float]:
        """Values by time."""
        rows = self.table[(self.table["host"] == host) & (self.table["sensor"] == sensor)]
        return rows.drop_duplicates("time").set_index("time")["value"].sort_index()


@pytest.fixture(scope="module")
def decoded() -> dict[str, Readings]:
    return {name: Readings(name) for name in RECORDINGS}


@pytest.fixture(scope="module")
def truth() -> list[dict[str, str]]:
    episodes: list[dict[str, str]] = json.loads(
        (SAMPLE_DATA / "fleet_truth.json").read_text(encoding="utf-8")
    )
    return episodes


@pytest.fixture(scope="module")
def make_fleet() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_fleet", SAMPLE_DATA / "make_fleet.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fault(truth: list[dict[str, str]], name: str) -> tuple[str, str, pd.Timestamp, pd.Timestamp]:
    """(host, part, start, end), the edges cut by the trembling of the clocks."""
    (found,) = [episode for episode in truth if episode["fault"] == name]
    edge = pd.Timedelta(seconds=3)
    return (
        found["host"],
        found["part"],
        pd.Timestamp(found["start"]) + edge,
        pd.Timestamp(found["end"]) - edge,
    )


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_message_can_be_read(decoded: dict[str, Readings], name: str) -> None:
    assert decoded[name].dead_letters == ()
    assert len(decoded[name].messages) > 3_000
    assert (SAMPLE_DATA / f"{name}.log.gz").stat().st_size < 3_000_000


def test_the_fan_stop_begins_with_all_four_fans_at_0(decoded: dict[str, Readings]) -> None:
    for n in (1, 2, 3, 4):
        fan = decoded["bmc_fan_stop"].of("bmc-s2500", f"fan{n}_rpm")
        stopped = fan[fan.index >= datetime(2023, 7, 1, tzinfo=UTC)]
        assert stopped.index[0] == datetime(2023, 7, 5, 14, 29, 33, tzinfo=UTC)
        assert stopped.tolist() == [0.0] * 16
        assert fan[fan.index < stopped.index[0]].min() > 1_000
        assert (stopped.index[0] - fan.index[fan.index < stopped.index[0]][-1]).days == 16


def test_the_fan_stop_warms_inlet_and_sockets(decoded: dict[str, Readings]) -> None:
    stop = decoded["bmc_fan_stop"]
    assert stop.of("bmc-s2500", "inlet_temp_c").iloc[-16:].iloc[[0, -1]].tolist() == [38.5, 57.5]
    assert stop.of("bmc-s2500", "cpu1_temp_c").iloc[-16:].iloc[[0, -1]].tolist() == [41.0, 59.5]


def test_the_normal_bmc_recording_is_older_and_its_fans_always_turn(decoded: dict[str, Readings]) -> None:
    normal = decoded["bmc_normal"]
    assert normal.table["time"].max() < decoded["bmc_fan_stop"].table["time"].min()
    fan = normal.of("bmc-s2500", "fan1_rpm")
    assert len(fan) == 1_416
    assert (fan > 1_000).all()


def test_both_fleet_recordings_have_all_hosts_of_the_topology(decoded: dict[str, Readings]) -> None:
    topology = load_topology(SAMPLE_DATA / "topology.csv")
    assert topology.hosts() == [*FLEET, "bmc-s2500"]
    for name in ("fleet_normal", "fleet_faults"):
        assert sorted(decoded[name].table["host"].unique()) == FLEET


def test_hosts_of_one_kind_have_the_same_sensors(decoded: dict[str, Readings]) -> None:
    pairs = decoded["fleet_normal"].table[["host", "sensor"]].drop_duplicates()
    sensors = {host: set(pairs.loc[pairs["host"] == host, "sensor"]) for host in FLEET}
    assert sensors["r1-n01"] == sensors["r1-n02"] == sensors["r2-n01"] == sensors["r2-n02"]
    assert sensors["r1-n03"] == sensors["r1-n04"] == sensors["r2-n03"] == sensors["r2-n04"]
    assert len(sensors["r1-n01"]) == 17  # 6 temperatures, 6 fans, 4 of the supplies, power
    assert len(sensors["r1-n03"]) == 21  # two fans and two mains voltages more


def test_the_normal_fleet_has_duplicates_late_messages_and_gaps(decoded: dict[str, Readings]) -> None:
    table = decoded["fleet_normal"].table
    assert 0.0005 < table.duplicated(["host", "sensor", "time"]).mean() < 0.01
    behind = table["time"].cummax() - table["time"]
    assert 0.0005 < (behind > pd.Timedelta(seconds=5)).mean() < 0.02
    spacing = decoded["fleet_normal"].of("r1-n01", "inlet_temp_c").index.to_series().diff().dt.total_seconds()
    assert spacing.median() == 20.0
    assert spacing.max() in (39.0, 40.0, 41.0, 42.0)  # one poll missing


def test_nothing_stops_on_the_normal_day(decoded: dict[str, Readings]) -> None:
    table = decoded["fleet_normal"].table
    assert (table["value"] > 0).all()
    assert table.loc[table["sensor"].str.startswith("cpu"), "value"].max() < 80


def test_the_stopped_fan_reads_0_in_its_time_only(
    decoded: dict[str, Readings], truth: list[dict[str, str]]
) -> None:
    host, part, start, end = fault(truth, "fan_failure")
    fan = decoded["fleet_faults"].of(host, f"{part}_rpm")
    assert (host, part) == ("r1-n01", "fan3")
    assert (fan[start:end] == 0).all()
    assert len(fan[start:end]) > 90
    assert (
        fan.drop(fan[start - pd.Timedelta(seconds=6) : end + pd.Timedelta(seconds=6)].index) > 2_000
    ).all()


def test_the_failed_supply_reads_0_in_its_time_and_its_twin_carries_all(
    decoded: dict[str, Readings], truth: list[dict[str, str]]
) -> None:
    host, part, start, end = fault(truth, "psu_failure")
    faults, settled = decoded["fleet_faults"], pd.Timedelta(seconds=30)
    assert (host, part) == ("r1-n03", "psu2")
    assert (faults.of(host, "psu2_out_w")[start + settled : end] == 0).all()
    assert (faults.of(host, "psu2_out_w")[: start - settled] > 50).all()
    assert faults.of(host, "psu1_out_w")[start + settled : end].min() > 150


def test_the_silent_sensor_and_the_silent_host_send_nothing(
    decoded: dict[str, Readings], truth: list[dict[str, str]]
) -> None:
    faults = decoded["fleet_faults"]
    host, part, start, end = fault(truth, "sensor_dropout")
    assert len(faults.of(host, part)[start:end]) == 0
    assert len(faults.of(host, "inlet_temp_c")[start:end]) > 140
    host, _, start, end = fault(truth, "host_silent")
    assert len(faults.of(host, "inlet_temp_c")[start:]) == 0
    assert len(faults.of("r1-n02", "inlet_temp_c")[start:end]) > 80


@pytest.mark.parametrize("name", ["airflow_blockage", "heatsink_degradation"])
def test_a_temperature_fault_shows(
    decoded: dict[str, Readings], truth: list[dict[str, str]], name: str
) -> None:
    host, _, start, end = fault(truth, name)
    hottest = decoded["fleet_faults"].of(host, "cpu1_temp_c")
    fans = decoded["fleet_faults"].of(host, "fan1_rpm")
    settled = pd.Timedelta(minutes=5)
    warmer_k = hottest[start + settled : end].mean() - hottest[start - settled : start].mean()
    faster = fans[start + settled : end].mean() / fans[start - settled : start].mean()
    assert warmer_k > 8 or faster > 1.5


def test_faults_and_false_friends_are_told_apart(truth: list[dict[str, str]]) -> None:
    faulty = {episode["host"] for episode in truth if episode["kind"] == "fault"}
    surging = {e["host"] for e in truth if e["fault"] == "workload_surge"}
    assert len([e for e in truth if e["kind"] == "fault"]) == 6
    assert faulty == set(FLEET) - {"r1-n02", "r2-n04"}
    assert {"r1-n02", "r2-n04"} <= surging
    assert surging & faulty
    assert all(
        e["kind"] == "confounder" for e in truth if e["fault"] in ("workload_surge", "set_point_change")
    )


@pytest.mark.parametrize("name", ["normal", "faults"])
def test_the_fleet_can_be_made_again(make_fleet: ModuleType, name: str) -> None:
    plan = getattr(make_fleet, f"plan_{name}")(1_200.0)
    seed = make_fleet.SEED + (name == "faults")
    again: Iterator[str] = make_fleet.lines_of(plan, seed=seed)
    stored = read_recording(SAMPLE_DATA / f"fleet_{name}.log.gz")
    for _, line, message in zip(range(7_000), again, stored, strict=False):
        assert line.encode() == message.value


def test_the_truth_can_be_made_again(make_fleet: ModuleType, truth: list[dict[str, str]]) -> None:
    assert make_fleet.truth_of(make_fleet.plan_faults()) == truth
