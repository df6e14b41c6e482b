"""Recorded telemetry through the same pipeline as the daemon's, as fast as it goes.

recordings ─► messages ─► Pipeline ─► points, site events ─► Site ─► points ─► points.lp, report.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from agent.accounting import Counts
from agent.config import Config
from agent.config_mapping import TelemetryConfig
from agent.explain.rescore import explain_points
from agent.incidents import Site
from agent.maintenance import NO_MAINTENANCE, Maintenance
from agent.pipeline import Output, Pipeline
from agent.points import Point
from agent.progress import Bars, Progress
from agent.recording import in_polls, read_recording
from agent.report import render_report
from agent.scoring import Scorer
from agent.sink.files import FileSink
from agent.storm import STORM_INCIDENTS
from agent.tables import incident_table
from agent.telemetry.binding import MAX_HOSTS
from agent.telemetry.mappings import FieldMapping
from agent.topology import Topology, load_topology
from models.registry import LoadedModels, Registry

POLL_MESSAGES = 5_000
ONE_LOG = "recording"  # a host may go on in the next file


@dataclass(slots=True)
class Replayed:
    """What a replay came to."""

    points: list[Point] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    dead_letters: dict[str, int] = field(default_factory=dict)  # reason → messages


def replay(
    files: Sequence[Path],
    config: Config | None = None,
    registry: Path | None = None,
    topology: Path | None = None,
    out: Path = Path("replay"),
    console: Console | None = None,
) -> Replayed:
    """`coldaisle replay`: score recordings and write `points.lp` and `report.html` into `out`.

    `registry` and `topology` win over the config; without any registry the linear head scores alone.

    Raises:
        RecordingError: a file is absent, unreadable or empty.
        RegistryError: the registry has no model in service, or one that must not be used.
        ConfigError: the topology or a calendar is wrong.
    """
    console = console or Console()
    models = _models(registry or (config.models.registry if config else None), console)
    places = load_topology(topology or (config.models.topology if config else None))
    lateness_s = config.windows.lateness_s if config else 0.0
    telemetry = config.telemetry if config else TelemetryConfig()
    replayed = replay_recordings(
        files, models, places, Bars(console), lateness_s,
        mappings=telemetry.mappings(), max_hosts=telemetry.max_hosts,
        maintenance=config.maintenance.plan() if config else NO_MAINTENANCE,
        storm_incidents=config.alerts.storm_incidents_per_10min if config else STORM_INCIDENTS,
    )  # fmt: skip
    write_results(replayed, models, out, ", ".join(file.name for file in files), console)
    return replayed


def replay_recordings(
    files: Sequence[Path],
    models: LoadedModels | None,
    topology: Topology,
    progress: Progress,
    lateness_s: float = 0.0,
    poll_messages: int = POLL_MESSAGES,
    close_at_end: bool = True,
    mappings: Sequence[FieldMapping] = (),
    max_hosts: int = MAX_HOSTS,
    maintenance: Maintenance = NO_MAINTENANCE,
    storm_incidents: int = STORM_INCIDENTS,
) -> Replayed:
    """Replay files one after the other as one log; the points do not depend on `poll_messages`.

    Without `close_at_end` the last ticks stay open, as they would in a daemon that waits for more.

    Raises:
        RecordingError: a file is absent, unreadable or empty.
    """
    pipeline = Pipeline(
        Scorer.of(models),
        topology,
        lateness_s,
        models.periods if models else None,
        mark_event_minutes=True,
        mappings=mappings,
        max_hosts=max_hosts,
        maintenance=maintenance,
    )
    site = Site(maintenance=maintenance, storm_incidents=storm_incidents, topology=topology)
    sink, replayed = FileSink(), Replayed()
    for file in files:
        pipeline.begin_recording(file.name)
        with progress.stage(f"replaying {file.name}") as stage:
            for messages in in_polls(read_recording(file, topic=ONE_LOG), poll_messages):
                _finish(pipeline.process(messages), site, sink, replayed)
                stage.advance(len(messages))
    if close_at_end:
        _finish(pipeline.end(), site, sink, replayed)
    sink.write(site.owed())
    replayed.points = sink.points()
    return replayed


def write_results(
    replayed: Replayed, models: LoadedModels | None, out: Path, source: str, console: Console
) -> None:
    """`points.lp` and `report.html` into `out`, the table of incidents and the counts to the console."""
    out.mkdir(parents=True, exist_ok=True)
    FileSink.save(replayed.points, out / "points.lp")
    report = out / "report.html"
    explained = explain_points(replayed.points, models.detectors if models is not None else {})
    report.write_text(render_report(replayed.points, "Coldaisle report", source, explained), encoding="utf-8")
    console.print(incident_table(replayed.points))
    counts = replayed.counts
    console.print(
        f"{counts.messages_in:,} messages, {counts.readings_in:,} readings, {counts.scored:,} ticks scored"
    )
    for reason, messages in sorted(replayed.dead_letters.items()):
        console.print(f"{messages:,} messages set aside: {reason}", markup=False)
    console.print(f"points: {out / 'points.lp'}\nreport: {report}", soft_wrap=True)


def _models(registry: Path | None, console: Console) -> LoadedModels | None:
    models = Registry(registry).champion() if registry is not None else None
    if models is None:
        where = f"no model in {registry}" if registry is not None else "no registry given"
        console.print(f"{where}: the packaged linear head scores; nothing is trained", soft_wrap=True)
    return models


def _finish(output: Output, site: Site, sink: FileSink, replayed: Replayed) -> None:
    sink.write(output.points)
    for event in output.events:
        sink.write(site.observe(event))
    replayed.counts.add(output.counts)
    for _, reason in output.dead_letters:
        replayed.dead_letters[reason] = replayed.dead_letters.get(reason, 0) + 1
