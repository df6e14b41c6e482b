"""Spans of time and moments as people write them on the command line."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

from agent.errors import ConfigError

_SECONDS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
_SPAN = re.compile(r"(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?")
NOW = "now"


def read_span(text: str, what: str, command: str = "simulate") -> float:
    """Seconds in `90s`, `20m`, `1h30m`, `2d` or a plain number of seconds.

    Raises:
        ConfigError: it is none of these; the message begins with the command and `what`.
    """
    match = _SPAN.fullmatch(text.strip())
    if not text.strip() or match is None:
        raise ConfigError(f"{command}: {what} is {text!r}; expected a span of time such as 90s, 30m or 1h30m")
    parts = zip(match.groups(), _SECONDS.values(), strict=True)
    return sum(float(number) * unit_s for number, unit_s in parts if number is not None)


def read_moment(text: str, what: str, command: str = "simulate") -> float:
    """Unix time of an RFC 3339 moment (UTC where it names no offset), of `now` or of `-3h`, in whole seconds.

    Raises:
        ConfigError: it is none of these.
    """
    if text.strip() == NOW:
        return float(int(time.time()))
    if text.strip().startswith("-"):
        return float(int(time.time() - read_span(text.strip()[1:], what, command)))
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        expected = "now, -3h or a moment such as 2026-03-03T06:00:00Z"
        raise ConfigError(f"{command}: {what} is {text!r}; expected {expected}") from None
    return float(int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()))
