"""Metrics of exporters that no table names: the name says the unit, the labels tell series apart.

node_hwmon_temp_celsius{chip="nvme",sensor="temp1"}  → node_hwmon_temp_celsius_nvme_temp1, Cel
node_load1                                           → node_load1, other
"""

from __future__ import annotations

from dataclasses import replace

from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements import unknown
from agent.telemetry.measurements.exporters.endings import HISTOGRAM_LABELS, is_no_reading, unit_of_metric

# Who scraped, not who was measured: a pod's name changes at every restart, and would make new sensors.
SCRAPE_LABELS = frozenset(
    [
        "job",
        "__name__",
        "endpoint",
        "service",
        "prometheus",
        "prometheus_replica",
        "replica",
        "cluster",
        "environment",
        "env",
        "region",
        "dc",
        "monitor",
        "receive",
        "tenant_id",
        "exported_job",
        "exported_instance",
    ]
)
POD_LABELS = frozenset(("pod", "namespace", "container", "node"))


def meaning_of(metric: str, labels: Tags, ignored: frozenset[str] = frozenset()) -> Meaning | None:
    """A metric under its own name, its labels' values appended; None where it is no reading.

    `ignored` labels describe a sensor and do not tell it from another.
    """
    if is_no_reading(metric) or HISTOGRAM_LABELS & labels.keys():
        return None
    unit, name = unit_of_metric(metric)
    kept = {_own(k): v for k, v in labels.items() if k not in SCRAPE_LABELS and k not in ignored}
    found = unknown.meaning_of(name, kept, "value")
    if found is None:
        return None
    return replace(found, quantity=unit.quantity, unit=unit.unit, scale=unit.scale, offset=unit.offset)


def _own(label: str) -> str:
    """A label's name; `zone` is a part of the machine here, and not of the room."""
    return "zone_" if label == "zone" else label
