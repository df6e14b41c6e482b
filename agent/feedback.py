"""What an operator's `false` silences, counted before it does.

A verdict speaks of alerts of one signature: host, fault, and the sensor that shows it most. Later ones of it
are made as `info` and `suppressed`, until a `true` undoes that. Hard limits and silence are told all the
same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.notes import Note, Signature, signature_of, verdicts
from agent.report.episodes import AlertEpisode

LOOK_BACK_DAYS = 90
JUDGED_KINDS = ("condition", "sensor")  # silence is no opinion of the agent's


@dataclass(frozen=True, slots=True)
class Effect:
    """What would have been silenced in the time that was looked at."""

    signature: Signature
    alerts: int
    confirmed: int  # of them

    def say(self, when: str) -> str:
        one = self.signature
        shown = f", shown by {one.sensor}" if one.sensor else ""
        few = "1 alert" if self.alerts == 1 else f"{self.alerts:,} alerts"
        return (
            f"{one.host}: {one.fault}{shown}: {few} {when} would have been silenced, "
            f"{self.confirmed:,} of them confirmed"
        )


def judged(alerts: Iterable[AlertEpisode]) -> list[AlertEpisode]:
    """Those that a verdict silences or tells again."""
    return [alert for alert in alerts if alert.kind in JUDGED_KINDS]


def effects(
    alerts: Iterable[AlertEpisode], history: Sequence[AlertEpisode], notes: Iterable[Note]
) -> list[Effect]:
    """The effect of calling `alerts` false, signature by signature, on the alerts in `history`."""
    signatures = dict.fromkeys(signature_of(alert) for alert in judged(alerts))
    said = verdicts(notes, history)
    confirmed = {alert_id for alert_id, note in said.items() if note.action == "true"}
    found = []
    for signature in signatures:
        alike = [alert for alert in judged(history) if signature_of(alert) == signature]
        found.append(Effect(signature, len(alike), sum(alert.id in confirmed for alert in alike)))
    return found
