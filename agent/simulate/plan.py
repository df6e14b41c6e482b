"""From options to a plan: which hosts stand where, what collects them, what their messages say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agent.errors import ConfigError
from agent.simulate.machines import Machine, Writer
from agent.simulate.wire.dialects import DIALECTS, MIXED, SNMP
from models.twin import kinds as hardware
from models.twin.fleet_run import FleetRun
from models.twin.places import SitePlan, place_hosts, place_units
from models.twin.plans import FleetPlan, HostPlan

KINDS: Mapping[str, hardware.ServerKind] = {kind.name: kind for kind in hardware.KINDS}
HOSTS_PER_CLUSTER = 8
LEAST_PER_RACK, MOST_PER_RACK, WANTED_RACKS = 4, 20, 4
SERVER = "server"


@dataclass(frozen=True, slots=True)
class Layout:
    """The servers with their places, and how their site is built."""

    hosts: tuple[HostPlan, ...]
    site: SitePlan


def lay_out(count: int, kinds: Sequence[str]) -> Layout:
    """`count` servers r01-n01, …, the kinds in turn, in racks of 4 to 20.

    Raises:
        ConfigError: a kind is not known.
    """
    for name in kinds:
        if name not in KINDS:
            raise ConfigError(f"simulate: --kinds has {name!r}; expected some of {', '.join(KINDS)}")
    per_rack = min(max(-(-count // WANTED_RACKS), LEAST_PER_RACK), MOST_PER_RACK)
    site = SitePlan(servers_per_rack=per_rack)
    places = place_hosts(count, site)
    clusters = max(-(-count // HOSTS_PER_CLUSTER), 2)
    hosts = tuple(
        HostPlan(
            name=name,
            kind=KINDS[kinds[at % len(kinds)]],
            cluster=at % clusters,
            height=float(places.height[at]),
            rack=places.racks[places.rack[at]],
            row=places.rows[places.row[at]],
            zone=places.zones[places.zone[at]],
            feed_a=places.pdus[places.feed_a[at]],
            feed_b=places.pdus[places.feed_b[at]],
            collector=f"collector{int(places.row[at]) + 1:02}",
        )
        for at, name in enumerate(places.hosts)
    )
    return Layout(hosts, site)


def read_dialects(asked: Sequence[str]) -> list[tuple[str, str]]:
    """(dialect, vendor) pairs from `--dialect`: a name, `name:vendor`, or `mixed` for all; "" is any vendor.

    Raises:
        ConfigError: a name or vendor is not known.
    """
    pairs: list[tuple[str, str]] = []
    for word in asked:
        name, _, vendor = word.partition(":")
        if name == MIXED and not vendor:
            pairs += [(each, "") for each in DIALECTS]
            continue
        if name == "snmp":
            expected = "another for the servers: PDUs, UPSs and cooling units always speak it"
            raise ConfigError(f"simulate: --dialect is snmp; expected {expected}")
        if name not in DIALECTS:
            expected = f"{', '.join(DIALECTS)} or {MIXED}"
            raise ConfigError(f"simulate: --dialect is {word!r}; expected {expected}")
        vendors = DIALECTS[name].vendors
        if vendor and vendor not in vendors:
            expected = f"{name}:{f', {name}:'.join(vendors)}"
            raise ConfigError(f"simulate: --dialect is {word!r}; expected {expected}")
        pairs.append((name, vendor))
    return pairs


def writers_of(run: FleetRun, dialects: Sequence[tuple[str, str]]) -> dict[str, Writer]:
    """A writer for each host of a run.

    Servers of a kind take the dialects in turn, and are one vendor's unless the dialect names another. The
    site's own units speak SNMP, or the native form where all servers do.
    """
    plan = run.plan
    kinds = list(dict.fromkeys(host.kind.name for host in plan.hosts))
    turns = dict.fromkeys(kinds, 0)
    writers: dict[str, Writer] = {}
    for at, host in enumerate(plan.hosts):
        dialect, vendor = dialects[turns[host.kind.name] % len(dialects)]
        turns[host.kind.name] += 1
        vendors = DIALECTS[dialect].vendors
        vendor = vendor or vendors[kinds.index(host.kind.name) % len(vendors)]
        writers[host.name] = DIALECTS[dialect].make(_server(host, _address(at)), vendor)
    only_native = all(name == "native" for name, _ in dialects)
    for at, unit in enumerate(_units(plan), start=len(plan.hosts)):
        machine = replace(unit, address=_address(at))
        writers[unit.name] = (
            DIALECTS["native"].make(machine, "") if only_native else SNMP.make(machine, SNMP.vendors[0])
        )
    return writers


def _server(host: HostPlan, address: str) -> Machine:
    return Machine(
        host.name, SERVER, host.collector, address, host.rack, host.row,
        host.kind.supply_w, host.kind.rpm_max,
    )  # fmt: skip


def _units(plan: FleetPlan) -> list[Machine]:
    return [
        Machine(unit.name, unit.kind, rack=unit.rack, row=unit.row)
        for unit in place_units(plan.places(), plan.site)
    ]


def _address(at: int) -> str:
    return f"10.{at // 62_500}.{at // 250 % 250}.{at % 250 + 1}"
