"""Ties each field of each series to its number in the series table, once; after that it is a look-up.

(measurement, tags, Kafka key) ──► MetricSeries(host) ──field──► Binding ──value──► row of readings
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from sys import intern
from typing import Any, TypeVar

import numpy as np

from agent.errors import DecodeError
from agent.telemetry.hosts import host_of, names_a_host
from agent.telemetry.mappings import FieldMapping, mapped
from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements import JOINT, Joint, MeaningOf, is_known, meaning_of
from agent.telemetry.naming import MAX_NAME_LENGTH, HostNames
from agent.telemetry.readings import Readings, Series, SeriesTable
from agent.telemetry.reasons import TOO_LARGE, TOO_MANY_HOSTS
from agent.told_place import Told

LARGEST = sys.float_info.max
MAX_HOSTS = 200_000  # unless the config says otherwise; 10 kB each in a pipeline, and more with many sensors
MAX_SENSORS = 10_000  # of one host; a switch or a chassis with all its ports and blades has fewer
MAX_FIELDS = 10_000  # of one series in one message; every name is remembered
MAX_FIELD_LENGTH = 1_024  # characters; a longer name is none, and not remembered
MAX_TAGS_LENGTH = 8_192  # characters of one series' names and values; they are remembered too
PLACE_TAGS = ("rack", "row")

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class Columns:
    """Readings as they are found, a list a column; which message each came from is told by `ends`."""

    series: list[int] = field(default_factory=list)
    time_ns: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)  # readings up to each message's end, by the decoder

    def __len__(self) -> int:
        return len(self.value)

    def cut(self, length: int) -> None:
        """Take back everything after the first `length` readings."""
        for column in (self.series, self.time_ns, self.value):
            del column[length:]

    def to_readings(self) -> Readings:
        ends = np.array([0, *self.ends], np.int64)
        counts = ends[1:] - ends[:-1]
        return Readings(
            np.array(self.series, np.int32),
            np.array(self.time_ns, np.int64),
            np.array(self.value, np.float64),
            np.repeat(np.arange(len(counts), dtype=np.int32), counts),
        )


class Binding:
    """Where a field's values go. `plain` values are kept as sent."""

    __slots__ = ("__weakref__", "_below_zero", "_binder", "_meaning", "_names", "plain", "series")

    def __init__(self, binder: Binder, names: HostNames, meaning: Meaning) -> None:
        self.series = -1
        self._binder, self._names, self._meaning = binder, names, meaning
        self._below_zero: Binding | None = None  # made when a value is
        self.plain = (
            meaning.scale == 1.0
            and not meaning.offset
            and meaning.refuses is None
            and meaning.counts is None
            and meaning.below_zero is None
        )

    def rename(self, name: str) -> None:
        """The sensor is called `name` from now on."""
        self.series = self._binder.series.intern(_series(self._names.host, name, self._meaning))

    def add(self, value: float, time_ns: int, out: Columns) -> bool:
        """Append a finite value, unless it stands for none; whether it was appended."""
        if not -LARGEST <= value <= LARGEST:  # NaN, an infinity or an integer of hundreds of digits
            return False
        if not self.plain:
            meaning = self._meaning
            if value < 0 and meaning.below_zero is not None:
                below_zero = self._below(meaning.below_zero)
                return below_zero is not None and below_zero.add(value, time_ns, out)
            if meaning.refuses is not None and meaning.refuses(value):
                return False
            if meaning.counts is not None:
                value = 1.0 if meaning.counts(value) else 0.0
            value = value * meaning.scale + meaning.offset
            if not -LARGEST <= value <= LARGEST:
                return False
        out.series.append(self.series)
        out.time_ns.append(time_ns)
        out.value.append(value)
        return True

    def says_none(self, value: float) -> bool:
        """Whether a value that was not appended stands for "no reading": NaN, or one of the sensor's own."""
        if not -LARGEST <= value <= LARGEST:  # an infinity and an integer of hundreds of digits say nothing
            return value != value
        meaning = self._meaning
        if value < 0 and meaning.below_zero is not None:
            meaning = meaning.below_zero
        return meaning.refuses is not None and meaning.refuses(value)

    def _below(self, meaning: Meaning) -> Binding | None:
        if self._below_zero is None:
            self._below_zero = self._binder.bind(self._names, meaning)
        return self._below_zero


