"""First actions in the order that operators' own confirmations speak for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Confirmed = Mapping[tuple[str, str], int]  # (fault, action) → how often operators found it right

TRUST = 12.0  # the catalogue's order counts like so many confirmations


def rank_actions(fault: str, actions: Sequence[str], confirmed: Confirmed | None = None) -> tuple[str, ...]:
    """The actions, the one most worth doing first in front.

    The catalogue's own order is a prior: its n-th action weighs 1/n of `TRUST` confirmations. So one lucky
    repair puts no repair before the checks, while many do; without confirmations the order is as it was.
    """
    total = sum(1 / place for place in range(1, len(actions) + 1))

    def weight(place: int) -> float:
        count = max(0, (confirmed or {}).get((fault, actions[place]), 0))
        return count + TRUST / total / (place + 1)

    return tuple(actions[place] for place in sorted(range(len(actions)), key=lambda p: (-weight(p), p)))
