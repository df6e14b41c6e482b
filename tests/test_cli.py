"""The command line as its users meet it: real processes, their output and exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent import cli
from agent.errors import ColdaisleError, ConfigError, RecordingError

COMMANDS = ("demo", "run", "replay", "decode", "simulate", "train", "check", "bench")


def coldaisle(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    # A narrow terminal of the test's own must not wrap what is compared.
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "agent", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
        env=environment,
    )


def test_help_lists_every_command_and_is_quick() -> None:
    began_s = time.monotonic()
    shown = coldaisle("--help")
    took_s = time.monotonic() - began_s
    assert shown.returncode == 0
    assert all(f"\n  {command} " in shown.stdout for command in (*COMMANDS, "models"))
    assert took_s < 5  # a tenth of it when nobody else uses the machine; torch alone takes longer than 5


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example(command: str) -> None:
    shown = CliRunner().invoke(cli.app, [command, "--help"])
    assert shown.exit_code == 0
    assert f"Example:\n    coldaisle {command}" in shown.stdout


def test_the_version_is_told() -> None:
    assert coldaisle("--version").stdout == "coldaisle 0.1.0\n"


@pytest.mark.parametrize(
    "arguments",
    [("nonsense",), ("replay",), ("run",), ("run", "--nonsense"), ("train", "x", "--epochs", "0")],
)
def test_wrong_use_is_exit_2(arguments: tuple[str, ...]) -> None:
    assert CliRunner().invoke(cli.app, arguments).exit_code == 2


def test_wrong_use_says_so_on_standard_error() -> None:
    done = coldaisle("nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert "No such command 'nonsense'" in done.stderr


def test_a_wrong_config_is_exit_2_and_a_line_for_each_fault(tmp_path: Path) -> None:
    path = tmp_path / "coldaisle.toml"
    path.write_text('[kafka]\nbroker = ["a:1"]\nsession_timeout_s = 0\n')
    done = coldaisle("run", "--config", str(path))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "coldaisle: config: kafka.session_timeout_s is 0; expected a number of 6..1800",
        "coldaisle: config: kafka.broker is not a key; did you mean brokers?",
    ]


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_config_that_is_not_there_is_exit_2(command: str, tmp_path: Path) -> None:
    path = tmp_path / "nowhere.toml"
    done = coldaisle(command, "--config", str(path))
    assert done.returncode == 2
    assert done.stderr == f"coldaisle: config: {path} cannot be read: No such file or directory\n"


# -- errors become one line and an exit code ---------------------------------------------------------------


def exit_of(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> int | str | None:
    def fail(prog_name: str) -> None:
        raise error

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return caught.value.code


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigError("config: a\nconfig: b"), 2, "coldaisle: config: a\ncoldaisle: config: b\n"),
        (RecordingError("x.jsonl is empty"), 1, "coldaisle: x.jsonl is empty\n"),
        (ColdaisleError(), 1, "coldaisle: ColdaisleError\n"),
        (
            FileNotFoundError(2, "No such file", "out/points.lp"),
            1,
            "coldaisle: out/points.lp: No such file\n",
        ),
    ],
)
def test_an_error_is_a_line_and_an_exit_code(
    error: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_of(error, monkeypatch) == code
    assert capsys.readouterr().err == said


def test_ctrl_c_is_exit_130_without_a_traceback() -> None:
    command = [sys.executable, "-m", "agent", "decode", "-"]
    # A shell starts what runs in its background deaf to SIGINT, and the tests may be that.
    hears = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=hears
    ) as process:
        time.sleep(5)  # until it waits for its first message
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "")


def test_a_reader_that_goes_away_is_no_traceback(tmp_path: Path) -> None:
    recording = tmp_path / "many.txt"
    recording.write_text("not a message\n" * 20_000)
    command = f"{sys.executable} -m agent decode --json {recording} | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


# -- commands on real files --------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["replay", "decode"])
def test_a_recording_that_is_not_there_is_exit_1_and_named(command: str, tmp_path: Path) -> None:
    done = coldaisle(command, str(tmp_path / "nowhere.jsonl"), cwd=tmp_path)
    assert done.returncode == 1
    assert "nowhere.jsonl" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_models_hands_its_arguments_to_its_own_commands() -> None:
    shown = coldaisle("models", "--help")
    assert shown.returncode == 0
    assert "verify" in shown.stdout
    assert coldaisle("models", "nonsense").returncode == 2
