"""The classifier beside the rules: it names, weighs and may be vetoed, but hard evidence stands."""

from __future__ import annotations

import numpy as np
import pytest
from builders import build_tick
from classified import MACHINE, SENSORS, changed, quiet_rows

from agent.classifier.naming import PROBABILITY, Naming
from agent.diagnosis import diagnose
from agent.faults import FAULTS
from agent.findings import Evidence, Finding
from agent.scored import ScoredTick
from models.fault_classifier import CLASSES, STILL, WINDOW_CHANNELS, FaultClassifier

WIDE = 2 * len(WINDOW_CHANNELS)


def always(fault: str, least: float = 0.7, sure: float = 0.9) -> Naming:
    """A classifier that thinks the same of every window: 95 % of one class."""
    bias = np.zeros(len(CLASSES), np.float32)
    bias[CLASSES.index(fault)] = np.log(0.95 / (0.05 / (len(CLASSES) - 1)))
    shapes = {
        "conv0": (4, WIDE, 5), "conv1": (4, 4, 3), "conv2": (4, 4, 3),
        "dense0": (4, 12 + 2 * len(STILL)), "dense1": (len(CLASSES), 4),
    }  # fmt: skip
    weights = {f"{name}.weight": np.zeros(shape, np.float32) for name, shape in shapes.items()}
    weights |= {f"{name}.bias": np.zeros(shape[0], np.float32) for name, shape in shapes.items()}
    weights["dense1.bias"] = bias
    return Naming(FaultClassifier(weights, 1.0, least, sure, (0.0, 1.0, 0.2), {}))


def machine_tick(score: float = 0.6, **more: object) -> ScoredTick:
    sensors = {name: (quantity, unit, value) for name, (quantity, unit, value, _) in MACHINE.items()}
    return build_tick(score=score, sensors=sensors, share={"cpu1_temp_c": 0.7, "fan2_rpm": 0.3}, **more)  # type: ignore[arg-type]


def revised(
    naming: Naming, tick: ScoredTick, rows: np.ndarray, found: list[Finding] | None = None
) -> list[Finding]:
    return naming.revise(diagnose(tick) if found is None else found, tick, None, lambda: rows)


def by_evidence(fault: str, confidence: float = 0.8) -> Finding:
    told = Evidence("cpu1_temp_c", "temperature", "Cel", 90.0, 70.0, "for")
    return Finding(
        "condition", fault, "P3", confidence, "evidence", "It is so.", (told,), FAULTS[fault].actions
    )


HOT = changed(quiet_rows(), "cpu1_temp_c", 1.5)


def test_what_only_the_score_saw_gets_the_name_that_the_window_shows() -> None:
    (finding,) = revised(always("heatsink_degradation"), machine_tick(), HOT)
    assert finding.fault == "heatsink_degradation"
    assert (finding.severity, finding.confidence, finding.basis) == ("P3", 0.95, "score")
    assert finding.actions == FAULTS["heatsink_degradation"].actions
    told = {evidence.sensor: evidence for evidence in finding.evidence}
    assert told["cpu_excess"].seen > 1.5 and told["cpu_excess"].expected == 1.0
    assert told[PROBABILITY].seen == pytest.approx(0.95, abs=1e-3)
    assert finding.evidence[0].sensor in SENSORS
    assert "heatsink degradation (95 %)" in finding.diagnosis


def test_a_name_that_physics_speak_against_is_not_told() -> None:
    (finding,) = revised(always("heatsink_degradation"), machine_tick(), quiet_rows())
    assert finding.fault == "unknown"


def test_a_fault_of_parts_that_the_machine_does_not_show_is_not_told() -> None:
    rows = quiet_rows()
    rows[:, [at for at, name in enumerate(SENSORS) if name.startswith("gpu")]] = np.nan
    (finding,) = revised(always("gpu_lost"), machine_tick(), rows)
    assert finding.fault == "unknown"


def test_hours_of_full_load_are_not_told_from_work_by_a_window() -> None:
    busy = changed(quiet_rows(), "power_w", 1.5)
    (finding,) = revised(always("abnormal_load"), machine_tick(), busy)
    assert finding.fault == "unknown"


def test_a_probability_below_the_least_names_nothing() -> None:
    (finding,) = revised(always("heatsink_degradation", least=0.96), machine_tick(), HOT)
    assert finding.fault == "unknown"


def test_work_that_only_looks_like_a_fault_raises_nothing_where_that_is_sure() -> None:
    assert revised(always("normal"), machine_tick(), quiet_rows()) == []
    assert revised(always("normal", sure=2.0), machine_tick(), quiet_rows())[0].fault == "unknown"


def test_warm_air_and_a_score_far_above_are_never_nothing() -> None:
    warm = changed(quiet_rows(), "inlet_temp_c", 1.2)
    assert revised(always("normal"), machine_tick(), warm)[0].fault == "unknown"
    assert revised(always("normal"), machine_tick(score=1.0), quiet_rows())[0].fault == "unknown"


@pytest.mark.parametrize("opinion", CLASSES)
def test_a_stopped_fan_stays_a_fan_failure_whatever_the_classifier_says(opinion: str) -> None:
    tick = machine_tick(seen={"fan2_rpm": 0.0})
    found = diagnose(tick)
    assert found[0].fault == "fan_failure"
    assert revised(always(opinion), tick, quiet_rows(), found)[0].fault == "fan_failure"


def test_a_value_beyond_its_own_limit_is_no_matter_of_opinion() -> None:
    tick = machine_tick(seen={"dimm_temp_c": 95.0}, limits={("dimm_temp_c", "upper"): 90.0})
    found = diagnose(tick)
    assert found[0].basis == "limit"
    assert revised(always("normal"), tick, quiet_rows(), found) is found


def test_a_rule_that_the_classifier_agrees_with_is_surer_and_one_it_does_not_is_less_sure() -> None:
    found = [by_evidence("heatsink_degradation")]
    (agreed,) = revised(always("heatsink_degradation"), machine_tick(), HOT, found)
    (alone,) = revised(always("normal"), machine_tick(), HOT, found)
    assert alone.fault == agreed.fault == "heatsink_degradation"
    assert alone.confidence < 0.8 < agreed.confidence


def test_a_clear_other_opinion_is_told_as_evidence_against() -> None:
    rows = changed(quiet_rows(), "vrm_temp_c", 1.5)
    (finding,) = revised(always("vrm_overheating"), machine_tick(), rows, [by_evidence("airflow_blockage")])
    assert finding.fault == "airflow_blockage"
    assert finding.evidence[-1].sensor == "vrm_overheating_probability"
    assert finding.evidence[-1].says == "against"


def test_a_tick_without_a_finding_is_not_looked_at() -> None:
    def rows() -> np.ndarray:
        raise AssertionError("nobody asked")

    calm = machine_tick(score=0.1)
    assert always("fan_failure").revise([], calm, None, rows) == []


def test_no_opinion_makes_a_stopped_fan_less_sure() -> None:
    (finding,) = revised(always("normal"), machine_tick(), quiet_rows(), [by_evidence("fan_failure", 0.9)])
    assert finding.confidence == 0.9
