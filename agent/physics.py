"""A host's physical residuals, tick by tick: what load and fans do not explain of each of its channels.

    tick ─► load behind each channel's lag ─► y and drivers ─► models/physics ─► residual ─► smoothed, fast
                                                                                 and slow ─► beyond its limit?

A machine is its own measure: nothing is expected until an hour of it is known, and little is taken for
sure where its load has not been. What is far from its expectation teaches little. A part of the host's
state.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.physics_channels import Channels, channels_of
from agent.physics_values import (
    GIVEN_SHARE,
    LEAST_RISE_K,
    LEAST_W,
    log_loads,
    rises_of,
    running,
    values_of,
)
from agent.scored import ScoredTick
from agent.sensors import SECOND_NS
from models.physics import Baselines

TIMES_S = np.array((120.0, 600.0, 1_800.0))  # of the filters: fast, middle, slow
GAP_S = 1_200.0  # after a longer one the filters begin anew
SETTLE_S = 600.0  # between two new looks at what was learned
UNREST, UNREST_LAGS = 0.1, 1.5  # what a step of log load leaves for so many of the channel's lags
TRANSIENT = 0.2  # load and what is left of it behind the lag, as logarithms: more than this apart says little
COARSE_STEPS = 1.5  # of a meter: half of one now and in what was learned, at either end of a supply
GPU_DOUBT = 2.0  # a card goes from idle to full between two readings, past loads that it never showed
METER_K = 0.5  # what two thermometers of 1 °C, one of them in the air, may be off together for long
METER_SHARE = 0.03  # the same of a meter of power, and of what supplies lose at another load
JUMP_K, JUMP_FROM_K, JUMP_LASTS_S = 10.5, 3.3, 300.0  # of air at the inlet
SPREADS = 5.0
STILL = 0.5  # of the slow limit: so much must be there now, or what the slow filter holds is over
NEAR, CALM = 0.4, 0.8  # of a limit: from here on a tick teaches less, and from here on next to nothing
FAR_TEACHES = 0.1  # of what any other tick does: what was learned wrongly at first must not stay for ever
REST_S = 900.0  # after a machine was off
INLET_KEY = "air inlet_temp_c"
_OWN = (
    "load",
    "newest",
    "unrest",
    "reference",
    "smooth",
    "since_ns",
    "given_w",
    "quantum_w",
)  # arrays of the state
HELD_S = np.array((45.0, 200.0, 600.0))

Array = NDArray[np.float64]


def _or_zero(values: Array) -> Array:
    """The same with 0 for NaN; `nan_to_num` takes ten times as long."""
    zeroed: Array = np.where(np.isnan(values), 0.0, values)
    return zeroed


@dataclass(frozen=True, slots=True)
class Residuals:
    """What a tick's channels say; arrays are (J,)."""

    channels: Channels
    smooth: Array  # (J, 3) residuals: fast, middle, slow; NaN where nothing is expected
    expected: Array  # y
    y: Array
    beyond: NDArray[np.int8]  # −1 and 1: below and above the expectation for long enough, 0: neither
    is_known: NDArray[np.bool_]
    jumped_k: float = 0.0  # by which inlet air warmed at once, some minutes ago at most

    @property
    def fast(self) -> Array:
        return self.smooth[:, 0]

    @property
    def slow(self) -> Array:
        return self.smooth[:, -1]


