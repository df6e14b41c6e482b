"""What heats and cools each sensor explains of it, with its own lags, and what is left over.

    window (B, T, C) ─► load, inlet, fans, own part ─► running means, 0 to 16 ticks ─► linear map ─► left over

A temperature follows power by a minute or more: set against power of the same tick, every step of load looks
like a fault. Set against power with the lag that fits, "hot because busy" is explained and "hot because the
cooling failed" is left over. A part's temperature is set against what that part draws (`gpu1_power_w` for
`gpu1_temp_c`) as well.

Some days teach little of hot air and of fast fans, so there physics speaks in the place of the map. Air that
comes in a kelvin warmer leaves everything behind it a kelvin warmer. Fans that turn faster than their load
and their air ever made them can only cool: what they leave colder than expected is theirs, what is hotter is
not. All fans at once are the controller's will, so each is measured by its fellows. Blind to a fault in the
load itself, which explains itself, and to the inlet air, which is the room's affair and has rules of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HALF_LIVES_TICKS = (0.0, 2.0, 6.0, 16.0)  # 0: the newest tick alone
LAGS = len(HALF_LIVES_TICKS)
AIR_HALF_LIFE = 2.0  # ticks: the lag of a chassis
HOST_POWER, INLET = "power_w", "inlet_temp_c"
PART = re.compile(r"(?:cpu|gpu|psu|dimm|socket)\d+")
COOLED = ("temperature", "margin")
CLIP = 5.0  # scaled units of the drivers; beyond them the map is not trusted to go on
UNLIKE = 1 / 3  # of what fans have in common: by so much more one may follow than another

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Drivers:
    """Columns that heat and cool a machine."""

    load: tuple[int, ...]  # whose mean is the load
    inlet: tuple[int, ...] = ()  # temperature of the air that comes in, if it is measured
    fans: tuple[int, ...] = ()
    own: tuple[tuple[int, int], ...] = ()  # a temperature, and what its own part draws or how busy it is


@dataclass(frozen=True, slots=True)
class LoadModel:
    """A linear map from lagged drivers to every sensor, in scaled units, the same for a cohort's hosts."""

    drivers: Drivers
    coefficients: Array  # (features, C); 0 for the inlet and for fans that have fellows
    own: Array  # (lags, C) of each sensor's own part; 0 where nothing tells what the part draws
    spread: Array  # (C,) of what is left over
    will: Array  # (features,) of the fans' common speed, what load and air make of it; the rest is their will
    cooling: Array  # (lags, C) what that rest does to each temperature
    known: Array  # (2, lags) how far it went in training
    warms: Array  # (C,) 1 and −1: a temperature that rises and a margin that falls with heat; 0: neither
    step: Array  # (C,) how coarse each sensor is: rounded speeds that differ by less may be the same
    gain: Array  # (C,) by what share of its value a meter may be off
    ground: Array  # (C,) where the value 0 lies below the centre, in scaled units

    def rounding(self) -> Array:
        """(C,) how far what is left over may be off for long, in its own units: half a step."""
        return self.step / (2.0 * self.spread)

    def left_over(self, z: Array, present: NDArray[np.bool_]) -> Array:
        """(B, T, C) scaled values, 0 where masked → (B, T, C) what the drivers do not explain, in units of
        its usual spread."""
        features = make_features(self.drivers, z, present)
        will = will_of(self.drivers, features @ self.will, z, present)  # (B, T, lags)
        inside = np.clip(will, *self.known)
        explained = features @ self.coefficients + inside @ self.cooling
        left = z - explained
        parts = own_features(self.drivers.own, z, present)  # (B, T, targets, lags)
        for place, (target, _) in enumerate(self.drivers.own):
            left[:, :, target] -= parts[:, :, place] @ self.own[:, target]
        # Fans beyond what is known have cooled by nobody knows how much.
        is_beyond = (will > inside).any(axis=2, keepdims=True)
        usual = np.hypot(self.spread, self.gain * (explained + self.ground))
        left = np.where(is_beyond & (left * self.warms < 0), 0.0, left / usual)
        if len(self.drivers.fans) > 1:
            fans = list(self.drivers.fans)
            fellows = fellows_of(self.drivers.fans, z, present)
            apart = z[:, :, fans] - fellows
            apart = np.sign(apart) * np.maximum(np.abs(apart) - self.step[fans], 0.0)
            left[:, :, fans] = apart / np.hypot(self.spread[fans], UNLIKE * fellows)
        left[:, :, list(self.drivers.inlet)] = 0.0
        return np.where(present, left, 0.0)


