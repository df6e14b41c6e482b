"""The inventory as TOML, for people who write it by hand: what a rack's hosts share is said once.

[racks.r3]
row = "A"
zone = "z1"
pdu_a = "pdu-3a"
hosts = ["n07", "n08"]

[[host]]
host = "n09"
rack = "r3"
u = 12
kind = "gpu"
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agent.topology_rows import COLUMNS, NUMBERS, Row

SHARED = tuple(name for name in COLUMNS if name not in ("host", "rack", "u"))  # what a rack can tell
TABLES = ("host", "racks")


def rows_of_toml(content: Mapping[str, Any]) -> tuple[list[Row], list[str]]:
    """The rows of all hosts, and a line for each fault of the form; cells are judged with the rows."""
    faults = [
        f"{name} is not known; expected [[host]] and [racks.NAME]" for name in content if name not in TABLES
    ]
    racks, hosts = content.get("racks", {}), content.get("host", [])
    if not isinstance(racks, dict) or not all(isinstance(rack, dict) for rack in racks.values()):
        return [], [*faults, "racks is not a table of tables; expected [racks.NAME]"]
    if not isinstance(hosts, list) or not all(isinstance(host, dict) for host in hosts):
        return [], [*faults, "host is not a list of tables; expected [[host]]"]
    shared, rows = {}, []
    for name, rack in racks.items():
        where = f"[racks.{name}]"
        told = {key: value for key, value in rack.items() if key != "hosts"}
        faults += [f"{where}: {fault}" for fault in _key_faults(told, SHARED, also="hosts")]
        shared[name] = {key: _cell(key, told[key]) for key in SHARED if key in told}
        names = rack.get("hosts", [])
        if not isinstance(names, list) or not all(isinstance(host, str) for host in names):
            faults.append(f"{where}: hosts is {names!r:.60}; expected a list of names")
            continue
        rows += [Row(where, {"host": host, "rack": name, **shared[name]}) for host in names]
    for at, host in enumerate(hosts, 1):
        where = f"[[host]] {at}"
        faults += [f"{where}: {fault}" for fault in _key_faults(host, COLUMNS)]
        cells = {key: _cell(key, value) for key, value in host.items() if key in COLUMNS}
        rows.append(Row(where, {**shared.get(cells.get("rack", ""), {}), **cells}))
    return rows, faults


def _key_faults(table: Mapping[str, Any], known: tuple[str, ...], also: str = "") -> Iterator[str]:
    expected = ",".join([*known, *([also] if also else [])])
    for key, value in table.items():
        if key not in known:
            yield f"{key} is not known; expected some of {expected}"
        elif key in NUMBERS:
            if isinstance(value, bool) or not isinstance(value, int | float):
                yield f"{key} is {value!r:.60}; expected a number"
        elif not isinstance(value, str):
            yield f"{key} is {value!r:.60}; expected a text"


def _cell(key: str, value: object) -> str:
    """A cell as the rows have it. One of a wrong kind is told by its key, so nothing more is said of it."""
    if key in NUMBERS:
        return repr(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""
    return value.strip() if isinstance(value, str) else ""
