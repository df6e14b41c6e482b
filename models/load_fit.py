"""How a cohort's load model is learned: a ridge regression for each sensor, physics where days teach little.

windows (N, T, C) ─► features of the last tick ─► common speed of the fans, and their own will
                                              └─► sensor by sensor: coefficients, usual spread
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.load import (
    COOLED,
    LAGS,
    Drivers,
    LoadModel,
    fellows_of,
    find_drivers,
    make_features,
    median_of,
    own_features,
    will_of,
)
from models.scaling import Q95_OF_NORMAL, HostScaling

RIDGE = 1e-3  # of the rows' number: keeps the running means, which are much alike, from cancelling out
LEAST_SPREAD = 1e-3  # scaled units
KNOWN_QUANTILES = (0.005, 0.995)  # of the fans' own will in training: so far it is known what it does
METERED, METER_GAIN = ("power", "current"), 0.05  # two meters of one load, and how supplies share it
NEWEST_LOAD = 1  # its place among the features
INLETS = slice(1 + LAGS, 1 + 2 * LAGS)

Array = NDArray[np.float64]


def fit_load(
    sensors: Sequence[str], quantities: Sequence[str], z: Array, present: NDArray[np.bool_], floors: Array,
    typical: HostScaling,
) -> LoadModel | None:  # fmt: skip
    """Fit on (N, T, C) windows; None where nothing tells the load.

    The load is among what is explained, by itself: its steps are no news. Power supplies that share it are
    explained by what they carry together, so that one which drops out is left over.

    Args:
        floors: (C,) least spread, in scaled units.
        typical: centre and scale of a typical host.
    """
    drivers = find_drivers(sensors, quantities)
    if not drivers.load:
        return None
    fit = _Fit(drivers, z, present, typical)
    is_load = set(drivers.load) if len(drivers.load) == 1 else set()
    for column in is_load:
        fit.coefficients[NEWEST_LOAD, column] = 1.0  # by itself, wholly
    have_fellows = drivers.fans if len(drivers.fans) > 1 else ()
    for column in set(range(z.shape[2])) - set(drivers.inlet) - is_load - set(have_fellows):
        fit.explain(column, quantities[column], float(floors[column]))
    for place, column in enumerate(have_fellows):
        fit.measure_apart(place, column, float(floors[column]))
    return fit.model()


class _Fit:
    """What is common to the sensors, and what has been learned of each so far."""

    def __init__(self, drivers: Drivers, z: Array, present: NDArray[np.bool_], typical: HostScaling) -> None:
        self.drivers, self.scale = drivers, typical.scale
        self.newest, self.there = z[:, -1], present[:, -1]  # (N, C)
        self.step = _steps(z, present)
        every = make_features(drivers, z, present)  # (N, T, features)
        self.features = every[:, -1]
        self.parts = own_features(drivers.own, z, present)[:, -1]  # (N, targets, lags)
        self.own_place = {target: place for place, (target, _) in enumerate(drivers.own)}
        self.common = self._common_speed()
        will = will_of(drivers, every @ self.common, z, present)[:, -1]  # (N, lags)
        self.known = np.quantile(will, KNOWN_QUANTILES, axis=0)
        self.will = np.clip(will, *self.known)
        features, count = every.shape[2], z.shape[2]
        self.coefficients, self.own = np.zeros((features, count)), np.zeros((LAGS, count))
        self.cooling, self.warms, self.spread = np.zeros((LAGS, count)), np.zeros(count), np.ones(count)
        self.gain, self.ground = np.zeros(count), typical.centre / typical.scale

    def model(self) -> LoadModel:
        return LoadModel(
            self.drivers, self.coefficients, self.own, self.spread,
            self.common, self.cooling, self.known, self.warms, self.step, self.gain, self.ground,
        )  # fmt: skip

    def explain(self, column: int, quantity: str, floor: float) -> None:
        """Learn what drives a sensor, and how far it lies about that; nothing from too few rows."""
        rows, is_cooled = self.there[:, column], quantity in COOLED
        self.gain[column] = METER_GAIN if quantity in METERED else 0.0
        wanted, features = self.newest[rows, column], self.features[rows]
        places = _fitted_places(features.shape[1], is_cooled)
        blocks = [features[:, places]]
        if column in self.own_place:
            blocks.append(self.parts[rows, self.own_place[column]])
        if is_cooled:
            blocks.append(self.will[rows])
            self.warms[column] = -1.0 if _falls(wanted, features[:, NEWEST_LOAD]) else 1.0
            if self.drivers.inlet:  # a kelvin of air is a kelvin of everything behind it
                kelvin = self.scale[self.drivers.inlet[0]] / self.scale[column]
                self.coefficients[-1, column] = self.warms[column] * kelvin
        fitted, left = _ridge(blocks, wanted - features[:, -1] * self.coefficients[-1, column])
        if not len(fitted):
            return
        self.coefficients[places, column], rest = fitted[: len(places)], fitted[len(places) :]
        if column in self.own_place:
            self.own[:, column], rest = rest[:LAGS], rest[LAGS:]
        if is_cooled:
            self.cooling[:, column] = rest
        self.spread[column] = _spread(left, floor)

    def measure_apart(self, place: int, column: int, floor: float) -> None:
        """Learn how far one of several fans, the `place`-th, usually is from its fellows."""
        rows = self.there[:, column]
        if rows.any():
            newest, there = self.newest[rows][:, None], self.there[rows][:, None]
            fellows = fellows_of(self.drivers.fans, newest, there)[:, 0, place]
            # Rounded speeds may be a step apart for hours, or alike, and trade places when all change.
            apart_by = max(floor, float(self.step[column]))
            self.spread[column] = _spread(newest[:, 0, column] - fellows, apart_by)

    def _common_speed(self) -> Array:
        """(features,) what load and air make of the fans' common speed."""
        none = np.zeros(self.features.shape[1])
        if not self.drivers.fans:
            return none
        speed, there = median_of(self.drivers.fans, self.newest[:, None], self.there[:, None])
        fitted, _ = _ridge([self.features[there[:, 0], :-1]], speed[there])
        return np.append(fitted, 0.0) if len(fitted) else none


