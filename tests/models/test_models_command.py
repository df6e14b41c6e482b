"""`coldaisle models` as its users meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from detectors import build_detector
from typer.testing import CliRunner, Result

from agent.errors import RegistryError
from agent.models_command import models_app
from models.registry import Registry


def models(*arguments: str | Path) -> Result:
    result = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(
        models_app, [str(a) for a in arguments]
    )
    if isinstance(result.exception, RegistryError):
        raise result.exception  # `coldaisle` makes a line and exit code 1 of it
    return result


def objects(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "registry"


@pytest.fixture
def releases(folder: Path) -> list[str]:
    training = {"files": ["week1.log.gz"], "seed": 7, "hosts": {"0a1b2c3d": ["n1"]}}
    return [Registry(folder).save([build_detector(seed=seed)], {}, training) for seed in (1, 2)]


def test_list_shows_each_version_and_marks_the_champion(folder: Path, releases: list[str]) -> None:
    one, two = releases
    listed = objects(models("list", "--registry", folder, "--json"))
    assert [(v["release"], v["serial"], v["champion"], v["parent"]) for v in listed] == [
        (one, 1, True, ""),
        (two, 2, False, one),
    ]
    assert listed[0]["cohorts"] == ["0a1b2c3d"]
    shown = models("list", "--registry", folder).stdout
    assert one in shown
    assert shown.count("champion") == 1


def test_list_of_nothing_says_how_to_begin(folder: Path) -> None:
    assert models("list", "--registry", folder).stdout == "no versions yet: coldaisle train makes the first\n"
    assert models("list", "--registry", folder, "--json").stdout == ""


def test_show_tells_what_is_in_a_version(folder: Path, releases: list[str]) -> None:
    (shown,) = objects(models("show", "--registry", folder, "--json"))
    assert (shown["release"], shown["training"]["seed"]) == (releases[0], 7)
    assert shown["cohorts"]["0a1b2c3d"]["sensors"] == ["inlet_temp_c", "fan1_rpm", "power_w"]
    text = models("show", releases[1], "--registry", folder).stdout
    assert f"Release {releases[1]}" in text
    assert "week1.log.gz" in text
    assert "inlet_temp_c, fan1_rpm, power_w" in text
    with pytest.raises(RegistryError, match="no champion yet"):
        models("show", "--registry", folder / "nowhere")


def test_verify_names_what_must_not_be_used_and_exits_with_1(folder: Path, releases: list[str]) -> None:
    one, two = releases
    good = models("verify", "--registry", folder)
    assert (good.exit_code, good.stdout) == (0, f"ok      {one}\nok      {two}\n")
    (folder / "versions" / two / "periods.json").write_text("{}...")
    bad = models("verify", "--registry", folder, "--json")
    assert bad.exit_code == 1
    assert [(v["release"], v["ok"]) for v in objects(bad)] == [(one, True), (two, False)]
    assert "expected 2" in str(objects(bad)[1]["fault"])
    assert models("verify", one, "--registry", folder).exit_code == 0
    assert models("verify", "../../etc", "--registry", folder).exit_code == 1


def test_promote_and_rollback_say_who_serves(folder: Path, releases: list[str]) -> None:
    one, two = releases
    assert models("promote", two, "--registry", folder).stdout == f"champion: {two}\n"
    with pytest.raises(RegistryError, match="going back is rollback"):
        models("promote", one, "--registry", folder)
    assert objects(models("rollback", "--registry", folder, "--json")) == [{"champion": one}]
    with pytest.raises(RegistryError, match="no champion before"):
        models("rollback", "--registry", folder)


def test_the_registry_of_a_config_is_taken(folder: Path, releases: list[str], tmp_path: Path) -> None:
    config = tmp_path / "coldaisle.toml"
    config.write_text('[models]\nregistry = "registry"\n')
    assert len(objects(models("list", "--config", config, "--json"))) == 2
    assert objects(models("list", "--config", config, "--registry", folder / "x", "--json")) == []


@pytest.mark.parametrize("command", ["list", "show", "verify", "promote", "rollback"])
def test_every_command_has_an_example(command: str) -> None:
    assert f"Example:\n    coldaisle models {command}" in models(command, "--help").stdout
