"""The Telegraf snippets that come with the project: they parse, and everything they ask for is understood."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from reading_messages import T_NS, decode

from agent.telemetry.measurements import TABLE
from agent.telemetry.measurements.snmp import OBJECTS

FOLDER = Path(__file__).parents[2] / "deploy" / "telegraf"
SNIPPETS = sorted(FOLDER.glob("*.conf"))
OWN_NAMES = ("ipmi.conf", "redfish.conf", "apcupsd.conf", "kafka.conf")  # whose fields Telegraf names


def parsed(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text())


def snmp_inputs() -> Iterator[dict[str, Any]]:
    for path in SNIPPETS:
        yield from parsed(path).get("inputs", {}).get("snmp", [])


def metrics_of(device: dict[str, Any]) -> Iterator[tuple[str, list[str], list[str]]]:
    """(measurement, fields, tags) of what an input sends."""
    tables = [{"name": device["name"], "field": device.get("field", [])}, *device.get("table", [])]
    for table in tables:
        tags = [field["name"] for field in table["field"] if field.get("is_tag")]
        tags += ["index"] if table.get("index_as_tag") else []
        yield table["name"], [f["name"] for f in table["field"] if not f.get("is_tag")], tags


@pytest.mark.parametrize("path", SNIPPETS, ids=lambda path: path.name)
def test_a_snippet_is_toml_with_an_input_or_an_output(path: Path) -> None:
    assert set(parsed(path)) <= {"inputs", "outputs", "processors"}
    assert path.name in OWN_NAMES or path.name.startswith("snmp_")


@pytest.mark.parametrize("path", SNIPPETS, ids=lambda path: path.name)
def test_no_snippet_holds_a_password(path: Path) -> None:
    for line in path.read_text().splitlines():
        if "password" in line.partition("=")[0]:
            assert "${" in line


def test_every_field_of_the_snmp_snippets_is_an_object_that_is_known() -> None:
    named = [field for device in snmp_inputs() for _, fields, _ in metrics_of(device) for field in fields]
    assert len(named) > 25
    assert [field for field in named if field not in OBJECTS] == []


def test_their_messages_are_readings_with_units_of_the_machine_that_was_asked() -> None:
    for device in snmp_inputs():
        for measurement, fields, tags in metrics_of(device):
            if not fields:
                continue
            tagged = ",".join((measurement, "host=collector01", "server=10.0.9.4", *(f"{t}=1" for t in tags)))
            got, letters = decode(f"{tagged} {','.join(f'{f}=2i' for f in fields)} {T_NS}")
            assert letters == {}
            assert len(got) == len(fields)
            assert {g.series.host for g in got} == {"10.0.9.4"}
            percents = {"battery_pct", "valve_pct", "runtime_s", "on_battery_s"}
            assert {g.series.sensor for g in got if g.series.quantity == "other"} <= percents


def test_the_other_inputs_are_measurements_that_are_known() -> None:
    inputs = {name for path in SNIPPETS for name in parsed(path).get("inputs", {})}
    assert inputs == {"ipmi_sensor", "redfish", "snmp", "apcupsd"}
    assert {"ipmi_sensor", "apcupsd", "redfish_thermal_temperatures"} <= set(TABLE)
    assert parsed(FOLDER / "ipmi.conf")["inputs"]["ipmi_sensor"][0]["metric_version"] == 2


def test_what_is_renamed_to_the_key_is_what_the_inputs_send() -> None:
    kafka = parsed(FOLDER / "kafka.conf")
    assert kafka["outputs"]["kafka"][0]["routing_tag"] == "server"
    assert kafka["outputs"]["kafka"][0]["data_format"] == "json"
    renamed = [pattern for rename in kafka["processors"]["rename"] for pattern in rename["namepass"]]
    for device in snmp_inputs():
        assert device["agent_host_tag"] == "agent_host"
        for measurement, _, _ in metrics_of(device):
            assert any(measurement.startswith(pattern.rstrip("*")) for pattern in renamed)
