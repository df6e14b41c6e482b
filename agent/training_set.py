"""From recordings to what training needs: cohorts of hosts, each host's ticks as one table.

recordings ─► readings ─► periods (whole recording) ─► clocks ─► rows (n, F) a host ─► cohorts
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.cohorts import cohort_id, home_of
from agent.errors import RecordingError
from agent.progress import Progress
from agent.recording import in_polls, read_recording
from agent.sensors import SECOND_NS, period_from_times
from agent.telemetry.decoder import Decoder
from agent.telemetry.mappings import FieldMapping
from agent.telemetry.readings import Readings
from agent.ticks import HOUR_NS, HostClock, TickStream
from agent.topology import Topology
from agent.trust.host_trust import HostTrust
from agent.verdicts import MODEL_QUANTITIES
from agent.windows import take_columns, tick_rows
from models.histories import HostHistory

BATCH_MESSAGES = 20_000
MIN_TICKS = 64  # fewer say nothing of a host's normal behaviour


@dataclass(frozen=True, slots=True)
class Cohort:
    """Hosts of one sensor set (and kind, where the topology names it)."""

    id: str
    sensors: tuple[str, ...]
    quantities: tuple[str, ...]
    units: tuple[str, ...]
    hosts: tuple[HostHistory, ...]


@dataclass(slots=True)
class TrainingSet:
    """All that training needs, and what the registry tells of it."""

    cohorts: list[Cohort]
    periods_s: dict[str, dict[str, float]]
    first_ns: int
    last_ns: int
    readings: int
    left_out: dict[str, str] = field(default_factory=dict)  # host → why


def read_training_set(
    files: Sequence[Path],
    topology: Topology,
    progress: Progress,
    mappings: Sequence[FieldMapping] = (),
) -> TrainingSet:
    """Every recording decoded, clocked and sorted into cohorts.

    Raises:
        RecordingError: a file cannot be read, or no host in them has enough ticks.
    """
    decoder, batches, messages = Decoder(mappings), [], 0
    for file in files:
        with progress.stage(f"reading {file.name}") as stage:
            for batch in in_polls(read_recording(file), BATCH_MESSAGES):
                read = decoder.decode(batch).readings
                batches.append(replace(read, message=read.message + np.int32(messages)))
                messages += len(batch)
                stage.advance(len(batch))
    if not any(len(batch) for batch in batches):
        raise RecordingError(f"{', '.join(f.name for f in files)}: no readings; expected recorded telemetry")
    found = sort_readings(decoder, batches, topology, progress)
    if not found.cohorts:
        why = "; ".join(f"{host}: {reason}" for host, reason in sorted(found.left_out.items()))
        raise RecordingError(f"no host can be trained on ({why})")
    return found


def sort_readings(
    decoder: Decoder, batches: Sequence[Readings], topology: Topology, progress: Progress
) -> TrainingSet:
    """Decoded readings, in the order of their messages, clocked and sorted into cohorts.

    `message` of a batch goes on counting where the batch before it ended.
    """
    readings = _joined(batches)
    periods = _periods(decoder, readings)
    with progress.stage("making ticks") as stage:
        clocks, streams = _clocked(decoder, readings, periods)
        stage.advance(len(readings))
    found = TrainingSet(
        cohorts=[],
        periods_s={h: {s: ns / SECOND_NS for s, ns in known.items()} for h, known in periods.items()},
        first_ns=int(readings.time_ns.min()),
        last_ns=int(readings.time_ns.max()),
        readings=len(readings),
    )
    _sort_into_cohorts(found, clocks, streams, topology)
    return found


def _joined(batches: Sequence[Readings]) -> Readings:
    columns = ("series", "time_ns", "value", "message")
    return Readings(*(np.concatenate([getattr(b, c) for b in batches]) for c in columns))


def _periods(decoder: Decoder, readings: Readings) -> dict[str, dict[str, int]]:
    """Host → sensor → period in ns, from the median spacing over everything read."""
    order = np.lexsort((readings.time_ns, readings.series))
    series, times = readings.series[order], readings.time_ns[order]
    periods: dict[str, dict[str, int]] = {}
    for block in np.split(np.arange(len(series)), np.flatnonzero(np.diff(series)) + 1):
        known, distinct = decoder.series[int(series[block[0]])], np.unique(times[block])
        if not known.limit_of and len(distinct) > 1:
            periods.setdefault(known.host, {})[known.sensor] = period_from_times(distinct)
    return periods


def _clocked(
    decoder: Decoder, readings: Readings, periods: Mapping[str, Mapping[str, int]]
) -> tuple[dict[str, HostClock], dict[str, TickStream]]:
    clocks: dict[str, HostClock] = {}
    streams: dict[str, TickStream] = {}
    columns = (readings.series, readings.time_ns, readings.value, readings.message)
    for series, time_ns, value, message in zip(*(column.tolist() for column in columns), strict=True):
        known = decoder.series[series]
        if known.limit_of:
            continue
        clock = clocks.get(known.host)
        if clock is None:
            own = periods.get(known.host, {})
            clock = clocks[known.host] = HostClock(known.host, period_ns=min(own.values(), default=0))
            streams[known.host] = TickStream()
        period_ns = periods.get(known.host, {}).get(known.sensor, 0)
        column = clock.column(known.sensor, known.quantity, known.unit, period_ns)
        clock.add(column, time_ns, value, message, streams[known.host])
    for host, clock in clocks.items():
        clock.end(streams[host])
    return clocks, streams


def _sort_into_cohorts(
    found: TrainingSet,
    clocks: Mapping[str, HostClock],
    streams: Mapping[str, TickStream],
    topology: Topology,
) -> None:
    """One cohort for each sensor set (and kind); a host whose set is nobody else's joins one that fits."""
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for host, clock in sorted(clocks.items()):
        modelled = tuple(sorted(s.name for s in clock.sensors if s.quantity in MODEL_QUANTITIES))
        if len(streams[host].closed) < MIN_TICKS:
            found.left_out[host] = f"{len(streams[host].closed)} ticks; expected at least {MIN_TICKS}"
        elif not modelled:
            found.left_out[host] = "no sensor of a quantity that is modelled"
        else:
            groups.setdefault((topology.place(host).kind, modelled), []).append(host)
    for (kind, sensors), hosts in _merged(groups).items():
        columns = {s.name: s for host in hosts for s in clocks[host].sensors}
        found.cohorts.append(
            Cohort(
                id=cohort_id(kind, sensors),
                sensors=sensors,
                quantities=tuple(columns[s].quantity for s in sensors),
                units=tuple(columns[s].unit for s in sensors),
                hosts=tuple(_history(clocks[h], streams[h], sensors) for h in hosts),
            )
        )


