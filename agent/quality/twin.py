"""`python -m agent.quality.twin`: how well faults of power and temperature are found on the simulated fleet.

training fleet ─► detectors ─► unseen fleets through the whole agent ─► matched with the truth ─► tables, JSON

Two worker processes share the fleets; figures do not depend on how many there are. Equal seeds give equal
figures.
"""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from agent.quality import twin_fleets as fleets
from agent.quality.twin_bmc import FILE, judge_fan_stops
from agent.quality.twin_incidents import CauseCount, add_counts, judge_incidents
from agent.quality.twin_match import Matched, match
from agent.quality.twin_places import places_of
from agent.quality.twin_report import Normal, Report, Slow, markdown, tables
from agent.quality.twin_slow import slow_faults
from agent.quality.twin_stream import Watched, fit, training_set, watch
from agent.training_set import Cohort
from models.detector import Detector
from models.training import TrainingOptions
from models.twin.fleet_run import FleetRun
from models.twin.kinds import ServerKind

OUT = Path("quality")
FAN_STOP = "fan-stop"
MODEL_OF = {"servers": "faults", "sites": "faults", "dense": "normal", "plain": "normal", "slow": "normal"}
ONLY = f"Of {', '.join(MODEL_OF)}, {FAN_STOP}: these alone."


@dataclass(frozen=True, slots=True)
class Size:
    """How much is simulated. Fleets have the site's own machines beside their servers."""

    kinds: int
    hosts: int  # of every fleet: a UPS that carries another site is another machine
    fault_period_s: float
    normal_period_s: float
    train_days: float  # at the faults' period
    normal_train_days: float
    server_fleets: int
    server_days: float
    faults_each: int  # of a class and fleet, where there is room
    site_fleets: int
    dense_fleets: int  # of normal hosts with confounders
    plain_fleets: int  # and without
    normal_days: float
    slow_days: float  # 0: none


SIZES = {
    "tiny": Size(2, 8, 120, 120, 0.2, 0.2, 1, 0.2, 1, 0, 1, 0, 0.2, 0.0),
    "quick": Size(4, 24, 120, 120, 2.0, 2.0, 1, 1.5, 4, 1, 2, 0, 2.5, 0.0),
    "medium": Size(8, 40, 60, 300, 1.5, 6.0, 2, 1.0, 6, 2, 4, 0, 6.0, 8.0),
    "whole": Size(8, 60, 60, 300, 1.5, 6.0, 4, 1.0, 10, 3, 8, 10, 5.5, 8.0),
}


@dataclass(frozen=True, slots=True)
class Job:
    """A fleet to be watched."""

    kind: str  # a key of MODEL_OF
    name: str
    fleet: fleets.Fleet


@dataclass(slots=True)
class Done:
    """What came of a job."""

    job: Job
    watched: Watched
    matched: Matched
    slow: list[Slow]
    incidents: list[CauseCount]
    core_s: float


def evaluate(
    size: Size, size_name: str, seed: int = 0, budget: float = 0.03, processes: int = 1,
    epochs: int | None = None, only: frozenset[str] = frozenset(), known: bool = False,
    data: Path | None = None, tell: Callable[[str], object] = str,
) -> Report:  # fmt: skip
    """Train and judge. `only` leaves out all jobs of other kinds; `data`: a folder with a real server's
    recording. `tell` hears of every step that is done."""
    report = Report(size_name, seed, size.fault_period_s, size.normal_period_s, budget)
    kinds = fleets.kinds(size.kinds)
    jobs = [job for job in jobs_of(size, kinds, seed) if not only or job.kind in only]
    if known:
        jobs = [_of_trained_hosts(job, size, kinds, seed) for job in jobs]
    options = TrainingOptions(seed=seed, device="cpu", budget_per_host_month=budget, epochs=epochs)
    for name, detectors, took_s in _train(
        size, kinds, seed, options, {MODEL_OF[job.kind] for job in jobs}, processes
    ):
        _MODELS[name] = detectors
        report.seconds[f"training {name}"] = took_s
        report.trained += [f"{name}: {c}: {'; '.join(d.notes)}" for c, d in detectors.items()]
        tell(f"trained {name}: {len(detectors)} cohorts in {took_s:.0f} s")
    began_s = time.monotonic()
    done = {}
    for one in _watched(jobs, processes):
        done[one.job.name] = one
        tell(_told(one, time.monotonic() - began_s))
    report.seconds["watching"] = time.monotonic() - began_s
    _gather(report, [done[job.name] for job in jobs])
    if data is None or not (data / FILE).exists():
        report.skipped.append(f"the real fan stop: {FILE.name} is not there")
    elif not only or FAN_STOP in only:
        report.fan_stops = judge_fan_stops(data, options)
    return report


