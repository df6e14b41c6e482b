"""The air outside: a year's course, a day's course, and weather that comes and goes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from numpy.random import Generator

DAY_S, YEAR_S = 86_400.0, 365.2425 * 86_400.0
WEATHER_TIME_S, GUST_TIME_S = 36 * 3600.0, 1_800.0  # of what wanders about the courses
GUST_K, DAMP_PCT = 0.4, 8.0
HUMIDITY_PER_K = 2.5  # % that relative humidity falls for each K above the day's mean
DRIEST_PCT, DAMPEST_PCT = 15.0, 99.0


@dataclass(frozen=True, slots=True)
class Climate:
    """A temperate place of the northern hemisphere."""

    mean_c: float = 11.0
    annual_k: float = 9.5  # half the way from the coldest to the warmest
    daily_k: float = 4.5
    wander_k: float = 3.0  # standard deviation of the weather about its season
    humidity_pct: float = 70.0
    warmest_s: float = 200 * DAY_S  # of the year: 19 July
    warmest_of_day_s: float = 14.5 * 3600.0


class Weather:
    """Dry-bulb and wet-bulb temperature, a step at a time."""

    def __init__(self, climate: Climate, rng: Generator) -> None:
        self.climate, self._rng = climate, rng
        self._front_k = float(rng.normal(0, climate.wander_k))
        self._gust_k = float(rng.normal(0, GUST_K))
        self._damp_pct = float(rng.normal(0, DAMP_PCT))
        self.dry_c = self.wet_c = climate.mean_c

    def advance(self, time_s: float, step_s: float) -> tuple[float, float]:
        """Dry-bulb and wet-bulb temperature (°C) at `time_s`, Unix time UTC."""
        place, (front, gust, damp) = self.climate, self._rng.standard_normal(3).tolist()
        keep, fresh = wandering(WEATHER_TIME_S, 1.0, step_s)
        self._front_k = keep * self._front_k + fresh * place.wander_k * front
        self._damp_pct = keep * self._damp_pct + fresh * DAMP_PCT * damp
        keep, fresh = wandering(GUST_TIME_S, GUST_K, step_s)
        self._gust_k = keep * self._gust_k + fresh * gust
        season_k = place.annual_k * math.cos(2 * math.pi * (time_s - place.warmest_s) / YEAR_S)
        day_k = place.daily_k * math.cos(2 * math.pi * (time_s - place.warmest_of_day_s) / DAY_S)
        self.dry_c = place.mean_c + season_k + day_k + self._front_k + self._gust_k
        humidity_pct = place.humidity_pct + self._damp_pct - HUMIDITY_PER_K * day_k
        self.wet_c = wet_bulb_c(self.dry_c, min(max(humidity_pct, DRIEST_PCT), DAMPEST_PCT))
        return self.dry_c, self.wet_c


def wet_bulb_c(dry_c: float, humidity_pct: float) -> float:
    """Wet-bulb temperature at sea level, within 1 K from −20 to 50 °C and 5 to 99 % (Stull, 2011)."""
    return (
        dry_c * math.atan(0.151977 * math.sqrt(humidity_pct + 8.313659))
        + math.atan(dry_c + humidity_pct)
        - math.atan(humidity_pct - 1.676331)
        + 0.00391838 * humidity_pct * math.sqrt(humidity_pct) * math.atan(0.023101 * humidity_pct)
        - 4.686035
    )


@lru_cache(maxsize=64)
def wandering(time_s: float, spread: float, step_s: float) -> tuple[float, float]:
    """What one step keeps of an AR(1), and what it adds for each unit of fresh noise.

    The process has correlation time `time_s` and standard deviation `spread`.
    """
    keep = math.exp(-step_s / time_s)
    return keep, spread * math.sqrt(1 - keep * keep)
