"""What operators want of hosts: commands that every instance knows, kept in the compacted state topic.

command line ──one transaction─┬─► `<group>.state`   "\\x00mute/HOST", "\\x00forget/HOST": what holds
                               └─► `<group>.alerts`  HostMuted, ForgetHost: that it changed, just now
notes in InfluxDB ─► the owner of the site ─► the same with "\\x00ack/ID", "\\x00judged/HOST FAULT SENSOR"

An instance reads the records when it takes a partition, and the events while it runs. A record is wanted, not
done: what has been done to a host stands in the host's own record (agent/control_desk.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from agent.site_events import AlertAcknowledged, AlertsJudged, ForgetHost, HostMuted, SiteEvent
from agent.telemetry.readings import Message

MUTE_KEY = b"\x00mute/"  # no host's name begins with a NUL
FORGET_KEY = b"\x00forget/"
ACK_KEY = b"\x00ack/"
JUDGED_KEY = b"\x00judged/"

Records = Mapping[bytes, bytes | None]
Control = TypeVar("Control", HostMuted, "Forgetting", AlertAcknowledged, AlertsJudged)


class Forgetting(msgspec.Struct, frozen=True):
    """A command to forget a host, and where in the log that was done.

    Messages of the host below `applied_to` of `source` are never read into a host again; −1: not done yet.
    """

    host: str
    at_ns: int
    source: str = ""
    applied_to: int = -1

    @property
    def is_done(self) -> bool:
        return self.applied_to >= 0


@dataclass(slots=True)
class Controls:
    """The newest command of each kind for each host, alert or signature."""

    mutes: dict[str, HostMuted] = field(default_factory=dict)
    forgettings: dict[str, Forgetting] = field(default_factory=dict)
    acks: dict[str, AlertAcknowledged] = field(default_factory=dict)  # by the alert's id
    judged: dict[bytes, AlertsJudged] = field(default_factory=dict)  # by the record's key

    @classmethod
    def from_records(cls, records: Records) -> Controls:
        """What the state topic holds. A record that cannot be read is none of ours, and says nothing."""
        controls = cls()
        for key, data in records.items():
            if data is not None and key.startswith(MUTE_KEY):
                muted = _decode(data, HostMuted)
                if muted is not None:
                    controls.mutes[muted.host] = muted
            elif data is not None and key.startswith(FORGET_KEY):
                forgetting = _decode(data, Forgetting)
                if forgetting is not None:
                    controls.forgettings[forgetting.host] = forgetting
            elif data is not None and key.startswith(ACK_KEY):
                ack = _decode(data, AlertAcknowledged)
                if ack is not None:
                    controls.acks[ack.alert] = ack
            elif data is not None and key.startswith(JUDGED_KEY):
                judged = _decode(data, AlertsJudged)
                if judged is not None:
                    controls.judged[judged_key(judged)] = judged
        return controls

    def reload(self, records: Records) -> None:
        """Take what the state topic holds in the place of all that was known."""
        fresh = Controls.from_records(records)
        self.mutes, self.forgettings = fresh.mutes, fresh.forgettings
        self.acks, self.judged = fresh.acks, fresh.judged

    def observe(self, event: SiteEvent) -> None:
        """A command has just been given; one that is older than what is known changes nothing."""
        if isinstance(event, HostMuted):
            known = self.mutes.get(event.host)
            if known is None or event.at_ns > known.at_ns:
                self.mutes[event.host] = event
        elif isinstance(event, ForgetHost):
            before = self.forgettings.get(event.host)
            if before is None or event.at_ns > before.at_ns:
                self.forgettings[event.host] = Forgetting(event.host, event.at_ns)
                self.mutes.pop(event.host, None)
                self.judged = {key: one for key, one in self.judged.items() if one.host != event.host}
        elif isinstance(event, AlertAcknowledged):
            if event.at_ns > (self.acks[event.alert].at_ns if event.alert in self.acks else 0):
                self.acks[event.alert] = event
        elif isinstance(event, AlertsJudged):
            key = judged_key(event)
            if event.at_ns > (self.judged[key].at_ns if key in self.judged else 0):
                self.judged[key] = event

    def forgotten_ns(self, host: str) -> int:
        """When a host of this name was forgotten last; 0 for never. One that begins now is born after it."""
        known = self.forgettings.get(host)
        return known.at_ns if known is not None else 0

    def find_buried(self, messages: Sequence[Message]) -> dict[tuple[str, str], int]:
        """(host, source) → the offset below which these messages say nothing of the host any more."""
        done = [one for one in self.forgettings.values() if one.is_done]
        if not done:
            return {}
        first: dict[str, int] = {}
        for message in messages:
            first.setdefault(message.source, message.offset)
        return {
            (one.host, one.source): one.applied_to
            for one in done
            if first.get(one.source, one.applied_to) < one.applied_to
        }


def mute_key(host: str) -> bytes:
    return MUTE_KEY + host.encode()


def forget_key(host: str) -> bytes:
    return FORGET_KEY + host.encode()


def ack_key(alert: str) -> bytes:
    return ACK_KEY + alert.encode()


def judged_key(judged: AlertsJudged) -> bytes:
    return JUDGED_KEY + "\0".join((judged.host, judged.fault, judged.sensor)).encode()


def is_control(key: bytes) -> bool:
    """Whether a record of the state topic is a command and no host."""
    return key.startswith((MUTE_KEY, FORGET_KEY, ACK_KEY, JUDGED_KEY))


def encode_control(control: HostMuted | Forgetting | AlertAcknowledged | AlertsJudged) -> bytes:
    return msgspec.json.encode(control)


def _decode(data: bytes, kind: type[Control]) -> Control | None:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
