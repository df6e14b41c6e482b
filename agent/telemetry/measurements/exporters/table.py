"""Rows that say what an exporter's metric is: the form that every exporter's table is written in.

    "idrac_sensors_voltage":           Row("{name}", VOLT, part="{id}")
    "idrac_power_supply_input_watts":  Row("psu {id} input power", WATT)      → psu1_in_w
    "apcupsd_nominal_power_watts":     NOTHING

A name that says its own unit, as `node_cpu_frequency_hertz`, needs no row: `generic` reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from agent.telemetry.catalogue import identify, state_of
from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.naming import lower_snake_case
from agent.telemetry.units import OTHER, Unit

_LABEL = re.compile(r"\{(\w+)\}")


class Row(NamedTuple):
    """A metric's sensor. `{label}` in `sensor` and `part` stands for what the metric's label holds.

    The sensor's name goes through the catalogue, as a vendor's does.
    """

    sensor: str
    unit: Unit
    part: str = ""  # tells sensors of one name apart
    bound: str = ""  # the metric is this limit of the sensor, such as `upper_critical`
    refuses: Callable[[float], bool] | None = None  # values that stand for "no reading"


NOTHING = Row("", OTHER)  # no reading: a rating, a setting, a fact about the collector


def meaning_of_row(row: Row, labels: Tags, family: str) -> Meaning | None:
    """The sensor of a row; None for NOTHING and where the labels that name it are empty."""
    name, part = fill(row.sensor, labels), fill(row.part, labels)
    if row.unit.quantity == "state":
        return state_of(name, family, part)
    found = vendor_sensor(name, row.unit, family, part)
    if found is not None and row.refuses is not None:
        found = replace(found, refuses=row.refuses)
    return found.limit(row.bound) if found is not None and row.bound else found


def vendor_sensor(name: str, unit: Unit, family: str, part: str = "") -> Meaning | None:
    """A sensor by its vendor's name; `part` is the collector's own number of it, which means nothing more."""
    found, own = identify(name, unit, family), lower_snake_case(part)
    if found is None or not own:
        return found
    below = found.below_zero
    return replace(
        found,
        names=(*found.names, f"{found.names[-1]}_{own}"),
        part=part,
        below_zero=replace(below, part=part) if below is not None else None,
    )


def fill(template: str, labels: Tags) -> str:
    """`{name}` and the like, replaced by labels; nothing where one is missing."""
    return _LABEL.sub(lambda match: labels.get(match[1], ""), template).strip()
