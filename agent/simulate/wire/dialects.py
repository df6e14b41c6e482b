"""The dialects by name: what `--dialect` may say, and who writes it for which vendor's machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.simulate.machines import Machine, Writer
from agent.simulate.wire import metric_report, redfish
from agent.simulate.wire.in_band import BEYOND_A_CONTROLLER, BEYOND_REDFISH, WithAgent
from agent.simulate.wire.ipmi import IpmiWriter
from agent.simulate.wire.kafkapump import KafkapumpWriter
from agent.simulate.wire.native import NativeWriter
from agent.simulate.wire.otlp import OtlpJsonWriter, OtlpWriter
from agent.simulate.wire.prometheus import PrometheusWriter
from agent.simulate.wire.snmp import SnmpWriter
from agent.simulate.wire.spellings import SCHEMES
from agent.simulate.wire.telegraf import JsonMetric, LineMetric, Metric

Make = Callable[[Machine, str], Writer]


@dataclass(frozen=True, slots=True)
class Dialect:
    """One wire format: what it is, whose names it can carry, and its writers."""

    about: str
    vendors: tuple[str, ...]
    make: Make
    is_text: bool = True


def _ipmi(metric: type[Metric]) -> Make:
    return lambda machine, vendor: WithAgent(
        machine, IpmiWriter(machine, SCHEMES[vendor], metric), metric, BEYOND_A_CONTROLLER
    )


def _redfish(metric: type[Metric]) -> Make:
    return lambda machine, vendor: WithAgent(
        machine, redfish.RedfishWriter(machine, redfish.VENDORS[vendor], metric), metric, BEYOND_REDFISH
    )


def _metric_report(machine: Machine, vendor: str) -> Writer:
    if vendor == "dell":
        controller: Writer = metric_report.DellReports(machine)
    elif vendor == "lenovo":
        controller = metric_report.PropertyReports(machine, metric_report.LENOVO, None)
    else:
        controller = metric_report.PropertyReports(machine, metric_report.OPENBMC, 6)
    return WithAgent(machine, controller, JsonMetric, BEYOND_A_CONTROLLER)


_MAKES = tuple(SCHEMES)
DIALECTS: Mapping[str, Dialect] = {
    "ipmi": Dialect("Telegraf's ipmi_sensor, line protocol", _MAKES, _ipmi(LineMetric)),
    "ipmi-json": Dialect("Telegraf's ipmi_sensor, JSON", _MAKES, _ipmi(JsonMetric)),
    "redfish": Dialect("Telegraf's redfish, JSON", tuple(redfish.VENDORS), _redfish(JsonMetric)),
    "redfish-line": Dialect(
        "Telegraf's redfish, line protocol", tuple(redfish.VENDORS), _redfish(LineMetric)
    ),
    "prometheus": Dialect(
        "ipmi_exporter and DCGM through prometheus-kafka-adapter",
        _MAKES,
        lambda machine, vendor: PrometheusWriter(machine, SCHEMES[vendor]),
    ),
    "otlp": Dialect(
        "OpenTelemetry's Kafka exporter, protobuf",
        ("opentelemetry",),
        lambda machine, _: OtlpWriter(machine),
        is_text=False,
    ),
    "otlp-json": Dialect(
        "OpenTelemetry's Kafka exporter, JSON",
        ("opentelemetry",),
        lambda machine, _: OtlpJsonWriter(machine),
    ),
    "metric-report": Dialect("Redfish metric reports", ("dell", "lenovo", "openbmc"), _metric_report),
    "kafkapump": Dialect(
        "Dell's kafkapump",
        ("dell",),
        lambda machine, _: WithAgent(machine, KafkapumpWriter(machine), JsonMetric, BEYOND_A_CONTROLLER),
    ),
    "native": Dialect("the native JSON", ("coldaisle",), lambda machine, _: NativeWriter(machine)),
}
MIXED = "mixed"
SNMP = Dialect(
    "PDUs, UPSs and cooling units over SNMP, Telegraf's line protocol",
    ("apc",),
    lambda machine, _: SnmpWriter(machine, LineMetric),
)
