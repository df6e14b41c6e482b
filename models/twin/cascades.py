"""What follows from a fault, as it really happens: throttling, overheating, supplies without a feed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.twin.servers import Servers
from models.twin.truth import Consequence

SLOW = 0.97  # of the full clock
SAME_S = 300.0  # between two of one kind that are one
MEMORY_LIMIT_C, REGULATOR_LIMIT_C = 85.0, 105.0


class Cascades:
    """Notes for every host when a consequence begins and ends."""

    def __init__(self, hosts: tuple[str, ...]) -> None:
        self._hosts = hosts
        self._since: dict[tuple[str, int], float] = {}
        self._was: dict[str, NDArray[np.bool_]] = {}
        self._ended: dict[tuple[str, int], list[Consequence]] = {}
        self._now_s = 0.0

    def watch(self, servers: Servers, time_s: float) -> None:
        """Look at all hosts after a step."""
        self._now_s = time_s
        for fault, now in _signs(servers).items():
            was = self._was.get(fault)
            if was is None:
                was = np.zeros_like(now)
            for row in np.flatnonzero(now & ~was).tolist():
                self._begin(fault, row)
            for row in np.flatnonzero(was & ~now).tolist():
                self._ended.setdefault((fault, row), []).append(self._consequence(fault, row, time_s))
                del self._since[fault, row]
            self._was[fault] = now

    def seen(self) -> list[Consequence]:
        """All so far; what still lasts ends now."""
        lasting = [self._consequence(fault, row, self._now_s) for fault, row in self._since]
        return [*(one for ended in self._ended.values() for one in ended), *lasting]

    def _begin(self, fault: str, row: int) -> None:
        """What comes back soon has never been away."""
        ended = self._ended.get((fault, row))
        if ended and self._now_s - ended[-1].end_s <= SAME_S:
            self._since[fault, row] = ended.pop().start_s
        else:
            self._since[fault, row] = self._now_s

    def _consequence(self, fault: str, row: int, end_s: float) -> Consequence:
        return Consequence(fault, self._hosts[row], self._since[fault, row], end_s)


def _signs(servers: Servers) -> dict[str, NDArray[np.bool_]]:
    hot_gpu = np.zeros(servers.hosts, bool)
    hot_gpu[servers.gpus.rows] = (servers.gpus.frequency < SLOW).any(axis=1)
    return {
        "cpu_throttling": (servers.frequency < SLOW).any(axis=1) & servers.is_on,
        "dimm_overheating": servers.memory_c > MEMORY_LIMIT_C,
        "vrm_overheating": servers.regulator_c > REGULATOR_LIMIT_C,
        "gpu_overheating": hot_gpu,
        "host_silent": ~servers.has_current,
        "psu_failure": ((servers.supply_v == 0) & servers.hardware.has_supply).any(axis=1),
    }
