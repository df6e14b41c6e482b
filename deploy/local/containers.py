"""The same servers as docker containers, where docker works."""

from __future__ import annotations

import hashlib
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from deploy.local.builds import LOG_TAIL_LINES, ServicesError

INFO_TIMEOUT_S = 20.0  # a client whose engine is gone may wait for ever
PULL_TIMEOUT_S = 900.0


@cache
def docker_works() -> bool:
    """True where a docker engine answers, not only its client."""
    if shutil.which("docker") is None:
        return False
    try:
        return (
            subprocess.run(
                ["docker", "info"], capture_output=True, timeout=INFO_TIMEOUT_S, check=False
            ).returncode
            == 0
        )
    except subprocess.TimeoutExpired:
        return False


def fetch_image(image: str) -> None:
    """Makes sure that the image is on this machine. Raises ServicesError."""
    try:
        _docker("image", "inspect", image)
    except ServicesError:
        _docker("pull", "--quiet", image, timeout_s=PULL_TIMEOUT_S)


def container_name(folder: Path) -> str:
    """The one name for the server of this folder, so that a later process finds its container again."""
    return f"coldaisle-{folder.name}-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"


def remove_container(name: str) -> bool:
    """Ends and removes it with its data; False if there was none."""
    return bool(_docker("rm", "--force", "--volumes", name, check=False))


class Container:
    """A server as a container; it keeps its data over stop, kill and start until it is removed."""

    def __init__(
        self,
        name: str,
        image: str,
        ports: Mapping[int, int],
        environment: Mapping[str, str],
        arguments: Sequence[str] = (),
    ) -> None:
        """`ports` maps ports of 127.0.0.1 to ports of the container."""
        self._name = name
        published = [f"--publish=127.0.0.1:{outer}:{inner}" for outer, inner in ports.items()]
        settings = [f"--env={key}={value}" for key, value in environment.items()]
        self._create = ["create", f"--name={name}", *published, *settings, image, *arguments]
        self._created = False

    def start(self) -> None:
        if not self._created:
            remove_container(self._name)
            _docker(*self._create)
            self._created = True
        _docker("start", self._name)

    def pid(self) -> int:
        """The server's process as the machine that runs the engine numbers it."""
        return int(self._inspect("{{.State.Pid}}") or 0)

    def is_alive(self) -> bool:
        return self._inspect("{{.State.Running}}") == "true"

    def signal(self, number: signal.Signals) -> None:
        _docker("kill", f"--signal={number.name}", self._name, check=False)

    def log_tail(self) -> str:
        return _docker("logs", f"--tail={LOG_TAIL_LINES}", self._name, check=False)

    def remove(self) -> None:
        remove_container(self._name)
        self._created = False

    def _inspect(self, field: str) -> str:
        return _docker("inspect", f"--format={field}", self._name, check=False)


def _docker(*arguments: str, check: bool = True, timeout_s: float = 120.0) -> str:
    try:
        done = subprocess.run(
            ["docker", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise ServicesError(f"docker {arguments[0]} gave no answer in {timeout_s:.0f} s") from late
    if check and done.returncode:
        raise ServicesError(f"docker {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout.strip()
