"""What the classifier sees follows from a host's log: a restart in the middle changes no number of it."""

from __future__ import annotations

from collections.abc import Callable

from agent.alert_window import Rows
from agent.classifier.naming import Naming
from agent.findings import Finding
from agent.physics import Residuals
from agent.quality.twin_stream import LOG, Fed, Names, batches, topology_of
from agent.scored import ScoredTick
from agent.scoring import Scorer
from agent.state import decode_record, encode_host, host_of_record
from models.fault_classifier import packaged
from models.twin.episodes import Episode
from models.twin.fleet_run import FleetRun
from models.twin.kinds import GPU_4, TWO_UNITS
from models.twin.plans import FleetPlan, HostPlan

START_S, HOUR_S = 1_780_466_400.0, 3_600.0


class Watching:
    """Looks at every tick, found or not, and keeps what it saw."""

    def __init__(self) -> None:
        classifier = packaged()
        assert classifier is not None
        self.naming = Naming(classifier)
        self.seen: dict[tuple[str, int], tuple[float, ...]] = {}
        self.found: dict[tuple[str, int], list[Finding]] = {}
        self.restarts = 0

    def revise(
        self, found: list[Finding], tick: ScoredTick, residuals: Residuals | None, rows: Callable[[], Rows], /
    ) -> list[Finding]:
        look = self.naming.look(tick, residuals, rows())
        if look is not None:
            self.seen[tick.host, tick.time_ns] = tuple(look.probabilities.values())
        revised = self.naming.revise(found, tick, residuals, rows)
        self.found[tick.host, tick.time_ns] = revised
        return revised


def plan() -> FleetPlan:
    hosts = (HostPlan("a1", kind=TWO_UNITS), HostPlan("a2", kind=GPU_4))
    episodes = tuple(
        Episode(name, fault, START_S + 1.7 * HOUR_S, START_S + 3 * HOUR_S, "severe")
        for name, fault in (("a1", "heatsink_degradation"), ("a2", "gpu_overheating"))
    )
    return FleetPlan(hosts, START_S, 2.4 * HOUR_S, 60.0, 10.0, seed=11, episodes=episodes)


def live(restarts_at: int = -1) -> Watching:
    watching, run = Watching(), FleetRun(plan())
    pipeline = Fed(Scorer({}), topology_of(run, ""), opinion=watching)
    pipeline.begin_recording(LOG)
    names = Names(run, "", pipeline)
    for at, (messages, readings) in enumerate(batches(run, names, seed=1)):
        if at == restarts_at:
            records = [encode_host(host, 0, 0) for host in pipeline.hosts.values()]
            watching.restarts += 1
            pipeline.adopt([host_of_record(decode_record(record)) for record in records])
        pipeline.take(messages, readings)
    pipeline.end()
    return watching


def test_a_restart_in_the_middle_of_a_fault_gives_equal_diagnoses() -> None:
    straight, restarted = live(), live(restarts_at=1)
    assert restarted.restarts == 1
    assert len(straight.seen) > 200
    assert restarted.seen == straight.seen
    assert restarted.found == straight.found
    assert any(finding.fault != "unknown" for found in straight.found.values() for finding in found)
