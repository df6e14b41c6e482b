"""The native form: all sensors of a host in one message, under their canonical names."""

from __future__ import annotations

from collections.abc import Iterator

from agent.simulate.machines import HostPoll, Machine, WireMessage, in_percent, number
from agent.simulate.wire.stamps import rfc3339


class NativeWriter:
    """One host that sends for itself."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def write(self, poll: HostPoll) -> Iterator[WireMessage]:
        metrics = ",".join(
            f'"{name}":{number(in_percent(name, value))}' for name, value in poll.values.items()
        )
        told = f'{{"ts":"{rfc3339(poll.stamp_s)}","host":"{self._machine.name}","metrics":{{{metrics}}}}}'
        yield WireMessage(told.encode(), poll.stamp_s)
