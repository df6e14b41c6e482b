"""Notes of operators on a real Kafka and InfluxDB: obeyed in seconds, exact when the daemon is killed."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest
from compare import read_points
from daemon_process import DaemonProcess, Setup, wait_until_committed
from fleet import COOL, HOT, MINUTE, Fleet, incidents, states, wait_until

from agent.config import load_config
from agent.incident_store import InfluxStore
from agent.notes import Note
from agent.points import Point
from agent.sink.flux import InfluxError
from deploy.local.influx_server import InfluxServer

OBEYED_S = 20.0  # the owner looks every five seconds
FEW = 12  # ticks


def run(setup: Setup, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`coldaisle incidents …`, as a process of its own."""
    command = [sys.executable, "-m", "agent", "incidents", *arguments, "--config", str(setup.config_file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def rows(setup: Setup, *arguments: str) -> list[dict[str, object]]:
    done = run(setup, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def incident_of(setup: Setup, host: str) -> str:
    (row,) = rows(setup, "list", "--host", host)
    return str(row["id"])


def fields_of(influx: InfluxServer, setup: Setup, host: str) -> list[dict[str, object]]:
    """The alerts of a host, by onset."""
    found = read_points(influx.url, influx.token, influx.org, setup.bucket)
    return [
        dict(fields)
        for (measurement, tags, _), fields in sorted(found.items())
        if measurement == "alert" and dict(tags)["host"] == host
    ]


def test_an_incident_is_listed_shown_acknowledged_and_resolves(
    setup: Setup, influx: InfluxServer, fleet: Fleet, daemon: DaemonProcess
) -> None:
    fleet.send(10, n01=COOL, n02=COOL)
    fleet.send(FEW, n01=HOT, n02=COOL)
    wait_until(lambda: incidents(influx, setup) == {"n01": "open"}, "the incident")
    (row,) = rows(setup, "list", "--state", "open")
    assert (row["place"], row["severity"], row["scope"]) == ("n01", "P1", "host")
    shown = run(setup, "show", str(row["id"])[:8]).stdout
    for text in ("cpu1_temp_c", "99 °C", "90 °C", "n01"):
        assert text in shown
    rows(setup, "ack", str(row["id"]), "--by", "kim", "--text", "on my way")
    wait_until(lambda: states(influx, setup) == {"n01": "acknowledged"}, "the alert", OBEYED_S)
    wait_until(lambda: incidents(influx, setup) == {"n01": "acknowledged"}, "the incident", OBEYED_S)
    (told,) = rows(setup, "show", str(row["id"]))
    assert [note["by"] for note in told["notes"]] == ["kim"]  # type: ignore[attr-defined]
    fleet.send(3, n01=HOT, n02=COOL)
    fleet.send(80, n01=COOL, n02=COOL)
    wait_until(lambda: incidents(influx, setup) == {"n01": "resolved"}, "the end")
    assert rows(setup, "list", "--state", "open") == []
    assert run(setup, "ack", str(row["id"])).returncode == 1
    assert daemon.stop() == 0


def test_killed_around_a_note_the_daemon_takes_it_once(
    setup: Setup, influx: InfluxServer, fleet: Fleet, daemon: DaemonProcess
) -> None:
    chance = random.Random(3)
    fleet.send(10, n01=COOL, n02=COOL)
    fleet.send(3, n01=HOT, n02=HOT)
    wait_until(lambda: incidents(influx, setup).keys() == {"n01", "n02"}, "both incidents")
    rows(setup, "ack", incident_of(setup, "n01"))
    for _ in range(4):
        time.sleep(chance.uniform(0, 7.0))
        daemon.kill()
        fleet.send(1, n01=HOT, n02=HOT)
        daemon.start()
    wait_until_committed(setup, 1)
    wait_until(lambda: states(influx, setup) == {"n01": "acknowledged", "n02": "open"}, "one of both")
    wait_until(lambda: incidents(influx, setup) == {"n01": "acknowledged", "n02": "open"}, "their incidents")
    assert sum("notes taken" in line for line in daemon.log().splitlines()) <= 2  # killed before the commit
    assert daemon.stop() == 0


def test_what_was_found_false_is_info_until_it_is_true_again(
    setup: Setup, influx: InfluxServer, fleet: Fleet, daemon: DaemonProcess
) -> None:
    """Fans that stop are evidence; the limit that `fleet` sends with the CPU is told all the same."""
    fleet.send(10, n01=COOL)
    fleet.send_fans(10, n01=5000)
    fleet.send_fans(5, n01=0)
    wait_until(lambda: incidents(influx, setup) == {"n01": "open"}, "the incident")
    incident = incident_of(setup, "n01")
    done = run(setup, "feedback", incident, "false", "--yes", "--by", "kim")
    assert done.returncode == 0, done.stderr
    assert "n01: fan_failure, shown by fan1_rpm: 1 alert of the last 90 days" in done.stderr
    wait_until(lambda: states(influx, setup) == {"n01": "suppressed"}, "suppressed", OBEYED_S)
    (alert,) = fields_of(influx, setup, "n01")
    assert alert["severity"] == "info"
    assert incidents(influx, setup) == {"n01": "suppressed"}
    rows(setup, "feedback", incident, "true")
    fleet.send_fans(1, n01=0)
    wait_until(lambda: states(influx, setup) == {"n01": "open"}, "told again", OBEYED_S)
    assert daemon.stop() == 0


def test_a_form_writes_maintenance_as_a_point(
    setup: Setup, influx: InfluxServer, fleet: Fleet, daemon: DaemonProcess
) -> None:
    fleet.send(10, n01=COOL, n02=COOL, m01=COOL)
    wait_until_committed(setup, 1)
    store = InfluxStore(load_config(setup.config_file).influx)
    # The hosts' telemetry is of an hour ago, so the window began before that.
    begun_ns = time.time_ns() - 2 * 60 * MINUTE
    note = Note("n01", "maintenance", begun_ns, by="grafana", text="5h new fans").to_point()
    store.add(
        Point(note.measurement, note.tags, {"action": "maintenance", "text": "5h new fans"}, note.time_ns)
    )
    daemon.wait_until_logged("notes taken")
    fleet.send(3, n01=HOT, n02=HOT, m01=COOL)
    wait_until(lambda: states(influx, setup) == {"n01": "suppressed", "n02": "open"}, "one is muted")
    # An alert that was just before the note has an incident, and it is suppressed with it.
    told = incidents(influx, setup)
    assert {host for host, state in told.items() if state == "open"} == {"n02"}
    assert daemon.stop() == 0


def test_a_window_in_the_config_and_one_in_a_calendar_are_kept(
    setup: Setup, influx: InfluxServer, fleet: Fleet
) -> None:
    start, end = (datetime.fromtimestamp(time.time() + hours * 3600, UTC) for hours in (-2, 2))
    setup.extra = f"""
[maintenance]
ical_file = "work.ics"
[[maintenance.window]]
hosts = ["n01"]
start = {start:%Y-%m-%dT%H:%M:%SZ}
end = {end:%Y-%m-%dT%H:%M:%SZ}
"""
    (setup.folder / "work.ics").write_text(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\nBEGIN:VEVENT\r\nUID:1\r\nLOCATION:rack:r2\r\n"
        f"DTSTART:{start:%Y%m%dT%H%M%SZ}\r\nDTEND:{end:%Y%m%dT%H%M%SZ}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    with DaemonProcess(setup) as daemon:
        daemon.start()
        fleet.send(10, n01=COOL, n02=COOL, m01=COOL)
        fleet.send(3, n01=HOT, n02=HOT, m01=HOT)
        wait_until(lambda: incidents(influx, setup) == {"m01": "open"}, "the one that nobody works on")
        assert states(influx, setup) == {"n01": "suppressed", "n02": "suppressed", "m01": "open"}
        assert daemon.stop() == 0


def test_a_token_that_may_not_read_is_said_in_a_line(setup: Setup) -> None:
    config = load_config(setup.write_config()).influx
    setup.token_file.write_text("nobody's")
    with pytest.raises(InfluxError, match="401"):
        InfluxStore(config).notes(0)
    done = run(setup, "list")
    assert done.returncode == 1
    assert done.stderr.startswith("coldaisle: influx: ")
