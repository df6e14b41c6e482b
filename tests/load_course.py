"""Machines by their power alone: days with a course, plateaus, idleness; what the rule says of each tick."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from builders import SERVER, build_tick
from numpy.typing import NDArray

from agent.findings import Finding
from agent.load_past import LoadPast
from agent.rules.layout import layout_of
from agent.rules.load import with_load
from agent.scored import ScoredTick

PERIOD_S = 600
PER_DAY = 86_400 // PERIOD_S
WITH_UTIL = {**SERVER, "cpu_util": ("utilization", "1", 0.3)}

Power = NDArray[np.float64]


def days(count: float, base_w: float = 400.0, swing_w: float = 80.0, tremble_w: float = 12.0) -> Power:
    """(ticks,) of days that are busiest at noon; the tremble follows from the length alone."""
    at = np.arange(round(count * PER_DAY))
    noise = np.random.default_rng(len(at)).normal(0.0, tremble_w, len(at))
    return base_w - swing_w * np.cos(2 * np.pi * at / PER_DAY) + noise


def plateau(hours: float, level_w: float = 475.0, tremble_w: float = 1.0) -> Power:
    """(ticks,) of a load that hardly trembles."""
    return days(hours / 24, level_w, 0.0, tremble_w)


@dataclass
class Course:
    """One host through time; `kind` is what the inventory calls it, NaN in the power are lost readings."""

    kind: str = "server"
    sensors: dict[str, tuple[str, str, float]] = field(default_factory=lambda: dict(SERVER))
    past: LoadPast = field(default_factory=LoadPast)
    at: int = 0
    peak_w: float = 600.0  # the highest that its meter ever showed

    def ticks(self, power_w: Power, util: float) -> Iterator[ScoredTick]:
        """The next ticks of the host."""
        for watts in power_w.tolist():
            seen = {"power_w": watts, **({"cpu_util": util} if "cpu_util" in self.sensors else {})}
            is_lost = bool(np.isnan(watts))
            missing = ("power_w",) if is_lost and "power_w" in self.sensors else ()
            minute = self.at * PERIOD_S / 60
            yield build_tick(
                minute, seen={} if is_lost else seen, missing=missing, period_s=PERIOD_S,
                sensors=self.sensors, peak={"power_w": self.peak_w},
            )  # fmt: skip
            self.at += 1

    def live(self, power_w: Power, util: float = 0.3) -> list[tuple[float, Finding]]:
        """What is found in these ticks, with the days since the first tick of all."""
        found = []
        for tick in self.ticks(power_w, util):
            layout = layout_of(tick)
            self.past.update(tick, layout)
            day = self.at / PER_DAY
            found += [(day, finding) for finding in with_load([], tick, layout, self.past, self.kind)]
        return found

    def faults(self, power_w: Power, util: float = 0.3) -> set[str]:
        """The faults that these ticks tell of."""
        return {finding.fault for _, finding in self.live(power_w, util)}
