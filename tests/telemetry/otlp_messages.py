"""OTLP messages for tests: written as JSON, and turned into protobuf by protobuf's own library."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData
from reading_messages import T_NS

HARDWARE = (
    '{"resourceMetrics":[{"resource":{"attributes":[{"key":"host.name","value":{"stringValue":"r01-n07"}}]},'
    '"scopeMetrics":[{"scope":{"name":"hwmon"},"metrics":[{"name":"hw.temperature","unit":"Cel","gauge":'
    '{"dataPoints":[{"asDouble":24.5,"timeUnixNano":"1767225600000000000","attributes":[{"key":"hw.id","value":'
    '{"stringValue":"inlet0"}},{"key":"hw.sensor_location","value":{"stringValue":"INLET"}}]}]}},'
    '{"name":"hw.host.power","unit":"W","gauge":{"dataPoints":[{"asDouble":412.0,"timeUnixNano":'
    '"1767225600000000000","attributes":[{"key":"hw.id","value":{"stringValue":"host"}}]}]}},'
    '{"name":"hw.fan.speed","unit":"rpm","gauge":{"dataPoints":[{"asInt":"5040","timeUnixNano":'
    '"1767225600000000000","attributes":[{"key":"hw.id","value":{"stringValue":"fan1"}}]}]}}]}]}]}'
)


def attributes(values: dict[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]


def point(value: float | str | None, own: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """A data point; `more` replaces fields, None leaves one out."""
    made = {"asDouble": value, "timeUnixNano": str(T_NS), "attributes": attributes(own or {}), **more}
    return {key: value for key, value in made.items() if value is not None}


def metric(name: str, unit: str, *points: dict[str, Any], **data: Any) -> dict[str, Any]:
    """A gauge, unless `data` says otherwise."""
    return {"name": name, "unit": unit, **(data or {"gauge": {"dataPoints": list(points)}})}


def one(name: str, unit: str, value: float | str, /, **own: str) -> dict[str, Any]:
    """A gauge with one point; attributes are written `hw_id` for `hw.id`, `sensor__location` for `_`."""
    named = {key.replace("__", "\0").replace("_", ".").replace("\0", "_"): text for key, text in own.items()}
    return metric(name, unit, point(value, named))


def document(
    *metrics: dict[str, Any], resource: dict[str, str] | None = None, scope: str = ""
) -> dict[str, Any]:
    owner = {"attributes": attributes({"host.name": "n1"} if resource is None else resource)}
    scoped = {"scope": {"name": scope}, "metrics": list(metrics)}
    return {"resourceMetrics": [{"resource": owner, "scopeMetrics": [scoped]}]}


def as_json(*metrics: dict[str, Any], **more: Any) -> str:
    return json.dumps(document(*metrics, **more))


def as_protobuf(*metrics: dict[str, Any], **more: Any) -> bytes:
    return protobuf_of(document(*metrics, **more))


def protobuf_of(told: dict[str, Any]) -> bytes:
    data: bytes = ParseDict(told, MetricsData()).SerializeToString(deterministic=True)
    return data
