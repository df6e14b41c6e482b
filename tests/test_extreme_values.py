"""Values at the edges, through the whole pipeline: scores stay numbers, and the stream goes on."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable

import numpy as np
import pytest

from agent.pipeline import Output, Pipeline
from agent.scoring import Scorer
from agent.telemetry.readings import Message
from models.detector import Detector
from models.histories import HostHistory
from models.training import TrainingOptions, fit_cohort

SENSORS = ("cpu1_temp_c", "exhaust_temp_c", "inlet_temp_c", "power_w")
KINDS, UNITS = ("temperature", "temperature", "temperature", "power"), ("Cel", "Cel", "Cel", "W")
USUAL = (60.0, 38.0, 24.0, 400.0)
START_S, PERIOD_S, TICKS = 1_767_225_600, 60, 90
ODD_FROM, ODD_TO = 50, 55  # ticks

Value = Callable[[int], float]


@pytest.fixture(scope="module")
def detector() -> Detector:
    """Trained on a machine of which one sensor never moved."""
    draw = np.random.default_rng(3)
    values = np.array(USUAL) * draw.normal(1.0, 0.02, size=(400, len(SENSORS)))
    values[:, 2] = USUAL[2]
    present = np.ones(values.shape, bool)
    history = HostHistory("n1", float(PERIOD_S), values.astype(np.float32), present, np.arange(400) // 60)
    options = TrainingOptions(seed=1, device="cpu", epochs=1)
    return fit_cohort("c0ffee00", SENSORS, KINDS, UNITS, [history], options, lambda *_: None)


def messages_of(odd: dict[str, Value]) -> list[Message]:
    """A minute's message a tick; within the odd ticks the sensors named have other values."""
    draw = np.random.default_rng(4)
    made = []
    for tick in range(TICKS):
        values = dict(zip(SENSORS, np.array(USUAL) * draw.normal(1.0, 0.02, len(SENSORS)), strict=True))
        if ODD_FROM <= tick < ODD_TO:
            values |= {name: value(tick) for name, value in odd.items()}
        document = {"ts": START_S + tick * PERIOD_S, "host": "n1", "metrics": values}
        made.append(Message(json.dumps(document).encode(), topic="t", offset=tick))
    return made


def run(scorer: Scorer, messages: list[Message]) -> Output:
    """Everything through a pipeline; whatever numpy warns of is an error."""
    pipeline = Pipeline(scorer)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        output = pipeline.process(messages)
        output.add(pipeline.end())
    return output


ODD: dict[str, dict[str, Value]] = {
    "the largest floats": dict.fromkeys(SENSORS, lambda _: 1.7e308),
    "the lowest floats": dict.fromkeys(SENSORS, lambda _: -1.7e308),
    "both, tick by tick": {"power_w": lambda tick: 1.7e308 * (-1) ** tick},
    "beyond 32 bits": {"power_w": lambda _: 1e39},
    "the smallest floats": dict.fromkeys(SENSORS, lambda _: 5e-324),
    "zeros": dict.fromkeys(SENSORS, lambda _: 0.0),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=list(ODD))
@pytest.mark.parametrize("trained", [True, False], ids=["with a model", "without one"])
def test_scores_stay_numbers_and_come_back(odd: dict[str, Value], trained: bool, detector: Detector) -> None:
    scorer = Scorer({"c0ffee00": detector}, "r1") if trained else Scorer.of(None)
    output = run(scorer, messages_of(odd))
    scores = [point for point in output.points if point.measurement == "anomaly_score"]
    assert output.counts.readings_in == output.counts.used == TICKS * len(SENSORS)
    assert output.counts.scored == len(scores)
    for point in scores:
        numbers = {name: value for name, value in point.fields.items() if isinstance(value, float)}
        assert all(math.isfinite(value) for value in numbers.values()), point
        assert 0 <= numbers["score"] <= 1
    last_s = scores[-1].time_ns / 1e9
    assert last_s == START_S + (TICKS - 1) * PERIOD_S


def test_a_series_that_never_moves_divides_by_nothing(detector: Detector) -> None:
    still: dict[str, Value] = dict.fromkeys(SENSORS, lambda _: 24.0)
    messages = [message for message in messages_of(still) if ODD_FROM <= message.offset < ODD_TO]
    whole = [
        Message(json.dumps(json.loads(m.value or b"") | {"ts": START_S + at * PERIOD_S}).encode(), offset=at)
        for at, m in enumerate(messages * 30)
    ]
    for scorer in (Scorer({"c0ffee00": detector}, "r1"), Scorer.of(None)):
        output = run(scorer, whole)
        assert output.counts.scored > 100
        assert all(
            math.isfinite(value)
            for point in output.points
            for value in point.fields.values()
            if isinstance(value, float)
        )


def test_a_counter_that_begins_anew_is_a_reading_like_any_other() -> None:
    counted = [1e9, 2e9, 3e9, 0.0, 1e9, -1.0]
    messages = [
        Message(
            json.dumps(
                {"ts": START_S + at * PERIOD_S, "host": "n1", "metrics": {"energy_j": joules}}
            ).encode(),
            topic="t",
            offset=at,
        )
        for at, joules in enumerate(counted)
    ]
    output = run(Scorer.of(None), messages)
    readings = [point.fields["energy_j"] for point in output.points if point.measurement == "reading"]
    assert readings == counted
    assert output.counts.used == len(counted)
