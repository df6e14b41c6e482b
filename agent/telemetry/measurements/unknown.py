"""Measurements that nobody told us about: every number is a sensor of its own name.

A field keeps its name where nothing else tells series apart; tags that do become part of the name, so that
`cpu,cpu=cpu3 usage_idle=…` is `cpu_cpu3_usage_idle` and no two series ever share a name.
"""

from __future__ import annotations

import re
from hashlib import blake2b

from agent.telemetry.hosts import IDENTITY_TAGS
from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements.exporters.endings import unit_of_ending
from agent.telemetry.naming import MAX_NAME_LENGTH, lower_snake_case

FAMILY = "unknown"
PLACE_TAGS = frozenset(("rack", "row", "room", "datacenter", "zone", "site"))
WHO_ASKED = frozenset(("job", "__name__", "collector", "le", "quantile"))
NOT_IDENTITY = IDENTITY_TAGS | PLACE_TAGS | WHO_ASKED
VALUE_FIELDS = frozenset(("value", "gauge", "counter", "untyped"))

_NUMBER_AS_NAME = re.compile(r"[+-]?(\d+(\.\d*)?(e[+-]?\d+)?|inf)", re.IGNORECASE)  # of a bucket or quantile
_MARK = 6  # hexadecimal digits that stand for what was cut off a name


def meaning_of(measurement: str, tags: Tags, field: str) -> Meaning | None:
    """The field under its own name; its quantity is `other` unless the name ends in a unit."""
    marks = [lower_snake_case(v) for k, v in sorted(tags.items()) if k not in NOT_IDENTITY]
    own = [] if field in VALUE_FIELDS else [lower_snake_case(field)]
    whole = "_".join(part for part in (lower_snake_case(measurement), *marks, *own) if part)
    plain = "_".join(own) or lower_snake_case(measurement)
    if not plain or own == [""] or _is_of_distribution(measurement, field):
        return None
    names = (whole,) if any(marks) or plain == whole else (plain, whole)
    unit, _ = unit_of_ending(plain)
    identity = "|".join(
        (measurement, field, *(f"{k}={v}" for k, v in sorted(tags.items()) if k not in NOT_IDENTITY))
    )
    return Meaning(
        tuple(_cut(name, identity) for name in names),
        unit.quantity,
        unit.unit,
        FAMILY,
        identity,
        scale=unit.scale,
        offset=unit.offset,
    )


def is_distribution(measurement: str) -> bool:
    """Whether a measurement is called as histograms and summaries are."""
    return measurement.endswith(("_seconds", "_bytes"))


def _is_of_distribution(measurement: str, field: str) -> bool:
    """Whether a field is a part of a histogram or summary, as `0.99=`, `+Inf=`, `sum=`."""
    whole = field in ("sum", "count") and is_distribution(measurement)
    return whole or _NUMBER_AS_NAME.fullmatch(field) is not None


def _cut(name: str, identity: str) -> str:
    """A name that fits: the end of one that is too long becomes a mark of the series."""
    if len(name) <= MAX_NAME_LENGTH:
        return name
    mark = blake2b(identity.encode(), digest_size=_MARK // 2).hexdigest()
    return f"{name[: MAX_NAME_LENGTH - _MARK - 1].rstrip('_')}_{mark}"
