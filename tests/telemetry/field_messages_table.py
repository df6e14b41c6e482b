"""Messages of machines that nobody here owns, labelled by hand from what their vendors print.

A line of `field_messages/*.jsonl` is {"from": machine, "message": as a collector sends it, "readings": […]}
with what the message says by judgement, and an empty list where it says nothing. The labels were not made by
the decoder: where the two differ, one of them is to be corrected, by looking at the machine's manual.

Files `examiner_*.jsonl` are another reader's, who had not seen the decoder. There a sensor may be null (any
name will do), limits, states and other numbers are not judged, and `may` lists values that one can read
either way, such as a load of 27 %.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from agent.telemetry.decoder import Decoder
from agent.telemetry.readings import Message

FOLDER = Path(__file__).with_name("field_messages")
EXAMINER = "examiner_*.jsonl"
UNJUDGED = ("limit", "state", "other")
ROUNDS = 2  # names settle in one round of readings


class Reading(NamedTuple):
    """What is compared: all but the name must agree, and the name is counted apart."""

    host: str
    quantity: str
    unit: str
    value: float
    time_ns: int
    sensor: str | None  # None: any name

    def is_as_said(self, said: Reading) -> bool:
        """Whether everything but the name agrees."""
        return (
            self.host == said.host
            and (self.quantity, self.unit) == (said.quantity, said.unit)
            and self.time_ns == said.time_ns
            and math.isclose(self.value, said.value, rel_tol=1e-9, abs_tol=1e-9)
        )


class Case(NamedTuple):
    """A message, what it says, and which readings beyond that are no error."""

    message: str
    said: list[Reading]
    may: tuple[float, ...] = ()
    unjudged: tuple[str, ...] = ()

    def allows(self, reading: Reading) -> bool:
        """Whether a reading that was not asked for is no error."""
        near = (math.isclose(reading.value, value, rel_tol=1e-9, abs_tol=1e-9) for value in self.may)
        return reading.quantity in self.unjudged or any(near)


@dataclass
class Row:
    """One machine's line of the table."""

    messages: int = 0
    wanted: int = 0
    right: int = 0
    missing: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)  # right, but called something else


def labelled() -> dict[str, list[tuple[str, list[Reading]]]]:
    """Machine → its messages with their labels, in the order of the files; without the examiner's."""
    files = sorted({*FOLDER.glob("*.jsonl")} - {*FOLDER.glob(EXAMINER)})
    return {machine: [case[:2] for case in cases] for machine, cases in _cases(files).items()}


def examined() -> dict[str, list[Case]]:
    """The examiner's machines and messages."""
    return _cases(sorted(FOLDER.glob(EXAMINER)))


def _cases(files: list[Path]) -> dict[str, list[Case]]:
    machines: dict[str, list[Case]] = defaultdict(list)
    for path in files:
        unjudged = UNJUDGED if path.match(EXAMINER) else ()
        for line in path.read_text("utf-8").splitlines():
            case = json.loads(line)
            said = [Reading(**reading) for reading in case["readings"]]
            machines[case["from"]].append(Case(case["message"], said, tuple(case.get("may", ())), unjudged))
    return dict(machines)


def judged() -> dict[str, Row]:
    """Machine → how its messages were read. A machine's messages come as a stream, one decoder for each."""
    return {
        machine: judge([Case(message, said) for message, said in cases])
        for machine, cases in labelled().items()
    }


def judge(cases: list[Case]) -> Row:
    """How one machine's messages were read."""
    decoder, row = Decoder(), Row()
    for _ in range(ROUNDS - 1):
        decoder.decode([Message(case.message.encode()) for case in cases])
    for case in cases:
        row.messages += 1
        row.wanted += len(case.said)
        got = list(_readings(decoder, case.message))
        for wanted in sorted(case.said, key=lambda reading: _named(reading, got), reverse=True):
            found = next((g for g in got if g.sensor == wanted.sensor and g.is_as_said(wanted)), None)
            found = found or next((g for g in got if g.is_as_said(wanted)), None)
            if found is None:
                row.missing.append(f"{_show(wanted)}  of  {case.message.strip()[:300]}")
                continue
            got.remove(found)
            row.right += 1
            if wanted.sensor is not None and found.sensor != wanted.sensor:
                row.renamed.append(f"{found.sensor}, not {wanted.sensor}")
        row.wrong += [f"{_show(g)}  of  {case.message.strip()[:300]}" for g in got if not case.allows(g)]
    return row


def _named(wanted: Reading, got: list[Reading]) -> bool:
    return any(g.sensor == wanted.sensor and g.is_as_said(wanted) for g in got)


def _readings(decoder: Decoder, message: str) -> Iterator[Reading]:
    columns = decoder.decode([Message(message.encode())]).readings
    for series_id, time_ns, value in zip(columns.series, columns.time_ns, columns.value, strict=True):
        series = decoder.series[int(series_id)]
        yield Reading(series.host, series.quantity, series.unit, float(value), int(time_ns), series.sensor)


def _show(reading: Reading) -> str:
    return f"{reading.sensor} {reading.quantity} {reading.value:g} {reading.unit}"


def table(rows: dict[str, Row], with_details: bool) -> str:
    """The table as text; after a machine's line what was wrong, missing or named otherwise."""
    width = max(map(len, rows))
    lines = [f"{'machine':{width}}  messages  readings  right  missing  wrong  named otherwise"]
    for machine, row in rows.items():
        share = f"{100 * row.right / row.wanted:.0f}%" if row.wanted else "-"
        lines.append(
            f"{machine:{width}}  {row.messages:8}  {row.wanted:8}  {share:>5}  {len(row.missing):7}  "
            f"{len(row.wrong):5}  {len(row.renamed):15}"
        )
        if with_details:
            lines += [f"    wrong    {text}" for text in row.wrong]
            lines += [f"    missing  {text}" for text in row.missing]
            lines += [f"    named    {text}" for text in row.renamed]
    wanted, right = (sum(getattr(row, name) for row in rows.values()) for name in ("wanted", "right"))
    wrong, renamed = (sum(len(getattr(row, name)) for row in rows.values()) for name in ("wrong", "renamed"))
    messages = sum(row.messages for row in rows.values())
    lines.append(
        f"{len(rows)} machines, {messages} messages, {wanted} readings: {100 * right / wanted:.2f} % right, "
        f"{wanted - right} missing, {wrong} wrong, {renamed} named otherwise"
    )
    return "\n".join(lines)
