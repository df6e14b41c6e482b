"""How the twin answers beside what is known: `python -m models.twin.figures` prints the table as markdown.

checked   an independent calculation with the same equations: the twin computes what it means to compute
field     published measurements of servers in service
bmcdata   a real server whose fans were stopped; one machine's parameters were fitted by hand to that one run,
          so these rows show that the equations can answer so, not that they foretold it
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from models.twin.bench import Bench
from models.twin.kinds import KINDS, TWO_UNITS, Panel

STOPPED_S, EARLY_S = 480.0, 190.0  # of the real run; its parameters here are fitted by hand to it
# The real server of the fan stop: two cool sockets, much heat elsewhere, supplies whose fans draw some air.
STOPPED_KIND = replace(
    TWO_UNITS, name="bmc", idle_socket_w=40.0, full_socket_w=110.0, leakage_w=26.0, leakage_per_k=0.021,
    other_idle_w=150.0, fans=4, fan_w=18.0, rpm_max=8_200.0, flow_max_m3_s=0.09, draught_m3_s=0.0088,
    junction_k_w=0.05, heatsink_k_w=0.05, socket_j_k=900.0, chassis_j_k=4_800.0, curve="gold",
    panel=Panel(temperature_step_c=0.5),
)  # fmt: skip
STOPPED_INLET_C = 38.5  # what its inlet sensor, inside the chassis, showed first


@dataclass(frozen=True, slots=True)
class Figure:
    """One answer: what is known and what the twin gives; `low` to `high` is still believable."""

    what: str
    unit: str
    reference: str
    low: float
    high: float
    twin: float
    source: str

    @property
    def is_believable(self) -> bool:
        """Does the twin lie within the bounds?"""
        return self.low <= self.twin <= self.high


def figures() -> list[Figure]:
    """All of them; some seconds."""
    return [*_levels(), *_responses(), *_ratios(), *_warm_air(), *_fan_stop()]


def _about(what: str, unit: str, known: float, within: float, twin: float, source: str = "checked") -> Figure:
    return Figure(what, unit, f"{known:g}", known - within, known + within, twin, source)


def _between(what: str, unit: str, low: float, high: float, twin: float, source: str) -> Figure:
    return Figure(what, unit, f"{low:g} to {high:g}", low, high, twin, source)


def _levels() -> Iterator[Figure]:
    idle, busy, usual = Bench(TWO_UNITS, 0.0), Bench(TWO_UNITS, 1.0), Bench(TWO_UNITS)
    yield _about("2U server, idle", "W", 171, 4, idle.power_w)
    yield _about("2U server, full load", "W", 551, 11, busy.power_w)
    yield _about("air's warming, idle", "K", 5.8, 0.3, idle.air_rise_k)
    yield _between("air's warming, full load", "K", 14.0, 16.2, busy.air_rise_k, "checked")
    yield _about("R̂ of a socket at 60 %", "K/W", 0.260, 0.006, usual.resistance_k_w[0])
    yield _about("η̂ at 60 %", "1", 0.906, 0.003, usual.efficiency)
    surge = Bench(TWO_UNITS, 0.3, step_s=1.0)
    before_c = surge.junction_c
    surge.conditions.utilization[:] = 0.95
    course_c = [surge.run(1.0).junction_c - before_c for _ in range(400)]
    t63_s = 1 + int(np.argmax(np.array(course_c) >= 0.632 * 18.6))
    yield _about("surge 30 → 95 %: 63 % of it after", "s", 50, 8, float(t63_s))
    yield _about("surge 30 → 95 %: junction", "K", 19, 1.5, surge.run(3600).junction_c - before_c)
    lag = Bench(TWO_UNITS)
    carried_w_k = 1187.0 * float(lag.servers.flow_m3_s[0])
    yield _about("time constant at the exhaust", "s", 170, 20, TWO_UNITS.chassis_j_k / carried_w_k)


def _responses() -> Iterator[Figure]:
    yield _response("one of six fans stops: junction", "K", 4.2, 0.3, _stop_fans(1), _rise)
    yield _response("two stop: junction at its peak", "K", 8.0, 0.5, _stop_fans(2), _peak)
    yield _response("two stop: junction in the end", "K", 6.9, 0.5, _stop_fans(2), _rise)
    yield _response("filter −30 %: junction", "K", 6.6, 0.5, _flow(0.7), _peak)
    yield _response("filter −50 %: junction at its peak", "K", 9.0, 0.6, _flow(0.5), _peak)
    yield _response("paste × 1.6 on one socket: peak", "K", 8.7, 0.6, _paste(1.6), _peak)
    yield _response("the same: the other socket", "K", -4.7, 0.5, _paste(1.6), _rise_of_other)
    yield _response("one supply lost: power", "W", -15, 2, _lose_supply, _power)
    yield _response("supplies −3 pt: power", "W", 15, 3, _age_supplies, _power)
    yield _response("cap of 250 W: power at full load", "W", 418 - 551, 12, _cap, _power, load=1.0)
    yield _response("cap of 250 W: junction at full load", "K", 57 - 68, 2, _cap, _rise, load=1.0)


def _ratios() -> Iterator[Figure]:
    yield _response("κ, one of six fans dead", "×", 0.78, 0.015, _stop_fans(1), _flow_ratio)
    yield _response("κ, half the flow blocked", "×", 0.50, 0.015, _flow(0.5), _flow_ratio)
    yield _response("κ, paste × 1.6", "×", 1.0, 0.015, _paste(1.6), _flow_ratio)
    yield _response("κ, one supply lost", "×", 1.0, 0.02, _lose_supply, _flow_ratio)
    yield _response("κ, inlet 8 K warmer", "×", 1.0, 0.015, _warm(8.0), _flow_ratio)
    yield _response("R̂, one of six fans dead", "K/W", 0.288, 0.008, _stop_fans(1), _resistance)
    yield _response("R̂, half the flow blocked", "K/W", 0.306, 0.01, _flow(0.5), _resistance)
    yield _response("R̂, paste × 1.6", "K/W", 0.308, 0.008, _paste(1.6), _resistance)
    yield _response("R̂, inlet 8 K warmer", "K/W", 0.219, 0.008, _warm(8.0), _resistance)
    yield _response("η̂, one supply lost", "1", 0.939, 0.004, _lose_supply, _efficiency)
    yield _response("η̂, supplies −3 pt", "1", 0.876, 0.004, _age_supplies, _efficiency)
    low, high = Bench(TWO_UNITS, 0.3), Bench(TWO_UNITS, 0.95)
    yield _about("κ, surge 30 → 95 %", "×", 1.0, 0.015, high.flow_per_duty / low.flow_per_duty)
    yield _about("R̂ after a surge 30 → 95 %", "K/W", 0.242, 0.008, high.resistance_k_w[0])
    yield _about("η̂ after a surge 30 → 95 %", "1", 0.914, 0.004, high.efficiency)


def _warm_air() -> Iterator[Figure]:
    for kind in KINDS:
        cool, warm = Bench(kind), Bench(kind, inlet_c=32.0)
        per_k = 100 * (warm.power_w / cool.power_w - 1) / 8
        yield _between(f"power by inlet air, {kind.name}", "%/K", 0.22, 0.5, per_k, "checked, field")


def _fan_stop() -> Iterator[Figure]:
    bench = Bench(STOPPED_KIND, 0.0, STOPPED_INLET_C)
    first_w, first_c = bench.power_w - float(bench.servers.fan_w[0]) / bench.efficiency, bench.junction_c
    bench.conditions.fan_gain[:] = 0.0
    source = "bmcdata 202307052240, fitted"
    early_c = float(bench.run(EARLY_S).servers.inside_c[0])
    bench.run(STOPPED_S - EARLY_S)
    inside_c = float(bench.servers.inside_c[0])
    yield _about("all fans stop, 190 s: inlet sensor", "K", 10.5, 2.0, early_c - STOPPED_INLET_C, source)
    yield _about("all fans stop, 8 min: inlet sensor", "K", 19.0, 2.0, inside_c - STOPPED_INLET_C, source)
    yield _about("all fans stop, 8 min: CPU1", "K", 18.5, 2.0, bench.junction_c - first_c, source)
    share = 100 * (bench.power_w / first_w - 1)
    yield _about("all fans stop, 8 min: power without fans", "%", 9.7, 2.0, share, source)


@lru_cache
def _settled(load: float) -> Bench:
    return Bench(TWO_UNITS, load)


Change = Callable[[Bench], None]


def _response(
    what: str, unit: str, known: float, within: float,
    change: Change, measure: Callable[[Bench, Bench], float], load: float = 0.6,
) -> Figure:  # fmt: skip
    """One hour after a change, against the same machine without it."""
    before = _settled(load)
    after = deepcopy(before)
    change(after)
    after.run(3600)
    return _about(what, unit, known, within, measure(before, after))


def _stop_fans(count: int) -> Change:
    return lambda bench: bench.conditions.fan_gain[0, :count].fill(0.0)


def _flow(factor: float) -> Change:
    return lambda bench: bench.conditions.flow_factor.fill(factor)


def _paste(factor: float) -> Change:
    return lambda bench: bench.conditions.resistance_factor[0, :1].fill(factor)


def _warm(kelvin: float) -> Change:
    return lambda bench: bench.conditions.inlet_c.fill(24.0 + kelvin)


def _lose_supply(bench: Bench) -> None:
    bench.conditions.supply_share[0, 1] = 0.0


def _age_supplies(bench: Bench) -> None:
    bench.conditions.efficiency_loss[:] = 0.03


def _cap(bench: Bench) -> None:
    bench.conditions.cap_w[:] = 125.0  # a socket


def _rise(before: Bench, after: Bench) -> float:
    return after.junction_c - before.junction_c


def _peak(before: Bench, after: Bench) -> float:
    return after.peak_c - before.junction_c


def _rise_of_other(before: Bench, after: Bench) -> float:
    return float(after.servers.junction_c[0, 1] - before.servers.junction_c[0, 1])


def _power(before: Bench, after: Bench) -> float:
    return after.power_w - before.power_w


def _flow_ratio(before: Bench, after: Bench) -> float:
    return after.flow_per_duty / before.flow_per_duty


def _resistance(_before: Bench, after: Bench) -> float:
    return after.resistance_k_w[0]


def _efficiency(_before: Bench, after: Bench) -> float:
    return after.efficiency


def as_markdown(rows: list[Figure]) -> str:
    """The table."""
    lines = ["| answer | known | twin | unit | from |", "|---|---|---|---|---|"]
    lines += [f"| {r.what} | {r.reference} | {r.twin:.3g} | {r.unit} | {r.source} |" for r in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(as_markdown(figures()))
