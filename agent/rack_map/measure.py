"""How well the rules, the network, and both together find breaches and lost cooling in rooms never seen.

zones ─► signs of each minute, by method ─► spells ─► found, missed, false ─► F1, 95 % of it over rooms
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from agent.rack_air import CLEAR_SHARE, TOP_K, WEAK_SHARE, Breath, comes_round
from agent.rack_map.samples import FIRST_MINUTE, SEEN_K, ZoneRecord, median_of
from agent.rack_map.verdicts import Count, Flags, judge, spells
from agent.rules.site import WARMER_K
from models.rack_map import COOLING_LOSS, RackMap

CHANCES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)  # less than one half speaks for nothing
WARM_K = (1.0, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0, WARMER_K, 4.0)
RULE, TUNED, NETWORK = "rule", "rule, its limit tuned", "network"
EITHER, BOTH, WEAK_BOTH = "rule or network", "rule and network", "weaker rule and network"
HELPED = "rule, or weaker rule and network"
HELD = 0.5  # of its threshold: what keeps a spell of the network
DRAWS = 2_000  # of the bootstrap

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which probability, or how many K, a method raises."""

    breach_from: float = 0.5
    breach_confirmed_from: float = 0.5
    loss_from_k: float = WARMER_K
    loss_from: float = 0.5
    loss_confirmed_from: float = 0.5


@dataclass(frozen=True, slots=True)
class Signs:
    """What each method goes by, for every minute of a zone; `rule`, `held`, `weak` by agent.rack_air."""

    zone: ZoneRecord
    rule: Flags  # (M, R, C) warm air comes round
    held: Flags  # the same with CLEAR_SHARE of what that takes, which keeps a spell of the rule
    weak: Flags  # the same with WEAK_SHARE, which is enough where the network agrees
    chance: Array  # (M, R, C) of recirculation, by the network; 0 where nothing is known
    median_k: Array  # (M,) of the zone's hosts
    loss: Array  # (M,) chance of lost cooling


Rule = tuple[Flags, Flags, Flags]
Choice = Callable[[Signs], tuple[NDArray[np.bool_], NDArray[np.bool_]]]


def see_signs(zone: ZoneRecord, model: RackMap, rule: Rule | None = None) -> Signs:
    """All signs of a zone; `rule` where it is known already."""
    racks, classes = model.judge_all(zone.maps, zone.before())
    flags = rule if rule is not None else judge_by_rule(zone)
    loss = classes[:, COOLING_LOSS].copy()
    loss[:FIRST_MINUTE], chance = 0.0, np.nan_to_num(racks)
    return Signs(zone, *flags, chance, median_of(zone.over_k), loss)


def judge_by_rule(zone: ZoneRecord) -> Rule:
    """(M, R, C) whether warm air comes round, whether CLEAR_SHARE and whether WEAK_SHARE of that does."""
    shares = (1.0, CLEAR_SHARE, WEAK_SHARE)
    strong, held, weak = (np.zeros(zone.racks.shape, bool) for _ in shares)
    flags = (strong, held, weak)
    rack_of = zone.grid.cell // zone.maps.shape[-1]
    for row in range(zone.grid.rows):
        for rack in range(zone.grid.racks):
            hosts = np.flatnonzero(rack_of == row * zone.grid.racks + rack)
            for minute in range(FIRST_MINUTE, len(zone.over_k)):
                over_k = zone.over_k[minute, hosts]
                if not np.nanmax(over_k, initial=0.0) >= min(shares) * TOP_K:
                    continue
                breaths = [
                    Breath(0, 0, float(zone.height[host]), float(k), 0.0)
                    for host, k in zip(hosts, over_k, strict=True)
                    if np.isfinite(k)
                ]
                for flag, share in zip(flags, shares, strict=True):
                    flag[minute, row, rack] = comes_round(breaths, share)
    return flags


def breach_methods(at: Thresholds) -> dict[str, Choice]:
    """Methods for recirculation: what raises, and what keeps what was raised; (M, R, C) each."""
    raises, both = at.breach_from, at.breach_confirmed_from
    return {
        RULE: lambda s: (s.rule, s.held),
        NETWORK: lambda s: (s.chance >= raises, s.chance >= HELD * raises),
        EITHER: lambda s: (s.rule | (s.chance >= raises), s.held | (s.chance >= HELD * raises)),
        BOTH: lambda s: (s.rule & (s.chance >= both), s.held & (s.chance >= HELD * both)),
        WEAK_BOTH: lambda s: (s.weak & (s.chance >= both), s.weak & (s.chance >= HELD * both)),
        HELPED: lambda s: (s.rule | (s.weak & (s.chance >= both)), s.weak),
    }


