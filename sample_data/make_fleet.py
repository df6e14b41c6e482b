"""Makes the recordings of a simulated fleet: `python sample_data/make_fleet.py`.

the twin (8 servers of 2 kinds in 2 racks, polled every 20 s) ─► messages as two collectors would send them

fleet_normal.log.gz   8 h of work: nothing is wrong; jobs, surges, a set-point change
fleet_faults.log.gz   4.5 h of the next day: six faults, and as many episodes that only look like faults
fleet_truth.json      what happened in fleet_faults, where and when
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from models.twin.delivery import deliver
from models.twin.faults import Episode
from models.twin.fleet import FleetPlan, FleetRecording, HostPlan, simulate_fleet
from models.twin.sensors import channels_of
from models.twin.servers import ONE_UNIT, TWO_UNITS

HERE = Path(__file__).parent
SEED, HOUR_S = 7, 3600.0
NORMAL_FROM_S = datetime(2026, 3, 3, 6, tzinfo=UTC).timestamp()
NORMAL_S, FAULTS_S = 8 * HOUR_S, 4.5 * HOUR_S
FAULTS_FROM_S = NORMAL_FROM_S + 24 * HOUR_S  # the same time of day

HOSTS = (
    HostPlan("r1-n01", TWO_UNITS, cluster=0, height=0.1),
    HostPlan("r1-n02", TWO_UNITS, cluster=0, height=0.3),
    HostPlan("r1-n03", ONE_UNIT, cluster=1, height=0.7),
    HostPlan("r1-n04", ONE_UNIT, cluster=1, height=0.9),
    HostPlan("r2-n01", TWO_UNITS, cluster=0, height=0.2),
    HostPlan("r2-n02", TWO_UNITS, cluster=1, height=0.5),
    HostPlan("r2-n03", ONE_UNIT, cluster=0, height=0.7),
    HostPlan("r2-n04", ONE_UNIT, cluster=1, height=0.8),
)
IPMI_HOSTS = frozenset(host.name for host in HOSTS if host.kind is TWO_UNITS)
EXHAUST = 1  # its channel

# (host, what, from, to in hours and minutes of the recording, magnitude, part)
Row = tuple[str, str, str, str, str, int]
ALL = "*"
NORMAL: tuple[Row, ...] = (
    ("r1-n01", "workload_surge", "0:40", "1:05", "severe", 1),
    ("r1-n04", "workload_surge", "0:55", "1:20", "severe", 1),
    ("r2-n02", "idle_drop", "1:10", "1:40", "moderate", 1),
    ("r2-n02", "workload_surge", "1:40", "2:10", "severe", 1),
    ("r2-n03", "idle_drop", "1:30", "2:00", "moderate", 1),
    ("r2-n03", "workload_surge", "2:00", "2:30", "severe", 1),
    *((host, "workload_surge", "2:50", "3:15", "severe", 1) for host in ("r1-n02", "r1-n03", "r2-n01")),
    (ALL, "set_point_change", "3:30", "4:30", "moderate", 1),
    ("r1-n03", "idle_drop", "4:40", "5:10", "moderate", 1),
    ("r1-n03", "workload_surge", "5:10", "5:30", "severe", 1),
    ("r1-n02", "idle_drop", "5:00", "5:20", "moderate", 1),
    ("r1-n02", "workload_surge", "5:20", "5:50", "severe", 1),
    *((host, "workload_surge", "6:00", "6:30", "severe", 1) for host in ("r1-n01", "r1-n04", "r2-n04")),
    ("r2-n01", "idle_drop", "6:20", "6:40", "moderate", 1),
    ("r2-n04", "idle_drop", "6:50", "7:10", "moderate", 1),
    ("r2-n04", "workload_surge", "7:10", "7:35", "severe", 1),
)
FAULTS: tuple[Row, ...] = (
    ("r2-n03", "workload_surge", "0:20", "0:40", "severe", 1),
    ("r1-n02", "idle_drop", "0:30", "0:45", "moderate", 1),
    ("r1-n02", "workload_surge", "0:45", "1:10", "severe", 1),
    ("r1-n01", "fan_failure", "0:50", "1:25", "moderate", 3),
    ("r2-n01", "workload_surge", "1:00", "1:25", "severe", 1),
    ("r1-n03", "psu_failure", "1:20", "2:00", "moderate", 2),
    ("r1-n04", "sensor_dropout", "1:40", "2:30", "moderate", EXHAUST),
    ("r2-n01", "airflow_blockage", "2:10", "2:50", "severe", 1),
    ("r1-n01", "workload_surge", "2:20", "2:45", "severe", 1),
    ("r2-n03", "heatsink_degradation", "2:30", "3:20", "moderate", 1),
    *((host, "workload_surge", "3:05", "3:35", "severe", 1) for host in ("r1-n02", "r1-n03", "r2-n04")),
    (ALL, "set_point_change", "3:30", "4:00", "moderate", 1),
    ("r2-n02", "host_silent", "4:00", "4:30", "moderate", 1),
)


def plan_normal(duration_s: float = NORMAL_S) -> FleetPlan:
    """The training day."""
    return _plan(NORMAL, NORMAL_FROM_S, duration_s, run=0)


def plan_faults(duration_s: float = FAULTS_S) -> FleetPlan:
    """The faulty day."""
    return _plan(FAULTS, FAULTS_FROM_S, duration_s, run=1)


def _plan(rows: Sequence[Row], from_s: float, duration_s: float, run: int) -> FleetPlan:
    episodes = tuple(
        Episode(name, what, from_s + _seconds(start), from_s + _seconds(end), magnitude, part)
        for host, what, start, end, magnitude, part in rows
        for name in ([h.name for h in HOSTS] if host == ALL else [host])
    )
    return FleetPlan(HOSTS, from_s, duration_s, seed=SEED, run=run, episodes=episodes)


def _seconds(clock: str) -> float:
    hours, minutes = clock.split(":")
    return int(hours) * HOUR_S + int(minutes) * 60.0


def write_recording(path: Path, lines: Iterator[str]) -> None:
    with path.open("wb") as file, gzip.GzipFile("", "wb", mtime=0, fileobj=file) as packed:
        for line in lines:
            packed.write(line.encode() + b"\n")


def lines_of(recording: FleetRecording, seed: int) -> Iterator[str]:
    """Every message in the order of its arrival."""
    arrived = deliver(recording, seed)
    names = [channel.name for channel in recording.sensors]
    columns = (arrived.poll.tolist(), arrived.host.tolist(), arrived.stamp_s.tolist(), arrived.twice.tolist())
    for poll, at, stamp_s, twice in zip(*columns, strict=True):
        values = recording.values[poll, at]
        read = {name: values[i] for i, name in enumerate(names) if np.isfinite(values[i])}
        host = recording.hosts[at]
        messages = list(_ipmi(host, read, stamp_s) if host in IPMI_HOSTS else _redfish(host, read, stamp_s))
        yield from messages * (2 if twice else 1)


# canonical → (name as Telegraf spells it, entity, unit); a fan or supply is found by its number
IPMI_NAMES = {
    "inlet_temp_c": ("inlet_temp", "55.1", "degrees_c"),
    "exhaust_temp_c": ("exhaust_temp", "55.2", "degrees_c"),
    "cpu1_temp_c": ("cpu1_temp", "3.1", "degrees_c"),
    "cpu2_temp_c": ("cpu2_temp", "3.2", "degrees_c"),
    "dimm_temp_c": ("dimm_temp", "32.1", "degrees_c"),
    "vrm_temp_c": ("vrm_temp", "7.1", "degrees_c"),
    **{f"fan{n}_rpm": (f"fan{n}", f"29.{n}", "rpm") for n in range(1, 7)},
    **{f"psu{n}_in_w": (f"ps{n}_input_power", f"10.{n}", "watts") for n in (1, 2)},
    **{f"psu{n}_out_w": (f"ps{n}_output_power", f"10.{n}", "watts") for n in (1, 2)},
}
FAN_CRITICAL_RPM = 600


def _ipmi(host: str, read: dict[str, float], stamp_s: int) -> Iterator[str]:
    """Telegraf's ipmi_sensor, metric version 2, as line protocol: a metric a message."""
    for name, (spelt, entity, unit) in IPMI_NAMES.items():
        if name in read:
            is_critical = unit == "rpm" and read[name] < FAN_CRITICAL_RPM
            tags = (
                f"entity_id={entity},host=collector01,name={spelt},server={host},"
                f"status_code={'cr' if is_critical else 'ok'},unit={unit}"
            )
            yield f"ipmi_sensor,{tags} value={read[name]:.0f} {stamp_s}000000000"
    if "power_w" in read:
        tags = f"host=collector01,name=instantaneous_power_reading,server={host},unit=watts"
        yield f"ipmi_sensor,{tags} value={read['power_w']:.0f} {stamp_s}000000000"


