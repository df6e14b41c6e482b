"""Alerts against the truth: which fault each belongs to, which faults were found, which alerts are false.

raised on a host that the fault reached, start ≤ raised ≤ end    found
the same, within the time that it takes to recover               late: neither found nor false
everything else                                                  false; a confounder may be why
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from agent.quality.twin_stream import Raised, Watched
from models.twin.truth import Truth

RECOVERS_S = 1_800.0  # heat that leaves, fans that slow down, a host that boots
CONFOUNDED_S = 3_600.0  # after what only looks like a fault: it may still be why
FIRST_S = 3_600.0
NEW_HOST = "new host"  # in its first hour nothing is known of it but its cohort


@dataclass(frozen=True, slots=True)
class Event:
    """One fault of the truth, and what the agent said of it."""

    fault: str
    magnitude: str
    profile: str
    host: str  # or the place that it reached
    machine: str  # kind of server
    start_s: float
    end_s: float
    delay_s: float | None  # raised − true start; None: missed
    named: bool  # an alert told it by its name
    told: tuple[str, ...]  # what the alerts said, in the order in which they were raised
    was_open: bool = False  # an alert of before was still open when it began: nothing new can be raised
    peak: float = math.nan  # highest score of an affected host, of its threshold; NaN where not kept
    parts: tuple[float, ...] = ()  # the same of each part: lstm_ae, gan, linear

    @property
    def found(self) -> bool:
        return self.delay_s is not None


@dataclass(frozen=True, slots=True)
class FalseAlert:
    """An alert without a fault. `confounder` is what went on then, "" for nothing; NEW_HOST
    in a host's first hour."""

    host: str
    kind: str
    fault: str
    confounder: str
    raised_s: float
    score: float
    diagnosis: str


@dataclass(slots=True)
class Matched:
    """A run's faults and what was raised beside them."""

    events: list[Event] = field(default_factory=list)
    false: list[FalseAlert] = field(default_factory=list)
    late: int = 0  # raised after the end of a fault that had just been there


def match(
    truths: Sequence[Truth],
    watched: Watched,
    units: Sequence[str] = (),
    machines: dict[str, str] | None = None,
) -> Matched:
    """Match a run's alerts with its truth.

    Args:
        watched: what was raised, and the scores where they were kept.
        units: the site's own machines; a fault that reaches more than one host may be told on them as well.
        machines: host → its kind, for the report.
    """
    found, explained, late, raised = Matched(), set[int](), set[int](), watched.raised
    faults = [truth for truth in truths if truth.episode.is_fault]
    for truth in faults:
        hosts = {*truth.hosts, truth.episode.host} | (set(units) if truth.scope != "host" else set())
        episode = truth.episode
        on_it = [(at, one) for at, one in enumerate(raised) if one.host in hosts]
        mine = [(at, one) for at, one in on_it if episode.start_s <= one.raised_s <= episode.end_s]
        explained.update(at for at, _ in mine)
        near = episode.end_s + RECOVERS_S
        late.update(at for at, one in on_it if episode.end_s < one.raised_s <= near)
        if truth.scope != "host":  # its neighbours breathe the same air
            explained.update(at for at, one in enumerate(raised) if episode.start_s <= one.raised_s <= near)
        peaks = _peaks(watched, hosts, episode.start_s, episode.end_s)
        machine = (machines or {}).get(episode.host, "")
        was_open = any(
            one.raised_s < episode.start_s and not 0 < one.ended_s <= episode.start_s for _, one in on_it
        )
        event = _event(truth, [one for _, one in mine], machine, peaks)
        found.events.append(replace(event, was_open=was_open))
    found.late = len(late - explained)
    others = [truth for truth in truths if not truth.episode.is_fault]
    left = [one for at, one in enumerate(raised) if at not in explained and at not in late]
    found.false = [_false(one, others, one.raised_s - watched.start_s < FIRST_S) for one in left]
    return found


def _peaks(watched: Watched, hosts: Iterable[str], start_s: float, end_s: float) -> list[float]:
    """The highest score and parts of these hosts in that time, each as a share of the threshold."""
    from_s, to_s = start_s - watched.start_s, end_s - watched.start_s
    shares = [
        (rows[:, [1, 3, 4, 5]] / rows[:, 2:3])[(rows[:, 0] >= from_s) & (rows[:, 0] <= to_s)]
        for rows in (watched.scores[host] for host in sorted(hosts) if host in watched.scores)
    ]
    whole = np.concatenate(shares) if shares else np.zeros((0, 4))
    return [round(float(value), 3) for value in whole.max(axis=0)] if len(whole) else []


def _event(truth: Truth, mine: Sequence[Raised], machine: str, peaks: Sequence[float]) -> Event:
    episode = truth.episode
    told = tuple(dict.fromkeys(fault for one in mine for fault in (one.first_fault, one.fault)))
    return Event(
        fault=episode.name,
        magnitude=episode.magnitude,
        profile=episode.profile,
        host=truth.place if truth.scope != "host" else episode.host,
        machine=machine,
        start_s=episode.start_s,
        end_s=episode.end_s,
        delay_s=min((one.raised_s for one in mine), default=math.nan) - episode.start_s if mine else None,
        named=episode.name in told,
        told=told,
        peak=peaks[0] if peaks else math.nan,
        parts=tuple(peaks[1:]),
    )


def _false(one: Raised, confounders: Sequence[Truth], is_new: bool) -> FalseAlert:
    why = [
        truth.episode.name
        for truth in confounders
        if one.host in (*truth.hosts, truth.episode.host)
        and truth.episode.start_s <= one.raised_s <= truth.episode.end_s + CONFOUNDED_S
    ]
    confounder = why[-1] if why else NEW_HOST if is_new else ""
    return FalseAlert(one.host, one.kind, one.fault, confounder, one.raised_s, one.score, one.diagnosis)


def wilson(hits: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share; (0, 1) without any trial."""
    if not count:
        return 0.0, 1.0
    share = hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def poisson_interval(count: int) -> tuple[float, float]:
    """A 95 % interval of the mean of a count, by Byar's approximation."""
    low = count * (1 - 1 / (9 * count) - 1.96 / (3 * math.sqrt(count))) ** 3 if count else 0.0
    more = count + 1
    return low, more * (1 - 1 / (9 * more) + 1.96 / (3 * math.sqrt(more))) ** 3


def median(values: Iterable[float]) -> float:
    """The middle value; NaN of none."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
