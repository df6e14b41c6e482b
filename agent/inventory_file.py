"""Looks after the inventory file while the daemon runs: a good change is taken up, a broken one is told once.

every 10 s: mtime, size, inode as before? ─► nothing
            else the content's digest as before? ─► nothing
            else read it ─► a Topology, or `fault` says why the old one stays
"""

from __future__ import annotations

import logging
import time
from hashlib import sha256
from pathlib import Path

from agent.errors import ConfigError
from agent.logs import log_event
from agent.topology import Topology, load_topology, read_topology

LOOK_EVERY_S = 10.0
SETTLED_S = 1.0  # a file that was changed so short a time ago may still be in the making

_Stat = tuple[int, int, int]
_log = logging.getLogger(__name__)


class InventoryFile:
    """The file at `path`, or none. `fault` is why its present content is not used; "" when it is."""

    def __init__(self, path: Path | None) -> None:
        """Note how the file is now; `first` is what it holds.

        Raises:
            ConfigError: it cannot be read or is wrong.
        """
        self._path = path
        self.fault = ""
        self._stat = _stat(path) if path is not None else None
        self._digest = _digest(path) if path is not None else ""
        self._next_look_s = time.monotonic() + LOOK_EVERY_S
        self.first: Topology = load_topology(path)

    def look_if_due(self) -> Topology | None:
        """The new inventory, if it is time to look and there is one."""
        if time.monotonic() < self._next_look_s:
            return None
        self._next_look_s = time.monotonic() + LOOK_EVERY_S
        return self.look()

    def look(self) -> Topology | None:
        """The new inventory, if the file holds another one than before and it is right."""
        path = self._path
        if path is None or (stat := _stat(path)) == self._stat:
            return None
        if stat is not None and abs(time.time() - stat[0] / 1e9) < SETTLED_S:
            return None
        try:
            content = path.read_bytes()
        except OSError as error:
            self._stat, self._digest = stat, ""
            self._refuse(f"{path} cannot be read: {error.strerror}")
            return None
        self._stat, digest = stat, sha256(content).hexdigest()
        if digest == self._digest:
            return None
        self._digest = digest
        try:
            topology = read_topology(path, content)
        except ConfigError as error:
            self._refuse(str(error).removeprefix("topology: "))
            return None
        self.fault = ""
        log_event(_log, logging.INFO, "inventory taken up", file=path, hosts=len(topology))
        return topology

    def _refuse(self, fault: str) -> None:
        """Say it once: the log has all lines, and the old inventory stays in use."""
        if fault != self.fault:
            for line in fault.splitlines():
                log_event(_log, logging.ERROR, "inventory is wrong, the old one stays", fault=line)
        self.fault = fault


def _stat(path: Path) -> _Stat | None:
    """mtime in ns, size and inode; None where there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _digest(path: Path) -> str:
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
