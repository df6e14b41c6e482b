"""What a vendor's controller calls a sensor that we know by its canonical name.

    fan3_rpm ──► Dell "Fan3 RPM" · HPE "Fan 3" in percent · Supermicro "FAN3"

A scheme is a list of rules, a canonical name with `{n}` for its number, and what becomes of it. The entity is
IPMI's (table 43-13 of its specification), which tells apart sensors of one name. What has no rule keeps its
canonical name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Spelling(NamedTuple):
    """A vendor's name, its entity, and whether a fan's speed is told in percent of the highest."""

    name: str
    entity: str = "7.1"
    in_percent: bool = False

    def of(self, number: str) -> Spelling:
        """The same for one numbered part."""
        return Spelling(self.name.format(n=number), self.entity.format(n=number), self.in_percent)


Scheme = Callable[[str], Spelling]
_NUMBER = re.compile(r"\d+")


def scheme(rules: Mapping[str, Spelling]) -> Scheme:
    """Finds a sensor's rule by its name, its number left out."""

    def spell(sensor: str) -> Spelling:
        found = _NUMBER.search(sensor)
        rule = rules.get(_NUMBER.sub("{n}", sensor, count=1))
        return rule.of(found[0] if found else "") if rule else Spelling(sensor)

    return spell


DELL = scheme(
    {
        "inlet_temp_c": Spelling("Inlet Temp"),
        "exhaust_temp_c": Spelling("Exhaust Temp"),
        "cpu{n}_temp_c": Spelling("Temp", "3.{n}"),
        "cpu{n}_margin_c": Spelling("P{n} Therm Margin", "3.{n}"),
        "cpu{n}_power_w": Spelling("CPU{n} Power", "3.{n}"),
        "dimm_temp_c": Spelling("DIMM Temp", "32.1"),
        "vrm_temp_c": Spelling("VRM Temp"),
        "fan{n}_pct": Spelling("Fan{n} Duty"),
        "fan{n}_rpm": Spelling("Fan{n} RPM", "7.1"),
        "psu{n}_in_w": Spelling("PS{n} Input Power", "10.{n}"),
        "psu{n}_out_w": Spelling("PS{n} Output Power", "10.{n}"),
        "psu{n}_vin": Spelling("Voltage {n}", "10.{n}"),
        "psu{n}_temp_c": Spelling("PS{n} Temp", "10.{n}"),
        "power_w": Spelling("Pwr Consumption"),
    }
)
HPE = scheme(
    {
        "inlet_temp_c": Spelling("01-Inlet Ambient", "64.1"),
        "exhaust_temp_c": Spelling("37-Sys Exhaust", "66.1"),
        "cpu{n}_temp_c": Spelling("0{n}-CPU {n}", "65.{n}"),
        "cpu{n}_margin_c": Spelling("CPU {n} Margin", "65.{n}"),
        "cpu{n}_power_w": Spelling("CPU {n} Power", "65.{n}"),
        "fan{n}_pct": Spelling("Fan {n}", "29.{n}"),
        "dimm_temp_c": Spelling("08-DIMM", "32.1"),
        "vrm_temp_c": Spelling("21-VRM", "20.1"),
        "fan{n}_rpm": Spelling("Fan {n}", "29.{n}", in_percent=True),
        "psu{n}_in_w": Spelling("Power Supply {n}", "10.{n}"),
        "psu{n}_out_w": Spelling("PS {n} Output", "10.{n}"),
        "psu{n}_vin": Spelling("PS {n} Input", "10.{n}"),
        "psu{n}_temp_c": Spelling("25-PS {n}", "10.{n}"),
        "power_w": Spelling("Power Meter"),
    }
)
SUPERMICRO = scheme(
    {
        "inlet_temp_c": Spelling("Inlet Temp", "55.1"),
        "exhaust_temp_c": Spelling("Exhaust Temp", "55.2"),
        "cpu{n}_temp_c": Spelling("CPU{n} Temp", "3.{n}"),
        "cpu{n}_margin_c": Spelling("P{n} Therm Margin", "3.{n}"),
        "cpu{n}_power_w": Spelling("CPU{n} Power", "3.{n}"),
        "dimm_temp_c": Spelling("DIMM Temp", "32.1"),
        "vrm_temp_c": Spelling("VRM Temp", "7.1"),
        "fan{n}_pct": Spelling("FAN{n}", "29.{n}"),
        "fan{n}_rpm": Spelling("FAN{n}", "29.{n}"),
        "psu{n}_in_w": Spelling("PS{n} Input Power", "10.{n}"),
        "psu{n}_out_w": Spelling("PS{n} Output Power", "10.{n}"),
        "psu{n}_vin": Spelling("PS{n} VIN", "10.{n}"),
        "psu{n}_temp_c": Spelling("PS{n} Temp", "10.{n}"),
        "power_w": Spelling("instantaneous_power_reading", ""),
    }
)
SCHEMES: Mapping[str, Scheme] = {"dell": DELL, "hpe": HPE, "supermicro": SUPERMICRO}
