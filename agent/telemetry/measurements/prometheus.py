"""Prometheus metrics by their names: which exporter a metric is of, and so whose table has it.

Telegraf brings them as `prometheus,… METRIC=24` (version 2) or `METRIC,… gauge=24` (version 1), others as
JSON; all end here, the metric's name as the field and its labels as tags.

    METRIC ─► exporters/telegraf                                         a measurement of Telegraf's own
           ├► exporters/{ipmi, node, gpus, redfish, bmcs, ups, energy, disks}, dcgm      by its beginning
           └► exporters/generic                                                  by the unit in its name
"""

from __future__ import annotations

import re
from collections.abc import Callable

from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements import dcgm, unknown
from agent.telemetry.measurements.exporters import (
    bmcs,
    disks,
    energy,
    generic,
    gpus,
    ipmi,
    node,
    redfish,
    telegraf,
    ups,
)
from agent.telemetry.measurements.exporters.endings import HISTOGRAM_LABELS, is_no_reading

MetricMeaning = Callable[[str, Tags], Meaning | None]
VALUE_FIELDS = unknown.VALUE_FIELDS
TYPED_FIELDS = frozenset(("gauge", "counter", "untyped"))  # no other collector calls a field so

# The beginnings of an exporter's metrics → its module; the first that fits counts.
EXPORTERS: tuple[tuple[tuple[str, ...], MetricMeaning], ...] = (
    (ipmi.PREFIXES, ipmi.meaning_of),
    (dcgm.PREFIXES, dcgm.meaning_of),
    (node.PREFIXES, node.meaning_of),
    (redfish.PREFIXES, redfish.meaning_of),
    (bmcs.PREFIXES, bmcs.meaning_of),
    (ups.PREFIXES, ups.meaning_of),
    (energy.PREFIXES, energy.meaning_of),
    (disks.PREFIXES, disks.meaning_of),
    (gpus.PREFIXES, gpus.meaning_of),
)
# Beginnings that only exporters use: they tell a metric wherever its name stands.
_TELLING = tuple(
    prefix
    for prefixes, _ in EXPORTERS
    for prefix in prefixes
    if prefix not in ("gpu_", "nvme_", "nvidia_", "nut_")
)
_NOT_METRICS = frozenset(("ipmi_sensor", "nvidia_smi", "node_"))
_NODE_SENSORS = ("node_hwmon_", "node_thermal_zone_", "node_rapl_")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?", re.I)
_KEPT = frozenset(("ipmi_up",))


def is_metric_name(name: str) -> bool:
    """Whether a measurement or field is the name of a metric that an exporter we know has."""
    return name.startswith(_TELLING) and name not in _NOT_METRICS


def is_metric_field(field: str) -> bool:
    """Whether a field of any measurement is such a metric, as where an operator renamed `prometheus`."""
    return is_metric_name(field) and (not field.startswith("node_") or field.startswith(_NODE_SENSORS))


def meaning_of(_measurement: str, tags: Tags, field: str) -> Meaning | None:
    """The sensor behind a metric and its labels; None for what is about the exporter, or a distribution."""
    if field not in _KEPT and (is_no_reading(field) or HISTOGRAM_LABELS & tags.keys()):
        return None
    if _NUMBER.fullmatch(tags.get(field, "")):
        return None  # the snmp_exporter's way with text: the label has it, and the value is always 1
    own = telegraf.field_of(field, tags)
    if own is not None:
        measurement, of = own
        return measurement.meaning_of(measurement.name, tags, of)
    if bmcs.is_known(field):
        return bmcs.meaning_of(field, tags)
    for prefixes, exporter in EXPORTERS:
        if field.startswith(prefixes):
            return exporter(field, tags)
    return generic.meaning_of(field, tags)
