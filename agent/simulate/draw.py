"""Faults by lot: the twin's own draw, fitted into the time of a simulation.

draw_episodes over a time in which all find a host ─► as many as wanted ─► pressed into the time that there is
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from numpy.random import default_rng

from agent.errors import ConfigError
from models.twin.draws import LASTS_S, draw_episodes
from models.twin.episodes import Episode
from models.twin.magnitudes import CONFOUNDERS, MAGNITUDES
from models.twin.plans import FleetPlan

LEAD_SHARE = 0.1  # of the time: nothing happens first, so that what is normal can be seen
ROOM_S = 1.25 * LASTS_S[1] / (1 - LEAD_SHARE)  # in which any episode fits
STRETCHES = (1, 2, 4, 8)  # of the time: the more faults, the shorter each
SHORTEST_S = 180.0  # of a fault
OBVIOUS = ("moderate", "severe")
NEVER_DRAWN = frozenset(("stream_silent", "collector_silent", "sensor_swap"))  # they would hide the others
DRAW_SEED = 0xFA17


def draw_faults(
    count: int, plan: FleetPlan, duration_s: float, seed: int, with_confounders: bool = True
) -> list[Episode]:
    """`count` faults in `duration_s` from the plan's start, each with its false friend, repeatable by seed.

    Raises:
        ConfigError: there is no room for so many.
    """
    if count == 0:
        return []
    classes = [name for name in MAGNITUDES if name not in CONFOUNDERS | NEVER_DRAWN]
    for stretch in STRETCHES:
        drawn_over_s = max(duration_s, ROOM_S) * stretch
        scale = duration_s / drawn_over_s
        if LASTS_S[0] * scale < SHORTEST_S:
            break
        rng = default_rng([seed, plan.run, DRAW_SEED])
        drawn = draw_episodes(
            replace(plan, duration_s=drawn_over_s, episodes=()),
            rng,
            dict.fromkeys(classes, -(-count // len(classes))),
            OBVIOUS,
            lead_s=LEAD_SHARE * drawn_over_s,
        )
        faults = [episode for episode in drawn if episode.is_fault]
        if len(faults) >= count:
            chosen = {faults[at].start_s for at in rng.permutation(len(faults))[:count].tolist()}
            kept = [episode for episode in drawn if episode.start_s in chosen]
            return _pressed([e for e in kept if e.is_fault or with_confounders], plan.start_s, scale)
    raise ConfigError(f"simulate: --faults is {count}; expected fewer, more --hosts or a longer --duration")


def _pressed(episodes: Sequence[Episode], start_s: float, scale: float) -> list[Episode]:
    """The same episodes in a shorter time, in whole seconds."""
    return [
        replace(
            episode,
            start_s=start_s + round((episode.start_s - start_s) * scale),
            end_s=start_s + round((episode.end_s - start_s) * scale),
            ramp_s=float(round(episode.ramp_s * scale)),
            period_s=float(round(episode.period_s * scale)),
        )
        for episode in episodes
    ]
