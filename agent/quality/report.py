"""Finished cells as the tables of docs/quality_tables.md: means over seeds, intervals over machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from agent.quality.cells import MISSING, OURS, SHORT, SHORT_PCA, Cell, Result
from agent.quality.own import (
    FALSE_ALARMS_PER_DAY,
    PAIRS,
    REMOVED_SHARE,
    SHORT_ROWS,
    TRAINED_WITHOUT,
    WORST_PAIR,
)
from agent.quality.peers import PEERS
from agent.quality.sets import SETS
from models.detector import PARTS
from models.evaluation import paired_interval

Results = Mapping[Cell, Result]
Figure = Callable[[Result], float]

LEAST_MACHINES = 3  # for an interval over them

HEAD = """# Detection quality on public machine data

Written by `make quality` (`python -m agent.quality`); change nothing here by hand.

Each method learns from a machine's training table alone and scores its test table row by row from the
past. Figures are mean VUS-PR (buffer of 100 rows, no point adjustment) over machines and {seeds} seeds; peers
have one.
*Smoothed* is the same score with our own smoothing. *Ahead* is by how much the detector's fused score is
ahead, with the paired bootstrap 95 % interval over machines; **bold** where the interval is above zero.
Peers are rebuilt after their papers or run from scikit-learn, as each row says; their sizes are our
choice within what the papers use, and their networks see training windows some rows apart. Every network
runs on one CPU thread.
"""


def document(results: Results, sections: Sequence[str], seeds: int) -> str:
    """The whole file, in Markdown."""
    parts = [HEAD.format(seeds=seeds)]
    for name, its in SETS.items():
        machines = sorted({cell.machine for cell in results if cell.set_name == name})
        if not machines:
            parts.append(
                f"## {its.title}\n\nThe public data of this set has not been found; nothing was measured.\n"
            )
            continue
        parts.append(f"## {its.title} ({len(machines)} machines)\n")
        parts += [write(results, name) for section, write in _SECTIONS.items() if section in sections]
    return "\n".join(parts)


def by_machine(results: Results, method: str, name: str, figure: Figure) -> dict[str, float]:
    """Machine → mean over seeds of one figure."""
    found: dict[str, list[float]] = {}
    for cell, result in sorted(results.items(), key=lambda item: (item[0].machine, item[0].seed)):
        if cell.method == method and cell.set_name == name:
            found.setdefault(cell.machine, []).append(figure(result))
    return {machine: float(np.mean(values)) for machine, values in found.items()}


def _volume(of: str) -> Figure:
    return lambda result: float(result["vus_pr"][of])


def _mean(values: Mapping[str, float]) -> float:
    return float(np.mean(list(values.values())))


def _ahead(ours: Mapping[str, float], others: Mapping[str, float]) -> str:
    """How far ours is ahead, with its interval where there are machines enough for one."""
    mean, low, high = paired_interval([ours[machine] - others[machine] for machine in others])
    if len(others) < LEAST_MACHINES:
        return _signed(mean)
    text = f"{_signed(mean)} [{_signed(low)}, {_signed(high)}]"
    return f"**{text}**" if low > 0 else text


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−").replace("0.", ".", 1)


def _short(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def _table(columns: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _peers(results: Results, name: str) -> str:
    ours = by_machine(results, OURS, name, _volume("fused"))

    def rows() -> Iterator[Sequence[str]]:
        for method, make in PEERS.items():
            peer = make()
            raw, mixed = (by_machine(results, method, name, _volume(of)) for of in ("raw", "mix"))
            took = by_machine(results, method, name, lambda result: float(result["seconds"]))
            figures = (_short(_mean(raw)), _ahead(ours, raw), _short(_mean(mixed)), _ahead(ours, mixed))
            yield (peer.label, peer.origin, *figures, f"{_mean(took):.1f}")

    columns = ("peer", "origin", "raw", "ahead of it", "smoothed", "ahead of it", "s a machine")
    return f"{_parts(results, name)}\n### Peers\n\n{_table(columns, rows())}"


def _parts(results: Results, name: str) -> str:
    """Our parts, and what the networks add to the same scheme without them."""
    ours = by_machine(results, OURS, name, _volume("fused"))

    def rows() -> Iterator[Sequence[str]]:
        for part in PARTS:
            its = by_machine(results, OURS, name, _volume(part))
            ahead = "" if part == "fused" else _ahead(ours, its)
            yield part, _short(_mean(its)), _spread_over_seeds(results, name, part), ahead

    columns = ("coldaisle", "VUS-PR", "seeds", "fused is ahead of it")
    note = "`linear` is the same scheme without networks: what `fused` is ahead of it is what they add."
    return f"### The detector and its parts\n\n{note}\n\n{_table(columns, rows())}"


def _spread_over_seeds(results: Results, name: str, part: str) -> str:
    seeds = sorted({cell.seed for cell in results if cell.method == OURS and cell.set_name == name})
    means = [
        float(np.mean([r["vus_pr"][part] for c, r in results.items()
                       if c.method == OURS and c.set_name == name and c.seed == seed]))
        for seed in seeds
    ]  # fmt: skip
    return " · ".join(_short(mean) for mean in means)


def _events(results: Results, name: str) -> str:
    def event(of: str) -> Figure:
        return lambda result: float(result["events"][of] or 0.0)

    recall, rate = (by_machine(results, OURS, name, event(of)) for of in ("recall", "false_alarms_per_day"))
    count = by_machine(results, OURS, name, event("events"))
    pooled = sum(recall[m] * count[m] for m in count) / max(sum(count.values()), 1.0)
    runs = [r["events"] for c, r in results.items() if c.method == OURS and c.set_name == name]
    worst = max(run["false_alarms_per_day"] for run in runs)
    delays = [run["delay_s_median"] for run in runs if run["delay_s_median"] is not None]
    delay = f"{float(np.median(delays)) / 60:.0f} min" if delays else "–"
    row = (
        f"{_mean(recall):.2f}", f"{pooled:.2f}", f"{_mean(rate):.2f}", f"{worst:.2f}", delay,
    )  # fmt: skip
    columns = ("event recall, mean of machines", "of all events", "false alarms a day", "worst host", "delay")
    asked = f"Asked of the threshold: {FALSE_ALARMS_PER_DAY:g} false alarm a day. Worst: any host, any seed."
    return f"### Events\n\n{asked}\n\n{_table(columns, iter([row]))}"


def _few_rows(results: Results, name: str) -> str:
    ours = by_machine(results, SHORT, name, _volume("fused"))

    def rows() -> Iterator[Sequence[str]]:
        yield "coldaisle, fused", _short(_mean(ours)), ""
        linear = by_machine(results, SHORT, name, _volume("linear"))
        yield "coldaisle, linear", _short(_mean(linear)), _ahead(ours, linear)
        for title, of in (("PCA", "raw"), ("PCA, smoothed", "mix")):
            its = by_machine(results, SHORT_PCA, name, _volume(of))
            yield title, _short(_mean(its)), _ahead(ours, its)

    columns = (f"trained on {SHORT_ROWS} rows", "VUS-PR", "fused is ahead of it")
    return f"### {SHORT_ROWS} rows of history\n\n{_table(columns, rows())}"


def _gaps(results: Results, name: str) -> str:
    whole = by_machine(results, MISSING, name, _volume("whole"))

    def pairs(result: Result) -> float:
        return float(np.mean([v for what, v in result["vus_pr"].items() if what.startswith("pair")]))

    def rows() -> Iterator[Sequence[str]]:
        yield "nothing", _short(_mean(whole)), ""
        kinds: tuple[tuple[str, Figure], ...] = (
            (f"{REMOVED_SHARE:.0%} of samples, at random", _volume("samples")),
            (f"two sensors, drawn {PAIRS} times", pairs),
            ("of these the two that cost a machine most", _volume(WORST_PAIR)),
            ("the same two, and trained without them", _volume(TRAINED_WITHOUT)),
        )
        for title, figure in kinds:
            its = by_machine(results, MISSING, name, figure)
            yield title, _short(_mean(its)), f"{_mean(its) / _mean(whole) - 1:+.1%}".replace("-", "−")

    note = "Removed from the test table only; one seed. What training without them costs is what they knew."
    return f"### Missing data\n\n{note}\n\n{_table(('removed', 'VUS-PR', 'change'), rows())}"


_SECTIONS: dict[str, Callable[[Results, str], str]] = {
    "peers": _peers,
    "events": _events,
    "short": _few_rows,
    "missing": _gaps,
}
