"""Many machines as arrays: a row a host, whatever its kind, and no two machines quite alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from models.twin.kinds import ServerKind
from models.twin.supplies import SupplyCurves

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

SOCKETS_MOST = 2
_FAN_SPREAD = 0.015  # standard deviations over machines of one kind, as a share
_SOCKET_SPREAD = 0.04  # of the paste and the seat of a heat sink
_SUPPLY_LEAN = 0.01  # of the load, from one supply to the others
_SPREADS = {
    "flow_max_m3_s": 0.03, "leakage_w": 0.12, "full_socket_w": 0.015, "other_idle_w": 0.03,
    "memory_k_w": 0.05, "regulator_k_w": 0.05, "chassis_j_k": 0.05, "gpu_k_w": 0.05, "gpu_full_w": 0.015,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hardware:
    """Parameters of H hosts: numbers of ServerKind as (H,), and of each part as (H, parts)."""

    sockets: Array
    idle_socket_w: Array
    full_socket_w: Array
    clock_hz: Array
    other_idle_w: Array
    other_slope_w: Array
    leakage_w: Array
    leakage_per_k: Array
    fans: Array
    fan_w: Array
    rpm_max: Array
    flow_max_m3_s: Array
    draught_m3_s: Array
    duty_min: Array
    set_point_c: Array
    inlet_from_c: Array
    inlet_gain_per_k: Array
    gain_per_k: Array
    integral_per_k_s: Array
    duty_up_per_s: Array
    duty_down_per_s: Array
    fail_safe_duty: Array
    junction_k_w: Array
    heatsink_k_w: Array
    heatsink_flow_m3_s: Array
    socket_j_k: Array
    chassis_j_k: Array
    throttle_c: Array
    supplies: Array
    supply_w: Array
    memory_share: Array
    memory_k_w: Array
    memory_j_k: Array
    regulator_share: Array
    regulator_k_w: Array
    regulator_j_k: Array
    gpus: Array
    gpu_idle_w: Array
    gpu_full_w: Array
    gpu_k_w: Array
    gpu_j_k: Array
    gpu_throttle_c: Array
    gpu_has_fan: Array
    gpu_set_point_c: Array
    has_socket: Mask  # (H, 2)
    has_fan: Mask  # (H, fans of the kind that has most)
    has_supply: Mask  # (H, supplies)
    has_gpu: Mask  # (H, GPUs)
    fan_trim: Array  # (H, fans) speed against command
    socket_trim: Array  # (H, 2) × resistance of the path from junction to heat sink
    supply_trim: Array  # (H, supplies) share of the load
    curves: SupplyCurves

    @classmethod
    def of(cls, kinds: Sequence[ServerKind]) -> Hardware:
        """Machines exactly as their kinds say."""
        numbers = [one.name for one in fields(cls) if one.name in ServerKind.__dataclass_fields__]
        values = {name: np.array([float(getattr(kind, name)) for kind in kinds]) for name in numbers}
        has_supply = _first(values["supplies"])
        has_fan = _first(values["fans"])
        return cls(
            **values,
            has_socket=_first(values["sockets"], SOCKETS_MOST), has_fan=has_fan, has_supply=has_supply,
            has_gpu=_first(values["gpus"]),
            fan_trim=np.ones(has_fan.shape, order="F"),
            socket_trim=np.ones((len(kinds), SOCKETS_MOST), order="F"),
            supply_trim=np.asfortranarray(has_supply / values["supplies"][:, None]),
            curves=SupplyCurves([kind.curve for kind in kinds]),
        )  # fmt: skip

    def spread(self, rng: Generator) -> Hardware:
        """The same as they leave the factory."""
        count = self.count
        lean = rng.normal(0, _SUPPLY_LEAN, self.has_supply.shape) * self.has_supply
        lean -= lean.sum(axis=1, keepdims=True) / self.supplies[:, None] * self.has_supply
        varied = {name: getattr(self, name) * rng.normal(1, by, count) for name, by in _SPREADS.items()}
        return replace(
            self,
            **varied,
            fan_trim=np.asfortranarray(rng.normal(1, _FAN_SPREAD, self.fan_trim.shape)),
            socket_trim=np.asfortranarray(rng.normal(1, _SOCKET_SPREAD, self.socket_trim.shape)),
            supply_trim=np.asfortranarray(self.supply_trim + lean),
        )

    @property
    def count(self) -> int:
        """H."""
        return len(self.sockets)


def _first(counts: Array, most: int | None = None) -> Mask:
    """(H, most) True for as many parts as each host has."""
    parts = np.arange(int(counts.max(initial=0)) if most is None else most)
    return np.asfortranarray(parts < counts[:, None])
