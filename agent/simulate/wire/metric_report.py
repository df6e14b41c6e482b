"""Redfish metric reports as controllers push them: several sensors a message, every value in quotes.

Dell sends a report for each group of sensors and names them in an extension of its own; Lenovo names only the
property that it read; OpenBMC too, with the six decimals of its number formatting. Only Dell's says which
machine it is from (its service tag, the machine's name here); the others' `Context` is what their subscriber
asked them to say, here the machine's name as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from agent.simulate.machines import HostPoll, Machine, WireMessage, in_percent, number
from agent.simulate.wire.idrac import metric_of
from agent.simulate.wire.stamps import rfc3339

_SERVICE = "/redfish/v1/TelemetryService"
_NUMBER = re.compile(r"\d+")


class DellReports:
    """An iDRAC: reports of several groups, each with a sequence number of its own."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._tails: dict[
            str, tuple[str, str, str]
        ] = {}  # sensor → report, what precedes and follows a value
        self._sequence = 0

    def write(self, poll: HostPoll) -> Iterator[WireMessage]:
        stamp = rfc3339(poll.stamp_s).replace("Z", ".000Z")
        reports: dict[str, list[str]] = {}
        for sensor, value in poll.values.items():
            report, head, tail = self._tails.get(sensor) or self._spell(sensor)
            reports.setdefault(report, []).append(
                f'{head}"Timestamp":"{stamp}","MetricValue":"{number(value)}",{tail}'
            )
        for report, values in reports.items():
            self._sequence += 1
            yield WireMessage(self._report(report, values, stamp).encode(), poll.stamp_s)

    def _spell(self, sensor: str) -> tuple[str, str, str]:
        metric = metric_of(sensor)
        path = f"/redfish/v1/Dell/Systems/System.Embedded.1/DellNumericSensor/{metric.fqdd}#CurrentReading"
        oem = {
            "@odata.type": "#DellMetricReportValue.v1_0_1.DellMetricReportValue",
            "ContextID": metric.context,
            "Label": f"{metric.context} {metric.metric_id}",
            "Source": "rawsensor",
            "FQDD": metric.fqdd,
        }
        tail = f'"MetricProperty":{_json(path)},"Oem":{{"Dell":{_json(oem)}}}}}'
        known = self._tails[sensor] = (metric.report, f'{{"MetricId":{_json(metric.metric_id)},', tail)
        return known

    def _report(self, report: str, values: list[str], stamp: str) -> str:
        definition = f"{_SERVICE}/MetricReportDefinitions/{report}"
        dell = {
            "@odata.type": "#DellMetricReport.v1_0_0.DellMetricReport",
            "ServiceTag": self._machine.name,
            "iDRACFirmwareVersion": "7.10.90.00",
        }
        return (
            '{"@odata.type":"#MetricReport.v1_5_0.MetricReport",'
            '"@odata.context":"/redfish/v1/$metadata#MetricReport.MetricReport",'
            f'"@odata.id":"{_SERVICE}/MetricReports/{report}","Id":"{report}",'
            f'"Name":"{report} Metric Report",'
            f'"ReportSequence":"{self._sequence}","Timestamp":"{stamp}",'
            f'"MetricReportDefinition":{{"@odata.id":"{definition}"}},'
            f'"MetricValues":[{",".join(values)}],"MetricValues@odata.count":{len(values)},'
            f'"Oem":{{"Dell":{_json(dell)}}}}}'
        )


class Property(NamedTuple):
    """The report that a value comes in and where it stands in the tree; `{n}` is the part's number."""

    report: str
    path: str

    def of(self, number: str) -> Property:
        return self._replace(path=self.path.format(n=number))


def _sensors(report: str, chassis: str, names: dict[str, str]) -> dict[str, Property]:
    where = f"/redfish/v1/Chassis/{chassis}/Sensors/"
    return {sensor: Property(report, f"{where}{name}#/Reading") for sensor, name in names.items()}


