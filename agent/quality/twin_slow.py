"""What a slow fault costs before it is found: the same fleet with it and without, degree by degree.

Both runs draw the same weather, work and meters, so their difference is the fault.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agent.quality.twin_fleets import DAY_S, HOUR_S, Fleet
from agent.quality.twin_report import Slow
from agent.quality.twin_stream import Raised
from models.twin.fleet_run import FleetRun
from models.twin.plans import FleetPlan

HOT = re.compile(r"(cpu\d+|exhaust)_temp_c")
MEAN_S = 2 * HOUR_S  # over which the difference is taken: meters tremble by whole degrees


def slow_faults(fleet: Fleet, raised: Sequence[Raised]) -> list[Slow]:
    """For each slow fault of a fleet, when it was found and how many K it cost by then.

    Alerts before a fault began, or of a silence, find nothing.
    """
    cost_k = _rise_k(fleet.plan)  # (N, H)
    mean = max(round(MEAN_S / fleet.plan.period_s), 1)
    row = {host.name: at for at, host in enumerate(fleet.plan.hosts)}
    found = []
    for episode in fleet.plan.episodes:
        at_s = min(
            (
                one.raised_s
                for one in raised
                if one.host == episode.host and one.raised_s >= episode.start_s and one.kind == "condition"
            ),
            default=None,
        )
        until_s = fleet.plan.start_s + fleet.plan.duration_s if at_s is None else at_s
        tick = int((until_s - fleet.plan.start_s) // fleet.plan.period_s)
        past = cost_k[max(tick - mean, 0) : max(tick, 1), row[episode.host]]
        found.append(
            Slow(
                episode.name,
                episode.host,
                fleet.plan.hosts[row[episode.host]].kind.name,
                None if at_s is None else (at_s - episode.start_s) / DAY_S,
                episode.grown(until_s - 1.0),
                float(np.nanmean(past)),
            )
        )
    return found


def _rise_k(plan: FleetPlan) -> NDArray[np.float64]:
    """(N, H) the most that a thermometer of each host shows above what it would without the episodes."""
    with_it, without = _hot(plan), _hot(replace(plan, episodes=()))
    rise = with_it - without
    nothing = np.isnan(rise).all(axis=2)
    return np.where(nothing, np.nan, np.nanmax(np.where(np.isnan(rise), -np.inf, rise), axis=2))


def _hot(plan: FleetPlan) -> NDArray[np.float64]:
    """(N, H, C) CPU and exhaust temperatures of every poll, means of a while; NaN where there is none."""
    run = FleetRun(plan)
    columns = [at for at, channel in enumerate(run.server_sensors) if HOT.fullmatch(channel.name)]
    polls = int(plan.duration_s // plan.period_s)
    seen = np.full((polls, len(plan.hosts), len(columns)), np.nan)
    for poll in run.polls():
        servers = poll.host < len(plan.hosts)
        at = min(int((poll.time_s - plan.start_s) // plan.period_s), polls - 1)
        seen[at, poll.host[servers]] = poll.values[servers][:, columns]
    wide = max(round(MEAN_S / plan.period_s), 1)
    kernel = np.ones(wide)
    filled = np.apply_along_axis(np.convolve, 0, np.nan_to_num(seen), kernel)[:polls]
    count = np.apply_along_axis(np.convolve, 0, np.isfinite(seen).astype(float), kernel)[:polls]
    return np.where(count > 0, filled / np.maximum(count, 1), np.nan)
