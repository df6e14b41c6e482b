"""Any table as one host's telemetry: its numeric columns as sensors, a closed tick for each of its rows.

file ─► DataFrame ─► Table (n, C) ─► ClosedTick a row, what is missing masked, gaps in time as empty ticks
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from agent.errors import ConfigError
from agent.sensors import SECOND_NS
from agent.telemetry.catalogue_rules import PARTS as PARTS_OF_BOARDS
from agent.telemetry.catalogue_rules import RULES
from agent.telemetry.units import unit_of_own_name
from agent.ticks import CARRY_PERIODS, ClosedTick
from models.detector import WINDOW

HOST = "table"
TIME, LABEL = "time", "label"
PARQUET, CSV = (".parquet", ".pq"), (".csv",)
PACKED = (".gz", ".zst", ".bz2", ".xz")
BEYOND = 1e30  # no reading is so large; single precision ends soon after
NUMBERS = frozenset(("boolean", "decimal", "integer", "floating", "mixed-integer-float"))
UNITLESS = frozenset(("other", "state", "utilization"))
_FILLED = re.compile(r"\\\{(n|m|unit)\\\}")
_CANONICAL = re.compile(
    "|".join(
        [
            *(_FILLED.sub(r"\\w+?", re.escape(rule.name)) for rule in RULES),
            *(rf"{part.name}_(\w+_)?temp_c" for part in PARTS_OF_BOARDS),
        ]
    )
)


class TableError(ConfigError):
    """A table that cannot be used, and what was expected of it."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as sensors: (n, C) values with NaN where nothing stands, and the time of each row."""

    sensors: tuple[str, ...]
    values: NDArray[np.float64]  # (n, C)
    time_ns: NDArray[np.int64]  # (n,) rising
    period_ns: int
    label: NDArray[np.bool_] | None = None
    ignored: tuple[str, ...] = ()  # columns that are not numbers

    def take(self, sensors: Sequence[str]) -> Table:
        """The same rows with these columns alone; NaN for one that is not there."""
        place = {sensor: i for i, sensor in enumerate(self.sensors)}
        values = np.full((len(self.values), len(sensors)), math.nan)
        for column, sensor in enumerate(sensors):
            if sensor in place:
                values[:, column] = self.values[:, place[sensor]]
        return Table(tuple(sensors), values, self.time_ns, self.period_ns, self.label, self.ignored)


def read_table(path: Path) -> pd.DataFrame:
    """A parquet or CSV file, packed or not.

    Raises:
        TableError: it is not there, cannot be read, or is of another kind.
    """
    kinds = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in PACKED]
    kind = kinds[-1] if kinds else ""
    if kind not in PARQUET + CSV:
        raise TableError(f"{path} is no kind of table known here; expected .parquet, .csv or .csv.gz")
    try:
        frame = pd.read_parquet(path) if kind in PARQUET else pd.read_csv(path)
    except FileNotFoundError:
        raise TableError(f"{path} is not there; expected a .parquet or .csv table") from None
    except (OSError, EOFError, ValueError, zlib.error, pa.ArrowException) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TableError(f"{path} cannot be read as a table: {reason}") from None
    named = frame.index.name is not None and frame.index.name not in frame.columns
    return frame.reset_index() if named else frame


def read_columns(
    frame: pd.DataFrame, interval_s: float = 60.0, begin_ns: int = 0, use_label: bool = True
) -> Table:
    """The numeric columns of a table as sensors; `time` gives the times, else rows are `interval_s` apart
    and begin at `begin_ns`.

    Raises:
        TableError: no row, no numeric column, times that do not rise, or labels that are none.
    """
    if not len(frame):
        raise TableError("the table has no rows; expected at least one")
    if frame.columns.has_duplicates:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise TableError(f"column {twice} stands twice; expected each name once")
    columns = [name for name in frame.columns if name not in (TIME, LABEL)]
    numbers = [name for name in columns if _is_number(frame[name])]
    if not numbers:
        raise TableError(f"no numeric column among {some(list(frame.columns))}; expected one a sensor")
    values = np.column_stack([_as_floats(frame[name]) for name in numbers])
    if TIME in frame.columns:
        time_ns = _times(frame[TIME])
        steps = np.diff(time_ns)
        if len(steps) and steps.min() <= 0:
            row = int(np.argmax(steps <= 0)) + 1
            raise TableError(f"time does not rise at row {row}; expected rows in time order, each time once")
        period_ns = int(np.median(steps)) if len(steps) else round(interval_s * SECOND_NS)
    else:
        period_ns = round(interval_s * SECOND_NS)
        time_ns = begin_ns + period_ns * np.arange(len(frame), dtype=np.int64)
    label = _labels(frame[LABEL]) if use_label and LABEL in frame.columns else None
    ignored = tuple(str(name) for name in columns if name not in numbers)
    return Table(tuple(str(name) for name in numbers), values, time_ns, period_ns, label, ignored)


