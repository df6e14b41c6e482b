"""The alert of a silence: opened where data is missing, open again where it ended a short while ago."""

from __future__ import annotations

from agent.alert import Alert, alert_id
from agent.alerts import RETURN_NS
from agent.faults import FAULTS
from agent.mute import settle_state

CONFIDENCE = 0.9  # that nothing came is certain; which part is down is not


def open_silence(
    old: Alert | None,
    host: str,
    fault: str,
    onset_ns: int,
    raised_ns: int,
    diagnosis: str = "",
    rack: str = "",
) -> Alert:
    """A new alert of kind `silence`, or the old one again where that ended less than 30 min ago."""
    if old is not None and onset_ns - old.ended_ns <= RETURN_NS:
        old.state, old.ended_ns, old.data, old.diagnosis = "open", 0, "stale", diagnosis
        rename_silence(old, fault)
        settle_state(old, muted=False, is_calm=False)
        return old
    return Alert(
        host=host,
        kind="silence",
        id=alert_id(host, "silence", onset_ns),
        state="open",
        fault=fault,
        also=[],
        severity=FAULTS[fault].severity,
        score=-1.0,
        confidence=CONFIDENCE,
        diagnosis=diagnosis,
        evidence=[],
        actions=[*FAULTS[fault].actions],
        onset_ns=onset_ns,
        raised_ns=raised_ns,
        data="stale",
        rack=rack,
    )


def rename_silence(alert: Alert, fault: str) -> None:
    """It has turned out to be a part of something else."""
    alert.fault, alert.severity = fault, FAULTS[fault].severity
    alert.actions = [*FAULTS[fault].actions]


def end_silence(alert: Alert, time_ns: int) -> None:
    """Data is back."""
    alert.state, alert.data = "resolved", "live"
    alert.ended_ns = max(time_ns, alert.onset_ns)
