"""The last ticks of a host's alerts of one kind, and what they say for and against the newest one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.alert import UNKNOWN, Alert, graver, severity_rank
from agent.findings import Finding, Kind
from agent.scored import ScoredTick
from agent.sensors import SECOND_NS

MINUTE_NS = 60 * SECOND_NS
RAISE_OF_TICKS = 3  # an alert opens at RAISE_AT abnormal ones of so many
RAISE_AT = 2
CALM_TICKS = 3
CALM_NS = 10 * MINUTE_NS
SURER = 0.04  # so much more confidence is worth telling anew, with the evidence that gave it
FORGET_NS = 30 * MINUTE_NS  # an abnormal tick so long ago, or so many periods, helps to raise nothing
FORGET_PERIODS = 6


@dataclass(slots=True)
class Mark:
    """What one tick said for or against an alert."""

    time_ns: int
    abnormal: bool
    score: float
    faults: list[str]


@dataclass(slots=True)
class Track:
    """The alerts of one kind, or of load: the last ticks and the newest alert, open or ended."""

    marks: list[Mark] = field(default_factory=list)
    alert: Alert | None = None
    accused: list[str] = field(default_factory=list)  # sensors whose next reading can refute the evidence
    calm_ticks: int = 0
    calm_since_ns: int = 0
    is_beyond_limit: bool = False  # in this episode a sensor was beyond its own limit: no opinion of ours
    is_guess: bool = False  # the score found it, and at most a classifier named it
    shown_ns: int = 0  # the newest tick that showed the fault which the open alert tells

    def give_way(self, tick: ScoredTick) -> None:
        """A fault is told now: what tells of load ends, and begins anew afterwards."""
        self.marks.clear()
        self.accused.clear()
        self.calm_ticks = 0
        if self.alert is not None and self.alert.is_open:
            self.alert.state, self.alert.ended_ns = "resolved", tick.time_ns

    def accuse(self, tick: ScoredTick, found: Sequence[Finding]) -> None:
        """Note the sensors that physical evidence rests on, and forget what was too long ago."""
        since_ns = tick.time_ns - max(FORGET_NS, FORGET_PERIODS * tick.period_ns)
        self.marks = [mark for mark in self.marks if mark.time_ns >= since_ns]
        is_open = self.alert is not None and self.alert.is_open
        if not is_open and not any(mark.abnormal for mark in self.marks):
            self.accused.clear()
        shown = [f.evidence[0].sensor for f in found if f.basis != "score" and f.evidence]
        self.accused += [sensor for sensor in dict.fromkeys(shown) if sensor not in self.accused]

    def proves(self, kind: Kind, tick: ScoredTick) -> bool:
        """Whether a tick without a finding says that all is well.

        One without data or score does not, nor one in which no accused sensor arrived: a fan that is polled
        once a minute neither works nor stands still between two polls, and nothing resolves because the
        sensor that showed it fell silent.
        """
        if not tick.arrived.any():
            return False
        if kind == "sensor":
            return True
        if self.accused:
            column = {name: i for i, name in enumerate(tick.sensors)}
            return any(name in column and tick.arrived[column[name]] for name in self.accused)
        return tick.scored

    def is_raised(self, found: Sequence[Finding]) -> bool:
        """Whether an alert opens: two of three ticks, or a limit that the sensor itself carries."""
        by_limit = any(finding.basis == "limit" for finding in found)
        abnormal = sum(mark.abnormal for mark in self.marks)
        return by_limit or (self.marks[-1].abnormal and abnormal >= RAISE_AT)

    def refine(self, found: Sequence[Finding]) -> None:
        """Let the first finding that is surer or graver than what the open alert tells take its place."""
        alert = self.alert
        if alert is None:
            return
        for finding in found:
            if finding.basis != "limit" and not self._is_steady(finding):
                continue  # one tick's glitch neither names a fault nor makes it graver
            is_graver = severity_rank(finding.severity) < severity_rank(alert.severity)
            alert.severity = graver(alert.severity, finding.severity)
            if finding.fault == UNKNOWN and alert.fault != UNKNOWN:
                continue
            is_surer = finding.fault == alert.fault and finding.confidence >= alert.confidence + SURER
            is_shown = finding.basis != "score" and self.is_guess
            if is_graver or is_surer or ((alert.fault == UNKNOWN or is_shown) and finding.fault != UNKNOWN):
                _tell(alert, finding)
                self.is_guess = finding.basis == "score"
                return

    def successors(self, tick: ScoredTick, found: Sequence[Finding]) -> list[Finding]:
        """Faults that are shown steadily while what the open alert tells has been gone for as long as a
        calm takes: it is over, and they are news. What it names as its consequences is none."""
        alert = self.alert
        if alert is None or alert.fault == UNKNOWN or any(f.fault == alert.fault for f in found):
            self.shown_ns = tick.time_ns
            return []
        self.shown_ns = self.shown_ns or tick.time_ns  # of a record without it
        if tick.time_ns - self.shown_ns < CALM_NS:
            return []
        return [f for f in found if f.basis != "score" and f.fault not in alert.also and self._is_steady(f)]

    def _is_steady(self, finding: Finding) -> bool:
        return sum(finding.fault in mark.faults for mark in self.marks) >= RAISE_AT

    def count_calm(self, kind: Kind, tick: ScoredTick, abnormal: bool) -> None:
        """Count the calm ticks in a row, and since when; only ticks that prove something come here."""
        is_calm = not abnormal
        if kind == "condition" and tick.scored:
            is_calm = is_calm and tick.score < tick.calm_share * tick.threshold
        if not is_calm:
            self.calm_ticks = 0
            return
        if self.calm_ticks == 0:
            self.calm_since_ns = tick.time_ns
        self.calm_ticks += 1


def is_same(old: str, new: str) -> bool:
    """Whether a fault is the return of another: an unknown one may be any."""
    return old == new or UNKNOWN in (old, new)


def _tell(alert: Alert, finding: Finding) -> None:
    alert.fault = finding.fault
    alert.also = [*finding.also]
    alert.confidence = finding.confidence
    alert.diagnosis = finding.diagnosis
    alert.evidence = [*finding.evidence]
    alert.actions = [*finding.actions]
