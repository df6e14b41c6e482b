"""Rooms of the twin, drawn by lot, and what the maps of their inlet air show while things happen in them.

draw_room(seed, split) ─► FleetPlan ─► live ─► Room: departures of every host, each minute, and its labels

The two splits never share a layout, a flow margin, a set-point or a polling interval.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from agent.rack_map.past import Pasts
from models.twin.drawn_kinds import draw_kind
from models.twin.episodes import Episode
from models.twin.fleet_state import FleetState
from models.twin.kinds import KINDS, ServerKind
from models.twin.places import SitePlan, place_hosts
from models.twin.plans import FleetPlan, HostPlan

Split = Literal["training", "unseen"]

START_S, STEP_S, MINUTE_S, HOUR_S = 1_767_600_000.0, 10.0, 60.0, 3_600.0
SETTLE_S, LEAD_S, LASTS_S = 2_400.0, 6_600.0, 8 * HOUR_S
EPISODE_S, REST_S = (1_200.0, 2_400.0), (1_500.0, 3_000.0)
MOST_HOSTS = 144
HOSTS_OF_A_JOB = 8
MAGNITUDES = ("subtle", "moderate", "severe")
LOSSES = frozenset(("cooling_unit_failure", "chilled_water_loss"))
LOSS_MAGNITUDES = (0.15, 0.35, 0.5)  # how often of each: the smaller ones rarely reach the inlets
EVENTS = {  # of a zone, and how often
    "recirculation": 0.32, "cooling_unit_failure": 0.26, "set_point_change": 0.12, "warm_inlet": 0.12,
    "standby_switch": 0.05, "overcooling": 0.03, "gang_step": 0.06, "planned_reboot": 0.04, "quiet": 0.04,
}  # fmt: skip
WHOLE_SITE_SHARE = 0.25  # of rooms whose chilled water is lost once, in all zones together
GROWING = frozenset(("recirculation", "warm_inlet"))
SIZES: dict[Split, dict[str, tuple[float, ...]]] = {
    "training": {
        "racks_per_row": (2, 4, 5, 7), "rows_per_zone": (1, 2), "servers_per_rack": (5, 8, 12, 20),
        "period_s": (20.0, 60.0, 120.0),
    },
    "unseen": {
        "racks_per_row": (3, 6, 8), "rows_per_zone": (1, 2, 3), "servers_per_rack": (4, 6, 10, 16),
        "period_s": (30.0, 60.0, 300.0),
    },
}  # fmt: skip
RANGES: dict[Split, dict[str, tuple[float, float]]] = {
    "training": {"set_point_c": (18.0, 22.5), "flow_margin": (1.03, 1.2), "unit_most_w": (20e3, 60e3)},
    "unseen": {"set_point_c": (22.5, 25.0), "flow_margin": (1.2, 1.3), "unit_most_w": (15e3, 50e3)},
}


@dataclass(frozen=True, slots=True)
class Room:
    """M minutes of H hosts. `over_k` (M, H) is NaN where nothing is known or a host does not tell."""

    plan: FleetPlan
    over_k: NDArray[np.float32]
    zone: NDArray[np.intp]  # (H,) and so the rest
    row: NDArray[np.intp]  # in its zone
    rack: NDArray[np.intp]  # in its row
    height: NDArray[np.float64]

    def minute_of(self, time_s: float) -> int:
        """Which minute of the maps a time falls into."""
        return int((time_s - self.plan.start_s) // MINUTE_S)


def draw_room(seed: int, split: Split) -> FleetPlan:
    """A site, its servers and what happens there; equal seeds give equal plans."""
    rng = default_rng([seed, len(split)])
    size = {name: rng.choice(values) for name, values in SIZES[split].items()}
    ranges = {name: float(rng.uniform(*ends)) for name, ends in RANGES[split].items()}
    per_rack = int(size["servers_per_rack"])
    in_zone = int(size["racks_per_row"] * size["rows_per_zone"]) * per_rack
    zones = max(1, min(3, MOST_HOSTS // in_zone))
    site = SitePlan(
        racks_per_row=int(size["racks_per_row"]), rows_per_zone=int(size["rows_per_zone"]),
        servers_per_rack=per_rack, cooling=rng.choice(["crah", "crac"]), spare_units=int(rng.random() < 0.4),
        standby_rests=bool(rng.random() < 0.5), gradient_k=float(rng.uniform(0.5, 4.0)),
        recirculation=(0.02, float(rng.uniform(0.05, 0.12))), free_cooling=bool(rng.random() < 0.5),
        set_point_c=ranges["set_point_c"], flow_margin=ranges["flow_margin"],
        unit_most_w=ranges["unit_most_w"],
    )  # fmt: skip
    hosts = _furnish(min(zones * in_zone, max(in_zone, MOST_HOSTS)), site, rng)
    plan = FleetPlan(
        hosts, START_S + float(rng.integers(365 * 24)) * HOUR_S, LASTS_S, float(size["period_s"]), STEP_S,
        seed=seed, site=site,
    )  # fmt: skip
    episodes = sorted(_happen(plan, rng), key=lambda episode: episode.start_s)
    return FleetPlan(
        hosts, plan.start_s, LASTS_S, plan.period_s, STEP_S, seed=seed, episodes=tuple(episodes), site=site
    )


def live(plan: FleetPlan) -> Room:
    """What the room's hosts tell of their inlets, as far as they tell it."""
    state = FleetState(plan, plan.start_s - SETTLE_S)
    places, count = plan.places(), len(plan.hosts)
    minutes, every = int(plan.duration_s // MINUTE_S), round(plan.period_s / STEP_S)
    rng = default_rng([plan.seed, 7])
    silent = rng.random(count) < rng.choice([0.0, 0.05, 0.3])
    column = [channel.name for channel in state.sensors].index("inlet_temp_c")
    entries = np.flatnonzero((state.column_of == column) & (state.host_of < count))
    due, pasts = np.arange(count), Pasts(count)
    over_k = np.full((minutes, count), np.nan, np.float32)
    for step in range(-round(SETTLE_S / STEP_S), round(plan.duration_s / STEP_S)):
        from_s = plan.start_s + step * STEP_S
        state.advance(from_s)
        if step >= 0 and step % every == 0:
            _, values = state.read(due, entries, from_s)
            pasts.add(plan.period_s, values[:, column].astype(np.float64))
            over_k[int(step * STEP_S // MINUTE_S) :] = pasts.over_k
    over_k[:, silent] = np.nan
    first_row = np.array([places.row[places.zone == z].min() for z in range(len(places.zones))])
    first_rack = np.array([places.rack[places.row == r].min() for r in range(len(places.rows))])
    return Room(
        plan, over_k, places.zone, places.row - first_row[places.zone],
        places.rack - first_rack[places.row], places.height,
    )  # fmt: skip


def _furnish(count: int, site: SitePlan, rng: Generator) -> tuple[HostPlan, ...]:
    """Servers in their places: one kind for all, a kind for each rack, or mixed."""
    places, mixing = place_hosts(count, site), int(rng.integers(3))
    kinds: list[ServerKind] = [draw_kind(rng, f"drawn{at}") for at in range(2)]
    kinds += [KINDS[int(at)] for at in rng.permutation(len(KINDS))[:2]]
    pick = (np.zeros(count, int), places.rack, np.arange(count))[mixing] % len(kinds)
    return tuple(
        HostPlan(
            name, kinds[int(pick[at])], at // HOSTS_OF_A_JOB, float(places.height[at]),
            places.racks[places.rack[at]], places.rows[places.row[at]], places.zones[places.zone[at]],
            places.pdus[places.feed_a[at]], places.pdus[places.feed_b[at]],
        )
        for at, name in enumerate(places.hosts)
    )  # fmt: skip


def _happen(plan: FleetPlan, rng: Generator) -> Iterator[Episode]:
    """One thing after the other in every zone, and perhaps once in all of them."""
    end_s = plan.start_s + plan.duration_s
    whole_s = 0.0
    if plan.site.cooling == "crah" and rng.random() < WHOLE_SITE_SHARE:
        whole_s = plan.start_s + float(rng.uniform(0.6, 0.8)) * plan.duration_s
        size = str(rng.choice(MAGNITUDES[1:]))
        yield Episode("", "chilled_water_loss", whole_s, whole_s + EPISODE_S[1], size, ramp_s=600.0)
    names, weights = list(EVENTS), np.array(list(EVENTS.values()))
    for zone in dict.fromkeys(host.zone for host in plan.hosts):
        inside = [host for host in plan.hosts if host.zone == zone]
        at_s = plan.start_s + LEAD_S + float(rng.uniform(0, REST_S[1]))
        while at_s + EPISODE_S[1] < end_s:
            lasts_s = float(np.round(rng.uniform(*EPISODE_S)))
            name = str(rng.choice(names, p=weights / weights.sum()))
            is_free = not whole_s or at_s + lasts_s + REST_S[1] < whole_s or at_s > whole_s + 2 * EPISODE_S[1]
            if name != "quiet" and is_free:
                yield from _event(name, zone, inside, at_s, lasts_s, rng)
            at_s += lasts_s + float(np.round(rng.uniform(*REST_S)))


def _event(
    name: str, zone: str, inside: list[HostPlan], at_s: float, lasts_s: float, rng: Generator
) -> Iterator[Episode]:
    host = inside[int(rng.integers(len(inside)))]
    place = {"recirculation": host.rack, "gang_step": host.name, "planned_reboot": host.name}.get(name, zone)
    if name == "warm_inlet":
        place = str(rng.choice([host.name, host.rack, host.rack, zone]))
    ramp_s = float(np.round(rng.uniform(0.1, 0.6) * lasts_s)) if name in GROWING and rng.random() < 0.5 else 0
    lasts_s = 300.0 if name == "planned_reboot" else lasts_s
    size = str(rng.choice(MAGNITUDES, p=LOSS_MAGNITUDES if name in LOSSES else None))
    yield Episode(place, name, at_s, at_s + lasts_s, size, ramp_s=float(ramp_s))
