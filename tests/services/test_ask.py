"""`coldaisle ask` on a real InfluxDB."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.alert import rfc3339
from agent.cli import app
from agent.config import InfluxConfig
from agent.points import Point
from agent.sensor_history import query_sensor
from agent.sink.influx import InfluxSink
from deploy.local.influx_server import InfluxServer

START_NS = 1_767_225_600_000_000_123
SECOND_NS = 1_000_000_000
EVIDENCE = (
    '[{"sensor":"psu2_in_w","quantity":"power","unit":"W","seen":0.0,"expected":135.0,"says":"for"},'
    '{"sensor":"psu2_vin","quantity":"voltage","unit":"V","seen":229.0,"expected":230.0,"says":"against"}]'
)
POINTS = [
    Point(
        "alert",
        {"host": "n07", "kind": "condition"},
        {
            "id": "aa11aa11",
            "incident": "bb22bb22",
            "state": "open",
            "fault": "psu_failure",
            "severity": "P1",
            "confidence": 0.95,
            "diagnosis": "PSU2 of n07 delivers 0 W.",
            "evidence": EVIDENCE,
            "actions": "one\ntwo",
            "also": "",
            "ended": "",
            "raised": rfc3339(START_NS),
            "rack": "r3",
            "data": "live",
        },
        START_NS,
    ),
    Point(
        "incident",
        {"anchor": "n07"},
        {
            "id": "bb22bb22",
            "state": "open",
            "scope": "host",
            "place": "n07",
            "fault": "psu_failure",
            "severity": "P1",
            "hosts": 1.0,
            "host_list": "n07",
            "root_cause_confidence": 0.95,
            "raised": rfc3339(START_NS),
            "ended": "",
            "time_to_limit_s": -1.0,
        },
        START_NS,
    ),
    Point(
        "operator_note",
        {"host": "n07"},
        {
            "id": "bb22bb22",
            "action": "ack",
            "by": "kim",
            "text": "",
            "fault": "",
        },
        START_NS + 60 * SECOND_NS,
    ),
    *(
        Point(
            "reading",
            {"host": host},
            {"psu2_in_w": 135.0 - 45 * i, "fan1_rpm": 1.0},
            START_NS + i * SECOND_NS,
        )
        for host in ("n07", "n08")
        for i in range(4)
    ),
]


@pytest.fixture
def config(influx: InfluxServer, bucket: str, tmp_path: Path) -> Path:
    token = tmp_path / "token"
    token.write_text(influx.token)
    sink = InfluxSink(influx.url, influx.org, bucket, lambda: influx.token)
    assert sink.write(POINTS) == []
    path = tmp_path / "coldaisle.toml"
    path.write_text(
        f'[influx]\nurl = "{influx.url}"\norg = "{influx.org}"\nbucket = "{bucket}"\ntoken_file = "token"\n'
    )
    return path


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("why not the feed?", "Not feed loss: PSU 2 input voltage 229 V, expected 230 V."),
        ("who acknowledged?", "Acknowledged by kim at 2026-01-01 00:01:00 UTC."),
        ("is it over?", "No, it is open."),
        (
            "what did psu2_in_w read",
            "In the evidence: PSU 2 input power 0 W (expected 135 W) on n07 (psu2_in_w). PSU 2 input power "
            "of n07 read 135 W at 2026-01-01 00:00:00 UTC, between 0 and 135 W since, and 0 W at 2026-01-01 "
            "00:00:03 UTC (4 readings).",
        ),
        (
            "what did fan1_rpm read",
            "fan 1 of n07 read 1 rpm at 2026-01-01 00:00:00 UTC, between 1 and 1 rpm since, "
            "and 1 rpm at 2026-01-01 00:00:03 UTC (4 readings).",
        ),
    ],
)
def test_questions_are_answered_from_what_is_stored(config: Path, question: str, said: str) -> None:
    for one in ("bb22", "aa11aa11"):
        told = CliRunner().invoke(app, ["ask", one, question, "--config", str(config)])
        assert told.output == f"{said}\n"


def test_a_sensors_readings_are_those_of_its_host_within_the_time_asked_for(
    influx: InfluxServer, bucket: str, config: Path, tmp_path: Path
) -> None:
    settings = InfluxConfig(url=influx.url, org=influx.org, bucket=bucket, token_file=tmp_path / "token")
    rows = query_sensor(settings, "n07", "psu2_in_w", START_NS + SECOND_NS, START_NS + 2 * SECOND_NS)
    assert rows == [(START_NS + SECOND_NS, 90.0), (START_NS + 2 * SECOND_NS, 45.0)]
    assert query_sensor(settings, 'n07" or true or "', "psu2_in_w", 0, START_NS + 10**12) == []
