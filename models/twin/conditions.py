"""What acts on the machines during a step: work, air, current, and whatever a fault has changed."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from models.twin.hardware import Hardware

Array = NDArray[np.float64]

INLET_C = 24.0
MAINS_V = 230.0
FEEDS = 2  # supply 1 hangs on the first, supply 2 on the second, supply 3 on the first again


@dataclass(slots=True)
class Conditions:
    """Arrays over H hosts; 1 and 0 are the healthy values of factors and of what is added."""

    utilization: Array  # (H, 2) 0..1
    inlet_c: Array  # (H,)
    fan_gain: Array  # (H, fans) speed against command; 0 = a dead rotor
    flow_factor: Array  # (H,) 1 = nothing in the way of the air
    resistance_factor: Array  # (H, 2) of the path from junction to heat sink
    supply_share: Array  # (H, supplies) of the power that each supply delivers; 0 = failed
    efficiency_loss: Array  # (H, supplies) what a supply's efficiency lacks
    memory_factor: Array  # (H,) × resistance from memory to air
    regulator_factor: Array  # (H,) × resistance from regulators to air
    duty_shift: Array  # (H,) added to the fans' command
    throttle_shift_k: Array  # (H,) added to the sockets' throttle point
    cap_w: Array  # (H,) most that a socket may take
    is_powered: NDArray[np.bool_]  # (H,) False = switched off on purpose
    feed_ok: Array  # (H, 2) 1 or 0
    mains_v: Array  # (H, 2)
    gpu_load: Array  # (H, GPUs) 0..1
    gpu_factor: Array  # (H, GPUs) × resistance from GPU to air
    gpu_on_bus: Array  # (H, GPUs) 1 or 0

    @classmethod
    def healthy(cls, hardware: Hardware) -> Conditions:
        """Idle machines in air of 24 °C, nothing wrong."""
        hosts, gpus = hardware.count, hardware.has_gpu.shape[1]
        return cls(
            utilization=np.zeros((hosts, 2), order="F"),
            inlet_c=np.full(hosts, INLET_C),
            fan_gain=np.asfortranarray(hardware.fan_trim * hardware.has_fan),
            flow_factor=np.ones(hosts),
            resistance_factor=hardware.socket_trim.copy(order="F"),
            supply_share=hardware.supply_trim.copy(order="F"),
            efficiency_loss=np.zeros(hardware.has_supply.shape, order="F"),
            memory_factor=np.ones(hosts), regulator_factor=np.ones(hosts),
            duty_shift=np.zeros(hosts), throttle_shift_k=np.zeros(hosts), cap_w=np.full(hosts, np.inf),
            is_powered=np.ones(hosts, bool),
            feed_ok=np.ones((hosts, FEEDS), order="F"), mains_v=np.full((hosts, FEEDS), MAINS_V, order="F"),
            gpu_load=np.zeros((hosts, gpus), order="F"),
            gpu_factor=np.ones((hosts, gpus), order="F"), gpu_on_bus=np.ones((hosts, gpus), order="F"),
        )  # fmt: skip

    def become(self, other: Conditions) -> None:
        """Take over all values of `other`, in place."""
        for name in _NAMES:
            np.copyto(getattr(self, name), getattr(other, name))


_NAMES = tuple(one.name for one in fields(Conditions))
