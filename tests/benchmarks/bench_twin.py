"""How fast the twin is: `python tests/benchmarks/bench_twin.py [hosts] [hours] [step_s]`, one process.

1,000 servers of all kinds in 50 racks with their site, polled every 10 s, 300 faults and as many confounders;
prints seconds for a day: measured where hours is 24, else extrapolated.
"""

from __future__ import annotations

import os
import resource
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from numpy.random import default_rng

from models.twin.draws import draw_episodes
from models.twin.fleet_run import FleetRun
from models.twin.kinds import KINDS
from models.twin.magnitudes import CONFOUNDERS, MAGNITUDES
from models.twin.plans import FleetPlan, HostPlan

START_S, DAY_H, PERIOD_S = 1_767_225_600.0, 24.0, 10.0
HIDES_ALL = ("stream_silent", "collector_silent")


def plan_of(hosts: int, hours: float, step_s: float) -> FleetPlan:
    """A day's episodes, whatever is simulated of it."""
    servers = tuple(_host(at) for at in range(hosts))
    day = FleetPlan(servers, START_S, DAY_H * 3600, PERIOD_S, step_s)
    classes = [name for name in MAGNITUDES if name not in CONFOUNDERS and name not in HIDES_ALL]
    each = -(-300 * hosts // (1_000 * len(classes)))
    episodes = draw_episodes(day, default_rng(1), dict.fromkeys(classes, each))
    return FleetPlan(servers, START_S, hours * 3600, PERIOD_S, step_s, episodes=episodes)


def _host(at: int) -> HostPlan:
    rack = f"r{at // 20 + 1:02d}"
    return HostPlan(
        f"{rack}-n{at % 20 + 1:02d}", KINDS[at % len(KINDS)], cluster=at // 8, height=at % 20 / 19, rack=rack,
        row=f"row{at // 100}", zone=f"z{at // 200}", feed_a=f"pdu-{rack}-a", feed_b=f"pdu-{rack}-b",
    )  # fmt: skip


def main(hosts: int = 1_000, hours: float = 1.0, step_s: float = 10.0) -> None:
    plan = plan_of(hosts, hours, step_s)
    began, began_cpu = time.perf_counter(), time.process_time()
    run = FleetRun(plan)
    polls = run.polls()
    next(polls)
    warm_s = time.perf_counter() - began
    readings = sum(int((batch.values == batch.values).sum()) for batch in polls)
    took_s = time.perf_counter() - began - warm_s
    cpu_s = time.process_time() - began_cpu
    day_s = took_s * DAY_H / hours + warm_s
    most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(
        f"{hosts} servers and {len(run.hosts) - hosts} units, {len(run.sensors)} sensors, "
        f"{len(plan.episodes)} episodes a day, steps of {step_s:g} s\n"
        f"{hours:g} h in {took_s:.1f} s after {warm_s:.1f} s before, {cpu_s:.1f} s of CPU\n"
        f"{readings / took_s:,.0f} readings/s, a day in {day_s:.0f} s; {most_mb:.0f} MiB at most\n"
    )


if __name__ == "__main__":
    words = [float(word) for word in sys.argv[1:]]
    main(int(words[0]) if words else 1_000, *words[1:3])
