"""Hardware models as sets of parameters, and plausible ones that nobody has seen before.

Ranges and defaults: published power models, heat-sink handbooks, 80 PLUS; the 2U machine draws 171 to 551 W.
"""

from __future__ import annotations

from dataclasses import dataclass

FAN_SHARE = 0.15  # of their full power, as fans usually turn


@dataclass(frozen=True, slots=True)
class Panel:
    """Which sensors a kind of server shows, and how coarsely."""

    exhaust: bool = True
    margin: bool = False  # K below the throttle point instead of °C
    memory: bool = True
    regulator: bool = True
    fan_duty: bool = False  # a share instead of rpm
    supply_input: bool = True
    supply_output: bool = True
    supply_voltage: bool = True
    total_power: bool = True
    socket_power: bool = False
    utilization: bool = False
    frequency: bool = False
    minute_mean: bool = False  # power as the mean of the last minute
    temperature_step_c: float = 1.0
    fan_step_rpm: float = 60.0
    power_step_w: float = 1.0


@dataclass(frozen=True, slots=True)
class ServerKind:
    """A hardware model. The defaults are a 2U machine of two sockets: 171 W idle, 551 W at full load."""

    name: str = "2u"
    sockets: int = 2
    idle_socket_w: float = 38.0
    full_socket_w: float = 185.0
    clock_hz: float = 2.6e9
    other_idle_w: float = 70.0  # memory, disks, network, board
    other_slope_w: float = 50.0
    leakage_w: float = 14.0
    leakage_per_k: float = 0.012  # with the rest: +0.2 to 0.4 % of power a K of inlet
    fans: int = 6
    fan_w: float = 22.0
    rpm_max: float = 14_000.0
    flow_max_m3_s: float = 0.085
    draught_m3_s: float = 0.002  # through a machine whose fans stand still
    duty_min: float = 0.25
    set_point_c: float = 68.0  # of the hottest junction
    inlet_from_c: float = 22.0  # above it the duty follows the inlet
    inlet_gain_per_k: float = 0.022
    gain_per_k: float = 0.012
    integral_per_k_s: float = 0.0006
    duty_up_per_s: float = 0.05
    duty_down_per_s: float = 0.01
    fail_safe_duty: float = 0.0  # at least this once a rotor is dead; 0 = the controller does nothing special
    junction_k_w: float = 0.13
    heatsink_k_w: float = 0.105  # at `heatsink_flow_m3_s`
    heatsink_flow_m3_s: float = 0.03
    socket_j_k: float = 230.0
    chassis_j_k: float = 5_000.0
    throttle_c: float = 92.0
    supplies: int = 2
    supply_w: float = 800.0
    curve: str = "platinum"
    memory_share: float = 0.25  # of the other parts' power
    memory_k_w: float = 0.5
    memory_j_k: float = 180.0
    regulator_share: float = 0.07  # of the sockets' power, lost on its way to them
    regulator_k_w: float = 0.9
    regulator_j_k: float = 60.0
    gpus: int = 0
    gpu_idle_w: float = 55.0
    gpu_full_w: float = 400.0
    gpu_k_w: float = 0.11  # at `heatsink_flow_m3_s`, or with its own fan
    gpu_j_k: float = 450.0
    gpu_throttle_c: float = 88.0
    gpu_has_fan: bool = False
    gpu_set_point_c: float = 74.0  # what the chassis' fans hold the hottest GPU at
    panel: Panel = Panel()

    @property
    def full_w(self) -> float:
        """Power of all parts at full load, before the supplies' losses."""
        parts_w = self.sockets * self.full_socket_w + self.other_idle_w + self.other_slope_w
        return parts_w + self.gpus * self.gpu_full_w + FAN_SHARE * self.fans * self.fan_w


