"""`coldaisle ask`: one question about one incident.

--config F (InfluxDB) ─┐                            ┌─► the answer from the evidence
--out DIR (a replay) ──┴─► Case ─► understand, answer┤
                                                    └─► the config's endpoint, if any, words it instead
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import typer

from agent.ask.answers import CAN_ANSWER, Answer, answer
from agent.ask.endpoint import EndpointError
from agent.ask.evidence import Case, History, case_of
from agent.ask.generated import Generated, Names, generate
from agent.ask.question import Question, understand
from agent.ask.vocabulary import Topic
from agent.config import Config, load_config
from agent.errors import ConfigError
from agent.fault_words import words_of
from agent.incident_file import Reading, read_sensor
from agent.incident_find import find_subjects
from agent.incident_store import FolderStore, IncidentStore, InfluxStore
from agent.incident_table import evidence_fields
from agent.narrative.facts import as_sentence
from agent.notes import Note, alerts_of, confirmed_actions, read_note
from agent.report.episodes import IncidentEpisode, read_alerts, read_incidents
from agent.sensor_history import query_sensor
from agent.terminal import printable
from agent.topology import load_topology

MOST_VERDICTS = 20  # the newest, by which first actions are ranked
NEEDS_ACTIONS = (Topic.WHAT, Topic.FIRST)
NEEDS_WARNING = (Topic.WHAT, Topic.FIRST, Topic.AVOID, None)
_CHINESE = re.compile(r"[一-鿿]")


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said: the offline answer, and the worded one or why there is none."""

    offline: Answer
    generated: Generated | None = None
    note: str = ""


def ask(
    incident_id: str,
    question: str,
    config: Path | None,
    out: Path | None,
    language: str = "",
    offline: bool = False,
    as_json: bool = False,
) -> None:
    """Answer a question about an incident, and print it. `language` is en, zh, or "" for the question's own.

    Raises:
        ConfigError: no such incident, no question, or neither --config nor --out.
        RecordingError, InfluxError: what holds the incidents cannot be read.
    """
    if config is None and out is None:
        raise ConfigError("ask: expected --config or --out")
    if not question.strip():
        raise ConfigError(f"ask: there is no question; expected one about {CAN_ANSWER}")
    settings = load_config(config) if config is not None else None
    case = load_case(settings, out, incident_id)
    asked = understand(question, case.incident.fault, case.sensors)
    if asked.topic in NEEDS_ACTIONS:
        case = replace(case, confirmed=_confirmed(_store(settings, out)))
    chinese = language == "zh" or (not language and _CHINESE.search(question) is not None)
    reply = reply_to(case, asked, chinese, None if offline else settings)
    if as_json:
        typer.echo(json.dumps(_fields(case, question, chinese, reply), ensure_ascii=False))
        return
    for line in _text(case, chinese, reply):
        typer.echo(line)
    if reply.note:
        typer.echo(f"coldaisle: {reply.note}", err=True)


def reply_to(case: Case, asked: Question, chinese: bool, settings: Config | None) -> Reply:
    """The offline answer, worded by the config's endpoint where there is one and it answers in time."""
    told = answer(case, asked, chinese)
    if settings is None or not settings.assistant.is_on:
        return Reply(told)
    assistant = settings.assistant
    if not (assistant.rewrite if asked.topic is Topic.WHAT else assistant.ask):
        return Reply(told)
    try:
        return Reply(told, generate(assistant, case, asked.text, told, chinese, _names(settings)))
    except (EndpointError, ConfigError) as error:
        return Reply(told, note=f"assistant: {error}; this is the answer from the evidence alone")


def load_case(settings: Config | None, out: Path | None, incident_id: str) -> Case:
    """The incident whose id, or that of one of its alerts, begins so.

    Raises:
        ConfigError: no id begins so, or those of several incidents do.
    """
    store = _store(settings, out)
    subjects = find_subjects(store, incident_id, "ask")
    found = {subject.incident.id: subject.incident for subject in subjects}
    if len(found) > 1:
        ids = ", ".join(sorted(found))
        raise ConfigError(f"ask: {incident_id} may be of {ids}; expected more digits")
    incident = _whole(store, next(iter(found.values())))
    notes = [
        note
        for note in _notes(store)
        if note.id and (note.id == incident.id or alerts_of(note, incident.alerts))
    ]
    return case_of(incident, notes, _history(settings, out))


