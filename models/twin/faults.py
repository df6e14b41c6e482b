"""Faults, and what only looks like one: episodes with a start, an end and a size, and what each changes.

fan_failure, psu_failure, heatsink_degradation, airflow_blockage      change a server's conditions
sensor_dropout, host_silent                                            take readings away
workload_surge, idle_drop, set_point_change (of the whole room)        confounders: nothing is wrong
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.twin.servers import SUPPLIES, Conditions

Array = NDArray[np.float64]

MAGNITUDES: dict[str, dict[str, float]] = {
    "fan_failure": {"subtle": 1, "moderate": 1, "severe": 2},  # rotors that stop
    "psu_failure": {"subtle": 1, "moderate": 1, "severe": 1},  # supplies that fail
    "heatsink_degradation": {"subtle": 1.3, "moderate": 1.8, "severe": 3.0},  # × resistance under the sink
    "airflow_blockage": {"subtle": 0.8, "moderate": 0.5, "severe": 0.3},  # × air flow
    "sensor_dropout": {"subtle": 1, "moderate": 1, "severe": 4},  # sensors that fall silent
    "host_silent": {"subtle": 1, "moderate": 1, "severe": 1},
    "workload_surge": {"subtle": 0.7, "moderate": 0.85, "severe": 0.95},  # utilization
    "idle_drop": {"subtle": 0.1, "moderate": 0.05, "severe": 0.02},  # utilization
    "set_point_change": {"subtle": 1.5, "moderate": 2.5, "severe": 3.0},  # K on all inlets
}
CONFOUNDERS = frozenset({"workload_surge", "idle_drop", "set_point_change"})
UNTIL_THE_END_S = 1e12


@dataclass(frozen=True, slots=True)
class Episode:
    """One fault or confounder of one host. Times are Unix seconds; it acts on start ≤ time < end."""

    host: str
    name: str
    start_s: float
    end_s: float = UNTIL_THE_END_S
    magnitude: str = "moderate"
    part: int = 1  # which fan, supply, socket (from 1) or channel (from 0)
    ramp_s: float = 0.0  # it grows in this time; 0 = a step

    @property
    def size(self) -> float:
        """Its magnitude in numbers."""
        return MAGNITUDES[self.name][self.magnitude]

    @property
    def is_fault(self) -> bool:
        """False for what is no fault, whatever it looks like."""
        return self.name not in CONFOUNDERS

    def grown(self, time_s: float) -> float:
        """How much of it has come, 0 to 1."""
        if not self.start_s <= time_s < self.end_s:
            return 0.0
        return min((time_s - self.start_s) / self.ramp_s, 1.0) if self.ramp_s > 0 else 1.0


def active(episodes: Iterable[Episode], time_s: float) -> list[Episode]:
    """Those that act at this time."""
    return [episode for episode in episodes if episode.start_s <= time_s < episode.end_s]


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
