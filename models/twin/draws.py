"""Episodes by lot: so many of each class, and for each fault its false friend at the same time elsewhere.

counts ─► fault on a host that can have it, when that host is free ─► a confounder of the same size and length
          on another host ─► Episodes in the order of time
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.random import Generator

from models.twin.episodes import PROFILES, Episode
from models.twin.faults import OFF_CLASSES
from models.twin.kinds import ServerKind
from models.twin.magnitudes import CONFOUNDERS, MAGNITUDES, SENSOR_FAULTS
from models.twin.places import PHASES, SIDE_NAMES
from models.twin.plans import FleetPlan, HostPlan
from models.twin.reading_faults import SILENCE
from models.twin.sensors import channels_of

LASTS_S = (1_200.0, 4_800.0)
RECOVERS_S = 1_800.0  # between two episodes of a host, so that each can be told alone
RAMP_SHARE = (0.4, 0.8)  # of an episode, in which it grows
PERIOD_S, ON_SHARE = (240.0, 900.0), (0.3, 0.7)
TRIES = 200
GROWING = frozenset((
    "fan_degradation", "airflow_blockage", "heatsink_degradation", "psu_efficiency", "psu_imbalance",
    "vrm_overheating", "dimm_overheating", "gpu_overheating", "sensor_drift", "recirculation", "overcooling",
    "humidity", "chilled_water_loss", "warm_inlet",
))  # fmt: skip
RETURNING = frozenset((
    "fan_failure", "psu_failure", "cpu_throttling", "power_cap", "airflow_blockage", "sensor_stuck",
    "sensor_spike", "sensor_dropout", "abnormal_load", "gpu_overheating", "psu_imbalance",
))  # fmt: skip
FRIENDS: Mapping[str, tuple[str, ...]] = {  # what could be taken for a class although nothing is wrong
    "fan_failure": ("fan_curve_change", "workload_surge"), "fan_degradation": ("fan_curve_change",),
    "airflow_blockage": ("warm_inlet", "workload_surge", "fan_curve_change"),
    "heatsink_degradation": ("workload_surge", "warm_inlet"),
    "cpu_throttling": ("workload_surge", "idle_drop"), "power_cap": ("workload_surge", "idle_drop"),
    "psu_failure": ("idle_drop", "planned_reboot"), "abnormal_load": ("workload_surge", "gang_step"),
    "idle_server": ("idle_drop",), "gpu_lost": ("planned_reboot", "idle_drop"),
    "host_silent": ("maintenance", "planned_reboot"), "collector_silent": ("maintenance",),
    "stream_silent": ("maintenance",), "sensor_dropout": ("maintenance",), "clock_skew": ("planned_reboot",),
    "cooling_unit_failure": ("set_point_change", "standby_switch"),
    "chilled_water_loss": ("set_point_change",), "overcooling": ("set_point_change",),
    "humidity": ("set_point_change",), "recirculation": ("warm_inlet",),
    "feed_loss": ("planned_reboot", "maintenance"), "phase_imbalance": ("gang_step",),
    "ups_on_battery": ("gang_step",),
}  # fmt: skip
USUAL_FRIENDS = ("workload_surge", "idle_drop", "warm_inlet", "gang_step")


_NEEDS: Mapping[str, Callable[[ServerKind], bool]] = {  # which kinds can have, and show, a class
    "psu_failure": lambda kind: kind.supplies > 1,
    "psu_imbalance": lambda kind: kind.supplies > 1 and kind.panel.supply_input,
    "psu_efficiency": lambda kind: kind.panel.supply_output,
    "vrm_overheating": lambda kind: kind.panel.regulator,
    "dimm_overheating": lambda kind: kind.panel.memory,
    "gpu_overheating": lambda kind: kind.gpus > 0,
    "gpu_lost": lambda kind: kind.gpus > 0,
}


def draw_episodes(
    plan: FleetPlan,
    rng: Generator,
    counts: Mapping[str, int],
    magnitudes: Sequence[str] = ("subtle", "moderate", "severe"),
    profiles: Sequence[str] = PROFILES,
    lead_s: float = 3_600.0,
) -> tuple[Episode, ...]:
    """`counts[name]` faults of each class within the plan's time after `lead_s`, each with a confounder.

    A class that cannot grow or return comes as a step. Classes that no host can have are left out, and so is
    what finds no free host: the longer the plan and the larger the fleet, the more fits.

    Raises:
        ValueError: a class is not known or no fault, or the plan is too short for a single episode.
    """
    wrong = [name for name in counts if name not in MAGNITUDES or name in CONFOUNDERS]
    if wrong:
        raise ValueError(f"draw_episodes: {', '.join(wrong)}; expected classes of faults")
    if plan.duration_s - lead_s < LASTS_S[1]:
        raise ValueError(f"duration_s is {plan.duration_s:g}; expected {lead_s + LASTS_S[1]:g} or more")
    lot = _Lot(plan, rng, magnitudes, profiles, lead_s)
    names = [name for name, count in counts.items() for _ in range(count)]
    drawn = [episode for at in rng.permutation(len(names)).tolist() for episode in lot.draw_pair(names[at])]
    return tuple(sorted(drawn, key=lambda episode: episode.start_s))


class _Lot:
    def __init__(
        self,
        plan: FleetPlan,
        rng: Generator,
        magnitudes: Sequence[str],
        profiles: Sequence[str],
        lead_s: float,
    ) -> None:
        self.plan, self._rng = plan, rng
        self._magnitudes, self._profiles, self._lead_s = magnitudes, profiles, lead_s
        self._taken: dict[str, list[tuple[float, float]]] = {}

    def draw_pair(self, name: str) -> Iterator[Episode]:
        """The fault and its friend; nothing if there is no room for both."""
        rng = self._rng
        needs = _NEEDS.get(name)
        able = [host for host in self.plan.hosts if needs is None or needs(host.kind)]
        for _ in range(TRIES if able else 0):
            lasts_s = float(np.round(rng.uniform(*LASTS_S)))
            latest_s = self.plan.duration_s - lasts_s
            start_s = self.plan.start_s + float(np.round(rng.uniform(self._lead_s, latest_s)))
            host, other = self._pick(able), self._pick(self.plan.hosts)
            free = all(self._is_free(one, start_s, start_s + lasts_s) for one in (host, other))
            if host is not other and free:
                magnitude = str(rng.choice(self._magnitudes))
                fault = self._make(name, host, start_s, lasts_s, magnitude)
                friend = str(rng.choice(FRIENDS.get(name, USUAL_FRIENDS)))
                for one in (host, other):
                    self._taken.setdefault(one.name, []).append((start_s, start_s + lasts_s))
                yield fault
                yield self._make(friend, other, start_s, lasts_s, magnitude)
                return

    def _make(self, name: str, host: HostPlan, start_s: float, lasts_s: float, magnitude: str) -> Episode:
        rng = self._rng
        profile = str(rng.choice(self._profiles))
        ramp_s = period_s = 0.0
        if profile == "ramp" and name in GROWING:
            ramp_s = float(np.round(lasts_s * rng.uniform(*RAMP_SHARE)))
        if profile == "intermittent" and name in RETURNING:
            period_s = float(np.round(rng.uniform(*PERIOD_S)))
        if name in OFF_CLASSES:
            lasts_s = MAGNITUDES[name][magnitude]
        return Episode(
            host=self._place(name, host), name=name, start_s=start_s, end_s=start_s + lasts_s,
            magnitude=magnitude, part=self._part(name, host.kind), ramp_s=ramp_s, period_s=period_s,
            on_share=float(rng.uniform(*ON_SHARE)) if period_s else 0.5,
        )  # fmt: skip

    def _place(self, name: str, host: HostPlan) -> str:
        side = int(self._rng.integers(2))
        feed = (host.feed_a, host.feed_b)[side]
        if name == "set_point_change" and self._rng.random() < 0.5:
            return host.zone
        return {
            "recirculation": host.rack, "overcooling": host.zone, "humidity": host.zone,
            "feed_loss": feed, "phase_imbalance": feed,
            "ups_on_battery": f"ups-{SIDE_NAMES[side]}", "collector_silent": host.collector,
            "stream_silent": "", "chilled_water_loss": "",
        }.get(name, host.name)  # fmt: skip

    def _part(self, name: str, kind: ServerKind) -> int:
        rng = self._rng
        if name in SENSOR_FAULTS:
            return 0 if name in SILENCE else int(rng.integers(len(channels_of(kind))))
        family = name.split("_")[0]
        most = {
            "fan": kind.fans, "psu": kind.supplies, "heatsink": kind.sockets, "gpu": kind.gpus,
            "feed": PHASES, "phase": PHASES, "humidity": 2,
        }.get(family, 1)  # fmt: skip
        return 1 + int(rng.integers(max(most, 1)))

    def _is_free(self, host: HostPlan, from_s: float, to_s: float) -> bool:
        taken = self._taken.get(host.name, [])
        return all(to_s + RECOVERS_S <= start_s or end_s + RECOVERS_S <= from_s for start_s, end_s in taken)

    def _pick(self, hosts: Sequence[HostPlan]) -> HostPlan:
        return hosts[int(self._rng.integers(len(hosts)))]
