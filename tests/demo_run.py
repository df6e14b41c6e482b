"""What one run of the demo left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.points import Point
from agent.replay import Replayed


@dataclass(frozen=True)
class Demo:
    out: Path
    said: str
    replayed: Replayed

    @property
    def alerts(self) -> list[Point]:
        return [point for point in self.replayed.points if point.measurement == "alert"]
