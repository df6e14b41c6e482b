"""One incident as it is read back: a lost supply on r1-n03, with a silent sensor beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agent.alert import Alert, alert_id
from agent.ask.evidence import Case, History, case_of, no_history
from agent.findings import Evidence
from agent.incidents import Site
from agent.notes import Note
from agent.points import Point
from agent.report.episodes import IncidentEpisode, read_incidents
from agent.sink.files import FileSink
from agent.site_events import AlertChanged

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
START_NS = 1_767_225_600 * SECOND_NS  # 2026-01-01T00:00:00Z

PSU_ROWS = [
    Evidence("psu2_in_w", "power", "W", 0.0, 135.0, "for"),
    Evidence("psu1_in_w", "power", "W", 250.0, 130.0, "for"),
    Evidence("psu2_vin", "voltage", "V", 229.0, 230.0, "against"),
    Evidence("inlet_temp_c", "temperature", "Cel", 24.2, 24.0, "against"),
    Evidence("fan1_rpm", "fan_speed", "rpm", 7100.0, 5000.0, "against"),
]
ACTIONS = [
    "Check the supply's input and its PDU outlet: several hosts at once mean a lost feed",
    "Swap it",
]


def alert(kind: str = "condition", ended: bool = False, host: str = "r1-n03") -> Alert:
    is_psu = kind == "condition"
    onset_ns = START_NS + (0 if is_psu else 2 * MINUTE_NS)
    return Alert(
        host=host,
        kind=kind,  # type: ignore[arg-type]
        id=alert_id(host, kind, onset_ns),
        state="resolved" if ended else "open",
        fault="psu_failure" if is_psu else "sensor_dropout",
        also=["cpu_throttling"] if is_psu else [],
        severity="P1" if is_psu else "P3",
        score=0.6,
        confidence=0.95,
        diagnosis=f"PSU2 of {host} delivers 0 W while PSU1 carries 250 W; redundancy is lost."
        if is_psu
        else f"exhaust_temp_c of {host} sent nothing for 10 min while the host goes on reporting.",
        evidence=[*PSU_ROWS]
        if is_psu
        else [Evidence("exhaust_temp_c", "temperature", "Cel", -1.0, 36.0, "for")],
        actions=[*ACTIONS] if is_psu else ["Reset the BMC"],
        onset_ns=onset_ns,
        raised_ns=onset_ns + 20 * SECOND_NS,
        ended_ns=START_NS + 62 * MINUTE_NS if ended else 0,
        rack="r1",
    )


def points_of(*alerts: Alert) -> list[Point]:
    """The points of alerts and of their incidents, in their final state."""
    site, sink = Site(), FileSink()
    for one in alerts:
        began = replace(one.copy(), state="open", ended_ns=0)
        sink.write([one.to_point(), *site.observe(AlertChanged(began))])
    for one in alerts:
        sink.write(site.observe(AlertChanged(one)))
    return sink.points()


def incident_of(*alerts: Alert) -> IncidentEpisode:
    (incident,) = read_incidents(points_of(*alerts))
    return incident


def case(
    *notes: Note,
    ended: bool = False,
    history: History = no_history,
    confirmed: dict[tuple[str, str], int] | None = None,
) -> Case:
    return case_of(incident_of(alert(ended=ended), alert("sensor", ended)), notes, history, confirmed)


def write_folder(folder: Path, *more: Point, ended: bool = True) -> str:
    """A replay's folder with the incident and its supply's readings; gives the incident's id."""
    rows = [
        Point(
            "reading",
            {"host": "r1-n03"},
            {"psu2_in_w": 0.0 if minute >= 0 else 135.0},
            START_NS + minute * MINUTE_NS,
        )
        for minute in range(-5, 10)
    ]
    points = points_of(alert(ended=ended), alert("sensor", ended))
    FileSink.save(sorted([*points, *rows, *more], key=lambda point: point.identity), folder / "points.lp")
    return incident_of(alert(ended=ended)).id
