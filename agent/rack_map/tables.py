"""The tables of docs/rack_map.md, from rooms that no network has seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from agent.rack_map.measure import (
    RULE,
    Choice,
    Signs,
    Thresholds,
    breach_methods,
    by_room,
    count_breaches,
    count_breaches_apart,
    count_losses,
    interval,
    judge_by_rule,
    loss_methods,
    see_signs,
)
from agent.rack_map.rooms import Room
from agent.rack_map.training import zones_of_rooms
from agent.rack_map.verdicts import Count
from models.rack_map import RackMap

PAGE = Path(__file__).parents[2] / "docs" / "rack_map.md"
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"
Methods = Callable[[Thresholds], Mapping[str, Choice]]
HEAD = (
    "| method | F1 | 95 % | beside the rule | precision | recall | false | delay, min |\n"
    "|---|---|---|---|---|---|---|---|\n"
)


def measure_networks(rooms: Sequence[Room], models: Sequence[RackMap]) -> str:
    """All tables; those of parts are of the first network."""
    zones = zones_of_rooms(rooms)
    rules = [judge_by_rule(zone) for zone in zones]
    seen = [
        [see_signs(zone, model, rule) for zone, rule in zip(zones, rules, strict=True)] for model in models
    ]
    ats = [Thresholds(**model.about["thresholds"]) for model in models]
    hours = sum(zone.over_k.shape[0] for zone in zones) / 60
    breaches = sum(len(zone.breaches) for zone in zones)
    losses = sum(len(zone.losses) for zone in zones)
    lines = [
        f"{len(rooms)} rooms, {len(zones)} zones, {hours:.0f} hours of a zone; {breaches} breaches and "
        f"{losses} losses of cooling, seen or not. Thresholds: {ats[0]}.\n"
    ]
    for title, methods, count in (
        ("Recirculation, by rack", breach_methods, count_breaches),
        (
            "Recirculation, apart from racks of zones that lose their cooling",
            breach_methods,
            count_breaches_apart,
        ),
        ("Lost cooling, by zone", loss_methods, count_losses),
    ):
        lines += [f"### {title}\n", _methods(seen[0], methods(ats[0]), count)]
        if len(models) > 1:
            lines += [f"{title}: F1 of networks from other seeds\n", _networks(seen, ats, methods, count)]
        lines += [f"{title}: F1 by interval of the telemetry\n"]
        lines += [_parts(seen[0], methods(ats[0]), count)]
    return "\n".join(lines)


def write_tables(tables: str, page: Path) -> None:
    """Put them between the marks of a page; a new page where there is none."""
    old = page.read_text(encoding="utf-8") if page.exists() else f"{BEGIN}\n{END}\n"
    before, rest = old.split(BEGIN, 1)
    page.write_text(f"{before}{BEGIN}\n{tables}\n{END}{rest.split(END, 1)[1]}", encoding="utf-8")


def _methods(signs: Sequence[Signs], methods: Mapping[str, Choice], count: Callable[..., Count]) -> str:
    rooms = {name: by_room(signs, choice, count) for name, choice in methods.items()}
    rows = []
    for name, counts in rooms.items():
        total = sum(counts.values(), Count())
        low, high = interval(counts)
        beside = "" if name == RULE else "{:+.3f} to {:+.3f}".format(*interval(counts, rooms[RULE]))
        delay = f"{np.median(total.delays):.0f}" if total.delays else ""
        rows.append(
            f"| {name} | {total.f1:.3f} | {low:.3f}–{high:.3f} | {beside} | {total.precision:.3f} | "
            f"{total.recall:.3f} ({total.found} of {total.found + total.missed}) | {total.false} | {delay} |"
        )
    return HEAD + "\n".join(rows) + "\n"


def _networks(
    seen: Sequence[Sequence[Signs]], ats: Sequence[Thresholds], methods: Methods, count: Callable[..., Count]
) -> str:
    lines = [f"| method | {' | '.join(f'network {at + 1}' for at in range(len(seen)))} |"]
    lines.append("|---" * (len(seen) + 1) + "|")
    for name in methods(ats[0]):
        scores = [
            sum((count(sign, methods(at)[name]) for sign in signs), Count()).f1
            for signs, at in zip(seen, ats, strict=True)
        ]
        lines.append(f"| {name} | {' | '.join(f'{score:.3f}' for score in scores)} |")
    return "\n".join(lines) + "\n"


def _parts(signs: Sequence[Signs], methods: Mapping[str, Choice], count: Callable[..., Count]) -> str:
    periods = sorted({sign.zone.period_s for sign in signs})
    lines = [f"| method | {' | '.join(f'{period:.0f} s' for period in periods)} |"]
    lines.append("|---" * (len(periods) + 1) + "|")
    for name, choice in methods.items():
        scores = [
            sum((count(s, choice) for s in signs if s.zone.period_s == period), Count()).f1
            for period in periods
        ]
        lines.append(f"| {name} | {' | '.join(f'{score:.3f}' for score in scores)} |")
    return "\n".join(lines) + "\n"
