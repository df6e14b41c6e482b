"""The parts of deploy/local that need no server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # deploy/ is no part of the installed package

from deploy.local import builds, services
from deploy.local.influx_server import write_secret
from deploy.local.kafka_server import answers_api_versions, settings_of
from deploy.local.processes import Process, is_free, pick_port, serves, wait_until

CLI = Path(services.__file__)
TOLD = {
    "KAFKA_BROKERS": "127.0.0.1:20001",
    "INFLUX_URL": "http://127.0.0.1:20002",
    "INFLUX_ORG": "dc",
    "INFLUX_BUCKET": "coldaisle",
    "INFLUX_TOKEN_FILE": "/home/some one/it's here/token",
    "KAFKA_PID": "11",
    "INFLUX_PID": "12",
}


@pytest.fixture
def no_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with an empty PATH and an empty cache."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("COLDAISLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("COLDAISLE_INFLUXD", raising=False)
    return tmp_path


def run_cli(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CLI), *arguments]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_shell_reads_the_env_file_as_we_do(tmp_path: Path) -> None:
    env_file = tmp_path / ".services.env"
    services.write_env(env_file, TOLD)
    assert services.read_env(env_file) == TOLD
    said = subprocess.run(
        ["sh", "-c", '. "$0" && printf "%s|%s" "$KAFKA_BROKERS" "$INFLUX_TOKEN_FILE"', str(env_file)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "127.0.0.1:20001|/home/some one/it's here/token"
    assert [path.name for path in tmp_path.iterdir()] == [".services.env"]


def test_without_an_env_file_nothing_is_told_and_nothing_answers(tmp_path: Path) -> None:
    told = services.read_env(tmp_path / "absent")
    assert told == {}
    assert services.answers_of(told) == (False, False)


@pytest.mark.parametrize(
    ("kafka", "influxd", "line"),
    [
        ([], [], ""),
        (["mvn"], [], "Kafka needs docker, or mvn"),
        ([], ["go", "cargo"], "InfluxDB needs docker, or go and cargo"),
        (
            ["java 17 or newer"],
            ["go"],
            "Kafka needs docker, or java 17 or newer; InfluxDB needs docker, or go",
        ),
    ],
)
def test_one_line_names_all_that_is_missing(kafka: list[str], influxd: list[str], line: str) -> None:
    assert services.missing_line(kafka, influxd) == line


def test_a_bare_machine_lacks_every_tool(no_tools: Path) -> None:
    assert builds.kafka_lacks() == ["java 17 or newer", "mvn"]
    assert builds.influxd_lacks() == ["go", "cargo", "a C compiler"]


def test_what_is_in_the_cache_needs_no_tool_to_build_it(no_tools: Path) -> None:
    builds.influxd_target().mkdir(parents=True)
    builds.kafka_target().mkdir(parents=True)
    assert builds.influxd_lacks() == []
    assert builds.kafka_lacks() == ["java 17 or newer"]


def test_a_machine_that_can_have_neither_is_told_so_with_exit_3(no_tools: Path) -> None:
    done = run_cli("start", "--env-file", str(no_tools / "env"))
    assert done.returncode == 3
    assert done.stderr.startswith(
        "services: cannot be had here: Kafka needs docker, or java 17 or newer and mvn; "
    )
    assert done.stderr.count("\n") == 1


def test_stop_succeeds_with_nothing_to_stop(no_tools: Path) -> None:
    env_file = no_tools / "env"
    services.write_env(env_file, TOLD)  # left by servers that died long ago
    done = run_cli("stop", "--env-file", str(env_file))
    assert (done.returncode, done.stdout) == (0, "services: none were running\n")
    assert not env_file.exists()
    assert run_cli("status", "--env-file", str(env_file)).returncode == 1


def test_wrong_use_exits_2() -> None:
    assert run_cli("dance").returncode == 2


@pytest.mark.parametrize(
    ("told", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_392"', 8),
        ('openjdk version "25" 2025-09-16', 25),
        ("The operation could not be completed", 0),
    ],
)
def test_the_version_of_java_is_read_from_what_it_says(told: str, major: int) -> None:
    assert builds.parse_java_major(told) == major


@pytest.mark.parametrize(
    ("listed", "chosen"),
    [
        (
            "1.85.0-x86_64-unknown-linux-gnu (default)\nstable-x86_64-unknown-linux-gnu\n",
            "stable-x86_64-unknown-linux-gnu",
        ),
        (
            "nightly-x86_64-unknown-linux-gnu\n1.85.0-x86_64-unknown-linux-gnu (active, default)\n",
            "1.85.0-x86_64-unknown-linux-gnu",
        ),
        ("nightly-x86_64-unknown-linux-gnu\n", "nightly-x86_64-unknown-linux-gnu"),
        ("no installed toolchains\n", None),
    ],
)
def test_rust_builds_with_stable_else_with_the_default(listed: str, chosen: str | None) -> None:
    assert builds.rust_toolchain(listed) == chosen


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("COLDAISLE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert builds.cache_folder() == tmp_path / "xdg" / "coldaisle"
    monkeypatch.setenv("COLDAISLE_CACHE", str(tmp_path / "own"))
    assert builds.cache_folder() == tmp_path / "own"


def test_a_build_that_fails_leaves_nothing_and_one_that_works_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "thing"

    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise builds.ServicesError("no")

    def work(folder: Path) -> None:
        (folder / "whole").write_text("whole")

    with pytest.raises(builds.ServicesError):
        builds.build_once(target, fail, "a thing")
    assert [path.name for path in tmp_path.iterdir()] == ["thing.lock"]
    assert builds.build_once(target, work, "a thing") == target
    assert builds.build_once(target, fail, "a thing") == target  # not built again
    assert [path.name for path in target.iterdir()] == ["whole"]


def test_only_servers_on_this_folder_are_ours() -> None:
    folder = Path("/cache/run/1234")
    assert serves(["/usr/bin/java", "kafka.Kafka", "/cache/run/1234/kafka/server.properties"], folder)
    assert serves(["/x/influxd", "--bolt-path=/cache/run/1234/influxdb/influxd.bolt"], folder)
    assert not serves(["tail", "-f", "/cache/run/1234/kafka/kafka.log"], folder)
    assert not serves(["java", "kafka.Kafka", "/cache/run/12345/kafka/server.properties"], folder)
    assert not serves([], folder)


def test_a_secret_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("old")
    path.chmod(0o644)
    write_secret(path, "s3cret")
    assert path.read_text() == "s3cret"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_picked_port_is_free_and_no_broker_answers_there() -> None:
    port = pick_port()
    assert is_free(port)
    assert 20000 <= port < 32000
    assert not answers_api_versions("127.0.0.1", port)


def test_a_broker_is_told_to_replicate_nothing() -> None:
    settings = settings_of("127.0.0.1", 20001, 20002)
    assert settings["advertised.listeners"] == "PLAINTEXT://127.0.0.1:20001"
    assert {value for key, value in settings.items() if key.endswith("replication.factor")} == {"1"}


def test_a_process_is_found_dead_once_it_ended_and_its_last_words_are_kept(tmp_path: Path) -> None:
    process = Process(["sh", "-c", "echo last words; exit 3"], tmp_path / "log")
    process.start()
    assert wait_until(lambda: not process.is_alive(), timeout_s=10)
    assert process.log_tail() == "last words"
