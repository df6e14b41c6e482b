"""Why a host had no alert at a time, or which one: from its scores around then.

scores and alerts of an hour either side ─► Quiet: what held, and what it would have taken
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from agent.alert_track import MINUTE_NS, RAISE_AT, RAISE_OF_TICKS
from agent.points import Point
from agent.report.episodes import AlertEpisode, read_alerts
from agent.report.words import say_span, say_time

AROUND_NS = 60 * MINUTE_NS
NEAR_PERIODS = 5  # a tick further away says nothing of the time
LEAST_NEAR_NS = 10 * MINUTE_NS
MUCH_MISSING = 0.3


@dataclass(frozen=True, slots=True)
class Quiet:
    """What was known of a host at a time. Scores are −1 where no tick is near."""

    host: str
    at_ns: int
    tick_ns: int  # of the tick meant; 0 where none is near
    score: float
    threshold: float
    above: int  # of the last three ticks above their threshold
    top_sensor: str
    top_share: float
    missing_share: float
    highest: float  # score of the hour either side, in thresholds
    highest_ns: int
    model: str
    alerts: tuple[AlertEpisode, ...]  # open then
    reasons: tuple[str, ...]


def explain_quiet(host: str, at_ns: int, scores: Sequence[Point], alerts: Sequence[Point]) -> Quiet:
    """From a host's `anomaly_score` points around a time, by time, and its `alert` points."""
    open_then = tuple(
        alert
        for alert in read_alerts(alerts)
        if alert.host == host
        and alert.onset_ns <= at_ns
        and (alert.ended_ns is None or at_ns < alert.ended_ns)
    )
    upto = [point for point in scores if point.time_ns <= at_ns]
    tick = upto[-1] if upto else None
    if tick is None or at_ns - tick.time_ns > _near_ns(scores):
        reasons = (_nothing_scored(scores, at_ns),)
        return Quiet(host, at_ns, 0, -1.0, -1.0, 0, "", -1.0, -1.0, -1.0, 0, "", open_then, reasons)
    score, threshold = _number(tick, "score"), _number(tick, "threshold")
    above = sum(_number(p, "score") > _number(p, "threshold") for p in upto[-RAISE_OF_TICKS:])
    top = max(scores, key=_in_thresholds)
    quiet = Quiet(
        host=host,
        at_ns=at_ns,
        tick_ns=tick.time_ns,
        score=score,
        threshold=threshold,
        above=above,
        top_sensor=str(tick.fields.get("top_sensor", "")),
        top_share=_number(tick, "top_sensor_share"),
        missing_share=_number(tick, "missing_share"),
        highest=_in_thresholds(top),
        highest_ns=top.time_ns,
        model=str(tick.fields.get("model", "")),
        alerts=open_then,
        reasons=(),
    )
    return replace(quiet, reasons=tuple(_reasons(quiet)))


def _reasons(quiet: Quiet) -> list[str]:
    if quiet.alerts:
        return [
            f"there was an alert: {alert.fault} ({alert.kind}), {alert.state}, since "
            f"{say_time(alert.onset_ns)} UTC; see coldaisle explain {alert.id}"
            for alert in quiet.alerts
        ]
    reasons = []
    if quiet.score <= quiet.threshold:
        share = quiet.score / quiet.threshold if quiet.threshold > 0 else 0.0
        reasons.append(f"the score was {share:.0%} of the threshold")
    elif quiet.above < RAISE_AT:
        reasons.append(
            f"the score was above the threshold, but in {quiet.above} of the last {RAISE_OF_TICKS} ticks; "
            f"an alert takes {RAISE_AT}"
        )
    else:
        reasons.append(
            "the score was above the threshold; the alert was held back: the machine had just started or was "
            "switched off, or the host was muted"
        )
    reasons.append("no limit that a sensor carries and no rule of a fault was met for long enough")
    if quiet.missing_share > MUCH_MISSING:
        reasons.append(f"{quiet.missing_share:.0%} of the window was missing")
    if quiet.model == "linear":
        reasons.append("no model fits the host: each sensor was judged by itself, which finds little")
    if quiet.highest >= 1.0:
        reasons.append(
            f"within the hour the score reached {quiet.highest:.2f} thresholds, "
            f"at {say_time(quiet.highest_ns)} UTC"
        )
    return reasons


def _nothing_scored(scores: Sequence[Point], at_ns: int) -> str:
    before = [point.time_ns for point in scores if point.time_ns <= at_ns]
    after = [point.time_ns for point in scores if point.time_ns > at_ns]
    if not scores:
        return "nothing of the host was scored in the hour before and after"
    last = f"the last tick before was {say_span(at_ns - before[-1])} earlier" if before else "none was before"
    following = f"the next {say_span(after[0] - at_ns)} later" if after else "none came after"
    return f"no tick was scored then: {last}, {following}"


def _near_ns(scores: Sequence[Point]) -> int:
    steps = sorted(b.time_ns - a.time_ns for a, b in pairwise(scores))
    return max(LEAST_NEAR_NS, NEAR_PERIODS * steps[(len(steps) - 1) // 2]) if steps else LEAST_NEAR_NS


def _in_thresholds(point: Point) -> float:
    threshold = _number(point, "threshold")
    return _number(point, "score") / threshold if threshold > 0 else 0.0


def _number(point: Point, field: str) -> float:
    value = point.fields.get(field, -1.0)
    return float(value) if not isinstance(value, str) else -1.0
