"""What the fault classifier sees of a host: channels that mean the same on every machine.

rows of the last ticks (N, F) ─► logs, shares, rises ─► less the host's own past ─► window (T, W), mask
residuals of its physics (J, 3) ─► by part: hottest, coolest, least even ──────► still (R,), mask

Nothing here knows rpm, watts or kelvin of a kind of machine: a channel is a ratio to fellow parts or a
difference to the host's own past, the rows before the window. What a host does not send is masked. Blind to
what began before the past that the rows hold, but for the residuals.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from agent.fault_columns import Columns
from agent.physics import Residuals
from agent.physics_channels import LIMITS, MARGIN_ZERO_C
from models.fault_classifier import STILL, WINDOW, WINDOW_CHANNELS

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Limits = Mapping[tuple[str, str], float]

LEAST_PAST = 8  # believed values before the window: fewer say nothing of what is usual
LEAST_RISE_K = 1.0
LEAST_W = 1.0
DEAD_SHARE = 0.05  # of the mean supply, or of the median fan: below this a part stands still
LIVE_V = 50.0
TREMBLE_TICKS = 6
LEAST_TREMBLE = 1e-3
MOST = 12.0  # of a channel's usual size: larger is as good as this
# How a rise follows load and fan speed, near enough; the residuals know it better once an hour has passed.
_LOAD = {"cpu": 1.0, "gpu": 1.0, "dimm": 0.7, "vrm": 1.2, "exhaust": 1.0}
_FAN = {"cpu": 0.5, "gpu": 0.5, "dimm": 0.8, "vrm": 0.8, "exhaust": 1.0}
_LAG_S = {"cpu": 50.0, "gpu": 60.0, "dimm": 90.0, "vrm": 60.0, "exhaust": 150.0}


def window_channels(
    rows: NDArray[np.float32], columns: Columns, sensors: tuple[str, ...], period_s: float, limits: Limits
) -> tuple[Array, Mask]:
    """(N, F) rows that end in the tick, NaN where nothing was believed → (T, W) channels, 0 where masked, and
    their mask."""
    seen = np.asarray(rows, np.float64)
    if len(seen) < WINDOW:
        seen = np.concatenate([np.full((WINDOW - len(seen), seen.shape[1]), np.nan), seen])
    with np.errstate(divide="ignore", invalid="ignore"):
        told = _Teller(seen, period_s)
        fan = _of_fans(told, seen[:, columns.fans])
        power = _of_power(told, seen, columns)
        _of_supplies(told, seen, columns)
        _of_heat(told, seen, columns, power, fan)
        _of_gpus(told, seen, columns)
        _of_work(told, seen, columns, power)
        _of_limits(told, seen, columns, sensors, limits)
    return told.channels()


class _Teller:
    """Gathers channels, each with the size that is worth a 1."""

    def __init__(self, seen: Array, period_s: float) -> None:
        self.period_s, self.count = period_s, len(seen)
        self._told: dict[str, Array] = {}

    def tell(self, name: str, values: Array, size: float) -> None:
        """A channel, (N,)."""
        self._told[name] = values[-WINDOW:] / size

    def news(self, values: Array) -> Array:
        """(N, ...) less the median of the rows before the window; NaN where too few are known."""
        flat = values.reshape(len(values), -1)
        past = np.sort(flat[:-WINDOW], axis=0)  # NaN last
        if not len(past):
            return np.full_like(values, np.nan)
        known = np.isfinite(past).sum(axis=0)
        middle = past[np.maximum((known - 1) // 2, 0), np.arange(flat.shape[1])]
        news: Array = flat - np.where(known >= LEAST_PAST, middle, np.nan)
        return news.reshape(values.shape)

    def behind(self, values: Array, lag_s: float) -> Array:
        """(N,) values as a first-order lag follows them; gaps are bridged by what is usual."""
        finite = np.isfinite(values)
        if not finite.any():
            return values
        weights = _lag_weights(self.count, round(-math.expm1(-self.period_s / lag_s), 6))
        filled: Array = weights @ np.where(finite, values, np.median(values[finite]))
        return filled

    def channels(self) -> tuple[Array, Mask]:
        """(T, W) and the mask."""
        values = np.full((WINDOW, len(WINDOW_CHANNELS)), np.nan)
        for at, name in enumerate(WINDOW_CHANNELS):
            if name in self._told:
                values[:, at] = self._told[name]
        mask = np.isfinite(values)
        return _compress(np.where(mask, values, 0.0)), mask


def _compress(values: Array) -> Array:
    """Large values nearer to the small ones, so that a stopped fan does not drown a worn one."""
    compressed: Array = np.arcsinh(np.clip(values, -MOST, MOST))
    return compressed


@lru_cache(maxsize=512)
def _lag_weights(count: int, gain: float) -> Array:
    """(N, N) each row the weights of the rows up to it; they sum to 1."""
    ago = np.arange(count)[:, None] - np.arange(count)[None, :]
    weights = np.where(ago >= 0, (1.0 - gain) ** np.maximum(ago, 0), 0.0)
    normal: Array = weights / weights.sum(axis=1, keepdims=True)
    return normal


def _least(values: Array, nth: int = 0) -> Array:
    """(N, n) → (N,) the nth smallest of each row, NaN left out."""
    if values.shape[1] <= nth:
        return np.full(len(values), np.nan)
    if nth == 0:
        least: Array = np.fmin.reduce(values, axis=1)
        return least
    ordered: Array = np.sort(values, axis=1)[:, nth]
    return ordered


def _most(values: Array) -> Array:
    return -_least(-values)


def _middle(values: Array) -> Array:
    """(N, n) → (N,) the lower median of each row, NaN left out."""
    if not values.shape[1]:
        return np.full(len(values), np.nan)
    ordered = np.sort(values, axis=1)
    known = np.isfinite(ordered).sum(axis=1)
    middle: Array = np.take_along_axis(ordered, np.maximum((known - 1) // 2, 0)[:, None], axis=1)[:, 0]
    return middle


def _of_fans(told: _Teller, fans: Array) -> Array:
    """Tell of the fans; (N,) log of their median speed over the past's."""
    middle = _middle(fans)
    beside = np.log(np.maximum(fans / np.maximum(middle, 1e-6)[:, None], DEAD_SHARE))  # (N, n)
    own = told.news(beside)
    level = told.news(np.log(np.maximum(middle, 1e-3)))
    told.tell("fan_slowest", _least(own), 0.05)
    told.tell("fan_second_slowest", _least(own, 1), 0.05)
    told.tell("fan_fastest", _most(own), 0.05)
    told.tell("fans_still", (fans <= DEAD_SHARE * middle[:, None]).sum(axis=1) + 0.0 * middle, 0.5)
    told.tell("fan_speed", level, 0.1)
    return level


