"""Scores closed ticks: windows of all hosts of a cohort go through its models in one batched call.

closed ticks ─► windows (B, T, C) ─► errors (B, 3, C) ─► fuse (B, P, V) ─► smooth (B, P)
             ─► hourly level ─► score (B, P)

C are the cohort's sensors, F a host's own; B are the ticks of all its hosts in this poll, V the opinions of
the heads (`models/heads.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from agent.cohorts import CohortChoice
from agent.host import Derived, Host
from agent.newcomers import settle_newcomer, threshold_of, without_offsets
from agent.scored import NOT_KNOWN, Basis, ScoredTick
from agent.ticks import HOUR_NS, ClosedTick
from agent.verdicts import MODEL_QUANTITIES, Verdict, first_boot_verdict, scored_tick
from agent.windows import Array, Rows, take_columns, tick_rows
from models.detector import PARTS, Detector
from models.level import Level
from models.registry import LoadedModels
from models.tops import Tops

MIN_FILLED = 2  # ticks of a window that must hold something


@dataclass(frozen=True, slots=True)
class _Rows:
    """The new rows of one host on their way through the models."""

    host: Host
    values: NDArray[np.float32]  # (n, F)
    present: NDArray[np.bool_]  # (n, F)
    ticks: Sequence[ClosedTick]  # none when the past is made again
    places: NDArray[np.intp]  # the row of each tick


@dataclass(frozen=True, slots=True)
class _Run:
    """Ticks of one host in a row that one detector scores."""

    host: Host
    cohort: str
    ticks: list[ClosedTick]


@dataclass(frozen=True, slots=True)
class _Passed:
    """What a detector made of the new rows of all members, B together."""

    starts: tuple[int, ...]  # the first row of each member
    columns: Sequence[NDArray[np.intp]]  # of each member, (C,): its own column of each sensor, −1 for none
    smoothed: NDArray[np.float64]  # (B, P)
    fresh: NDArray[np.bool_]  # (B,) something arrived or is carried, and the window has enough
    share: NDArray[np.float64]  # (B, C)
    expected: NDArray[np.float64]  # (B, C)
    centre: NDArray[np.float64]  # (B, C)
    missing: NDArray[np.float64]  # (B,)
    residuals: NDArray[np.float32]  # (B, 3, C) with a newcomer's offset still in them
    present: NDArray[np.bool_]  # (B, C)


class Scorer:
    """Scores the closed ticks of one poll. Between polls all state is in the hosts."""

    def __init__(self, detectors: Mapping[str, Detector], release: str = "") -> None:
        self.detectors = dict(detectors)
        self.release = release
        self._cohorts = CohortChoice(
            {cohort: d.sensors for cohort, d in self.detectors.items()},
            {cohort: d.hosts for cohort, d in self.detectors.items()},
        )

    @classmethod
    def of(cls, models: LoadedModels | None) -> Scorer:
        """With the models of a registry; without any the linear head scores alone."""
        return cls(models.detectors, models.release) if models is not None else cls({})

    def score(self, ticks: Sequence[ClosedTick], hosts: Mapping[str, Host]) -> list[ScoredTick]:
        """One ScoredTick per closed tick, in the order given."""
        by_host: dict[str, list[ClosedTick]] = {}
        for tick in ticks:
            by_host.setdefault(tick.host, []).append(tick)
        runs = [self._cohort_runs(hosts[name], its_ticks) for name, its_ticks in by_host.items()]
        verdicts: dict[tuple[str, int], Verdict] = {}
        for run_of_each_host in zip_longest(*runs):  # a host's later run needs the past that its first makes
            verdicts.update(self._score_runs([run for run in run_of_each_host if run]))
        return [scored_tick(tick, hosts[tick.host], verdicts[tick.host, tick.time_ns]) for tick in ticks]

    def _score_runs(self, runs: Sequence[_Run]) -> dict[tuple[str, int], Verdict]:
        """One run of each host: those of one cohort together."""
        verdicts: dict[tuple[str, int], Verdict] = {}
        cohorts: dict[str, list[_Rows]] = {}
        for run in runs:
            values, present, places = tick_rows(run.ticks, len(run.ticks[-1].values))
            if run.cohort:
                if run.host.level.cohort != run.cohort:  # levels of other models say nothing here
                    run.host.level, run.host.tops = Level(len(PARTS), run.cohort), Tops()
                    run.host.offset = None
                settle_newcomer(run.host, run.ticks[0].time_ns, self.detectors[run.cohort])
                rows = _Rows(run.host, values, present, run.ticks, places)
                cohorts.setdefault(run.cohort, []).append(rows)
            else:
                verdicts.update(((t.host, t.time_ns), first_boot_verdict(run.host, t)) for t in run.ticks)
                run.host.history.push(values, present)
        for cohort, members in cohorts.items():
            detector = self.detectors[cohort]
            self._rebuild(detector, [m.host for m in members if not _is_derived(m.host, detector)])
            verdicts.update(self._score_cohort(detector, members))
        return verdicts

    # -- cohorts ----------------------------------------------------------------------------------------

    def _cohort_runs(self, host: Host, ticks: list[ClosedTick]) -> list[_Run]:
        """Cut a host's ticks where its cohort changes: decided tick by tick, so polls do not matter."""
        runs: list[_Run] = []
        for tick in ticks:
            hour = tick.time_ns // HOUR_NS
            if host.first_hour < 0:
                host.first_hour = hour
            if host.cohort not in self.detectors or hour == host.first_hour:
                host.cohort = self._best_cohort(host, len(tick.values))
            if not runs or runs[-1].cohort != host.cohort or self._learns_with(host, runs[-1], hour):
                runs.append(_Run(host, host.cohort, []))
            runs[-1].ticks.append(tick)
        return runs

    def _learns_with(self, host: Host, run: _Run, hour: int) -> bool:
        """Whether this hour begins a run of its own, since what the last one taught changes the past."""
        if not run.cohort or host.name in self.detectors[run.cohort].hosts:
            return False
        is_learning = host.offset is None or host.offset.is_learning
        return is_learning and run.ticks[-1].time_ns // HOUR_NS != hour

    def _best_cohort(self, host: Host, known: int) -> str:
        sensors = host.clock.sensors[:known]
        modelled = (s.name for s in sensors if s.quantity in MODEL_QUANTITIES or self._cohorts.models(s.name))
        return self._cohorts.best(modelled, host.kind, host.name)

    # -- a cohort's models -------------------------------------------------------------------------------

    def _rebuild(self, detector: Detector, hosts: Sequence[Host]) -> None:
        """Make what is derived from the history of hosts that have just come to this detector."""
        members = []
        for host in hosts:
            host.derived = Derived.begin(detector)
            kept = host.history
            if len(kept.values):
                members.append(_Rows(host, kept.values, kept.present, (), np.zeros(0, np.intp)))
        if members:
            self._advance(detector, members)

    def _score_cohort(self, detector: Detector, members: Sequence[_Rows]) -> dict[tuple[str, int], Verdict]:
        passed = self._advance(detector, members)
        levels = np.full_like(passed.smoothed, np.nan)
        for start, member in zip(passed.starts, members, strict=True):
            for tick, row in zip(member.ticks, member.places + start, strict=True):
                levels[row] = member.host.level.at(tick.time_ns // HOUR_NS)
                if passed.fresh[row]:
                    member.host.level.add(passed.smoothed[row])
            if member.host.offset is not None:
                rows = start + np.flatnonzero(passed.fresh[start : start + len(member.values)])
                member.host.offset.add(passed.residuals[rows], passed.present[rows])
        scores = detector.score(passed.smoothed, levels)  # (B, P)
        verdicts = {}
        for start, member, columns in zip(passed.starts, members, passed.columns, strict=True):
            offset = member.host.offset.taken_out() if member.host.offset is not None else None
            for tick, row in zip(member.ticks, member.places + start, strict=True):
                threshold = threshold_of(detector, member.host, tick, scores[row])
                basis = Basis(levels[row], offset)
                verdict = self._verdict(detector, tick, columns, passed, scores, threshold, basis, int(row))
                verdicts[tick.host, tick.time_ns] = verdict
            member.host.history.push(member.values, member.present)
        return verdicts

    def _advance(self, detector: Detector, members: Sequence[_Rows]) -> _Passed:
        """Push the new rows of all members through the networks and into their histories."""
        columns = [_cohort_columns(m.host, detector) for m in members]
        derived = [_derived(m.host) for m in members]
        own_values = [take_columns(m.values, c, 0.0) for m, c in zip(members, columns, strict=True)]
        own_present = [take_columns(m.present, c, False) for m, c in zip(members, columns, strict=True)]
        windows = _push([d.values for d in derived], own_values, 0.0)  # (B, T, C)
        present = _push([d.present for d in derived], own_present, False)  # (B, T, C)
        sizes = [len(m.values) for m in members]
        scaling = [detector.scaling(m.host.name) for m in members]
        centre = np.repeat(np.stack([c for c, _ in scaling]), sizes, axis=0)  # (B, C)
        scale = np.repeat(np.stack([s for _, s in scaling]), sizes, axis=0)  # (B, C)
        residuals = detector.errors(windows, present, centre, scale)  # (B, 3, C)
        errors = without_offsets(residuals, present[:, -1], [m.host for m in members], sizes)
        cuts = np.cumsum(sizes)[:-1]
        histories = _push([d.errors for d in derived], np.split(errors, cuts), 0.0)  # (B, H, 3, C)
        seen = _push([d.seen for d in derived], np.split(present[:, -1], cuts), False)  # (B, H, C)
        raw, share = detector.fuse(histories, seen)  # (B, P, V), (B, C)
        filled = present.any(axis=2).sum(axis=1) >= MIN_FILLED
        fresh = present[:, -1].any(axis=1) & filled  # (B,)
        raw = np.where(fresh[:, None, None], raw, np.nan)
        kernels = _push([d.raw for d in derived], np.split(raw, cuts), np.nan)  # (B, K, P, V)
        smoothed = detector.smooth(kernels)  # (B, P)
        expected = np.where(
            present[:, -1], detector.expected(windows[:, -1], errors, scale), np.nan
        )  # (B, C)
        missing = 1.0 - present.mean(axis=(1, 2))  # (B,)
        return _Passed(
            (0, *cuts.tolist()),
            columns,
            smoothed,
            fresh,
            share,
            expected,
            centre,
            missing,
            residuals,
            present[:, -1],
        )

    def _verdict(
        self,
        detector: Detector,
        tick: ClosedTick,
        columns: NDArray[np.intp],
        passed: _Passed,
        scores: NDArray[np.float64],
        threshold: float,
        basis: Basis,
        row: int,
    ) -> Verdict:
        wide = len(tick.values)
        scored = bool(passed.fresh[row])
        return Verdict(
            scored=scored,
            scores=scores[row] if scored else np.full(len(PARTS), NOT_KNOWN),
            threshold=threshold,
            missing_share=float(passed.missing[row]),
            cohort=detector.cohort,
            model=self.release,
            expected=_spread(passed.expected[row], columns, wide, np.nan),
            share=_spread(passed.share[row], columns, wide, 0.0),
            usual=_spread(passed.centre[row], columns, wide, np.nan),
            calm_share=detector.calm_share,
            basis=basis,
        )


# -- from a cohort's sensors to a host's own ------------------------------------------------------------


def _is_derived(host: Host, detector: Detector) -> bool:
    return host.derived is not None and host.derived.detector is detector


def _derived(host: Host) -> Derived:
    if host.derived is None:
        raise RuntimeError(f"{host.name} was scored before it joined a cohort")
    return host.derived


def _cohort_columns(host: Host, detector: Detector) -> NDArray[np.intp]:
    """(C,) the host's column of each sensor of the cohort, −1 where it has none."""
    return np.array([host.clock.index.get(name, -1) for name in detector.sensors], np.intp)


def _push(histories: Sequence[Rows], new: Sequence[Array], fill: float) -> Array:
    """New rows of each host into its history: (n, ...) each → (B, depth, ...) of all."""
    return np.concatenate([rows.push(part, fill) for rows, part in zip(histories, new, strict=True)])


def _spread(
    cohort_values: NDArray[np.float64], columns: NDArray[np.intp], wide: int, fill: float
) -> NDArray[np.float64]:
    """(C,) over the cohort's sensors → (F,) over the host's own."""
    spread = np.full(wide, fill)
    inside = (columns >= 0) & (columns < wide)
    spread[columns[inside]] = cohort_values[inside]
    return spread
