"""Gets what a machine without docker needs to run the real services, once, into the user's cache.

    deploy/local/kafka/pom.xml  -> mvn      -> CACHE/kafka-<pins>/*.jar
    deploy/local/influxd/go.mod -> go+cargo -> CACHE/influxd-<pins>/influxd

`<pins>` is a digest of the files that pin the versions: a changed pin is a new build, and the old one stays.
A build happens beside its target and is renamed when it is whole, so there are no half builds, and
processes that need the same one wait for each other. CACHE is `$COLDAISLE_CACHE`, else
`coldaisle` in the XDG cache.
"""

from __future__ import annotations

import fcntl
import hashlib
import lzma
import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
KAFKA_PINS = (HERE / "kafka" / "pom.xml",)
INFLUXD_PINS = tuple(HERE / "influxd" / name for name in ("go.mod", "go.sum", "tools.go"))
INFLUXD_PACKAGE = "github.com/influxdata/influxdb/v2/cmd/influxd"
PKG_CONFIG_PACKAGE = "github.com/influxdata/pkg-config"
INFLUXD_TAGS = "sqlite_foreign_keys sqlite_json noassets"
JAVA_LEAST = 17  # Kafka 4's brokers refuse anything older
LOG_TAIL_LINES = 15


class ServicesError(Exception):
    """A service could not be built, started or reached; the message says which and why."""


class MissingToolError(ServicesError):
    """A service cannot be had on this machine; the message names what is missing."""


def cache_folder() -> Path:
    """The folder that keeps jars, binaries and running services' data between runs."""
    chosen = os.environ.get("COLDAISLE_CACHE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    return (Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "coldaisle").resolve()


def kafka_target() -> Path:
    return cache_folder() / f"kafka-{_digest(KAFKA_PINS)}"


def influxd_target() -> Path:
    return (
        cache_folder() / f"influxd-{_digest(INFLUXD_PINS)}-{platform.system()}-{platform.machine()}".lower()
    )


def kafka_lacks() -> list[str]:
    """The programs that running Kafka without docker still needs; empty when it can be had."""
    lacks = [] if java_major() >= JAVA_LEAST else [f"java {JAVA_LEAST} or newer"]
    if not kafka_target().is_dir() and shutil.which("mvn") is None:
        lacks.append("mvn")
    return lacks


def influxd_lacks() -> list[str]:
    """The programs that running InfluxDB without docker still needs; empty when it can be had."""
    if os.environ.get("COLDAISLE_INFLUXD") or influxd_target().is_dir():
        return []
    lacks = [name for name in ("go", "cargo") if shutil.which(name) is None]
    if not any(shutil.which(name) for name in (os.environ.get("CC", "cc"), "gcc", "clang")):
        lacks.append("a C compiler")
    return lacks


def java_major() -> int:
    """The major version of the `java` on PATH, 0 if there is none."""
    if shutil.which("java") is None:
        return 0
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)
    return parse_java_major(told.stderr + told.stdout)


def parse_java_major(told: str) -> int:
    """17 from `openjdk version "17.0.15" 2025-04-15`, 8 from `java version "1.8.0_392"`, else 0."""
    found = re.search(r'version "(?:1\.)?(\d+)', told)
    return int(found[1]) if found else 0


def fetch_kafka() -> Path:
    """The folder of Kafka's jars. Raises MissingToolError or ServicesError."""
    lacks = kafka_lacks()
    if lacks:
        raise MissingToolError(f"Kafka needs docker, or {' and '.join(lacks)}")
    return build_once(kafka_target(), _copy_jars, "Kafka's jars (some seconds, once)")


def fetch_influxd() -> Path:
    """InfluxDB's server, ready to run: the one that COLDAISLE_INFLUXD names, else our own build."""
    given = os.environ.get("COLDAISLE_INFLUXD")
    if given:
        return _given_influxd(Path(given).expanduser())
    lacks = influxd_lacks()
    if lacks:
        raise MissingToolError(f"InfluxDB needs docker, or {' and '.join(lacks)}")
    return (
        build_once(influxd_target(), _build_influxd, "InfluxDB's server (about six minutes, once)")
        / "influxd"
    )


