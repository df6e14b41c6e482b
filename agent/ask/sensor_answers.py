"""What a sensor read: its rows in the evidence, and its past where that is at hand."""

from __future__ import annotations

from collections.abc import Sequence

from agent.ask.evidence import Case
from agent.ask.why_not import Said
from agent.incident_file import Reading
from agent.narrative.measures import say_row, say_row_zh, say_sensor, say_sensor_zh
from agent.report.episodes import SeenEvidence
from agent.report.words import group_and_unit, say_number, say_time, say_unit

MOST_ROWS = 4
MOST_NAMED = 12


def say_sensors(case: Case, sensors: Sequence[str]) -> Said:
    """The first of the sensors that anything is known of; else which ones the evidence has."""
    for sensor in sensors:
        said = _of_one(case, sensor)
        if said is not None:
            return said
    named = ", ".join(case.sensors[:MOST_NAMED])
    what = f" what {sensors[0]} read" if sensors else " which sensor is meant"
    return Said(
        f"The evidence does not say{what}." + (f" It has: {named}." if named else " It has no sensors."),
        "证据没有说明该传感器的读数。" + (f"其中有：{named}。" if named else "其中没有传感器。"),
        known=False,
    )


def _of_one(case: Case, sensor: str) -> Said | None:
    rows = case.rows_of(sensor)[:MOST_ROWS]
    english = [f"{say_row(row)} on {alert.host} ({sensor})" for alert, row in rows]
    chinese = [f"{alert.host} {say_row_zh(row)}（{sensor}）" for alert, row in rows]
    hosts = [alert.host for alert, _ in rows] or list(case.incident.hosts[:1])
    host = hosts[0] if hosts else ""
    past = case.readings_of(host, sensor) if host else []
    if not rows and not past:
        return None
    parts = [f"In the evidence: {'; '.join(english)}." if rows else ""]
    parts_zh = [f"证据中：{'；'.join(chinese)}。" if rows else ""]
    if past:
        unit = _unit(sensor, [row for _, row in rows])
        parts.append(_past(host, sensor, past, unit))
        parts_zh.append(_past_zh(host, sensor, past, unit))
    return Said(" ".join(part for part in parts if part), "".join(parts_zh), tuple(row for _, row in rows))


def _unit(sensor: str, rows: Sequence[SeenEvidence]) -> str:
    unit = rows[0].unit if rows else group_and_unit(sensor)[1]
    return f" {say_unit(unit)}".rstrip()


def _past(host: str, sensor: str, past: Sequence[Reading], unit: str) -> str:
    (first_ns, first), (last_ns, last) = past[0], past[-1]
    values = [value for _, value in past]
    low, high = say_number(min(values)), say_number(max(values))
    return (
        f"{say_sensor(sensor)} of {host} read {say_number(first)}{unit} at {say_time(first_ns)} UTC, between "
        f"{low} and {high}{unit} since, and {say_number(last)}{unit} at {say_time(last_ns)} UTC "
        f"({len(past):,} reading{'s' * (len(past) != 1)})."
    )


def _past_zh(host: str, sensor: str, past: Sequence[Reading], unit: str) -> str:
    (first_ns, first), (last_ns, last) = past[0], past[-1]
    values = [value for _, value in past]
    low, high = say_number(min(values)), say_number(max(values))
    return (
        f"{host} 的{say_sensor_zh(sensor)}于 {say_time(first_ns)}（UTC）为 {say_number(first)}{unit}，"
        f"其后在 {low} 至 {high}{unit} 之间，"
        f"于 {say_time(last_ns)}（UTC）为 {say_number(last)}{unit}（{len(past):,} 次读数）。"
    )
