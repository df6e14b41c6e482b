"""Where each host stands and what feeds it, from the site's inventory file.

host,kind,rack,u,row,zone,pdu_a,pdu_b,x,y
n07,server,r3,12,A,z1,pdu-3a,pdu-3b,4.2,1.0

Columns are found by name; all but `host` may be absent, and so may the file. Cooling units, PDUs and UPSs are
hosts too, told by their `kind`. A file whose name ends in .toml is read as TOML (agent/topology_toml.py).
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from agent.errors import ConfigError
from agent.topology_rows import COLUMNS, NOWHERE, Place, Row, find_faults
from agent.topology_toml import rows_of_toml

__all__ = ["COLUMNS", "NOWHERE", "Place", "Topology", "load_topology", "read_topology"]


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
        ConfigError: the file cannot be read or is wrong; a line for each fault, with its place in the file.
    """
    if path is None:
        return Topology()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"topology: {path} cannot be read: {error.strerror}") from error
    return read_topology(path, content)


def read_topology(path: Path, content: bytes) -> Topology:
    """The inventory in a file's content; `path` tells its form and is named by errors.

    Raises:
        ConfigError: it is wrong; a line for each fault, with its place in the file.
    """
    form = "TOML" if path.suffix.lower() == ".toml" else "CSV"
    try:
        text = content.decode("utf-8-sig")
        rows, faults = rows_of_toml(tomllib.loads(text)) if form == "TOML" else _rows_of_csv(text)
    except (UnicodeDecodeError, csv.Error, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"topology: {path} is not a {form} file: {error}") from error
    faults += find_faults(rows)
    if faults:
        raise ConfigError("\n".join(f"topology: {path}: {fault}" for fault in faults))
    return Topology({row.host: row.place() for row in rows})


def _rows_of_csv(text: str) -> tuple[list[Row], list[str]]:
    lines = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    header = [name.strip().lower() for name in next(lines, [])]
    faults = list(_header_faults(header))
    rows: list[Row] = []
    if faults:
        return rows, faults
    for cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        where = f"line {lines.line_num}"
        if len(cells) == len(header):
            rows.append(Row(where, {name: cell.strip() for name, cell in zip(header, cells, strict=True)}))
        else:
            faults.append(f"{where}: {len(cells)} cells; expected {len(header)} as in the header")
    return rows, faults


def _header_faults(header: Sequence[str]) -> Iterator[str]:
    if "host" not in header:
        yield f"line 1: there is no column host; expected {','.join(COLUMNS)} or some of them"
        return
    for name in dict.fromkeys(header):
        if name not in COLUMNS:
            yield f"line 1: column {name!r} is not known; expected some of {','.join(COLUMNS)}"
        elif header.count(name) > 1:
            yield f"line 1: column {name} is there {header.count(name)} times; expected once"
