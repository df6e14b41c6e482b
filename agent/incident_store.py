"""Where past incidents are read from: a running site's InfluxDB, or the folder that a replay wrote.

--config F ─► InfluxStore (Flux) ─┐
--out DIR ──► FolderStore ────────┴─► points `incident`, `alert`, `operator_note`
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from agent.config import InfluxConfig
from agent.incident_file import read_points
from agent.influx_points import TAGS, point_of, query_points
from agent.notes import NOTE
from agent.points import Point, encode_line
from agent.sink.flux import InfluxError, Row, flux_text, flux_time, read_rows
from agent.sink.influx import InfluxSink

_END = "2200-01-01T00:00:00Z"
MOST_NAMED = 100  # hosts or ids in a query; of more hosts, all that began meanwhile is read
NOTES_FILE = "notes.lp"


class IncidentStore(Protocol):
    """Points of alerts, incidents and notes."""

    def since(self, since_ns: int) -> list[Point]:
        """All that began at or after this time, and all before it that has not ended."""
        ...

    def of_id(self, beginning: str) -> list[Point]:
        """Incidents and alerts whose id begins so, with the alerts of these incidents and the incidents of
        these alerts."""
        ...

    def of_hosts(self, hosts: Sequence[str], since_ns: int) -> list[Point]:
        """The alerts of these hosts that began since, and all notes."""
        ...

    def notes(self, since_ns: int) -> list[Point]:
        """All notes that were written since."""
        ...

    def add(self, note: Point) -> str:
        """Keep a note; says where it went."""
        ...


class InfluxStore:
    """The bucket of a running site."""

    def __init__(self, config: InfluxConfig) -> None:
        self._config = config

    def since(self, since_ns: int) -> list[Point]:
        points = []
        for measurement in ("incident", "alert"):
            points += self._read(measurement, f"start: {flux_time(since_ns)}, stop: {_END}")
            if since_ns > 0:
                is_open = '|> filter(fn: (r) => r.state != "resolved")'
                points += self._read(measurement, f"start: 0, stop: {flux_time(since_ns)}", after=is_open)
        return points

    def of_id(self, beginning: str) -> list[Point]:
        named = self._named(beginning, ("id", "incident"))
        known = {str(point.fields.get("id", "")) for point in named}
        whole = {str(point.fields["incident"]) for point in named if point.fields.get("incident")} - known
        found = {point.identity: point for point in named}
        for one in sorted(whole):  # incidents of the alerts that were named
            found |= {point.identity: point for point in self._named(one, ("id",))}
        return list(found.values())

    def of_hosts(self, hosts: Sequence[str], since_ns: int) -> list[Point]:
        of_them = _one_of("host", hosts) if len(hosts) <= MOST_NAMED else ""
        alerts = self._read("alert", f"start: {flux_time(since_ns)}, stop: {_END}", before=of_them)
        return [alert for alert in alerts if alert.tags["host"] in hosts] + self.notes(0)

    def notes(self, since_ns: int) -> list[Point]:
        return self._read(NOTE, f"start: {flux_time(since_ns)}, stop: {_END}")

    def alerts_of(self, ids: Iterable[str]) -> list[Point]:
        """The alerts of these ids, and those of incidents that have them."""
        wanted = sorted(set(ids))
        found: dict[object, Point] = {}
        for start in range(0, len(wanted), MOST_NAMED):
            some = wanted[start : start + MOST_NAMED]
            test = " or ".join(f"r._value == {flux_text(one)}" for one in some)
            points = self._points_at(self._find(test, ("id", "incident"), "alert"))
            found |= {point.identity: point for point in points}
        return list(found.values())

    def add(self, note: Point) -> str:
        sink = InfluxSink(
            self._config.url, self._config.org, self._config.bucket, self._config.read_token,
            self._config.timeout_s,
        )  # fmt: skip
        try:
            refused = sink.write([note])
        finally:
            sink.close()
        if refused:
            raise InfluxError(f"influx: the note was refused: {refused[0].reason}")
        return f"{self._config.url} {self._config.bucket}"

    # -- queries ---------------------------------------------------------------------------------------------

    def _named(self, beginning: str, fields: Sequence[str]) -> list[Point]:
        test = f"strings.hasPrefix(v: r._value, prefix: {flux_text(beginning)})"
        return self._points_at([row for m in ("incident", "alert") for row in self._find(test, fields, m)])

    def _find(self, test: str, fields: Sequence[str], measurement: str) -> list[Row]:
        """Identities of points of which one of the text fields passes a test."""
        named = " or ".join(f"r._field == {flux_text(field)}" for field in fields)
        return read_rows(
            self._config,
            f"""import "strings"
