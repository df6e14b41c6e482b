"""What no controller tells: GPUs and utilization come from a Telegraf on the machine itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.simulate.machines import HostPoll, Machine, WireMessage, Writer
from agent.simulate.wire.dcgm import DcgmWriter
from agent.simulate.wire.telegraf import Metric

_IN_BAND = re.compile(r"gpu\d+_\w+|cpu_util")


class WithAgent:
    """A controller's writer, and beside it what the machine's own Telegraf sends."""

    def __init__(self, machine: Machine, controller: Writer, metric: type[Metric]) -> None:
        self._controller, self._gpus = controller, DcgmWriter(machine, metric)
        self._cpu = metric("cpu", {"cpu": "cpu-total", "host": machine.name})

    def write(self, poll: HostPoll) -> Iterator[WireMessage]:
        inside = {name: value for name, value in poll.values.items() if _IN_BAND.fullmatch(name)}
        if not inside:
            yield from self._controller.write(poll)
            return
        outside = {name: value for name, value in poll.values.items() if name not in inside}
        yield from self._controller.write(HostPoll(outside, poll.stamp_s))
        yield from self._gpus.write(HostPoll(inside, poll.stamp_s))
        if "cpu_util" in inside:
            share_pct = round(100.0 * inside["cpu_util"], 6)
            yield WireMessage(self._cpu.text({"usage_active": share_pct}, poll.stamp_s), poll.stamp_s)