def _whole(store: IncidentStore, incident: IncidentEpisode) -> IncidentEpisode:
    """With all its alerts: whoever was found by an alert's id came with that one alone."""
    known = read_incidents(store.of_id(incident.id))
    return next((one for one in known if one.id == incident.id), incident)


def _store(settings: Config | None, out: Path | None) -> IncidentStore:
    """The replay's folder where one is given, else the config's InfluxDB."""
    if out is not None:
        return FolderStore(out)
    if settings is None:
        raise ConfigError("ask: expected --config or --out")
    return InfluxStore(settings.influx)


def _notes(store: IncidentStore) -> list[Note]:
    return [note for point in store.notes(0) if (note := read_note(point)) is not None]


def _history(settings: Config | None, out: Path | None) -> History:
    def of(host: str, sensor: str, since_ns: int, until_ns: int) -> list[Reading]:
        if out is not None:
            return read_sensor(out, host, sensor, since_ns, until_ns)
        return query_sensor(settings.influx, host, sensor, since_ns, until_ns) if settings else []

    return of


def _confirmed(store: IncidentStore) -> dict[tuple[str, str], int]:
    """First actions of the alerts that operators found true, as the newest verdicts say."""
    notes = _notes(store)
    true = sorted((n for n in notes if n.action == "true" and n.id), key=lambda n: -n.time_ns)[:MOST_VERDICTS]
    points = {point.identity: point for note in true for point in store.of_id(note.id)}
    return dict(confirmed_actions(notes, read_alerts(points.values())))


def _names(settings: Config) -> Names:
    """All names of the site's inventory: none of them is to leave it."""
    topology = load_topology(settings.models.topology)
    places = [topology.place(host) for host in topology.hosts()]
    return {
        "host": topology.hosts(),
        "rack": [place.rack for place in places],
        "row": [place.row for place in places],
        "zone": [place.zone for place in places],
        "pdu": [pdu for place in places for pdu in (place.pdu_a, place.pdu_b)],
    }


# -- how it is said ----------------------------------------------------------------------------------------


def _text(case: Case, chinese: bool, reply: Reply) -> Sequence[str]:
    told = reply.generated
    if told is None:
        return [printable(reply.offline.text)]
    lines = [printable(line) for line in told.text.splitlines()]
    if chinese:
        lines.append(f"（由 {told.model} 根据证据生成，可能有误。）")
        if told.unknown:
            lines.append(f"证据中没有的数字：{'、'.join(told.unknown)}")
    else:
        lines.append(f"(Generated by {told.model} from the evidence; it may be wrong.)")
        if told.unknown:
            lines.append(f"Numbers that no evidence has: {', '.join(told.unknown)}")
    return [*lines, *_warning(case, chinese, reply.offline.topic)]


def _warning(case: Case, chinese: bool, topic: Topic | None) -> list[str]:
    """What to leave alone is never left to a model."""
    if topic not in NEEDS_WARNING:
        return []
    words = words_of(case.incident.fault)
    return [as_sentence(words.avoid_zh, "。") if chinese else as_sentence(words.avoid_en)]


def _fields(case: Case, question: str, chinese: bool, reply: Reply) -> dict[str, Any]:
    told, offline = reply.generated, reply.offline
    fields: dict[str, Any] = {
        "id": case.incident.id,
        "question": question,
        "language": "zh" if chinese else "en",
        "topic": offline.topic or "",
        "answer": told.text if told else offline.text,
        "source": "generated" if told else "evidence",
        "known": offline.known,
        "evidence": [evidence_fields(row) for row in offline.rows],
        "note": reply.note,
    }
    if told:
        fields |= {"model": told.model, "unknown_numbers": list(told.unknown), "from_evidence": offline.text}
    return fields
