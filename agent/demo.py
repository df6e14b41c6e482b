"""`coldaisle demo`: the main job on the recordings that come with the project, no servers needed.

sample_data/*_normal ─► train ─► registry ─► replay sample_data/*_fan_stop, *_faults ─► table, report.html
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from agent.errors import RecordingError
from agent.progress import Bars
from agent.replay import Replayed, replay_recordings, write_results
from agent.topology import load_topology
from agent.training_command import train
from models.registry import Registry

SAMPLE_DATA = Path(__file__).resolve().parent.parent / "sample_data"
NORMAL = ("bmc_normal.log.gz", "fleet_normal.log.gz")
FAULTY = ("bmc_fan_stop.log.gz", "fleet_faults.log.gz")
TOPOLOGY = "topology.csv"
SEED = 7


def run_demo(out: Path, sample_data: Path = SAMPLE_DATA, console: Console | None = None) -> Replayed:
    """Train on the normal recordings, replay the faulty ones, and say what was found.

    Raises:
        RecordingError: the sample recordings are not where the project keeps them.
    """
    console = console or Console()
    normal, faulty = _recordings(sample_data, NORMAL), _recordings(sample_data, FAULTY)
    registry = out / "registry"
    if registry.exists():
        shutil.rmtree(registry)  # a demo begins anew; it is the demo's own folder
    train(normal, registry=registry, topology=sample_data / TOPOLOGY, seed=SEED, console=console)
    models, topology = Registry(registry).champion(), load_topology(sample_data / TOPOLOGY)
    replayed = replay_recordings(faulty, models, topology, Bars(console))
    write_results(replayed, models, out, " and ".join(FAULTY), console)
    return replayed


def _recordings(folder: Path, names: Sequence[str]) -> list[Path]:
    paths = [folder / name for name in names]
    for path in paths:
        if not path.exists():
            raise RecordingError(f"{path} is not there; expected the project's sample_data")
    return paths
