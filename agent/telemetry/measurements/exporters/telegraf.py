"""Telegraf's own measurements as Prometheus metrics: its outputs call them measurement_field.

    ipmi_sensor_value{name="inlet_temp",unit="degrees_c",server="10.2.3.4"} 25  field `value` of `ipmi_sensor`
    redfish_thermal_fans_reading_rpm{member_id="0",name="Fan1A"} 5040           `reading_rpm` of `redfish_…`
    nvidia_smi_power_draw{index="0",uuid="GPU-…"} 412                           `power_draw` of `nvidia_smi`

Each is told from other exporters' metrics of such a name by the tags that the measurement always has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements import host_cpu, ipmi_sensor, lm_sensors, nvidia_smi, redfish, temp


class Measurement(NamedTuple):
    name: str
    tags: tuple[str, ...]  # all of which it has
    meaning_of: Callable[[str, Tags, str], Meaning | None]
    without: str = ""  # a tag of another exporter's metric of the same name


MEASUREMENTS = (
    Measurement("ipmi_sensor", ("name",), ipmi_sensor.meaning_of, "type"),
    *(Measurement(name, ("member_id", "address"), redfish.meaning_of) for name in redfish.MEASUREMENTS),
    Measurement("nvidia_smi", ("index", "uuid"), nvidia_smi.meaning_of),
    Measurement("temp", ("sensor", "host"), temp.meaning_of),
    Measurement("sensors", ("chip", "feature"), lm_sensors.meaning_of),
    Measurement("cpu", ("cpu", "host"), host_cpu.meaning_of),
    Measurement(host_cpu.PACKAGE, ("package_id",), host_cpu.meaning_of),
    Measurement(host_cpu.CORE, ("package_id", "core_id"), host_cpu.meaning_of),
)


def field_of(metric: str, labels: Tags) -> tuple[Measurement, str] | None:
    """The measurement and field behind a metric; None where it is no measurement of Telegraf's."""
    for known in MEASUREMENTS:
        if not metric.startswith(f"{known.name}_") or known.without in labels:
            continue
        if all(labels.get(tag) for tag in known.tags):
            return known, metric[len(known.name) + 1 :]
    return None
