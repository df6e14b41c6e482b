"""Fleets for training and for judging: who they are, what happens to them.

training    normal days: surges, idle phases, reboots, a set-point change – but no new fan curve and no fault
servers     faults of servers drawn by lot, each with its false friend elsewhere at the same time
sites       faults of the site, one after the other
normal      days without a fault, full of what only looks like one
slow        fans that wear and filters that clog over days

Machines of different fleets are different machines: same kinds, parameters drawn anew (`seed`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator, default_rng

from agent.simulate.plan import lay_out
from models.twin.drawn_kinds import draw_kind
from models.twin.draws import draw_episodes
from models.twin.episodes import Episode
from models.twin.kinds import KINDS, ServerKind
from models.twin.magnitudes import SERVER_FAULTS
from models.twin.places import SIDE_NAMES
from models.twin.plans import FleetPlan
from models.twin.site_faults import SITE_CONFOUNDERS, SITE_MAGNITUDES

START_S = 1_772_517_600.0  # 2026-03-03T06:00:00Z, a Tuesday morning
DAY_S, HOUR_S, MINUTE_S = 86_400.0, 3_600.0, 60.0
DRAWN_KINDS = 2  # machines of no catalogue among the kinds
KIND_SEED = 0x51D5
SITE_CLASSES = tuple(name for name in SITE_MAGNITUDES if name not in SITE_CONFOUNDERS)
MAGNITUDE_NAMES = ("subtle", "moderate", "severe")
TRAINED_CONFOUNDERS = ("workload_surge", "idle_drop", "gang_step", "planned_reboot", "set_point_change",
                       "warm_inlet", "standby_switch")  # fmt: skip
ALL_CONFOUNDERS = (*TRAINED_CONFOUNDERS, "fan_curve_change")
CONFOUNDER_S = (20 * MINUTE_S, 6 * HOUR_S)
LEAD_S = 2 * HOUR_S  # before anything happens
SITE_FAULT_S, SITE_REST_S = 40 * MINUTE_S, 60 * MINUTE_S  # how long it lasts, and until the next begins
SLOW_KINDS = ("2u", "1u", "amd", "storage", "gpu4")  # with fans and a thermometer in the exhaust air


@dataclass(frozen=True, slots=True)
class Fleet:
    """A plan and what the hosts of its run are called before their own names."""

    prefix: str
    plan: FleetPlan

    def of_trained_hosts(self, trained: Fleet) -> Fleet:
        """The same days, lived through by the machines that were trained on."""
        return Fleet(trained.prefix, replace(self.plan, seed=trained.plan.seed, run=self.plan.run + 1))


def kinds(count: int) -> tuple[ServerKind, ...]:
    """The first kinds of the catalogue and some of none."""
    rng = default_rng(KIND_SEED)
    drawn = tuple(draw_kind(rng, f"drawn{at + 1}") for at in range(DRAWN_KINDS))
    of_catalogue = {kind.name: kind for kind in KINDS}
    first = ("2u", "1u", "amd", "storage", "gpu4", "sled", "arm", "edge", "gpu2", "old", "gpu8")
    return (*(of_catalogue[name] for name in first[: max(count - DRAWN_KINDS, 1)]), *drawn)[:count]


def fleet_plan(
    hosts: int, of: Sequence[ServerKind], days: float, period_s: float, seed: int, run: int = 0
) -> FleetPlan:
    """A fleet of these kinds in turn without any episode."""
    layout = lay_out(hosts, ["2u"])
    servers = tuple(replace(host, kind=of[at % len(of)]) for at, host in enumerate(layout.hosts))
    step_s = period_s / max(round(period_s / (5.0 if period_s <= MINUTE_S else 10.0)), 1)
    return FleetPlan(servers, START_S, days * DAY_S, period_s, step_s, seed=seed, run=run, site=layout.site)


def with_confounders(plan: FleetPlan, names: Sequence[str], per_host_day: float, seed: int) -> FleetPlan:
    """Confounders by lot, so many a host and day; those of a zone or rack reach more than one host."""
    rng = default_rng([seed, plan.seed, plan.run])
    days = plan.duration_s / DAY_S
    episodes = []
    for host in plan.hosts:
        for _ in range(int(rng.poisson(per_host_day * days))):
            name = str(rng.choice(names))
            if name in ("set_point_change", "standby_switch"):  # one of a zone's is one of all its hosts
                if rng.random() > 8 / len(plan.hosts):
                    continue
                place = host.zone
            elif name == "warm_inlet" and rng.random() < 0.3:
                place = host.rack
            else:
                place = host.name
            episodes.append(_confounder(name, place, plan, rng))
    return replace(plan, episodes=tuple(sorted(episodes, key=lambda episode: episode.start_s)))


def _confounder(name: str, place: str, plan: FleetPlan, rng: Generator) -> Episode:
    lasts_s = float(np.round(rng.uniform(*CONFOUNDER_S)))
    start_s = plan.start_s + float(np.round(rng.uniform(LEAD_S, max(plan.duration_s - lasts_s, LEAD_S + 1))))
    magnitude = str(rng.choice(MAGNITUDE_NAMES))
    ramp_s = float(np.round(rng.uniform(0.2, 0.8) * lasts_s)) if name == "warm_inlet" else 0.0
    return Episode(place, name, start_s, start_s + lasts_s, magnitude, ramp_s=ramp_s)


def training_fleet(hosts: int, of: Sequence[ServerKind], days: float, period_s: float, seed: int) -> Fleet:
    """Normal days of machines that are never judged."""
    plan = fleet_plan(hosts, of, days, period_s, seed)
    return Fleet("t-", with_confounders(plan, TRAINED_CONFOUNDERS, 0.5, seed))


def normal_fleet(
    number: int, hosts: int, of: Sequence[ServerKind], days: float, period_s: float, seed: int, per_day: float
) -> Fleet:
    """Days without a fault; `per_day` confounders a host."""
    plan = fleet_plan(hosts, of, days, period_s, seed=1_000 * seed + 100 + number, run=number)
    return Fleet(f"n{number}-", with_confounders(plan, ALL_CONFOUNDERS, per_day, seed))


def server_fleet(
    number: int, hosts: int, of: Sequence[ServerKind], days: float, period_s: float, seed: int, each: int
) -> Fleet:
    """Faults of servers, `each` of every class where there is room."""
    plan = fleet_plan(hosts, of, days, period_s, seed=1_000 * seed + 200 + number, run=number)
    counts = {name: each for name in SERVER_FAULTS if name != "idle_server"}
    drawn = draw_episodes(plan, default_rng([seed, number, 2]), counts, lead_s=LEAD_S)
    return Fleet(f"f{number}-", replace(plan, episodes=drawn))


def site_fleet(
    number: int, hosts: int, of: Sequence[ServerKind], each: int, period_s: float, seed: int
) -> Fleet:
    """Every class of the site's faults in every size `each` times, one after the other."""
    rng = default_rng([seed, number, 3])
    wanted = [(name, size) for name in SITE_CLASSES for size in MAGNITUDE_NAMES] * each
    days = (LEAD_S + len(wanted) * (SITE_FAULT_S + SITE_REST_S)) / DAY_S
    plan = fleet_plan(hosts, of, days, period_s, seed=1_000 * seed + 300 + number, run=number)
    plan = replace(plan, duration_s=float(-(-plan.duration_s // period_s) * period_s))
    start_s, episodes = plan.start_s + LEAD_S, []
    for at in rng.permutation(len(wanted)).tolist():
        name, size = wanted[at]
        host = plan.hosts[int(rng.integers(len(plan.hosts)))]
        part = 1 + int(rng.integers(3 if name in ("feed_loss", "phase_imbalance") else 2))
        place = _site_place(name, host.zone, host.rack, (host.feed_a, host.feed_b), rng)
        ramp_s = 0.5 * SITE_FAULT_S if name in _GROWS and rng.random() < 0.5 else 0.0
        episodes.append(Episode(place, name, start_s, start_s + SITE_FAULT_S, size, part, ramp_s))
        start_s += SITE_FAULT_S + SITE_REST_S
    return Fleet(f"s{number}-", replace(plan, episodes=tuple(episodes)))


_GROWS = frozenset(("recirculation", "overcooling", "humidity", "chilled_water_loss"))


def _site_place(name: str, zone: str, rack: str, feeds: tuple[str, str], rng: Generator) -> str:
    side = int(rng.integers(2))
    return {
        "cooling_unit_failure": zone, "overcooling": zone, "humidity": zone, "recirculation": rack,
        "feed_loss": feeds[side], "phase_imbalance": feeds[side], "ups_on_battery": f"ups-{SIDE_NAMES[side]}",
        "chilled_water_loss": "",
    }[name]  # fmt: skip


def slow_fleet(number: int, hosts: int, days: float, period_s: float, seed: int) -> Fleet:
    """On the first half of the hosts a fan wears, on the other half the filter clogs, from the second day on
    until the end; severe at the end."""
    of = [kind for kind in KINDS if kind.name in SLOW_KINDS]
    plan = fleet_plan(hosts, of, days, period_s, seed=1_000 * seed + 400 + number, run=number)
    start_s, end_s = plan.start_s + DAY_S, plan.start_s + plan.duration_s
    episodes = tuple(
        Episode(
            host.name, "fan_degradation" if at < hosts // 2 else "airflow_blockage", start_s, end_s + DAY_S,
            "severe", ramp_s=end_s - start_s,
        )
        for at, host in enumerate(plan.hosts)
    )  # fmt: skip
    return Fleet(f"w{number}-", replace(plan, episodes=episodes))
