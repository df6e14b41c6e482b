"""What the trust in sensors means for alerts, stored readings, scores and training."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from machines import NAMES, START_NS, column, usual_values
from numpy.typing import NDArray

from agent.pipeline import Pipeline
from agent.points import Point
from agent.progress import Quiet
from agent.scoring import Scorer
from agent.sensors import SECOND_NS
from agent.telemetry.readings import Message
from agent.topology import Topology
from agent.training_set import read_training_set

PERIOD_S = 20
INLET = column("inlet_temp_c")


def messages(values: NDArray[np.float64]) -> Iterator[Message]:
    for at, row in enumerate(values.tolist()):
        ms = START_NS // 1_000_000 + at * PERIOD_S * 1_000
        metrics = {name: value for name, value in zip(NAMES, row, strict=True) if np.isfinite(value)}
        document = {"ts": ms, "host": "h1", "metrics": metrics}
        yield Message(json.dumps(document).encode(), offset=at)


def points_of(values: NDArray[np.float64]) -> list[Point]:
    pipeline = Pipeline(Scorer({}))
    return [*pipeline.process(list(messages(values))).points, *pipeline.end().points]


def alerts_of(points: list[Point]) -> list[Point]:
    """Each alert in its last state."""
    last = {str(p.fields["id"]): p for p in points if p.measurement == "alert"}
    return list(last.values())


def scores_of(values: NDArray[np.float64]) -> list[object]:
    return [p.fields["score"] for p in points_of(values) if p.measurement == "anomaly_score"]


def in_millidegrees() -> NDArray[np.float64]:
    values = usual_values(400)
    values[250:, INLET] *= 1000
    return values


def test_a_sensor_in_another_unit_is_one_alert_of_kind_sensor_and_nothing_else() -> None:
    (alert,) = alerts_of(points_of(in_millidegrees()))
    assert (alert.tags["kind"], alert.fields["fault"], alert.fields["state"]) == (
        "sensor",
        "unit_change",
        "open",
    )
    assert alert.time_ns == START_NS + 250 * PERIOD_S * SECOND_NS
    assert "m°C" in str(alert.fields["diagnosis"])
    (evidence,) = json.loads(str(alert.fields["evidence"]))
    assert (evidence["sensor"], evidence["seen"], evidence["expected"]) == ("inlet_temp_c", 24000.0, 24.0)


def test_what_is_not_believed_is_stored_as_it_was_sent() -> None:
    readings = [p for p in points_of(in_millidegrees()) if p.measurement == "reading"]
    assert readings[-1].fields["inlet_temp_c"] > 20_000


def test_a_score_with_a_masked_sensor_is_that_of_a_host_whose_sensor_is_missing() -> None:
    missing = in_millidegrees()
    missing[250:, INLET] = np.nan
    masked_scores, missing_scores = scores_of(in_millidegrees()), scores_of(missing)
    assert len(masked_scores) == len(missing_scores)
    # A missing value is carried for three ticks; after that nothing tells the two apart.
    assert masked_scores[260:] == missing_scores[260:]


def test_a_spike_is_an_info_alert_that_ends_by_itself() -> None:
    values = usual_values(400)
    values[250, column("exhaust_temp_c")] += 40
    (alert,) = alerts_of(points_of(values))
    assert (alert.fields["fault"], alert.fields["severity"]) == ("sensor_spike", "info")
    assert alert.fields["state"] == "resolved"


def test_training_learns_nothing_from_a_sensor_that_is_not_believed(tmp_path: Path) -> None:
    recording = tmp_path / "recording.log"
    recording.write_bytes(b"\n".join(m.value or b"" for m in messages(in_millidegrees())))
    found = read_training_set([recording], Topology(), Quiet())
    (cohort,) = found.cohorts
    (history,) = cohort.hosts
    inlet = cohort.sensors.index("inlet_temp_c")
    assert history.present[:250, inlet].all()
    assert not history.present[250:, inlet].any()
    assert history.values[:, inlet].max() < 30
