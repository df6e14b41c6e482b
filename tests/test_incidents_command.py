"""`coldaisle incidents` on what a replay wrote, and what notes of operators mean."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from agent.alert import Alert, alert_id
from agent.faults import FAULTS
from agent.feedback import Effect, effects
from agent.findings import Evidence
from agent.incident_store import FolderStore
from agent.incident_table import in_order, list_table
from agent.incidents import Site
from agent.incidents_command import incidents_app
from agent.notes import Note, Signature, confirmed_actions, read_note
from agent.points import Point
from agent.report.episodes import read_alerts, read_incidents
from agent.sink.files import FileSink
from agent.sink.flux import parse_time
from agent.site_events import AlertChanged

S = 1_000_000_000
MINUTE = 60 * S
START_NS = 1_767_225_600 * S  # 2026-01-01T00:00:00Z


def alert(
    host: str,
    minute: int,
    fault: str = "fan_failure",
    sensor: str = "fan1_rpm",
    ended: bool = False,
    **more: str,
) -> Alert:
    onset_ns = START_NS + minute * MINUTE
    return Alert(
        host=host,
        kind="condition",
        id=alert_id(host, "condition", onset_ns),
        state="resolved" if ended else "open",
        fault=fault,
        also=[],
        severity="P2",
        score=0.6,
        confidence=0.9,
        diagnosis=f"Fan 1 of {host} stopped",
        evidence=[Evidence(sensor, "fan_speed", "rpm", 0.0, 5000.0, "for")],
        actions=["Look at it,\nclosely", "Swap it"],
        onset_ns=onset_ns,
        raised_ns=onset_ns + MINUTE,
        ended_ns=onset_ns + 30 * MINUTE if ended else 0,
        rack=more.get("rack", ""),
    )


def write(folder: Path, *alerts: Alert) -> Path:
    """What a replay of these alerts writes; those that have ended were open before."""
    sink, site = FileSink(), Site()
    for one in alerts:
        for state in ("open", one.state):
            now = one.copy()
            now.state, now.ended_ns = state, one.ended_ns if state == one.state else 0
            sink.write([now.to_point(), *site.observe(AlertChanged(now))])
    sink.write([Point("reading", {"host": "n01"}, {"power_w": 400.0}, START_NS)])
    folder.mkdir(exist_ok=True)
    FileSink.save(sink.points(), folder / "points.lp")
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """One incident of n01 that has ended and one of n02 that is open, each an hour after the other."""
    return write(
        tmp_path / "out", alert("n01", 0, ended=True), alert("n02", 60), alert("n03", 120, ended=True)
    )


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(incidents_app, [str(argument) for argument in arguments])


def rows(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, (result.output, result.exception)
    return [json.loads(line) for line in result.stdout.splitlines()]


def listed(out: Path, *arguments: str) -> list[object]:
    return [row["place"] for row in rows(run("list", "--out", out, "--json", *arguments))]


def test_open_incidents_come_first_and_newer_ones_before_older_ones(out: Path) -> None:
    assert listed(out) == ["n02", "n03", "n01"]


def test_a_list_can_be_narrowed_by_state_host_and_time(out: Path) -> None:
    assert listed(out, "--state", "resolved") == ["n03", "n01"]
    assert listed(out, "--state", "resolved", "--state", "open") == ["n02", "n03", "n01"]
    assert listed(out, "--host", "n01") == ["n01"]
    assert listed(out, "--since", "2026-01-01T01:30:00Z") == ["n02", "n03"]  # what is open counts


def test_an_incident_is_shown_with_members_evidence_and_units(out: Path) -> None:
    (row,) = rows(run("list", "--out", out, "--json", "--host", "n02"))
    shown = run("show", str(row["id"])[:6], "--out", out).stdout
    for text in ("fan1_rpm", "0 rpm", "5,000 rpm", "Swap it", "2026-01-01 01:00:00 UTC", "0.90", "n02"):
        assert text in shown
    (told,) = rows(run("show", str(row["id"]), "--out", out, "--json"))
    (member,) = told["alerts"]  # type: ignore[misc]
    assert member["evidence"] == [  # type: ignore[index]
        {
            "sensor": "fan1_rpm",
            "quantity": "fan_speed",
            "unit": "rpm",
            "seen": 0.0,
            "expected": 5000.0,
            "says": "for",
        }
    ]
    assert member["id"] in row["alerts"]  # type: ignore[index,operator]


def test_the_id_of_an_alert_shows_its_incident(out: Path) -> None:
    (row,) = rows(run("list", "--out", out, "--json", "--host", "n02"))
    (told,) = rows(run("show", alert("n02", 60).id, "--out", out, "--json"))
    assert told["id"] == row["id"]


def test_wrong_use_is_exit_code_2_and_says_what_was_expected(out: Path) -> None:
    for arguments, says in (
        (("list",), "one of --config and --out"),
        (("show", "ffffffffffffffff", "--out", out), "is not known"),
        (("show", "../", "--out", out), "is no id"),
        (("ack", alert("n02", 60).id, "--out", out), "expected --config"),
        (("feedback", alert("n02", 60).id, "true", "--fault", "gremlins", "--out", out), "fan_failure"),
        (("feedback", alert("n02", 60).id, "false", "--out", out), "expected --yes"),
        (("feedback", alert("n02", 60).id, "true", "--action", "9", "--out", out), "expected 1 to"),
        (("feedback", alert("n02", 60).id, "false", "--action", "1", "--yes", "--out", out), "with true"),
    ):
        result = run(*arguments)
        assert type(result.exception).__name__ == "ConfigError", result.output
        assert says in str(result.exception)


def test_a_folder_that_no_replay_wrote_is_named(tmp_path: Path) -> None:
    result = run("list", "--out", tmp_path / "nowhere")
    assert type(result.exception).__name__ == "RecordingError"
    assert "no such file" in str(result.exception)


def test_names_are_no_markup_in_a_table(tmp_path: Path) -> None:
    points = FolderStore(write(tmp_path / "out", alert("[bold]n01\x1b", 0))).since(0)
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(list_table(in_order(read_incidents(points))))
    assert "[bold]n01�" in console.export_text()


# -- verdicts ----------------------------------------------------------------------------------------------


def test_a_verdict_on_a_recording_is_kept_beside_it_and_shown(out: Path) -> None:
    one = alert("n02", 60).id
    assert (
        run("feedback", one, "true", "--fault", "fan_degradation", "--by", "kim", "--out", out).exit_code == 0
    )
    (told,) = rows(run("show", one, "--out", out, "--json"))
    (note,) = told["notes"]  # type: ignore[misc]
    assert (note["action"], note["fault"], note["by"]) == ("true", "fan_degradation", "kim")  # type: ignore[index]
    assert "kim" in run("show", one, "--out", out).stdout


def test_the_action_that_put_it_right_is_noted_by_its_number(out: Path) -> None:
    one = alert("n02", 60).id
    assert run("feedback", one, "true", "--action", "2", "--text", "fan 3", "--out", out).exit_code == 0
    (note,) = rows(run("show", one, "--out", out, "--json"))[0]["notes"]  # type: ignore[misc]
    assert note["text"] == "action 2; fan 3"  # type: ignore[index]


def test_before_false_applies_it_says_what_that_would_have_silenced(tmp_path: Path) -> None:
    others = (alert("n02", 900), alert("n01", 1200, sensor="fan2_rpm"), alert("n01", 1500, fault="unknown"))
    out = write(tmp_path / "out", *(alert("n01", m, ended=True) for m in (0, 300, 600)), *others)
    assert run("feedback", alert("n01", 0).id, "true", "--out", out).exit_code == 0
    result = run("feedback", alert("n01", 300).id, "false", "--yes", "--out", out)
    assert result.exit_code == 0
    assert "n01: fan_failure, shown by fan1_rpm: 3 alerts" in result.stderr
    assert "1 of them confirmed" in result.stderr


def test_the_last_verdict_of_an_alert_counts() -> None:
    history = read_alerts([alert("n01", 0).to_point()])
    notes = [Note("n01", action, at, id=history[0].id) for at, action in ((1, "true"), (2, "false"))]
    signature = Signature("n01", "fan_failure", "fan1_rpm")
    assert effects(history, history, notes) == [Effect(signature, 1, 0)]
    assert effects(history, history, notes[:1]) == [Effect(signature, 1, 1)]


def test_what_put_a_fault_right_is_counted_by_fault_and_action(tmp_path: Path) -> None:
    alerts = [alert("n01", 0), alert("n02", 60), alert("n03", 120), alert("n04", 180)]
    points = FolderStore(write(tmp_path / "out", *alerts)).since(0)
    incident = next(p for p in points if p.measurement == "incident" and p.tags["anchor"] == "n02")
    notes = [
        Note("n01", "true", 1, id=alerts[0].id, fault="psu_failure", text="it was action 2"),
        Note("n02", "true", 2, id=str(incident.fields["id"]), text="Look at it, of course"),
        Note("n03", "false", 3, id=alerts[2].id, text="action 1"),
        Note("n04", "true", 4, id=alerts[3].id, text="action 99"),
    ]
    assert confirmed_actions(notes, read_alerts(points)) == {
        ("psu_failure", FAULTS["psu_failure"].actions[1]): 1,
        ("fan_failure", "Look at it,"): 1,
    }


# -- notes as others write them ----------------------------------------------------------------------------


def test_a_form_may_leave_fields_out_and_write_as_people_do() -> None:
    fields: dict[str, float | str] = {"action": "ACK ", "id": " 3F2A\n", "text": "on\nmy \x1b way"}
    assert read_note(Point("operator_note", {}, fields, 7)) == Note("", "ack", 7, "3f2a", text="on my  way")


def test_a_note_without_a_known_action_is_none() -> None:
    assert read_note(Point("operator_note", {"host": "n01"}, {"action": "reboot"}, 7)) is None
    assert read_note(Point("operator_note", {"host": "n01"}, {"action": 3.0}, 7)) is None


def test_times_are_read_to_the_nanosecond() -> None:
    assert parse_time("2026-01-01T00:00:00.123456789Z") == START_NS + 123_456_789
    assert parse_time("2026-01-01T01:00:00.5+01:00") == START_NS + 500_000_000
    assert parse_time("2026-01-01T00:00:00Z") == START_NS
