"""Ties each field of each series to its number in the series table, once; after that it is a look-up.

(measurement, tags, Kafka key) ──► MetricSeries(host) ──field──► Binding ──value──► row of readings
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from sys import intern

import numpy as np

from agent.errors import DecodeError
from agent.telemetry.hosts import host_of, names_a_host
from agent.telemetry.mappings import FieldMapping, mapped
from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements import JOINT, Joint, MeaningOf, is_known, meaning_of
from agent.telemetry.naming import MAX_NAME_LENGTH, SensorNames
from agent.telemetry.readings import Readings, Series, SeriesTable
from agent.telemetry.reasons import TOO_LARGE
from agent.told_place import Told

MAX_FIELDS = 10_000  # of one series in one message; every name is remembered
PLACE_TAGS = ("rack", "row")


@dataclass(slots=True)
class Columns:
    """Readings as they are found, a list a column."""

    series: list[int] = field(default_factory=list)
    time_ns: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    message: list[int] = field(default_factory=list)

    def cut(self, length: int) -> None:
        """Take back everything after the first `length` readings."""
        for column in (self.series, self.time_ns, self.value, self.message):
            del column[length:]

    def to_readings(self) -> Readings:
        return Readings(
            np.array(self.series, np.int32),
            np.array(self.time_ns, np.int64),
            np.array(self.value, np.float64),
            np.array(self.message, np.int32),
        )


class Binding:
    """Where a field's values go. `plain` values are kept as sent."""

    __slots__ = (
        "__weakref__",
        "_host",
        "_meaning",
        "_table",
        "below_zero",
        "counts",
        "offset",
        "plain",
        "refuses",
        "scale",
        "series",
    )

    def __init__(self, table: SeriesTable, host: str, meaning: Meaning, below_zero: Binding | None) -> None:
        self.series = -1
        self._table, self._host, self._meaning = table, host, meaning
        self.scale, self.offset = meaning.scale, meaning.offset
        self.refuses, self.below_zero, self.counts = meaning.refuses, below_zero, meaning.counts
        self.plain = (
            meaning.scale == 1.0
            and not meaning.offset
            and meaning.refuses is None
            and meaning.counts is None
            and below_zero is None
        )

    def rename(self, name: str) -> None:
        """The sensor is called `name` from now on."""
        self.series = self._table.intern(_series(self._host, name, self._meaning))

    def add(self, value: float, time_ns: int, message: int, out: Columns) -> bool:
        """Append a finite value, unless it stands for none; whether it was appended."""
        try:
            value = float(value)
        except OverflowError:  # an integer of hundreds of digits
            return False
        if not math.isfinite(value):
            return False
        if not self.plain:
            if value < 0 and self.below_zero is not None:
                return self.below_zero.add(value, time_ns, message, out)
            if self.refuses is not None and self.refuses(value):
                return False
            if self.counts is not None:
                value = 1.0 if self.counts(value) else 0.0
        kept = value * self.scale + self.offset
        if not math.isfinite(kept):
            return False
        out.series.append(self.series)
        out.time_ns.append(time_ns)
        out.value.append(kept)
        out.message.append(message)
        return True

    def says_none(self, value: float) -> bool:
        """Whether a value that was not appended stands for "no reading": NaN, or one of the sensor's own."""
        if value < 0 and self.below_zero is not None:
            return self.below_zero.says_none(value)
        return math.isnan(value) or (self.refuses is not None and self.refuses(value))


