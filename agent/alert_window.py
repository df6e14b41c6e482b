"""The ticks that an alert was raised on, kept beside it, so that anybody can score them again.

    history before a batch + its ticks ──► (T, F) rows that end with the raising tick ──► point `alert_window`

`window` is base64 of zlib of float32, T × F, NaN where nothing was believed; T reaches as far back as a
score does. What else the score rests on stands beside it: the host's level and, for a host that its model's
training never saw, its own offset.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.alert import Alert
from agent.host import Host
from agent.points import Point
from agent.scored import ScoredTick
from agent.sensors import SECOND_NS
from agent.tick_points import six_digits
from agent.ticks import ClosedTick
from agent.windows import tick_rows
from models.detector import HISTORY, KERNEL, WINDOW

MEASUREMENT = "alert_window"
REACH = WINDOW + HISTORY + KERNEL - 2  # ticks that a score rests on
MOST_BYTES = 60_000  # of the window as text: InfluxDB takes 64 kB
LEVEL_DIGITS = 12
SHORTEST_ROWS = 8

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class AlertWindow:
    """What an alert was raised on. F are the host's own sensors, C those of its cohort, P the parts."""

    host: str
    kind: str
    onset_ns: int
    id: str
    model: str  # release
    cohort: str  # "" for the first-boot scorer, which keeps running figures in place of a window
    period_s: float
    sensors: tuple[str, ...]
    rows: Rows  # (T, F), oldest first
    level: NDArray[np.float64]  # (P,) NaN where no hour had closed
    offset: NDArray[np.float32]  # (3, C) of a newcomer; (0, 0) else
    score: float  # of the last row; −1 = unscored
    threshold: float
    raised_ns: int

    def to_point(self) -> Point:
        """All fields of `alert_window`; of a host with very many sensors the oldest rows are left out."""
        rows, packed = self.rows, _pack(self.rows)
        while len(packed) > MOST_BYTES and len(rows) > SHORTEST_ROWS:
            rows = rows[len(rows) // 4 :]
            packed = _pack(rows)
        fields: dict[str, float | str] = {
            "id": self.id,
            "sensors": ",".join(self.sensors),
            "window": packed if len(packed) <= MOST_BYTES else "",
            "model": self.model,
            "cohort": self.cohort,
            "period_s": self.period_s,
            "level": json.dumps([_digits(value) for value in self.level.tolist()]),
            "offset": _pack(self.offset) if self.offset.size else "",
            "score": six_digits(self.score),
            "threshold": six_digits(self.threshold),
            "raised": str(self.raised_ns),
        }
        return Point(MEASUREMENT, {"host": self.host, "kind": self.kind}, fields, self.onset_ns)

    @classmethod
    def from_point(cls, point: Point) -> AlertWindow:
        """The window that `to_point` wrote.

        Raises:
            KeyError, ValueError, zlib.error: a field is missing or damaged.
        """
        fields = point.fields
        sensors = tuple(str(fields["sensors"]).split(","))
        level = [math.nan if value is None else value for value in json.loads(str(fields["level"]))]
        offset = _unpack(str(fields["offset"]))
        return cls(
            host=point.tags["host"],
            kind=point.tags["kind"],
            onset_ns=point.time_ns,
            id=str(fields["id"]),
            model=str(fields["model"]),
            cohort=str(fields["cohort"]),
            period_s=float(fields["period_s"]),
            sensors=sensors,
            rows=_unpack(str(fields["window"])).reshape(-1, len(sensors)),
            level=np.array(level, np.float64),
            offset=offset.reshape(3, -1) if offset.size else np.zeros((0, 0), np.float32),
            score=float(fields["score"]),
            threshold=float(fields["threshold"]),
            raised_ns=int(str(fields["raised"])),
        )


def _pack(rows: NDArray[np.float32]) -> str:
    return base64.b64encode(zlib.compress(rows.astype("<f4").tobytes(), 9)).decode()


def _unpack(text: str) -> Rows:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), "<f4") if text else np.zeros(0, np.float32)


def _digits(value: float) -> float | None:
    return float(f"{value:.{LEVEL_DIGITS}g}") if math.isfinite(value) else None


class Pasts:
    """What hosts had lived before a batch, and its ticks: from both the rows up to any tick are made again.

    Only a tick with something to tell asks, so nothing is copied, nor sorted by host, until then.
    """

    def __init__(self, hosts: Mapping[str, Host], ticks: Sequence[ClosedTick]) -> None:
        self._ticks = ticks
        self._by_host: dict[str, list[ClosedTick]] | None = None
        self._before = {
            name: (hosts[name].history.values, hosts[name].history.present)
            for name in {tick.host for tick in ticks}
        }

    def window(self, tick: ScoredTick, alert: Alert) -> AlertWindow:
        """What a tick of the batch that raised an alert was scored on."""
        level, offset = np.zeros(0), np.zeros((0, 0), np.float32)
        if tick.basis is not None:
            level = tick.basis.level
            offset = offset if tick.basis.offset is None else tick.basis.offset.astype(np.float32)
        return AlertWindow(
            host=alert.host,
            kind=alert.kind,
            onset_ns=alert.onset_ns,
            id=alert.id,
            model=tick.model,
            cohort=tick.cohort,
            period_s=tick.period_ns / SECOND_NS,
            sensors=tick.sensors,
            rows=self.rows(tick),
            level=level,
            offset=offset,
            score=tick.score,
            threshold=tick.threshold,
            raised_ns=tick.time_ns,
        )

    def rows(self, tick: ScoredTick) -> Rows:
        """(T, F) the last REACH rows up to a tick, oldest first, NaN where nothing was believed."""
        if self._by_host is None:
            self._by_host = {}
            for closed in self._ticks:
                self._by_host.setdefault(closed.host, []).append(closed)
        upto = [t for t in self._by_host.get(tick.host, []) if t.time_ns <= tick.time_ns]
        values, present, _ = tick_rows(upto[-REACH:], len(tick.sensors))
        old_values, old_present = self._before[tick.host]
        values = np.concatenate([_widened(old_values, len(tick.sensors)), values])
        present = np.concatenate([_widened(old_present, len(tick.sensors)), present])
        return np.where(present, values, np.nan)[-REACH:].astype(np.float32)


def _widened(rows: NDArray[np.generic], columns: int) -> NDArray[np.generic]:
    """Rows from before a host had its newest sensors."""
    return np.pad(rows, ((0, 0), (0, columns - rows.shape[1])))


def newly_raised(alerts: Sequence[Alert], tick: ScoredTick) -> list[Alert]:
    """Those of the changed alerts that this very tick raised."""
    return [alert for alert in alerts if alert.raised_ns == tick.time_ns]
