"""Makes the recordings of a simulated fleet: `python sample_data/make_fleet.py`.

the twin (8 servers of 2 kinds in 2 racks, polled every 20 s) ─► messages as two collectors would send them

fleet_normal.log.gz   8 h of work: nothing is wrong; jobs, surges, a set-point change
fleet_faults.log.gz   4.5 h of the next day: six faults, and as many episodes that only look like faults
fleet_truth.json      what happened in fleet_faults, where and when

`coldaisle simulate` makes such recordings of fleets of any size; this is a plan of its own for its writers.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from agent.simulate.fault_spec import read_fault
from agent.simulate.machines import HostPoll, Machine, WireMessage, Writer
from agent.simulate.recording_file import open_recording
from agent.simulate.stream import Sent, stream
from agent.simulate.truth import truth_rows
from agent.simulate.wire.dialects import DIALECTS
from models.twin.fleet_run import FleetRun
from models.twin.kinds import ONE_UNIT, TWO_UNITS, ServerKind
from models.twin.plans import FleetPlan, HostPlan

HERE = Path(__file__).parent
SEED, HOUR_S = 7, 3600.0
NORMAL_FROM_S = datetime(2026, 3, 3, 6, tzinfo=UTC).timestamp()
NORMAL_S, FAULTS_S = 8 * HOUR_S, 4.5 * HOUR_S
FAULTS_FROM_S = NORMAL_FROM_S + 24 * HOUR_S  # the same time of day


def _host(name: str, kind: ServerKind, cluster: int, height: float) -> HostPlan:
    rack, collector = name[:2], "collector01" if kind is TWO_UNITS else "collector02"
    feeds = (f"pdu-{rack[1]}a", f"pdu-{rack[1]}b")
    return HostPlan(name, kind, cluster, height, rack, "A", "z1", *feeds, collector)


HOSTS = (
    _host("r1-n01", TWO_UNITS, cluster=0, height=0.1),
    _host("r1-n02", TWO_UNITS, cluster=0, height=0.3),
    _host("r1-n03", ONE_UNIT, cluster=1, height=0.7),
    _host("r1-n04", ONE_UNIT, cluster=1, height=0.9),
    _host("r2-n01", TWO_UNITS, cluster=0, height=0.2),
    _host("r2-n02", TWO_UNITS, cluster=1, height=0.5),
    _host("r2-n03", ONE_UNIT, cluster=0, height=0.7),
    _host("r2-n04", ONE_UNIT, cluster=1, height=0.8),
)

NORMAL = (
    "workload_surge@r1-n01:40m+25m,severe",
    "workload_surge@r1-n04:55m+25m,severe",
    "idle_drop@r2-n02:1h10m+30m",
    "workload_surge@r2-n02:1h40m+30m,severe",
    "idle_drop@r2-n03:1h30m+30m",
    "workload_surge@r2-n03:2h+30m,severe",
    *(f"workload_surge@{host}:2h50m+25m,severe" for host in ("r1-n02", "r1-n03", "r2-n01")),
    "set_point_change@all:3h30m+1h",
    "idle_drop@r1-n03:4h40m+30m",
    "workload_surge@r1-n03:5h10m+20m,severe",
    "idle_drop@r1-n02:5h+20m",
    "workload_surge@r1-n02:5h20m+30m,severe",
    *(f"workload_surge@{host}:6h+30m,severe" for host in ("r1-n01", "r1-n04", "r2-n04")),
    "idle_drop@r2-n01:6h20m+20m",
    "idle_drop@r2-n04:6h50m+20m",
    "workload_surge@r2-n04:7h10m+25m,severe",
)
FAULTS = (
    "workload_surge@r2-n03:20m+20m,severe",
    "idle_drop@r1-n02:30m+15m",
    "workload_surge@r1-n02:45m+25m,severe",
    "fan_failure@r1-n01:50m+35m,part=3",
    "workload_surge@r2-n01:1h+25m,severe",
    "psu_failure@r1-n03:1h20m+40m,part=2",
    "sensor_dropout@r1-n04:1h40m+50m,part=exhaust_temp_c",
    "airflow_blockage@r2-n01:2h10m+40m,severe",
    "workload_surge@r1-n01:2h20m+25m,severe",
    "heatsink_degradation@r2-n03:2h30m+50m,severe",
    *(f"workload_surge@{host}:3h05m+30m,severe" for host in ("r1-n02", "r1-n03", "r2-n04")),
    "set_point_change@all:3h30m+30m",
    "host_silent@r2-n02:4h+30m",
)


def plan_normal(duration_s: float = NORMAL_S) -> FleetPlan:
    """The training day."""
    return _plan(NORMAL, NORMAL_FROM_S, duration_s, run=0)


def plan_faults(duration_s: float = FAULTS_S) -> FleetPlan:
    """The faulty day."""
    return _plan(FAULTS, FAULTS_FROM_S, duration_s, run=1)


def _plan(specs: Sequence[str], from_s: float, duration_s: float, run: int) -> FleetPlan:
    plan = FleetPlan(HOSTS, from_s, duration_s, seed=SEED, run=run)
    return replace(plan, episodes=tuple(read_fault(spec, plan) for spec in specs))


class WithoutMains:
    """What these controllers do not tell over IPMI: the voltage of the mains."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def write(self, poll: HostPoll) -> Iterator[WireMessage]:
        told = {name: value for name, value in poll.values.items() if not name.endswith("_vin")}
        return self._writer.write(HostPoll(told, poll.stamp_s))


def messages_of(run: FleetRun, seed: int) -> Iterator[Sent]:
    """The servers' messages in the order of their arrival; the site's own units send none."""
    return stream(run, {host.name: _writer(host) for host in HOSTS}, seed)


def _writer(host: HostPlan) -> Writer:
    machine = Machine(
        host.name, collector=host.collector, address=f"10.0.{host.name[1]}.{int(host.name[-2:])}",
        rack=host.rack, row=host.row, supply_w=host.kind.supply_w, fan_rpm_max=host.kind.rpm_max,
    )  # fmt: skip
    if host.kind is TWO_UNITS:
        return WithoutMains(DIALECTS["ipmi"].make(machine, "supermicro"))
    return DIALECTS["redfish"].make(machine, "dell")


def lines_of(plan: FleetPlan, seed: int) -> Iterator[str]:
    """The lines of a recording."""
    return (sent.value.decode().rstrip("\n") for sent in messages_of(FleetRun(plan), seed))


def truth_of(plan: FleetPlan) -> list[dict[str, object]]:
    """The episodes with what followed from them, for people and programs."""
    run = FleetRun(plan)
    deque(run.polls(), maxlen=0)
    return truth_rows(run.truth(), plan)


def write(name: str, plan: FleetPlan, seed: int) -> None:
    with open_recording(HERE / name, is_text=True) as recording:
        for sent in messages_of(FleetRun(plan), seed):
            recording.send(sent)


def main() -> None:
    normal, faults = plan_normal(), plan_faults()
    write("fleet_normal.log.gz", normal, SEED)
    write("fleet_faults.log.gz", faults, SEED + 1)
    truth = json.dumps(truth_of(faults), indent=1)
    (HERE / "fleet_truth.json").write_text(truth + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
