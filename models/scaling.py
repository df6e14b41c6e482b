"""Centre and scale of each sensor of a host, robust against the odd fault in its training data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Q95_OF_NORMAL = 1.96  # |x − median| at the 95 % quantile of a normal distribution, in standard deviations
Q99_SPREAD_OF_NORMAL = 4.65  # q99 − q01 of one
RANGE_SHARE = 0.01  # of the range that training saw

# The least spread worth a score: about what the sensors of each quantity quantise to.
FLOORS = {
    "temperature": 0.5,
    "margin": 0.5,
    "fan_speed": 40.0,
    "power": 3.0,
    "voltage": 0.1,
    "current": 0.1,
    "humidity": 1.0,
}
DEFAULT_FLOOR = 0.01
UNKNOWN_QUANTITY = "other"  # no floor is known: a share of the range that training saw is the least
FRACTION_FLOOR = 0.01  # of anything in unit 1

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HostScaling:
    """Centre and scale of a host's C sensors, in the sensors' own units."""

    centre: Array  # (C,)
    scale: Array  # (C,)


def scale_floors(quantities: Sequence[str], units: Sequence[str]) -> Array:
    """(C,) the least scale of each sensor, in its own unit."""
    return np.array(
        [
            0.0
            if quantity == UNKNOWN_QUANTITY
            else FRACTION_FLOOR
            if unit == "1"
            else FLOORS.get(quantity, DEFAULT_FLOOR)
            for quantity, unit in zip(quantities, units, strict=True)
        ]
    )


def fit_scaling(values: NDArray[np.float32], present: NDArray[np.bool_], floors: Array) -> HostScaling:
    """Centre = median; scale = the largest of two robust spreads, a share of the range, and the floor.

    A sensor that was constant keeps a hundredth of its natural size as scale: columns that first move
    after training are half the news. Where no floor is known (0), a hundredth of the natural size is the
    least: of 1 where all values lie in −1…1, as in tables that somebody has scaled, else of the largest.

    Args:
        values: (n, C), present: (n, C), floors: (C,).
    """
    centre, scale = np.zeros(values.shape[1]), np.ones(values.shape[1])
    natural = 1.0 if np.abs(np.where(present, values, 0.0)).max(initial=0.0) <= 1.0 else 0.0
    for column in range(values.shape[1]):
        seen = values[present[:, column], column].astype(np.float64)
        if not len(seen):
            scale[column] = floors[column] or 1.0
            continue
        centre[column] = np.median(seen)
        low, high = np.quantile(seen, (0.01, 0.99))
        spreads = [
            float(np.quantile(np.abs(seen - centre[column]), 0.95)) / Q95_OF_NORMAL,
            float(high - low) / Q99_SPREAD_OF_NORMAL,
            RANGE_SHARE * float(seen.max() - seen.min()),
            float(floors[column]) or RANGE_SHARE * (natural or float(np.abs(seen).max())),
        ]
        if seen.max() == seen.min():
            spreads.append(DEFAULT_FLOOR * max(1.0, float(np.abs(seen).max())))
        scale[column] = max(spreads)
    return HostScaling(centre, scale)


def typical_scaling(hosts: Sequence[HostScaling]) -> HostScaling:
    """A host of the cohort that training never saw: median centre, scale widened by how hosts differ."""
    centres = np.stack([host.centre for host in hosts])
    scales = np.stack([host.scale for host in hosts])
    between = np.abs(centres - np.median(centres, axis=0)).mean(axis=0)
    return HostScaling(np.median(centres, axis=0), np.median(scales, axis=0) + between)