# canonical → (name, upper critical and fatal limit in °C)
REDFISH_TEMPERATURES = {
    "inlet_temp_c": ("Inlet Temp", 42, 47),
    "exhaust_temp_c": ("Exhaust Temp", 75, 80),
    "cpu1_temp_c": ("CPU1 Temp", 95, 100),
    "cpu2_temp_c": ("CPU2 Temp", 95, 100),
    "dimm_temp_c": ("DIMM Temp", 85, 95),
    "vrm_temp_c": ("VRM Temp", 105, 115),
}
REDFISH_SUPPLY = {
    "line_input_voltage": "psu{n}_vin",
    "power_input_watts": "psu{n}_in_w",
    "power_output_watts": "psu{n}_out_w",
}


def _redfish(host: str, read: dict[str, float], stamp_s: int) -> Iterator[str]:
    """Telegraf's redfish plug-in as JSON, with limits beside the readings. Power is asked a second later."""
    tags = {
        "address": f"10.0.{host[1]}.{int(host[-2:])}", "datacenter": "", "health": "OK",
        "host": "collector02", "rack": host[:2], "room": "", "row": "A", "source": host, "state": "Enabled",
    }  # fmt: skip
    for member, (name, (spelt, critical, fatal)) in enumerate(REDFISH_TEMPERATURES.items()):
        if name in read:
            fields = {"reading_celsius": int(read[name])}
            fields |= {"upper_threshold_critical": critical, "upper_threshold_fatal": fatal}
            yield _json("redfish_thermal_temperatures", tags, spelt, str(member), fields, stamp_s)
    for n in range(1, ONE_UNIT.fans + 1):
        if (rpm := read.get(f"fan{n}_rpm")) is not None:
            fields = {"lower_threshold_critical": FAN_CRITICAL_RPM, "reading_rpm": int(rpm)}
            own = tags if rpm >= FAN_CRITICAL_RPM else {**tags, "health": "Critical"}
            yield _json("redfish_thermal_fans", own, f"Fan{n}", f"Fan.{n}", fields, stamp_s)
    for n in (1, 2):
        sent = {field: name.format(n=n) for field, name in REDFISH_SUPPLY.items()}
        fields = {field: int(read[name]) for field, name in sent.items() if name in read}
        if fields:
            own = {**tags, "health": "OK" if fields.get("power_output_watts", 1) > 0 else "Critical"}
            fields["power_capacity_watts"] = int(ONE_UNIT.supply_w)
            yield _json(
                "redfish_power_powersupplies", own, f"PS{n} Status", f"PSU.Slot.{n}", fields, stamp_s + 1
            )
    if "power_w" in read:
        fields = {"interval_in_min": 0, "power_consumed_watts": int(read["power_w"])}
        own = {key: value for key, value in tags.items() if key not in ("health", "state")}
        yield _json(
            "redfish_power_powercontrol", own, "System Power Control", "PowerControl", fields, stamp_s + 1
        )


