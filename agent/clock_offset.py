"""How far a host's clock is off, told by the broker's: only where the record's time is the append time.

readings of a message ─► event − append time of its newest ─► the best of every 5 min ─► Skew, or none

Delay makes readings look old and never new. So a host whose best messages come after their own time by more
than any path needs, for half an hour and always by as much, has a clock that is behind; one that comes before
its own time has a clock that is ahead, whatever the delay. A backlog is old as well, but it shrinks, and it
begins without its readings' times having gone back.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.sensors import LONG_AGO_NS, SECOND_NS

SPAN_NS = 300 * SECOND_NS  # of append time, on a grid, so that hosts of one wrong collector are told together
LEAST_POLLS = 8  # of a span; where there are fewer it goes on
BEST = 3  # the third best tells: one or two wrong messages of a span say nothing
SAME_POLL_NS = SECOND_NS  # readings nearer than this to the last ones are of the same poll
LIMIT_PERIODS = 2
AHEAD_FLOOR_NS = 10 * SECOND_NS  # clocks that are set agree within one; some collectors stamp the step's end
BEHIND_FLOOR_NS = 120 * SECOND_NS  # sweeps over many BMCs, batches and retries need a minute
AHEAD_SPANS = 2
BEHIND_SPANS = 6  # delay has to be told from a slow clock: no batch is held for half an hour
STEADY_NS = 5 * SECOND_NS  # the best messages of a clock that is behind come as late as this, or ¼ period
CALM_SHARE = 0.5  # of the limit: below it a skew is over


@dataclass(frozen=True, slots=True)
class Skew:
    """A clock that is off; `offset_ns` > 0 is ahead. Times are the broker's."""

    offset_ns: int
    limit_ns: int
    messages: int  # that show it
    since_ns: int
    until_ns: int  # the newest that is known


@dataclass(frozen=True, slots=True)
class Skewed:
    """What a host's clock came to at a point of its log: a skew, or that it is right (None)."""

    host: str
    skew: Skew | None
    has_ticks: bool  # since the last such point its readings closed ticks


@dataclass(slots=True)
class Span:
    """One closed stretch of append time."""

    begin_ns: int
    offset_ns: int  # of its third best message
    messages: int
    went_back: bool  # its polls' times went back further than delay mixes them


