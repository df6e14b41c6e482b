"""The classifier inside the whole agent, on machines that neither it nor the detectors ever saw.

kinds of the trial ─► normal days ─► detectors
                   └► other machines of these kinds, with faults ─► agent: rules alone, rules and classifier
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import default_rng

from agent.alert import UNKNOWN
from agent.alert_window import Rows
from agent.classifier.figures import calibration_error
from agent.classifier.fleets import LEAD_S, START_S
from agent.classifier.opinion import SecondOpinion
from agent.findings import Finding
from agent.physics import Residuals
from agent.quality.twin_fleets import ALL_CONFOUNDERS, TRAINED_CONFOUNDERS, with_confounders
from agent.quality.twin_match import Matched, match
from agent.quality.twin_stream import LOG, Fed, Names, Watch, Watched, batches, fit, topology_of, training_set
from agent.scored import ScoredTick
from agent.scoring import Scorer
from agent.sensors import SECOND_NS
from agent.simulate.plan import lay_out
from models.detector import Detector
from models.training import TrainingOptions
from models.twin.drawn_kinds import draw_kind
from models.twin.draws import draw_episodes
from models.twin.fleet_run import FleetRun
from models.twin.magnitudes import SERVER_FAULTS
from models.twin.plans import FleetPlan

Told = tuple[str, str, float, float]  # host, fault, confidence, raised (Unix s)
_SEED = 0x7A1A
KINDS, HOSTS, PERIOD_S, STEP_S = 5, 40, 120.0, 10.0
HOUR_S = 3_600.0
TRAIN_HOURS, FAULT_HOURS, NORMAL_HOURS = 30.0, 24.0, 24.0
EACH = 8  # faults of a class


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the agent made of the trial's fleets."""

    name: str
    events: int  # faults that were not subtle
    found: int
    named: int  # of the found
    unknown: int  # of the found: told as unknown alone
    misnamed: int
    false: int  # alerts without a fault
    host_days: float
    ece: float  # of the confidence at the raising
    asked: int  # how often the classifier was asked, of `ticks`
    ticks: int
    cost: float  # time of a core for opinions, of all that the agent takes for a normal fleet


def plan_of(seed: int, run: int, hours: float) -> FleetPlan:
    """The trial's kinds; other machines with each `run`."""
    rng = default_rng([_SEED, seed])
    kinds = [draw_kind(rng, f"trial{at}") for at in range(KINDS)]
    layout = lay_out(HOSTS, ["2u"])
    servers = tuple(replace(host, kind=kinds[at % KINDS]) for at, host in enumerate(layout.hosts))
    return FleetPlan(
        servers,
        START_S,
        hours * HOUR_S,
        PERIOD_S,
        STEP_S,
        seed=_SEED + 10 * seed + run,
        run=run,
        site=layout.site,
    )


def detectors_of(seed: int) -> dict[str, Detector]:
    """Trained on normal days of the trial's kinds."""
    plan = with_confounders(plan_of(seed, 0, TRAIN_HOURS), TRAINED_CONFOUNDERS, 0.5, seed)
    cohorts = training_set({"t-": FleetRun(plan)}, seed).cohorts
    return fit(cohorts, TrainingOptions(seed=seed, device="cpu", budget_per_host_month=0.03))


def fault_plan(seed: int) -> FleetPlan:
    """Faults of servers, each with its false friend."""
    plan = plan_of(seed, 1, FAULT_HOURS)
    counts = {name: EACH for name in SERVER_FAULTS if name != "idle_server"}
    return replace(plan, episodes=draw_episodes(plan, default_rng([_SEED, seed, 1]), counts, lead_s=LEAD_S))


def normal_plan(seed: int) -> FleetPlan:
    """No fault, but much that looks like one."""
    return with_confounders(plan_of(seed, 2, NORMAL_HOURS), ALL_CONFOUNDERS, 2.0, seed)


@dataclass(slots=True)
class _Counted:
    """An opinion that counts how often it is asked for rows."""

    opinion: SecondOpinion
    asked: int = 0
    spent_s: float = 0.0  # of a core

    def revise(
        self, found: list[Finding], tick: ScoredTick, residuals: Residuals | None, rows: Callable[[], Rows]
    ) -> list[Finding]:
        """What the other one says."""

        def counted() -> Rows:
            self.asked += 1
            return rows()

        began_s = time.process_time()
        revised = self.opinion.revise(found, tick, residuals, counted)
        self.spent_s += time.process_time() - began_s
        return revised


def watch(
    plan: FleetPlan, detectors: Mapping[str, Detector], opinion: SecondOpinion, seed: int
) -> tuple[Watched, Matched, list[Told], _Counted, float]:
    """What was raised, how it matches the truth, what each alert said first, how often the opinion was asked,
    and the time that the agent took, s of a core."""
    run, counted = FleetRun(plan), _Counted(opinion)
    pipeline = Fed(Scorer(detectors), topology_of(run, ""), mark_event_minutes=True, opinion=counted)
    pipeline.begin_recording(LOG)
    names, seen, ticks = Names(run, "", pipeline), Watch(), 0
    took_s = 0.0
    told: dict[str, Told] = {}
    for messages, readings in batches(run, names, seed):
        began_s = time.process_time()
        output = pipeline.take(messages, readings)
        took_s += time.process_time() - began_s
        ticks += output.counts.scored + output.counts.unscored
        seen.see(output, pipeline)
        for point in output.points:
            if point.measurement == "alert" and point.tags["kind"] == "condition":
                fields = point.fields
                key, first = str(fields["id"]), told.get(str(fields["id"]))
                raised_s = pipeline.hosts[point.tags["host"]].alerts.now_ns / SECOND_NS
                told[key] = first or (
                    point.tags["host"], str(fields["fault"]), float(fields["confidence"]), raised_s
                )  # fmt: skip
    days = plan.duration_s / 86_400.0
    watched = Watched(seen.raised, ticks, ticks, len(run.hosts), days, {}, plan.start_s, {})
    matched = match(run.truth(), watched, run.hosts[len(plan.hosts) :])
    return watched, matched, list(told.values()), counted, took_s


def judge(name: str, opinion: SecondOpinion, detectors: Mapping[str, Detector], seed: int) -> Outcome:
    """An opinion through both fleets."""
    faulty, normal = fault_plan(seed), normal_plan(seed)
    watched, matched, told, asked, _ = watch(faulty, detectors, opinion, seed)
    quiet, unmatched, _, more, took_s = watch(normal, detectors, opinion, seed)
    events = [event for event in matched.events if event.magnitude != "subtle"]
    found = [event for event in events if event.found]
    named = [event for event in found if event.named]
    unknown = [event for event in found if set(event.told) <= {UNKNOWN}]
    chance, right = [], []
    for host, fault, confidence, raised_s in told:
        mine = [e for e in matched.events if e.host == host and e.start_s <= raised_s <= e.end_s]
        if mine and fault != UNKNOWN:
            chance.append(confidence)
            right.append(any(event.fault == fault for event in mine))
    return Outcome(
        name=name,
        events=len(events),
        found=len(found),
        named=len(named),
        unknown=len(unknown),
        misnamed=len(found) - len(named) - len(unknown),
        false=len(matched.false) + len(unmatched.false),
        host_days=watched.host_days + quiet.host_days,
        ece=calibration_error(np.array(chance), np.array(right, bool)),
        asked=asked.asked + more.asked,
        ticks=watched.ticks + quiet.ticks,
        cost=more.spent_s / max(took_s, 1e-9),
    )
