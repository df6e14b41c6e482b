"""The section `telemetry`: what a site says that its own fields mean, and how much of it there can be.

[[telemetry.mapping]] ─► MappingConfig (checked) ─► FieldMapping ─► Decoder
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from agent.config_errors import setting_error
from agent.config_section import Section, matching
from agent.telemetry.binding import MAX_HOSTS
from agent.telemetry.mappings import QUANTITIES, SENSOR, UNIT_WORDS, FieldMapping, unit_of
from agent.telemetry.units import OTHER

A_UNIT = "a unit such as A, V, W, kW, kWh, Cel, degF, %, Hz or rpm"
A_QUANTITY = f"one of {', '.join(QUANTITIES)}"
A_NUMBER = "a number within 1e12 of 0"


class MappingConfig(Section):
    """One row of `telemetry.mapping`: what some fields are; the first row that fits a field counts."""

    measurement: str = Field(default="*", min_length=1, description="a measurement's name, * for any text")
    field: str = Field(min_length=1, description="a field's name, * for any text")
    tags: dict[str, str] = Field(default={}, description='a table of tag = "value", * for any text')
    sensor: Annotated[str, matching(SENSOR)] = Field(
        description="a name of a-z, 0-9 and _, with {tag} for the value of a tag"
    )
    quantity: str = Field(default="", description=A_QUANTITY)
    unit: str = Field(default="", description=A_UNIT)
    scale: float = Field(
        default=1.0, ge=-1e12, le=1e12, allow_inf_nan=False, description=f"{A_NUMBER}, not 0"
    )
    offset: float = Field(default=0.0, ge=-1e12, le=1e12, allow_inf_nan=False, description=A_NUMBER)
    missing: tuple[float, ...] = Field(default=(), strict=False, description="a list of numbers")

    @model_validator(mode="after")
    def _means_something(self) -> Self:
        if self.scale == 0:
            raise setting_error("scale", self.scale, f"{A_NUMBER}, not 0")
        if self.quantity and self.quantity not in QUANTITIES:
            raise setting_error("quantity", self.quantity, A_QUANTITY)
        if self.unit and self.unit.strip().lower() not in UNIT_WORDS:
            raise setting_error("unit", self.unit, A_UNIT)
        if unit_of(self.sensor, self.unit, self.quantity) is None:
            raise setting_error("unit", self.unit, f"a unit of {self.quantity}")
        return self

    def to_mapping(self) -> FieldMapping:
        """The row as the decoder takes it."""
        unit = unit_of(self.sensor, self.unit, self.quantity) or OTHER
        return FieldMapping(
            self.measurement,
            self.field,
            self.sensor,
            unit,
            self.tags,
            self.scale,
            self.offset,
            frozenset(self.missing),
        )


class TelemetryConfig(Section):
    """What this site's own fields mean, and how many machines it can have."""

    max_hosts: int = Field(
        default=MAX_HOSTS, ge=1, le=10_000_000, description="a whole number of 1..10000000"
    )
    mapping: tuple[MappingConfig, ...] = Field(default=(), strict=False, description="a list of tables")

    def mappings(self) -> tuple[FieldMapping, ...]:
        """All rows, in their order."""
        return tuple(row.to_mapping() for row in self.mapping)
