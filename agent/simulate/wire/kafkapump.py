"""Dell's kafkapump: the readings of one machine as an array. A value of 0 is left out, as its sender does."""

from __future__ import annotations

import json
from collections.abc import Iterator

from agent.simulate.machines import HostPoll, Machine, WireMessage, number
from agent.simulate.wire.idrac import metric_of


class KafkapumpWriter:
    """One iDRAC's metrics; its service tag is the machine's name here."""

    def __init__(self, machine: Machine) -> None:
        self._host = json.dumps(machine.name)
        self._names: dict[str, str] = {}

    def write(self, poll: HostPoll) -> Iterator[WireMessage]:
        head = f'{{"time":{poll.stamp_s},"event":"metric","host":{self._host},"fields":{{'
        entries = []
        for sensor, value in poll.values.items():
            name = self._names.get(sensor) or self._spell(sensor)
            told = f'"_value":{number(value)},' if value else ""
            entries.append(f'{head}{told}"metric_name":{name}}}}}')
        yield WireMessage(f"[{','.join(entries)}]".encode(), poll.stamp_s)

    def _spell(self, sensor: str) -> str:
        metric = metric_of(sensor)
        name = self._names[sensor] = json.dumps(f"{metric.context}_{metric.metric_id}")
        return name