def _merged(
    groups: Mapping[tuple[str, tuple[str, ...]], list[str]],
) -> dict[tuple[str, tuple[str, ...]], list[str]]:
    """Groups in the order of their size, each a cohort of its own or put to one of its kind."""
    merged: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (kind, sensors), hosts in sorted(groups.items(), key=lambda g: (-len(g[1]), g[0])):
        home = home_of(set(sensors), len(hosts), [known for of, known in merged if of == kind])
        merged.setdefault((kind, home or sensors), []).extend(hosts)
    return merged


def _history(clock: HostClock, stream: TickStream, sensors: Sequence[str]) -> HostHistory:
    trust = HostTrust()
    ticks = [trust.believe(tick, clock.sensors[: len(tick.values)]) for tick in stream.closed]
    values, present, places = tick_rows(ticks, len(clock.sensors))
    columns = np.array([clock.index.get(sensor, -1) for sensor in sensors], np.intp)
    return HostHistory(
        clock.host,
        clock.period_ns / SECOND_NS,
        take_columns(values, columns, 0.0),
        take_columns(present, columns, False),
        _hours(stream, places, len(values)),
    )


def _hours(stream: TickStream, places: NDArray[np.intp], rows: int) -> NDArray[np.int64]:
    """(n,) the hour of each row; an empty one has the hour of the tick after it."""
    hours = np.array([tick.time_ns // HOUR_NS for tick in stream.closed], np.int64)
    return hours[np.searchsorted(places, np.arange(rows))]
