"""Scores closed ticks: windows of all hosts of a cohort go through its models in one batched call.

closed ticks ─► windows (B, T, F) ─► errors (B, 3, F) ─► fuse, smooth (B, P) ─► hourly level ─► score (B, P)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from models.detector import PARTS, Detector
from models.linear import FirstBoot
from numpy.typing import NDArray

from agent.scored import NOT_KNOWN, ScoredTick
from agent.ticks import ClosedTick, HostTicks
from agent.windows import HOUR_NS, Level, Rows, tick_rows

MIN_OVERLAP = 0.6  # share of a cohort's sensors that a host must have to join it
MIN_FILLED = 2
MODEL_QUANTITIES = frozenset(
    {
        "power",
        "temperature",
        "margin",
        "fan_speed",
        "voltage",
        "current",
        "humidity",
        "utilization",
        "frequency",
    }
)
# The least spread worth a score, by quantity: what sensors quantise to.
SCALE_FLOOR = {"temperature": 0.5, "margin": 0.5, "fan_speed": 40.0, "power": 3.0, "voltage": 1.0}


def scale_floor(sensor_quantities: Sequence[str], units: Sequence[str]) -> NDArray[np.float64]:
    """(F,) least scale of each sensor in its own unit; fractions get one hundredth."""
    floors = [
        0.01 if unit == "1" else SCALE_FLOOR.get(quantity, 0.01)
        for quantity, unit in zip(sensor_quantities, units, strict=True)
    ]
    return np.array(floors)


@dataclass(slots=True)
class HostScore:
    """What scoring keeps of one host between ticks."""

    clock: HostTicks
    detector: Detector | None = None
    first_boot: FirstBoot | None = None
    first_hour: int = -1
    columns: NDArray[np.intp] = field(
        default_factory=lambda: np.zeros(0, np.intp)
    )  # cohort sensor → column, −1
    values: Rows | None = None
    present: Rows | None = None
    errors: Rows | None = None
    seen: Rows | None = None
    raw: Rows | None = None
    level: Level = field(default_factory=lambda: Level(len(PARTS)))
    silent_ns: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def join(self, detector: Detector) -> None:
        """Begin with a cohort's detector: its window, error and score histories start empty."""
        wide = len(detector.sensors)
        self.detector = detector
        self.values = Rows(detector.window, np.zeros((0, wide), np.float32))
        self.present = Rows(detector.window, np.zeros((0, wide), bool))
        self.errors = Rows(detector.history, np.zeros((0, 3, wide), np.float32))
        self.seen = Rows(detector.history, np.zeros((0, wide), bool))
        self.raw = Rows(detector.kernel, np.zeros((0, len(PARTS))))
        self.level = Level(len(PARTS))


@dataclass(slots=True)
class _Stage:
    """One host's ticks of this poll on their way through the models."""

    host: HostScore
    ticks: Sequence[ClosedTick]
    places: NDArray[np.intp]
    windows: NDArray[np.float32]  # (n, T, F)
    present: NDArray[np.bool_]  # (n, T, F)


