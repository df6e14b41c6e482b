"""The fleets that the classifier learns from and is judged on: every server of them is a machine of its own.

split ("train", "validate", "test"), number ─► FleetPlan: kinds that no other fleet has, faults with their
false friends, polled every 10 s to 120 s
"""

from __future__ import annotations

from dataclasses import replace

from numpy.random import Generator, default_rng

from agent.simulate.plan import lay_out
from models.twin.drawn_kinds import draw_kind
from models.twin.draws import draw_episodes
from models.twin.magnitudes import SERVER_FAULTS
from models.twin.plans import FleetPlan

SPLITS = ("train", "validate", "test")
HOSTS = 48
HOUR_S = 3_600.0
START_S = 1_777_788_000.0  # 2026-05-03T06:00:00Z; the seasons of other evaluations are others
LEAD_S = 1.5 * HOUR_S  # a machine's physics are known after an hour
PERIODS_S = (60.0, 120.0, 60.0, 30.0, 60.0, 120.0, 10.0, 60.0, 20.0, 60.0)  # of a split's fleets in turn
HOURS = {10.0: 3.0, 20.0: 4.0, 30.0: 7.0, 60.0: 12.0, 120.0: 16.0}  # period → how long
_SEED = 0xC1A5


def fleet_of(split: str, number: int, seed: int) -> FleetPlan:
    """A split's fleet by its number; equal arguments give equal fleets.

    Raises:
        ValueError: no such split.
    """
    at = SPLITS.index(split)
    rng = default_rng([_SEED, seed, at, number])
    period_s = PERIODS_S[number % len(PERIODS_S)]
    plan = bare_fleet(rng, f"{split}{number}", HOSTS, HOURS[period_s], period_s)
    room = HOSTS * (plan.duration_s - LEAD_S) / (1.4 * HOUR_S)  # episodes that fit, confounders included
    each = max(round(0.5 * room / len(SERVER_FAULTS)), 1)
    counts = {name: each for name in SERVER_FAULTS if name != "idle_server"} | {"recirculation": 1}
    return replace(plan, episodes=draw_episodes(plan, rng, counts, lead_s=LEAD_S))


def bare_fleet(rng: Generator, name: str, hosts: int, hours: float, period_s: float) -> FleetPlan:
    """Servers of kinds drawn one by one, and nothing that happens to them."""
    layout = lay_out(hosts, ["2u"])
    servers = tuple(
        replace(host, kind=draw_kind(rng, f"{name}-{at}")) for at, host in enumerate(layout.hosts)
    )
    step_s = period_s / max(round(period_s / (5.0 if period_s < 60.0 else 10.0)), 1)
    return FleetPlan(
        servers, START_S, hours * HOUR_S, period_s, step_s, seed=int(rng.integers(2**31)), site=layout.site
    )
