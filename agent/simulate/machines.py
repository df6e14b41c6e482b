"""A simulated host as its collector meets it, and what one poll of it brought."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Machine:
    """One host: what its messages say of it besides readings."""

    name: str
    kind: str = "server"  # else cooling, pdu, ups
    collector: str = "collector01"  # the machine that runs Telegraf
    address: str = "10.0.1.1"  # of its BMC
    rack: str = "r01"
    row: str = "A"
    supply_w: float = 800.0  # rating of one power supply
    fan_rpm_max: float = 14_000.0


class HostPoll(NamedTuple):
    """What one poll read: canonical sensor → value, at a whole second of Unix time."""

    values: dict[str, float]
    stamp_s: int


class WireMessage(NamedTuple):
    """The value of one Kafka record and the time that it carries, in whole seconds."""

    value: bytes
    stamp_s: int


class Writer(Protocol):
    """Writes the polls of one machine in one dialect. Keeps what it has spelt, and no other state."""

    def write(self, poll: HostPoll) -> Iterator[WireMessage]:
        """The poll's messages in the order in which a collector would send them."""
        ...


_DUTY = re.compile(r"(.*_)?fan\w*_pct")


def in_percent(sensor: str, value: float) -> float:
    """A fan's duty as a percentage, which is how everybody sends it; all else as it is."""
    return round(100.0 * value, 4) if _DUTY.fullmatch(sensor) else value


def number(value: float) -> str:
    """The shortest text that reads as the same number; whole numbers without a point, as Go prints them."""
    return str(int(value)) if value == int(value) else repr(value)