class Scorer:
    """Scores the closed ticks of one poll; keeps every host's window in between."""

    def __init__(self, detectors: Mapping[str, Detector], release: str = "") -> None:
        self.detectors = dict(detectors)
        self.release = release
        self.hosts: dict[str, HostScore] = {}

    def score(self, ticks: Sequence[ClosedTick], clocks: Mapping[str, HostTicks]) -> list[ScoredTick]:
        """One ScoredTick per closed tick, in the order given."""
        by_host: dict[str, list[ClosedTick]] = {}
        for tick in ticks:
            by_host.setdefault(tick.host, []).append(tick)
        cohorts: dict[str, list[tuple[HostScore, list[ClosedTick]]]] = {}
        done: dict[tuple[str, int], ScoredTick] = {}
        for host, its_ticks in by_host.items():
            known = self.hosts.setdefault(host, HostScore(clocks[host]))
            for cohort, run in self._cohort_runs(known, its_ticks):
                if cohort:
                    cohorts.setdefault(cohort, []).append((known, run))
                else:
                    done.update(((t.host, t.time_ns), self._first_boot(known, t)) for t in run)
        for cohort, members in cohorts.items():
            done.update(self._score_cohort(self.detectors[cohort], members))
        return [done[tick.host, tick.time_ns] for tick in ticks]

    # -- cohorts ----------------------------------------------------------------------------------------

    def _cohort_runs(self, host: HostScore, ticks: list[ClosedTick]) -> list[tuple[str, list[ClosedTick]]]:
        """The ticks before the host joined a cohort and those after: a join is decided tick by tick."""
        outside: list[ClosedTick] = []
        for position, tick in enumerate(ticks):
            if host.first_hour < 0:
                host.first_hour = tick.time_ns // HOUR_NS
            if host.detector is None:
                best = self._best_cohort(host.clock.sensors[: len(tick.values)])
                if best is not None:
                    host.join(best)
            if host.detector is not None:
                runs = [("", outside)] if outside else []
                return [*runs, (host.detector.cohort, ticks[position:])]
            outside.append(tick)
        return [("", outside)]

    def _best_cohort(self, sensors: Sequence[object]) -> Detector | None:
        names = {getattr(sensor, "name", "") for sensor in sensors}
        overlaps = [
            (len(names & set(d.sensors)) / len(d.sensors), len(names & set(d.sensors)), d.cohort)
            for d in self.detectors.values()
        ]
        best = max(overlaps, default=(0.0, 0, ""))
        return self.detectors[best[2]] if best[0] >= MIN_OVERLAP else None

    # -- a cohort's models -------------------------------------------------------------------------------

    def _score_cohort(
        self, detector: Detector, members: list[tuple[HostScore, list[ClosedTick]]]
    ) -> dict[tuple[str, int], ScoredTick]:
        stages = [self._windows(host, ticks, detector) for host, ticks in members]
        sizes = [len(stage.windows) for stage in stages]
        cuts = np.cumsum(sizes)[:-1]
        scalings = [detector.scaling(stage.host.clock.host) for stage in stages]
        centre = np.repeat(np.stack([c for c, _ in scalings]), sizes, axis=0)  # (B, F)
        scale = np.repeat(np.stack([s for _, s in scalings]), sizes, axis=0)  # (B, F)
        windows = np.concatenate([stage.windows for stage in stages])  # (B, T, F)
        present = np.concatenate([stage.present for stage in stages])  # (B, T, F)
        errors = detector.errors(windows, present, centre, scale)  # (B, 3, F)
        histories = [
            _pushed(stage.host.errors, part, 0.0)
            for stage, part in zip(stages, np.split(errors, cuts), strict=True)
        ]
        seen = [_pushed(stage.host.seen, stage.present[:, -1], False) for stage in stages]
        raw, share = detector.fuse(np.concatenate(histories), np.concatenate(seen))  # (B, P), (B, F)
        filled = present.any(axis=2).sum(axis=1) >= MIN_FILLED  # (B,)
        fresh = present[:, -1].any(axis=1) & filled
        raw = np.where(fresh[:, None], raw, np.nan)
        kernels = [
            _pushed(stage.host.raw, part, np.nan)
            for stage, part in zip(stages, np.split(raw, cuts), strict=True)
        ]
        smoothed = detector.smooth(np.concatenate(kernels))  # (B, P)
        levels = np.full_like(smoothed, np.nan)
        for start, stage in zip((0, *cuts), stages, strict=True):
            for tick, row in zip(stage.ticks, stage.places + start, strict=True):
                levels[row] = stage.host.level.at(tick.time_ns)
                if fresh[row]:
                    stage.host.level.add(smoothed[row])
        scores = detector.score(smoothed, levels)  # (B, P)
        expected = windows[:, -1] - errors[:, 1] * scale  # (B, F)
        done = {}
        for start, stage in zip((0, *cuts), stages, strict=True):
            for tick, place in zip(stage.ticks, stage.places, strict=True):
                row = start + place
                missing = 1.0 - float(stage.present[place].mean())
                verdict = _Verdict(
                    bool(fresh[row]), scores[row], expected[row], share[row], centre[row], missing
                )
                done[tick.host, tick.time_ns] = self._tell(stage.host, tick, detector, verdict)
        return done

    def _windows(self, host: HostScore, ticks: list[ClosedTick], detector: Detector) -> _Stage:
        columns = np.array([host.clock.index.get(s, -1) for s in detector.sensors], np.intp)
        host.columns = columns
        wide = len(host.clock.sensors)
        values, present, places = tick_rows(ticks, wide + 1)  # the last column is nobody's: absent sensors
        return _Stage(
            host,
            ticks,
            places,
            _pushed(host.values, values[:, columns], 0.0),
            _pushed(host.present, present[:, columns], False),
        )

    def _tell(self, host: HostScore, tick: ClosedTick, detector: Detector, verdict: _Verdict) -> ScoredTick:
        own = host.columns >= 0
        columns = host.columns[own]
        scores = verdict.scores if verdict.scored else np.full(len(PARTS), NOT_KNOWN)
        named = dict(zip(PARTS, (float(s) for s in scores), strict=True))
        shown = {"expected": verdict.expected, "share": verdict.share, "usual": verdict.centre}
        spread = {}
        for name, cohort_values in shown.items():
            spread[name] = (
                np.zeros(len(tick.values)) if name == "share" else np.full(len(tick.values), np.nan)
            )
            inside = columns < len(tick.values)
            spread[name][columns[inside]] = cohort_values[own][inside]
        spread["expected"][~tick.present] = np.nan
        return self._scored_tick(
            host, tick, verdict.scored, named, detector.thresholds[0], verdict.missing, detector.cohort,
            self.release, spread,
        )  # fmt: skip

    # -- hosts without a model ---------------------------------------------------------------------------

    def _first_boot(self, host: HostScore, tick: ClosedTick) -> ScoredTick:
        """The linear head, from a host's own past alone."""
        sensors = host.clock.sensors[: len(tick.values)]
        if host.first_boot is None or len(host.first_boot.floor) < len(sensors):
            floors = scale_floor([s.quantity for s in sensors], [s.unit for s in sensors])
            host.first_boot = FirstBoot(floors)
        usable = tick.present & np.array([s.quantity in MODEL_QUANTITIES for s in sensors])
        wide = len(host.first_boot.floor)
        values, present = np.zeros(wide), np.zeros(wide, bool)
        values[: len(tick.values)], present[: len(usable)] = tick.values, usable
        score, threshold, share = host.first_boot.score(values, present)
        host.first_boot.update(values, present)
        scored = score >= 0
        blank = np.full(len(tick.values), np.nan)
        named = {"fused": score, "lstm_ae": NOT_KNOWN, "gan": NOT_KNOWN, "linear": score}
        spread = {"expected": blank, "share": share[: len(tick.values)], "usual": blank}
        missing = 1.0 - float(tick.present.mean()) if len(tick.present) else 1.0
        return self._scored_tick(host, tick, scored, named, threshold, missing, "", "linear", spread)

    def _scored_tick(
        self,
        host: HostScore,
        tick: ClosedTick,
        scored: bool,
        named: dict[str, float],
        threshold: float,
        missing: float,
        cohort: str,
        model: str,
        spread: dict[str, NDArray[np.float64]],
    ) -> ScoredTick:
        clock = host.clock
        sensors = clock.sensors[: len(tick.values)]
        return ScoredTick(
            host=tick.host,
            time_ns=tick.time_ns,
            period_ns=clock.period_ns,
            scored=scored,
            score=named["fused"],
            threshold=threshold,
            parts={part: named[part] for part in ("lstm_ae", "gan", "linear")},
            missing_share=missing,
            cohort=cohort,
            model=model,
            sensors=tuple(s.name for s in sensors),
            quantities=tuple(s.quantity for s in sensors),
            units=tuple(s.unit for s in sensors),
            seen=tick.values,
            present=tick.present,
            arrived=tick.arrived,
            peak=np.array([s.peak for s in sensors]),
            silent_ns=_silence(host, tick),
            sensor_period_ns=np.array([s.period_or(clock.period_ns) for s in sensors], np.int64),
            limits=clock.hard_limits(),
            expected=spread["expected"],
            share=spread["share"],
            usual=spread["usual"],
        )


@dataclass(frozen=True, slots=True)
class _Verdict:
    scored: bool
    scores: NDArray[np.float64]  # (P,)
    expected: NDArray[np.float64]  # (F,)
    share: NDArray[np.float64]  # (F,)
    centre: NDArray[np.float64]  # (F,)
    missing: float


def _pushed(rows: Rows | None, new: NDArray[np.generic], fill: float) -> NDArray[np.generic]:
    if rows is None:
        raise RuntimeError("a host was scored before it joined a cohort")
    return rows.push(new, fill)


def _silence(host: HostScore, tick: ClosedTick) -> NDArray[np.int64]:
    """How long the host has gone on reporting without each sensor; its own gaps do not count."""
    grown = np.zeros(len(tick.values), np.int64)
    grown[: len(host.silent_ns)] = host.silent_ns[: len(grown)]
    grown += host.clock.period_ns
    grown[tick.arrived] = 0
    host.silent_ns = grown
    return grown
