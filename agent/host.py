"""All that the agent keeps of one host: its clock, its short past, its hourly levels and its alerts.

Everything here is a function of the host's own log and its model. `derived` can be made from `history` again
and is never stored; all else is the host's record in the state topic.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from agent.airflow import AirFlow
from agent.alerts import HostAlerts
from agent.clock_offset import ClockOffset, Skew
from agent.gpus import Gpus
from agent.load_past import LoadPast
from agent.phases import Phases
from agent.physics import Physics
from agent.ticks import HostClock
from agent.told_place import ToldPlace
from agent.trust.host_trust import HostTrust
from agent.windows import History, Rows
from models.detector import PARTS, Detector
from models.level import Level
from models.linear import FirstBoot
from models.newcomer import Offset
from models.tops import Tops

HISTORY_TICKS = 160  # a window of 32, 64 ticks of features and 64 of smoothing end in the newest tick


@dataclass(slots=True)
class Derived:
    """What a cohort's detector made of the last ticks: windows, errors and raw scores, ready for the next."""

    detector: Detector
    values: Rows
    present: Rows
    errors: Rows
    seen: Rows
    raw: Rows

    @classmethod
    def begin(cls, detector: Detector) -> Derived:
        """Histories of a detector before the first tick."""
        wide = len(detector.sensors)
        return cls(
            detector,
            values=Rows(detector.window, np.zeros((0, wide), np.float32)),
            present=Rows(detector.window, np.zeros((0, wide), bool)),
            errors=Rows(detector.history, np.zeros((0, 3, wide), np.float32)),
            seen=Rows(detector.history, np.zeros((0, wide), bool)),
            raw=Rows(detector.kernel, np.zeros((0, len(PARTS), detector.opinions))),
        )


@dataclass(slots=True)
class Host:
    """One host. `source` is where its first reading came from: there it lives."""

    name: str
    source: str
    clock: HostClock
    alerts: HostAlerts
    history: History = field(default_factory=lambda: History.empty(HISTORY_TICKS))
    level: Level = field(default_factory=lambda: Level(len(PARTS)))
    tops: Tops = field(default_factory=Tops)  # kept only where the budget lets a host's own past decide
    cohort: str = ""  # "" = none fits yet
    kind: str = ""  # of machine, by the inventory when it was first seen; it helps to choose the cohort
    first_hour: int = -1  # of its first tick: a host may change its cohort until this hour closes
    summary_minute: int = -1  # the last minute that a summary told of
    first_boot: FirstBoot | None = None
    offset: Offset | None = None  # of a host that its model's training never saw
    told_place: ToldPlace = field(default_factory=ToldPlace)
    forgotten_ns: int = 0  # when an older host of the same name was forgotten
    applied_to: int = 0  # offsets below this are part of this state already
    derived: Derived | None = None
    trust: HostTrust = field(default_factory=HostTrust)
    air_flow: AirFlow = field(default_factory=AirFlow)
    physics: Physics = field(default_factory=Physics)
    gpus: Gpus = field(default_factory=Gpus)
    phases: Phases = field(default_factory=Phases)
    load_past: LoadPast = field(default_factory=LoadPast)
    clock_offset: ClockOffset = field(default_factory=ClockOffset)
    skew: Skew | None = None  # what it came to by the tick that is judged
