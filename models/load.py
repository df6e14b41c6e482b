"""What heats and cools each sensor explains of it, with its own lags, and what is left over.

    window (B, T, C) ─► load, inlet, fans, own part ─► running means, 0 to 16 ticks ─► linear map ─► left over

A temperature follows power by a minute or more: set against power of the same tick, every step of load looks
like a fault. Set against power with the lag that fits, "hot because busy" is explained and "hot because the
cooling failed" is left over. A part's temperature is set against what that part draws (`gpu1_power_w` for
`gpu1_temp_c`) and the speed of the fans as well. Blind to a fault in the load itself, which explains itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.scaling import Q95_OF_NORMAL

HALF_LIVES_TICKS = (0.0, 2.0, 6.0, 16.0)  # 0: the newest tick alone
RIDGE = 1e-3  # of the rows' number: keeps the running means, which are much alike, from cancelling out
NEWEST_LOAD = 1  # its place among the features
HOST_POWER, INLET = "power_w", "inlet_temp_c"
PART = re.compile(r"(?:cpu|gpu|psu|dimm|socket)\d+")
LEAST_SPREAD = 1e-3  # scaled units
CLIP = 5.0  # scaled units of the drivers; beyond them the map is not trusted to go on

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
    coefficients: Array  # (features, C); 0 for the inlet, which nothing here explains
    own: Array  # (lags, C) of each sensor's own part; 0 where nothing tells what the part draws
    spread: Array  # (C,) of what is left over

    def left_over(self, z: Array, present: NDArray[np.bool_]) -> Array:
        """(B, T, C) scaled values, 0 where masked → (B, T, C) what the drivers do not explain, in units of
        its usual spread."""
        explained = make_features(self.drivers, z, present) @ self.coefficients
        parts = own_features(self.drivers.own, z, present)  # (B, T, targets, lags)
        for place, (target, _) in enumerate(self.drivers.own):
            explained[:, :, target] += parts[:, :, place] @ self.own[:, target]
        return np.where(present, (z - explained) / self.spread, 0.0)


def find_drivers(sensors: Sequence[str], quantities: Sequence[str]) -> Drivers:
    """Columns of load (the host's power, else all power sensors, else utilisation), air, fans and parts."""
    power = [c for c, quantity in enumerate(quantities) if quantity == "power"]
    whole = [c for c in power if sensors[c] == HOST_POWER]
    busy = [c for c, quantity in enumerate(quantities) if quantity == "utilization"]
    own = []
    for target, quantity in enumerate(quantities):
        part = PART.search(sensors[target]) if quantity in ("temperature", "margin") else None
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
    """(B, T, C) → (B, T, features): a constant, the lagged load, inlet and fans, the lagged load squared."""
    sources = [_driver(columns, z, present) for columns in (drivers.load, drivers.inlet, drivers.fans)]
    lagged = [_running_means(x, there) for x, there in sources]  # (B, T, lags) each
    constant = np.ones((*z.shape[:2], 1))
    return np.concatenate([constant, *lagged, lagged[0] ** 2], axis=2)


def own_features(own: Sequence[tuple[int, int]], z: Array, present: NDArray[np.bool_]) -> Array:
    """(B, T, C) → (B, T, targets, lags) of what each target's part draws."""
    if not own:
        return np.zeros((*z.shape[:2], 0, len(HALF_LIVES_TICKS)))
    lagged = [_running_means(*_driver((driver,), z, present)) for _, driver in own]
    return np.stack(lagged, axis=2)


def _driver(columns: Sequence[int], z: Array, present: NDArray[np.bool_]) -> tuple[Array, NDArray[np.bool_]]:
    """(B, T) mean of some columns and where there is one."""
    if not columns:
        return np.zeros(z.shape[:2]), np.zeros(z.shape[:2], bool)
    chosen, there = np.clip(z[:, :, list(columns)], -CLIP, CLIP), present[:, :, list(columns)]
    count = there.sum(axis=2)
    return np.where(there, chosen, 0.0).sum(axis=2) / np.maximum(count, 1), count > 0


def _running_means(x: Array, there: NDArray[np.bool_]) -> Array:
    """(B, T) → (B, T, lags) weighted means that end in each tick; 0 where there is nothing before it."""
    tick = np.arange(x.shape[1])
    age = tick[:, None] - tick[None, :]  # (T, T) of tick s seen from tick t
    means = []
    for half_life in HALF_LIVES_TICKS:
        weights = (age == 0).astype(float) if half_life == 0 else 0.5 ** (np.maximum(age, 0) / half_life)
        weights = np.where(age >= 0, weights, 0.0).T  # (T before, T now)
        total = there.astype(float) @ weights
        means.append((np.where(there, x, 0.0) @ weights) / np.maximum(total, 1e-9))
    return np.stack(means, axis=2)


def fit_load(
    sensors: Sequence[str], quantities: Sequence[str], z: Array, present: NDArray[np.bool_], floors: Array
) -> LoadModel | None:
    """Fit on (N, T, C) windows; None where nothing tells the load. `floors` (C,) is the least spread.

    The load is among what is explained, by itself: its steps are no news. Power supplies that share it are
    explained by what they carry together, so that one which drops out is left over.
    """
    drivers = find_drivers(sensors, quantities)
    if not drivers.load:
        return None
    features = make_features(drivers, z, present)[:, -1]  # (N, features)
    parts = own_features(drivers.own, z, present)[:, -1]  # (N, targets, lags)
    own_place = {target: place for place, (target, _) in enumerate(drivers.own)}
    count, lags = z.shape[2], len(HALF_LIVES_TICKS)
    coefficients, own, spread = np.zeros((features.shape[1], count)), np.zeros((lags, count)), np.ones(count)
    is_load = set(drivers.load) if len(drivers.load) == 1 else set()
    for column in is_load:
        coefficients[NEWEST_LOAD, column] = 1.0  # by itself, wholly
    for column in set(range(count)) - set(drivers.inlet) - is_load:
        rows = present[:, -1, column]
        chosen = _explaining(features.shape[1], quantities[column])
        known = features[np.ix_(rows, chosen)]
        if column in own_place:
            known = np.concatenate([known, parts[rows, own_place[column]]], axis=1)
        wanted = z[rows, -1, column]
        if len(known) <= 2 * known.shape[1]:
            continue
        normal = known.T @ known / len(known) + np.eye(known.shape[1]) * RIDGE
        fitted = np.linalg.solve(normal, known.T @ wanted / len(known))
        coefficients[chosen, column] = fitted[: len(chosen)]
        own[: len(fitted) - len(chosen), column] = fitted[len(chosen) :]
        left = np.abs(wanted - known @ fitted)
        spread[column] = max(
            float(np.quantile(left, 0.95)) / Q95_OF_NORMAL, float(floors[column]), LEAST_SPREAD
        )
    return LoadModel(drivers, coefficients, own, spread)


def _explaining(features: int, quantity: str) -> NDArray[np.intp]:
    """Places of the features that explain a quantity: fans cool, so their speed explains temperatures, and
    nothing else, since a fan that is slow must be left over."""
    lags = len(HALF_LIVES_TICKS)
    fans = np.arange(1 + 2 * lags, 1 + 3 * lags)
    places = np.arange(features)
    return places if quantity in ("temperature", "margin") else np.setdiff1d(places, fans)
