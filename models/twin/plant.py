"""A zone's air and the units that cool it.

              bypass, or recirculation where servers take more than is supplied
            ┌──────────────────────────────────────────────────────────────────┐
  units ─► cold air ─► servers, heat ─► hot air ─► units (coil, fan) ─► cold air
              └──────── walls and racks, which store heat ────────┘

Two air nodes and one of solid mass a zone: as a whole they answer as measured in a room that lost its cooling
(Khankari, 2011), fast at first and then by 1.8 K/min for 100 kW. Weak at what happens within an aisle.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.twin.places import sum_by
from models.twin.servers import AIR_J_PER_M3K

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Index = NDArray[np.intp]

AIR_J_K_PER_W = 3.6  # 300 m³ of air for 100 kW
MASS_J_K_PER_W = 30.0  # 3 MJ/K of racks and walls for 100 kW
EXCHANGE_W_K_PER_W = 0.08  # 8 kW/K between the two for 100 kW
COLD_SHARE = 0.3  # of the air, on the cold side
IMPLICIT_SHARE = 0.55  # of a step's change that is taken from its end: stable at any step

DESIGN_RISE_K = 12.0  # of air through the servers, at the design load
COIL_UNITS = 1.05  # heat transfer units at full air flow: effectiveness 0.65
COIL_EXPONENT = -0.4  # of those, against air flow
COIL_TIME_S = 90.0  # supply air follows the coil
STANDSTILL_TIME_S = 300.0  # a stopped unit takes the room's temperature
VALVE_PER_K, VALVE_PER_K_S = 0.06, 0.06 / COIL_TIME_S
SLOWEST_FAN, FAN_TIME_S, FAN_PER_S = 0.35, 8.0, 0.02
FLOW_TIME_S = 30.0  # in which the fans' controller makes up for missing air
FAN_W_PER_M3_S = 1_000.0  # at full speed
CONTROLS_W_PER_W = 0.0015  # of the heat that a unit is built for
STANDBY_AFTER_S, STANDBY_HOLD_S = 30.0, 600.0  # a spare starts after that long, and stops after that long
PRECOOL_S = 60.0  # a unit that starts cools its coil before its fan turns
TOO_WARM_K, TOO_WARM_C = 3.0, 25.0  # supply that far above its set-point, and above that: a spare is called
STOPPED = 0.01  # a unit with less of its capacity does not run


class ZoneAir:
    """The air and mass of every zone. Arrays are (Z,)."""

    def __init__(self, design_w: Array, cold_c: float, hot_c: float) -> None:
        self.cold_c, self.hot_c = np.full(len(design_w), cold_c), np.full(len(design_w), hot_c)
        self._air_j_k, self._mass_j_k = AIR_J_K_PER_W * design_w, MASS_J_K_PER_W * design_w
        self._exchange_w_k = EXCHANGE_W_K_PER_W * design_w
        self.mass_c = self.mean_c
        self._leaving = self._exchange_rates()

    @property
    def mean_c(self) -> Array:
        """(Z,) of all air."""
        mean: Array = COLD_SHARE * self.cold_c + (1 - COLD_SHARE) * self.hot_c
        return mean

    @property
    def stored_j(self) -> Array:
        """(Z,) heat in air and mass, above 0 °C."""
        stored: Array = self._air_j_k * self.mean_c + self._mass_j_k * self.mass_c
        return stored

    def advance(
        self,
        step_s: float,
        heat_w: Array,
        taken_m3_s: Array,
        recirculated_m3_s: Array,
        supplied_m3_s: Array,
        supply_c: Array,
    ) -> Array:
        """One step; returns the heat that the supply air took away, (Z,) in W.

        `taken` is the servers' air flow, `recirculated` what of it comes from the hot side.
        """
        short = np.maximum(taken_m3_s - recirculated_m3_s - supplied_m3_s, 0.0)
        back = AIR_J_PER_M3K * short  # W/K from hot to cold
        in_w_k = AIR_J_PER_M3K * supplied_m3_s
        through = in_w_k + back  # W/K from cold to hot
        cold_j_k, hot_j_k = COLD_SHARE * self._air_j_k, (1 - COLD_SHARE) * self._air_j_k
        to_mass_w = self._exchange_w_k * (self.mean_c - self.mass_c)
        rising = np.empty((len(heat_w), 3, 1))  # K/s of cold, hot, mass: now
        rising[:, 0, 0] = (in_w_k * supply_c + back * self.hot_c - through * self.cold_c) / cold_j_k
        rising[:, 1, 0] = (heat_w - through * (self.hot_c - self.cold_c)) / hot_j_k
        rising[:, :2, 0] -= (to_mass_w / self._air_j_k)[:, None]
        rising[:, 2, 0] = to_mass_w / self._mass_j_k
        ahead_s = IMPLICIT_SHARE * step_s
        system = np.eye(3) + ahead_s * self._leaving  # (Z, 3, 3)
        system[:, 0, 0] += ahead_s * through / cold_j_k
        system[:, 0, 1] -= ahead_s * back / cold_j_k
        system[:, 1, 0] -= ahead_s * through / hot_j_k
        system[:, 1, 1] += ahead_s * through / hot_j_k
        change = step_s * np.linalg.solve(system, rising)[:, :, 0]  # (Z, 3)
        between = self.hot_c + IMPLICIT_SHARE * change[:, 1]
        self.cold_c = self.cold_c + change[:, 0]
        self.hot_c = self.hot_c + change[:, 1]
        self.mass_c = self.mass_c + change[:, 2]
        removed_w: Array = in_w_k * (between - supply_c)
        return removed_w

    def _exchange_rates(self) -> Array:
        """(Z, 3, 3) in 1/s: how cold, hot and mass lose heat to each other through the mass alone."""
        of_mean = np.array([COLD_SHARE, 1 - COLD_SHARE, -1.0])
        per_air, per_mass = self._exchange_w_k / self._air_j_k, self._exchange_w_k / self._mass_j_k
        rates: Array = np.stack([per_air, per_air, -per_mass], axis=1)[:, :, None] * of_mean
        return rates


class CoolingUnits:
    """Coils and fans. Arrays are (U,) over units unless they say (Z,) over zones."""

    def __init__(
        self, zone: Index, is_spare: Flags, design_w: Array, flow_margin: float, supply_c: float
    ) -> None:
        """`design_w` is the heat that a unit is built for; one that `is_spare` waits until it is called."""
        self.zone, self.is_spare, self.zones = zone, is_spare, int(zone.max()) + 1
        self.flow_most_m3_s = flow_margin * design_w / (AIR_J_PER_M3K * DESIGN_RISE_K)
        self._controls_w = CONTROLS_W_PER_W * design_w
        self.speed = np.where(is_spare, 0.0, 0.75)
        self.supply_c = np.full(len(zone), supply_c)
        self.runs = ~is_spare
        self._turns, self._on_s = self.runs, np.where(is_spare, 0.0, PRECOOL_S)
        self._command = np.full(self.zones, 0.75)  # (Z,) of the fans
        self._opening = np.full(len(zone), 0.6)  # what the valve's controller has learnt
        self._called_s = np.zeros(self.zones)  # (Z,) how long the spares have been called for

    @property
    def flow_m3_s(self) -> Array:
        """(U,)"""
        flow: Array = self.speed * self.flow_most_m3_s
        return flow

    @property
    def fan_w(self) -> Array:
        """(U,) cubic in speed, and what the controls take."""
        drawn: Array = FAN_W_PER_M3_S * self.flow_most_m3_s * self.speed**3 + self._controls_w
        return drawn

    def sum_zones(self, values: Array) -> Array:
        """(Z,) from (U,)."""
        return sum_by(self.zone, values, self.zones)

    def advance(
        self,
        step_s: float,
        set_point_c: Array,
        capacity: Array,
        rests: Flags,
        calls_spare: Flags,
        wanted_m3_s: Array,
        return_c: Array,
        coolant_c: float,
    ) -> None:
        """One step. `calls_spare`, `wanted`, `return` are (Z,); `capacity` is what is left of a unit."""
        stopped = (capacity < STOPPED) | rests
        is_warm = self.supply_c > np.maximum(set_point_c + TOO_WARM_K, TOO_WARM_C)
        self._call_spares(step_s, stopped | (self.runs & is_warm))
        self._called_s = np.where(calls_spare, STANDBY_AFTER_S + STANDBY_HOLD_S, self._called_s)
        waits = self.is_spare & (self._called_s < STANDBY_AFTER_S)[self.zone]
        self.runs = ~(stopped | waits)
        self._on_s = np.where(self.runs, self._on_s + step_s, 0.0)
        self._turn_fans(step_s, capacity, wanted_m3_s)
        self._cool(step_s, set_point_c, capacity, return_c[self.zone], coolant_c)

    def _call_spares(self, step_s: float, needs_help: Flags) -> None:
        is_called = self.sum_zones(np.where(self.is_spare, 0.0, needs_help)) > 0
        longer_s = self._called_s + step_s
        longer_s = np.where(longer_s >= STANDBY_AFTER_S, STANDBY_AFTER_S + STANDBY_HOLD_S, longer_s)
        self._called_s = np.where(is_called, longer_s, np.maximum(self._called_s - step_s, 0.0))

    def _turn_fans(self, step_s: float, capacity: Array, wanted_m3_s: Array) -> None:
        self._turns = turns = self._on_s >= PRECOOL_S
        most = np.maximum(self.sum_zones(turns * self.flow_most_m3_s), 1e-9)
        missing = (wanted_m3_s - self.sum_zones(self.flow_m3_s)) / most * (step_s / FLOW_TIME_S)
        change = np.clip(missing, -FAN_PER_S * step_s, FAN_PER_S * step_s)
        self._command = np.clip(self._command + change, SLOWEST_FAN, 1.0)
        target = turns * np.minimum(self._command[self.zone], capacity)
        self.speed = self.speed + (target - self.speed) * -np.expm1(-step_s / FAN_TIME_S)
        self.speed[self.speed < STOPPED] = 0.0

    def _cool(
        self, step_s: float, set_point_c: Array, capacity: Array, return_c: Array, coolant_c: float
    ) -> None:
        above_k = self.supply_c - set_point_c
        learnt = np.clip(self._opening + VALVE_PER_K_S * above_k * step_s, 0.0, 1.0)
        self._opening = np.where(self._turns, learnt, self._opening)
        opening = np.clip(self._opening + VALVE_PER_K * above_k, 0.0, 1.0) * np.minimum(capacity, 1.0)
        units = COIL_UNITS * np.maximum(self.speed, SLOWEST_FAN / 2) ** COIL_EXPONENT
        coil_c = return_c + opening * np.expm1(-units) * np.maximum(return_c - coolant_c, 0.0)
        target = np.where(self.runs, coil_c, return_c)
        time_s = np.where(self.runs, COIL_TIME_S, STANDSTILL_TIME_S)
        self.supply_c = self.supply_c + (target - self.supply_c) * -np.expm1(-step_s / time_s)
