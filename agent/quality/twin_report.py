"""The figures of an evaluation on the twin as tables: for people, for docs, for JSON."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from agent.quality.twin_incidents import HEADER, CauseCount, cells, total
from agent.quality.twin_match import Event, FalseAlert, median, poisson_interval, wilson

MONTH_DAYS = 30.0
MAGNITUDES = ("subtle", "moderate", "severe")
GOALS = {"subtle": 0.50, "moderate": 0.85, "severe": 0.95}
LOAD_CLASSES = frozenset(("abnormal_load", "idle_server"))  # somebody's work, nothing broken
STEP_CLASSES = frozenset((  # whose signature comes within seconds or minutes (docs/detection.md)
    "fan_failure", "cpu_throttling", "power_cap", "psu_failure", "psu_imbalance", "vrm_overheating",
    "dimm_overheating", "gpu_overheating", "gpu_lost", "cooling_unit_failure", "feed_loss", "phase_imbalance",
    "ups_on_battery",
))  # fmt: skip


@dataclass(slots=True)
class Recall:
    """How many of some faults were found."""

    name: str
    count: int
    found: int
    named: int
    hidden: int  # missed while an alert of before was open
    delay_ticks: float  # median of those found; NaN for none

    @property
    def share(self) -> float:
        return self.found / self.count if self.count else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.found, self.count)

    def cells(self) -> list[str]:
        """n, recall with its interval, named of found, delay in ticks, missed beside an open alert."""
        low, high = self.interval
        named = f"{self.named / self.found:.2f}" if self.found else "–"
        delay = "–" if math.isnan(self.delay_ticks) else f"{self.delay_ticks:.1f}"
        return [
            self.name,
            str(self.count),
            f"{self.share:.2f} [{low:.2f}, {high:.2f}]",
            named,
            delay,
            str(self.hidden),
        ]


@dataclass(slots=True)
class Normal:
    """What was raised on normal hosts."""

    name: str
    host_days: float
    false: list[FalseAlert] = field(default_factory=list)

    @property
    def per_1000_host_days(self) -> float:
        return 1_000.0 * len(self.false) / self.host_days if self.host_days else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        low, high = poisson_interval(len(self.false))
        return 1_000.0 * low / self.host_days, 1_000.0 * high / self.host_days

    def factor(self, budget_per_host_month: float) -> float:
        """Realised against asked."""
        asked = budget_per_host_month / MONTH_DAYS * self.host_days
        return len(self.false) / asked if asked else math.nan


@dataclass(slots=True)
class Slow:
    """One slow fault: when it was found and what it had cost by then."""

    fault: str
    host: str
    machine: str
    found_after_days: float | None
    grown: float  # share of the full fault that had come
    cost_k: float  # the most that CPU or exhaust had risen; at the end where it was missed


@dataclass(slots=True)
class Report:
    """All figures of one evaluation."""

    size: str
    seed: int
    period_s: float
    slow_period_s: float
    budget_per_host_month: float
    trained: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    beside_faults: Normal = field(default_factory=lambda: Normal("beside faults", 0.0))
    normal: list[Normal] = field(default_factory=list)
    slow: list[Slow] = field(default_factory=list)
    incidents: list[CauseCount] = field(default_factory=list)  # of each class of fault
    fan_stops: list[dict[str, object]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Everything, with the summary that the goals speak of."""
        told = _without_nan({**asdict(self), "summary": self.summary()})
        return dict(told) if isinstance(told, dict) else {}

    def summary(self) -> dict[str, object]:
        """The figures that the goals speak of."""
        steps = self.step_delays()
        return {
            "recall": {r.name: r.share for r in self.by_magnitude()},
            "step_delay_ticks": steps.delay_ticks,
            "false_per_1000_host_days": {n.name: n.per_1000_host_days for n in self.normal},
            "budget_factor": self.all_normal().factor(self.budget_per_host_month),
            "host_days": self.all_normal().host_days,
            "incident_purity": total(self.incidents).purity,
            "incidents_per_cause": total(self.incidents).per_cause,
            "slow_cost_k": median(s.cost_k for s in self.slow),
        }

    def recall_of(self, name: str, which: Callable[[Event], bool]) -> Recall:
        """Of the faults that are meant."""
        events = [event for event in self.events if which(event)]
        delays = [event.delay_s / self.period_s for event in events if event.delay_s is not None]
        named = sum(event.named for event in events)
        hidden = sum(event.was_open and not event.found for event in events)
        return Recall(name, len(events), len(delays), named, hidden, median(delays))

    def by_magnitude(self) -> list[Recall]:
        """All power and temperature faults of each size, then those of load."""

        def of(magnitude: str) -> Recall:
            return self.recall_of(
                magnitude, lambda e: e.magnitude == magnitude and e.fault not in LOAD_CLASSES
            )

        return [*map(of, MAGNITUDES), self.recall_of("load", lambda e: e.fault in LOAD_CLASSES)]

    def by_class(self) -> list[Recall]:
        """Each class in each size, where there is one."""

        def of(fault: str, magnitude: str) -> Recall:
            return self.recall_of(
                f"{fault} {magnitude}", lambda e: e.fault == fault and e.magnitude == magnitude
            )

        classes = sorted({event.fault for event in self.events})
        rows = [of(fault, magnitude) for fault in classes for magnitude in MAGNITUDES]
        return [row for row in rows if row.count]

    def step_delays(self) -> Recall:
        """Of faults that come at once and show at once."""
        return self.recall_of("steps", lambda e: e.profile == "step" and e.fault in STEP_CLASSES)

    def all_normal(self) -> Normal:
        """All normal fleets together."""
        false = [one for normal in self.normal for one in normal.false]
        return Normal("all", sum(normal.host_days for normal in self.normal), false)


