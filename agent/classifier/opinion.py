"""What gives a second opinion on a tick's findings.

findings of the rules, tick, residuals, rows ──► SecondOpinion.revise ──► findings
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from agent.alert_window import Rows
from agent.findings import Finding
from agent.physics import Residuals
from agent.scored import ScoredTick


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
