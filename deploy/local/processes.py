"""Server processes that outlive whoever started them, and how to find them again."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from deploy.local.builds import LOG_TAIL_LINES, ServicesError

POLL_S = 0.1
STOP_TIMEOUT_S = 20.0
KILL_TIMEOUT_S = 10.0
# Below the ports that systems hand to outgoing connections: a client that keeps trying a dead server's port
# must not be given that very port as its own, or the server could not come back on it.
PORTS = range(20000, 32000)
SERVER_PROGRAMS = frozenset({"java", "influxd"})


class Running(Protocol):
    """One server, as a process of this machine or as a container."""

    def start(self) -> None: ...
    def pid(self) -> int: ...
    def is_alive(self) -> bool: ...
    def signal(self, number: signal.Signals) -> None: ...
    def log_tail(self) -> str: ...
    def remove(self) -> None: ...


class Process:
    """A server as a local process: own session, no terminal, its output in a log file."""

    def __init__(
        self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._command = list(command)
        self._log = log
        self._environment = {**os.environ, **(environment or {})}
        self._popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._popen = subprocess.Popen(
                self._command,
                cwd=self._log.parent,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def pid(self) -> int:
        return self._popen.pid if self._popen else 0

    def is_alive(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def signal(self, number: signal.Signals) -> None:
        if self._popen:
            self._popen.send_signal(number)  # harmless once it has ended: Popen knows

    def log_tail(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines() if self._log.is_file() else []
        return "\n".join(lines[-LOG_TAIL_LINES:])

    def remove(self) -> None:
        """Nothing is left of a process that has ended."""


def pick_port() -> int:
    """A port of 127.0.0.1 that nothing listens on now and that no outgoing connection will be given."""
    for port in random.sample(PORTS, 200):
        if is_free(port):
            return port
    raise ServicesError(f"no free port between {PORTS.start} and {PORTS.stop - 1}")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_until(holds: Callable[[], bool], timeout_s: float) -> bool:
    """True as soon as `holds()` is, False after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def find_servers(folder: Path) -> list[int]:
    """Servers that run on data in `folder`, whoever started them; an editor open on their log is none."""
    return [pid for pid, arguments in _commands() if serves(arguments, folder)]


def serves(arguments: Sequence[str], folder: Path) -> bool:
    program = Path(arguments[0]).name if arguments else ""
    return program in SERVER_PROGRAMS and any(f"{folder}/" in argument for argument in arguments[1:])


def stop_servers(folder: Path) -> list[int]:
    """Ends what `find_servers` finds, with SIGKILL where SIGTERM is not enough, and gives their pids."""
    found = find_servers(folder)
    for number, timeout_s in ((signal.SIGTERM, STOP_TIMEOUT_S), (signal.SIGKILL, KILL_TIMEOUT_S)):
        for pid in find_servers(folder):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        if wait_until(lambda: not find_servers(folder), timeout_s):
            return found
    raise ServicesError(f"servers {find_servers(folder)} do not end")


def _commands() -> list[tuple[int, list[str]]]:
    """Every process with its arguments. An ended process that nobody reaped has none."""
    if not Path("/proc/self/cmdline").exists():  # macOS
        told = subprocess.run(
            ["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=False
        )
        rows = [line.split() for line in told.stdout.splitlines()]
        return [(int(words[0]), words[1:]) for words in rows if len(words) > 1]
    commands = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            raw = (entry / "cmdline").read_bytes()
        except OSError:  # it ended meanwhile, or belongs to someone who does not show it
            continue
        if raw:
            commands.append((int(entry.name), raw.decode(errors="replace").rstrip("\0").split("\0")))
    return commands
