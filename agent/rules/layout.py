"""Which of a host's columns are fans, supplies, temperatures: found once for each set of sensors."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from agent.findings import Evidence
from agent.report.words import say_number, say_unit
from agent.scored import ScoredTick
from agent.tick_points import six_digits

NOT_MODELLED = frozenset({"state", "limit", "other"})
ON_SHARE = 0.15  # of its usual power: below this a machine is off, on standby
RUNS_SHARE = 0.7  # of its usual power: a meter that averages over a minute falls below it 18 s after an end
RUNS_SHARE_OF_PEAK = 0.4  # the same where nothing is usual yet
METER_W = 40.0  # a meter that never showed more says nothing of the machine
COOLED_K = HOT_K = 5.0  # from its usual: a processor without load, and one without air
TURNS_RPM = 600.0  # no fan of a machine that is off turns as fast
_SUPPLY = re.compile(r"psu(\w+?)_(?:in|out)_w")
_INPUT = re.compile(r"psu(\w+?)_vin")
_ELSEWHERE = re.compile(r"(psu|gpu)")  # whose fans stand still at low load by design


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns by their part in the machine."""

    fans: tuple[int, ...]  # those that send rpm
    fan_columns: np.ndarray[tuple[int], np.dtype[np.intp]]  # the same
    temperatures: tuple[int, ...]
    processors: tuple[int, ...]  # temperatures of CPUs and GPUs: gone when the machine is off
    margins: tuple[int, ...]  # of CPUs
    supplies: dict[str, tuple[int, ...]]  # its name → columns of power in and out
    inputs: dict[str, int]  # supply's name → column of its input voltage
    supply_columns: np.ndarray[tuple[int], np.dtype[np.intp]]  # all of both
    supply_inputs: tuple[int, ...]  # power into the supplies
    host_power: int  # −1 = none
    inlet: int  # −1 = none
    exhaust: int  # −1 = none
    gpus: dict[str, np.ndarray[tuple[int], np.dtype[np.intp]]]  # its name → columns of all its sensors
    gpu_power: np.ndarray[tuple[int], np.dtype[np.intp]]
    meters: np.ndarray[tuple[int], np.dtype[np.intp]]  # whose sum is the machine's power, none where unknown
    mains: np.ndarray[tuple[int], np.dtype[np.intp]]  # input voltages of a UPS
    battery: int  # its charge, −1 = none
    phase_volts: np.ndarray[tuple[int], np.dtype[np.intp]]  # of a PDU's phases, or of another feed
    phase_amps: np.ndarray[tuple[int], np.dtype[np.intp]]
    duties: np.ndarray[tuple[int], np.dtype[np.intp]]  # fans told as a share, where none sends rpm
    modelled: np.ndarray[tuple[int], np.dtype[np.bool_]]
    utilization: int  # of its processors, −1 = none


def layout_of(tick: ScoredTick) -> Layout:
    """The layout of a tick's columns."""
    return _layout(tick.sensors, tick.quantities, tick.units)


@lru_cache(maxsize=1024)
def _layout(sensors: tuple[str, ...], quantities: tuple[str, ...], units: tuple[str, ...]) -> Layout:
    def columns(quantity: str, pattern: str = "") -> tuple[int, ...]:
        return tuple(
            i for i, name in enumerate(sensors) if quantities[i] == quantity and re.match(pattern, name)
        )

    supplies: dict[str, tuple[int, ...]] = {}
    for i in columns("power"):
        match = _SUPPLY.fullmatch(sensors[i])
        if match:
            supplies[match[1]] = (*supplies.get(match[1], ()), i)
    inputs = {match[1]: i for i in columns("voltage") if (match := _INPUT.fullmatch(sensors[i]))}
    gpus: dict[str, list[int]] = {}
    for i, name in enumerate(sensors):
        if quantities[i] not in NOT_MODELLED and (match := re.match(r"gpu\d+(?=_)", name)):
            gpus.setdefault(match[0], []).append(i)
    inputs_w = [i for i in columns("power") if re.fullmatch(r"psu\w+?_in_w", sensors[i])]
    meters = [sensors.index("power_w")] if "power_w" in sensors else inputs_w
    fans = tuple(i for i in columns("fan_speed") if units[i] == "rpm" and not _ELSEWHERE.match(sensors[i]))
    turning = [i for i in columns("fan_speed", "fan") if not _ELSEWHERE.match(sensors[i])]
    shares = [i for i in turning if units[i] == "1"]
    return Layout(
        fans=fans,
        fan_columns=np.array(fans, np.intp),
        temperatures=columns("temperature"),
        processors=columns("temperature", r"(cpu|gpu)\d"),
        margins=columns("margin", "cpu"),
        supplies=supplies,
        inputs=inputs,
        supply_columns=np.array([*sum(supplies.values(), ()), *inputs.values()], np.intp),
        supply_inputs=tuple(inputs_w),
        host_power=sensors.index("power_w") if "power_w" in sensors else -1,
        inlet=sensors.index("inlet_temp_c") if "inlet_temp_c" in sensors else -1,
        exhaust=sensors.index("exhaust_temp_c") if "exhaust_temp_c" in sensors else -1,
        gpus={name: np.array(of, np.intp) for name, of in gpus.items()},
        gpu_power=np.array(columns("power", r"gpu\d+_power_w"), np.intp),
        meters=np.array(meters, np.intp),
        mains=np.array(columns("voltage", r"input\d*_v$") if "battery_pct" in sensors else (), np.intp),
        battery=sensors.index("battery_pct") if "battery_pct" in sensors else -1,
        phase_amps=np.array(columns("current", r"phase\d_a$"), np.intp),
        duties=np.array([] if fans else shares, np.intp),
        phase_volts=np.array(columns("voltage", r"phase\d_v$"), np.intp),
        modelled=np.array([quantity not in NOT_MODELLED for quantity in quantities], bool),
        utilization=sensors.index("cpu_util") if "cpu_util" in sensors else -1,
    )


