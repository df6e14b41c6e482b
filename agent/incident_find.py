"""What the beginning of an id means: an incident with its alerts, or one alert of it."""

from __future__ import annotations

from dataclasses import dataclass

from agent.errors import ConfigError
from agent.incident_store import IncidentStore
from agent.report.episodes import AlertEpisode, IncidentEpisode, read_incidents

LEAST_ID_CHARS = 4


@dataclass(frozen=True, slots=True)
class Subject:
    """What an id names: an incident with its alerts, or one alert of it."""

    id: str
    host: str
    incident: IncidentEpisode
    alerts: tuple[AlertEpisode, ...]


def find_subjects(store: IncidentStore, beginning: str, command: str, otherwise: str = "") -> list[Subject]:
    """All that an id's beginning may mean, by id. `otherwise` is what else `command` takes in its place.

    Raises:
        ConfigError: it is no id, or no id begins so.
    """
    beginning = beginning.strip().lower()
    if len(beginning) < LEAST_ID_CHARS or not beginning.isalnum():
        raise ConfigError(
            f"{command}: {beginning!r} is no id; expected {LEAST_ID_CHARS} to 16 hex digits{otherwise}"
        )
    found: dict[str, Subject] = {}
    for incident in read_incidents(store.of_id(beginning)):
        for alert in incident.alerts:
            if alert.id.startswith(beginning):
                found[alert.id] = Subject(alert.id, alert.host, incident, (alert,))
        if incident.id.startswith(beginning) and incident.id not in found:
            host = incident.lead.host if incident.lead is not None else incident.place
            found[incident.id] = Subject(incident.id, host, incident, incident.alerts)
    if not found:
        raise ConfigError(f"{command}: {beginning} is not known; see coldaisle incidents list{otherwise}")
    return [found[one] for one in sorted(found)]


def find_subject(store: IncidentStore, beginning: str, command: str, otherwise: str = "") -> Subject:
    """The one that an id's beginning means.

    Raises:
        ConfigError: as `find_subjects`, or several ids begin so.
    """
    found = find_subjects(store, beginning, command, otherwise)
    if len(found) > 1:
        ids = ", ".join(subject.id for subject in found)
        raise ConfigError(f"{command}: {beginning.strip().lower()} may be {ids}; expected more digits")
    return found[0]
