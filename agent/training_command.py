"""`coldaisle train`: first models for every cohort that recorded telemetry holds.

recordings ─► training set ─► a detector a cohort ─► signed version in the registry
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from agent.alert import rfc3339
from agent.config import Config
from agent.device import choose_device
from agent.progress import Bars, Progress
from agent.sensors import SECOND_NS
from agent.telemetry.mappings import FieldMapping
from agent.topology import Topology, load_topology
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
    files: Sequence[Path],
    registry: Path,
    topology: Topology,
    options: TrainingOptions,
    progress: Progress,
    mappings: Sequence[FieldMapping] = (),
) -> Trained:
    """Fit a detector for every cohort in `files` and save them as one version.

    The first version of a registry becomes the champion.

    Raises:
        RecordingError: a file cannot be read, or no host has enough ticks.
        RegistryError: the registry cannot be written.
    """
    began_s = time.monotonic()
    found = read_training_set(files, topology, progress, mappings)
    detectors = []
    for cohort in found.cohorts:
        with progress.stage(f"training cohort {cohort.id} ({len(cohort.hosts)} hosts)") as stage:
            detector = fit_cohort(
                cohort.id,
                cohort.sensors,
                cohort.quantities,
                cohort.units,
                cohort.hosts,
                options,
                stage.reach,
            )
            detectors.append(detector)
    version = Registry(registry).save(
        detectors, found.periods_s, _provenance(files, found, options), created=datetime.now(UTC)
    )
    return Trained(version, tuple(detectors), found, time.monotonic() - began_s)


def _provenance(files: Sequence[Path], found: TrainingSet, options: TrainingOptions) -> dict[str, object]:
    return {
        "files": [file.name for file in files],
        "first": _whole_second(found.first_ns),
        "last": _whole_second(found.last_ns),
        "readings": found.readings,
        "hosts": {cohort.id: [host.host for host in cohort.hosts] for cohort in found.cohorts},
        "left_out": found.left_out,
        "seed": options.seed,
        "device": options.device,
        "budget_per_host_month": options.budget_per_host_month,
    }


def train(
    files: Sequence[Path],
    config: Config | None = None,
    registry: Path | None = None,
    topology: Path | None = None,
    seed: int = 0,
    device: str | None = None,
    epochs: int | None = None,
    console: Console | None = None,
) -> Trained:
    """`coldaisle train`: `registry` and `topology` win over the config; contacts nobody.

    Raises:
        RecordingError: a file cannot be read, or no host has enough ticks.
        RegistryError: the registry cannot be written.
        ConfigError: the topology is wrong, or the device is not there.
    """
    console = console or Console()
    config = config or Config.default()
    options = TrainingOptions(
        seed=seed,
        device=choose_device(device or config.models.device),
        budget_per_host_month=config.alerts.budget_per_host_month,
        epochs=epochs,
    )
    folder = registry or config.models.registry
    places = load_topology(topology or config.models.topology)
    mappings = config.telemetry.mappings()
    trained = train_recordings(files, folder, places, options, Bars(console), mappings)
    console.print(trained_table(trained))
    for host, why in sorted(trained.training_set.left_out.items()):
        console.print(f"left out: {host}: {why}", markup=False)
    console.print(f"version {trained.version} in {folder} ({trained.seconds:.0f} s)", soft_wrap=True)
    return trained


def trained_table(trained: Trained) -> Table:
    """A row a cohort: its hosts, sensors, ticks and what was chosen for it, with the reason."""
    table = Table(title="Cohorts", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column in ("Cohort", "Hosts", "Sensors", "Ticks", "Notes"):
        table.add_column(
            column, overflow="fold", justify="left" if column in ("Cohort", "Notes") else "right"
        )
    for cohort, detector in zip(trained.training_set.cohorts, trained.detectors, strict=True):
        ticks = sum(len(host.values) for host in cohort.hosts)
        numbers = (str(len(cohort.hosts)), str(len(cohort.sensors)), f"{ticks:,}")
        table.add_row(cohort.id, *numbers, "; ".join(detector.notes))
    return table


def _whole_second(time_ns: int) -> str:
    return rfc3339(time_ns // SECOND_NS * SECOND_NS)
