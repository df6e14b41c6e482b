"""Telegraf's redfish plug-in: temperatures and fans with their limits, and a second later what power flows.

What each vendor leaves out is left out here: HPE's controllers tell fans in percent and of a supply only its
output; its supplies all have one name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent.simulate.machines import HostPoll, Machine, WireMessage
from agent.simulate.wire.ipmi import LOWEST_PERCENT, LOWEST_RPM
from agent.simulate.wire.spellings import Scheme, Spelling, scheme
from agent.simulate.wire.telegraf import Metric

# Canonical name, its number left out → upper critical and fatal limit in °C.
LIMITS_C = {
    "inlet_temp_c": (42, 47),
    "exhaust_temp_c": (75, 80),
    "cpu{n}_temp_c": (95, 100),
    "dimm_temp_c": (85, 95),
    "vrm_temp_c": (105, 115),
    "psu{n}_temp_c": (85, 90),
}
_MEMBERS = {name: at for at, name in enumerate(LIMITS_C)}
POWER_AFTER_S = 1  # the plug-in asks for /Power once it has /Thermal
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Vendor:
    """How one vendor's tree looks to the plug-in."""

    spell: Scheme
    supply_name: str
    supply_member: str
    supply_fields: Mapping[str, str]  # field → canonical name


_ALL_OF_A_SUPPLY = {
    "line_input_voltage": "psu{n}_vin",
    "power_input_watts": "psu{n}_in_w",
    "power_output_watts": "psu{n}_out_w",
}


def _temperatures(names: Mapping[str, str]) -> dict[str, Spelling]:
    return {sensor: Spelling(name) for sensor, name in names.items()}


VENDORS: Mapping[str, Vendor] = {
    "dell": Vendor(
        scheme(
            _temperatures(
                {
                    "inlet_temp_c": "System Board Inlet Temp",
                    "exhaust_temp_c": "System Board Exhaust Temp",
                    "cpu{n}_temp_c": "CPU{n} Temp",
                    "dimm_temp_c": "DIMM Temp",
                    "vrm_temp_c": "VRM Temp",
                    "psu{n}_temp_c": "PS{n} Temp",
                    "fan{n}_rpm": "System Board Fan{n}",
                    "fan{n}_pct": "System Board Fan{n}",
                    "cpu{n}_margin_c": "P{n} Therm Margin",
                }
            )
        ),
        "PS{n} Status",
        "PSU.Slot.{n}",
        _ALL_OF_A_SUPPLY,
    ),
    "hpe": Vendor(
        scheme(
            _temperatures(
                {
                    "inlet_temp_c": "01-Inlet Ambient",
                    "exhaust_temp_c": "37-Sys Exhaust",
                    "cpu{n}_temp_c": "0{n}-CPU {n}",
                    "dimm_temp_c": "08-DIMM",
                    "vrm_temp_c": "21-VRM",
                    "psu{n}_temp_c": "25-PS {n}",
                    "fan{n}_pct": "Fan {n}",
                    "cpu{n}_margin_c": "CPU {n} Margin",
                }
            )
            | {"fan{n}_rpm": Spelling("Fan {n}", in_percent=True)}
        ),
        "HpeServerPowerSupply",
        "{n}",
        {"line_input_voltage": "psu{n}_vin", "last_power_output_watts": "psu{n}_out_w"},
    ),
    "supermicro": Vendor(
        scheme(
            _temperatures(
                {
                    "inlet_temp_c": "Inlet Temp",
                    "exhaust_temp_c": "Exhaust Temp",
                    "cpu{n}_temp_c": "CPU{n} Temp",
                    "dimm_temp_c": "DIMM Temp",
                    "vrm_temp_c": "VRM Temp",
                    "psu{n}_temp_c": "PS{n} Temp",
                    "fan{n}_rpm": "FAN{n}",
                    "fan{n}_pct": "FAN{n}",
                    "cpu{n}_margin_c": "P{n} Therm Margin",
                }
            )
        ),
        "Power Supply Bay {n}",
        "{n}",
        _ALL_OF_A_SUPPLY,
    ),
}