def find_drivers(sensors: Sequence[str], quantities: Sequence[str]) -> Drivers:
    """Columns of load (the host's power, else all power sensors, else utilisation), air, fans and parts."""
    power = [c for c, quantity in enumerate(quantities) if quantity == "power"]
    whole = [c for c in power if sensors[c] == HOST_POWER]
    busy = [c for c, quantity in enumerate(quantities) if quantity == "utilization"]
    own = []
    for target, quantity in enumerate(quantities):
        part = PART.search(sensors[target]) if quantity in COOLED else None
        if part is not None:
            its = [c for c in (*power, *busy) if sensors[c].startswith(f"{part[0]}_")]
            own += [(target, its[0])] if its else []
    return Drivers(
        load=tuple(whole or power or busy),
        inlet=tuple(c for c, sensor in enumerate(sensors) if sensor == INLET),
        fans=tuple(c for c, quantity in enumerate(quantities) if quantity == "fan_speed"),
        own=tuple(own),
    )


def make_features(drivers: Drivers, z: Array, present: NDArray[np.bool_]) -> Array:
    """(B, T, C) → (B, T, features): a constant, the lagged load and inlet, the lagged load squared, the air
    at the parts as it is, behind the lag of a chassis."""
    load = _running_means(*_driver(drivers.load, z, present))  # (B, T, lags)
    inlet = _running_means(*_driver(drivers.inlet, z, present))
    air = _running_means(*_driver(drivers.inlet, z, present, clip=np.inf), (AIR_HALF_LIFE,))
    constant = np.ones((*z.shape[:2], 1))
    return np.concatenate([constant, load, inlet, load**2, air], axis=2)


def own_features(own: Sequence[tuple[int, int]], z: Array, present: NDArray[np.bool_]) -> Array:
    """(B, T, C) → (B, T, targets, lags) of what each target's part draws."""
    if not own:
        return np.zeros((*z.shape[:2], 0, LAGS))
    lagged = [_running_means(*_driver((driver,), z, present)) for _, driver in own]
    return np.stack(lagged, axis=2)


def will_of(drivers: Drivers, explained: Array, z: Array, present: NDArray[np.bool_]) -> Array:
    """(B, T) what load and air make of the fans' common speed → (B, T, lags) what else they do."""
    if not drivers.fans:
        return np.zeros((*z.shape[:2], LAGS))
    speed, there = median_of(drivers.fans, z, present)
    return _running_means(np.where(there, speed - explained, 0.0), there)


def fellows_of(fans: Sequence[int], z: Array, present: NDArray[np.bool_]) -> Array:
    """(B, T, C) → (B, T, fans): for each fan the median of the others, its own where there is none."""
    own, there = z[:, :, list(fans)], present[:, :, list(fans)]
    order = np.argsort(np.where(there, own, np.inf), axis=2, kind="stable")
    ordered = np.take_along_axis(own, order, axis=2)
    rank = np.argsort(order, axis=2)  # of each fan among all; the others close up behind it
    others = there.sum(axis=2, keepdims=True) - there
    middle = np.zeros(own.shape)
    for half in ((others - 1) // 2, others // 2):
        at = np.clip(half + (half >= rank), 0, len(fans) - 1)
        middle += np.take_along_axis(ordered, at, axis=2) / 2
    return np.where(others > 0, middle, own)


def median_of(
    columns: Sequence[int], z: Array, present: NDArray[np.bool_]
) -> tuple[Array, NDArray[np.bool_]]:
    """(B, T) median of some columns over those that are there, and where there is one."""
    chosen, there = z[:, :, list(columns)], present[:, :, list(columns)]
    count = there.sum(axis=2)
    ordered = np.sort(np.where(there, chosen, np.inf), axis=2)
    halves = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, len(columns) - 1)
    low, high = (np.take_along_axis(ordered, at[..., None], axis=2)[..., 0] for at in halves)
    return np.where(count > 0, (low + high) / 2, 0.0), count > 0


def _driver(
    columns: Sequence[int], z: Array, present: NDArray[np.bool_], clip: float = CLIP
) -> tuple[Array, NDArray[np.bool_]]:
    """(B, T) mean of some columns and where there is one."""
    if not columns:
        return np.zeros(z.shape[:2]), np.zeros(z.shape[:2], bool)
    chosen, there = np.clip(z[:, :, list(columns)], -clip, clip), present[:, :, list(columns)]
    count = there.sum(axis=2)
    return np.where(there, chosen, 0.0).sum(axis=2) / np.maximum(count, 1), count > 0


def _running_means(
    x: Array, there: NDArray[np.bool_], half_lives: Sequence[float] = HALF_LIVES_TICKS
) -> Array:
    """(B, T) → (B, T, lags) weighted means that end in each tick; 0 where there is nothing before it."""
    tick = np.arange(x.shape[1])
    age = tick[:, None] - tick[None, :]  # (T, T) of tick s seen from tick t
    means = []
    for half_life in half_lives:
        weights = (age == 0).astype(float) if half_life == 0 else 0.5 ** (np.maximum(age, 0) / half_life)
        weights = np.where(age >= 0, weights, 0.0).T  # (T before, T now)
        total = there.astype(float) @ weights
        means.append((np.where(there, x, 0.0) @ weights) / np.maximum(total, 1e-9))
    return np.stack(means, axis=2)
