"""Recorded telemetry through the same pipeline as the daemon's, as fast as it goes.

recording ─► messages ─► Pipeline ─► points, site events ─► Site ─► points ─► FileSink, report.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from agent.accounting import Counts
from agent.incidents import Site
from agent.pipeline import Output, Pipeline
from agent.points import Point
from agent.progress import Progress
from agent.recording import read_recording
from agent.scoring import Scorer
from agent.sink.files import FileSink
from agent.telemetry.readings import Message
from agent.topology import Topology
from models.registry import LoadedModels

POLL_MESSAGES = 5_000


@dataclass(slots=True)
class Replayed:
    """What a replay came to."""

    points: list[Point]
    counts: Counts
    dead_letters: dict[str, int] = field(default_factory=dict)  # reason → messages


def replay_recordings(
    files: Sequence[Path],
    models: LoadedModels | None,
    topology: Topology,
    sink: FileSink,
    progress: Progress,
    lateness_s: float = 0.0,
    poll_messages: int = POLL_MESSAGES,
) -> Replayed:
    """Replay files one after the other, each a source of its own, into `sink`.

    The points do not depend on `poll_messages`.

    Raises:
        RecordingError: a file is absent, unreadable or empty.
    """
    scorer = Scorer(models.detectors, models.release) if models else Scorer({})
    pipeline = Pipeline(
        scorer, topology, lateness_s, models.periods if models else None, mark_event_minutes=True
    )
    site, replayed = Site(), Replayed([], Counts())
    for file in files:
        with progress.stage(f"replaying {file.name}") as stage:
            for messages in _polls(read_recording(file), poll_messages):
                _finish(pipeline.process(messages), site, sink, replayed)
                stage.advance(len(messages))
    _finish(pipeline.end(), site, sink, replayed)
    replayed.points = sink.points()
    return replayed


def _polls(messages: Iterator[Message], size: int) -> Iterator[list[Message]]:
    while poll := list(islice(messages, size)):
        yield poll


def _finish(output: Output, site: Site, sink: FileSink, replayed: Replayed) -> None:
    sink.write(output.points)
    for event in output.events:
        sink.write(site.observe(event))
    replayed.counts.add(output.counts)
    for _, reason in output.dead_letters:
        replayed.dead_letters[reason] = replayed.dead_letters.get(reason, 0) + 1