def _json(
    measurement: str, tags: dict[str, str], name: str, member: str, fields: dict[str, int], stamp_s: int
) -> str:
    message = {
        "fields": fields, "name": measurement, "tags": {**tags, "member_id": member, "name": name},
        "timestamp": stamp_s,
    }  # fmt: skip
    return json.dumps(message, sort_keys=True, separators=(",", ":"))


def truth_of(plan: FleetPlan) -> list[dict[str, object]]:
    """The episodes, for people and programs."""

    def stamp(time_s: float) -> str:
        return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    parts = {"fan_failure": "fan{n}", "psu_failure": "psu{n}", "heatsink_degradation": "cpu{n}"}
    return [
        {
            "host": episode.host,
            "kind": "fault" if episode.is_fault else "confounder",
            "fault": episode.name,
            "magnitude": episode.magnitude,
            "size": episode.size,
            "part": channels_of(ONE_UNIT)[episode.part].name
            if episode.name == "sensor_dropout"
            else parts.get(episode.name, "").format(n=episode.part),
            "start": stamp(episode.start_s),
            "end": stamp(episode.end_s),
        }
        for episode in plan.episodes
    ]


def main() -> None:
    normal, faults = plan_normal(), plan_faults()
    write_recording(HERE / "fleet_normal.log.gz", lines_of(simulate_fleet(normal), seed=SEED))
    write_recording(HERE / "fleet_faults.log.gz", lines_of(simulate_fleet(faults), seed=SEED + 1))
    truth = json.dumps(truth_of(faults), indent=1)
    (HERE / "fleet_truth.json").write_text(truth + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
