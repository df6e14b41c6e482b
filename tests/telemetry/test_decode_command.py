"""`coldaisle decode`: one JSON object a reading or set-aside message, or a table."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from agent import decode_command
from agent.decode_command import decode_files

NATIVE = '{{"ts":"2026-01-01T00:00:{:02}Z","host":"n1","metrics":{{"inlet_temp_c":24.5,"fan1_rpm":5040}}}}\n'


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "fleet.txt"
    first, second, third = (NATIVE.format(second) for second in (0, 10, 20))
    path.write_text(f"broken\n{first}\n{second}{{\n{third}[]")
    return path


def told(paths: list[Path], as_json: bool) -> str:
    out = io.StringIO()
    decode_files(paths, as_json, out)
    return out.getvalue()


def test_json_tells_readings_and_set_aside_messages_in_their_order(recording: Path) -> None:
    objects = [json.loads(line) for line in told([recording], True).splitlines()]
    assert objects[0] == {"line": 1, "reason": "not json or line protocol"}
    assert objects[1] == {
        "line": 2,
        "time_ns": 1767225600000000000,
        "host": "n1",
        "sensor": "inlet_temp_c",
        "quantity": "temperature",
        "unit": "Cel",
        "value": 24.5,
    }
    assert [o["line"] for o in objects] == [1, 2, 2, 4, 4, 5, 6, 6, 7]
    assert objects[5] == {"line": 5, "reason": "not json"}
    assert objects[8] == {"line": 7, "reason": "nothing usable"}


def test_json_does_not_depend_on_batches(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = told([recording], True)
    monkeypatch.setattr(decode_command, "BATCH_MESSAGES", 2)
    assert told([recording], True) == whole


def test_lines_are_counted_from_one_in_every_file(recording: Path) -> None:
    objects = [json.loads(line) for line in told([recording, recording], True).splitlines()]
    assert [o["line"] for o in objects] == 2 * [1, 2, 2, 4, 4, 5, 6, 6, 7]


def test_the_table_tells_rates_units_and_counts(recording: Path) -> None:
    text = told([recording], False)
    (row,) = [line for line in text.splitlines() if "fan1_rpm" in line]
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        "n1",
        "fan1_rpm",
        "fan_speed",
        "rpm",
        "3",
        "10 s",
        "5040",
        "5040",
        "5040",
    ]
    assert (
        "6 messages: 3 decoded to 6 readings of 2 sensors on 1 hosts; 3 set aside "
        "(1 not json or line protocol, 1 not json, 1 nothing usable)"
    ) in text
