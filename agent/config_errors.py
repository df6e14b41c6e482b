"""Says in one line each what is wrong with a config: what, which, got, expected.

config: kafka.session_timeout_s is 0; expected a number of 6..1800
config: kafka.broker is not a key; did you mean brokers?
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

_SHOWN_CHARS = 60
# Values of keys that hold secrets elsewhere, so a misplaced secret is not echoed.
_UNSHOWN = ("token", "password", "secret")


def setting_error(key: str, got: object, expected: str) -> PydanticCustomError:
    """For a section's own validators: `key` of that section is `got`, and should be `expected`."""
    return PydanticCustomError("setting", "{expected}", {"key": key, "got": got, "expected": expected})


def describe_errors(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """One line for each setting that is wrong, in the order of the model."""
    lines: dict[str, str] = {}
    for detail in error.errors(include_url=False):
        line = _describe(detail, model)
        lines.setdefault(line.split(" is ")[0], line)
    return list(lines.values())


def _describe(detail: ErrorDetails, model: type[BaseModel]) -> str:
    place = _place(detail["loc"])
    if detail["type"] == "extra_forbidden":
        return _unknown_key(place, model)
    if detail["type"] == "missing":
        return f"config: {'.'.join(place)} is not set; expected {_expected(place, model)}"
    got, expected = detail["input"], _expected(place, model)
    if detail["type"] == "setting":
        context = detail["ctx"]
        place = _place((*detail["loc"], context["key"]))
        got, expected = context["got"], context["expected"]
    named = ".".join(_printable(part) for part in place)
    return f"config: {named} is {_shown(place[-1], got)}; expected {expected}"


def _place(location: tuple[int | str, ...]) -> list[str]:
    """A setting's place by names; a table in a list has its number, from 1: `mapping[2]`."""
    names: list[str] = []
    for part, after in zip(location, (*location[1:], 0), strict=True):
        if isinstance(part, str):
            names.append(part)
        elif isinstance(after, str) and names:
            names[-1] += f"[{part + 1}]"
    return names


def _unknown_key(place: list[str], model: type[BaseModel]) -> str:
    known = list(_section(place[:-1], model).model_fields)
    near = get_close_matches(place[-1], known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}"
    kind = "key" if len(place) > 1 else "section"
    return f"config: {'.'.join(_printable(part) for part in place)} is not a {kind}; {hint}"


def _expected(place: list[str], model: type[BaseModel]) -> str:
    """The description of the field at `place`, or of the one that holds it."""
    found = None
    for name in place:
        field = model.model_fields.get(_without_number(name))
        if field is None:
            break
        found, model = field.description, _section([name], model)
    return found or "another value"


def _section(place: list[str], model: type[BaseModel]) -> type[BaseModel]:
    for name in place:
        annotation = model.model_fields[_without_number(name)].annotation
        of = [annotation, *get_args(annotation)]  # a section, or a list of them
        section = next((part for part in of if isinstance(part, type) and issubclass(part, BaseModel)), None)
        if section is None:
            break
        model = section
    return model


def _without_number(name: str) -> str:
    return name.partition("[")[0]


def _shown(key: str, value: Any) -> str:
    if any(word in key for word in _UNSHOWN) and value != "":
        return "not usable"
    text = (
        f'"{value}"'
        if isinstance(value, str)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )
    text = _printable(text)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"


def _printable(text: str) -> str:
    return text.encode("unicode_escape").decode("ascii") if not text.isprintable() else text
