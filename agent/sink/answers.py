"""What InfluxDB's answer to a write means. Nothing is dropped because of an answer that we do not know.

| answer | meaning | what the sink does |
|---|---|---|
| 204 | all is stored | goes on |
| 400 in InfluxDB's words | BAD_LINES: nothing is stored | takes the bad lines out, sends the rest again |
| 422 | PARTLY_STORED: the good lines are | finds out which are not |
| 413 | TOO_LARGE | sends halves |
| 401, 403, 404, 429, 5xx, any other, none | BUSY: send all of it again later | waits |

A 400 without InfluxDB's own words is a proxy's, which knows nothing of lines: BUSY.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto

import msgspec
from influxdb_client.rest import ApiException

MAX_REASON_CHARS = 300
LONGEST_RETRY_AFTER_S = 60.0
UNPARSED = "unable to parse '"
_DROPPED = re.compile(r"\bdropped=(\d+)")
_FIELD = re.compile(r'input field "(.+?)" on measurement "(.+?)" is ')


class Meaning(Enum):
    """What an answer asks for."""

    BAD_LINES = auto()
    PARTLY_STORED = auto()
    TOO_LARGE = auto()
    BUSY = auto()


class Body(msgspec.Struct):
    """An error as InfluxDB tells it."""

    message: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer other than 204. `message` is the whole of what InfluxDB said, "" for others."""

    meaning: Meaning
    reason: str  # one line for people, without secrets
    message: str = ""
    retry_after_s: float = 0.0  # what the server asks for, 0 if nothing

    @property
    def dropped(self) -> int | None:
        """How many lines of a PARTLY_STORED request were not stored, None if it is not said."""
        found = _DROPPED.search(self.message)
        return int(found[1]) if found else None

    @property
    def bad_lines(self) -> dict[str, str]:
        """Line → reason, as far as a BAD_LINES answer names them."""
        named = {}
        for part in self.message.split(UNPARSED)[1:]:
            line, quote, reason = part.rpartition("': ")
            if quote:
                named[line] = reason.strip()
        return named

    @property
    def bad_field(self) -> tuple[str, str] | None:
        """(measurement, field) that a PARTLY_STORED answer blames, the first if there are more."""
        found = _FIELD.search(self.message)
        return (found[2], found[1]) if found else None


def read_answer(error: ApiException, now: datetime | None = None) -> Answer:
    """The meaning of an error status; `now` is what a Retry-After date is compared with."""
    said = influx_words(error.body)
    text = said.message if said is not None else str(error.body or error.reason or "")
    reason = shorten(f"InfluxDB answers {error.status or 'nothing'}: {text}")
    message = said.message if said is not None else ""
    if error.status == 400 and said is not None:
        return Answer(Meaning.BAD_LINES, reason, message)
    if error.status == 422:
        return Answer(Meaning.PARTLY_STORED, reason, message)
    if error.status == 413:
        return Answer(Meaning.TOO_LARGE, reason)
    return Answer(
        Meaning.BUSY, reason, message, _retry_after_s(error.headers or {}, now or datetime.now(UTC))
    )


def shorten(text: str) -> str:
    """One printable line of bounded length: what a server says goes into logs."""
    line = " ".join(text.split())
    return "".join(c for c in line if c.isprintable())[:MAX_REASON_CHARS]


def influx_words(body: object) -> Body | None:
    """What InfluxDB says in an error's JSON; None if it is not InfluxDB that speaks."""
    if not isinstance(body, str | bytes):
        return None
    try:
        return msgspec.json.decode(body, type=Body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _retry_after_s(headers: Mapping[str, str], now: datetime) -> float:
    asked = headers.get("Retry-After", "")
    try:
        wait_s = float(asked)
    except ValueError:
        try:
            wait_s = (parsedate_to_datetime(asked) - now).total_seconds()
        except (ValueError, TypeError):
            return 0.0
    return min(wait_s, LONGEST_RETRY_AFTER_S) if wait_s > 0 else 0.0  # "nan" is a float too
