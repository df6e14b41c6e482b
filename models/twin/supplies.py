"""Power supplies: what they draw for what they deliver, by their 80 PLUS class at 230 V.

Points at 10, 20, 50 and 100 % of the rating are the classes' own; those below follow the usual fall.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CURVES: dict[str, tuple[float, ...]] = {  # efficiency at LOADS
    "bronze": (0.45, 0.66, 0.74, 0.81, 0.85, 0.81),
    "silver": (0.50, 0.70, 0.79, 0.85, 0.89, 0.85),
    "gold": (0.55, 0.76, 0.83, 0.88, 0.92, 0.88),
    "platinum": (0.60, 0.80, 0.87, 0.90, 0.94, 0.91),
    "titanium": (0.66, 0.85, 0.90, 0.94, 0.96, 0.91),
}
LOADS = (0.0, 0.05, 0.10, 0.20, 0.50, 1.0)  # of a supply's rating
_NODES_PER_UNIT, _HIGHEST = 200, 1.2  # of the table; every load of LOADS is a node
_LOWEST_EFFICIENCY = 0.3
_TABLE_LOADS = np.arange(round(_NODES_PER_UNIT * _HIGHEST) + 2) / _NODES_PER_UNIT
_NAMES = tuple(CURVES)
_TABLE = np.stack([np.interp(_TABLE_LOADS, LOADS, CURVES[name]) for name in _NAMES])  # (curves, nodes)


class SupplyCurves:
    """The efficiency of many supplies at once, each on its own curve."""

    def __init__(self, curves: Sequence[str]) -> None:
        """One name of CURVES for each host."""
        self._from = np.array([_NAMES.index(name) for name in curves])[:, None] * _TABLE.shape[1]  # (H, 1)
        self._flat = _TABLE.ravel()
        self._slope = np.diff(self._flat, append=self._flat[-1])

    def efficiency(self, load: Array) -> Array:
        """(H, supplies) at a load, as a share of the rating."""
        node = np.minimum(load * _NODES_PER_UNIT, _TABLE.shape[1] - 2.0)
        whole = node.astype(np.intp)
        at = whole + self._from
        found: Array = self._flat.take(at) + (node - whole) * self._slope.take(at)
        return found


def draw_input(output_w: Array, efficiency: Array, loss: Array | float) -> Array:
    """(H, supplies) W from the mains; `loss` is what a degraded supply's efficiency lacks."""
    drawn_w: Array = output_w / np.maximum(efficiency - loss, _LOWEST_EFFICIENCY)
    return drawn_w
