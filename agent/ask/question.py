"""What a question asks: its topic, the faults that it names, the sensors that it names.

"why not the PSU?" ──► Topic.WHY_NOT, (psu_failure, psu_imbalance, psu_efficiency), ()
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.ask.vocabulary import CLASSES, DENIAL, TOPICS, Topic
from agent.fault_words import FAULT_WORDS
from agent.narrative.measures import say_sensor, say_sensor_zh

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")  # as sensors and faults are written


@dataclass(frozen=True, slots=True)
class Question:
    """What was understood; `topic` is None where nothing was."""

    text: str
    topic: Topic | None
    faults: tuple[str, ...]
    sensors: tuple[str, ...]


def understand(text: str, fault: str, sensors: Sequence[str]) -> Question:
    """The question about an incident of `fault`, whose evidence is of `sensors`."""
    asked = " ".join(text.lower().replace("’", "'").split())
    named = _sensors_in(asked, sensors)
    faults = _faults_in(asked)
    topic = next((topic for topic, words in TOPICS if words.are_in(asked)), None)
    others = [one for one in faults if one != fault]
    general = topic in (None, Topic.WHY, Topic.WHAT, Topic.OVER, Topic.SENSOR, Topic.RULED_OUT)
    if named and topic in (None, Topic.SENSOR):
        topic = Topic.SENSOR
    elif others and general and (DENIAL.are_in(asked) or topic in (None, Topic.RULED_OUT)):
        topic = Topic.WHY_NOT
    elif named and topic in (Topic.WHAT, Topic.WHY, Topic.OVER):
        topic = Topic.SENSOR
    elif faults and topic is None:
        topic = Topic.WHY
    return Question(text, topic, tuple(faults), tuple(named))


def _faults_in(asked: str) -> list[str]:
    """Faults by their own words and names first, then by those of the vocabulary."""
    found = [name for name in _NAME.findall(asked) if name in FAULT_WORDS]
    for fault, words in FAULT_WORDS.items():
        if fault != "unknown" and (words.name_en.lower() in asked or words.name_zh.lower() in asked):
            found.append(fault)
    if not found:
        found = [fault for faults, words in CLASSES if words.are_in(asked) for fault in faults]
    return list(dict.fromkeys(found))


def _sensors_in(asked: str, sensors: Sequence[str]) -> list[str]:
    """Sensors by name or in words; a name that no evidence has is taken for a sensor of the host."""
    found = []
    for sensor in sensors:
        names = (sensor, say_sensor(sensor), say_sensor_zh(sensor))
        if any(_has(asked, name.lower()) for name in names):
            found.append(sensor)
    strange = [name for name in _NAME.findall(asked) if name not in FAULT_WORDS]
    return list(dict.fromkeys([*found, *strange]))


def _has(asked: str, name: str) -> bool:
    """Whether a name stands in the question, spaces aside and no part of a longer one."""
    spaced = r"\s*".join(re.escape(part) for part in name.split())
    return re.search(rf"(?<![a-z0-9_]){spaced}(?![a-z0-9_])", asked) is not None
