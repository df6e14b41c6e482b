"""The section `maintenance`: when operators work on which hosts.

[maintenance], [[maintenance.window]] ─► MaintenanceConfig (checked) ─► windows (agent/maintenance.py)
"""

from __future__ import annotations

import re
from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from agent.config_errors import setting_error
from agent.config_section import Section
from agent.maintenance import Maintenance, Once, Span, Targets, Weekly, Window
from agent.sensors import SECOND_NS

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
A_MOMENT = "a moment such as 2026-03-03T22:00:00+01:00, or a time such as 22:00"
A_ZONE = "a time zone such as Europe/Berlin"
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?|24:00")


def _as_text(value: object) -> object:
    """TOML has moments and times of its own."""
    return value.isoformat() if isinstance(value, datetime | time) else value


def _from_base(value: object, info: ValidationInfo) -> object:
    """A path relative to the config's folder, "" for none."""
    if not isinstance(value, str | Path) or value == "":
        return None if value in (None, "") else value
    return (info.context or {}).get("base", Path()) / Path(value).expanduser()


Moment = Annotated[str, BeforeValidator(_as_text)]


class WindowConfig(Section):
    """One row of `maintenance.window`: when which hosts and racks are worked on."""

    hosts: tuple[str, ...] = Field(default=(), strict=False, description="a list of hosts, as n0*")
    racks: tuple[str, ...] = Field(default=(), strict=False, description="a list of racks")
    start: Moment = Field(description=A_MOMENT)
    end: Moment = Field(description=A_MOMENT)
    weekdays: tuple[Weekday, ...] = Field(
        default=(), strict=False, description=f"a list of {', '.join(WEEKDAYS)}"
    )
    time_zone: str = Field(default="", description=A_ZONE)
    reason: str = Field(default="", description="a text")

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        zone = _zone(self.time_zone)
        if not (self.hosts or self.racks):
            raise setting_error("hosts", [], 'hosts or racks; ["*"] is all hosts')
        if self._is_daily != bool(_CLOCK.fullmatch(self.end)):
            raise setting_error("end", self.end, "a time where start is one, else a moment")
        if self._is_daily:
            return self
        if self.weekdays:
            raise setting_error("weekdays", list(self.weekdays), "times of the day as start and end")
        if self._moment("start", zone) >= self._moment("end", zone):
            raise setting_error("end", self.end, f"a moment after {self.start}")
        return self

    def to_window(self, time_zone: str) -> Window:
        """The row as hosts are judged by it; `time_zone` is for one that names none."""
        zone, targets = _zone(self.time_zone or time_zone), Targets(self.hosts, self.racks)
        if not self._is_daily:
            return Once(Span(self._moment("start", zone), self._moment("end", zone), targets))
        days = frozenset(WEEKDAYS.index(day) for day in self.weekdays) or frozenset(range(7))
        return Weekly(_clock(self.start), _clock(self.end), days, zone, targets)

    @property
    def _is_daily(self) -> bool:
        return bool(_CLOCK.fullmatch(self.start))

    def _moment(self, key: str, zone: ZoneInfo) -> int:
        text = str(getattr(self, key))
        try:
            if len(text) <= len("2026-03-03"):  # a day says no time
                raise ValueError(text)
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise setting_error(key, text, A_MOMENT) from None
        return round(moment.replace(tzinfo=moment.tzinfo or zone).timestamp()) * SECOND_NS


class MaintenanceConfig(Section):
    """Planned work; `[[maintenance]]` is short for `[[maintenance.window]]` where nothing else is said."""

    time_zone: str = Field(default="UTC", description=A_ZONE)
    ical_file: Annotated[Path | None, BeforeValidator(_from_base)] = Field(
        default=None, description='a calendar file\'s path or ""', strict=False
    )
    ical_hosts: tuple[str, ...] = Field(default=(), strict=False, description="a list of hosts, as n0*")
    window: tuple[WindowConfig, ...] = Field(default=(), strict=False, description="a list of tables")

    @model_validator(mode="before")
    @classmethod
    def _rows_alone(cls, value: object) -> object:
        return {"window": value} if isinstance(value, list) else value

    @model_validator(mode="after")
    def _has_zone(self) -> Self:
        _zone(self.time_zone)
        return self

    def plan(self) -> Maintenance:
        """All windows.

        Raises:
            ConfigError: the calendar cannot be read or used.
        """
        windows = [row.to_window(self.time_zone) for row in self.window]
        if self.ical_file is not None:
            from agent.calendar_file import CalendarFile  # few sites have one, and it loads slowly

            windows.append(CalendarFile(self.ical_file, _zone(self.time_zone), Targets(self.ical_hosts)))
        return Maintenance(windows)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, OSError, ValueError):  # absent, a folder, or no name
        raise setting_error("time_zone", name, A_ZONE) from None


def _clock(text: str) -> time:
    return time() if text == "24:00" else time.fromisoformat(text)