def _of_power(told: _Teller, seen: Array, columns: Columns) -> Array:
    """Tell of the machine's power; (N,) W."""
    power = seen[:, columns.power].sum(axis=1) if columns.power else np.full(len(seen), np.nan)
    log = np.log(np.maximum(power, LEAST_W))
    step = np.abs(np.diff(log, prepend=np.nan))
    kernel = np.ones(TREMBLE_TICKS) / TREMBLE_TICKS
    tremble = np.convolve(np.where(np.isfinite(step), step, 0.0), kernel)[: len(step)]
    tremble = np.log(tremble + LEAST_TREMBLE) + 0.0 * power
    told.tell("power", told.news(log), 0.1)
    told.tell("power_tremble", tremble + 4.0, 1.0)
    told.tell("power_tremble_news", told.news(tremble), 0.7)
    return power


def _of_supplies(told: _Teller, seen: Array, columns: Columns) -> None:
    drawn, count = seen[:, columns.supplies], len(columns.supplies)
    if count > 1:
        share = drawn / np.maximum(drawn.sum(axis=1, keepdims=True), LEAST_W)  # (N, n)
        moved = told.news(share) * count
        told.tell("supply_least_share", np.log(np.maximum(_least(share) * count, DEAD_SHARE)), 0.3)
        told.tell("supply_share_lost", _least(moved), 0.1)
        told.tell("supply_share_won", _most(moved), 0.1)
    if columns.volts:
        dead = (seen[:, columns.volts] < LIVE_V).sum(axis=1) + 0.0 * seen[:, columns.volts].sum(axis=1)
        told.tell("inputs_dead", dead, 0.5)
    if columns.pairs:
        taken, given = (seen[:, [pair[side] for pair in columns.pairs]] for side in (0, 1))
        news = told.news(np.log(np.where(taken > LEAST_W, given / taken, np.nan)))
        told.tell("efficiency_worst", _least(news), 0.01)
        told.tell("efficiency_best", _most(news), 0.01)


