"""What each class of episode's size counts, for people who choose one: the table of `--list-faults`."""

from __future__ import annotations

from rich import box
from rich.table import Table

from models.twin.magnitudes import CONFOUNDERS, MAGNITUDES
from models.twin.truth import SCOPES

# Class → what its magnitudes are, in the twin's numbers.
COUNTS = {
    "fan_failure": "rotors that stop",
    "fan_degradation": "× a rotor's speed at equal command",
    "airflow_blockage": "× air flow",
    "heatsink_degradation": "× resistance from junction to heat sink",
    "cpu_throttling": "K: the throttle point below the fans' aim",
    "power_cap": "× the sockets' power at full load",
    "psu_failure": "supplies that fail",
    "psu_efficiency": "efficiency that is lost",
    "psu_imbalance": "share of the load that leaves a supply",
    "vrm_overheating": "× resistance from regulator to air",
    "dimm_overheating": "× resistance from memory to air",
    "gpu_overheating": "× resistance from GPU to air",
    "gpu_lost": "GPUs that leave the bus",
    "abnormal_load": "utilization that does not tremble",
    "idle_server": "utilization",
    "sensor_stuck": "sensors that repeat themselves",
    "sensor_drift": "K, or % of the value",
    "sensor_spike": "K, or % of the value, up or down",
    "sensor_dropout": "sensors that fall silent",
    "sensor_swap": "pairs of sensors that are exchanged",
    "unit_change": "another unit for all of its quantity",
    "clock_skew": "s that a host's clock is ahead",
    "host_silent": "hosts that send nothing",
    "collector_silent": "collectors that send nothing",
    "stream_silent": "streams that stand still",
    "cooling_unit_failure": "units; 2: spares and half of a zone too",
    "chilled_water_loss": "share of the chillers' capacity",
    "recirculation": "share of exhaust air, at the rack's top",
    "overcooling": "K that the set-point lies too low",
    "humidity": "K of dew point; down with part=2",
    "feed_loss": "phases of a PDU that go dark",
    "phase_imbalance": "share of the others' load on a phase",
    "ups_on_battery": "share of the mains' voltage, missing",
    "standby_switch": "units that rest while the spare runs",
    "workload_surge": "utilization",
    "idle_drop": "utilization",
    "gang_step": "utilization that a job adds to its hosts",
    "set_point_change": "K on all inlets",
    "warm_inlet": "K on the inlets of a host or place",
    "planned_reboot": "s without power",
    "maintenance": "s without power, announced",
    "fan_curve_change": "duty that a firmware adds",
}


def fault_table() -> Table:
    """All classes with their magnitudes, as a table that documents can hold; false friends come last."""
    table = Table("class", "where", "is", box=box.MARKDOWN)
    for magnitude in ("subtle", "moderate", "severe"):
        table.add_column(magnitude, justify="right")
    table.add_column("counted in")
    for name, sizes in MAGNITUDES.items():
        cells = [f"{size:g}" for size in sizes.values()]
        kind = "no fault" if name in CONFOUNDERS else "a fault"
        table.add_row(name, SCOPES.get(name, "host"), kind, *cells, COUNTS.get(name, ""))
    return table
