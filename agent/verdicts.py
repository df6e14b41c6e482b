"""What the models say of a tick: a detector, or the first-boot scorer; and the tick with its scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.host import Host
from agent.scored import NOT_KNOWN, Basis, ScoredTick
from agent.ticks import ClosedTick
from models.calibration import CALM_SHARE
from models.detector import PARTS
from models.linear import FirstBoot

MODEL_QUANTITIES = frozenset(
    (
        "power",
        "temperature",
        "margin",
        "fan_speed",
        "voltage",
        "current",
        "humidity",
        "utilization",
        "frequency",
    )
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the models say of one tick. Arrays follow the host's own sensors."""

    scored: bool
    scores: NDArray[np.float64]  # (P,)
    threshold: float
    missing_share: float
    cohort: str
    model: str
    expected: NDArray[np.float64]  # (F,) NaN without an opinion
    share: NDArray[np.float64]  # (F,)
    usual: NDArray[np.float64]  # (F,) NaN where not known
    calm_share: float = CALM_SHARE
    basis: Basis | None = None


def first_boot_verdict(host: Host, tick: ClosedTick) -> Verdict:
    """The linear head, from a host's own past alone."""
    sensors, wide = host.clock.sensors[: len(tick.values)], len(tick.values)
    if host.first_boot is None:
        host.first_boot = FirstBoot()
    usable = tick.present & np.array([s.quantity in MODEL_QUANTITIES for s in sensors], bool)
    score, threshold, share = host.first_boot.judge(tick.values, usable, [s.quantity for s in sensors])
    blank = np.full(wide, np.nan)
    return Verdict(
        scored=score >= 0,
        scores=np.array([score if part in ("fused", "linear") else NOT_KNOWN for part in PARTS]),
        threshold=threshold,
        missing_share=1.0 - float(tick.present.mean()),
        cohort="",
        model="linear",
        expected=blank,
        share=share,
        usual=blank,
    )


def scored_tick(tick: ClosedTick, host: Host, verdict: Verdict) -> ScoredTick:
    sensors = host.clock.sensors[: len(tick.values)]
    scores = dict(zip(PARTS, verdict.scores.tolist(), strict=True))
    return ScoredTick(
        host=tick.host,
        time_ns=tick.time_ns,
        period_ns=tick.period_ns,
        scored=verdict.scored,
        score=scores["fused"],
        threshold=verdict.threshold,
        calm_share=verdict.calm_share,
        basis=verdict.basis,
        parts={part: scores[part] for part in ("lstm_ae", "gan", "linear")},
        missing_share=verdict.missing_share,
        cohort=verdict.cohort,
        model=verdict.model,
        sensors=tuple(s.name for s in sensors),
        quantities=tuple(s.quantity for s in sensors),
        units=tuple(s.unit for s in sensors),
        seen=tick.values,
        present=tick.present,
        arrived=tick.arrived,
        sent=tick.sent,
        limitable=tick.limitable,
        expected=verdict.expected,
        share=verdict.share,
        usual=verdict.usual,
        peak=tick.peak,
        silent_ns=tick.silent_ns,
        sensor_period_ns=tick.sensor_period_ns,
        limits=tick.limits,
        doubts=tick.doubts,
    )
