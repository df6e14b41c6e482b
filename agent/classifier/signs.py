"""What each fault must show before the classifier may name it, and how that is said with numbers.

A fault whose channels are all masked cannot be seen on this machine and is not named; one that shows the
opposite of what physics asks is vetoed, whatever the network thinks.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.findings import Evidence
from agent.tick_points import six_digits
from models.fault_classifier import WINDOW_CHANNELS

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
LATEST = 3  # ticks: a sign may come and go within these


class Sign(NamedTuple):
    """A channel that speaks for a fault, and from where on; `bound` is in what the channel is told in."""

    channel: str
    side: str  # "above" or "below"
    bound: float


class Told(NamedTuple):
    """How a channel is told: `size` is what makes it 1 in the window."""

    size: float
    unit: str
    is_ratio: bool  # told as a ratio to what is usual, which is 1; else as a difference, which is 0
    quantity: str = "other"


SIGNS: dict[str, tuple[Sign, ...]] = {
    "fan_failure": (Sign("fan_slowest", "below", 0.7),),
    "fan_degradation": (Sign("fan_slowest", "below", 0.985),),
    "airflow_blockage": (Sign("exhaust_excess", "above", 1.02), Sign("cpu_excess", "above", 0.98)),
    "heatsink_degradation": (Sign("cpu_excess", "above", 1.02),),
    "cpu_throttling": (Sign("cpu_excess", "below", 1.3), Sign("cpu_headroom", "below", 25.0)),
    "power_cap": (Sign("power", "below", 1.6), Sign("cpu_excess", "below", 1.15)),
    "psu_failure": (Sign("supply_least_share", "below", 0.6),),
    "psu_efficiency": (Sign("efficiency_worst", "below", 0.997),),
    "psu_imbalance": (Sign("supply_share_lost", "below", -0.03),),
    "vrm_overheating": (Sign("vrm_excess", "above", 1.03),),
    "dimm_overheating": (Sign("dimm_excess", "above", 1.03),),
    "gpu_overheating": (Sign("gpu_excess", "above", 1.03),),
    "gpu_lost": (Sign("gpus_lost", "above", 0.5),),
}
# Hours of full load are mostly work: only days of it tell, which a rule sees (agent/rules/load.py).
NEVER_TOLD = frozenset(("abnormal_load",))
TOLD: dict[str, Told] = {
    "fan_slowest": Told(0.05, "1", True),
    "exhaust_excess": Told(0.1, "1", True),
    "cpu_excess": Told(0.1, "1", True),
    "vrm_excess": Told(0.1, "1", True),
    "dimm_excess": Told(0.1, "1", True),
    "gpu_excess": Told(0.1, "1", True),
    "power": Told(0.1, "1", True),
    "cpu_headroom": Told(5.0, "Cel", False, "margin"),
    "supply_least_share": Told(0.3, "1", True),
    "supply_share_lost": Told(0.1, "1", False),
    "efficiency_worst": Told(0.01, "1", True),
    "gpus_lost": Told(0.5, "1", False),
    "inlet": Told(2.0, "Cel", False, "temperature"),
}
_HEADROOM_K = 15.0  # from where the channel counts


def value_of(window: Array, mask: Mask, channel: str, side: str) -> float:
    """A channel's newest values in what it is told in, the one that most speaks for `side`; NaN: masked."""
    at = WINDOW_CHANNELS.index(channel)
    newest = window[-LATEST:, at][mask[-LATEST:, at]]
    if not len(newest):
        return math.nan
    told = TOLD[channel]
    raw = math.sinh(float(newest.max() if side == "above" else newest.min())) * told.size
    if channel == "cpu_headroom":
        raw += _HEADROOM_K
    return math.exp(raw) if told.is_ratio else raw


def is_vetoed(fault: str, window: Array, mask: Mask) -> bool:
    """Whether what the machine shows speaks against a fault, or nothing of it can be seen here."""
    signs = SIGNS.get(fault, ())
    values = [value_of(window, mask, sign.channel, sign.side) for sign in signs]
    known = [(sign, value) for sign, value in zip(signs, values, strict=True) if not math.isnan(value)]
    if signs and not known:
        return True
    return any(value < sign.bound if sign.side == "above" else value > sign.bound for sign, value in known)


def evidence_for(fault: str, window: Array, mask: Mask) -> list[Evidence]:
    """The channels that speak for a fault, as observations."""
    told = []
    for sign in SIGNS.get(fault, ()):
        value = value_of(window, mask, sign.channel, sign.side)
        if not math.isnan(value):
            how = TOLD[sign.channel]
            usual = 1.0 if how.is_ratio else sign.bound if sign.channel == "cpu_headroom" else 0.0
            told.append(
                Evidence(sign.channel, how.quantity, how.unit, six_digits(value), six_digits(usual), "for")
            )
    return told
