"""What gives a second opinion on a tick's findings, and the rows of the host's past that it may look at.

findings of the rules, tick, residuals, rows ──► SecondOpinion.revise ──► findings
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np

from agent.alert_window import Pasts, Rows
from agent.findings import Finding
from agent.host import Host
from agent.physics import Residuals
from agent.scored import ScoredTick
from agent.ticks import ClosedTick


class SecondOpinion(Protocol):
    """Looks at what the rules found; `rows` makes (N, F) raw rows that end in the tick, oldest first."""

    def revise(
        self, found: list[Finding], tick: ScoredTick, residuals: Residuals | None, rows: Callable[[], Rows], /
    ) -> list[Finding]:
        """The findings, confirmed, doubted or named; the same list where there is nothing to say."""
        ...


class RulesAlone:
    """No second opinion."""

    def revise(self, found: list[Finding], /, *_: object) -> list[Finding]:
        """The findings as they were."""
        return found


class Lookback(Pasts):
    """Hosts' pasts whose rows anybody may ask for; ticks are sorted by host when the first one does."""

    def __init__(self, hosts: Mapping[str, Host], ticks: Sequence[ClosedTick]) -> None:
        super().__init__(hosts, ticks)
        self._by_host: dict[str, list[ClosedTick]] | None = None
        self._all = ticks

    def rows(self, tick: ScoredTick) -> Rows:
        """(N, F) the last rows up to a tick, oldest first, NaN where nothing was believed."""
        if self._by_host is None:
            self._by_host = {}
            for closed in self._all:
                self._by_host.setdefault(closed.host, []).append(closed)
        self._ticks = self._by_host.get(tick.host, [])
        rows = self._rows(tick)
        self._ticks = self._all
        return rows if len(rows) else np.zeros((0, len(tick.sensors)), np.float32)