def _of_heat(told: _Teller, seen: Array, columns: Columns, power: Array, fan: Array) -> None:
    """How much warmer parts are than the air that comes in, and than load and fan speed make them."""
    if columns.inlet < 0:
        return
    inlet = seen[:, columns.inlet]
    air = told.news(inlet)
    told.tell("inlet", air, 2.0)
    told.tell("inlet_step", np.diff(inlet, prepend=np.nan), 1.0)
    fan = np.where(np.isfinite(fan), fan, 0.0)
    for part, temperatures in columns.parts.items():
        if not temperatures:
            continue
        value = seen[:, temperatures]
        is_margin = np.isin(temperatures, columns.margins)
        value = np.where(is_margin, MARGIN_ZERO_C - np.abs(value), value)
        rise = np.log(np.maximum(value - inlet[:, None], LEAST_RISE_K))  # (N, n)
        load = _loads(told, seen, [columns.own_power.get(i) for i in temperatures], power, _LAG_S[part])
        warmer = told.news(rise)
        excess = told.news(rise - _LOAD[part] * load) + _FAN[part] * fan[:, None]
        told.tell(f"{part}_warmest", _most(warmer), 0.1)
        told.tell(f"{part}_excess", _most(excess), 0.1)
        if part in ("cpu", "gpu") and len(temperatures) > 1:
            told.tell(f"{part}_others_excess", _middle(excess) if part == "gpu" else _least(excess), 0.1)
            told.tell(f"{part}_apart", _most(warmer) - _least(warmer), 0.1)


def _loads(told: _Teller, seen: Array, own: Sequence[int | None], power: Array, lag_s: float) -> Array:
    """(N, n) or (N, 1) log of the power that heats parts: their own where it is sent, else the machine's."""

    def behind(load_w: Array) -> Array:
        return told.behind(np.log(np.maximum(load_w, LEAST_W)), lag_s)

    shared = behind(power) if None in own else power
    if all(column is None for column in own):
        return shared[:, None]
    return np.stack([shared if column is None else behind(seen[:, column]) for column in own], axis=1)


def _of_gpus(told: _Teller, seen: Array, columns: Columns) -> None:
    if not columns.gpus:
        return
    there = np.stack([np.isfinite(seen[:, of]).any(axis=1) for of in columns.gpus], axis=1).astype(float)
    # Of a tick without any reading nothing is known of its GPUs either.
    heard = np.where(np.isfinite(seen).any(axis=1), 0.0, np.nan)
    told.tell("gpus_lost", -told.news(there.sum(axis=1) + heard), 0.5)
    if columns.gpu_power:
        drawn = np.log(np.maximum(seen[:, columns.gpu_power], LEAST_W))
        told.tell("gpu_power_least", _least(told.news(drawn)), 0.2)
        told.tell("gpu_power_middle", _middle(told.news(drawn)), 0.2)


def _of_work(told: _Teller, seen: Array, columns: Columns, power: Array) -> None:
    log = np.log(np.maximum(power, LEAST_W))
    if columns.utilization >= 0:
        load = seen[:, columns.utilization]
        told.tell("utilization", told.news(load), 0.2)
        told.tell("power_for_work", told.news(log - load), 0.1)
        told.tell("busy", load - 0.5, 0.3)
    if columns.frequency >= 0:
        clock = told.news(np.log(np.maximum(seen[:, columns.frequency], 1.0)))
        told.tell("frequency", clock, 0.1)
        told.tell("frequency_for_power", clock - 0.3 * told.news(log), 0.1)


def _of_limits(
    told: _Teller, seen: Array, columns: Columns, sensors: tuple[str, ...], limits: Limits
) -> None:
    """How far the processors are from their limits, where these are sent."""
    left = []
    for i in columns.parts["cpu"]:
        if i in columns.margins:
            left.append(np.abs(seen[:, i]))
        elif (limit := limits.get((sensors[i], "upper"))) is not None:
            left.append(limit - seen[:, i])
    if left:
        told.tell("cpu_headroom", _least(np.stack(left, axis=1)) - 15.0, 5.0)


def still_channels(residuals: Residuals | None, period_s: float) -> tuple[Array, Mask]:
    """(R,) what the host's physics say of its parts, in units of what a rule takes for a fault, and the mask.

    Three of each: the fast, the middle and the slow residual."""
    values = np.full(len(STILL), np.nan)
    values[0] = math.log(period_s / 60.0)
    if residuals is not None:
        with np.errstate(invalid="ignore"):
            for at, (role, which) in enumerate(_STILL_ROLES):
                columns = residuals.channels.groups.get(role)
                if columns is not None and len(columns):
                    scaled = residuals.smooth[columns] / np.array(LIMITS[role])  # (n, 3)
                    values[1 + 3 * at : 4 + 3 * at] = _WHICH[which](scaled.T)
    mask = np.isfinite(values)
    return _compress(np.where(mask, values, 0.0)), mask


_WHICH = {"most": _most, "least": _least, "middle": _middle}
_STILL_ROLES = tuple((name.rsplit("_", 2)[0], name.rsplit("_", 2)[1]) for name in STILL[1::3])
