"""A point as InfluxDB stores it, and its line-protocol form.

    Point("anomaly_score", {"host": "n07"}, {"score": 0.12}, 1_767_225_600_000_000_000)
      → anomaly_score,host=n07 score=0.12 1767225600000000000

The encoder is our own because the client's drops non-finite fields and empty tags in silence and lets a
trailing backslash escape the separator behind it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

FieldValue = float | str

_TAG = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
_MEASUREMENT = str.maketrans({",": r"\,", " ": r"\ ", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
# In a name a backslash cannot be escaped, and would escape what it stands before: it needs a stand-in there.
_LOOSE_BACKSLASHES = re.compile(r"\\+(?=[,= \n\r\t]|\Z)")
_STRING = str.maketrans({"\\": r"\\", '"': r"\""})


@dataclass(frozen=True, slots=True)
class Point:
    """One point: `tags` are its identity for ever, `fields` are floats and texts, `time_ns` is UTC."""

    measurement: str
    tags: Mapping[str, str]
    fields: Mapping[str, FieldValue]
    time_ns: int

    @property
    def identity(self) -> tuple[str, tuple[tuple[str, str], ...], int]:
        """What InfluxDB tells points apart by; also the order of lines in `points.lp`."""
        return (self.measurement, tuple(sorted(self.tags.items())), self.time_ns)


def encode_line(point: Point) -> str:
    """The point as one line without a line end: tags and fields sorted, floats at full precision.

    Names and tag values lose what line protocol cannot hold: a line end or tab becomes a backslash and a
    letter, a backslash before a separator a slash, an empty tag is left out. Texts in fields keep all.

    Raises:
        ValueError: a field is not finite, there are no fields, or a name is empty or begins a comment.
    """
    if not point.fields or not point.measurement:
        raise ValueError(f"point {point.measurement!r} has no fields")
    if point.measurement.startswith("#"):  # InfluxDB would say that it took it
        raise ValueError(f"measurement {point.measurement!r} would be a comment")
    tags = "".join([f",{_name(k)}={_name(v)}" for k, v in sorted(point.tags.items()) if v])
    fields = ",".join([f"{_name(k)}={_field(k, v)}" for k, v in sorted(point.fields.items())])
    return f"{_escape(point.measurement, _MEASUREMENT)}{tags} {fields} {point.time_ns}"


@lru_cache(maxsize=65_536)  # hosts and sensors come again in every batch
def _name(text: str) -> str:
    if not text:
        raise ValueError("empty name in a point")
    return _escape(text, _TAG)


def _escape(text: str, table: dict[int, str]) -> str:
    return _LOOSE_BACKSLASHES.sub(lambda run: "/" * len(run[0]), text).translate(table)


def _field(name: str, value: FieldValue) -> str:
    if isinstance(value, str):
        return f'"{value.translate(_STRING)}"' if '"' in value or "\\" in value else f'"{value}"'
    if not math.isfinite(value):
        raise ValueError(f"field {name} is {value}; expected a finite number")
    return repr(float(value))