TWO_UNITS = ServerKind()
ONE_UNIT = ServerKind(  # eight small fast fans, and a controller that raises all of them for a dead one
    name="1u", idle_socket_w=34.0, full_socket_w=165.0, other_idle_w=58.0, other_slope_w=42.0,
    fans=8, fan_w=15.0, rpm_max=18_000.0, flow_max_m3_s=0.068, duty_min=0.28, set_point_c=70.0,
    fail_safe_duty=0.6, junction_k_w=0.14, heatsink_k_w=0.12, socket_j_k=200.0, chassis_j_k=3_600.0,
    supply_w=750.0,
)  # fmt: skip
DENSE_SLED = ServerKind(  # a quarter of a 2U chassis: little air, no supplies of its own to see
    name="sled", idle_socket_w=32.0, full_socket_w=150.0, other_idle_w=45.0, other_slope_w=30.0,
    fans=4, fan_w=14.0, rpm_max=16_500.0, flow_max_m3_s=0.05, duty_min=0.3, set_point_c=72.0,
    fail_safe_duty=0.8, heatsink_k_w=0.13, heatsink_flow_m3_s=0.022, socket_j_k=190.0, chassis_j_k=2_800.0,
    supply_w=1_100.0, curve="titanium",
    panel=Panel(exhaust=False, supply_output=False, supply_voltage=False, power_step_w=4.0),
)  # fmt: skip
EDGE = ServerKind(  # one socket, one supply, fans told only as a duty
    name="edge", sockets=1, idle_socket_w=22.0, full_socket_w=105.0, clock_hz=2.2e9, other_idle_w=34.0,
    other_slope_w=18.0, leakage_w=12.0, leakage_per_k=0.017, fans=4, fan_w=6.0, rpm_max=9_000.0,
    flow_max_m3_s=0.036, duty_min=0.25, set_point_c=65.0, junction_k_w=0.18, heatsink_k_w=0.16,
    heatsink_flow_m3_s=0.014, socket_j_k=160.0, chassis_j_k=2_600.0, inlet_gain_per_k=0.028,
    supplies=1, supply_w=350.0, curve="gold",
    panel=Panel(exhaust=False, fan_duty=True, supply_output=False, regulator=False, utilization=True),
)  # fmt: skip
AMD_HIGH_POWER = ServerKind(  # two sockets of 350 W; tells utilization, clock and each socket's power
    name="amd", idle_socket_w=85.0, full_socket_w=350.0, clock_hz=2.45e9, other_idle_w=110.0,
    other_slope_w=85.0, leakage_w=28.0, leakage_per_k=0.013, fans=6, fan_w=40.0, rpm_max=16_000.0,
    flow_max_m3_s=0.12, duty_min=0.22, set_point_c=72.0, junction_k_w=0.055, heatsink_k_w=0.07,
    heatsink_flow_m3_s=0.045, socket_j_k=340.0, chassis_j_k=6_000.0, throttle_c=95.0, supply_w=1_600.0,
    curve="titanium",
    panel=Panel(socket_power=True, utilization=True, frequency=True, supply_voltage=False),
)  # fmt: skip
STORAGE = ServerKind(  # disks are most of it, behind them little air; power as a mean of the minute
    name="storage", idle_socket_w=30.0, full_socket_w=120.0, clock_hz=2.1e9, other_idle_w=200.0,
    other_slope_w=90.0, leakage_w=9.0, junction_k_w=0.2, fans=5, fan_w=25.0, rpm_max=11_000.0,
    flow_max_m3_s=0.095, duty_min=0.3, set_point_c=64.0, heatsink_flow_m3_s=0.035, socket_j_k=210.0,
    chassis_j_k=9_500.0, supply_w=1_100.0, curve="gold", memory_share=0.12,
    panel=Panel(minute_mean=True, power_step_w=8.0, supply_voltage=False),
)  # fmt: skip
GPU_4 = ServerKind(  # passive cards that the chassis' fans have to cool
    name="gpu4", idle_socket_w=45.0, full_socket_w=205.0, clock_hz=2.6e9, other_idle_w=110.0,
    other_slope_w=60.0, leakage_w=20.0, leakage_per_k=0.014, fans=8, fan_w=38.0, rpm_max=15_000.0,
    flow_max_m3_s=0.17, duty_min=0.25, heatsink_flow_m3_s=0.06, chassis_j_k=8_000.0, supplies=2,
    supply_w=2_400.0, gpus=4, gpu_idle_w=52.0, gpu_full_w=300.0, gpu_k_w=0.165,
    gpu_j_k=420.0, gpu_throttle_c=87.0,
    panel=Panel(frequency=True),
)  # fmt: skip
GPU_8 = ServerKind(  # eight passive modules, twelve fans, supplies 2+2; no total power
    name="gpu8", idle_socket_w=80.0, full_socket_w=350.0, clock_hz=2.0e9, other_idle_w=480.0,
    other_slope_w=220.0, leakage_w=36.0, leakage_per_k=0.016, fans=12, fan_w=65.0, rpm_max=14_500.0,
    flow_max_m3_s=0.5, duty_min=0.28, inlet_gain_per_k=0.026, junction_k_w=0.06, heatsink_k_w=0.08,
    heatsink_flow_m3_s=0.17, socket_j_k=330.0, chassis_j_k=18_000.0, supplies=4, supply_w=3_000.0,
    curve="titanium", memory_share=0.1, memory_k_w=0.3, gpus=8, gpu_idle_w=75.0, gpu_full_w=700.0,
    gpu_k_w=0.078, gpu_j_k=900.0, gpu_throttle_c=90.0,
    panel=Panel(total_power=False, power_step_w=10.0, regulator=False),
)  # fmt: skip
GPU_WORKSTATION = ServerKind(  # two cards with fans of their own
    name="gpu2", sockets=1, idle_socket_w=40.0, full_socket_w=240.0, other_idle_w=60.0, other_slope_w=30.0,
    fans=5, fan_w=12.0, rpm_max=8_000.0, flow_max_m3_s=0.09, duty_min=0.25, chassis_j_k=6_000.0,
    supplies=2, supply_w=1_600.0, curve="gold", gpus=2, gpu_idle_w=30.0, gpu_full_w=300.0, gpu_k_w=0.2,
    gpu_has_fan=True, gpu_throttle_c=90.0,
    panel=Panel(margin=True, fan_duty=True, supply_output=False, temperature_step_c=0.5),
)  # fmt: skip
ARM = ServerKind(  # many slow cores: little between idle and full, a margin instead of a temperature
    name="arm", sockets=1, idle_socket_w=55.0, full_socket_w=230.0, clock_hz=3.0e9, other_idle_w=65.0,
    other_slope_w=40.0, leakage_w=12.0, leakage_per_k=0.014, fans=7, fan_w=16.0, rpm_max=15_000.0,
    flow_max_m3_s=0.075, duty_min=0.2, set_point_c=75.0, junction_k_w=0.07, heatsink_k_w=0.09,
    socket_j_k=260.0, chassis_j_k=3_800.0, throttle_c=98.0, supplies=2, supply_w=900.0,
    panel=Panel(margin=True, socket_power=True, frequency=True, fan_step_rpm=75.0),
)  # fmt: skip
OLD_RACK = ServerKind(  # ten years old: Bronze supplies, one meter for all, no supply tells anything
    name="old", idle_socket_w=33.0, full_socket_w=95.0, clock_hz=2.4e9, other_idle_w=80.0,
    other_slope_w=45.0, leakage_w=11.0, leakage_per_k=0.015, fans=5, fan_w=12.0, rpm_max=10_500.0,
    flow_max_m3_s=0.06, duty_min=0.35, set_point_c=62.0, junction_k_w=0.2, heatsink_k_w=0.15,
    heatsink_flow_m3_s=0.025, socket_j_k=300.0, throttle_c=85.0, supply_w=600.0, curve="bronze",
    panel=Panel(supply_input=False, supply_output=False, supply_voltage=False, regulator=False,
                fan_step_rpm=120.0, power_step_w=7.0, minute_mean=True),
)  # fmt: skip
KINDS = (
    TWO_UNITS, ONE_UNIT, DENSE_SLED, EDGE, AMD_HIGH_POWER, STORAGE, GPU_4, GPU_8, GPU_WORKSTATION, ARM,
    OLD_RACK,
)  # fmt: skip