def _steps(z: Array, present: NDArray[np.bool_]) -> Array:
    """(C,) how coarse each sensor is: the median over windows of its least change, 0 where it never moves."""
    change = np.abs(np.diff(z, axis=1))
    moved = (change > 0) & present[:, 1:] & present[:, :-1]
    least = np.where(moved, change, np.inf).min(axis=1, initial=np.inf)  # (N, C)
    found = [column[np.isfinite(column)] for column in least.T]
    return np.array([float(np.median(column)) if len(column) else 0.0 for column in found])


def _fitted_places(features: int, is_cooled: bool) -> NDArray[np.intp]:
    """Places of the features that are fitted. The air at the parts is physics; for what stands in it, it
    takes the place of the inlet's own."""
    places = np.arange(features - 1)
    return np.delete(places, INLETS) if is_cooled else places


def _falls(y: Array, load: Array) -> bool:
    """Whether a sensor falls with load, as the margin to a limit does."""
    return len(y) > 1 and float(np.mean((y - y.mean()) * (load - load.mean()))) < 0


def _ridge(features: Sequence[Array], wanted: Array) -> tuple[Array, Array]:
    """Coefficients and what they leave over; none where the rows are too few."""
    known = np.concatenate(features, axis=1)
    if len(known) <= 2 * known.shape[1]:
        return np.zeros(0), np.zeros(0)
    normal = known.T @ known / len(known) + np.eye(known.shape[1]) * RIDGE
    fitted: Array = np.linalg.solve(normal, known.T @ wanted / len(known)).astype(np.float64)
    return fitted, wanted - known @ fitted


def _spread(left: Array, floor: float) -> float:
    return max(float(np.quantile(np.abs(left), 0.95)) / Q95_OF_NORMAL, floor, LEAST_SPREAD)
