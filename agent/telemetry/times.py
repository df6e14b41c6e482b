"""Reads the times that messages carry, in any of the usual units and spellings, as nanoseconds UTC."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from agent.errors import DecodeError
from agent.telemetry.readings import Message

NO_TIMESTAMP = "no timestamp"
BAD_TIMESTAMP = "bad timestamp"
MAX_TEXT_LENGTH = 80  # characters; a longer text is no time, and texts are remembered
KEPT_TIMES = 4_096
LATEST_NS = 2**62  # the year 2116: sums and differences of times stay inside 64 bits

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - reads as UTC everywhere
_SECOND_NS = 1_000_000_000
_NUMBER = re.compile(r"-?\d{1,25}(\.\d{1,25})?")
_DATE_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(?:[.,](\d{1,30}))?(?:[Zz]|([+-])(\d\d):?(\d\d))?", re.ASCII
)


def checked(time_ns: int) -> int:
    """The same time, if it lies after 1970 began and before 2116; a clock that was never set says 0.

    Raises:
        DecodeError: it does not.
    """
    if not 0 < time_ns < LATEST_NS:
        raise DecodeError(BAD_TIMESTAMP)
    return time_ns


def time_of_record(message: Message) -> int:
    """The Kafka record's own time, for messages that carry none.

    Raises:
        DecodeError: the record has none either.
    """
    if message.timestamp_ms is None or message.timestamp_ms < 0:
        raise DecodeError(NO_TIMESTAMP)
    return checked(message.timestamp_ms * 1_000_000)


def time_from(stamp: object, message: Message) -> int:
    """A number in s, ms, µs or ns by its size, or a text of RFC 3339; the record's time where it is absent.

    Raises:
        DecodeError: it cannot be read, or there is no time at all.
    """
    if stamp is None or stamp == "":
        return time_of_record(message)
    if isinstance(stamp, bool):
        raise DecodeError(BAD_TIMESTAMP)
    if isinstance(stamp, int):
        return checked(stamp * _unit_ns(stamp))
    if isinstance(stamp, float):
        return _from_number(repr(stamp))
    if isinstance(stamp, str) and len(stamp) <= MAX_TEXT_LENGTH:
        return time_from_text(stamp.strip())
    raise DecodeError(BAD_TIMESTAMP)


class KnownTimes(dict[bytes, int]):
    """Times in ns by a text that ends messages; 0 where `read` finds none. Collectors send few at a time."""

    def __init__(self, read: Callable[[bytes], int]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: bytes) -> int:
        time_ns = self._read(text)
        if time_ns and len(text) <= MAX_TEXT_LENGTH:
            if len(self) >= KEPT_TIMES:
                self.clear()
            self[text] = time_ns
        return time_ns


def in_ns(stamp: int) -> int:
    """A number in s, ms, µs or ns by its size; 0 where it is no possible time."""
    time_ns = stamp * _unit_ns(stamp)
    return time_ns if 0 < time_ns < LATEST_NS else 0


def _unit_ns(stamp: int | Decimal) -> int:
    if stamp >= 10**17:
        return 1
    if stamp >= 10**14:
        return 1_000
    return 1_000_000 if stamp >= 10**11 else _SECOND_NS


def _from_number(text: str) -> int:
    try:
        stamp = Decimal(text)
        return checked(int(stamp * _unit_ns(stamp)))
    except (InvalidOperation, OverflowError, ValueError):  # NaN, infinity
        raise DecodeError(BAD_TIMESTAMP) from None


@lru_cache(maxsize=KEPT_TIMES)
def time_from_text(text: str) -> int:
    """`2026-01-01T00:00:00.5Z`, with an offset `+08:00` or `+0800`, or a number as text.

    Raises:
        DecodeError: it is none of these.
    """
    if _NUMBER.fullmatch(text):
        return _from_number(text)
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise DecodeError(BAD_TIMESTAMP)
    date, minute, second, fraction, sign, hours, minutes = match.groups()
    try:
        start = datetime.fromisoformat(f"{date}T{minute}:00+00:00")
    except ValueError:
        raise DecodeError(BAD_TIMESTAMP) from None
    if int(second) > 60:  # 60 is a leap second
        raise DecodeError(BAD_TIMESTAMP)
    offset_s = int(hours or 0) * 3600 + int(minutes or 0) * 60
    elapsed_s = (start - _EPOCH) // timedelta(seconds=1) + int(second)
    elapsed_s -= -offset_s if sign == "-" else offset_s
    return checked(elapsed_s * _SECOND_NS + int((fraction or "0")[:9].ljust(9, "0")))
