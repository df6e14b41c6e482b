"""Kepler and Scaphandre: power and energy of processors by the counters in them, and shares of it.

    kepler_node_cpu_watts{zone="package",path="…"}       → kepler_node_cpu_watts_package
    kepler_node_platform_joules_total{source="acpi"}     → energy; here `source` names no machine
    scaph_host_power_microwatts 4.2e7                    → scaph_host_power_watts, 42 W

What these call a node's or a host's power leaves fans and losses out, so it keeps its own name.
"""

from __future__ import annotations

import re

from agent.telemetry.hosts import has_origin_for_source
from agent.telemetry.meanings import Meaning, Tags
from agent.telemetry.measurements.exporters import generic
from agent.telemetry.measurements.exporters.table import vendor_sensor
from agent.telemetry.measurements.gpu import MEGAHERTZ

PREFIXES = ("kepler_", "scaph_")
# What Kepler's label `source` says is where a number is from; a label of a machine says something else.
_NO_MACHINE = re.compile(
    r"acpi|redfish|hwmon|ipmi|estimator|trained.*|rapl.*|msr.*|nvml|nvidia|dcgm|intel.*|gpu.*", re.I
)
_ABOUT_ITSELF = re.compile(r"scaph_self_\w+|kepler_exporter_\w+|kepler_build_info")
# These describe a consumer that its number tells from others already.
_DESCRIBING = frozenset(
    [
        "cmdline",
        "comm",
        "exe",
        "path",
        "node_name",
        "container_name",
        "pod_name",
        "pod_namespace",
        "vm_name",
        "hypervisor",
        "runtime",
        "state",
        "vendor",
        "gpu_name",
        "gpu_uuid",
    ]
)


def meaning_of(metric: str, labels: Tags) -> Meaning | None:
    """A node's, socket's or consumer's power or energy, under its own name in watts or joules."""
    labels = without_origin(metric, labels)
    if _ABOUT_ITSELF.fullmatch(metric) or misnames_its_host(labels):
        return None
    if metric == "scaph_host_cpu_frequency":
        return vendor_sensor(metric, MEGAHERTZ, "scaphandre")
    numbered = any(labels.get(label) for label in ("zone", "pid", "container_id", "pod_id", "vm_id", "gpu"))
    return generic.meaning_of(metric, labels, _DESCRIBING if numbered else frozenset(("node_name",)))


def misnames_its_host(labels: Tags) -> bool:
    """Whether the label `source`, which would name the host, is where Kepler has a number from."""
    return _NO_MACHINE.fullmatch(labels.get("source", "").strip()) is not None


def without_origin(metric: str, labels: Tags) -> Tags:
    """The labels, `source` under another name where it names no machine and another label does."""
    if not metric.startswith("kepler_") or not has_origin_for_source(labels):
        return labels
    return {("origin" if name == "source" else name): value for name, value in labels.items()}