@dataclass(slots=True)
class Physics:
    """Filters, baselines and timers of one host."""

    baselines: Baselines = field(default_factory=Baselines)
    load: Array = field(default_factory=lambda: np.zeros(0))  # (J,) log, behind the lag
    newest: Array = field(default_factory=lambda: np.zeros(0))  # (J,) log load of the newest tick
    unrest: Array = field(default_factory=lambda: np.zeros(0))  # (J,) what is left of steps of log load
    reference: Array = field(default_factory=lambda: np.zeros((0, 2)))  # of log load and log fan speed
    smooth: Array = field(default_factory=lambda: np.zeros((0, 3)))  # residuals, NaN before the first
    since_ns: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 3), np.int64))  # 0: not beyond
    given_w: Array = field(default_factory=lambda: np.zeros(0))  # (J,) a supply's last output
    quantum_w: Array = field(default_factory=lambda: np.zeros(0))  # (J,) its smallest step, inf before one
    keys: tuple[str, ...] = ()  # of the channels
    time_ns: int = 0
    settled_ns: int = 0
    rests_to_ns: int = 0
    jumped_ns: int = 0
    jumped_k: float = 0.0

    def update(self, tick: ScoredTick) -> Residuals | None:
        """The residuals of a tick; None for a host without such channels."""
        channels = channels_of(tick.sensors, tick.quantities, tick.units)
        count = len(channels.roles)
        if not count:
            return None
        if self.keys != channels.keys:
            self._fit(channels)
        elapsed_s = (tick.time_ns - self.time_ns) / SECOND_NS if self.time_ns else math.inf
        self.time_ns = tick.time_ns
        begins = elapsed_s > GAP_S
        y, drivers, taken = self._measure(tick, channels, elapsed_s)
        expected, unsure = self.baselines.expect(drivers)
        self._bound(tick, channels, expected)
        unsure[channels.groups["gpu"]] *= GPU_DOUBT
        residual = y - expected
        usable = taken & np.isfinite(residual) & (unsure <= channels.limits[:, 0])
        if not begins:
            self._see_jump(tick.time_ns, channels, residual, usable)
        follow = self.smooth + (residual[:, None] - self.smooth) * -np.expm1(-elapsed_s / TIMES_S)
        follow = np.where(np.isnan(self.smooth) | begins, residual[:, None], follow)
        self.smooth = np.where(usable[:, None], follow, np.nan if begins else self.smooth)
        meter = self._meter(tick, channels)
        sure = self._limits(tick, channels, unsure, meter)
        beyond = self._hold(tick.time_ns, tick.period_ns, sure, usable)
        worth = channels.noise**2 / (channels.noise**2 + meter**2)
        hours = 0.0 if begins else elapsed_s / 3600.0
        self._learn(tick.time_ns, hours, y, drivers, taken, sure, worth)
        has_jumped = self.jumped_ns > 0 and tick.time_ns - self.jumped_ns <= JUMP_LASTS_S * SECOND_NS
        jumped_k = self.jumped_k if has_jumped else 0.0
        return Residuals(channels, self.smooth, expected, y, beyond, usable, jumped_k)

    @staticmethod
    def _bound(tick: ScoredTick, channels: Channels, expected: Array) -> None:
        """A load, or fans, that are new may come with any clock and power, but with none that never was."""
        for j in (channels.clock, channels.work):
            if j >= 0:
                highest = math.log(max(float(tick.peak[channels.columns[j]]), 1.0))
                expected[j] = min(expected[j], highest)

    def _see_jump(self, time_ns: int, channels: Channels, residual: Array, usable: NDArray[np.bool_]) -> None:
        """Note air that was as usual a reading ago and is not any more."""
        for j in channels.groups["air"].tolist():
            if usable[j] and residual[j] >= JUMP_K and abs(float(self.smooth[j, 0])) <= JUMP_FROM_K:
                self.jumped_ns, self.jumped_k = time_ns, float(residual[j])

    def _fit(self, channels: Channels) -> None:
        """Have an element for each channel; a sensor that came later may stand between those known."""
        known, self.keys = self.keys, channels.keys
        old, count = replace(self), len(channels.keys)
        pairs = [(at, known.index(key)) for at, key in enumerate(channels.keys) if key in known]
        at, of = np.array(pairs, np.intp).reshape(-1, 2).T
        self.baselines = Baselines.begin(channels.means, channels.deviations, channels.noise)
        self.baselines.take_over(old.baselines, at, of)
        self.load, self.newest = np.full(count, np.nan), np.full(count, np.nan)
        self.unrest, self.given_w = np.zeros(count), np.zeros(count)
        self.quantum_w = np.full(count, np.inf)
        self.reference, self.smooth = np.full((count, 2), np.nan), np.full((count, len(TIMES_S)), np.nan)
        self.since_ns = np.zeros(self.smooth.shape, np.int64)
        for name in _OWN:
            getattr(self, name)[at] = getattr(old, name)[of]

    def _measure(
        self, tick: ScoredTick, channels: Channels, elapsed_s: float
    ) -> tuple[Array, Array, NDArray[np.bool_]]:
        """(J,) y, (J, 4) drivers and where both are worth something."""
        run = running(tick, channels)
        if not run.is_on:
            self.rests_to_ns = tick.time_ns + int(REST_S * SECOND_NS)
        now = log_loads(tick, channels, run)
        self._follow(now, channels.lags_s, elapsed_s)
        with np.errstate(invalid="ignore"):
            is_level = np.abs(now - self.load) <= TRANSIENT
        y, ok = values_of(tick, channels, run, is_level)
        if len(channels.efficiency):
            given_w = tick.seen[channels.given]
            self.load[channels.efficiency] = np.log(np.maximum(given_w, 1.0))
            self._see_steps(channels.efficiency, given_w, tick.arrived[channels.given])
        log_speed = math.log(max(run.speed, 1e-3))
        unset = np.isnan(self.reference[:, 0]) & ok
        self.reference[unset, 0], self.reference[unset, 1] = self.load[unset], log_speed
        drivers = np.ones((len(channels.roles), 4))
        drivers[:, 1] = _or_zero(self.load - self.reference[:, 0])
        drivers[:, 2] = _or_zero(log_speed - self.reference[:, 1])
        drivers[:, 3] = drivers[:, 1] ** 2
        ok &= run.is_on and tick.time_ns >= self.rests_to_ns
        ok &= np.isfinite(self.load) & (self.unrest <= UNREST)
        return y, drivers, ok

    def _follow(self, now: Array, lags_s: Array, elapsed_s: float) -> None:
        """Let the loads behind the channels' lags follow those of this moment."""
        rate = np.where(lags_s > 0, -np.expm1(-elapsed_s / np.maximum(lags_s, 1e-9)), 1.0)
        jump = np.abs(now - np.where(np.isnan(self.newest), now, self.newest))
        calms = np.exp(-elapsed_s / np.maximum(UNREST_LAGS * lags_s, 1.0))
        self.unrest = np.maximum(_or_zero(jump), self.unrest * calms)
        self.newest = np.where(np.isnan(now), self.newest, now)
        fresh = np.isnan(self.load) | (elapsed_s > GAP_S)
        followed = np.where(fresh, now, self.load + (now - self.load) * rate)
        self.load = np.where(np.isnan(now), self.load, followed)

    def _see_steps(self, supplies: NDArray[np.intp], given_w: Array, arrived: NDArray[np.bool_]) -> None:
        """Learn how coarse the meters of supplies are."""
        step_w = np.abs(given_w - self.given_w[supplies])
        is_step = arrived & (step_w > 0) & (self.given_w[supplies] > 0)
        known_w = self.quantum_w[supplies]
        self.quantum_w[supplies] = np.where(is_step, np.minimum(known_w, step_w), known_w)
        self.given_w[supplies] = np.where(arrived, given_w, self.given_w[supplies])

    def _meter(self, tick: ScoredTick, channels: Channels) -> Array:
        """(J,) by how much meters may be wrong: a degree of five is much, of fifty it is little."""
        meter = np.zeros(len(channels.roles))
        if len(channels.thermal):
            meter[channels.thermal] = METER_K / np.fmax(rises_of(tick, channels), LEAST_RISE_K)
            if len(channels.gpu_power):  # what is left for the rest is a small difference of large numbers
                given_w = float(tick.seen[channels.gpu_power].sum())
                rest_w = max(GIVEN_SHARE * float(tick.seen[channels.power].sum()) - given_w, LEAST_W)
                meter[channels.thermal] += channels.shares_power * METER_SHARE * given_w / rest_w
            twins = channels.groups["twin"]
            if len(twins):
                meter[twins] = math.sqrt(2.0) * meter[channels.groups["cpu"]]
        return meter

    def _limits(self, tick: ScoredTick, channels: Channels, unsure: Array, meter: Array) -> Array:
        """(J, 3) how far a smoothed residual may be."""
        spread = np.sqrt(self.baselines.noise() ** 2 + (unsure**2 + meter**2)[:, None])
        limits: Array = np.maximum(channels.limits, SPREADS * spread)
        supplies = channels.efficiency
        if len(supplies):  # a coarse meter may be off by half a step for hours, and so may its fellow
            quantum_w = np.where(np.isfinite(self.quantum_w[supplies]), self.quantum_w[supplies], 0.0)
            coarse = COARSE_STEPS * quantum_w / np.maximum(tick.seen[channels.given], LEAST_W)
            limits[supplies] = np.maximum(limits[supplies], coarse[:, None])
        return limits

    def _hold(
        self, time_ns: int, period_ns: int, limits: Array, usable: NDArray[np.bool_]
    ) -> NDArray[np.int8]:
        with np.errstate(invalid="ignore"):
            over = np.abs(self.smooth) > limits
            signs = np.sign(self.smooth)
            over[:, 1:] &= self.smooth[:, :1] * signs[:, 1:] > STILL * limits[:, 1:]
        held = (self.since_ns > 0) & usable[:, None]
        begins = over & usable[:, None] & (self.since_ns == 0)
        ends = ~over & usable[:, None]
        self.since_ns[begins], self.since_ns[ends] = time_ns, 0
        held_ns = HELD_S * SECOND_NS - period_ns  # the alert itself waits for a second tick
        lasted = (self.since_ns > 0) & (time_ns - self.since_ns >= held_ns)
        long_enough = (lasted & over & (held | begins)).any(axis=1)
        largest = _or_zero(np.abs(self.smooth)).argmax(axis=1)
        sign = np.where(long_enough, signs[np.arange(len(signs)), largest], 0)
        found: NDArray[np.int8] = _or_zero(sign).astype(np.int8)
        return found

    def _learn(
        self, time_ns: int, hours: float, y: Array, drivers: Array, taken: NDArray[np.bool_], limits: Array,
        worth: Array,
    ) -> None:  # fmt: skip
        with np.errstate(invalid="ignore"):
            far = (np.abs(self.smooth) / limits).max(axis=1)
        far = _or_zero(far)
        calm = taken & (far <= CALM)
        teaches: Array = np.clip(1 - (far - NEAR) / (CALM - NEAR), FAR_TEACHES, 1.0) * taken * hours
        self.baselines.learn(y, drivers, teaches, worth)
        self.baselines.learn_noise(_or_zero(self.smooth), hours, calm & np.isfinite(self.smooth[:, 0]))
        if time_ns - self.settled_ns >= SETTLE_S * SECOND_NS:
            self.baselines.settle()
            self.settled_ns = time_ns

    def inlet_over_k(self) -> float | None:
        """By how much inlet air is warmer than it used to be; None where that is not known."""
        if INLET_KEY not in self.keys:
            return None
        over_k = float(self.smooth[self.keys.index(INLET_KEY), 0])
        return over_k if math.isfinite(over_k) else None

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Its state."""
        times = np.array([self.time_ns, self.settled_ns, self.rests_to_ns, self.jumped_ns], np.int64)
        own = {name: getattr(self, name) for name in _OWN}
        jumped, keys = np.array(self.jumped_k), np.array(self.keys, "U")
        return {**own, "times": times, "jumped_k": jumped, "keys": keys, **self.baselines.to_arrays()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Physics:
        """The state as `to_arrays` gave it; nothing known where there is none."""
        if not arrays:
            return cls()
        time_ns, settled_ns, rests_to_ns, jumped_ns = (int(t) for t in arrays["times"])
        own = {name: arrays[name] for name in _OWN}
        keys = tuple(str(key) for key in arrays["keys"])
        return cls(
            Baselines.from_arrays(arrays), **own, keys=keys, time_ns=time_ns, settled_ns=settled_ns,
            rests_to_ns=rests_to_ns, jumped_ns=jumped_ns, jumped_k=float(arrays["jumped_k"]),
        )  # fmt: skip
