"""What an episode changes inside a server: a row of its conditions, in place.

Those that take readings away or twist them are in `reading_faults`, those of the site in `site_faults`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from models.twin.conditions import Conditions
from models.twin.episodes import Episode, active
from models.twin.hardware import Hardware
from models.twin.magnitudes import MAGNITUDES

__all__ = ["MAGNITUDES", "SERVER_ACTIONS", "Episode", "Shop", "active"]

WOBBLE = 0.12  # of what a worn bearing lacks in speed, from one moment to the next
THROTTLING_LOAD = 0.85  # a throttle point that is too low shows under load
OFF_CLASSES = frozenset(("planned_reboot", "maintenance"))
PLATEAU_NOISE = 0.004  # of a load that does not tremble


class Shop:
    """Changes conditions of the hosts as episodes say."""

    def __init__(self, hardware: Hardware, rng: Generator) -> None:
        self.hardware, self.rng = hardware, rng

    def act(self, episode: Episode, conditions: Conditions, row: int, time_s: float) -> None:
        """Change one host's conditions; episodes that act elsewhere, or not now, change nothing."""
        grown = episode.grown(time_s)
        action = SERVER_ACTIONS.get(episode.name)
        if episode.name in OFF_CLASSES and time_s >= episode.start_s + episode.size:
            return
        if action is not None and grown > 0:
            action(self, episode, conditions, row, grown)

    def stop_fans(self, episode: Episode, conditions: Conditions, row: int, _grown: float) -> None:
        """Rotors in a row, from `part` on."""
        fans = int(self.hardware.fans[row])
        for offset in range(min(int(episode.size), fans - 1)):
            conditions.fan_gain[row, (episode.part - 1 + offset) % fans] = 0.0

    def wear_fan(self, episode: Episode, conditions: Conditions, row: int, grown: float) -> None:
        """Slower and unsteady."""
        lacks = (1 - episode.size) * grown
        fan = (episode.part - 1) % int(self.hardware.fans[row])
        conditions.fan_gain[row, fan] *= 1 - lacks * (1 + WOBBLE * float(self.rng.standard_normal()))

    def block_air(self, episode: Episode, conditions: Conditions, row: int, grown: float) -> None:
        """Dust, a bag, a closed tile."""
        conditions.flow_factor[row] *= 1 + (episode.size - 1) * grown

    def loosen_heatsink(self, episode: Episode, conditions: Conditions, row: int, grown: float) -> None:
        """The path from one junction to its heat sink."""
        socket = (episode.part - 1) % int(self.hardware.sockets[row])
        conditions.resistance_factor[row, socket] *= 1 + (episode.size - 1) * grown

    def throttle_early(self, episode: Episode, conditions: Conditions, row: int, _grown: float) -> None:
        """The throttle point is lower than the fans' set-point, and there is work to do."""
        down_k = self.hardware.throttle_c[row] - self.hardware.set_point_c[row] + episode.size
        conditions.throttle_shift_k[row] -= down_k
        np.maximum(conditions.utilization[row], THROTTLING_LOAD, out=conditions.utilization[row])

    def cap_power(self, episode: Episode, conditions: Conditions, row: int, _grown: float) -> None:
        """Each socket gets its part of the cap; there is enough work to feel it."""
        conditions.cap_w[row] = episode.size * self.hardware.full_socket_w[row]
        np.maximum(conditions.utilization[row], THROTTLING_LOAD, out=conditions.utilization[row])

    def fail_supply(self, episode: Episode, conditions: Conditions, row: int, _grown: float) -> None:
        """It delivers nothing; the others share its load."""
        conditions.supply_share[row, self._supply(episode, row)] = 0.0

    def age_supply(self, episode: Episode, conditions: Conditions, row: int, grown: float) -> None:
        """It takes more for what it delivers."""
        conditions.efficiency_loss[row, self._supply(episode, row)] += episode.size * grown

    def shift_share(self, episode: Episode, conditions: Conditions, row: int, grown: float) -> None:
        """From one supply to all others."""
        shares, supply = conditions.supply_share[row], self._supply(episode, row)
        others = np.flatnonzero(self.hardware.has_supply[row] & (np.arange(len(shares)) != supply))
        if len(others):
            moved = min(episode.size * grown, 0.95 * shares[supply])
            shares[supply] -= moved
            shares[others] += moved / len(others)

    def heat_regulators(self, episode: Episode, conditions: Conditions, row: int, grown: float) -> None:
        """A baffle that is missing over them."""
        conditions.regulator_factor[row] *= 1 + (episode.size - 1) * grown

    def heat_memory(self, episode: Episode, conditions: Conditions, row: int, grown: float) -> None:
        """The same for memory."""
        conditions.memory_factor[row] *= 1 + (episode.size - 1) * grown

    def heat_gpu(self, episode: Episode, conditions: Conditions, row: int, grown: float) -> None:
        """The path from one GPU to the air."""
        for gpu in self._gpus(episode, row, 1):
            conditions.gpu_factor[row, gpu] *= 1 + (episode.size - 1) * grown

    def lose_gpu(self, episode: Episode, conditions: Conditions, row: int, _grown: float) -> None:
        """Off the bus: no power, no work."""
        for gpu in self._gpus(episode, row, int(episode.size)):
            conditions.gpu_on_bus[row, gpu] = 0.0

    def set_load(self, episode: Episode, conditions: Conditions, row: int, grown: float) -> None:
        """Another level that trembles as before; sockets keep their difference."""
        load = conditions.utilization[row]
        load += (episode.size - load.mean()) * grown
        np.clip(load, 0.0, 1.0, out=load)

    def hold_load(self, episode: Episode, conditions: Conditions, row: int, grown: float) -> None:
        """A level that hardly trembles: one program that does the same all the time."""
        load = conditions.utilization[row]
        level = episode.size + PLATEAU_NOISE * float(self.rng.standard_normal())
        load += (level - load) * grown
        np.clip(load, 0.0, 1.0, out=load)

    def add_load(self, episode: Episode, conditions: Conditions, row: int, grown: float) -> None:
        """A job beside the others."""
        load = conditions.utilization[row]
        np.clip(load + episode.size * grown, 0.0, 1.0, out=load)

    def switch_off(self, _episode: Episode, conditions: Conditions, row: int, _grown: float) -> None:
        """For as long as its size says, then it boots."""
        conditions.is_powered[row] = False

    def shift_fan_curve(self, episode: Episode, conditions: Conditions, row: int, _grown: float) -> None:
        """A firmware that turns the fans faster at every temperature."""
        conditions.duty_shift[row] += episode.size

    def _supply(self, episode: Episode, row: int) -> int:
        return (episode.part - 1) % int(self.hardware.supplies[row])

    def _gpus(self, episode: Episode, row: int, count: int) -> list[int]:
        gpus = int(self.hardware.gpus[row])
        return [(episode.part - 1 + offset) % gpus for offset in range(min(count, gpus))]


Action = Callable[[Shop, Episode, Conditions, int, float], None]
SERVER_ACTIONS: dict[str, Action] = {
    "fan_failure": Shop.stop_fans,
    "fan_degradation": Shop.wear_fan,
    "airflow_blockage": Shop.block_air,
    "heatsink_degradation": Shop.loosen_heatsink,
    "cpu_throttling": Shop.throttle_early,
    "power_cap": Shop.cap_power,
    "psu_failure": Shop.fail_supply,
    "psu_efficiency": Shop.age_supply,
    "psu_imbalance": Shop.shift_share,
    "vrm_overheating": Shop.heat_regulators,
    "dimm_overheating": Shop.heat_memory,
    "gpu_overheating": Shop.heat_gpu,
    "gpu_lost": Shop.lose_gpu,
    "abnormal_load": Shop.hold_load,
    "idle_server": Shop.hold_load,
    "workload_surge": Shop.set_load,
    "idle_drop": Shop.set_load,
    "gang_step": Shop.add_load,
    "planned_reboot": Shop.switch_off,
    "maintenance": Shop.switch_off,
    "fan_curve_change": Shop.shift_fan_curve,
}