def loss_methods(at: Thresholds) -> dict[str, Choice]:
    """Methods for lost cooling, (M,) each."""
    warm_k, raises, both = at.loss_from_k, at.loss_from, at.loss_confirmed_from
    return {
        RULE: lambda s: (s.median_k >= WARMER_K, s.median_k >= CLEAR_SHARE * WARMER_K),
        TUNED: lambda s: (s.median_k >= warm_k, s.median_k >= CLEAR_SHARE * warm_k),
        NETWORK: lambda s: (s.loss >= raises, s.loss >= HELD * raises),
        EITHER: lambda s: (
            (s.median_k >= WARMER_K) | (s.loss >= raises),
            (s.median_k >= CLEAR_SHARE * WARMER_K) | (s.loss >= HELD * raises),
        ),
        BOTH: lambda s: (
            (s.median_k >= SEEN_K) & (s.loss >= both),
            (s.median_k >= CLEAR_SHARE * SEEN_K) & (s.loss >= HELD * both),
        ),
    }


def choose_thresholds(signs: Sequence[Signs]) -> Thresholds:
    """Those with which each method tells most of these rooms rightly; of equals the highest."""
    chosen = Thresholds()
    for name, method, values in (
        ("breach_from", NETWORK, CHANCES), ("breach_confirmed_from", WEAK_BOTH, CHANCES),
        ("loss_from_k", TUNED, WARM_K), ("loss_from", NETWORK, CHANCES),
        ("loss_confirmed_from", BOTH, CHANCES),
    ):  # fmt: skip
        best = (-1.0, 0.0)
        for value in values:
            tried = replace(chosen, **{name: value})
            if name.startswith("breach"):
                counts = (count_breaches(s, breach_methods(tried)[method]) for s in signs)
            else:
                counts = (count_losses(s, loss_methods(tried)[method]) for s in signs)
            best = max(best, (sum(counts, Count()).f1, value))
        chosen = replace(chosen, **{name: best[1]})
    return chosen


def count_breaches(signs: Signs, choice: Choice) -> Count:
    """Of all racks of a zone. Racks beside a breach, and breaches that nobody can see, count for nothing."""
    return _count_breaches(signs, choice, [])


def count_breaches_apart(signs: Signs, choice: Choice) -> Count:
    """The same, but what is told while the zone's cooling is lost counts for nothing either: servers that
    lack air do take it from behind them."""
    return _count_breaches(signs, choice, [signs.zone.minutes(episode) for episode in signs.zone.losses])


def _count_breaches(signs: Signs, choice: Choice, elsewhere: Sequence[tuple[int, int]]) -> Count:
    zone, total = signs.zone, Count()
    raises, holds = choice(signs)
    for row in range(zone.grid.rows):
        for rack in range(zone.grid.racks):
            seen: list[tuple[int, int]] = []
            excused = [*elsewhere]
            for episode, at_row, at_rack in zone.breaches:
                span = zone.minutes(episode)
                if at_row != row or abs(at_rack - rack) > 1:
                    continue
                visible = at_rack == rack and bool((zone.racks[span[0] : span[1] + 1, row, rack] == 1).any())
                (seen if visible else excused).append(span)
            total += judge(spells(raises[:, row, rack], holds[:, row, rack]), seen, excused)
    return total


def count_losses(signs: Signs, choice: Choice) -> Count:
    """Of a zone; losses that warm its inlets by less than SEEN_K count for nothing."""
    zone = signs.zone
    seen: list[tuple[int, int]] = []
    excused: list[tuple[int, int]] = []
    raises, holds = choice(signs)
    for episode in zone.losses:
        first, last = zone.minutes(episode)
        visible = bool((signs.median_k[first : last + 1] >= SEEN_K).any())
        (seen if visible else excused).append((first, last))
    return judge(spells(raises, holds), seen, excused)


def interval(counts: Mapping[int, Count], beside: Mapping[int, Count] | None = None) -> tuple[float, float]:
    """95 % of the F1 over rooms drawn again, or of the difference to `beside` in the same rooms."""
    rng, rooms = default_rng(0), sorted(counts)

    def table(of: Mapping[int, Count]) -> Array:
        return np.array([(of[room].found, of[room].missed, of[room].false) for room in rooms], float)

    drawn = rng.integers(len(rooms), size=(DRAWS, len(rooms)))

    def scores(of: Mapping[int, Count]) -> Array:
        found, missed, false = table(of)[drawn].sum(axis=1).T
        f1: Array = 2 * found / np.maximum(2 * found + missed + false, 1)
        return f1

    values = scores(counts) - (scores(beside) if beside is not None else 0.0)
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)


def by_room(signs: Sequence[Signs], choice: Choice, count: Callable[..., Count]) -> dict[int, Count]:
    """Counts of each room."""
    rooms: dict[int, Count] = {}
    for sign in signs:
        rooms[sign.zone.room] = rooms.get(sign.zone.room, Count()) + count(sign, choice)
    return rooms