class RedfishWriter:
    """One machine's controller, asked over HTTPS."""

    def __init__(self, machine: Machine, vendor: Vendor, metric: type[Metric]) -> None:
        self._machine, self._vendor, self._metric = machine, vendor, metric
        self._tags = {
            "address": machine.address, "datacenter": "", "health": "OK", "host": machine.collector,
            "rack": machine.rack, "room": "", "row": machine.row, "source": machine.name, "state": "Enabled",
        }  # fmt: skip
        self._known: dict[tuple[str, bool], Metric] = {}

    def write(self, poll: HostPoll) -> Iterator[WireMessage]:
        for name, value in poll.values.items():
            if name.endswith("_c"):
                yield WireMessage(self._temperature(name, value, poll.stamp_s), poll.stamp_s)
        for name, value in poll.values.items():
            if name.startswith("fan"):
                yield WireMessage(self._fan(name, value, poll.stamp_s), poll.stamp_s)
        later_s = poll.stamp_s + POWER_AFTER_S
        for supply in sorted({name[3] for name in poll.values if name.startswith("psu")}):
            text = self._supply(supply, poll.values, later_s)
            if text is not None:
                yield WireMessage(text, later_s)
        if "power_w" in poll.values:
            yield WireMessage(self._control(poll.values["power_w"], later_s), later_s)

    def _temperature(self, name: str, value: float, stamp_s: int) -> bytes:
        rule = _NUMBER.sub("{n}", name, count=1)
        metric = self._known.get((name, True))
        if metric is None:
            member = f"{_MEMBERS.get(rule, len(_MEMBERS))}{_number_in(name)}"
            tags = {"member_id": member, "name": self._vendor.spell(name).name}
            metric = self._keep((name, True), "redfish_thermal_temperatures", tags)
        fields: dict[str, float | int] = {"reading_celsius": value}
        if rule in LIMITS_C:
            critical, fatal = LIMITS_C[rule]
            fields |= {"upper_threshold_critical": critical, "upper_threshold_fatal": fatal}
        return metric.text(fields, stamp_s)

    def _fan(self, name: str, speed: float, stamp_s: int) -> bytes:
        spelling, number = self._vendor.spell(name), _number_in(name)
        in_percent = spelling.in_percent or name.endswith("_pct")
        highest = 1.0 if name.endswith("_pct") else self._machine.fan_rpm_max
        told = round(100 * speed / highest) if in_percent else round(speed)
        is_well = told >= (LOWEST_PERCENT if in_percent else LOWEST_RPM)
        metric = self._known.get((name, is_well)) or self._keep(
            (name, is_well), "redfish_thermal_fans", {"member_id": f"Fan.{number}", "name": spelling.name}
        )
        if in_percent:
            return metric.text({"reading_percent": told}, stamp_s)
        return metric.text({"lower_threshold_critical": LOWEST_RPM, "reading_rpm": told}, stamp_s)

    def _supply(self, number: str, read: Mapping[str, float], stamp_s: int) -> bytes | None:
        sent = {field: name.format(n=number) for field, name in self._vendor.supply_fields.items()}
        fields: dict[str, float | int] = {field: read[name] for field, name in sent.items() if name in read}
        if not fields:
            return None
        is_well = read.get(f"psu{number}_out_w", 1.0) > 0
        tags = {
            "member_id": self._vendor.supply_member.format(n=number),
            "name": self._vendor.supply_name.format(n=number),
        }
        metric = self._known.get((f"psu{number}", is_well)) or self._keep(
            (f"psu{number}", is_well), "redfish_power_powersupplies", tags
        )
        return metric.text(fields | {"power_capacity_watts": self._machine.supply_w}, stamp_s)

    def _control(self, power_w: float, stamp_s: int) -> bytes:
        metric = self._known.get(("power_w", True))
        if metric is None:
            tags = {key: value for key, value in self._tags.items() if key not in ("health", "state")}
            tags |= {"member_id": "PowerControl", "name": "System Power Control"}
            metric = self._known["power_w", True] = self._metric("redfish_power_powercontrol", tags)
        return metric.text({"interval_in_min": 0, "power_consumed_watts": power_w}, stamp_s)

    def _keep(self, key: tuple[str, bool], measurement: str, own: Mapping[str, str]) -> Metric:
        tags = {**self._tags, **own, "health": "OK" if key[1] else "Critical"}
        metric = self._known[key] = self._metric(measurement, tags)
        return metric


def _number_in(name: str) -> str:
    found = _NUMBER.search(name)
    return found[0] if found else ""
