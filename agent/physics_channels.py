"""Which physical channels a host's sensors give: found once for each set of sensors.

thermal     log of a part's temperature rise over the inlet, explained by load and fan speed
fan         log of a fan's speed over the median of all
share       what a supply carries of the whole
efficiency  log of what a supply gives over what it takes
supply      what a cooling unit gives while its fan turns; water: what it gets
work        log of power, explained by utilisation
clock       log of the processors' clock, explained by power
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.intp]

PHASES = 3
LEAST_FANS = 3  # of which one can be told from the median
MARGIN_ZERO_C = 90.0  # a margin of nothing, as a temperature
_LAGS_S = {
    "cpu": 50.0,
    "gpu": 60.0,
    "vrm": 60.0,
    "dimm": 90.0,
    "exhaust": 150.0,
    "twin": 50.0,
    "share": 40.0,
    "efficiency": 40.0,
}
# How y follows log load, log fan speed and log load squared: what physics says of every machine, and how far
# one may differ. Air that leaves is exact; a part whose own power is known nearly; others share the host's.
_PRIORS: dict[str, tuple[tuple[float, float], ...]] = {
    "exhaust": ((1.0, 0.1), (-1.0, 0.15), (0.0, 0.05)),
    "cpu": ((1.2, 0.3), (-0.5, 0.25), (0.0, 0.3)),
    "gpu": ((1.0, 0.2), (-0.5, 0.25), (0.0, 0.2)),
    "dimm": ((0.7, 0.4), (-0.8, 0.25), (0.0, 0.3)),
    "vrm": ((1.2, 0.4), (-0.8, 0.25), (0.0, 0.3)),
    "fan": ((0.0, 1e-3), (0.0, 0.03), (0.0, 1e-3)),
    "share": ((0.0, 0.03), (0.0, 1e-3), (0.0, 0.05)),
    "efficiency": ((0.01, 0.02), (0.0, 1e-3), (-0.02, 0.03)),
    "twin": ((0.0, 0.05), (0.0, 0.05), (0.0, 0.02)),
    "phase": ((0.0, 1e-3), (0.0, 1e-3), (0.0, 1e-3)),
    "air": ((0.0, 1e-3), (0.0, 1e-3), (0.0, 1e-3)),
    "damp": ((0.0, 1e-3), (0.0, 1e-3), (0.0, 1e-3)),
    "supply": ((0.0, 1e-3), (0.0, 1e-3), (0.0, 1e-3)),
    "water": ((0.0, 1e-3), (0.0, 1e-3), (0.0, 1e-3)),
    "work": ((1.0, 0.7), (0.0, 0.2), (0.0, 0.7)),
    "clock": ((0.2, 0.3), (0.0, 0.05), (0.0, 0.3)),
}
_NOISE = {
    "fan": 0.008,
    "share": 0.006,
    "efficiency": 0.005,
    "phase": 0.008,
    "air": 0.7,
    "damp": 2.0,
    "clock": 0.02,
    "supply": 0.3,
    "water": 0.15,
}  # of y about its expectation at first, else:
_NOISE_ELSEWHERE = 0.03
# Residuals of which it takes this much at least: fast, middle, slow.
LIMITS: dict[str, tuple[float, float, float]] = {
    "cpu": (0.14, 0.1, 0.08), "gpu": (0.2, 0.17, 0.13), "dimm": (0.18, 0.11, 0.08),
    "vrm": (0.18, 0.11, 0.08), "exhaust": (0.22, 0.13, 0.1), "fan": (0.045, 0.035, 0.03),
    "share": (0.05, 0.035, 0.03), "efficiency": (0.028, 0.017, 0.012), "twin": (0.2, 0.13, 0.1),
    "phase": (0.06, 0.05, 0.04), "air": (3.3, 3.3, 3.3), "supply": (3.3, 3.3, 3.3),
    "water": (0.8, 0.6, 0.5), "damp": (8.0, 8.0, 8.0), "work": (0.12, 0.1, 0.08),
    "clock": (0.12, 0.1, 0.08),
}  # fmt: skip
INTERCEPT_SD = 100.0  # nothing is known of the level before


@dataclass(frozen=True, slots=True)
class Channels:
    """J channels of a host with F sensors, the groups one after the other."""

    keys: tuple[str, ...]  # (J,) of the host's state
    roles: tuple[str, ...]  # (J,) keys of the priors
    names: tuple[str, ...]  # (J,) the sensor that each speaks of
    columns: Index  # (J,) its column
    thermal: Index  # (n,) channels that are temperatures
    is_margin: NDArray[np.bool_]  # (n,)
    is_exhaust: NDArray[np.bool_]  # (n,)
    shares_power: NDArray[np.bool_]  # (n,) parts whose load is what the host's GPUs leave of its power
    own_power: Index  # (n,) column of the part's own power, −1: the host's
    fans: Index  # channels
    fan_columns: Index  # of all fans of the chassis, whether channels or not
    shares: Index  # channels; their columns together are the whole
    efficiency: Index
    phases: Index
    levels: Index  # channels of air, supply, water and damp
    cools: bool  # it is a cooling unit: what it gives says something while its fan turns
    given: Index  # (len(efficiency),) columns of power out
    work: int  # channel, −1 = none
    power: Index  # columns whose sum is the host's power
    gpu_power: Index
    inlet: int
    utilization: int
    clock: int  # channel, −1 = none
    lags_s: Array  # (J,) of the load behind each
    means: Array  # (J, 4)
    deviations: Array  # (J, 4)
    noise: Array  # (J,)
    limits: Array  # (J, 3)
    groups: dict[str, Index]  # role → channels


@lru_cache(maxsize=1024)
def channels_of(sensors: tuple[str, ...], quantities: tuple[str, ...], units: tuple[str, ...]) -> Channels:
    """The channels of a host's sensors, (F,) each."""
    column = {name: at for at, name in enumerate(sensors)}

    def of(quantity: str, pattern: str) -> list[int]:
        named = zip(sensors, quantities, strict=True)
        return [i for i, (name, q) in enumerate(named) if q == quantity and re.fullmatch(pattern, name)]

    inlet = column.get("inlet_temp_c", -1)
    supplied, given = of("power", r"psu\w+_in_w"), of("power", r"psu\w+_out_w")
    power = [column["power_w"]] if "power_w" in column else supplied or given
    roles, columns, own, margins = [], [], [], []
    for role, quantity, pattern in (
        ("cpu", "temperature", r"cpu\d+_temp_c"), ("cpu", "margin", r"cpu\d+_margin_c"),
        ("gpu", "temperature", r"gpu\d+_temp_c"), ("dimm", "temperature", r"dimm\w*_temp_c"),
        ("vrm", "temperature", r"(?:vrm|vr_)\w*_temp_c|vrm_temp_c"),
        ("exhaust", "temperature", r"exhaust_temp_c"),
    ):  # fmt: skip
        for i in of(quantity, pattern) if inlet >= 0 and power else ():
            roles.append(role)
            columns.append(i)
            own.append(
                column.get(f"{sensors[i].split('_')[0]}_power_w", -1) if role in ("cpu", "gpu") else -1
            )
            margins.append(quantity == "margin")
    thermal = len(roles)
    units_of_fans = [i for i in of("fan_speed", r"fan\w*") if not re.match(r"psu|gpu", sensors[i])]
    fans = [i for i in units_of_fans if units[i] == "rpm"] or units_of_fans
    shared = supplied if len(supplied) > 1 else given if len(given) > 1 else []
    pairs = [(i, column[n]) for i in supplied if (n := sensors[i].replace("_in_w", "_out_w")) in column]
    twins = (
        [i for i, role in zip(columns, roles, strict=True) if role == "cpu"] if roles.count("cpu") > 1 else []
    )
    phases = of("current", r"phase\d_a")
    utilization, frequency = column.get("cpu_util", -1), column.get("cpu_freq_hz", -1)
    drawn = of("power", r"gpu\d+_power_w")  # with GPUs, what is left of the power says little of the clock
    for role, added in (
        ("fan", fans if len(fans) >= LEAST_FANS else []), ("share", shared),
        ("efficiency", [i for i, _ in pairs]), ("twin", twins),
        ("phase", phases if len(phases) == PHASES else []),
        ("air", of("temperature", "inlet_temp_c")), ("supply", of("temperature", "supply_temp_c")),
        ("water", of("temperature", "chw_supply_c")), ("damp", of("humidity", r".*")),
        ("work", power[:1] if utilization >= 0 else []),
        ("clock", [frequency] if frequency >= 0 and power and not drawn else []),
    ):  # fmt: skip
        roles += [role] * len(added)
        columns += added
    groups = {role: np.array([j for j, r in enumerate(roles) if r == role], np.intp) for role in _PRIORS}
    priors = np.array([[(0.0, INTERCEPT_SD), *_PRIORS[role]] for role in roles]).reshape(-1, 4, 2)
    return Channels(
        keys=tuple(f"{role} {sensors[i]}" for role, i in zip(roles, columns, strict=True)),
        roles=tuple(roles),
        names=tuple(sensors[i] for i in columns),
        columns=np.array(columns, np.intp),
        thermal=np.arange(thermal),
        is_margin=np.array(margins, bool),
        is_exhaust=np.array([role == "exhaust" for role in roles[:thermal]], bool),
        shares_power=np.array(
            [r != "exhaust" and o < 0 for r, o in zip(roles[:thermal], own, strict=True)], bool
        ),
        own_power=np.array(own, np.intp),
        fans=groups["fan"],
        fan_columns=np.array(fans, np.intp),
        shares=groups["share"],
        efficiency=groups["efficiency"],
        phases=groups["phase"],
        levels=np.concatenate([groups[role] for role in ("air", "supply", "water", "damp")]),
        cools=bool(len(groups["supply"])) and bool(fans) and inlet < 0,
        given=np.array([out for _, out in pairs], np.intp),
        work=int(groups["work"][0]) if len(groups["work"]) else -1,
        power=np.array(power, np.intp),
        gpu_power=np.array(drawn, np.intp),
        inlet=inlet,
        utilization=utilization,
        clock=int(groups["clock"][0]) if len(groups["clock"]) else -1,
        lags_s=np.array([_LAGS_S.get(role, 0.0) for role in roles]),
        means=priors[:, :, 0],
        deviations=priors[:, :, 1],
        noise=np.array([_NOISE.get(role, _NOISE_ELSEWHERE) for role in roles]),
        limits=np.array([LIMITS[role] for role in roles]).reshape(-1, 3),
        groups=groups,
    )