def is_on(tick: ScoredTick, layout: Layout) -> bool:
    """Whether the machine runs, by its power; where it sends none, by its processors' temperatures.

    A power meter that fails alone makes no machine off: its fans still turn. One that never showed more than
    standby says nothing.
    """
    inputs = tuple(i for columns in layout.supplies.values() for i in columns if tick.present[i])
    has_own = layout.host_power >= 0 and bool(tick.present[layout.host_power])
    columns = (layout.host_power,) if has_own else inputs
    if sum(float(tick.peak[i]) for i in columns) >= METER_W:
        turns = any(tick.arrived[i] and float(tick.seen[i]) >= TURNS_RPM for i in layout.fans)
        return turns or draws_power(tick, columns)
    return any(tick.arrived[i] for i in layout.processors or layout.temperatures)


def is_off(tick: ScoredTick, layout: Layout) -> bool:
    """Whether the machine is off, or may just have been switched off: what it shows now is no fault of its.

    Blind without a power meter. A meter that fails alone does not count: fans and processors have their say.
    """
    meters = _meters(tick, layout)
    if not meters or sum(float(tick.peak[i]) for i in meters) < METER_W or runs(tick, layout):
        return False
    are_still = bool(layout.fans) and all(float(tick.seen[i]) < TURNS_RPM for i in layout.fans)
    if draws_power(tick, meters):
        return are_still  # power may lag or not have arrived yet
    processors = layout.processors
    are_gone = not any(tick.arrived[i] for i in processors)
    are_cold = all(float(tick.seen[i]) < float(tick.usual[i]) - COOLED_K for i in processors)
    return are_still or (are_gone or are_cold if processors else not layout.fans)


def runs(tick: ScoredTick, layout: Layout) -> bool:
    """Whether this very tick shows the machine at work: by its power, or by a processor that heats up."""
    meters = _meters(tick, layout)
    if meters and all(tick.arrived[i] for i in meters):
        usual = sum(float(tick.usual[i]) for i in meters)
        peak = sum(float(tick.peak[i]) for i in meters)
        enough = RUNS_SHARE * usual if math.isfinite(usual) else RUNS_SHARE_OF_PEAK * peak
        if sum(float(tick.seen[i]) for i in meters) >= max(enough, METER_W / 2):
            return True
    return any(
        tick.arrived[i] and float(tick.seen[i]) > float(tick.usual[i]) + HOT_K for i in layout.processors
    )


def _meters(tick: ScoredTick, layout: Layout) -> tuple[int, ...]:
    """The machine's own power meter, else the inputs of all its supplies; those that are present."""
    if layout.host_power >= 0 and tick.present[layout.host_power]:
        return (layout.host_power,)
    return tuple(i for columns in layout.supplies.values() for i in columns if tick.present[i])


def draws_power(tick: ScoredTick, columns: tuple[int, ...]) -> bool:
    """Whether these columns together show more than standby power."""
    drawn = sum(float(tick.seen[i]) for i in columns)
    return drawn > 0 and drawn >= ON_SHARE * sum(usual_or_peak(tick, i) for i in columns)


def usual_or_peak(tick: ScoredTick, column: int) -> float:
    """The usual value of a sensor; where training knows none, the highest ever seen."""
    usual = float(tick.usual[column])
    return usual if math.isfinite(usual) else float(tick.peak[column])


def expected(tick: ScoredTick, column: int) -> float:
    """What the model expected, else what is usual; NaN where neither is known."""
    value = float(tick.expected[column])
    return value if math.isfinite(value) else float(tick.usual[column])


def observe(tick: ScoredTick, column: int, speaks_for: bool, instead: float | None = None) -> Evidence:
    """A sensor's value as evidence, beside what was expected (or `instead` of that)."""
    return Evidence(
        sensor=tick.sensors[column],
        quantity=tick.quantities[column],
        unit=tick.units[column],
        seen=six_digits(float(tick.seen[column])),
        expected=six_digits(expected(tick, column) if instead is None else instead),
        says="for" if speaks_for else "against",
    )


def say(value: float, unit: str) -> str:
    """A number with its unit: `5,040 rpm`, `23.5 °C`."""
    return f"{say_number(value)} {say_unit(unit)}".rstrip()
