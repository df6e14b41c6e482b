"""Current on its way to the servers: mains, two UPSs, PDUs of three phases, supplies.

mains ─► UPS A, UPS B (battery) ─► PDU ─► phase 1, 2, 3 ─► a supply of each server

Every supply hangs on one phase of its side's PDU; a phase's current is the sum of what its supplies draw.
Weak at inrush and at breakers, which never trip here.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from models.twin.places import PHASES, SIDES, HostPlaces, SitePlan, sum_by
from models.twin.weather import wandering

Array = NDArray[np.float64]

POWER_FACTOR = 0.98
CONTINUOUS_SHARE = 0.8  # of a breaker's rating that may flow for hours (NEC 210.20(A))
BREAKERS_A = np.array([16.0, 20.0, 32.0, 63.0, 125.0, 250.0, 400.0, 630.0, 1250.0, 2500.0, 5000.0])
CABLE_OHM = 0.05
PHASE_SPREAD_V = 0.6  # between phases, for good
MAINS_TIME_S, MAINS_SPREAD = 900.0, 0.008  # how the grid wanders, as a share
OUTPUT_TIME_S, OUTPUT_SPREAD = 120.0, 0.001  # how a UPS does
LEAST_INPUT = 0.88  # of the mains' voltage; below it a UPS takes its battery
IDLE_LOSS, LINEAR_LOSS, SQUARE_LOSS = 0.008, 0.02, 0.025  # of a UPS, against its rating
CHARGING_SHARE = 0.1  # of its rating that a UPS charges its battery with


class Electrical:
    """Phases, PDUs and UPSs. P PDUs, two UPSs, H hosts."""

    def __init__(self, plan: SitePlan, places: HostPlaces, site: Generator, rng: Generator) -> None:
        self.plan, self.pdus, self._rng = plan, len(places.pdus), rng
        self._feed, self._phase = places.feed, places.phase  # (H, 2)
        self._outlet = (self._feed * PHASES + self._phase).ravel()  # of each supply, among all phases
        count = np.bincount(self._outlet, minlength=self.pdus * PHASES).reshape(self.pdus, PHASES)
        self.breaker_a = _choose_breakers(count.max(axis=1), plan)  # (P,)
        on_a = np.bincount(places.feed_a, minlength=self.pdus)
        on_b = np.bincount(places.feed_b, minlength=self.pdus)
        self.ups = (on_b > on_a).astype(np.intp)  # (P,) the UPS of each PDU
        self._offset_v = site.normal(0, PHASE_SPREAD_V, (self.pdus, PHASES))
        self.rated_w = plan.design_w_per_host * len(places.hosts)  # of each UPS: it can carry all alone
        self._mains, self._output = float(rng.normal(0, MAINS_SPREAD)), rng.normal(0, OUTPUT_SPREAD, SIDES)
        self.phase_w = np.zeros((self.pdus, PHASES))
        self.phase_v = np.full((self.pdus, PHASES), plan.mains_v)
        self.phase_a = np.zeros((self.pdus, PHASES))
        self.charge = np.ones(SIDES)  # of the batteries
        self.input_v, self.output_v = np.full(SIDES, plan.mains_v), np.full(SIDES, plan.mains_v)
        self.output_w, self.input_w = np.zeros(SIDES), np.zeros(SIDES)

    @property
    def loss_w(self) -> float:
        """What the UPSs turn into heat, without what goes into their batteries."""
        return float(self._loss_w().sum())

    @property
    def breaker_load(self) -> Array:
        """(P, 3) of each breaker's rating; above 0.8 for hours is too much."""
        load: Array = self.phase_a / self.breaker_a[:, None]
        return load

    def advance(
        self, step_s: float, supply_w: Array, live: Array, moved: Array, mains_share: Array
    ) -> tuple[Array, Array]:
        """One step; returns whether each supply's feed is live and its voltage, both (H, 2).

        `supply_w` (H, 2) is drawn; `live` (P, 3) is 0 where a breaker is open; `moved` (P, 3) is the share of
        the other phases' load that hangs on a phase by mistake; `mains_share` (2,) what is left of the mains.
        """
        self._feed_upses(step_s, mains_share)
        live = live * (self.output_v > 0)[self.ups][:, None]
        drawn = sum_by(self._outlet, supply_w.ravel(), self.pdus * PHASES).reshape(self.pdus, PHASES)
        away = drawn * (moved.sum(axis=1, keepdims=True) - moved)
        here = moved * (drawn.sum(axis=1, keepdims=True) - drawn)
        self.phase_w = live * (drawn - away + here)
        self.phase_v = live * (self.output_v[self.ups][:, None] + self._offset_v - CABLE_OHM * self.phase_a)
        self.phase_a = self.phase_w / (np.maximum(self.phase_v, 1.0) * POWER_FACTOR)
        self.output_w = sum_by(self.ups, self.phase_w.sum(axis=1), SIDES)
        outlets = self._outlet
        return live.ravel()[outlets].reshape(-1, SIDES), self.phase_v.ravel()[outlets].reshape(-1, SIDES)

    def _feed_upses(self, step_s: float, mains_share: Array) -> None:
        draws = self._rng.standard_normal(1 + SIDES)
        keep, fresh = wandering(MAINS_TIME_S, MAINS_SPREAD, step_s)
        self._mains = keep * self._mains + fresh * float(draws[0])
        keep, fresh = wandering(OUTPUT_TIME_S, OUTPUT_SPREAD, step_s)
        self._output = keep * self._output + fresh * draws[1:]
        self.input_v = self.plan.mains_v * (1 + self._mains) * mains_share
        has_mains = self.input_v >= LEAST_INPUT * self.plan.mains_v
        needed_w = self.output_w + self._loss_w()
        charging_w = np.where(self.charge < 1, CHARGING_SHARE * self.rated_w, 0.0)
        battery_j = self.plan.battery_s * self.rated_w
        gained = np.where(has_mains, charging_w, -needed_w) * step_s / battery_j
        self.charge = np.clip(self.charge + gained, 0.0, 1.0)
        self.input_w = np.where(has_mains, needed_w + charging_w, 0.0)
        is_up = has_mains | (self.charge > 0)
        self.output_v = np.where(is_up, self.plan.mains_v * (1 + self._output), 0.0)

    def _loss_w(self) -> Array:
        share = self.output_w / self.rated_w
        loss: Array = self.rated_w * (IDLE_LOSS + LINEAR_LOSS * share + SQUARE_LOSS * share * share)
        return loss


def _choose_breakers(supplies: NDArray[np.intp], plan: SitePlan) -> Array:
    """(P,) the next size up for a phase that carries all of its servers alone."""
    current_a = supplies * plan.design_w_per_host / (plan.mains_v * POWER_FACTOR)
    at = np.searchsorted(BREAKERS_A, current_a / CONTINUOUS_SHARE)
    chosen: Array = BREAKERS_A[np.minimum(at, len(BREAKERS_A) - 1)]
    return chosen