def _without_nan(value: object) -> object:
    """The same with None for what is no number: JSON has no NaN."""
    if isinstance(value, dict):
        return {name: _without_nan(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def tables(report: Report) -> list[tuple[str, list[str], list[list[str]]]]:
    """(title, header, rows) of every table."""
    header = ["faults", "n", "event recall", "named", "delay, ticks", "alert open before"]
    found = [
        ("Faults by size", header, [row.cells() for row in [*report.by_magnitude(), report.step_delays()]]),
        ("Faults by class", header, [row.cells() for row in report.by_class()]),
        ("False alerts", ["fleet", "host-days", "false", "per 1,000 host-days", "of the budget"],
         [_normal_cells(n, report.budget_per_host_month)
          for n in [*report.normal, report.all_normal(), report.beside_faults]]),
        ("False alerts by path", ["kind", "named", "while", "n"],
         _paths([*report.all_normal().false, *report.beside_faults.false])),
    ]  # fmt: skip
    if report.incidents:
        rows = [cells(count) for count in (*report.incidents, total(report.incidents))]
        found.append(("Incidents", HEADER, rows))
    if report.slow:
        found.append(("Slow faults", ["fault", "n", "found", "found at, of its end", "cost then, K (worst)"],
                      _slow_rows(report.slow)))  # fmt: skip
    if report.fan_stops:
        columns = list(report.fan_stops[0])
        rows = [[str(row[column]) for column in columns] for row in report.fan_stops]
        found.append(("A real server's fans stop", columns, rows))
    return found


def _normal_cells(normal: Normal, budget: float) -> list[str]:
    if not normal.host_days:
        return [normal.name, "0", "–", "–", "–"]
    low, high = normal.interval
    rate = f"{normal.per_1000_host_days:.2f} [{low:.2f}, {high:.2f}]"
    return [
        normal.name, f"{normal.host_days:,.0f}", str(len(normal.false)), rate, f"×{normal.factor(budget):.2f}"
    ]  # fmt: skip


def _paths(false: Sequence[FalseAlert]) -> list[list[str]]:
    paths = Counter((one.kind, one.fault, one.confounder or "nothing special") for one in false)
    return [[*path, str(count)] for path, count in paths.most_common()]


def _slow_rows(slow: Sequence[Slow]) -> list[list[str]]:
    rows = []
    for fault in dict.fromkeys(one.fault for one in slow):
        mine = [one for one in slow if one.fault == fault]
        found = [one for one in mine if one.found_after_days is not None]
        grown = f"{median(one.grown for one in found):.2f}" if found else "–"
        cost = f"{median(one.cost_k for one in mine):.1f} ({max(one.cost_k for one in mine):.1f})"
        rows.append([fault, str(len(mine)), str(len(found)), grown, cost])
    return rows


def markdown(report: Report) -> str:
    """All tables as Markdown."""
    parts = []
    for title, header, rows in tables(report):
        lines = [f"### {title}", "", _line(header), _line(["---"] * len(header)), *map(_line, rows)]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
