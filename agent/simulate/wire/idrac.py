"""What Dell's iDRAC calls its metrics: a context, the sensor's name, and a MetricId, what is read of it."""

from __future__ import annotations

import re
from typing import NamedTuple


class Metric(NamedTuple):
    """A sensor as the iDRAC's reports have it."""

    report: str  # that it comes in
    context: str
    metric_id: str

    @property
    def fqdd(self) -> str:
        """The sensor's address on the board."""
        if self.context.startswith("CPU.Socket"):
            return self.context
        return f"iDRAC.Embedded.1#{self.context.replace(' ', '')}"

    def of(self, number: str) -> Metric:
        """The same for one numbered part."""
        return self._replace(context=self.context.format(n=number))


THERMAL, FANS, POWER, SENSORS = "ThermalSensor", "FanSensor", "PowerMetrics", "Sensor"
_METRICS = {
    "inlet_temp_c": Metric(THERMAL, "System Board Inlet Temp", "TemperatureReading"),
    "exhaust_temp_c": Metric(THERMAL, "System Board Exhaust Temp", "TemperatureReading"),
    "cpu{n}_temp_c": Metric(THERMAL, "CPU{n} Temp", "TemperatureReading"),
    "cpu{n}_margin_c": Metric(THERMAL, "P{n} Therm Margin", "TemperatureReading"),
    "dimm_temp_c": Metric(THERMAL, "DIMM Temp", "TemperatureReading"),
    "vrm_temp_c": Metric(THERMAL, "VRM Temp", "TemperatureReading"),
    "psu{n}_temp_c": Metric(THERMAL, "PS{n} Temp", "TemperatureReading"),
    "fan{n}_rpm": Metric(FANS, "System Board Fan{n}", "RPMReading"),
    "psu{n}_in_w": Metric(SENSORS, "PS{n} Input Power", "WattsReading"),
    "psu{n}_out_w": Metric(SENSORS, "PS{n} Output Power", "WattsReading"),
    "psu{n}_vin": Metric(SENSORS, "PS{n} Voltage {n}", "VoltageReading"),
    "cpu{n}_power_w": Metric(POWER, "CPU.Socket.{n}", "PkgPwr"),
    "power_w": Metric(POWER, "System Board Pwr Consumption", "WattsReading"),
}
_BY_ENDING = {"c": "TemperatureReading", "rpm": "RPMReading", "w": "WattsReading", "vin": "VoltageReading"}
_NUMBER = re.compile(r"\d+")


def metric_of(sensor: str) -> Metric:
    """The iDRAC's metric for a canonical sensor; one that Dell has no name for keeps its own."""
    found = _NUMBER.search(sensor)
    known = _METRICS.get(_NUMBER.sub("{n}", sensor, count=1))
    if known is not None:
        return known.of(found[0] if found else "")
    return Metric(SENSORS, sensor, _BY_ENDING.get(sensor.rpartition("_")[2], "Reading"))
