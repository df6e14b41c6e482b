"""The demo against the truth of its recordings: every fault found, nothing else raised."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

import pytest

from agent.demo import SAMPLE_DATA
from agent.points import Point
from tests.demo_run import Demo

FAN_STOP = ("bmc-s2500", "fan_failure", "2023-07-05T14:29:33Z", "2023-07-05T14:37:30Z")


@dataclass(frozen=True)
class Fault:
    host: str
    fault: str
    start_s: float
    end_s: float

    def explains(self, alert: Point) -> bool:
        """Whether an alert was raised by this fault, while it lasted."""
        raised_s = seconds(str(alert.fields["raised"]))
        return alert.tags["host"] == self.host and self.start_s <= raised_s <= self.end_s


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def known_faults() -> list[Fault]:
    rows = json.loads((SAMPLE_DATA / "fleet_truth.json").read_text())
    fleet = [(r["host"], r["fault"], r["start"], r["end"]) for r in rows if r["kind"] == "fault"]
    return [
        Fault(host, fault, seconds(start), seconds(end)) for host, fault, start, end in (*fleet, FAN_STOP)
    ]


@pytest.mark.parametrize("fault", known_faults(), ids=lambda fault: f"{fault.host}-{fault.fault}")
def test_each_fault_is_named_while_it_lasts(fault: Fault, demo: Demo) -> None:
    raised = [alert for alert in demo.alerts if fault.explains(alert)]
    assert raised, f"{fault.fault} on {fault.host} was not found"
    assert raised[0].fields["fault"] == fault.fault


def test_surges_and_set_points_raise_no_alert(demo: Demo) -> None:
    faults = known_faults()
    strangers = [a for a in demo.alerts if not any(fault.explains(a) for fault in faults)]
    assert strangers == []


def test_every_alert_belongs_to_an_incident(demo: Demo) -> None:
    incidents = {str(p.fields["id"]) for p in demo.replayed.points if p.measurement == "incident"}
    assert {str(alert.fields["incident"]) for alert in demo.alerts} == incidents


def test_it_ends_with_a_table_and_the_path_of_the_report(demo: Demo) -> None:
    assert "Incidents" in demo.said
    assert demo.said.rstrip().endswith(str(demo.out / "report.html"))
    assert (demo.out / "report.html").stat().st_size > 100_000
    assert (demo.out / "points.lp").stat().st_size > 100_000
