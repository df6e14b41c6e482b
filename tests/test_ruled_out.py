from __future__ import annotations

from collections import Counter

import pytest
from builders import build_tick

from agent.diagnosis import diagnose
from agent.fault_words import FAULT_WORDS
from agent.faults import FAULTS
from agent.findings import Evidence
from agent.narrative import say_ruled_out
from agent.narrative.ranking import TRUST, rank_actions
from agent.narrative.ruled_out import _BY_DEFINITION, _RULES, rule_out

Row = tuple[str, float, float]


def rows(*told: Row) -> list[Evidence]:
    """Rows of evidence by sensor, seen and expected; quantity and unit follow from the name."""
    kinds = {
        "rpm": ("fan_speed", "rpm"),
        "c": ("temperature", "Cel"),
        "w": ("power", "W"),
        "vin": ("voltage", "V"),
    }
    return [
        Evidence(name, *kinds.get(name.rpartition("_")[2], ("other", "1")), seen, expected, "for")
        for name, seen, expected in told
    ]


def causes(fault: str, *told: Row) -> list[str]:
    return [ruled.cause for ruled in rule_out(fault, rows(*told))]


def test_a_supply_that_has_its_voltage_hangs_on_no_lost_feed() -> None:
    dead, twin = ("psu2_in_w", 0.0, 135.0), ("psu1_in_w", 250.0, 130.0)
    assert causes("psu_failure", dead, twin, ("psu2_vin", 229.0, 230.0)) == ["feed_loss", "sensor_stuck"]
    assert causes("psu_failure", dead, twin, ("psu2_vin", 0.0, 230.0)) == ["sensor_stuck"]
    assert causes("psu_failure", dead, twin) == ["sensor_stuck"]
    two = (("psu2_vin", 229.0, 230.0), ("psu3_vin", 0.0, 230.0))
    assert causes("psu_failure", dead, *two) == []


def test_other_fans_that_speed_up_or_parts_that_heat_up_show_that_no_tachometer_failed() -> None:
    still = ("fan1_rpm", 0.0, 5000.0)
    assert causes("fan_failure", still, ("fan2_rpm", 6500.0, 5000.0)) == ["sensor_stuck"]
    assert causes("fan_failure", still, ("cpu1_temp_c", 66.0, 60.0)) == ["sensor_stuck"]
    assert causes("fan_failure", still, ("fan2_rpm", 5100.0, 5000.0), ("cpu1_temp_c", 63.0, 60.0)) == []


def test_air_that_comes_in_as_ever_rules_the_room_out_of_a_blockage() -> None:
    hot = (("exhaust_temp_c", 48.0, 36.0), ("cpu1_temp_c", 75.0, 60.0))
    assert causes("airflow_blockage", *hot, ("inlet_temp_c", 24.5, 24.0)) == [
        "recirculation", "cooling_unit_failure", "heatsink_degradation",
    ]  # fmt: skip
    assert causes("airflow_blockage", *hot, ("inlet_temp_c", 30.0, 24.0)) == ["heatsink_degradation"]


def test_one_hot_part_among_cool_ones_is_no_blockage_but_two_may_be() -> None:
    cool = ("cpu2_temp_c", 60.0, 60.0)
    assert causes("heatsink_degradation", ("cpu1_temp_c", 85.0, 60.0), cool) == ["airflow_blockage"]
    two = (("cpu1_temp_c", 85.0, 60.0), ("exhaust_temp_c", 44.0, 36.0))
    assert causes("heatsink_degradation", *two, cool) == []


def test_what_a_finding_itself_implies_is_ruled_out_without_a_number() -> None:
    assert say_ruled_out(rule_out("host_silent", [])) == (
        "stream_silent (other hosts of its source go on reporting)"
    )
    assert causes("collector_silent") == ["stream_silent"] and causes("stream_silent") == ["host_silent"]


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_ruled_out_by_values_that_are_not_known(fault: str) -> None:
    names = ("fan1_rpm", "cpu1_temp_c", "inlet_temp_c", "psu1_in_w", "psu1_vin", "power_w", "gpu0_temp_c")
    unknown = rows(*((name, -1.0, 5.0) for name in names), *((name, -1.0, -1.0) for name in names))
    assert all(ruled.reason for ruled in rule_out(fault, unknown))
    assert rule_out("unknown", unknown) == []


def test_every_cause_that_can_be_ruled_out_is_a_fault_and_never_the_fault_itself() -> None:
    pairs = [(fault, cause) for fault, rules in _RULES.items() for cause, _, _ in rules]
    pairs += [(fault, cause) for fault, rules in _BY_DEFINITION.items() for cause, _ in rules]
    assert all(fault in FAULTS and cause in FAULT_WORDS and fault != cause for fault, cause in pairs)


def test_causes_that_one_row_rules_out_share_it_in_the_field() -> None:
    told = rows(("exhaust_temp_c", 48.0, 36.0), ("inlet_temp_c", 24.5, 24.0))
    assert say_ruled_out(rule_out("airflow_blockage", told)) == (
        "recirculation, cooling_unit_failure (inlet temperature 24.5 °C, expected 24 °C); "
        "heatsink_degradation (exhaust temperature 48 °C, expected 36 °C)"
    )


def test_the_rules_own_evidence_is_enough_for_a_real_finding() -> None:
    tick = build_tick(seen={"fan1_rpm": 0.0, "fan2_rpm": 6500.0, "fan3_rpm": 6500.0, "cpu1_temp_c": 66.0})
    (finding,) = diagnose(tick)
    assert say_ruled_out(rule_out(finding.fault, finding.evidence)) == (
        "sensor_stuck (fan 2 6,500 rpm, expected 5,000 rpm)"
    )


ACTIONS = ("look", "clean", "swap")


def test_without_confirmations_the_catalogues_order_stands() -> None:
    assert rank_actions("x", ACTIONS) == ACTIONS == rank_actions("x", ACTIONS, {("y", "swap"): 99})
    assert rank_actions("x", ()) == ()


def test_one_lucky_repair_changes_nothing_and_many_do() -> None:
    assert rank_actions("x", ACTIONS, {("x", "swap"): 1}) == ACTIONS
    assert rank_actions("x", ACTIONS, {("x", "swap"): int(TRUST)}) == ("swap", "look", "clean")
    assert rank_actions("x", ACTIONS, Counter({("x", "clean"): 40, ("x", "swap"): 80})) == (
        "swap", "clean", "look",
    )  # fmt: skip
    assert rank_actions("x", ACTIONS, {("x", "look"): -50}) == ACTIONS
