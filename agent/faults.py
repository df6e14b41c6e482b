"""Every fault word with its code, how urgent it is by default, and what a person does first."""

from __future__ import annotations

from typing import NamedTuple

from agent.findings import Severity


class Fault(NamedTuple):
    """A class of fault. `actions` name human checks only: the agent changes nothing itself."""

    code: str
    severity: Severity
    actions: tuple[str, ...]


LOAD_FAULTS = frozenset(("abnormal_load", "idle_server"))  # somebody's work, or none: nothing is broken
FAULTS: dict[str, Fault] = {
    "fan_failure": Fault(
        "F01",
        "P2",
        (
            "Confirm with `ipmitool sdr type fan` and the event log",
            "Check which fans are left and how far the CPUs are from their limit",
            "If a CPU is within 5 K of its limit: drain the host or cap its load",
            "Swap the fan with the lid closed, then see its speed return within 60 s",
        ),
    ),
    "fan_degradation": Fault("F02", "P3", ("Order a spare fan", "Replace it in the next window")),
    "airflow_blockage": Fault(
        "F03", "P3", ("Inspect bezel, filter, cables and blanking panels", "Clean them")
    ),
    "heatsink_degradation": Fault(
        "F04", "P3", ("Check the CPU's throttle counters", "Reseat the heatsink with new paste")
    ),
    "cpu_throttling": Fault("F05", "P1", ("Find the cause: fan, airflow, heatsink or inlet", "Cut the load")),
    "power_cap": Fault("F06", "info", ("Confirm the power policy", "Raise the cap or move load")),
    "psu_failure": Fault(
        "F07",
        "P1",
        (
            "Check the supply's input and its PDU outlet: several hosts at once mean a lost feed",
            "Leave the other feed alone while redundancy is lost",
            "Reseat the supply, then replace it",
        ),
    ),
    "psu_efficiency": Fault("F08", "P3", ("Verify the meter", "Swap the supply")),
    "psu_imbalance": Fault("F09", "P3", ("Check the current-share bus", "Check the supplies' firmware")),
    "vrm_overheating": Fault("F10", "P2", ("Check the airflow baffle and the load", "Replace the board")),
    "dimm_overheating": Fault("F11", "P2", ("Check the baffles", "Reseat the DIMM", "Cut memory load")),
    "gpu_overheating": Fault("F12", "P2", ("Drain the GPU", "Check its airflow or pump", "Renew its paste")),
    "gpu_lost": Fault(
        "F13",
        "P1",
        ("Drain the host", "Check `nvidia-smi` and `dmesg` for an XID", "Power cycle, then reseat the GPU"),
    ),
    "cooling_unit_failure": Fault(
        "F14", "P1", ("Start the standby unit", "Open doors by plan", "Shed load by priority")
    ),
    "chilled_water_loss": Fault("F15", "P1", ("Check chillers, pumps and valves", "Plan to shed load")),
    "recirculation": Fault("F16", "P2", ("Check blanking panels and doors", "Check tiles and brush strips")),
    "overcooling": Fault("F17", "info", ("Raise the set point in small steps",)),
    "humidity": Fault("F18", "P2", ("Check humidifier and dehumidifier", "Check the economiser's dampers")),
    "feed_loss": Fault(
        "F19",
        "P1",
        ("Check breaker, UPS and transfer switch", "Do not touch the other feed", "Check its load is ≤ 80 %"),
    ),
    "phase_imbalance": Fault("F20", "P2", ("Move supplies across phases, keeping the feeds apart",)),
    "ups_on_battery": Fault("F21", "P1", ("Check the generator", "Check the runtime left")),
    "sensor_stuck": Fault("S01", "P3", ("Reset the BMC", "Do not rely on the sensor")),
    "sensor_drift": Fault("S02", "P3", ("Recalibrate or replace the sensor",)),
    "sensor_spike": Fault("S03", "info", ("Nothing, unless it comes again",)),
    "sensor_dropout": Fault("S04", "P3", ("Check that the BMC still lists the sensor", "Reset the BMC")),
    "clock_skew": Fault("S05", "P3", ("Set the time source of the host's BMC",)),
    "unit_change": Fault("S06", "P3", ("Check the firmware and collector changes of that time",)),
    "abnormal_load": Fault("W02", "P2", ("Hand it to security", "Take a snapshot before ending anything")),
    "idle_server": Fault("W03", "info", ("Ask the owner", "Decommission it")),
    "host_silent": Fault(
        "C01", "P2", ("Check that the host has power", "Check its BMC and network", "Check its collector")
    ),
    "collector_silent": Fault(
        "C02", "P2", ("Check the collector that these hosts share", "Check the network between")
    ),
    "stream_silent": Fault("C03", "P2", ("Check the producers", "Check the topic and its brokers")),
    "unknown": Fault(
        "", "P3", ("Compare the named sensors with their usual values", "Check what changed at the onset")
    ),
}
