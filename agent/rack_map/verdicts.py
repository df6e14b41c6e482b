"""From what is said of each minute to spells, and from spells to right and wrong.

A spell begins when a sign has lasted RAISE_MINUTES and ends when it has been away for CALM_MINUTES, as alerts
do. An episode is found by a spell that begins in it; a spell that no episode explains is false.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RAISE_MINUTES, CALM_MINUTES = 3, 10
AFTER_MINUTES = 20  # a spell that begins so soon after an episode is its late effect, neither right nor wrong

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Count:
    """Of some room: episodes found and missed, false spells, and how many minutes it took."""

    found: int = 0
    missed: int = 0
    false: int = 0
    delays: tuple[int, ...] = ()

    def __add__(self, other: Count) -> Count:
        return Count(
            self.found + other.found, self.missed + other.missed, self.false + other.false,
            self.delays + other.delays,
        )  # fmt: skip

    @property
    def f1(self) -> float:
        """Of episodes; 0 without any."""
        return 2 * self.found / max(2 * self.found + self.missed + self.false, 1)

    @property
    def precision(self) -> float:
        return self.found / max(self.found + self.false, 1)

    @property
    def recall(self) -> float:
        return self.found / max(self.found + self.missed, 1)


def spells(sign: Flags, holds: Flags | None = None) -> list[tuple[int, int]]:
    """Minutes in which spells begin (are raised) and end; `holds` (M,) is what keeps one, or `sign`."""
    found, since, calm, began = [], -1, 0, -1
    for minute, (is_sign, is_held) in enumerate(
        zip(sign.tolist(), (sign if holds is None else holds).tolist(), strict=True)
    ):
        if began >= 0:
            calm = 0 if is_held else calm + 1
            if calm > CALM_MINUTES:
                found.append((began, minute))
                began, since = -1, -1
            continue
        since = (minute if since < 0 else since) if is_sign else -1
        if since >= 0 and minute - since >= RAISE_MINUTES:
            began, calm = minute, 0
    return [*found, (began, len(sign))] if began >= 0 else found


def judge(
    raised: Sequence[tuple[int, int]],
    episodes: Sequence[tuple[int, int]],
    excused: Sequence[tuple[int, int]] = (),
) -> Count:
    """Count spells against episodes, (from, to) minutes each; in `excused` times no spell is false."""
    found, delays, false = 0, [], 0
    for first, last in episodes:
        within = [began for began, _ in raised if first <= began <= last]
        if within:
            found += 1
            delays.append(min(within) - first)
    for began, _ in raised:
        explained = any(first <= began <= last + AFTER_MINUTES for first, last in (*episodes, *excused))
        false += not explained
    return Count(found, len(episodes) - found, false, tuple(delays))
