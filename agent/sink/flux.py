"""Reads back from InfluxDB: a Flux query's answer as rows.

Everything is written through the sink; what a command or a note of an operator needs is read through here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlencode

import msgspec
import urllib3

from agent.alert import rfc3339
from agent.config import InfluxConfig
from agent.errors import ColdaisleError
from agent.points import FieldValue
from agent.sensors import SECOND_NS
from agent.sink.answers import influx_words, shorten
from agent.sink.buckets import flux_text

__all__ = ["InfluxError", "Row", "flux_text", "flux_time", "parse_time", "read_rows"]

Row = dict[str, FieldValue]
NUMBERS = frozenset({"double", "long", "unsignedLong"})


class InfluxError(ColdaisleError):
    """InfluxDB did not answer a query, or refused it."""


def read_rows(config: InfluxConfig, flux: str) -> list[Row]:
    """The rows of a query, columns by name; numbers are floats, all else text and an absent value is "".

    Raises:
        InfluxError: no answer, or the token may not read the bucket.
        ConfigError: the token cannot be read.
    """
    ask = {"query": flux, "type": "flux", "dialect": {"header": True, "annotations": ["datatype"]}}
    headers = {
        "Authorization": f"Token {config.read_token()}",
        "Content-Type": "application/json",
        "Accept": "application/csv",
    }
    url = f"{config.url.rstrip('/')}/api/v2/query?{urlencode({'org': config.org})}"
    body = msgspec.json.encode(ask)
    with urllib3.PoolManager(timeout=config.timeout_s, retries=False) as pool:
        try:
            answer = pool.request("POST", url, body=body, headers=headers, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            raise InfluxError(f"influx: {config.url} gives no answer: {shorten(str(error))}") from error
    if answer.status != 200:
        said = influx_words(answer.data)
        text = said.message if said is not None else answer.data.decode(errors="replace")
        raise InfluxError(f"influx: {config.url} answers {answer.status} to a query: {shorten(text)}")
    return list(_rows(answer.data.decode(errors="replace")))


def flux_time(time_ns: int) -> str:
    """A moment as a Flux literal."""
    return rfc3339(time_ns)


def parse_time(text: str) -> int:
    """ns of an RFC 3339 moment, to the nanosecond; UTC where it names no offset.

    Raises:
        ValueError: it is none.
    """
    head, dot, rest = text.strip().partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    if dot and not digits:
        raise ValueError(f"{text!r} is no moment")
    moment = datetime.fromisoformat(head + rest[len(digits) :] if dot else head)
    moment = moment.replace(tzinfo=moment.tzinfo or UTC)
    return int(moment.timestamp()) * SECOND_NS + int(digits[:9].ljust(9, "0") or "0")


def _rows(text: str) -> Iterator[Row]:
    """Annotated CSV: tables one after the other, each with its types and its names."""
    types: list[str] = []
    names: list[str] = []
    for cells in csv.reader(io.StringIO(text, newline="")):
        if not any(cells):
            names = []
        elif cells[0] == "#datatype":
            types, names = cells, []
        elif not names:
            names = cells
        else:
            row = {
                name: _value(kind, cell)
                for name, kind, cell in zip(names[1:], types[1:], cells[1:], strict=False)
            }
            if names[1:2] == ["error"]:
                raise InfluxError(f"influx: the query failed: {shorten(str(row['error']))}")
            yield row


def _value(kind: str, cell: str) -> FieldValue:
    """Line ends of a text come as CSV writes them."""
    return float(cell) if kind in NUMBERS and cell else cell.replace("\r\n", "\n")
