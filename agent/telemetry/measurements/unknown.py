"""Measurements that nobody told us about: every number is a sensor of its own name.

A field keeps its name where nothing else tells series apart; tags that do become part of the name, so that
`cpu,cpu=cpu3 usage_idle=…` is `cpu_cpu3_usage_idle` and no two series ever share a name.
"""

from __future__ import annotations

from agent.telemetry.hosts import IDENTITY_TAGS
from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import unit_of_exported_name

FAMILY = "unknown"
PLACE_TAGS = frozenset(("rack", "row", "room", "datacenter", "zone", "site"))
WHO_ASKED = frozenset(("job", "__name__", "collector", "le", "quantile"))
NOT_IDENTITY = IDENTITY_TAGS | PLACE_TAGS | WHO_ASKED
VALUE_FIELDS = frozenset(("value", "gauge", "counter", "untyped"))


def meaning_of(measurement: str, tags: Tags, field: str) -> Meaning | None:
    """The field under its own name; its quantity is `other` unless the name ends in a unit."""
    marks = [lower_snake_case(v) for k, v in sorted(tags.items()) if k not in NOT_IDENTITY]
    own = [] if field in VALUE_FIELDS else [lower_snake_case(field)]
    whole = "_".join(part for part in (lower_snake_case(measurement), *marks, *own) if part)
    plain = "_".join(own) or lower_snake_case(measurement)
    names = (whole,) if any(marks) or plain == whole else (plain, whole)
    if not plain or own == [""]:
        return None
    unit = unit_of_exported_name(plain)
    identity = "|".join(
        (measurement, field, *(f"{k}={v}" for k, v in sorted(tags.items()) if k not in NOT_IDENTITY))
    )
    return Meaning(names, unit.quantity, unit.unit, FAMILY, identity, scale=unit.scale)