@dataclass(slots=True)
class ClockOffset:
    """What one host's messages say of its clock; a part of the host's state, at most `BEHIND_SPANS` spans."""

    message: int = -1  # offset of the message that is being read
    event_ns: int = 0  # its newest reading
    append_ns: int = 0
    poll_ns: int = LONG_AGO_NS  # event time of the last poll
    begin_ns: int = LONG_AGO_NS  # append time of the open span's first message
    end_ns: int = LONG_AGO_NS  # where that span ends at the soonest
    count: int = 0
    best_ns: list[int] = field(default_factory=list)  # the highest offsets of the open span, highest first
    went_back: bool = False
    spans: list[Span] = field(default_factory=list)
    is_held_up: bool = False  # messages were delayed since they came in time: not the clock's fault
    skew: Skew | None = None  # what the newest closed span came to
    tick_ns: int = LONG_AGO_NS  # the host's newest tick when the last span closed

    def see(self, message: int, event_ns: int, append_ns: int, period_ns: int) -> bool:
        """Take a reading; whether a span closed, so that `skew` may be another. `period_ns` 0 = not known."""
        if message == self.message:
            self.event_ns = max(self.event_ns, event_ns)
            return False
        # Most messages are one of many of a poll in the midst of a span: they are seen to at once.
        is_news = append_ns >= self.end_ns or not -SAME_POLL_NS < self.event_ns - self.poll_ns < SAME_POLL_NS
        closed = is_news and self.message >= 0 and self._take_poll(append_ns, period_ns)
        self.message, self.event_ns, self.append_ns = message, event_ns, append_ns
        return closed

    def judged(self, host: str, tick_ns: int) -> Skewed:
        """What the span that closed came to; `tick_ns` is the host's newest tick."""
        has_ticks, self.tick_ns = tick_ns != self.tick_ns, tick_ns
        return Skewed(host, self.skew, has_ticks)

    def _take_poll(self, next_ns: int, period_ns: int) -> bool:
        """Count the message that is complete; close the span if the next one begins another."""
        if abs(self.event_ns - self.poll_ns) >= SAME_POLL_NS:
            if self.begin_ns == LONG_AGO_NS:
                self.begin_ns = self.append_ns
                self.end_ns = (self.append_ns // SPAN_NS + 1) * SPAN_NS
            self.went_back |= self.event_ns < self.poll_ns - BEHIND_FLOOR_NS
            self.poll_ns = self.event_ns
            self.count += 1
            self.best_ns.append(self.event_ns - self.append_ns)
            self.best_ns.sort(reverse=True)
            del self.best_ns[BEST:]
        if next_ns < self.end_ns or self.count < LEAST_POLLS:
            return False
        self._close(period_ns or max((self.append_ns - self.begin_ns) // (self.count - 1), 0))
        return True

    def _close(self, period_ns: int) -> None:
        limits = limits_of(period_ns)
        span = Span(self.begin_ns, self.best_ns[-1], self.count, self.went_back)
        self._note_delay(span, limits[1], max(STEADY_NS, period_ns // 4))
        self.spans = [*self.spans, span][-BEHIND_SPANS:]
        self.begin_ns, self.count, self.went_back = LONG_AGO_NS, 0, False
        self.best_ns.clear()
        self.skew = self._judge(*limits, max(STEADY_NS, period_ns // 4))

    def _note_delay(self, span: Span, limit_ns: int, steady_ns: int) -> None:
        """A clock gets behind by stepping back or very slowly. What gets late otherwise is held up."""
        if span.offset_ns > -CALM_SHARE * limit_ns:
            self.is_held_up = False
        elif self.spans and self.skew is None and span.offset_ns < -limit_ns:
            before = self.spans[-1]
            has_stepped = span.went_back or before.went_back
            self.is_held_up |= before.offset_ns - span.offset_ns > steady_ns and not has_stepped

    def _judge(self, ahead_ns: int, behind_ns: int, steady_ns: int) -> Skew | None:
        newest = self.spans[-1].offset_ns
        ahead, behind = self.spans[-AHEAD_SPANS:], self.spans[-BEHIND_SPANS:]
        if len(ahead) == AHEAD_SPANS and min(span.offset_ns for span in ahead) > ahead_ns:
            return self._skew(ahead, ahead_ns)
        offsets = [span.offset_ns for span in behind]
        is_steady = len(behind) == BEHIND_SPANS and max(offsets) - min(offsets) <= steady_ns
        if is_steady and max(offsets) < -behind_ns and not self.is_held_up:
            return self._skew(behind, behind_ns)
        if self.skew is not None and self.skew.offset_ns * newest > 0:  # still off the same way
            limit_ns = ahead_ns if newest > 0 else behind_ns
            if abs(newest) > CALM_SHARE * limit_ns:
                return self._skew(self.spans[-1:], limit_ns)
        return None

    def _skew(self, spans: list[Span], limit_ns: int) -> Skew:
        known = self.skew
        if known is not None and known.offset_ns * spans[-1].offset_ns > 0:
            messages, since_ns = known.messages + spans[-1].messages, known.since_ns
        else:
            messages, since_ns = sum(span.messages for span in spans), spans[0].begin_ns
        return Skew(spans[-1].offset_ns, limit_ns, messages, since_ns, self.append_ns)


def limits_of(period_ns: int) -> tuple[int, int]:
    """How far ahead and how far behind a clock may be that is not told of, in ns."""
    own_ns = LIMIT_PERIODS * period_ns
    return max(own_ns, AHEAD_FLOOR_NS), max(own_ns, BEHIND_FLOOR_NS)
