"""Power units, UPSs and cooling units over SNMP, as Telegraf sends what their MIBs (all APC's) hold.

    snmp_pdu_phase,agent_host=pdu-r01-a,phase=1,rack=r01 rPDU2PhaseStatusCurrent=28i,…

Objects are whole numbers of small units. What a unit has no object for, such as the power of a cooling unit,
comes from the building's gateway in the native form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from agent.simulate.machines import HostPoll, Machine, WireMessage
from agent.simulate.wire.native import NativeWriter
from agent.simulate.wire.telegraf import Fields, Metric

_PHASE = re.compile(r"phase(\d)_(\w+)")


class Object(NamedTuple):
    """An object of a MIB, and how many of its units make one of ours."""

    name: str
    per_unit: float


PHASES = {
    "a": Object("rPDU2PhaseStatusCurrent", 10.0),
    "v": Object("rPDU2PhaseStatusVoltage", 1.0),
    "w": Object("rPDU2PhaseStatusPower", 0.1),
}
PDU = {
    "power_w": Object("rPDU2DeviceStatusPower", 0.1),
    "energy_j": Object("rPDU2DeviceStatusEnergy", 1 / 3.6e5),
}
UPS = {
    "battery_pct": Object("upsHighPrecBatteryCapacity", 10.0),
    "input_v": Object("upsHighPrecInputLineVoltage", 10.0),
    "output_v": Object("upsHighPrecOutputVoltage", 10.0),
    "load_util": Object("upsHighPrecOutputLoad", 1_000.0),
    "power_w": Object("upsAdvOutputActivePower", 1.0),
}
COOLING = {
    "supply_temp_c": Object("airIRRCUnitStatusSupplyAirTempMetric", 10.0),
    "return_temp_c": Object("airIRRCUnitStatusReturnAirTempMetric", 10.0),
    "chw_supply_c": Object("airIRRCUnitStatusEnteringFluidTemperatureMetric", 10.0),
    "fan_pct": Object("airIRRCUnitStatusFanSpeed", 1_000.0),
}
OBJECTS: Mapping[str, Mapping[str, Object]] = {"pdu": PDU, "ups": UPS, "crah": COOLING, "crac": COOLING}
MEASUREMENTS = {"pdu": "snmp_pdu", "ups": "snmp_ups", "crah": "snmp_cooling", "crac": "snmp_cooling"}


class SnmpWriter:
    """One unit, asked by a collector."""

    def __init__(self, machine: Machine, metric: type[Metric]) -> None:
        self._objects = OBJECTS.get(machine.kind, {})
        self._tags = {"agent_host": machine.name, "host": machine.collector, "rack": machine.rack}
        self._measurement, self._metric = MEASUREMENTS.get(machine.kind, "snmp"), metric
        self._device = metric(self._measurement, self._tags)
        self._phases: dict[str, Metric] = {}
        self._gateway = NativeWriter(machine)

    def write(self, poll: HostPoll) -> Iterator[WireMessage]:
        device: dict[str, float | int] = {}
        phases: dict[str, dict[str, float | int]] = {}
        rest: dict[str, float] = {}
        for name, value in poll.values.items():
            phase = _PHASE.fullmatch(name)
            if phase and phase[2] in PHASES:
                _put(phases.setdefault(phase[1], {}), PHASES[phase[2]], value)
            elif name in self._objects:
                _put(device, self._objects[name], value)
            else:
                rest[name] = value
        if device:
            yield WireMessage(self._device.text(device, poll.stamp_s), poll.stamp_s)
        for number, fields in phases.items():
            yield WireMessage(self._phase(number, fields, poll.stamp_s), poll.stamp_s)
        if rest:
            yield from self._gateway.write(HostPoll(rest, poll.stamp_s))

    def _phase(self, number: str, fields: Fields, stamp_s: int) -> bytes:
        metric = self._phases.get(number)
        if metric is None:
            metric = self._metric(f"{self._measurement}_phase", self._tags | {"phase": number})
            self._phases[number] = metric
        return metric.text(fields, stamp_s)


def _put(fields: dict[str, float | int], of: Object, value: float) -> None:
    fields[of.name] = round(value * of.per_unit)
