"""The figures of the classifier in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from agent.classifier.figures import Figures, Weighed
from agent.classifier.trial import Outcome
from agent.quality.twin_match import wilson
from models.fault_classifier import CLASSES


def document(figures: Mapping[str, Figures], weighed: Weighed, outcomes: Sequence[Outcome]) -> str:
    """All tables."""
    parts = [_alone(figures), _by_class(figures), _weighed(weighed)]
    if outcomes:
        parts.append(_inside(outcomes))
    return "\n\n".join(parts) + "\n"


def _alone(figures: Mapping[str, Figures]) -> str:
    header = ["windows of test machines", "n", "episodes", "macro-F1", "top-1 of faults", "ECE",
              "right, of those named", "not named"]  # fmt: skip
    rows = [
        [name, f"{one.windows:,}", f"{one.episodes:,}", _interval(one.macro_f1), _interval(one.top1),
         f"{one.ece:.3f}", f"{one.right_named:.2f}", f"{one.unnamed:.2f}"]
        for name, one in figures.items()
    ]  # fmt: skip
    return _table(header, rows)


def _by_class(figures: Mapping[str, Figures]) -> str:
    header = ["class", *(f"F1, {name}" for name in figures)]
    rows = [
        [name, *("–" if np.isnan(one.f1[at]) else f"{one.f1[at]:.2f}" for one in figures.values())]
        for at, name in enumerate(CLASSES)
    ]
    return _table(header, rows)


def _weighed(one: Weighed) -> str:
    header = [
        "names given by rules",
        "right",
        "confidence of",
        "ECE",
        "a right one is surer than a wrong one",
    ]
    count, right = f"{one.names:,}", f"{one.right:.3f}"
    rows = [
        [count, right, "the rule alone", f"{one.alone_ece:.3f}", f"{one.alone_auc:.2f}"],
        [count, right, "both", f"{one.joined_ece:.3f}", f"{one.joined_auc:.2f}"],
    ]
    return _table(header, rows)


def _inside(outcomes: Sequence[Outcome]) -> str:
    header = ["whole agent", "faults, not subtle", "found", "of these named right", "unknown", "named wrong",
              "false alerts", "host-days", "ECE of confidence", "ticks asked",
              "cost, of the agent's time"]  # fmt: skip
    rows = []
    for one in outcomes:
        low, high = wilson(one.named, one.found)
        named = f"{one.named / max(one.found, 1):.2f} [{low:.2f}, {high:.2f}]"
        rows.append(
            [one.name, str(one.events), str(one.found), named, str(one.unknown), str(one.misnamed),
             str(one.false), f"{one.host_days:.0f}", f"{one.ece:.3f}",
             f"{100 * one.asked / max(one.ticks, 1):.1f} %", f"{100 * one.cost:.1f} %"]
        )  # fmt: skip
    return _table(header, rows)


def _interval(figure: tuple[float, float, float]) -> str:
    low, value, high = figure
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
