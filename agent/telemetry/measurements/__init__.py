"""What the fields of each collector's measurements mean, a module a family; `TABLE` finds the module.

A module offers `meaning_of(measurement, tags, field)`, which is asked once for each series and field and
never again while the series is known; and, where fields of one message judge each other, an entry in `JOINT`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements import (
    amd_rocm_smi,
    cluster_cockpit,
    collectd,
    disks,
    host_cpu,
    ipmi_sensor,
    lm_sensors,
    netdata,
    nvidia_smi,
    prometheus,
    redfish,
    snmp,
    temp,
    unknown,
    ups_daemons,
)

MeaningOf = Callable[[str, Tags, str], Meaning | None]
Joint = Callable[[Mapping[str, float]], frozenset[str]]

TABLE: dict[str, MeaningOf] = {
    "ipmi_sensor": ipmi_sensor.meaning_of,
    **dict.fromkeys(redfish.MEASUREMENTS, redfish.meaning_of),
    "prometheus": prometheus.meaning_of,
    "nvidia_smi": nvidia_smi.meaning_of,
    "amd_rocm_smi": amd_rocm_smi.meaning_of,
    "temp": temp.meaning_of,
    "sensors": lm_sensors.meaning_of,
    **dict.fromkeys(host_cpu.MEASUREMENTS, host_cpu.meaning_of),
    **dict.fromkeys(disks.MEASUREMENTS, disks.meaning_of),
    collectd.MEASUREMENT: collectd.meaning_of,
    netdata.MEASUREMENT: netdata.meaning_of,
    **dict.fromkeys(ups_daemons.MEASUREMENTS, ups_daemons.meaning_of),
}
# Measurement → which of a message's fields are to be left out, seen together.
JOINT: dict[str, Joint] = {
    **dict.fromkeys(redfish.SUPPLIES, redfish.ratings),
    "sensors": lm_sensors.faults,
}


def meaning_of(measurement: str, tags: Tags, field: str) -> Meaning | None:
    """The meaning of one field, None where it is no reading (or one that its tags disown)."""
    known = TABLE.get(measurement)
    if known is None and cluster_cockpit.is_one(measurement, tags, field):
        return cluster_cockpit.meaning_of(measurement, tags, field)
    if known is None and field in prometheus.VALUE_FIELDS:
        if snmp.is_exported(measurement, tags):
            return snmp.of_exporter(tags, measurement)
        if _is_metric(measurement, field):
            return prometheus.meaning_of("prometheus", tags, measurement)
    if measurement == "prometheus" and snmp.is_exported(field, tags):
        return snmp.of_exporter(tags, field)
    if known is None and prometheus.is_metric_field(field):
        return prometheus.meaning_of("prometheus", tags, field)
    if known is None and snmp.is_facility(measurement, tags, field):
        return snmp.meaning_of(measurement, tags, field)
    return (known or unknown.meaning_of)(measurement, tags, field)


def is_known(measurement: str, tags: Tags, field: str) -> bool:
    """Whether some collector's module above knows the field, be it a reading or none."""
    if measurement in TABLE or prometheus.is_metric_field(field):
        return True
    if field in prometheus.VALUE_FIELDS and (
        snmp.is_exported(measurement, tags) or _is_metric(measurement, field)
    ):
        return True
    return unknown.is_distribution(measurement) or snmp.is_facility(measurement, tags, field)


def _is_metric(measurement: str, field: str) -> bool:
    return field in prometheus.TYPED_FIELDS or prometheus.is_metric_name(measurement)
