"""A host's alerts: from the findings of each tick to episodes that open once and end once.

tick, findings ──► HostAlerts.update ──► alerts that changed
nothing ──2 of 3 ticks abnormal, or a hard limit──► open ──10 min and 3 ticks calm──► resolved
                                                     ▲                                  │
                                                     └────────back within 30 min────────┘

What tells of load alone (LOAD_FAULTS) has a track of its own and gives way: it opens while no other alert of
the host's condition is open, and ends when one opens. So there is one of a kind, and work hides no fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.alert import UNKNOWN, Alert, alert_id, graver, severity_rank
from agent.faults import LOAD_FAULTS
from agent.findings import Finding, Kind
from agent.mute import Mute, Quiet, quiet_key, settle_state
from agent.points import Point
from agent.rules.layout import is_off, layout_of
from agent.scored import NOT_KNOWN, ScoredTick
from agent.sensors import SECOND_NS
from agent.tick_points import six_digits

__all__ = ["Alert", "HostAlerts"]

MINUTE_NS = 60 * SECOND_NS
RAISE_OF_TICKS = 3  # an alert opens at RAISE_AT abnormal ones of so many
RAISE_AT = 2
CALM_TICKS = 3
CALM_NS = 10 * MINUTE_NS
SURER = 0.04  # so much more confidence is worth telling anew, with the evidence that gave it
RETURN_NS = 30 * MINUTE_NS  # what comes back within this is the same alert
FORGET_NS = 30 * MINUTE_NS  # an abnormal tick so long ago, or so many periods, helps to raise nothing
FORGET_PERIODS = 6
BOOT_NS = 10 * MINUTE_NS  # after a start: fans at full speed, cold sensors, services that come up
STALE_NS = 3 * MINUTE_NS  # without a tick, or so many periods: the host's data has stopped
STALE_PERIODS = 5
LOAD = "load"  # the track of alerts of the host's condition that tell of its load alone
_TRACKED: tuple[Kind, ...] = ("condition", "sensor")


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


@dataclass(slots=True)
class HostAlerts:
    """The alerts of one host; a part of its state record."""

    host: str
    rack: str = ""
    now_ns: int = 0  # the newest tick's time: the host's own clock
    period_ns: int = 0
    rests_to_ns: int = 0  # switched off or just started: only physical evidence counts until then
    tracks: dict[str, Track] = field(default_factory=dict)
    mute: Mute | None = None  # the newest one, over or not
    is_planned: bool = False  # at its newest tick the host was in a window of planned maintenance
    quiets: dict[str, Quiet] = field(default_factory=dict)  # by quiet_key of fault and sensor

    def update(self, tick: ScoredTick, findings: Sequence[Finding]) -> list[Alert]:
        """Take the host's next tick; copies of the alerts whose written fields it changed."""
        self.now_ns, self.period_ns = tick.time_ns, tick.period_ns
        if findings and is_off(tick, layout_of(tick)):
            self.rests_to_ns = tick.time_ns + BOOT_NS
        rests = tick.time_ns < self.rests_to_ns
        if rests:
            findings = [f for f in findings if f.kind == "condition" and f.basis != "score"]
        loads = [f for f in findings if f.fault in LOAD_FAULTS]
        if loads:
            findings = [f for f in findings if f.fault not in LOAD_FAULTS]
        changed: list[Alert] = []
        for kind in _TRACKED:
            found = [finding for finding in findings if finding.kind == kind]
            track = self.tracks.get(kind)
            if track is None:
                if not found:
                    continue
                track = self.tracks[kind] = Track()
            before = track.alert.copy() if track.alert is not None else None
            self._advance(track, kind, tick, found, rests)
            self._settle(track)
            if track.alert is not None and track.alert != before:
                changed.append(track.alert.copy())
        if loads or LOAD in self.tracks:
            changed = [
                *self._advance_load(tick, findings, loads, rests),
                *changed,
            ]  # ends before others begin
        return changed

    def _advance_load(
        self, tick: ScoredTick, others: Sequence[Finding], loads: list[Finding], rests: bool
    ) -> list[Alert]:
        """The track of load, after that of the condition; a copy of its alert where that changed."""
        track = self.tracks.setdefault(LOAD, Track())
        before = track.alert.copy() if track.alert is not None else None
        condition = self.tracks.get("condition")
        is_above = tick.scored and tick.score > tick.threshold
        if condition is not None and condition.alert is not None and condition.alert.is_open:
            _give_way(track, tick)
        elif not is_above and not any(finding.kind == "condition" for finding in others):
            self._advance(track, "condition", tick, loads, rests)
        elif track.alert is not None and track.alert.is_open:  # such a tick says nothing of load
            track.alert.data = "live" if tick.arrived.any() else "stale"
        self._settle(track)
        return [track.alert.copy()] if track.alert is not None and track.alert != before else []

    def open_without_tick(self, finding: Finding, onset_ns: int, now_ns: int) -> list[Alert]:
        """Take what is found of a host whose readings close no ticks: a copy of the alert that this opened.
        Times are the broker's. Where one of its kind is open already, that waits for the next tick."""
        self.now_ns = max(self.now_ns, now_ns)
        track = self.tracks.setdefault(finding.kind, Track())
        if track.alert is not None and track.alert.is_open:
            return []
        alert = self._open(track, [finding], onset_ns, now_ns)
        alert.data = "stale"  # of what the host sends nothing can be used
        self._settle(track)
        return [alert.copy()]

    @property
    def is_muted(self) -> bool:
        """Whether operators do not want to hear of the host, at its newest tick."""
        return self.is_planned or (self.mute is not None and self.mute.covers(self.now_ns))

    def set_mute(self, mute: Mute) -> list[Alert]:
        """Begin, change or end a mute between two ticks; copies of the alerts that it changed."""
        self.mute = mute
        return self._settle_all()

    def set_quiet(self, fault: str, sensor: str, quiet: Quiet) -> list[Alert] | None:
        """Take a verdict on alerts of a fault and sensor; copies of the alerts that it changed, None where it
        was known already or an older one."""
        key = quiet_key(fault, sensor)
        known = self.quiets.get(key)
        if known is not None and known.at_ns >= quiet.at_ns:
            return None
        self.quiets[key] = quiet
        return self._settle_all()

    def acknowledge(self, alert_id: str, at_ns: int) -> list[Alert] | None:
        """Somebody sees to an alert; a copy of it, None where it is not open here or that is no news."""
        for track in self.tracks.values():
            if track.alert is not None and track.alert.id == alert_id and track.alert.acknowledge(at_ns):
                self._settle(track)
                return [track.alert.copy()]
        return None

    def close(self) -> list[Alert]:
        """The host is no longer looked after: whatever is open ends with its newest tick; copies of that."""
        alerts = [track.alert for track in self.tracks.values() if track.alert is not None]
        ended = [alert for alert in alerts if alert.is_open]
        for alert in ended:
            alert.state, alert.ended_ns = "resolved", max(self.now_ns, alert.onset_ns)
        return [alert.copy() for alert in ended]

    def stale(self, now_ns: int) -> list[Alert]:
        """Mark open alerts as stale when the host's data has stopped by this time (event time where there is
        a backlog); copies of those that changed. The host's next tick makes them live again."""
        if now_ns - self.now_ns < max(STALE_NS, STALE_PERIODS * self.period_ns):
            return []
        alerts = [track.alert for track in self.tracks.values() if track.alert is not None]
        stopped = [alert for alert in alerts if alert.is_open and alert.data == "live"]
        for alert in stopped:
            alert.data = "stale"
        return [alert.copy() for alert in stopped]

    def recent(self) -> list[Point]:
        """The points of open alerts and of those that ended in the last 30 min of the host's time."""
        alerts = [track.alert for track in self.tracks.values() if track.alert is not None]
        return [a.to_point() for a in alerts if a.is_open or self.now_ns - a.ended_ns <= RETURN_NS]

    @property
    def has_open(self) -> bool:
        """Whether any alert has not ended, suppressed ones included."""
        return any(track.alert is not None and track.alert.is_open for track in self.tracks.values())

    @property
    def open_count(self) -> int:
        """How many alerts are open, suppressed ones left out."""
        alerts = [track.alert for track in self.tracks.values() if track.alert is not None]
        return sum(alert.is_open and alert.state != "suppressed" for alert in alerts)

    def _settle_all(self) -> list[Alert]:
        changed = []
        for track in self.tracks.values():
            before = track.alert.copy() if track.alert is not None else None
            self._settle(track)
            if track.alert is not None and track.alert != before:
                changed.append(track.alert.copy())
        return changed

    def _settle(self, track: Track) -> None:
        """What operators want of the open alert; a sensor beyond its own limit is told all the same."""
        alert = track.alert
        if alert is None or not alert.is_open:
            return
        quiet = self.quiets.get(quiet_key(alert.fault, alert.sensor))
        alert.is_quiet = quiet is not None and quiet.holds and not track.is_beyond_limit
        settle_state(alert, self.is_muted or alert.is_quiet, is_calm=track.calm_ticks > 0)

    def _advance(self, track: Track, kind: Kind, tick: ScoredTick, found: list[Finding], rests: bool) -> None:
        above = kind == "condition" and tick.scored and tick.score > tick.threshold and not rests
        score = six_digits(tick.score) if tick.scored and kind == "condition" else NOT_KNOWN
        # A finding that rests on the score alone says no more than the score does.
        abnormal = above or any(finding.basis != "score" for finding in found)
        if any(finding.basis == "limit" for finding in found):
            track.is_beyond_limit = True
        if track.alert is not None and track.alert.is_open:
            track.alert.data = "live" if tick.arrived.any() else "stale"
        _accuse(track, tick, found)
        if not abnormal and (rests or not _proves(track, kind, tick)):
            return
        track.marks.append(Mark(tick.time_ns, abnormal, score, [finding.fault for finding in found]))
        del track.marks[:-RAISE_OF_TICKS]
        if track.alert is None or not track.alert.is_open:
            if found and _is_raised(track.marks, found):
                self._raise(track, tick, found)
            return
        _refine(track, found)
        track.alert.score = max(track.alert.score, score)
        _count_calm(track, kind, tick, abnormal)
        if track.calm_ticks >= CALM_TICKS and tick.time_ns - track.calm_since_ns >= CALM_NS:
            track.alert.state, track.alert.ended_ns = "resolved", tick.time_ns
            track.accused.clear()
            track.is_beyond_limit = False

    def _raise(self, track: Track, tick: ScoredTick, found: list[Finding]) -> None:
        onset_ns = next(mark.time_ns for mark in track.marks if mark.abnormal)
        score = max(mark.score for mark in track.marks if mark.time_ns >= onset_ns)
        self._open(track, found, onset_ns, tick.time_ns, score, tick.model)

    def _open(
        self,
        track: Track,
        found: Sequence[Finding],
        onset_ns: int,
        raised_ns: int,
        score: float = NOT_KNOWN,
        model: str = "",
    ) -> Alert:
        """A new alert, or the old one again where it ended a short while ago."""
        first, old = found[0], track.alert
        track.calm_ticks = 0
        if old is not None and onset_ns - old.ended_ns <= RETURN_NS and _is_same(old.fault, first.fault):
            old.state, old.ended_ns, old.data = "open", 0, "live"
            old.score = max(old.score, score)
            _refine(track, found)
            return old
        track.alert = Alert(
            host=self.host,
            kind=first.kind,
            id=alert_id(self.host, first.kind, onset_ns),
            state="open",
            fault=first.fault,
            also=[*first.also],
            severity=first.severity,
            score=score,
            confidence=first.confidence,
            diagnosis=first.diagnosis,
            evidence=[*first.evidence],
            actions=[*first.actions],
            onset_ns=onset_ns,
            raised_ns=raised_ns,
            rack=self.rack,
            model=model,
        )
        track.is_guess = first.basis == "score"
        return track.alert