from(bucket: {flux_text(self._config.bucket)}) |> range(start: 0, stop: {_END})
    |> filter(fn: (r) => r._measurement == {flux_text(measurement)})
    |> filter(fn: (r) => {named})
    |> filter(fn: (r) => {test})
    |> keep(columns: ["_time", "_measurement", {", ".join(map(flux_text, TAGS[measurement]))}])
""",
        )

    def _points_at(self, rows: Sequence[Row]) -> list[Point]:
        """Whole points of these identities."""
        points = []
        for measurement in sorted({str(row["_measurement"]) for row in rows}):
            tag = TAGS[measurement][0]
            wanted = {
                point_of(measurement, row).identity for row in rows if row["_measurement"] == measurement
            }
            times = [time_ns for _, _, time_ns in wanted]
            span = f"start: {flux_time(min(times))}, stop: {flux_time(max(times) + 1)}"
            names = sorted({str(row[tag]) for row in rows if row["_measurement"] == measurement})
            near = self._read(
                measurement, span, before=_one_of(tag, names) if len(names) <= MOST_NAMED else ""
            )
            points += [point for point in near if point.identity in wanted]
        return points

    def _read(self, measurement: str, span: str, before: str = "", after: str = "") -> list[Point]:
        return query_points(self._config, measurement, span, before, after)


class FolderStore:
    """What a replay wrote; notes go beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        notes = folder / NOTES_FILE
        self._points = read_points(folder) + (read_points(notes) if notes.exists() else [])

    def since(self, since_ns: int) -> list[Point]:
        return [p for p in self._told() if p.time_ns >= since_ns or p.fields.get("state") != "resolved"]

    def of_id(self, beginning: str) -> list[Point]:
        found = [p for p in self._told() if _begins(p, "id", beginning) or _begins(p, "incident", beginning)]
        whole = {str(point.fields.get("incident", "")) for point in found}
        identities = {point.identity for point in found}
        return found + [
            p for p in self._told() if p.fields.get("id") in whole and p.identity not in identities
        ]

    def of_hosts(self, hosts: Sequence[str], since_ns: int) -> list[Point]:
        alerts = [p for p in self._points if p.measurement == "alert" and p.tags.get("host") in hosts]
        return [p for p in alerts if p.time_ns >= since_ns] + self.notes(0)

    def notes(self, since_ns: int) -> list[Point]:
        return [p for p in self._points if p.measurement == NOTE and p.time_ns >= since_ns]

    def add(self, note: Point) -> str:
        file = self._folder / NOTES_FILE
        with file.open("a", encoding="utf-8") as lines:
            lines.write(f"{encode_line(note)}\n")
        return str(file)

    def _told(self) -> Iterator[Point]:
        return (point for point in self._points if point.measurement != NOTE)


def _one_of(tag: str, names: Sequence[str]) -> str:
    return f"|> filter(fn: (r) => {' or '.join(f'r[{flux_text(tag)}] == {flux_text(n)}' for n in names)})"


def _begins(point: Point, field: str, beginning: str) -> bool:
    return str(point.fields.get(field, "")).startswith(beginning)
