"""What was heard of each source and its hosts, and whether a source stands still."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.alert import Alert
from agent.alert_track import MINUTE_NS
from agent.silence_alert import end_silence, open_silence
from agent.site_events import SourceMark

SILENT_PERIODS = 5
STILL_MARKS = 5  # without a message: the source stands still


@dataclass(slots=True)
class HostSeen:
    """When a host was heard last. Times in ns."""

    time_ns: int  # of its last summary
    base_ns: int  # the same by the source's marks, should the host's clock be behind
    period_ns: int
    rack: str
    summaries: int = 0  # from this source
    back: int = 0  # summaries since it was found silent
    marks: int = 0  # good ones in a row since then
    is_pending: bool = False  # found silent at the mark before
    alert: Alert | None = None  # of its own silence
    group: str = ""  # the last one that it was silent in

    @property
    def onset_ns(self) -> int:
        """When its next summary was due."""
        return self.time_ns + max(MINUTE_NS, self.period_ns)

    @property
    def is_alone_silent(self) -> bool:
        return self.alert is not None and self.alert.is_open


@dataclass(slots=True)
class SourceSeen:
    """What a source did, and the hosts that were heard from it last. Times in ns."""

    hosts: dict[str, HostSeen] = field(default_factory=dict)
    mark_ns: int = 0
    run_ns: int = 0  # since when it has been watched without a break
    still_marks: int = 0
    still_ns: int = 0  # the first of them
    spoke_ns: int = 0  # the shortest period of the hosts heard since the last mark
    alert: Alert | None = None


def topic_of(source: str) -> str:
    """`telemetry/3` → `telemetry`; a recording is its own."""
    topic, slash, _ = source.rpartition("/")
    return topic if slash else source


def judge_stream(source: SourceSeen, mark: SourceMark) -> list[Alert]:
    """A source that stands still is told once; a mark that was not read to its end says nothing.

    One that never had a host is an empty partition, and hosts of 10 min let theirs stand still by right.
    """
    if mark.messages > 0:
        source.still_marks = 0
        if source.alert is None or not source.alert.is_open:
            return []
        end_silence(source.alert, mark.time_ns)
        return [source.alert.copy()]
    if not mark.at_end:
        return []
    if source.still_marks == 0:
        source.still_ns = mark.time_ns
    source.still_marks += 1
    is_told = source.alert is not None and source.alert.is_open
    period_ns = min((seen.period_ns for seen in source.hosts.values()), default=0)
    still_ns = mark.time_ns - source.still_ns
    if (
        is_told
        or not source.hosts
        or source.still_marks < STILL_MARKS
        or still_ns < SILENT_PERIODS * period_ns
    ):
        return []
    diagnosis = (
        f"{mark.source} has had no message for {source.still_marks} min: its producers or the broker stand "
        "still."
    )
    source.alert = open_silence(
        source.alert, mark.source, "stream_silent", source.still_ns, mark.time_ns, diagnosis
    )
    return [source.alert.copy()]