def _give_way(track: Track, tick: ScoredTick) -> None:
    """A fault is told now: what tells of load ends, and begins anew afterwards."""
    track.marks.clear()
    track.accused.clear()
    track.calm_ticks = 0
    if track.alert is not None and track.alert.is_open:
        track.alert.state, track.alert.ended_ns = "resolved", tick.time_ns


def _accuse(track: Track, tick: ScoredTick, found: Sequence[Finding]) -> None:
    """Note the sensors that physical evidence rests on, and forget what was too long ago."""
    since_ns = tick.time_ns - max(FORGET_NS, FORGET_PERIODS * tick.period_ns)
    track.marks = [mark for mark in track.marks if mark.time_ns >= since_ns]
    is_open = track.alert is not None and track.alert.is_open
    if not is_open and not any(mark.abnormal for mark in track.marks):
        track.accused.clear()
    for finding in found:
        if finding.basis != "score" and finding.evidence and finding.evidence[0].sensor not in track.accused:
            track.accused.append(finding.evidence[0].sensor)


def _proves(track: Track, kind: Kind, tick: ScoredTick) -> bool:
    """Whether a tick without a finding says that all is well. One without data or score does not, nor one in
    which no accused sensor arrived: a fan that is polled once a minute neither works nor stands still
    between two polls, and nothing resolves because the sensor that showed it fell silent."""
    if not tick.arrived.any():
        return False
    if kind == "sensor":
        return True
    if track.accused:
        column = {name: i for i, name in enumerate(tick.sensors)}
        return any(name in column and tick.arrived[column[name]] for name in track.accused)
    return tick.scored


