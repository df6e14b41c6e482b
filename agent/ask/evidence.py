"""What the answers rest on: an incident read back, with its notes and the past of its sensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent.alert import UNKNOWN
from agent.incident_file import Reading
from agent.narrative import Facts, facts_read
from agent.narrative.ranking import Confirmed
from agent.notes import Note
from agent.report.episodes import AlertEpisode, IncidentEpisode, SeenEvidence

MINUTE_NS = 60 * 1_000_000_000
BEFORE_NS = 10 * MINUTE_NS  # of a sensor's past that is told with an incident
LONGEST_NS = 24 * 60 * MINUTE_NS

# host, sensor, from, to (ns, both included) → its readings
History = Callable[[str, str, int, int], list[Reading]]


def no_history(_host: str, _sensor: str, _since_ns: int, _until_ns: int) -> list[Reading]:
    """Where the past of sensors is not at hand."""
    return []


@dataclass(frozen=True, slots=True)
class Case:
    """One incident as it is asked about."""

    incident: IncidentEpisode
    facts: Facts
    notes: tuple[Note, ...] = ()
    history: History = no_history
    confirmed: Confirmed = field(default_factory=dict)

    @property
    def alerts(self) -> tuple[AlertEpisode, ...]:
        return self.incident.alerts

    @property
    def sensors(self) -> list[str]:
        """All sensors of which the evidence speaks, the telling alert's first."""
        return list(dict.fromkeys(row.sensor for alert in self.alerts for row in alert.evidence))

    def rows_of(self, sensor: str) -> list[tuple[AlertEpisode, SeenEvidence]]:
        """The rows of one sensor, with the alerts that have them."""
        return [(alert, row) for alert in self.alerts for row in alert.evidence if row.sensor == sensor]

    def readings_of(self, host: str, sensor: str) -> list[Reading]:
        """The sensor's past from ten minutes before the onset to the end, a day at most."""
        since_ns = self.incident.onset_ns - BEFORE_NS
        until_ns = self.incident.ended_ns or since_ns + LONGEST_NS
        return self.history(host, sensor, since_ns, min(until_ns, since_ns + LONGEST_NS))

    @property
    def other_faults(self) -> tuple[str, ...]:
        """Faults that came along with the incident's own."""
        also = (word for alert in self.alerts for word in (alert.fault, *alert.also))
        return tuple(dict.fromkeys(word for word in also if word not in (self.incident.fault, UNKNOWN)))

    @property
    def acks(self) -> list[Note]:
        """Who acknowledged, the first one first."""
        return sorted((note for note in self.notes if note.action == "ack"), key=lambda note: note.time_ns)


def case_of(
    incident: IncidentEpisode,
    notes: Sequence[Note] = (),
    history: History = no_history,
    confirmed: Confirmed | None = None,
) -> Case:
    """The case of an incident that was read back."""
    return Case(incident, facts_read(incident), tuple(notes), history, confirmed or {})
