"""What a sensor can be doubted for, and the words of a doubt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Doubt(IntEnum):
    """Why a sensor's value is not believed at a tick; the number is what the host's state keeps."""

    NONE = 0
    JUMP = 1  # it left its course alone: the next reading tells whether it was a spike
    ERRATIC = 2  # it jumps to and fro
    IMPOSSIBLE = 3  # a value that no such sensor can have
    UNIT = 4  # the value in another unit
    STUCK = 5  # the same number while the machine around it moves
    SWAPPED = 6  # it carries on where another sensor was, and the other where it was
    DRIFT = 7  # away from what the other sensors imply, slowly and alone


@dataclass(frozen=True, slots=True)
class Doubted:
    """One doubt at one tick."""

    column: int
    doubt: Doubt
    since_ns: int
    seen: float  # what it sent
    expected: float  # what was credible before; NaN = not known
    note: str = ""  # `millidegrees`, the sensor it is swapped with, …
    is_spike: bool = False  # it was out for one reading and has come back: `seen` is that reading


@dataclass(frozen=True, slots=True)
class Trust:
    """The verdict on one closed tick. Arrays follow the host's own F sensors."""

    trusted: NDArray[np.bool_]  # (F,)
    peak: NDArray[np.float64]  # (F,) highest credible value so far
    limits_count: NDArray[np.bool_]  # (F,) whether a limit may still be judged by the value
    doubts: tuple[Doubted, ...]
