"""The inventory of a simulated fleet: hosts and the feeds that they hang on, under the fleet's prefix."""

from __future__ import annotations

from agent.topology import Topology
from agent.topology_rows import FEEDS, Place, Row
from models.twin.fleet_run import FleetRun
from models.twin.places import topology_rows


def topology_of(run: FleetRun, prefix: str) -> Topology:
    """The inventory of a fleet, hosts under their names with `prefix`."""
    return Topology(places_of(run, prefix))


def places_of(run: FleetRun, prefix: str = "") -> dict[str, Place]:
    """Where each host of a run is, by its name with `prefix`."""
    rows = topology_rows(run.plan.places(), run.plan.site)
    return {prefix + row["host"]: Row("", _with_prefix(row, prefix)).place() for row in rows}


def _with_prefix(row: dict[str, str], prefix: str) -> dict[str, str]:
    """A row of the inventory whose feeds are called as the hosts that they are."""
    return row | {feed: prefix + row[feed] for feed in FEEDS if row[feed]}
