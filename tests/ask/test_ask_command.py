"""`coldaisle ask` on what a replay wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cases import ACTIONS, START_NS, alert, incident_of, points_of, write_folder
from typer.testing import CliRunner, Result

from agent.cli import app
from agent.notes import Note
from agent.sink.files import FileSink


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["ask", *arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_folder(tmp_path)
    return tmp_path


INCIDENT = incident_of(alert()).id


def test_an_incident_is_named_by_the_beginning_of_its_id_or_of_an_alerts(folder: Path) -> None:
    for one in (INCIDENT, INCIDENT[:5], alert().id, alert("sensor").id.upper()):
        told = run(one, "why not the feed?", "--out", str(folder))
        assert told.output == "Not feed loss: PSU 2 input voltage 229 V, expected 230 V.\n"


def test_the_answer_is_in_the_language_of_the_question_unless_another_is_asked_for(folder: Path) -> None:
    def ask(question: str, *more: str) -> str:
        return run(INCIDENT, question, "--out", str(folder), *more).output

    assert ask("结束了吗") == "是，已于 2026-01-01 01:02:00（UTC）结束。\n"
    assert ask("结束了吗", "--lang", "en") == "Yes, it ended at 2026-01-01 01:02:00 UTC.\n"
    assert ask("is it over", "--lang", "zh").startswith("是，已于")


def test_json_has_the_topic_the_answer_and_the_rows_that_it_quotes(folder: Path) -> None:
    told = json.loads(run(INCIDENT, "why not the feed?", "--out", str(folder), "--json").output)
    assert (told["id"], told["topic"], told["known"], told["source"]) == (
        INCIDENT,
        "why_not",
        True,
        "evidence",
    )
    assert told["evidence"] == [
        {
            "sensor": "psu2_vin",
            "quantity": "voltage",
            "unit": "V",
            "seen": 229.0,
            "expected": 230.0,
            "says": "against",
        }
    ]
    assert json.loads(run(INCIDENT, "joke", "--out", str(folder), "--json").output)["known"] is False


def test_a_sensors_past_comes_from_the_replays_readings(folder: Path) -> None:
    told = run(INCIDENT, "what did psu2_in_w read", "--out", str(folder)).output
    assert told.endswith(
        "PSU 2 input power of r1-n03 read 135 W at 2025-12-31 23:55:00 UTC, between 0 and 135 W "
        "since, and 0 W at "
        "2026-01-01 00:09:00 UTC (15 readings).\n"
    )


def test_notes_of_operators_tell_who_acknowledged_and_which_action_helped(tmp_path: Path) -> None:
    notes = [
        Note("r1-n03", "ack", START_NS + 60_000_000_000, INCIDENT, by="kim").to_point(),
        *(Note("r1-n03", "true", START_NS + i, INCIDENT).to_point() for i in range(3)),
    ]
    write_folder(tmp_path, *notes)
    assert run(INCIDENT, "who acknowledged?", "--out", str(tmp_path)).output == (
        "Acknowledged by kim at 2026-01-01 00:01:00 UTC.\n"
    )
    first = run(INCIDENT, "what first?", "--out", str(tmp_path)).output
    assert first.startswith(f"1. {ACTIONS[0]}.")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("abcd", "why", "--out", "{}"), "ask: abcd is not known; see coldaisle incidents list"),
        (("ab", "why", "--out", "{}"), "ask: 'ab' is no id; expected 4 to 16 hex digits"),
        (("abcd", "why"), "ask: expected --config or --out"),
        ((INCIDENT, "  ", "--out", "{}"), "ask: there is no question; expected one about what happened"),
        ((INCIDENT, "why", "--config", "{}/none.toml", "--out", "{}"), "cannot be read"),
    ],
)
def test_wrong_use_is_said_in_a_line(folder: Path, arguments: tuple[str, ...], complaint: str) -> None:
    command = [sys.executable, "-m", "agent", "ask", *(one.format(folder) for one in arguments)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert told.returncode == 2 and told.stdout == ""
    assert told.stderr.startswith("coldaisle: ") and complaint in told.stderr


def test_a_folder_that_no_replay_wrote_into_is_said_in_a_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "agent", "ask", "abcd", "why", "--out", str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert told.returncode == 1 and "no such file" in told.stderr


def test_no_control_code_of_a_name_reaches_the_terminal(tmp_path: Path) -> None:
    hostile = alert(host="n\x1b[2J01")
    FileSink.save(points_of(hostile), tmp_path / "points.lp")
    told = run(hostile.id, "what happened", "--out", str(tmp_path))
    assert told.exit_code == 0 and "\x1b" not in told.output and "n�[2J01" in told.output