def jobs_of(size: Size, kinds: tuple[ServerKind, ...], seed: int) -> list[Job]:
    """Every fleet of a size."""
    faults, normal = size.fault_period_s, size.normal_period_s
    jobs = [
        Job("servers", f"servers {n}", fleets.server_fleet(
            n, size.hosts, kinds, size.server_days, faults, seed, size.faults_each))
        for n in range(size.server_fleets)
    ]  # fmt: skip
    jobs += [
        Job("sites", f"site {n}", fleets.site_fleet(n, size.hosts, kinds, 1, faults, seed))
        for n in range(size.site_fleets)
    ]
    for n in range(size.dense_fleets + size.plain_fleets):
        kind, a_day = ("dense", 0.5) if n < size.dense_fleets else ("plain", 0.0)
        fleet = fleets.normal_fleet(n, size.hosts, kinds, size.normal_days, normal, seed, a_day)
        jobs.append(Job(kind, f"{kind} {n}", fleet))
    if size.slow_days:
        jobs.append(Job("slow", "slow", fleets.slow_fleet(0, size.hosts, size.slow_days, normal, seed)))
    return jobs


def _of_trained_hosts(job: Job, size: Size, kinds: tuple[ServerKind, ...], seed: int) -> Job:
    trained = _training_fleet(size, kinds, seed, MODEL_OF[job.kind])
    return replace(job, fleet=job.fleet.of_trained_hosts(trained))


def _training_fleet(size: Size, kinds: tuple[ServerKind, ...], seed: int, model: str) -> fleets.Fleet:
    days, period_s = size.train_days, size.fault_period_s
    if model == "normal":
        days, period_s = size.normal_train_days, size.normal_period_s
    return fleets.training_fleet(size.hosts, kinds, days, period_s, seed)


def _train(
    size: Size, kinds: tuple[ServerKind, ...], seed: int, options: TrainingOptions, wanted: set[str],
    processes: int,
) -> Iterator[tuple[str, Mapping[str, Detector], float]]:  # fmt: skip
    same = size.fault_period_s == size.normal_period_s and size.train_days == size.normal_train_days
    fitted: Mapping[str, Detector] | None = None
    for name in sorted(wanted):
        began_s = time.monotonic()
        if not (same and fitted):
            fleet = _training_fleet(size, kinds, seed, name)
            found = training_set({fleet.prefix: FleetRun(fleet.plan)}, seed)
            fitted = _fit(found.cohorts, options, processes)
        yield name, fitted, time.monotonic() - began_s


def _fit(cohorts: Sequence[Cohort], options: TrainingOptions, processes: int) -> dict[str, Detector]:
    if processes < 2:
        return fit(cohorts, options)
    heaviest_first = sorted(cohorts, key=lambda c: -len(c.sensors) * sum(len(h.values) for h in c.hosts))
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        taken_apart = pool.imap(_fit_one, [(cohort, options) for cohort in heaviest_first], chunksize=1)
        fitted = [Detector.from_arrays(arrays, meta) for arrays, meta in taken_apart]
    by_cohort = {detector.cohort: detector for detector in fitted}
    return {cohort.id: by_cohort[cohort.id] for cohort in cohorts}


def _fit_one(task: tuple[Cohort, TrainingOptions]) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    torch.set_num_threads(1)
    cohort, options = task
    return fit([cohort], options)[cohort.id].to_arrays()


_MODELS: dict[str, Mapping[str, Detector]] = {}  # workers are forked and find them here


