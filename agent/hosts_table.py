"""Hosts and their sensors as tables on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from agent.known_hosts import KnownHost


def host_table(hosts: Sequence[KnownHost]) -> Table:
    """A row a host."""
    table = _table(f"Hosts: {len(hosts)}", "Host", "State", "Kind", "Rack", "Period", "Sensors", "Last seen",
                   "Cohort", "Model", "Alerts", "Muted until", "Source")  # fmt: skip
    for host in hosts:
        doubted = f", {host.doubted} doubted" if host.doubted else ""
        alerts = ", ".join(f"{alert.fault} ({alert.state})" for alert in host.alerts)
        _row(
            table, host.host, host.state, host.kind, host.rack, _seconds(host.period_s),
            f"{len(host.sensors)}{doubted}", host.last_seen, host.cohort, host.model, alerts,
            host.muted_until, host.source,
        )  # fmt: skip
    return table


def sensor_table(host: KnownHost) -> Table:
    """A row a sensor of one host."""
    table = _table(host.host, "Sensor", "Quantity", "Unit", "Period", "Last", "Value", "Trust")
    for sensor in host.sensors:
        value = f"{sensor.last_value:g}" if sensor.last_value is not None else ""
        since = f" since {sensor.doubted_since}" if sensor.doubted_since else ""
        _row(
            table, sensor.sensor, sensor.quantity, sensor.unit, _seconds(sensor.period_s), sensor.last, value,
            f"{sensor.trust}{since}",
        )  # fmt: skip
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=Text(title), title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _row(table: Table, *cells: str) -> None:
    """Names come from messages: none of them is markup."""
    table.add_row(*(Text(cell) for cell in cells))


def _seconds(period_s: float) -> str:
    return f"{period_s:g} s" if period_s else ""
