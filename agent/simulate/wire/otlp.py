"""OpenTelemetry's metrics of hardware, as the collector's Kafka exporter sends them: protobuf, or its JSON.

Names are those of the semantic conventions (hw.*). The host is an attribute of the resource; what a supply
gives is a sum that may fall, all else a gauge.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, MetricsData, ScopeMetrics

from agent.simulate.machines import SECOND_NS, HostPoll, Machine, WireMessage

SCOPE = "hardware"
CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
_NUMBER = re.compile(r"\d+")


class Point(NamedTuple):
    """A metric and the attributes of its data point; `{n}` is the part's number."""

    metric: str
    unit: str
    hw_id: str
    hw_type: str = ""
    location: str = ""
    is_sum: bool = False

    def attributes(self, number: str) -> dict[str, str]:
        told = {"hw.id": self.hw_id, "hw.type": self.hw_type, "hw.sensor_location": self.location}
        return {name: value.format(n=number) for name, value in told.items() if value}


POINTS = {
    "inlet_temp_c": Point("hw.temperature", "Cel", "inlet", "temperature", "INLET"),
    "exhaust_temp_c": Point("hw.temperature", "Cel", "exhaust", "temperature", "EXHAUST"),
    "cpu{n}_temp_c": Point("hw.temperature", "Cel", "cpu{n}", "cpu", "CPU{n}_DIE"),
    "cpu{n}_margin_c": Point("hw.temperature", "Cel", "cpu{n}_margin", "cpu", "CPU{n}_MARGIN"),
    "dimm_temp_c": Point("hw.temperature", "Cel", "dimm", "memory", "DIMM"),
    "vrm_temp_c": Point("hw.temperature", "Cel", "vrm", "temperature", "VRM"),
    "psu{n}_temp_c": Point("hw.temperature", "Cel", "psu{n}", "power_supply", "PS{n}"),
    "gpu{n}_temp_c": Point("hw.temperature", "Cel", "gpu{n}", "gpu", "GPU{n}"),
    "gpu{n}_power_w": Point("hw.power", "W", "gpu{n}", "gpu"),
    "gpu{n}_util": Point("hw.gpu.utilization", "1", "gpu{n}"),
    "fan{n}_rpm": Point("hw.fan.speed", "rpm", "fan{n}"),
    "fan{n}_pct": Point("hw.fan.speed_ratio", "1", "fan{n}"),
    "psu{n}_in_w": Point("hw.power", "W", "psu{n}", "power_supply"),
    "psu{n}_out_w": Point("hw.power_supply.usage", "W", "psu{n}", is_sum=True),
    "psu{n}_vin": Point("hw.voltage", "V", "psu{n}", "power_supply"),
    "cpu{n}_power_w": Point("hw.power", "W", "cpu{n}", "cpu"),
    "power_w": Point("hw.host.power", "W", "host"),
    "cpu_util": Point("system.cpu.utilization", "1", ""),
    "cpu_freq_hz": Point("system.cpu.frequency", "Hz", ""),
}


class OtlpWriter:
    """One host's resource with all its metrics in one message, as protobuf."""

    def __init__(self, machine: Machine) -> None:
        self._data = MetricsData()
        resource = self._data.resource_metrics.add()
        host = resource.resource.attributes.add(key="host.name")
        host.value.string_value = machine.name
        self._scope = resource.scope_metrics.add()
        self._scope.scope.name = SCOPE

    def write(self, poll: HostPoll) -> Iterator[WireMessage]:
        del self._scope.metrics[:]
        for sensor, value in poll.values.items():
            _add(self._scope, sensor, value, poll.stamp_s * SECOND_NS)
        yield WireMessage(self._data.SerializeToString(deterministic=True), poll.stamp_s)


class OtlpJsonWriter:
    """The same in protobuf's JSON, where integers of 64 bits are in quotes."""

    def __init__(self, machine: Machine) -> None:
        self._resource = {"attributes": [_attribute("host.name", machine.name)]}

    def write(self, poll: HostPoll) -> Iterator[WireMessage]:
        metrics = [_as_json(sensor, value, poll.stamp_s * SECOND_NS) for sensor, value in poll.values.items()]
        scope = {"scope": {"name": SCOPE}, "metrics": metrics}
        told = {"resourceMetrics": [{"resource": self._resource, "scopeMetrics": [scope]}]}
        yield WireMessage(json.dumps(told, separators=(",", ":")).encode(), poll.stamp_s)


@lru_cache(maxsize=4096)
def _point_of(sensor: str) -> tuple[Point, dict[str, str]]:
    """The metric of a canonical sensor and its data point's attributes."""
    found = _NUMBER.search(sensor)
    point = POINTS.get(_NUMBER.sub("{n}", sensor, count=1)) or Point(sensor, "1", sensor)
    return point, point.attributes(found[0] if found else "")


def _add(scope: ScopeMetrics, sensor: str, value: float, time_ns: int) -> None:
    point, attributes = _point_of(sensor)
    metric = scope.metrics.add(name=point.metric, unit=point.unit)
    if point.is_sum:
        metric.sum.aggregation_temporality = CUMULATIVE
    told = (metric.sum if point.is_sum else metric.gauge).data_points.add(time_unix_nano=time_ns)
    if value == int(value):
        told.as_int = int(value)
    else:
        told.as_double = value
    for name, text in attributes.items():
        told.attributes.add(key=name).value.string_value = text


def _as_json(sensor: str, value: float, time_ns: int) -> dict[str, object]:
    point, attributes = _point_of(sensor)
    told: dict[str, object] = {
        "timeUnixNano": str(time_ns),
        "attributes": [_attribute(name, text) for name, text in attributes.items()],
    }
    told |= {"asInt": str(int(value))} if value == int(value) else {"asDouble": value}
    data = {"dataPoints": [told]}
    kind = {"sum": {**data, "aggregationTemporality": int(CUMULATIVE)}} if point.is_sum else {"gauge": data}
    return {"name": point.metric, "unit": point.unit, **kind}


def _attribute(name: str, text: str) -> dict[str, object]:
    return {"key": name, "value": {"stringValue": text}}