_SUPPLY = "/redfish/v1/Chassis/1/PowerSubsystem/PowerSupplies/PSU{n}/Metrics#/"
LENOVO = _sensors(
    "ThermalMetrics",
    "1",
    {
        "inlet_temp_c": "Ambient_Temp",
        "exhaust_temp_c": "Exhaust_Temp",
        "cpu{n}_temp_c": "CPU_{n}_Temp",
        "cpu{n}_margin_c": "CPU_{n}_Margin_Temp",
        "fan{n}_pct": "Fan_{n}_PWM",
        "cpu{n}_power_w": "CPU_{n}_Power",
        "dimm_temp_c": "DIMM_Temp",
        "vrm_temp_c": "VRM_Temp",
        "psu{n}_temp_c": "PSU_{n}_Temp",
        "fan{n}_rpm": "Fan_{n}_Tach",
    },
) | {
    "psu{n}_in_w": Property("PowerMetrics", _SUPPLY + "InputPowerWatts/Reading"),
    "psu{n}_out_w": Property("PowerMetrics", _SUPPLY + "OutputPowerWatts/Reading"),
    "psu{n}_vin": Property("PowerMetrics", _SUPPLY + "InputVoltage/Reading"),
    "power_w": Property("PowerMetrics", "/redfish/v1/Chassis/1/Power#/PowerControl/0/PowerConsumedWatts"),
}
OPENBMC = _sensors(
    "PlatformSensors",
    "chassis",
    {
        "inlet_temp_c": "temperature_Inlet_Temp",
        "exhaust_temp_c": "temperature_Exhaust_Temp",
        "cpu{n}_temp_c": "temperature_CPU{n}_Temp",
        "cpu{n}_margin_c": "temperature_CPU{n}_Margin",
        "fan{n}_pct": "fanpwm_Fan{n}",
        "cpu{n}_power_w": "power_CPU{n}_Power",
        "dimm_temp_c": "temperature_DIMM_Temp",
        "vrm_temp_c": "temperature_VRM_Temp",
        "psu{n}_temp_c": "temperature_PSU{n}_Temp",
        "fan{n}_rpm": "fantach_Fan{n}",
        "psu{n}_in_w": "power_PSU{n}_Input_Power",
        "psu{n}_out_w": "power_PSU{n}_Output_Power",
        "psu{n}_vin": "voltage_PSU{n}_Input_Voltage",
        "power_w": "power_total_power",
    },
)
_OTHERS = Property("OtherSensors", "/redfish/v1/Chassis/1/Sensors/{n}#/Reading")


class PropertyReports:
    """A controller that names what it read by its place in the tree, and its subscriber by `Context`."""

    def __init__(self, machine: Machine, properties: dict[str, Property], decimals: int | None) -> None:
        """`decimals` after the point of every value; None for the shortest text."""
        self._properties, self._decimals = properties, decimals
        self._context = _json(machine.name)
        self._known: dict[str, tuple[str, str]] = {}  # sensor → report, path as JSON

    def write(self, poll: HostPoll) -> Iterator[WireMessage]:
        stamp = rfc3339(poll.stamp_s).replace("Z", "+00:00")
        reports: dict[str, list[str]] = {}
        for sensor, value in poll.values.items():
            report, path = self._known.get(sensor) or self._spell(sensor)
            sent = in_percent(sensor, value)
            told = number(sent) if self._decimals is None else f"{sent:.{self._decimals}f}"
            reports.setdefault(report, []).append(
                f'{{"MetricValue":"{told}","Timestamp":"{stamp}","MetricProperty":{path}}}'
            )
        for report, values in reports.items():
            yield WireMessage(self._report(report, values, stamp).encode(), poll.stamp_s)

    def _spell(self, sensor: str) -> tuple[str, str]:
        found = _NUMBER.search(sensor)
        known = self._properties.get(_NUMBER.sub("{n}", sensor, count=1))
        place = known.of(found[0] if found else "") if known else _OTHERS.of(sensor)
        self._known[sensor] = spelt = (place.report, _json(place.path))
        return spelt

    def _report(self, report: str, values: list[str], stamp: str) -> str:
        return (
            f'{{"@odata.id":"{_SERVICE}/MetricReports/{report}",'
            f'"@odata.type":"#MetricReport.v1_4_2.MetricReport","Id":"{report}","Name":"{report}",'
            f'"Context":{self._context},"Timestamp":"{stamp}",'
            f'"MetricReportDefinition":{{"@odata.id":"{_SERVICE}/MetricReportDefinitions/{report}"}},'
            f'"MetricValues":[{",".join(values)}]}}'
        )


def _json(told: object) -> str:
    return json.dumps(told, separators=(",", ":"))
