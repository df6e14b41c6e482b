"""Telegraf's two serializers: a metric is a measurement, tags, fields and a time.

    ipmi_sensor,host=collector01,name=inlet_temp,server=n07,… value=25 1767225600000000000
    {"fields":{"value":25},"name":"ipmi_sensor","tags":{"host":"collector01",…},"timestamp":1767225600}

Both end with a line feed and sort their keys; line protocol leaves tags without a value out. What is the same
in all messages of a series is spelt once: a `Metric` is that part, and `text` adds fields and time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Protocol

from agent.simulate.machines import number

Tags = Mapping[str, str]
Fields = Mapping[str, float | int]
_ESCAPED = str.maketrans({",": "\\,", "=": "\\=", " ": "\\ "})


class Metric(Protocol):
    """One series: a measurement with its tags."""

    def __init__(self, measurement: str, tags: Tags) -> None: ...

    def text(self, fields: Fields, stamp_s: int) -> bytes:
        """The metric at one time; an `int` is an integer field, which only line protocol tells."""
        ...


class LineMetric:
    """`data_format = "influx"`."""

    __slots__ = ("_head",)

    def __init__(self, measurement: str, tags: Tags) -> None:
        told = "".join(
            f",{name}={value.translate(_ESCAPED)}" for name, value in sorted(tags.items()) if value
        )
        self._head = f"{measurement}{told} "

    def text(self, fields: Fields, stamp_s: int) -> bytes:
        told = ",".join(
            f"{name}={value}i" if isinstance(value, int) else f"{name}={number(value)}"
            for name, value in sorted(fields.items())
        )
        return f"{self._head}{told} {stamp_s}000000000\n".encode()


class JsonMetric:
    """`data_format = "json"` with its default unit of time, the second."""

    __slots__ = ("_tail",)

    def __init__(self, measurement: str, tags: Tags) -> None:
        told = json.dumps(dict(sorted(tags.items())), separators=(",", ":"))
        self._tail = f'"name":{json.dumps(measurement)},"tags":{told},"timestamp":'

    def text(self, fields: Fields, stamp_s: int) -> bytes:
        told = ",".join(f'"{name}":{number(value)}' for name, value in sorted(fields.items()))
        return f'{{"fields":{{{told}}},{self._tail}{stamp_s}}}\n'.encode()