def rust_toolchain(listed: str) -> str | None:
    """The toolchain of `rustup toolchain list` to build with: stable if it is there, else the default one.

    InfluxDB's Rust part asks for an old toolchain by name; any current one builds it.
    """
    lines = [line.split() for line in listed.splitlines() if line.strip()]
    stable = [words[0] for words in lines if words[0] == "stable" or words[0].startswith("stable-")]
    default = [words[0] for words in lines if "default" in " ".join(words[1:])]
    others = [words[0] for words in lines if words[0] != "no"]  # "no installed toolchains"
    return next(iter(stable + default + others), None)


def _given_influxd(given: Path) -> Path:
    if not given.is_file():
        raise ServicesError(f"COLDAISLE_INFLUXD names {given}, which is no file")
    if given.suffix != ".xz":
        return given.resolve()
    about = given.stat()
    name = hashlib.sha256(f"{given.resolve()} {about.st_size} {about.st_mtime_ns}".encode()).hexdigest()[:12]

    def unpack(folder: Path) -> None:
        with lzma.open(given) as packed, (folder / "influxd").open("wb") as binary:
            shutil.copyfileobj(packed, binary, 1 << 20)
        (folder / "influxd").chmod(0o755)

    return (
        build_once(cache_folder() / f"influxd-given-{name}", unpack, f"{given.name} (unpacking)") / "influxd"
    )


def _copy_jars(folder: Path) -> None:
    # Maven writes beside the pom it is given, so it is given a copy: a checkout may be read-only.
    pom = shutil.copy(KAFKA_PINS[0], folder.parent)
    goal = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
    _run(
        ["mvn", "-q", "-B", "-f", str(pom), goal, f"-DoutputDirectory={folder}", "-DincludeScope=runtime"],
        folder.parent,
    )


def _build_influxd(folder: Path) -> None:
    work = folder.parent / "module"
    work.mkdir()
    for pin in INFLUXD_PINS:
        shutil.copy(pin, work)
    # InfluxDB's Rust part makes an error of each warning, and newer compilers warn of more.
    tame = work / "rustc-tame"
    tame.write_text('#!/bin/sh\nexec "$@" --cap-lints warn\n')
    tame.chmod(0o755)
    environment = {
        **os.environ,
        "PKG_CONFIG": str(work / "pkg-config"),
        "RUSTC_WRAPPER": str(tame),
        "CGO_ENABLED": "1",
    }
    if shutil.which("rustup"):
        listed = subprocess.run(["rustup", "toolchain", "list"], capture_output=True, text=True, check=False)
        toolchain = rust_toolchain(listed.stdout)
        if toolchain:
            environment["RUSTUP_TOOLCHAIN"] = toolchain
    build = ["go", "build", "-buildvcs=false", "-trimpath"]
    _run([*build, "-o", environment["PKG_CONFIG"], PKG_CONFIG_PACKAGE], work, environment)
    stripped = ["-tags", INFLUXD_TAGS, "-ldflags", "-s -w"]
    _run([*build, *stripped, "-o", str(folder / "influxd"), INFLUXD_PACKAGE], work, environment)


def build_once(target: Path, build: Callable[[Path], None], what: str) -> Path:
    """`target`, made by `build(folder)` if it is not there yet; `what` is said to whoever waits for it."""
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with locked(target.with_name(f"{target.name}.lock")):
        if target.is_dir():  # another process built it while this one waited
            return target
        for left in target.parent.glob(f"{target.name}.building-*"):
            shutil.rmtree(left, ignore_errors=True)
        print(f"services: getting {what} ...", flush=True)
        with tempfile.TemporaryDirectory(prefix=f"{target.name}.building-", dir=target.parent) as temporary:
            whole = Path(temporary) / "whole"
            whole.mkdir()
            build(whole)
            whole.rename(target)
    return target


def _run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-LOG_TAIL_LINES:])
        raise ServicesError(f"{command[0]} failed with exit {done.returncode}: {' '.join(command)}\n{tail}")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the lock that this file stands for; waits for another process that holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest(pins: tuple[Path, ...]) -> str:
    whole = hashlib.sha256()
    for pin in pins:
        whole.update(pin.name.encode() + b"\0" + pin.read_bytes() + b"\0")
    return whole.hexdigest()[:12]