class MetricSeries(dict[str, Binding | None]):
    """One measurement with one set of tags: its host, and field → what it is bound to (None: no reading)."""

    __slots__ = ("_binder", "_meaning_of", "host", "joint", "measurement", "tags")

    def __init__(
        self, binder: Binder, host: str, measurement: str, tags: Tags, meaning_of: MeaningOf
    ) -> None:
        super().__init__()
        self.host, self.measurement = intern(host), intern(measurement)
        self.tags = {intern(name): intern(value) for name, value in tags.items()}  # most are many series' own
        self.joint: Joint | None = JOINT.get(measurement)
        self._binder, self._meaning_of = binder, meaning_of

    def __missing__(self, name: str) -> Binding | None:
        meaning = self._meaning(name)
        bound = self[name] = self._binder.bind(self.host, meaning) if meaning else None
        return bound

    def add(self, fields: Mapping[str, object], time_ns: int, message: int, out: Columns) -> bool:
        """Append the readings among one message's fields; whether it was understood.

        That is, it had readings, or is known and says itself that it has none. A boolean is no number, nor is
        one in quotes.

        Raises:
            DecodeError: there are more fields than any telemetry has.
        """
        if len(fields) > MAX_FIELDS:
            raise DecodeError(TOO_LARGE)
        left_out = self.joint(_numbers_in(fields)) if self.joint is not None else ()
        before = len(out.series)
        for name, value in fields.items():
            if (type(value) is float or type(value) is int) and name not in left_out:
                binding = self[name]
                if binding is not None:
                    binding.add(value, time_ns, message, out)
        if len(out.series) > before:
            return True
        return any(name in left_out or self.says_none(name, value) for name, value in fields.items())

    def says_none(self, name: str, value: object) -> bool:
        """Whether a field that brought no reading is known and says so itself.

        A null says it; a number that stands for it; and anything in a field that is known to be no reading.
        Nothing is remembered of it: what never was a number must not take a sensor's name.
        """
        if not self._is_known(name):
            return False
        if value is None:
            return True
        binding = self.get(name)
        if binding is None:
            return name in self or self._meaning(name) is None
        return (type(value) is float or type(value) is int) and binding.says_none(value)

    def _is_known(self, name: str) -> bool:
        """Other formats than collectors' measurements are known as a whole."""
        if self._meaning_of is not meaning_of or is_known(self.measurement, self.tags, name):
            return True
        return self._binder.mapped(self.measurement, self.tags, name) is not None

    def _meaning(self, name: str) -> Meaning | None:
        meaning = self._binder.mapped(self.measurement, self.tags, name)
        return meaning or self._meaning_of(self.measurement, self.tags, name)


def _numbers_in(fields: Mapping[str, object]) -> dict[str, float]:
    return {k: v for k, v in fields.items() if isinstance(v, float | int)}


class Binder:
    """Makes bindings; holds the series table, the names and the places that tags have told."""

    def __init__(self, mappings: Sequence[FieldMapping] = ()) -> None:
        self.series = SeriesTable()
        self.places: dict[str, dict[str, str]] = {}  # host → rack, row
        self.told: list[Told] = []  # the same by the message that told it, until the batch is decoded
        self.message = 0  # index of the message that is being decoded
        self._names = SensorNames()
        self._mappings = tuple(mappings)
        self._meanings: dict[Meaning, Meaning] = {}  # one object for all hosts that have such a sensor

    def metric(
        self, measurement: str, tags: Tags, key: bytes | None, meaning_of: MeaningOf = meaning_of
    ) -> tuple[MetricSeries, bool]:
        """The series of a measurement and its tags, and whether the tags alone named its host.

        Raises:
            DecodeError: nothing names a host.
        """
        host = host_of(tags, key)
        place = {tag: tags[tag].strip() for tag in PLACE_TAGS if tags.get(tag, "").strip()}
        if place:
            self.places.setdefault(host, {}).update(place)
            self.told.append(Told(self.message, host, place))
        return MetricSeries(self, host, measurement, tags, meaning_of), names_a_host(tags)

    def mapped(self, measurement: str, tags: Tags, name: str) -> Meaning | None:
        """What the site's own mapping says of a field; None where it says nothing."""
        return mapped(self._mappings, measurement, tags, name) if self._mappings else None

    def bind(self, host: str, meaning: Meaning) -> Binding | None:
        """A binding of a meaning on a host; None where the name is too long to be one."""
        if any(len(name) > MAX_NAME_LENGTH for name in meaning.names):
            return None
        meaning = self._meanings.setdefault(meaning, meaning)
        below_zero = self.bind(host, meaning.below_zero) if meaning.below_zero else None
        binding = Binding(self.series, host, meaning, below_zero)
        self._names.claim(host, meaning).tell(binding)
        return binding


def _series(host: str, name: str, meaning: Meaning) -> Series:
    if not meaning.bound:
        return Series(host, name, meaning.quantity, meaning.unit)
    return Series(host, f"{name}_{meaning.bound}", "limit", meaning.unit, limit_of=name, bound=meaning.bound)
