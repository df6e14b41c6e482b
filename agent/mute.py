"""A host that operators do not want to hear of for a while: its alerts are made, but `suppressed`.

             ┌── muted ──┐
alert: open ─► suppressed ─► open, at the first abnormal tick after the end   (or resolved meanwhile)
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.alert import Alert


@dataclass(slots=True)
class Mute:
    """One mute of a host, by the host's own time; a part of its state. Times in ns UTC."""

    since_ns: int
    until_ns: int
    reason: str = ""
    from_ns: int = 0  # since when it holds: where the host's clock is behind, since its tick of that time
    is_over: bool = False  # it ended by the clock on the wall, while the host sent nothing

    def covers(self, time_ns: int) -> bool:
        return not self.is_over and self.from_ns <= time_ns < self.until_ns


def settle_state(alert: Alert | None, muted: bool, is_calm: bool) -> None:
    """Suppress an open alert while its host is muted, and tell it afterwards unless it is calm by then."""
    if alert is None:
        return
    if muted and alert.state == "open":
        alert.state = "suppressed"
    elif not muted and alert.state == "suppressed" and not is_calm:
        alert.state = "open"
