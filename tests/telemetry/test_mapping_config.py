"""A site's own scale table: what its rows match, what they make of values, and what is said of wrong ones."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from reading_messages import T_NS, Got
from reading_messages import decode as decode_by
from rich.console import Console
from typer.testing import CliRunner

from agent.cli import app
from agent.config import load_config
from agent.errors import ConfigError
from agent.progress import Quiet
from agent.replay import replay
from agent.telemetry.decoder import Decoder
from agent.telemetry.mappings import FieldMapping
from agent.topology import Topology
from agent.training_set import read_training_set

RARITAN = """
[[telemetry.mapping]]
measurement = "snmp_raritan*"
field = "measurementsInletSensorValue"
tags = { sensorType = "rmsCurrent" }
sensor = "phase{pole}_a"
unit = "A"
scale = 0.001
missing = [-1]
"""


def mappings(folder: Path, text: str) -> tuple[FieldMapping, ...]:
    path = folder / "coldaisle.toml"
    path.write_text(text)
    return load_config(path).telemetry.mappings()


def decode(folder: Path, text: str, *lines: str) -> list[Got]:
    return decode_by(*lines, decoder=Decoder(mappings(folder, text)))[0]


def values(folder: Path, text: str, *lines: str) -> dict[str, float]:
    return {got.series.sensor: got.value for got in decode(folder, text, *lines)}


def inlet(tags: str, value: int, measurement: str = "snmp_raritan_inlet") -> str:
    return f"{measurement},agent_host=p1,{tags} measurementsInletSensorValue={value}i {T_NS}"


# -- what a row is about -----------------------------------------------------------------------------------


def test_a_row_names_and_scales_what_nobody_could_know(tmp_path: Path) -> None:
    lines = [inlet(f"pole={pole},sensorType=rmsCurrent", 2800 + pole) for pole in (1, 2)]
    got = decode(tmp_path, RARITAN, *lines)
    assert [(g.series.sensor, g.series.quantity, g.series.unit) for g in got] == [
        ("phase1_a", "current", "A"),
        ("phase2_a", "current", "A"),
    ]
    assert [g.value for g in got] == pytest.approx([2.801, 2.802])


def test_a_row_is_about_its_measurement_its_tags_and_its_placeholders(tmp_path: Path) -> None:
    others = [
        inlet("pole=1,sensorType=rmsVoltage", 230),
        inlet("sensorType=rmsCurrent", 2800),
        inlet("pole=1,sensorType=rmsCurrent", 2800, "snmp_other"),
    ]
    for line in others:
        assert "phase1_a" not in values(tmp_path, RARITAN, line)


def test_a_value_that_stands_for_none_is_no_reading(tmp_path: Path) -> None:
    assert values(tmp_path, RARITAN, inlet("pole=1,sensorType=rmsCurrent", -1)) == {}


def test_a_row_wins_over_what_is_known(tmp_path: Path) -> None:
    """This site's Telegraf scales the value itself and keeps the object's name."""
    row = '[[telemetry.mapping]]\nfield = "rPDU2PhaseStatusCurrent"\nsensor = "phase{index}_a"\n'
    line = f"rpdu,agent_host=p1,index=1 rPDU2PhaseStatusCurrent=2.8 {T_NS}"
    assert values(tmp_path, row, line) == {"phase1_a": 2.8}
    ipmi = f"ipmi_sensor,name=aux_temp,server=n1,unit=degrees_c,status_code=ok value=31 {T_NS}"
    named = '[[telemetry.mapping]]\nfield = "value"\ntags = { name = "aux_*" }\nsensor = "exhaust_temp_c"\n'
    assert values(tmp_path, named, ipmi) == {"exhaust_temp_c": 31}


def test_the_first_row_that_fits_counts(tmp_path: Path) -> None:
    rows = (
        '[[telemetry.mapping]]\nfield = "a*"\nsensor = "first_c"\n'
        '[[telemetry.mapping]]\nfield = "*"\nsensor = "{measurement}_{field}_c"\n'
    )
    assert values(tmp_path, rows, f"room,host=n1 a1=1,b1=2 {T_NS}") == {"first_c": 1, "room_b1_c": 2}


def test_two_series_of_one_name_keep_apart(tmp_path: Path) -> None:
    row = '[[telemetry.mapping]]\nfield = "t"\nsensor = "supply_temp_c"\n'
    lines = [f"ahu,host=n1,unit_no={n} t={n} {T_NS}" for n in (1, 2)]
    assert len({g.series for g in decode(tmp_path, row, *lines)}) == 2


def test_rows_are_for_every_dialect(tmp_path: Path) -> None:
    row = '[[telemetry.mapping]]\nfield = "t_raw"\nsensor = "inlet_temp_c"\nscale = 0.1\n'
    as_json = f'{{"fields":{{"t_raw":245}},"name":"x","tags":{{"host":"n1"}},"timestamp":{T_NS}}}'
    native = f'{{"ts":{T_NS},"host":"n1","metrics":{{"t_raw":245}}}}'
    sample = (
        '{"timestamp":"2026-01-01T00:00:00Z","value":"245","name":"t_raw","labels":{"instance":"n1:9100"}}'
    )
    for message in (f"x,host=n1 t_raw=245i {T_NS}", as_json, native, sample):
        assert values(tmp_path, row, message) == {"inlet_temp_c": 24.5}


# -- units -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "sent", "kept"),
    [
        ('sensor = "supply_temp_c"\nunit = "degF"', 68, ("temperature", "Cel", 20)),
        ('sensor = "supply_temp_c"\nunit = "degF"\nscale = 0.1', 680, ("temperature", "Cel", 20)),
        ('sensor = "return_temp_c"\noffset = -1.5', 30, ("temperature", "Cel", 28.5)),
        ('sensor = "supply_temp_c"\nunit = "degF"\noffset = 1', 67, ("temperature", "Cel", 20)),
        ('sensor = "power_w"\nunit = "kW"\nscale = 0.01', 57, ("power", "W", 570)),
        ('sensor = "energy_j"\nunit = "kWh"\nscale = 0.1', 10, ("energy", "J", 3_600_000)),
        ('sensor = "energy_j"\nunit = "Wh"', 10, ("energy", "J", 36_000)),
        ('sensor = "fan_pct"\nunit = "%"', 45, ("fan_speed", "1", 0.45)),
        ('sensor = "load_util"\nunit = "%"', 45, ("utilization", "1", 0.45)),
        ('sensor = "load"\nquantity = "utilization"\nunit = "%"', 45, ("utilization", "1", 0.45)),
        ('sensor = "rh_pct"\nunit = "%"', 45, ("humidity", "%", 45)),
        ('sensor = "battery_pct"\nunit = "%"', 45, ("other", "1", 45)),
        ('sensor = "output_source"\nquantity = "state"', 5, ("state", "1", 5)),
        ('sensor = "pressure"', 5, ("other", "1", 5)),
    ],
)
def test_units_become_ours(tmp_path: Path, words: str, sent: float, kept: tuple[str, str, float]) -> None:
    text = f'[[telemetry.mapping]]\nfield = "v"\n{words}\n'
    got = decode(tmp_path, text, f"x,host=n1 v={sent} {T_NS}")
    assert [(g.series.quantity, g.series.unit) for g in got] == [kept[:2]]
    assert got[0].value == pytest.approx(kept[2])


# -- wrong rows --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('sensor = "a"', "field is not set; expected a field's name, * for any text"),
        (
            'field = "x"\nsensor = "Phase A"',
            'sensor is "Phase A"; expected a name of a-z, 0-9 and _, with {tag} for the value of a tag',
        ),
        ('field = "x"\nsensor = "a"\nscale = 0', "scale is 0.0; expected a number within 1e12 of 0, not 0"),
        (
            'field = "x"\nsensor = "a"\nunit = "bananas"',
            'unit is "bananas"; expected a unit such as A, V, W, ',
        ),
        (
            'field = "x"\nsensor = "a"\nunit = "A"\nquantity = "power"',
            'unit is "A"; expected a unit of power',
        ),
        (
            'field = "x"\nsensor = "a"\nquantity = "heat"',
            'quantity is "heat"; expected one of power, energy, ',
        ),
        ('field = "x"\nsensor = "a"\nmissing = ["none"]', 'missing is "none"; expected a list of numbers'),
        (
            'field = "x"\nsensor = "a"\ntags = { phase = 1 }',
            'tags.phase is 1; expected a table of tag = "value"',
        ),
        ('feild = "x"\nfield = "x"\nsensor = "a"', "feild is not a key; did you mean field?"),
    ],
)
def test_a_wrong_row_is_told_in_one_line_with_its_number(tmp_path: Path, row: str, said: str) -> None:
    good = '[[telemetry.mapping]]\nfield = "x"\nsensor = "a"\n'
    with pytest.raises(ConfigError) as caught:
        mappings(tmp_path, f"{good}[[telemetry.mapping]]\n{row}\n")
    assert str(caught.value).startswith(f"config: telemetry.mapping[2].{said}")
    assert len(str(caught.value).splitlines()) == 1


# -- every command that decodes ----------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path) -> tuple[Path, Path]:
    """A config with a row, and a recording that only makes sense with it."""
    config, recording = tmp_path / "coldaisle.toml", tmp_path / "room.log"
    config.write_text(
        '[[telemetry.mapping]]\nfield = "t1"\nsensor = "supply_temp_c"\nunit = "degF"\nscale = 0.1\n'
    )
    lines = [f"ahu,host=crac1 t1=68{n % 10}i {T_NS + n * 10_000_000_000}\n" for n in range(100)]
    recording.write_text("".join(lines))
    return config, recording


def test_decode_applies_a_configs_rows(site: tuple[Path, Path]) -> None:
    result = CliRunner().invoke(app, ["decode", "--config", str(site[0]), "--json", str(site[1])])
    first = json.loads(result.output.splitlines()[0])
    assert (first["sensor"], first["unit"], round(first["value"], 6)) == ("supply_temp_c", "Cel", 20)


def test_replay_and_train_apply_them_too(site: tuple[Path, Path], tmp_path: Path) -> None:
    config, recording = load_config(site[0]), site[1]
    out = tmp_path / "out"
    replay([recording], config, out=out, console=Console(file=io.StringIO()))
    assert "supply_temp_c=20" in (out / "points.lp").read_text()
    found = read_training_set([recording], Topology(), Quiet(), config.telemetry.mappings())
    assert [cohort.sensors for cohort in found.cohorts] == [("supply_temp_c",)]


def test_the_rows_that_the_sample_shows_are_good_ones(tmp_path: Path) -> None:
    sample = (Path(__file__).parents[2] / "deploy" / "coldaisle.toml").read_text()
    section = sample.partition("\n[telemetry]\n")[2].partition("\n[")[0]
    shown = re.findall(r"^## (\[\[telemetry\.mapping\]\]|\w+ = .*)$", section, re.MULTILINE)
    rows = mappings(tmp_path, "\n".join(shown))
    assert [(row.sensor, row.unit.quantity) for row in rows] == [
        ("phase{pole}_a", "current"),
        ("output_source", "state"),
    ]
