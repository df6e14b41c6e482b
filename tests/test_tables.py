import io

import pytest
from rich.console import Console
from rich.table import Table
from site_day import alert_point, at, evidence, incident_point, rfc3339, score_point, site_points

from agent.tables import host_table, incident_table, summary_line


def printed(table: Table, width: int = 100) -> str:
    console = Console(width=width, record=True, file=io.StringIO(), color_system=None)
    console.print(table)
    return console.export_text()


def test_incidents_come_gravest_first_and_then_by_time():
    points = [
        incident_point("late-p2", at(50), severity="P2"),
        incident_point("early-p2", at(10), severity="P2"),
        incident_point("p3", at(0), severity="P3"),
        incident_point("p1", at(90), severity="P1"),
    ]
    text = printed(incident_table(points))
    assert sorted(("p1", "early-p2", "late-p2"), key=text.index) == ["p1", "early-p2", "late-p2"]
    assert text.index("late-p2") < text.rindex("P3 ")


def test_a_row_says_what_where_since_when_and_what_was_seen():
    onset = at(130)
    points = [
        incident_point("n07", onset, id="i1", severity="P1", raised=rfc3339(at(131.5))),
        alert_point(
            "n07", onset, incident="i1", rack="R02",
            evidence=evidence(
                ("inlet_temp_c", "temperature", "Cel", 22.0, 22.4, "against"),
                ("fan3_rpm", "fan_speed", "rpm", 0.0, 5040.0, "for"),
            ),
        ),
    ]  # fmt: skip
    text = " ".join(printed(incident_table(points)).split())
    for part in ("P1", "fan_failure", "n07 R02", "2026-01-04", "10:10:00", "90 s"):
        assert part in text
    assert "fan3_rpm 0 rpm (expected 5,040)" in text.replace("resolved ", "").replace("10:10:00 ", "")
    assert "inlet_temp_c" not in text


@pytest.mark.parametrize("width", [80, 100])
def test_everything_fits_and_reads_well_in_80_and_100_columns(width):
    points = site_points(hours=0.2)
    for table in (incident_table(points), host_table(points)):
        assert max(len(line) for line in printed(table, width).splitlines()) <= width
    long = evidence(("psu1_inlet_temp", "temperature", "Cel", 29.0, 26.99, "for"))
    for fault, state in (("sensor_dropout", "resolved"), ("cooling_unit_failure", "acknowledged")):
        points = [alert_point("bmc-s2500-storage-4.example", at(5), fault=fault, state=state, evidence=long)]
        text = printed(incident_table(points), width)
        for word in (fault, state, "psu1_inlet_temp", "26.99)"):
            assert word in text, text


def test_each_piece_of_evidence_has_its_own_line_in_80_columns():
    seen = evidence(
        ("fan1_rpm", "fan_speed", "rpm", 0.0, 2883.0, "for"),
        ("fan2_rpm", "fan_speed", "rpm", 0.0, 2869.0, "for"),
    )
    lines = [
        line.rstrip()
        for line in printed(incident_table([alert_point("n01", at(5), evidence=seen)]), 80).splitlines()
    ]
    assert [line for line in lines if line.endswith("fan1_rpm 0 rpm (expected 2,883)")]
    assert [line for line in lines if line.endswith("fan2_rpm 0 rpm (expected 2,869)")]


def test_an_alert_that_no_incident_names_is_not_lost():
    assert "psu_failure" in printed(incident_table([alert_point("n01", at(5), fault="psu_failure")]))


def test_names_cannot_write_markup_or_control_codes_to_the_terminal():
    text = printed(incident_table([alert_point("[red]n1[/]\x1b]0;x\x07", at(5), evidence="[]")]))
    assert "\x1b" not in text and "\x07" not in text
    assert "[red]n1[/]" in text.replace("\n", "")


def test_the_summary_counts_what_is_there():
    points = [
        score_point("n01", at(0), 0.1),
        score_point("n01", at(1), -1.0),
        score_point("n02", at(0), 0.1),
        incident_point("n01", at(0), severity="P1", state="open"),
        incident_point("n02", at(0), severity="P3", ended=rfc3339(at(9))),
    ]
    assert summary_line(points) == "2 incidents (1 P1, 1 P3), 1 still open; 2 hosts, 2 ticks scored."
    assert summary_line(points[:3]) == "no incidents; 2 hosts, 2 ticks scored."


def test_hosts_with_alerts_come_before_the_others():
    points = [score_point("aaa", at(0), 0.4), score_point("zzz", at(0), 0.3), alert_point("zzz", at(0))]
    text = printed(host_table(points))
    assert text.index("zzz") < text.index("aaa")
    assert "0.40" in text
