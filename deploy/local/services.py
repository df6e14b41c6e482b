#!/usr/bin/env python3
"""Runs a real Kafka and a real InfluxDB on free local ports, for people and tests, with docker or without.

    services.py start    -> both answer, and .services.env in the repository says where
    services.py status   -> 0 if both answer, else 1
    services.py stop     -> neither runs; right also if they died or were replaced
    services.py prepare  -> only gets what start needs: images, or jars and a build of InfluxDB

Exit codes: 0 ok, 1 failed, 2 wrong use, 3 this machine can have neither docker nor what replaces it.
Environment: COLDAISLE_CACHE (a folder), COLDAISLE_INFLUXD (a ready influxd, or an .xz of it).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the repository, wherever this is run from

from deploy.local import builds
from deploy.local.builds import MissingToolError, ServicesError
from deploy.local.containers import container_name, docker_works, fetch_image, remove_container
from deploy.local.influx_server import INFLUX_IMAGE, InfluxServer, accepts_token, answers_health
from deploy.local.kafka_server import KAFKA_IMAGE, KafkaServer, answers_api_versions
from deploy.local.processes import find_servers, stop_servers

ENV_FILE = Path(__file__).resolve().parents[2] / ".services.env"
EXIT_FAILED, EXIT_NOT_HERE = 1, 3


def prepare() -> None:
    """Gets what both servers need, building it if it has to. Raises MissingToolError or ServicesError."""
    if docker_works():
        fetch_image(KAFKA_IMAGE)
        fetch_image(INFLUX_IMAGE)
        return
    lacks = missing_line(builds.kafka_lacks(), builds.influxd_lacks())
    if lacks:
        raise MissingToolError(lacks)
    builds.fetch_kafka()
    builds.fetch_influxd()


def missing_line(kafka_lacks: Sequence[str], influxd_lacks: Sequence[str]) -> str:
    """One line that names what a machine without docker lacks for either server; empty if nothing."""
    wanted = {"Kafka": kafka_lacks, "InfluxDB": influxd_lacks}
    return "; ".join(
        f"{name} needs docker, or {' and '.join(lacks)}" for name, lacks in wanted.items() if lacks
    )


def start(env_file: Path) -> None:
    folder = run_folder(env_file)
    with builds.locked(folder.with_suffix(".lock")):
        told = read_env(env_file)
        if answers_of(told) == (True, True):
            write_env(env_file, told | pids_of(folder))
            print(f"services: already running; {summary(told)}")
            return
        prepare()
        _end_all(folder)
        folder.mkdir(mode=0o700, parents=True)
        kafka, influx = KafkaServer(folder / "kafka"), InfluxServer(folder / "influxdb")
        try:
            kafka.start()
            influx.start()
        except BaseException:
            kafka.remove()
            influx.remove()
            raise
        told = {
            "KAFKA_BROKERS": kafka.brokers,
            "INFLUX_URL": influx.url,
            "INFLUX_ORG": influx.org,
            "INFLUX_BUCKET": influx.bucket,
            "INFLUX_TOKEN_FILE": str(influx.token_file),
            "KAFKA_PID": str(kafka.pid),
            "INFLUX_PID": str(influx.pid),
        }
        write_env(env_file, told)
        print(f"services: running; {summary(told)}; `. ./{env_file.name}` sets these")


def stop(env_file: Path) -> None:
    folder = run_folder(env_file)
    with builds.locked(folder.with_suffix(".lock")):
        ended = _end_all(folder)
        env_file.unlink(missing_ok=True)
    print("services: stopped" if ended else "services: none were running")


def status(env_file: Path) -> bool:
    """True if both answer; prints a line for each."""
    told = read_env(env_file)
    answers = answers_of(told)
    for name, key, answer in zip(
        ("kafka", "influxdb"), ("KAFKA_BROKERS", "INFLUX_URL"), answers, strict=True
    ):
        print(
            f"{name}: {told.get(key, 'not started')}{' answers' if answer else ', no answer' if told else ''}"
        )
    return answers == (True, True)


def answers_of(told: Mapping[str, str]) -> tuple[bool, bool]:
    """Whether the Kafka and the InfluxDB of an env file answer, the latter to the token of the file."""
    host, _, port = told.get("KAFKA_BROKERS", "").rpartition(":")
    kafka = port.isdigit() and answers_api_versions(host, int(port))
    url, token_file = told.get("INFLUX_URL", ""), Path(told.get("INFLUX_TOKEN_FILE", ""))
    influx = (
        bool(url)
        and token_file.is_file()
        and answers_health(url)
        and accepts_token(url, token_file.read_text())
    )
    return kafka, influx


def pids_of(folder: Path) -> dict[str, str]:
    """The processes on the data in `folder` now: a replaced one has another number than at its start."""
    found = {"KAFKA_PID": find_servers(folder / "kafka"), "INFLUX_PID": find_servers(folder / "influxdb")}
    return {key: str(pids[0]) for key, pids in found.items() if pids}


def run_folder(env_file: Path) -> Path:
    """Where the servers of this env file keep data and logs: every checkout has its own."""
    return builds.cache_folder() / "run" / hashlib.sha256(str(env_file.resolve()).encode()).hexdigest()[:12]


def read_env(path: Path) -> dict[str, str]:
    """What `write_env` wrote; empty if there is no such file."""
    if not path.is_file():
        return {}
    words = shlex.split(path.read_text(), comments=True)
    return {key: value for key, equals, value in (word.partition("=") for word in words) if equals}


def write_env(path: Path, told: Mapping[str, str]) -> None:
    """Writes `KEY=value` lines that a shell can source, whole or not at all."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_text("".join(f"{key}={shlex.quote(value)}\n" for key, value in told.items()))
    partial.replace(path)


def summary(told: Mapping[str, str]) -> str:
    return f"Kafka at {told['KAFKA_BROKERS']}, InfluxDB at {told['INFLUX_URL']}"


def _end_all(folder: Path) -> bool:
    ended = bool(stop_servers(folder))
    if docker_works():
        for name in ("kafka", "influxdb"):
            ended |= remove_container(container_name(folder / name))
    shutil.rmtree(folder, ignore_errors=True)
    return ended


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="services.py", description="A real Kafka and InfluxDB on this machine."
    )
    parser.add_argument("do", choices=("start", "stop", "status", "prepare"))
    parser.add_argument(
        "--env-file", type=Path, default=ENV_FILE, help="what start writes (default: %(default)s)"
    )
    chosen = parser.parse_args(arguments)
    try:
        if chosen.do == "status":
            return 0 if status(chosen.env_file) else EXIT_FAILED
        if chosen.do == "prepare":
            prepare()
        else:
            (start if chosen.do == "start" else stop)(chosen.env_file)
    except MissingToolError as missing:
        print(f"services: cannot be had here: {missing}", file=sys.stderr)
        return EXIT_NOT_HERE
    except ServicesError as failed:
        print(f"services: {failed}", file=sys.stderr)
        return EXIT_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
