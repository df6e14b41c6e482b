"""What the agent would see of simulated faults: rows and physical residuals of ticks, with the truth.

FleetPlan ─► FleetRun ─► pipeline without models ─► Collector (its second opinion) ─► Samples
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from agent.alert_window import Rows
from agent.findings import Finding
from agent.physics import Residuals
from agent.quality.twin_stream import LOG, Fed, Names, batches, topology_of
from agent.scored import ScoredTick
from agent.scoring import Scorer
from agent.sensors import SECOND_NS
from models.fault_classifier import CLASSES, NORMAL, WARM_AIR
from models.twin.fleet_run import FleetRun
from models.twin.plans import FleetPlan
from models.twin.truth import Truth

PREFIX = "k-"
EARLY, LATE = 6, 31  # ticks after an onset: three are taken before the first, five between
FLAGGED = 3  # more of an episode, and of a host's calm time: those that the agent itself asks about
CALM = 10  # of a host's calm time, by lot
KNOWN_S = 4_000.0  # from here on a host's physics are known
RECOVERS_S = 1_800.0  # after an episode nothing is taken
OF_AIR = frozenset(("warm_inlet", "recirculation", "cooling_unit_failure", "chilled_water_loss"))


@dataclass(slots=True)
class Sample:
    """One tick of one host. `rows` are (N, F), `smooth` (J, 3) and `beyond` (J,) of agent/physics.py."""

    label: str  # one of CLASSES
    episode: str  # "" for calm time
    magnitude: str
    at: str  # the episode's host and start: samples of one episode belong together
    since_ticks: int
    above: bool  # score above its threshold
    found: tuple[tuple[str, float, str], ...]  # what the rules say: fault, confidence, basis
    tick: ScoredTick
    rows: Rows
    residuals: Residuals | None


@dataclass(frozen=True, slots=True)
class _Span:
    """An episode on one host."""

    truth: Truth
    label: str
    ticks: frozenset[int]

    @property
    def at(self) -> str:
        return f"{self.truth.episode.host} {self.truth.episode.start_s:.0f}"


class Collector:
    """Takes samples and leaves the findings as they are."""

    def __init__(self, run: FleetRun, seed: int) -> None:
        rng = default_rng([seed, run.plan.seed])
        self.samples: list[Sample] = []
        self._plan, self._taken = run.plan, Counter[str]()
        self._spans: dict[str, list[_Span]] = {}
        count = int(run.plan.duration_s // run.plan.period_s)
        known = int(KNOWN_S // run.plan.period_s)
        self._calm: dict[str, NDArray[np.intp]] = {}
        for host in run.plan.hosts:
            self._calm[host.name] = known + rng.permutation(count - known)[: 3 * CALM]
        for truth in run.truth():
            for name in truth.hosts:
                early = 1 + rng.permutation(EARLY - 1)[:3]
                late = EARLY + rng.permutation(LATE - EARLY)[:5]
                ticks = frozenset((*early.tolist(), *late.tolist()))
                self._spans.setdefault(name, []).append(_Span(truth, label_of(truth.episode.name), ticks))

    def revise(
        self, found: list[Finding], tick: ScoredTick, residuals: Residuals | None, rows: Callable[[], Rows]
    ) -> list[Finding]:
        """Take the tick if it is due; the findings as they were."""
        host = tick.host.removeprefix(PREFIX)
        time_s = tick.time_ns / SECOND_NS
        above = tick.scored and tick.score > tick.threshold
        if host not in self._calm or time_s < self._plan.start_s + KNOWN_S or not tick.arrived.any():
            return found
        conditions = tuple((f.fault, f.confidence, f.basis) for f in found if f.kind == "condition")
        due = self._due(host, time_s, above or bool(conditions))
        if due is not None:
            span, since = due
            label = span.label if span else NORMAL
            name, size, at = "", "", host
            if span:
                name, size, at = span.truth.episode.name, span.truth.episode.magnitude, span.at
            self.samples.append(
                Sample(label, name, size, at, since, above, conditions, tick, rows(), residuals)
            )
        return found

    def _due(self, host: str, time_s: float, flagged: bool) -> tuple[_Span | None, int] | None:
        """The episode that a tick is a sample of, and how long after its start; None: it is none."""
        acting = []
        for span in self._spans.get(host, ()):
            episode = span.truth.episode
            end_s = episode.end_s + RECOVERS_S
            if episode.start_s <= time_s < end_s:
                acting.append(span)
        period_s = self._plan.period_s
        if not acting:
            at = int((time_s - self._plan.start_s) // period_s)
            is_drawn = at in self._calm[host] and self._take(f"{host} calm", CALM)
            return (None, 0) if is_drawn or (flagged and self._take(f"{host} flagged", FLAGGED)) else None
        faults = [span for span in acting if span.label != NORMAL]
        if len({span.label for span in faults}) > 1:
            return None
        span = (faults or acting)[0]
        episode = span.truth.episode
        is_off = time_s >= episode.end_s
        since = int((time_s - episode.start_s) // period_s)
        if is_off:  # what recovers is no fault any more, but nothing to learn from either
            return None
        shows = episode.grown(time_s) > 0.15
        if flagged and since <= LATE and self._take(span.at + host, FLAGGED):
            return span, since
        return (span, since) if shows and since in span.ticks else None

    def _take(self, what: str, most: int) -> bool:
        self._taken[what] += 1
        return self._taken[what] <= most


def label_of(episode: str) -> str:
    """The class of an episode of the twin."""
    if episode in OF_AIR:
        return WARM_AIR
    return episode if episode in CLASSES else NORMAL


def collect(plan: FleetPlan, seed: int) -> Iterator[Sample]:
    """A fleet's samples in the order of their ticks, from the pipeline as it runs."""
    run = FleetRun(plan)
    collector = Collector(run, seed)
    pipeline = Fed(Scorer({}), topology_of(run, PREFIX), opinion=collector)
    pipeline.begin_recording(LOG)
    names = Names(run, PREFIX, pipeline)
    for messages, readings in batches(run, names, seed):
        pipeline.take(messages, readings)
        yield from collector.samples
        collector.samples.clear()