class MetricSeries(dict[str | bytes, Binding | None]):
    """One measurement with one set of tags: its host, and field → what it is bound to (None: no reading).

    A field's name may be asked for as text or as the bytes of it.
    """

    __slots__ = ("_binder", "_meaning_of", "_names", "joint", "measurement", "tags")

    def __init__(
        self, binder: Binder, names: HostNames, measurement: str, tags: Tags, meaning_of: MeaningOf
    ) -> None:
        super().__init__()
        self.measurement = intern(measurement)
        self.tags = {intern(name): intern(value) for name, value in tags.items()}  # most are many series' own
        self.joint: Joint | None = JOINT.get(measurement)
        self._binder, self._names, self._meaning_of = binder, names, meaning_of

    def __missing__(self, name: str | bytes) -> Binding | None:
        """Ask what a field means. What cannot be bound is not remembered, and asked for again."""
        text = name if isinstance(name, str) else name.decode()
        if len(text) > MAX_FIELD_LENGTH:
            return None
        bound = self.get(text)
        if bound is None and text not in self:
            meaning = self._meaning(text)
            bound = self._binder.bind(self._names, meaning) if meaning else None
            if meaning and bound is None:
                return None
        self[name] = bound
        return bound

    def add(self, fields: Mapping[str, object], time_ns: int, out: Columns) -> bool:
        """Append the readings among one message's fields; whether it was understood.

        That is, it had readings, or is known and says itself that it has none. A boolean is no number, nor is
        one in quotes.

        Raises:
            DecodeError: there are more fields than any telemetry has.
        """
        if len(fields) > MAX_FIELDS:
            raise DecodeError(TOO_LARGE)
        left_out = self.joint(_numbers_in(fields)) if self.joint is not None else None
        before = len(out.series)
        for name, value in fields.items():
            if (type(value) is float or type(value) is int) and (left_out is None or name not in left_out):
                binding = self[name]
                if binding is None:
                    continue
                if binding.plain and -LARGEST <= value <= LARGEST:
                    out.series.append(binding.series)
                    out.time_ns.append(time_ns)
                    out.value.append(value)
                else:
                    binding.add(value, time_ns, out)
        if len(out.series) > before:
            return True
        return any(
            (left_out is not None and name in left_out) or self.says_none(name, value)
            for name, value in fields.items()
        )

    def add_one(self, name: str, value: object, time_ns: int, out: Columns) -> bool:
        """The same for one field."""
        if type(value) is float or type(value) is int:
            binding = self[name]
            if binding is not None and binding.add(value, time_ns, out):
                return True
        return self.says_none(name, value)

    def says_none(self, name: str | bytes, value: object) -> bool:
        """Whether a field that brought no reading is known and says so itself.

        A null says it; a number that stands for it; and anything in a field that is known to be no reading.
        Nothing is remembered of it: what never was a number must not take a sensor's name.
        """
        text = name if isinstance(name, str) else name.decode()
        if not self._is_known(text):
            return False
        if value is None:
            return True
        binding = self.get(name)
        if binding is None:
            return name in self or self._meaning(text) is None
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


class Cache(dict[K, V]):
    """What a reader has looked up once, by a message's own spelling. It starts anew when it is full."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: K, value: V) -> None:
        """Remember one more."""
        if len(self) >= self._most:
            self.clear()
        self[key] = value


class Binder:
    """Makes bindings; holds the series table, the names and the places that tags have told.

    What it remembers is bounded: `max_hosts` hosts, and so many sensors of each.
    """

    def __init__(self, mappings: Sequence[FieldMapping] = (), max_hosts: int = MAX_HOSTS) -> None:
        self.series = SeriesTable()
        self.places: dict[str, dict[str, str]] = {}  # host → rack, row
        self.told: list[Told] = []  # the same by the message that told it, until the batch is decoded
        self.message = 0  # index of the message that is being decoded
        self.refused = -1  # index of the last message that had a sensor too many
        self._hosts: dict[str, HostNames] = {}
        self._max_hosts = max_hosts
        self._mappings = tuple(mappings)
        self._meanings: dict[Meaning, Meaning] = {}  # one object for all hosts that have such a sensor
        self._caches: list[Cache[Any, Any]] = []

    def metric(
        self, measurement: str, tags: Tags, key: bytes | None, meaning_of: MeaningOf = meaning_of
    ) -> tuple[MetricSeries, bool]:
        """The series of a measurement and its tags, and whether the tags alone named its host.

        Raises:
            DecodeError: nothing names a host, there are too many of them, or the tags are too long.
        """
        if len(measurement) + sum(map(len, tags)) + sum(map(len, tags.values())) > MAX_TAGS_LENGTH:
            raise DecodeError(TOO_LARGE)
        names = self._names_of(host_of(tags, key))
        place = {tag: tags[tag].strip() for tag in PLACE_TAGS if tags.get(tag, "").strip()}
        if place:
            self.places.setdefault(names.host, {}).update(place)
            self.told.append(Told(self.message, names.host, place))
        return MetricSeries(self, names, measurement, tags, meaning_of), names_a_host(tags)

    def cache(self, most: int) -> Cache[Any, Any]:
        """A reader's cache of what it has bound."""
        self._caches.append(Cache(most))
        return self._caches[-1]

    def tell_again(self) -> None:
        """Every metric is bound anew at its next message, and so tells its place once more. Names stay."""
        for cache in self._caches:
            cache.clear()

    def _names_of(self, host: str) -> HostNames:
        names = self._hosts.get(host)
        if names is None:
            if len(self._hosts) >= self._max_hosts:
                raise DecodeError(TOO_MANY_HOSTS)
            names = self._hosts[host] = HostNames(host)
        return names

    def mapped(self, measurement: str, tags: Tags, name: str) -> Meaning | None:
        """What the site's own mapping says of a field; None where it says nothing."""
        return mapped(self._mappings, measurement, tags, name) if self._mappings else None

    def bind(self, names: HostNames, meaning: Meaning) -> Binding | None:
        """A binding of a meaning on a host; None where its name is too long, or it is one too many."""
        if any(len(name) > MAX_NAME_LENGTH for name in meaning.names):
            return None
        meaning = self._meanings.setdefault(meaning, meaning)
        if len(names) >= MAX_SENSORS and not names.has(meaning):
            self.refused = self.message
            return None
        binding = Binding(self, names, meaning)
        names.claim(meaning).tell(binding)
        return binding


def _series(host: str, name: str, meaning: Meaning) -> Series:
    if not meaning.bound:
        return Series(host, name, meaning.quantity, meaning.unit)
    return Series(host, f"{name}_{meaning.bound}", "limit", meaning.unit, limit_of=name, bound=meaning.bound)
