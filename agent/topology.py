"""Where each host stands and what feeds it, from the site's inventory file.

host,kind,rack,u,row,zone,pdu_a,pdu_b,x,y
n07,server,r3,12,A,z1,pdu-3a,pdu-3b,4.2,1.0

Columns are found by name; all but `host` may be absent, and so may the file. Cooling units, PDUs and UPSs are
hosts too, told by their `kind`.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.errors import ConfigError

COLUMNS = ("host", "kind", "rack", "u", "row", "zone", "pdu_a", "pdu_b", "x", "y")
_NUMBERS = frozenset({"u", "x", "y"})
_MAX_NAME_CHARS = 253  # as long as a DNS name


@dataclass(frozen=True, slots=True)
class Place:
    """A host's place; "" and None where the inventory does not tell. `x` and `y` are metres or tiles."""

    kind: str = ""
    rack: str = ""
    u: float | None = None
    row: str = ""
    zone: str = ""
    pdu_a: str = ""
    pdu_b: str = ""
    x: float | None = None
    y: float | None = None


NOWHERE = Place()


class Topology:
    """The inventory: `place` of every host that it lists."""

    def __init__(self, places: Mapping[str, Place] | None = None) -> None:
        self._places = dict(places or {})

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, host: object) -> bool:
        return host in self._places

    def place(self, host: str) -> Place:
        """The host's place; `NOWHERE` for a host that is not listed."""
        return self._places.get(host, NOWHERE)

    def hosts(self) -> list[str]:
        """All listed hosts, in the order of the file."""
        return list(self._places)


def load_topology(path: Path | None) -> Topology:
    """The inventory at `path`; an empty one for None.

    Raises:
        ConfigError: the file cannot be read or is wrong; a line for each fault, with its line number.
    """
    if path is None:
        return Topology()
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return _read(path, lines)
    except OSError as error:
        raise ConfigError(f"topology: {path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"topology: {path} is not a CSV file: {error}") from error


def _read(path: Path, lines: Iterable[str]) -> Topology:
    rows = csv.reader(lines, strict=True, skipinitialspace=True)
    header = [name.strip().lower() for name in next(rows, [])]
    faults = list(_header_faults(header))
    places: dict[str, Place] = {}
    line_of: dict[str, int] = {}
    if not faults:
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            cells = {name: cell.strip() for name, cell in zip(header, row, strict=False)}
            host = cells.get("host", "")
            found = list(_row_faults(cells, len(header), len(row)))
            if host in line_of:
                found.append(f"host {host} is already in line {line_of[host]}")
            faults += [f"line {rows.line_num}: {fault}" for fault in found]
            if not found:
                places[host] = _place(cells)
                line_of[host] = rows.line_num
    if faults:
        raise ConfigError("\n".join(f"topology: {path}: {fault}" for fault in faults))
    return Topology(places)


def _header_faults(header: list[str]) -> Iterator[str]:
    if "host" not in header:
        yield f"line 1: there is no column host; expected {','.join(COLUMNS)} or some of them"
        return
    for name in dict.fromkeys(header):
        if name not in COLUMNS:
            yield f"line 1: column {name!r} is not known; expected some of {','.join(COLUMNS)}"
        elif header.count(name) > 1:
            yield f"line 1: column {name} is there {header.count(name)} times; expected once"


def _row_faults(cells: Mapping[str, str], expected: int, got: int) -> Iterator[str]:
    if got != expected:
        yield f"{got} cells; expected {expected} as in the header"
        return
    if not cells["host"]:
        yield "host is empty; expected a name"
    for name, cell in cells.items():
        if name in _NUMBERS:
            if cell and not _is_number(cell):
                yield f"{name} is {cell!r}; expected a number"
        elif len(cell) > _MAX_NAME_CHARS or not cell.isprintable():
            yield f"{name} is not a name; expected at most {_MAX_NAME_CHARS} printable characters"


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _place(cells: Mapping[str, str]) -> Place:
    def number(name: str) -> float | None:
        cell = cells.get(name, "")
        return float(cell) if cell else None

    return Place(
        kind=cells.get("kind", ""),
        rack=cells.get("rack", ""),
        u=number("u"),
        row=cells.get("row", ""),
        zone=cells.get("zone", ""),
        pdu_a=cells.get("pdu_a", ""),
        pdu_b=cells.get("pdu_b", ""),
        x=number("x"),
        y=number("y"),
    )
