"""Hosts and their sensors as tables on a terminal; times are UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from agent.known_hosts import KnownHost


def host_table(hosts: Sequence[KnownHost]) -> Table:
    """A row a host; a column that has nothing to tell of any is left out."""
    columns = {
        "Host": [host.host for host in hosts],
        "State": [host.state for host in hosts],
        "Muted until": [_short(host.muted_until) for host in hosts],
        "Alerts": [", ".join(f"{a.fault} ({a.state})" for a in host.alerts) for host in hosts],
        "Kind": [host.kind for host in hosts],
        "Rack": [host.rack for host in hosts],
        "Last seen": [_short(host.last_seen) for host in hosts],
        "Period": [_seconds(host.period_s) for host in hosts],
        "Sensors": [str(len(host.sensors)) for host in hosts],
        "Doubted": [str(host.doubted or "") for host in hosts],
        "Cohort": [host.cohort for host in hosts],
        "Model": [host.model for host in hosts],
        "Source": [host.source for host in hosts],
    }
    return _table(f"Hosts: {len(hosts)}", {name: cells for name, cells in columns.items() if any(cells)})


def sensor_table(host: KnownHost) -> Table:
    """A row a sensor of one host."""
    sensors = host.sensors
    since = [f" since {_short(s.doubted_since)}" if s.doubted_since else "" for s in sensors]
    columns = {
        "Sensor": [s.sensor for s in sensors],
        "Quantity": [s.quantity for s in sensors],
        "Unit": [s.unit for s in sensors],
        "Period": [_seconds(s.period_s) for s in sensors],
        "Last": [_short(s.last) for s in sensors],
        "Value": [f"{s.last_value:g}" if s.last_value is not None else "" for s in sensors],
        "Trust": [f"{s.trust}{when}" for s, when in zip(sensors, since, strict=True)],
    }
    return _table(host.host, columns)


def _table(title: str, columns: Mapping[str, Sequence[str]]) -> Table:
    """Names come from messages: none of them is markup."""
    table = Table(title=Text(title), title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    for cells in zip(*columns.values(), strict=True):
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _seconds(period_s: float) -> str:
    return f"{period_s:g} s" if period_s else ""


def _short(moment: str) -> str:
    """`2026-01-01T00:09:00.5Z` → `2026-01-01 00:09:00`, UTC."""
    return moment[:19].replace("T", " ")
