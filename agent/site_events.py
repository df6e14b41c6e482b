"""What the owner of the whole site hears of hosts and sources; also the messages of `<group>.alerts`.

every pipeline ──► AlertChanged, HostSummary, SourceMark ──┬─► one Site: incidents, silence
command line ────► HostMuted, ForgetHost ──────────────────┤
notes ───────────► AlertAcknowledged, AlertsJudged ────────┘
"""

from __future__ import annotations

import msgspec

from agent.alerts import Alert


class AlertChanged(msgspec.Struct, frozen=True, tag="alert", tag_field="type"):
    """A host's alert opened, changed or ended; `alert` is its whole present state."""

    alert: Alert


class HostSummary(msgspec.Struct, frozen=True, tag="summary", tag_field="type"):
    """Sent once a minute of a host's event time, at the first tick of that minute."""

    host: str
    source: str  # "topic/partition", or the recording's name
    time_ns: int  # of the tick
    period_ns: int
    score: float  # −1 = not scored
    inlet_temp_c: float | None = None
    rack: str = ""
    inlet_over_k: float | None = None  # by how much that is warmer than the host's own past
    u: float | None = None  # where the host stands in its rack


class SourceMark(msgspec.Struct, frozen=True, tag="mark", tag_field="type"):
    """Sent once a minute for every source: wall-clock minutes in the daemon, event minutes in a recording.

    Silence is counted in marks only: a minute in which the source stood still (`messages` = 0) or was not
    read to its end (`at_end` False) says nothing about any host.
    """

    source: str
    time_ns: int
    messages: int  # since the mark before
    at_end: bool


class HostMuted(msgspec.Struct, frozen=True, tag="mute", tag_field="type"):
    """Operators do not want to hear of a host from `since_ns` until `until_ns`; the newest such event counts.

    Sent by the command line.
    """

    host: str
    at_ns: int  # of the command
    since_ns: int
    until_ns: int
    reason: str = ""


class ForgetHost(msgspec.Struct, frozen=True, tag="forget", tag_field="type"):
    """A host is to be forgotten: whoever holds its partition does it. Sent by the command line."""

    host: str
    at_ns: int


class HostForgotten(msgspec.Struct, frozen=True, tag="forgotten", tag_field="type"):
    """A host has been forgotten: its records are gone, and nothing that was sent before counts any more."""

    host: str
    at_ns: int  # of the command


class AlertAcknowledged(msgspec.Struct, frozen=True, tag="ack", tag_field="type"):
    """Somebody sees to an alert. Sent by the owner of the site, which reads the notes of operators."""

    host: str
    alert: str  # its id
    at_ns: int  # of the note
    by: str = ""


class AlertsJudged(msgspec.Struct, frozen=True, tag="judged", tag_field="type"):
    """Operators found alerts of a host with one fault and sensor to be false, or true again; the newest
    counts. Sent as AlertAcknowledged."""

    host: str
    fault: str
    sensor: str
    at_ns: int  # of the note
    is_false: bool
    by: str = ""


Command = HostMuted | ForgetHost | HostForgotten | AlertAcknowledged | AlertsJudged
COMMAND_STARTS = tuple(  # as they are encoded
    f'{{"type":"{tag}"'.encode() for tag in ("mute", "forget", "forgotten", "ack", "judged")
)

SiteEvent = (
    AlertChanged
    | HostSummary
    | SourceMark
    | HostMuted
    | ForgetHost
    | HostForgotten
    | AlertAcknowledged
    | AlertsJudged
)
