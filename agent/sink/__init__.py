"""Where points go: InfluxDB in the daemon, files in a replay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.points import Point


@dataclass(frozen=True, slots=True)
class RefusedPoint:
    """A point that the store will never take, and why."""

    point: Point
    reason: str


class Sink(Protocol):
    """Takes points. The same point again changes nothing, so a batch may be tried until it is accepted."""

    def write(self, points: Sequence[Point]) -> list[RefusedPoint]:
        """Store all points but those returned, for good.

        Raises:
            SinkBusyError: not now; try the same batch again.
        """
        ...