def meanings(table: Table) -> list[tuple[str, str]]:
    """Quantity and unit of each column: those of canonical names, `other` for the rest.

    A table scaled to 0…1 has no units whatever its columns are called: a floor of 3 W would blind it.
    """
    found = []
    for sensor in table.sensors:
        unit = unit_of_own_name(sensor)
        is_known = _CANONICAL.fullmatch(sensor) is not None
        found.append((unit.quantity, unit.unit) if is_known else ("other", "1"))
    physical = [i for i, (quantity, _) in enumerate(found) if quantity not in UNITLESS]
    largest = np.abs(np.nan_to_num(table.values[:, physical])).max(initial=0.0)
    return found if largest > 1.0 else [("other", "1") if q not in UNITLESS else (q, u) for q, u in found]


def own_periods(table: Table) -> NDArray[np.int64]:
    """(C,) ns between the values of each column: slow sensors stand in every tenth row or so."""
    periods = np.full(len(table.sensors), table.period_ns, np.int64)
    for column, values in enumerate(table.values.T):
        steps = np.diff(table.time_ns[np.isfinite(values)])
        if len(steps):
            periods[column] = max(int(np.median(steps)), table.period_ns)
    return periods


def closed_ticks(table: Table, periods_ns: NDArray[np.int64]) -> Iterator[tuple[int, ClosedTick]]:
    """A closed tick, and its row, for each row that holds something.

    A value is carried for three of its sensor's own periods, (C,), then masked. Nothing in a tick depends on
    a later row.
    """
    arrived = np.isfinite(table.values)
    newest = np.maximum.accumulate(np.where(arrived, np.arange(len(arrived))[:, None], -1), axis=0)
    age_ns = table.time_ns[:, None] - table.time_ns[np.maximum(newest, 0)]
    present = (newest >= 0) & (age_ns <= CARRY_PERIODS * periods_ns)
    carried = np.take_along_axis(table.values, np.maximum(newest, 0), axis=0)
    filled = np.where(present, carried, 0.0)
    silent = np.zeros(len(table.sensors), np.int64)
    before = 0
    for number, row in enumerate(np.flatnonzero(arrived.any(axis=1)).tolist()):
        step = (int(table.time_ns[row]) - before) / table.period_ns if number else 1.0
        before = int(table.time_ns[row])
        yield (
            row,
            ClosedTick(
                host=HOST,
                time_ns=before,
                period_ns=table.period_ns,
                empty_before=min(round(step) - 1, WINDOW) if step > 1.5 else 0,
                closed_by="complete",
                values=filled[row],
                present=present[row],
                arrived=arrived[row],
                sent=arrived[row],
                limitable=arrived[row],
                peak=filled[row],
                silent_ns=silent,
                sensor_period_ns=periods_ns,
                limits={},
            ),
        )


def some(names: Sequence[object], most: int = 5) -> str:
    """The first names of many, for a line that people read."""
    shown = ", ".join(str(name) for name in names[:most])
    return f"{shown}, …" if len(names) > most else shown or "no columns"


def _is_number(column: pd.Series[float]) -> bool:
    if pd.api.types.is_numeric_dtype(column):
        return not pd.api.types.is_complex_dtype(column)
    is_object = pd.api.types.is_object_dtype(column)
    return is_object and pd.api.types.infer_dtype(column, skipna=True) in NUMBERS


def _as_floats(column: pd.Series[float]) -> NDArray[np.float64]:
    """(n,) with NaN for what is empty, infinite or too large to be a reading."""
    values = column.astype("Float64" if pd.api.types.is_bool_dtype(column) else column.dtype)
    numbers = values.to_numpy(dtype=np.float64, na_value=math.nan)
    return np.where(np.abs(numbers) < BEYOND, numbers, math.nan)


def _times(column: pd.Series[float]) -> NDArray[np.int64]:
    """Times of any form as nanoseconds: datetimes, texts, or numbers since 1970 judged by their size."""
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.to_numpy(dtype=np.float64, na_value=math.nan)
        if not np.isfinite(numbers).all():
            raise TableError("time has empty rows; expected a time in each")
        size = float(np.abs(numbers).max())
        scale = next((s for limit, s in ((1e17, 1), (1e14, 10**3), (1e11, 10**6)) if size >= limit), 10**9)
        if size * scale >= 2.0**63:
            raise TableError(f"time reaches {size:g}; expected seconds to nanoseconds since 1970")
        if pd.api.types.is_integer_dtype(column):
            return np.asarray(column.to_numpy(dtype=np.int64) * scale, dtype=np.int64)
        whole = np.floor(numbers)
        parts = np.round((numbers - whole) * scale).astype(np.int64)
        return np.asarray(whole.astype(np.int64) * scale + parts, dtype=np.int64)
    try:
        is_text = not pd.api.types.is_datetime64_any_dtype(column)
        stamps = pd.to_datetime(column, utc=True, format="mixed" if is_text else None)
    except (ValueError, TypeError) as error:
        raise TableError(f"time cannot be read ({error}); expected dates or seconds since 1970") from None
    if stamps.isna().any():
        row = int(stamps.isna().to_numpy().argmax())
        raise TableError(f"time is empty at row {row}; expected a time in each row")
    return np.asarray(stamps.dt.as_unit("ns").astype("int64").to_numpy(), dtype=np.int64)


def _labels(column: pd.Series[float]) -> NDArray[np.bool_]:
    if not _is_number(column) or column.isna().any():
        raise TableError("label is not 0 or 1 in every row; expected 1 where a row is abnormal")
    return np.asarray(column.to_numpy(dtype=np.float64) > 0)
