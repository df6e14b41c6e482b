"""What was wrong, for people and programs that judge: a file beside the stream, never inside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from agent.simulate.fault_spec import sensors_at, units_of
from agent.simulate.wire.stamps import rfc3339
from models.twin.magnitudes import SENSOR_FAULTS
from models.twin.plans import FleetPlan
from models.twin.truth import Truth

# Class → the part that its number counts.
_PARTS = {
    "fan_failure": "fan", "fan_degradation": "fan", "psu_failure": "psu", "psu_efficiency": "psu",
    "psu_imbalance": "psu", "heatsink_degradation": "cpu", "gpu_overheating": "gpu", "gpu_lost": "gpu",
}  # fmt: skip
_WHOLE_HOST = frozenset(("host_silent", "collector_silent", "stream_silent", "clock_skew"))


def truth_rows(truths: Sequence[Truth], plan: FleetPlan) -> list[dict[str, object]]:
    """The episodes of a run, each with its reach and what followed; what lies beyond the plan is cut off."""
    end_s, units = plan.start_s + plan.duration_s, units_of(plan)
    return [
        {
            "host": truth.episode.host if truth.scope == "host" or truth.episode.host in units else "",
            "kind": "fault" if truth.episode.is_fault else "confounder",
            "fault": truth.episode.name,
            "magnitude": truth.episode.magnitude,
            "size": truth.episode.size,
            "part": part_named(truth, plan),
            "scope": truth.scope,
            "place": truth.place,
            "hosts": list(truth.hosts),
            "profile": truth.episode.profile,
            "start": rfc3339(truth.episode.start_s),
            "end": rfc3339(min(truth.episode.end_s, end_s)),
            "also": [
                {
                    "fault": also.fault,
                    "host": also.host,
                    "start": rfc3339(also.start_s),
                    "end": rfc3339(min(also.end_s, end_s)),
                }
                for also in truth.also
            ],
        }
        for truth in truths
        if truth.episode.start_s < end_s
    ]


def part_named(truth: Truth, plan: FleetPlan) -> str:
    """The fan, supply, socket, GPU or sensor that an episode began with; "" where it has none."""
    episode = truth.episode
    if episode.name in SENSOR_FAULTS and episode.name not in _WHOLE_HOST:
        names = sensors_at(episode.host, plan)
        return names[episode.part] if episode.part < len(names) else ""
    part = _PARTS.get(episode.name)
    return f"{part}{episode.part}" if part else ""


def write_truth(path: Path, truths: Sequence[Truth], plan: FleetPlan) -> None:
    path.write_text(json.dumps(truth_rows(truths, plan), indent=1) + "\n", encoding="utf-8")
