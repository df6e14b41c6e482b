"""A host that operators do not want to hear of for a while: its alerts are made, but `suppressed`.

             ┌── muted ──┐
alert: open ─► suppressed ─► open, at the first abnormal tick after the end   (or resolved meanwhile)

What somebody has acknowledged goes the same way and comes back as acknowledged.
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


@dataclass(slots=True)
class Quiet:
    """What operators found of a host's alerts of one fault and sensor: false ones, while it holds."""

    at_ns: int  # of the verdict
    holds: bool


def quiet_key(fault: str, sensor: str) -> str:
    """What a host's verdicts are kept by."""
    return f"{fault}|{sensor}"


def settle_state(alert: Alert | None, muted: bool, is_calm: bool) -> None:
    """Say in the state of an open alert what operators want of it.

    It is suppressed while its host is muted, and told afterwards unless it is calm by then. One that somebody
    sees to is acknowledged, until it becomes P1: that is more than they know of.
    """
    if alert is None or not alert.is_open:
        return
    if alert.ack_severity not in ("", "P1") and alert.severity == "P1":
        alert.ack_severity = ""
    if muted:
        alert.state = "suppressed"
    elif alert.state != "suppressed" or not is_calm:
        alert.state = "acknowledged" if alert.ack_severity else "open"
