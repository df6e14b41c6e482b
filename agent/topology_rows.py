"""One row of an inventory, whatever file it came from: what is wrong with it, and the place that it tells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

COLUMNS = ("host", "kind", "rack", "u", "row", "zone", "pdu_a", "pdu_b", "x", "y")
NUMBERS = frozenset({"u", "x", "y"})
FEEDS = ("pdu_a", "pdu_b")
MAX_NAME_CHARS = 253  # as long as a DNS name
MAX_SHOWN_CHARS = 60  # of a wrong cell


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


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one host as text, and where they stand: `line 7` or `[[host]] 3`."""

    where: str
    cells: Mapping[str, str]

    @property
    def host(self) -> str:
        return self.cells.get("host", "")

    def place(self) -> Place:
        """The place that a row without faults tells."""
        texts = {name: cell for name, cell in self.cells.items() if name not in NUMBERS and name != "host"}
        numbers = {name: float(self.cells[name]) for name in NUMBERS if self.cells.get(name)}
        return Place(**texts, **numbers)  # type: ignore[arg-type]


def find_faults(rows: Sequence[Row]) -> list[str]:
    """A line for each fault: where, what, got, expected. In the order of the rows."""
    where_of: dict[str, str] = {}
    pdus = sum(row.cells.get("kind", "").lower() == "pdu" for row in rows)
    listed = {row.host for row in rows}
    faults = []
    for row in rows:
        found = list(_cell_faults(row.cells))
        if row.host in where_of:
            found.append(f"host {row.host} is already in {where_of[row.host]}; expected once")
        if pdus:
            found += _feed_faults(row.cells, listed, pdus)
        if row.host:
            where_of.setdefault(row.host, row.where)
        faults += [f"{row.where}: {fault}" for fault in found]
    return faults


def _cell_faults(cells: Mapping[str, str]) -> Iterator[str]:
    if not cells.get("host"):
        yield "host is empty; expected a name"
    for name, cell in cells.items():
        if name in NUMBERS:
            if cell and not _is_number(cell):
                yield f"{name} is {_shown(cell)}; expected a number"
        elif len(cell) > MAX_NAME_CHARS or not cell.isprintable():
            yield f"{name} is not a name; expected at most {MAX_NAME_CHARS} printable characters"


def _feed_faults(cells: Mapping[str, str], listed: set[str], pdus: int) -> Iterator[str]:
    """Where the PDUs are listed too, a feed that none of them has is a slip of the pen."""
    for name in FEEDS:
        feed = cells.get(name, "")
        if feed and (feed not in listed or feed == cells.get("host")):
            yield f"{name} is {_shown(feed)}; expected a listed host, as the {pdus} of kind pdu are"


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= MAX_SHOWN_CHARS else cell[:MAX_SHOWN_CHARS] + "…")
