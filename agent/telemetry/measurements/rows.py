"""Which row of a device's table a message is about: the phase, bank, outlet or probe that its tags number.

    phase=1 · index=2 · rPDU2PhaseStatusIndex="3" · name="L1" of a table of phases · index=0.1.2

A row is called by its number, `phase2_a`. Of an index of several parts the last is the number; where that is
not enough to tell rows apart the whole index is.
"""

from __future__ import annotations

import re
from functools import lru_cache

from agent.telemetry.hosts import IDENTITY_TAGS
from agent.telemetry.meanings import Tags
from agent.telemetry.naming import lower_snake_case

# What a scope may be called in tags, fields, measurements. The first counts: outlets tell their bank too.
SCOPES: dict[str, tuple[str, ...]] = {
    "outlet": ("outlet", "receptacle", "rcp", "socket"),
    "bank": ("bank", "breaker", "branch"),
    "phase": ("phase", "line", "infeed"),
    "line": ("line",),
    "input": ("input", "inlet", "cord"),
    "sensor": ("sensor", "probe"),
}
SCOPE_OF = {word: scope for scope, words in reversed(SCOPES.items()) for word in words if scope != "line"}
_PHASE_LETTERS = {"a": "1", "b": "2", "c": "3", "l1": "1", "l2": "2", "l3": "3"}
_GENERIC = frozenset(("index", "oid_index", "if_index", "ifindex", "idx", "id", "number", "instance_id"))
_ENDINGS = ("index", "number", "id", "idx", "no")
_NAMED = re.compile(r"(?:phase|line|bank|breaker|branch|outlet|input|inlet|sensor|probe|infeed)_?(\w+)")
_NUMBER = re.compile(r"(?:[a-z]+[ _-]?)?\d[\d._]*[a-z]?|[a-z]\d?", re.IGNORECASE)
_DESCRIBING = re.compile(r"(^|_)(name|descr|description|label|position|sensor|probe)(_|$)")
_PLACES = (("supply", "supply"), ("discharge", "supply"), ("return", "return"))
_LIEBERT_PLACES = {"4_1_1_2": "return", "4_1_1_3": "supply"}  # the ends of object identifiers


class Row:
    """A row's number, short and whole; both "" where no tag tells one."""

    __slots__ = ("short", "whole")

    def __init__(self, value: str, scope: str) -> None:
        text = lower_snake_case(value)
        named = _NAMED.fullmatch(text)
        text = named[1] if named else text
        if scope in ("phase", "line"):
            text = _PHASE_LETTERS.get(text, text)
        self.whole = text
        self.short = text.rpartition("_")[2] if text.replace("_", "").isdecimal() else text


def row_of(scope: str, tags: Tags) -> Row:
    """The row of a table of `scope`: by a tag of that name, else by one that is an index of something."""
    keys = {_key(key): value for key, value in tags.items() if value.strip()}
    words = SCOPES.get(scope, ())
    for word in words:
        for key in (word, *(f"{word}_{ending}" for ending in _ENDINGS)):
            if key in keys and _NUMBER.fullmatch(keys[key].strip()):
                return Row(keys[key], scope)
    for key in sorted(keys):
        if key.endswith(_ENDINGS) and any(word in key for word in words):
            return Row(keys[key], scope)
    for key in sorted(keys):
        if key in _GENERIC or key.endswith(("_index", "_number")):
            return Row(keys[key], scope)
    return Row("", scope)


def scope_of(measurement: str, tags: Tags) -> str:
    """What a message's tags (else its measurement) say that it is a row of; "" for the whole device."""
    keys = {_key(key) for key, value in tags.items() if _NUMBER.fullmatch(value.strip())}
    for scope, words in SCOPES.items():
        if any(word in keys or any(f"{word}_{ending}" in keys for ending in _ENDINGS) for word in words):
            return "phase" if scope == "line" else scope
    named = [SCOPE_OF[word] for word in lower_snake_case(measurement).split("_") if word in SCOPE_OF]
    return named[-1] if named else ""


def names_in(scope: str, name: str, tags: Tags, row: Row | None = None) -> tuple[str, ...]:
    """What a sensor of a row would like to be called, most wanted first."""
    row = row or row_of("phase" if scope in ("row", "load") else scope, tags)
    if scope == "air":
        place = place_of(tags)
        if place:
            return (f"{place}_{name}",)
        scope, row = "sensor", row_of("sensor", tags)
    if scope == "row":
        scope, row = _phase_or_bank(tags, row)
    if scope == "load":
        return (f"phase{row.short}_load_{name}",) if row.short else (f"load_{name}",)
    if not scope:
        return (name, f"unit{row.whole}_{name}") if row.whole else (name,)
    if not row.short:
        return (f"phase1_{name}" if scope == "phase" else name if scope == "sensor" else f"{scope}_{name}",)
    numbered = (f"{scope}{row.short}_{name}", f"{scope}{row.whole}_{name}")
    if scope == "sensor" and name == "rh_pct":
        return (name, *numbered)
    return numbered if row.short != row.whole else numbered[:1]


def place_of(tags: Tags) -> str:
    """Whether texts in the tags speak of supply or return air; "" where they do not."""
    for key, value in tags.items():
        if key in IDENTITY_TAGS or not _DESCRIBING.search(_key(key)):
            continue
        text = lower_snake_case(value)
        for word, place in _PLACES:
            if word in text:
                return place
        place = next((found for end, found in _LIEBERT_PLACES.items() if text.endswith(end)), "")
        if place:
            return place
    return ""


def _phase_or_bank(tags: Tags, row: Row) -> tuple[str, Row]:
    """APC's older PDUs number phases first and banks after them, in one table.

    Without the columns that tell, only the first row is known to be a phase: taken for phases, banks of
    different load would look like an imbalance.
    """
    keys = {_key(key): value for key, value in tags.items()}
    for scope in ("bank", "phase"):
        for key, value in sorted(keys.items()):
            if scope in key and key.endswith(("number", scope)) and value.strip() not in ("", "0"):
                return scope, Row(value, scope)
    return ("phase", row) if row.short in ("", "1") else ("row", row)


@lru_cache(maxsize=4096)
def _key(tag: str) -> str:
    return lower_snake_case(tag)
