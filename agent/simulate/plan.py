"""From options to a plan: which hosts stand where, what collects them, what their messages say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.errors import ConfigError
from agent.simulate.machines import Machine, Writer
from agent.simulate.wire.dialects import DIALECTS, MIXED, SNMP
from models.twin import servers
from models.twin.fleet_run import FleetRun
from models.twin.places import HostPlaces, SitePlan, place_hosts
from models.twin.plans import HostPlan

KINDS: Mapping[str, servers.ServerKind] = {
    kind.name: kind for kind in vars(servers).values() if isinstance(kind, servers.ServerKind)
}
HOSTS_PER_CLUSTER = 8
LEAST_PER_RACK, MOST_PER_RACK, WANTED_RACKS = 4, 20, 4
SERVER = "server"


@dataclass(frozen=True, slots=True)
class Layout:
    """The servers, where they stand, and how the site is built."""

    hosts: tuple[HostPlan, ...]
    places: HostPlaces
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
    return Layout(hosts, places, site)


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


def writers_of(run: FleetRun, layout: Layout, dialects: Sequence[tuple[str, str]]) -> dict[str, Writer]:
    """A writer for each host of a run.

    Servers of a kind take the dialects in turn, and are one vendor's unless the dialect names another. The
    site's own units speak SNMP, or the native form where all servers do.
    """
    planned = {host.name: host for host in layout.hosts}
    kinds = list(dict.fromkeys(host.kind.name for host in layout.hosts))
    turns = dict.fromkeys(kinds, 0)
    only_native = all(name == "native" for name, _ in dialects)
    writers: dict[str, Writer] = {}
    for at, (name, kind) in enumerate(zip(run.hosts, run.kinds, strict=True)):
        host = planned.get(name)
        if host is None:
            unit = Machine(name, kind=kind, address=_address(at))
            writers[name] = DIALECTS["native"].make(unit, "") if only_native else SNMP.make(unit, "apc")
            continue
        dialect, vendor = dialects[turns[host.kind.name] % len(dialects)]
        turns[host.kind.name] += 1
        vendors = DIALECTS[dialect].vendors
        vendor = vendor or vendors[kinds.index(host.kind.name) % len(vendors)]
        writers[name] = DIALECTS[dialect].make(machine_of(host, _address(at)), vendor)
    return writers


def machine_of(host: HostPlan, address: str) -> Machine:
    """A server as its collector meets it."""
    return Machine(
        host.name, SERVER, host.collector, address, host.rack, host.row,
        host.kind.supply_w, host.kind.rpm_max,
    )  # fmt: skip


def _address(at: int) -> str:
    return f"10.{at // 62_500}.{at // 250 % 250}.{at % 250 + 1}"
