"""`coldaisle train`: first models for every cohort that recorded telemetry holds.

recordings ─► training set ─► a detector a cohort ─► signed version in the registry
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agent.points import SECOND_NS
from agent.progress import Progress
from agent.topology import Topology
from agent.training_set import TrainingSet, read_training_set
from models.detector import Detector
from models.registry import Registry
from models.training import TrainingOptions, fit_cohort


@dataclass(frozen=True, slots=True)
class Trained:
    """A new version and what is worth telling of it."""

    version: str
    detectors: tuple[Detector, ...]
    training_set: TrainingSet
    seconds: float


def train_recordings(
    files: Sequence[Path], registry: Path, topology: Topology, options: TrainingOptions, progress: Progress
) -> Trained:
    """Fit a detector for every cohort in `files` and save them as one version.

    The first version of a registry becomes the champion.

    Raises:
        RecordingError: a file cannot be read, or no host has enough ticks.
        RegistryError: the registry cannot be written.
    """
    began_s = time.monotonic()
    found = read_training_set(files, topology, progress)
    detectors = []
    for cohort in found.cohorts:
        with progress.stage(f"training cohort {cohort.id} ({len(cohort.hosts)} hosts)") as stage:
            detectors.append(
                fit_cohort(
                    cohort.id,
                    cohort.sensors,
                    cohort.quantities,
                    cohort.units,
                    cohort.hosts,
                    options,
                    lambda _, done, total, stage=stage: stage.reach(done, total),
                )
            )
    version = Registry(registry).save(detectors, found.periods_s, _provenance(files, found, options))
    return Trained(version, tuple(detectors), found, time.monotonic() - began_s)


def _provenance(files: Sequence[Path], found: TrainingSet, options: TrainingOptions) -> dict[str, object]:
    return {
        "files": [file.name for file in files],
        "first": _rfc3339(found.first_ns),
        "last": _rfc3339(found.last_ns),
        "readings": found.readings,
        "hosts": {cohort.id: [host.host for host in cohort.hosts] for cohort in found.cohorts},
        "left_out": found.left_out,
        "seed": options.seed,
        "device": options.device,
        "budget_per_host_month": options.budget_per_host_month,
    }
