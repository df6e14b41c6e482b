"""A host's alerts: from the findings of each tick to episodes that open once and end once.

tick, findings ──► HostAlerts.update ──► alerts that changed
nothing ──2 of 3 ticks abnormal, or a hard limit──► open ──10 min and 3 ticks calm──► resolved
                                                     ▲                                  │
                                                     └────────back within 30 min────────┘

An alert whose fault nothing has shown for those 10 min while another one is shown steadily ends too, and the
other opens: what is repaired does not hide what breaks next.

What tells of load alone (LOAD_FAULTS) has a track of its own and gives way: it opens while no other alert of
the host's condition is open, and ends when one opens. So there is one of a kind, and work hides no fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.alert import Alert, alert_id
from agent.alert_track import CALM_NS, CALM_TICKS, MINUTE_NS, RAISE_OF_TICKS, Mark, Track, is_same
from agent.faults import LOAD_FAULTS
from agent.findings import Finding, Kind
from agent.mute import Mute, Quiet, quiet_key, settle_state
from agent.points import Point
from agent.rules.layout import is_off, layout_of
from agent.scored import NOT_KNOWN, ScoredTick
from agent.tick_points import six_digits

__all__ = ["Alert", "HostAlerts"]

RETURN_NS = 30 * MINUTE_NS  # what comes back within this is the same alert
BOOT_NS = 10 * MINUTE_NS  # after a start: fans at full speed, cold sensors, services that come up
STALE_NS = 3 * MINUTE_NS  # without a tick, or so many periods: the host's data has stopped
STALE_PERIODS = 5
LOAD = "load"  # the track of alerts of the host's condition that tell of its load alone
_TRACKED: tuple[Kind, ...] = ("condition", "sensor")


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
            changed += _changes(before, track.alert, tick)
        if loads or LOAD in self.tracks:
            # Load ends before others begin.
            changed = [*self._advance_load(tick, findings, loads, rests), *changed]
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
            track.give_way(tick)
        elif not is_above and not any(finding.kind == "condition" for finding in others):
            self._advance(track, "condition", tick, loads, rests)
        elif track.alert is not None and track.alert.is_open:  # such a tick says nothing of load
            track.alert.data = "live" if tick.arrived.any() else "stale"
        self._settle(track)
        return _changes(before, track.alert, tick)

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
        track.accuse(tick, found)
        if not abnormal and (rests or not track.proves(kind, tick)):
            return
        track.marks.append(Mark(tick.time_ns, abnormal, score, [finding.fault for finding in found]))
        del track.marks[:-RAISE_OF_TICKS]
        if track.alert is None or not track.alert.is_open:
            if found and track.is_raised(found):
                self._raise(track, tick, found)
            return
        track.refine(found)
        successors = track.successors(tick, found)
        if successors:
            track.is_beyond_limit = any(finding.basis == "limit" for finding in successors)
            self._raise(track, tick, successors)
            return
        track.alert.score = max(track.alert.score, score)
        track.count_calm(kind, tick, abnormal)
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
        if old is not None and onset_ns - old.ended_ns <= RETURN_NS and is_same(old.fault, first.fault):
            old.state, old.ended_ns, old.data = "open", 0, "live"
            old.score = max(old.score, score)
            track.refine(found)
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
        track.is_guess, track.shown_ns = first.basis == "score", raised_ns
        return track.alert


def _changes(before: Alert | None, now: Alert | None, tick: ScoredTick) -> list[Alert]:
    """What a tick made of a track's alert, the end of one that another took the place of first."""
    ended = []
    if before is not None and now is not None and before.is_open and now.id != before.id:
        before.state, before.ended_ns = "resolved", tick.time_ns
        ended = [before]
    return [*ended, now.copy()] if now is not None and now != before else ended
