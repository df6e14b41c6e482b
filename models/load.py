"""What load and inlet air explain of all sensors, each with its own lag, and what is left over.

    window (B, T, C) ─► load, inlet ─► running means of 0 to 16 ticks ─► linear map ─► left over (B, T, C)

A temperature follows power by a minute or more: set against power of the same tick, every step of load looks
like a fault. Set against power with the lag that fits, "hot because busy" is explained and "hot because the
cooling failed" is left over. Blind to a fault in the load itself, which explains itself here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.scaling import Q95_OF_NORMAL

HALF_LIVES_TICKS = (0.0, 2.0, 6.0, 16.0)  # 0: the newest tick alone
RIDGE = 1e-3  # of the rows' number: keeps the running means, which are much alike, from cancelling out
NEWEST_LOAD = 1  # its place among the features
HOST_POWER, INLET = "power_w", "inlet_temp_c"
LEAST_SPREAD = 1e-3  # scaled units
CLIP = 5.0  # scaled units of the drivers; beyond them the map is not trusted to go on

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LoadModel:
    """A linear map from lagged drivers to every sensor, in scaled units, the same for a cohort's hosts."""

    load: tuple[int, ...]  # columns whose mean is the load
    inlet: tuple[int, ...]  # column of the inlet temperature, if there is one
    coefficients: Array  # (features, C); 0 for the inlet, which nothing here explains
    spread: Array  # (C,) of what is left over

    def left_over(self, z: Array, present: NDArray[np.bool_]) -> Array:
        """(B, T, C) scaled values, 0 where masked → (B, T, C) what the drivers do not explain, in units of
        its usual spread."""
        explained = make_features(self.load, self.inlet, z, present) @ self.coefficients
        return np.where(present, (z - explained) / self.spread, 0.0)


def find_drivers(
    sensors: Sequence[str], quantities: Sequence[str]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Columns of load (the host's power, else all power sensors, else utilisation) and of inlet air."""
    power = [c for c, quantity in enumerate(quantities) if quantity == "power"]
    whole = [c for c in power if sensors[c] == HOST_POWER]
    busy = [c for c, quantity in enumerate(quantities) if quantity == "utilization"]
    return tuple(whole or power or busy), tuple(c for c, sensor in enumerate(sensors) if sensor == INLET)


def make_features(load: Sequence[int], inlet: Sequence[int], z: Array, present: NDArray[np.bool_]) -> Array:
    """(B, T, C) → (B, T, features): a constant, the lagged load and inlet, the lagged load squared."""
    busy, warm = _driver(load, z, present), _driver(inlet, z, present)  # (B, T) each
    lagged = [_running_means(x, there) for x, there in (busy, warm)]  # (B, T, lags) each
    constant = np.ones((*z.shape[:2], 1))
    return np.concatenate([constant, *lagged, lagged[0] ** 2], axis=2)


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
    load, inlet = find_drivers(sensors, quantities)
    if not load:
        return None
    features = make_features(load, inlet, z, present)[:, -1]  # (N, features)
    coefficients, spread = np.zeros((features.shape[1], z.shape[2])), np.ones(z.shape[2])
    usual = np.eye(features.shape[1]) * RIDGE
    if len(load) == 1:
        coefficients[NEWEST_LOAD, load[0]] = 1.0  # by itself, wholly
    for column in set(range(z.shape[2])) - set(inlet) - (set(load) if len(load) == 1 else set()):
        rows = present[:, -1, column]
        known, wanted = features[rows], z[rows, -1, column]
        if len(known) > 2 * features.shape[1]:
            normal = known.T @ known / len(known) + usual
            coefficients[:, column] = np.linalg.solve(normal, known.T @ wanted / len(known))
            left = np.abs(wanted - known @ coefficients[:, column])
            spread[column] = max(
                float(np.quantile(left, 0.95)) / Q95_OF_NORMAL, float(floors[column]), LEAST_SPREAD
            )
    return LoadModel(load, inlet, coefficients, spread)