def _watched(jobs: list[Job], processes: int) -> Iterator[Done]:
    if processes < 2:
        yield from map(_watch, jobs)
        return
    heaviest_first = sorted(jobs, key=lambda job: -len(job.fleet.plan.hosts) * job.fleet.plan.duration_s)
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        yield from pool.imap_unordered(_watch, heaviest_first)


def _watch(job: Job) -> Done:
    torch.set_num_threads(1)
    began_s = time.process_time()
    run = FleetRun(job.fleet.plan)
    has_faults = job.kind in ("servers", "sites")
    watched = watch(run, _MODELS[MODEL_OF[job.kind]], job.fleet.prefix, len(job.name), keep_scores=has_faults)
    machines = {host.name: host.kind.name for host in job.fleet.plan.hosts}
    units = run.hosts[len(job.fleet.plan.hosts) :]
    matched = match(run.truth(), watched, units, machines)
    watched.scores.clear()  # not to be sent back
    slow = slow_faults(job.fleet, watched.raised) if job.kind == "slow" else []
    incidents = judge_incidents(run.truth(), watched.incidents, places_of(run)) if has_faults else []
    return Done(job, watched, matched, slow, incidents, time.process_time() - began_s)


def _told(one: Done, seconds: float) -> str:
    found = sum(event.found for event in one.matched.events)
    return (
        f"{one.job.name}: {one.watched.ticks:,} ticks, {one.watched.host_days:,.0f} host-days, "
        f"{found} of {len(one.matched.events)} found, {len(one.matched.false)} false, "
        f"{1e6 * one.core_s / max(one.watched.ticks, 1):.0f} µs of a core a tick, at {seconds:.0f} s"
    )


def _gather(report: Report, done: list[Done]) -> None:
    normal = {"dense": Normal("with confounders", 0.0), "plain": Normal("without", 0.0)}
    for one in done:
        kind = one.job.kind
        if kind == "slow":
            report.slow += one.slow
        elif kind in normal:
            normal[kind].host_days += one.watched.host_days
            normal[kind].false += one.matched.false
        else:
            report.events += one.matched.events
            report.incidents = add_counts(report.incidents, one.incidents)
            report.beside_faults.host_days += one.watched.host_days
            report.beside_faults.false += one.matched.false
    report.normal = [each for each in normal.values() if each.host_days]


def main(
    size: Annotated[str, typer.Option(help=f"One of {', '.join(SIZES)}.")] = "quick",
    seed: Annotated[int, typer.Option(help="Equal seeds give equal figures.")] = 0,
    budget: Annotated[float, typer.Option(help="False alerts per host and month that are asked for.")] = 0.03,
    processes: Annotated[int, typer.Option(help="Worker processes.")] = 2,
    only: Annotated[list[str] | None, typer.Option(help=ONLY)] = None,
    data: Annotated[Path | None, typer.Option(help="A folder with bmcdata/bmc_server.parquet.")] = None,
    known: Annotated[bool, typer.Option(help="Judge the hosts that were trained on, on other days.")] = False,
    out: Annotated[Path, typer.Option(help="A folder for the results.")] = OUT,
) -> None:
    """Measure detection on the simulated fleet; tables to the console, JSON and Markdown into `out`."""
    if size not in SIZES:
        raise typer.BadParameter(f"--size is {size!r}; expected one of {', '.join(SIZES)}")
    torch.set_num_threads(1)
    console = Console()
    report = evaluate(
        SIZES[size],
        size,
        seed,
        budget,
        processes,
        only=frozenset(only or ()),
        known=known,
        data=data,
        tell=console.print,
    )
    out.mkdir(parents=True, exist_ok=True)
    (out / f"twin-{size}-{seed}.json").write_text(json.dumps(report.to_json(), indent=1), encoding="utf-8")
    (out / f"twin-{size}-{seed}.md").write_text(markdown(report), encoding="utf-8")
    for why in report.skipped:
        console.print(f"skipped: {why}")
    for title, header, rows in tables(report):
        table = Table(*header, title=title, title_justify="left", box=None)
        for row in rows:
            table.add_row(*row)
        console.print(table)


if __name__ == "__main__":
    typer.run(main)
