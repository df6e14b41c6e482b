"""Telegraf's `ipmi_sensor`, metric version 2: a metric a sensor, names in Telegraf's lower case."""

from __future__ import annotations

from collections.abc import Iterator

from agent.simulate.machines import HostPoll, Machine, WireMessage
from agent.simulate.wire.spellings import Scheme
from agent.simulate.wire.telegraf import Metric

LOWEST_RPM, LOWEST_PERCENT = 600, 5  # below it a fan is critical
_UNITS = {"c": "degrees_c", "rpm": "rpm", "w": "watts", "vin": "volts", "util": "percent", "pct": "percent"}


class IpmiWriter:
    """One machine's controller, asked by a collector over the network."""

    def __init__(self, machine: Machine, spell: Scheme, metric: type[Metric]) -> None:
        self._machine, self._spell, self._metric = machine, spell, metric
        self._known: dict[str, _Sensor] = {}

    def write(self, poll: HostPoll) -> Iterator[WireMessage]:
        for name, value in poll.values.items():
            sensor = self._known.get(name)
            if sensor is None:
                sensor = self._known[name] = _Sensor(self._machine, name, self._spell, self._metric)
            yield WireMessage(sensor.text(value, poll.stamp_s), poll.stamp_s)


class _Sensor:
    """One row of the controller's sensor list, as a metric while it is well and while it is critical."""

    def __init__(self, machine: Machine, name: str, spell: Scheme, metric: type[Metric]) -> None:
        spelling = spell(name)
        unit = "percent" if spelling.in_percent else _UNITS.get(name.rpartition("_")[2], "unspecified")
        tags = {
            "entity_id": spelling.entity,
            "host": machine.collector,
            "name": spelling.name.strip().lower().replace(" ", "_"),
            "server": machine.name,
            "unit": unit,
        }
        if spelling.entity:  # a reading of DCMI has neither
            self._ok, self._critical = (
                metric("ipmi_sensor", tags | {"status_code": code}) for code in ("ok", "cr")
            )
        else:
            self._ok = self._critical = metric("ipmi_sensor", tags)
        self._scale = (
            100.0 / machine.fan_rpm_max if spelling.in_percent else 100.0 if unit == "percent" else 1.0
        )
        self._in_whole = spelling.in_percent
        lowest = {"rpm": LOWEST_RPM, "percent": LOWEST_PERCENT}
        self._lowest = lowest.get(unit, LOWEST_RPM) if name.startswith("fan") else float("-inf")

    def text(self, value: float, stamp_s: int) -> bytes:
        sent = value if self._scale == 1.0 else round(value * self._scale, 0 if self._in_whole else 3)
        metric = self._critical if sent < self._lowest else self._ok
        return metric.text({"value": float(sent)}, stamp_s)
