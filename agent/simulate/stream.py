"""A plan as messages in the order of their arrival, one after the other, however long it is.

FleetRun ─► arrivals (late, repeated, jittered) ─► the writer of each machine ─► Sent(key, value, time)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from agent.simulate.arrivals import arrivals
from agent.simulate.machines import HostPoll, Writer
from models.twin.fleet_run import FleetRun

DIGITS = 4  # after the point: the twin's values are of single precision, its meters coarser


class Sent(NamedTuple):
    """One message as a producer sends it."""

    key: str  # the host
    value: bytes
    stamp_s: int  # the time that it carries, which is also the record's
    arrived_s: float  # when it is sent, by the true time


def stream(run: FleetRun, writers: Mapping[str, Writer], seed: int) -> Iterator[Sent]:
    """The messages of all hosts that have a writer in the order of their arrival, repeatable by seed."""
    names = [channel.name for channel in run.sensors]
    for arrival in arrivals(run.polls(), seed):
        host = run.hosts[arrival.host]
        if host not in writers:
            continue
        poll = HostPoll(_read(names, arrival.values.astype(np.float64)), arrival.stamp_s)
        sent = [
            Sent(host, message.value, message.stamp_s, arrival.arrived_s)
            for message in writers[host].write(poll)
        ]
        yield from sent
        if arrival.twice:
            yield from sent


def _read(names: Sequence[str], values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> dict[str, float]:
    """What was read, by name; (F,) values."""
    rounded = np.round(values, DIGITS)
    return {names[at]: float(rounded[at]) for at in np.flatnonzero(np.isfinite(values)).tolist()}
