"""What a controller does not tell comes from the machine itself: a Telegraf on it asks GPUs and the kernel.

gpu1_temp_c → DCGM's exporter · cpu_util → `cpu` · cpu1_power_w → `powerstat_package` · all else → native
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.simulate.machines import HostPoll, Machine, WireMessage, Writer
from agent.simulate.wire.dcgm import DcgmWriter, field_of
from agent.simulate.wire.native import NativeWriter
from agent.simulate.wire.telegraf import Metric

BEYOND_A_CONTROLLER = re.compile(r"gpu\d+_\w+|cpu_\w+")
BEYOND_REDFISH = re.compile(r"gpu\d+_\w+|cpu_\w+|cpu\d+_power_w")  # as the plug-in asks
_PACKAGE_POWER = re.compile(r"cpu(\d+)_power_w")


class WithAgent:
    """A controller's writer, and what the machine's own Telegraf sends of the sensors `beyond` it."""

    def __init__(
        self, machine: Machine, controller: Writer, metric: type[Metric], beyond: re.Pattern[str]
    ) -> None:
        self._controller, self._beyond = controller, beyond
        self._gpus, self._rest = DcgmWriter(machine, metric), NativeWriter(machine)
        self._cpu = metric("cpu", {"cpu": "cpu-total", "host": machine.name})
        self._metric, self._machine = metric, machine
        self._packages: dict[str, Metric] = {}

    def write(self, poll: HostPoll) -> Iterator[WireMessage]:
        inside = {name: value for name, value in poll.values.items() if self._beyond.fullmatch(name)}
        if not inside:
            yield from self._controller.write(poll)
            return
        outside = {name: value for name, value in poll.values.items() if name not in inside}
        yield from self._controller.write(HostPoll(outside, poll.stamp_s))
        yield from self._gpus.write(HostPoll(inside, poll.stamp_s))
        rest = {}
        for name, value in inside.items():
            package = _PACKAGE_POWER.fullmatch(name)
            if name == "cpu_util":
                share_pct = round(100.0 * value, 6)
                yield WireMessage(self._cpu.text({"usage_active": share_pct}, poll.stamp_s), poll.stamp_s)
            elif package:
                power = self._package(package[1]).text(
                    {"current_power_consumption_watts": value}, poll.stamp_s
                )
                yield WireMessage(power, poll.stamp_s)
            elif field_of(name) is None:
                rest[name] = value
        if rest:
            yield from self._rest.write(HostPoll(rest, poll.stamp_s))

    def _package(self, number: str) -> Metric:
        metric = self._packages.get(number)
        if metric is None:
            tags = {"host": self._machine.name, "package_id": number}
            metric = self._packages[number] = self._metric("powerstat_package", tags)
        return metric
