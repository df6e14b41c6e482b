"""Faults, and what only looks like one: episodes with a start, an end and a size, and what each changes.

fan_failure, psu_failure, heatsink_degradation, airflow_blockage      change a server's conditions
sensor_dropout, host_silent                                            take readings away
workload_surge, idle_drop, set_point_change (of the whole room)        confounders: nothing is wrong
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from models.twin.episodes import Episode, active
from models.twin.magnitudes import MAGNITUDES
from models.twin.servers import SUPPLIES, Conditions

__all__ = ["MAGNITUDES", "Episode", "act_on_readings", "act_on_server", "active", "set_point_change_k"]

Array = NDArray[np.float64]


def act_on_server(episode: Episode, conditions: Conditions, row: int, time_s: float) -> None:
    """Change one host's conditions in place; episodes that act elsewhere change nothing."""
    act = _SERVER_ACTIONS.get(episode.name)
    if act is not None:
        act(episode, conditions, row, episode.grown(time_s))


def act_on_readings(episode: Episode, values: Array) -> None:
    """Take readings of one host, (F,), away in place."""
    if episode.name == "host_silent":
        values[:] = np.nan
    elif episode.name == "sensor_dropout":
        values[episode.part : episode.part + int(episode.size)] = np.nan


def set_point_change_k(episodes: Iterable[Episode]) -> float:
    """What the active episodes add to the set-point of the supply air."""
    return max((e.size for e in episodes if e.name == "set_point_change"), default=0.0)


def _stop_fans(episode: Episode, conditions: Conditions, row: int, _grown: float) -> None:
    fans = conditions.fan_gain.shape[1]
    for offset in range(int(episode.size)):
        conditions.fan_gain[row, (episode.part - 1 + offset) % fans] = 0.0


def _fail_supply(episode: Episode, conditions: Conditions, row: int, _grown: float) -> None:
    conditions.supply_share[row, (episode.part - 1) % SUPPLIES] = 0.0


def _loosen_heatsink(episode: Episode, conditions: Conditions, row: int, grown: float) -> None:
    conditions.resistance_factor[row, episode.part - 1] *= 1 + (episode.size - 1) * grown


def _block_air(episode: Episode, conditions: Conditions, row: int, grown: float) -> None:
    conditions.flow_factor[row] *= 1 + (episode.size - 1) * grown


def _set_load(episode: Episode, conditions: Conditions, row: int, grown: float) -> None:
    load = conditions.utilization[row]
    conditions.utilization[row] = load + (episode.size - load.mean()) * grown  # sockets keep their difference
    np.clip(conditions.utilization[row], 0.0, 1.0, out=conditions.utilization[row])


_SERVER_ACTIONS: dict[str, Callable[[Episode, Conditions, int, float], None]] = {
    "fan_failure": _stop_fans,
    "psu_failure": _fail_supply,
    "heatsink_degradation": _loosen_heatsink,
    "airflow_blockage": _block_air,
    "workload_surge": _set_load,
    "idle_drop": _set_load,
}
