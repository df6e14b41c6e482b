"""Faults drawn by lot, one after the other over the time of a simulation, each with its false friend.

A false friend is what a detector could take for that fault although nothing is wrong: it comes at the same
time on another host.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from numpy.random import Generator, default_rng

from agent.errors import ConfigError
from agent.simulate.fault_spec import most_parts
from models.twin.episodes import Episode
from models.twin.magnitudes import CONFOUNDERS, MAGNITUDES, SENSOR_FAULTS
from models.twin.plans import FleetPlan, HostPlan
from models.twin.sensors import channels_of
from models.twin.truth import SCOPES

T = TypeVar("T")

LEAD_SHARE = 0.1  # of the time: nothing happens first, so that what is normal can be seen
SLOT_LEAST_S = 600.0  # for one fault and its end
LASTS_SHARE, LASTS_MOST_S = 0.6, 3_600.0
RAMP_SHARE = 0.3  # of a fault's time, for what never comes at once
GROWS = frozenset(("airflow_blockage", "heatsink_degradation", "fan_degradation", "sensor_drift"))
NEVER_DRAWN = frozenset(("stream_silent", "collector_silent", "sensor_swap"))  # they would hide all others
DRAW_SEED = 0xFA17

FALSE_FRIENDS = {
    "fan_failure": "fan_curve_change",
    "fan_degradation": "fan_curve_change",
    "airflow_blockage": "warm_inlet",
    "psu_failure": "idle_drop",
    "psu_efficiency": "workload_surge",
    "psu_imbalance": "workload_surge",
    "power_cap": "idle_drop",
    "idle_server": "idle_drop",
    "abnormal_load": "gang_step",
    "gpu_lost": "planned_reboot",
    "host_silent": "maintenance",
    "clock_skew": "maintenance",
    "cooling_unit_failure": "set_point_change",
    "chilled_water_loss": "set_point_change",
    "overcooling": "set_point_change",
    "recirculation": "warm_inlet",
    "feed_loss": "planned_reboot",
}
USUAL_FRIEND = "workload_surge"


def draw_faults(
    count: int, plan: FleetPlan, duration_s: float, seed: int, with_confounders: bool = True
) -> list[Episode]:
    """`count` faults of all classes in turn, in `duration_s` from the plan's start, repeatable by seed.

    Raises:
        ConfigError: there is no time for so many.
    """
    if count == 0:
        return []
    slot_s = duration_s * (1 - LEAD_SHARE) / count
    if slot_s < SLOT_LEAST_S:
        most = int(duration_s * (1 - LEAD_SHARE) // SLOT_LEAST_S)
        expected = f"at most {most} in {duration_s:g} s, {SLOT_LEAST_S:g} s each"
        raise ConfigError(f"simulate: --faults is {count}; expected {expected}")
    rng = default_rng([seed, plan.run, DRAW_SEED])
    classes, hosts = _shuffled(classes_for(plan), count, rng), _shuffled(plan.hosts, count, rng)
    episodes: list[Episode] = []
    for at, (name, host) in enumerate(zip(classes, hosts, strict=True)):
        slot_from_s = plan.start_s + duration_s * LEAD_SHARE + at * slot_s
        episodes.append(_draw(name, _able(name, host, plan, rng), slot_from_s, slot_s, rng))
        if with_confounders and CONFOUNDERS:
            friend = FALSE_FRIENDS.get(name, USUAL_FRIEND)
            others = [other for other in plan.hosts if other is not host] or [host]
            other = others[int(rng.integers(len(others)))]
            episodes.append(_draw(friend, other, slot_from_s, slot_s, rng))
    return episodes


def classes_for(plan: FleetPlan) -> list[str]:
    """The fault classes that can happen to this fleet."""
    has_gpus = any(_has_gpus(host) for host in plan.hosts)
    return [
        name
        for name in MAGNITUDES
        if name not in CONFOUNDERS | NEVER_DRAWN and (has_gpus or not name.startswith("gpu_"))
    ]


def _has_gpus(host: HostPlan) -> bool:
    return host.kind.gpus > 0


def _able(name: str, host: HostPlan, plan: FleetPlan, rng: Generator) -> HostPlan:
    """The host itself, or one that has what the class is about."""
    if not name.startswith("gpu_") or _has_gpus(host):
        return host
    able = [other for other in plan.hosts if _has_gpus(other)]
    return able[int(rng.integers(len(able)))]


def _draw(name: str, host: HostPlan, slot_from_s: float, slot_s: float, rng: Generator) -> Episode:
    lasts_s = min(LASTS_SHARE * slot_s, LASTS_MOST_S) * float(rng.uniform(0.7, 1.0))
    start_s = float(int(slot_from_s + float(rng.uniform(0.0, 0.2)) * slot_s))
    magnitude = ("moderate", "severe")[int(rng.integers(2))]
    return Episode(
        host="" if SCOPES.get(name) in ("fleet", "stream") else host.name,
        name=name,
        start_s=start_s,
        end_s=float(int(start_s + lasts_s)),
        magnitude=magnitude,
        part=_draw_part(name, host, rng),
        ramp_s=float(int(RAMP_SHARE * lasts_s)) if name in GROWS else 0.0,
    )


def _draw_part(name: str, host: HostPlan, rng: Generator) -> int:
    """A fan, supply or socket from 1, or a temperature's row among the host's channels."""
    if name in SENSOR_FAULTS:
        names = [channel.name for channel in channels_of(host.kind)]
        temperatures = [at for at, channel in enumerate(names) if channel.endswith("_c")]
        return temperatures[int(rng.integers(len(temperatures)))]
    return int(rng.integers(1, max(most_parts(name, host.kind), 1) + 1))


def _shuffled(items: Sequence[T], count: int, rng: Generator) -> list[T]:
    """`count` of the items, each as often as any other, in an order of chance."""
    found: list[T] = []
    while len(found) < count:
        found += [items[at] for at in rng.permutation(len(items)).tolist()]
    return found[:count]
