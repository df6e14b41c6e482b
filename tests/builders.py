"""Scored ticks made by hand: a server with three fans, two supplies and its usual temperatures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from agent.findings import Evidence, Finding, Kind, Severity
from agent.scored import ScoredTick

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
START_NS = 1_767_225_600 * SECOND_NS  # 2026-01-01T00:00:00Z

# sensor → quantity, unit, usual value
SERVER: dict[str, tuple[str, str, float]] = {
    "fan1_rpm": ("fan_speed", "rpm", 5000.0),
    "fan2_rpm": ("fan_speed", "rpm", 5000.0),
    "fan3_rpm": ("fan_speed", "rpm", 5000.0),
    "cpu1_temp_c": ("temperature", "Cel", 60.0),
    "inlet_temp_c": ("temperature", "Cel", 24.0),
    "power_w": ("power", "W", 400.0),
    "psu1_in_w": ("power", "W", 200.0),
    "psu2_in_w": ("power", "W", 200.0),
    "dimm_a1_temp_c": ("temperature", "Cel", 40.0),
    "gpu0_temp_c": ("temperature", "Cel", 55.0),
    "chassis_state": ("state", "1", 1.0),
}


def build_tick(
    minute: float = 0,
    seen: Mapping[str, float] | None = None,
    score: float = 0.1,
    threshold: float = 0.5,
    scored: bool = True,
    host: str = "n07",
    period_s: int = 60,
    usual: Mapping[str, float] | None = None,
    peak: Mapping[str, float] | None = None,
    expected: Mapping[str, float] | None = None,
    share: Mapping[str, float] | None = None,
    missing: tuple[str, ...] = (),
    silent_min: Mapping[str, float] | None = None,
    limits: Mapping[tuple[str, str], float] | None = None,
    sensors: Mapping[str, tuple[str, str, float]] = SERVER,
) -> ScoredTick:
    """A tick of a host on which all is usual but for what the arguments say."""
    names = tuple(sensors)
    normal = {name: value for name, (_, _, value) in sensors.items()}

    def column(given: Mapping[str, float] | None, others: Mapping[str, float]) -> np.ndarray:
        return np.array([(given or {}).get(name, others[name]) for name in names])

    nothing = dict.fromkeys(names, 0.0)
    arrived = np.array([name not in missing for name in names])
    silent_ns = (column(silent_min, nothing) * MINUTE_NS).astype(np.int64)
    return ScoredTick(
        host=host,
        time_ns=START_NS + int(minute * MINUTE_NS),
        period_ns=period_s * SECOND_NS,
        scored=scored,
        score=score if scored else -1.0,
        threshold=threshold if scored else -1.0,
        parts={"lstm_ae": score, "gan": score, "linear": score} if scored else {},
        missing_share=0.0,
        cohort="c0ffee00",
        model="r1",
        sensors=names,
        quantities=tuple(quantity for quantity, _, _ in sensors.values()),
        units=tuple(unit for _, unit, _ in sensors.values()),
        seen=np.where(arrived, column(seen, normal), 0.0),
        present=arrived.copy(),
        arrived=arrived,
        sent=arrived,
        limitable=arrived,
        expected=column(expected, normal),
        share=column(share, nothing),
        usual=column(usual, normal),
        peak=column(peak, normal),
        silent_ns=silent_ns,
        sensor_period_ns=np.full(len(names), period_s * SECOND_NS, np.int64),
        limits=dict(limits or {}),
    )


def build_finding(
    fault: str = "fan_failure",
    severity: Severity = "P2",
    kind: Kind = "condition",
    basis: str = "evidence",
    diagnosis: str = "Fan 1 stopped.",
) -> Finding:
    """A finding with one piece of evidence and one action."""
    return Finding(
        kind=kind,
        fault=fault,
        severity=severity,
        confidence=0.9,
        basis=basis,  # type: ignore[arg-type]
        diagnosis=diagnosis,
        evidence=(Evidence("fan1_rpm", "fan_speed", "rpm", 0.0, 5000.0, "for"),),
        actions=("Look at it", "Swap it"),
    )


UNKNOWN = build_finding("unknown", "P3", basis="score", diagnosis="Off its usual pattern.")
