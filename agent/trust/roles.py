"""What may be expected of each of a host's sensors, as arrays: found once for each set of sensors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from agent.telemetry.plausible import plausible_range

AIR_JUMP_K, DIE_JUMP_K = 8.0, 25.0  # what a thermometer cannot do while nothing else moves
_AIR = re.compile(r"(?:inlet|exhaust|supply|return|ambient)_temp_c|chw_supply_c")
_OWN_POWER = re.compile(r"power_w|psu\w*\d\w*_(?:in|out)_w")
_PART = re.compile(r"gpu\d+(?=_)")
_DIE = re.compile(r"(?:cpu|gpu|vrm|vr_).*")
# How fast a temperature can move at most, K/s: a die, the air of the room, what leaves a chassis, the rest.
_RATES = ((_DIE, 20.0), (re.compile(r"(?:inlet|ambient|supply)_temp_c"), 2.0))
_RATE_ELSEWHERE = 3.0
_LOAD_SIGNS = {
    "power": 1.0,
    "temperature": 1.0,
    "fan_speed": 1.0,
    "utilization": 1.0,
    "current": 1.0,
    "margin": -1.0,
}
_NEVER_STUCK = frozenset({"voltage", "frequency", "energy", "state", "other", "limit"})


@dataclass(frozen=True, slots=True)
class Roles:
    """Arrays are (F,)."""

    quantities: tuple[str, ...]
    low: NDArray[np.float64]  # plausible values
    high: NDArray[np.float64]
    rate_per_s: NDArray[np.float64]  # no faster than this; inf = no such bound
    jump: NDArray[np.float64]  # alone, it cannot jump this far; inf = it can
    is_die: NDArray[np.bool_]
    load_sign: NDArray[np.float64]  # ±1 where the sensor tells how hard the machine works, else 0
    can_stick: NDArray[np.bool_]
    is_sibling: NDArray[np.int64]  # (F, F) 1 where two sensors have one quantity
    of_part: NDArray[np.bool_]  # (F, F) two sensors of one GPU, whose load is its own and not the machine's
    has_part: NDArray[np.bool_]  # of such a GPU with other sensors that tell its load
    is_power: NDArray[np.bool_]
    is_own_power: NDArray[np.bool_]  # of this machine for sure, and not of a chassis that it shares
    powers: NDArray[np.intp]  # columns of power
    dies: NDArray[np.intp]  # of processors' temperatures
    fans: NDArray[np.intp]  # of fans that cool the whole machine
    air: tuple[int, ...]  # thermometers of air: columns


@lru_cache(maxsize=1024)
def roles_of(sensors: tuple[str, ...], quantities: tuple[str, ...]) -> Roles:
    """The roles of a host's sensors, in its order."""
    ranges = [plausible_range(name, quantity) for name, quantity in zip(sensors, quantities, strict=True)]
    is_thermometer = np.array([q == "temperature" for q in quantities], bool)
    load_sign = np.array([_LOAD_SIGNS.get(q, 0.0) for q in quantities])
    parts = [match[0] if (match := _PART.match(name)) else "" for name in sensors]
    of_part = np.array([[a == b and a != "" for b in parts] for a in parts], bool).reshape(len(parts), -1)
    of_part &= ~np.eye(len(parts), dtype=bool)
    is_die = is_thermometer & np.array([_DIE.fullmatch(name) is not None for name in sensors], bool)
    rates = np.array([_rate(name) for name in sensors])
    return Roles(
        quantities=quantities,
        low=np.array([low for low, _ in ranges]),
        high=np.array([high for _, high in ranges]),
        rate_per_s=np.where(is_thermometer, rates, np.inf),
        jump=np.where(is_thermometer, np.where(is_die, DIE_JUMP_K, AIR_JUMP_K), np.inf),
        is_die=is_die,
        load_sign=load_sign,
        can_stick=np.array([_can_stick(n, q) for n, q in zip(sensors, quantities, strict=True)], bool),
        is_sibling=np.array([[int(a == b) for b in quantities] for a in quantities]),
        of_part=of_part,
        has_part=(of_part & (load_sign != 0)).any(axis=1),
        is_power=np.array([q == "power" for q in quantities], bool),
        is_own_power=np.array([_OWN_POWER.fullmatch(name) is not None for name in sensors], bool),
        powers=_columns(sensors, quantities, "power", ""),
        dies=_columns(sensors, quantities, "temperature", r"cpu\d"),
        fans=_columns(sensors, quantities, "fan_speed", r"fan"),
        air=tuple(i for i, name in enumerate(sensors) if _AIR.fullmatch(name)),
    )


def _can_stick(sensor: str, quantity: str) -> bool:
    """A supply sets the speed of its fan in a few coarse steps, whatever the machine around it does."""
    return quantity not in _NEVER_STUCK and not (quantity == "fan_speed" and sensor.startswith("psu"))


def _rate(sensor: str) -> float:
    return next((rate for pattern, rate in _RATES if pattern.fullmatch(sensor)), _RATE_ELSEWHERE)


def _columns(
    sensors: tuple[str, ...], quantities: tuple[str, ...], quantity: str, beginning: str
) -> NDArray[np.intp]:
    named = zip(sensors, quantities, strict=True)
    found = [i for i, (name, q) in enumerate(named) if q == quantity and re.match(beginning, name)]
    return np.array(found, np.intp)
