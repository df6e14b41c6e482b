"""Everything that the site's owner knows; its record in the state topic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.cause_signs import Known
from agent.incident import Incident
from agent.note_book import NoteBook
from agent.rack_air import RackAir
from agent.silence import Silence
from agent.storm import Storm


@dataclass(slots=True)
class RackFault:
    """The last incident in which a rack had a fault, and when a host of it raised that last."""

    incident: str
    raised_ns: int


@dataclass(slots=True)
class SiteState:
    """Everything that the site's owner knows; its record in the state topic."""

    now_ns: int = 0  # the newest time that any event told
    silence: Silence = field(default_factory=Silence)
    incidents: dict[str, Incident] = field(default_factory=dict)  # by id: open, or ended within a day
    of_alert: dict[str, str] = field(default_factory=dict)  # alert → its incident
    newest: dict[str, str] = field(default_factory=dict)  # host, or source as a stream → its incident
    racks: dict[str, RackFault] = field(default_factory=dict)  # "rack|fault" → where it was seen last
    notes: NoteBook = field(default_factory=NoteBook)
    storm: Storm = field(default_factory=Storm)
    rack_air: RackAir = field(default_factory=RackAir)
    known: Known = field(default_factory=Known)
    helped: dict[tuple[str, str], int] = field(default_factory=dict)  # (fault, action) → noted so often

    def hear_helped(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Operators noted what put faults right."""
        for key, count in counts.items():
            self.helped[key] = self.helped.get(key, 0) + count

    def begin(self, incident: Incident) -> None:
        """A new incident."""
        self.incidents[incident.id] = incident

    def forget(self, since_ns: int) -> None:
        """Incidents that ended before a time can have no more alerts."""
        gone = {i.id for i in self.incidents.values() if 0 < i.ended_ns < since_ns}
        if gone:
            self.incidents = {k: v for k, v in self.incidents.items() if k not in gone}
            self.of_alert = {k: v for k, v in self.of_alert.items() if v not in gone}
            self.newest = {k: v for k, v in self.newest.items() if v not in gone}
            self.racks = {k: v for k, v in self.racks.items() if v.incident not in gone}
