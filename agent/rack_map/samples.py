"""Rooms as lessons: the map of a zone at a minute, the one before it, and what was really so.

What is neither – a breach too small to be seen, air that has not yet settled – is left out (`UNKNOWN`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.rack_map.maps import BEFORE_MINUTES, Maps, ZoneGrid
from agent.rack_map.rooms import LEAD_S, LOSSES, MINUTE_S, Room
from models.rack_map import COOLING_LOSS, NONE, RECIRCULATION
from models.twin.episodes import Episode

UNKNOWN = -1
FIRST_MINUTE = int(LEAD_S // MINUTE_S) - BEFORE_MINUTES
SEEN_K = 1.0  # by which a breach warms one host of its rack beyond the zone, or a loss half of the zone
ONSET_MINUTES, SETTLES_MINUTES = 3, 20

Labels = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class ZoneRecord:
    """A zone through all M minutes of its room."""

    room: int
    period_s: float
    grid: ZoneGrid
    over_k: NDArray[np.float32]  # (M, N)
    height: NDArray[np.float64]  # (N,) 0 to 1
    maps: Maps  # (M, R, C, H)
    racks: Labels  # (M, R, C) 0, 1 recirculation, UNKNOWN
    zone: Labels  # (M,) a class of models.rack_map, UNKNOWN
    breaches: tuple[tuple[Episode, int, int], ...]  # with row and rack
    losses: tuple[Episode, ...]
    start_s: float

    def before(self) -> Maps:
        """(M, R, C, H) the maps BEFORE_MINUTES earlier."""
        early = np.full_like(self.maps[:BEFORE_MINUTES], np.nan)
        return np.concatenate([early, self.maps[:-BEFORE_MINUTES]])

    def minutes(self, episode: Episode) -> tuple[int, int]:
        """From and to which minute an episode acts."""
        return tuple(  # type: ignore[return-value]
            min(max(int((at_s - self.start_s) // MINUTE_S), 0), len(self.maps) - 1)
            for at_s in (episode.start_s, episode.end_s)
        )


@dataclass(frozen=True, slots=True)
class Lessons:
    """B maps padded to one size."""

    now_k: Maps  # (B, R, C, H)
    before_k: Maps
    racks: Labels  # (B, R, C)
    zone: Labels  # (B,)


def zones_of(room: Room, number: int = 0) -> list[ZoneRecord]:
    """Every zone of a room with its labels."""
    plan, places = room.plan, room.plan.places()
    found = []
    for at, name in enumerate(places.zones):
        inside = np.flatnonzero(room.zone == at)
        grid = ZoneGrid.of(room.row[inside], room.rack[inside], room.height[inside])
        where = {places.racks[places.rack[i]]: (int(room.row[i]), int(room.rack[i])) for i in inside.tolist()}
        breaches = [
            (e, *where[e.host]) for e in plan.episodes if e.name == "recirculation" and e.host in where
        ]
        losses = [e for e in plan.episodes if e.name in LOSSES and e.host in (name, "")]
        over_k = room.over_k[:, inside]
        record = ZoneRecord(
            number, plan.period_s, grid, over_k, room.height[inside], grid.fill(over_k),
            np.zeros((len(over_k), grid.rows, grid.racks), np.int8), np.full(len(over_k), NONE, np.int8),
            tuple(breaches), tuple(losses), plan.start_s,
        )  # fmt: skip
        _label(record)
        found.append(record)
    return found


def lessons_of(zones: Sequence[ZoneRecord], every: int = 3) -> Lessons:
    """Every `every`th minute of which something is known, padded with NaN and UNKNOWN."""
    rows, racks = max(z.grid.rows for z in zones), max(z.grid.racks for z in zones)
    parts: list[tuple[Maps, Maps, Labels, Labels]] = []
    for zone in zones:
        pick = slice(FIRST_MINUTE, None, every)
        now, before = zone.maps[pick], zone.before()[pick]
        pad = ((0, 0), (0, rows - zone.grid.rows), (0, racks - zone.grid.racks))
        parts.append((
            np.pad(now, (*pad, (0, 0)), constant_values=np.nan),
            np.pad(before, (*pad, (0, 0)), constant_values=np.nan),
            np.pad(zone.racks[pick], pad, constant_values=UNKNOWN), zone.zone[pick],
        ))  # fmt: skip
    now, before, racks_are, zone_is = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Lessons(now, before, racks_are, zone_is)


def median_of(over_k: NDArray[np.float32]) -> NDArray[np.float64]:
    """(M,) of what is known of (M, N); 0 in minutes of which nothing is."""
    told, median = np.isfinite(over_k).any(axis=1), np.zeros(len(over_k))
    median[told] = np.nanmedian(over_k[told], axis=1)
    return median


def _label(zone: ZoneRecord) -> None:
    median = median_of(zone.over_k)
    for episode, row, rack in zone.breaches:
        first, last = zone.minutes(episode)
        near = slice(max(rack - 1, 0), rack + 2)
        until = last + SETTLES_MINUTES
        zone.racks[first:until, row, near] = UNKNOWN
        zone.zone[first:until] = UNKNOWN
        cells = zone.maps[:, row, rack]  # (M, H)
        warmest = np.where(np.isfinite(cells), cells, -np.inf).max(axis=1)
        seen = np.zeros(len(median), bool)
        seen[first + ONSET_MINUTES : last + 1] = True
        seen &= warmest - median >= SEEN_K
        zone.racks[seen, row, near] = 0  # what reaches the racks beside it is this one's
        zone.racks[seen, row, rack] = 1
        zone.zone[seen] = RECIRCULATION
    for episode in zone.losses:
        first, last = zone.minutes(episode)
        zone.zone[first : last + SETTLES_MINUTES] = UNKNOWN
        seen = np.zeros(len(median), bool)
        seen[first + 1 : last + 1] = True
        zone.zone[seen & (median >= SEEN_K)] = COOLING_LOSS