def _is_raised(marks: Sequence[Mark], found: Sequence[Finding]) -> bool:
    by_limit = any(finding.basis == "limit" for finding in found)
    return by_limit or (marks[-1].abnormal and sum(mark.abnormal for mark in marks) >= RAISE_AT)


def _is_same(old: str, new: str) -> bool:
    """Whether a fault is the return of another: an unknown one may be any."""
    return old == new or UNKNOWN in (old, new)


def _refine(track: Track, found: Sequence[Finding]) -> None:
    """Let the first finding that is surer or graver than what the open alert tells take its place."""
    alert = track.alert
    if alert is None:
        return
    for finding in found:
        seen_at = sum(finding.fault in mark.faults for mark in track.marks)
        if finding.basis != "limit" and seen_at < RAISE_AT:
            continue  # one tick's glitch neither names a fault nor makes it graver
        is_graver = severity_rank(finding.severity) < severity_rank(alert.severity)
        alert.severity = graver(alert.severity, finding.severity)
        if finding.fault == UNKNOWN and alert.fault != UNKNOWN:
            continue
        is_surer = finding.fault == alert.fault and finding.confidence >= alert.confidence + SURER
        is_shown = finding.basis != "score" and track.is_guess
        if is_graver or is_surer or ((alert.fault == UNKNOWN or is_shown) and finding.fault != UNKNOWN):
            _tell(alert, finding)
            track.is_guess = finding.basis == "score"
            return


def _tell(alert: Alert, finding: Finding) -> None:
    alert.fault = finding.fault
    alert.also = [*finding.also]
    alert.confidence = finding.confidence
    alert.diagnosis = finding.diagnosis
    alert.evidence = [*finding.evidence]
    alert.actions = [*finding.actions]


def _count_calm(track: Track, kind: Kind, tick: ScoredTick, abnormal: bool) -> None:
    """Count the calm ticks in a row, and since when; only ticks that prove something come here."""
    is_calm = not abnormal
    if kind == "condition" and tick.scored:
        is_calm = is_calm and tick.score < tick.calm_share * tick.threshold
    if not is_calm:
        track.calm_ticks = 0
        return
    if track.calm_ticks == 0:
        track.calm_since_ns = tick.time_ns
    track.calm_ticks += 1
