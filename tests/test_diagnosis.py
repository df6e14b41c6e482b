from __future__ import annotations

import numpy as np
from builders import SERVER, build_tick

from agent.diagnosis import diagnose
from agent.fault_words import FAULT_WORDS
from agent.faults import FAULTS

CONTRACT_FAULTS = [
    "fan_failure",
    "fan_degradation",
    "airflow_blockage",
    "heatsink_degradation",
    "cpu_throttling",
    "power_cap",
    "psu_failure",
    "psu_efficiency",
    "psu_imbalance",
    "vrm_overheating",
    "dimm_overheating",
    "gpu_overheating",
    "gpu_lost",
    "cooling_unit_failure",
    "chilled_water_loss",
    "recirculation",
    "overcooling",
    "humidity",
    "feed_loss",
    "phase_imbalance",
    "ups_on_battery",
    "sensor_stuck",
    "sensor_drift",
    "sensor_spike",
    "sensor_dropout",
    "clock_skew",
    "unit_change",
    "abnormal_load",
    "idle_server",
    "host_silent",
    "collector_silent",
    "stream_silent",
    "unknown",
]
NO_USUAL = dict.fromkeys(SERVER, np.nan)


def test_every_fault_of_the_contract_has_a_code_actions_and_a_chinese_name() -> None:
    assert sorted(FAULTS) == sorted(CONTRACT_FAULTS) == sorted(FAULT_WORDS)
    codes = [fault.code for word, fault in FAULTS.items() if word != "unknown"]
    assert len(set(codes)) == len(codes) == 32
    assert all(fault.actions for fault in FAULTS.values())


def test_a_usual_tick_has_no_finding() -> None:
    assert diagnose(build_tick()) == []


def test_a_stopped_fan_is_told_with_the_others_that_make_up_for_it() -> None:
    tick = build_tick(seen={"fan1_rpm": 0.0, "fan2_rpm": 6500.0, "fan3_rpm": 6500.0, "cpu1_temp_c": 66.0})
    (finding,) = diagnose(tick)
    assert (finding.fault, finding.severity, finding.basis) == ("fan_failure", "P2", "evidence")
    assert finding.diagnosis == (
        "Fan 1 of n07 stopped (0 rpm; usual 5,000 rpm); 2 of the 2 others run faster to make up for it."
    )
    said = {(e.sensor, e.seen, e.expected, e.says) for e in finding.evidence}
    assert ("fan1_rpm", 0.0, 5000.0, "for") in said
    assert ("fan2_rpm", 6500.0, 5000.0, "for") in said
    assert ("cpu1_temp_c", 66.0, 60.0, "for") in said


def test_fans_and_temperatures_that_do_not_move_speak_against_a_stopped_fan() -> None:
    (finding,) = diagnose(build_tick(seen={"fan1_rpm": 0.0}))
    assert {e.sensor for e in finding.evidence if e.says == "against"} >= {"fan2_rpm", "cpu1_temp_c"}
    assert finding.confidence == 0.85


def test_all_fans_stopped_is_one_urgent_finding() -> None:
    stopped = {"fan1_rpm": 0.0, "fan2_rpm": 0.0, "fan3_rpm": 0.0}
    (finding,) = diagnose(build_tick(seen=stopped))
    assert (finding.fault, finding.severity) == ("fan_failure", "P1")
    assert finding.diagnosis.startswith("All 3 fans of n07 stopped")


def test_a_stopped_fan_is_urgent_when_a_cpu_is_within_5_kelvin_of_its_limit() -> None:
    limits = {("cpu1_temp_c", "upper"): 90.0}
    (cool,) = diagnose(build_tick(seen={"fan1_rpm": 0.0, "cpu1_temp_c": 84.9}, limits=limits))
    (near,) = diagnose(build_tick(seen={"fan1_rpm": 0.0, "cpu1_temp_c": 85.0}, limits=limits))
    assert (cool.severity, near.severity) == ("P2", "P1")
    assert near.also == ("cpu_throttling",)


def test_a_slow_fan_or_one_that_stands_still_by_habit_is_no_failure() -> None:
    assert diagnose(build_tick(seen={"fan1_rpm": 650.0})) == []
    assert (
        diagnose(build_tick(seen={"fan1_rpm": 0.0}, usual={"fan1_rpm": 0.0}, peak={"fan1_rpm": 3000.0})) == []
    )
    assert (
        diagnose(build_tick(seen={"fan1_rpm": 0.0}, usual={"fan1_rpm": 900.0}, peak={"fan1_rpm": 900.0}))
        == []
    )


def test_a_fan_below_its_own_lower_limit_needs_no_past() -> None:
    tick = build_tick(
        seen={"fan1_rpm": 480.0},
        usual=NO_USUAL,
        peak={"fan1_rpm": 480.0},
        limits={("fan1_rpm", "lower"): 600.0},
    )
    (finding,) = diagnose(tick)
    assert (finding.fault, finding.basis) == ("fan_failure", "limit")


def test_a_host_that_is_off_has_neither_fan_nor_supply_nor_sensor_faults() -> None:
    off = {name: 0.0 for name in SERVER if name.startswith(("fan", "psu"))} | {"power_w": 12.0}
    tick = build_tick(
        seen=off,
        missing=("cpu1_temp_c",),
        silent_min={"cpu1_temp_c": 60},
        limits={("fan1_rpm", "lower"): 600.0, ("psu1_in_w", "lower"): 10.0},
    )
    assert diagnose(tick) == []


def test_a_host_that_was_just_switched_off_has_no_fan_failure() -> None:
    stopped = {"fan1_rpm": 0.0, "fan2_rpm": 0.0, "fan3_rpm": 0.0}
    assert diagnose(build_tick(seen={**stopped, "power_w": 250.0})) == []
    (hot,) = diagnose(build_tick(seen={**stopped, "power_w": 250.0, "cpu1_temp_c": 75.0}))
    assert (hot.fault, hot.severity) == ("fan_failure", "P1")


def test_a_power_meter_that_fails_alone_hides_no_fan_failure() -> None:
    (finding,) = diagnose(build_tick(seen={"fan1_rpm": 0.0, "power_w": 0.0}))
    assert finding.fault == "fan_failure"


def test_a_dead_supply_is_told_while_its_twin_carries_the_load() -> None:
    (finding,) = diagnose(build_tick(seen={"psu1_in_w": 0.0, "psu2_in_w": 390.0, "power_w": 390.0}))
    assert (finding.fault, finding.severity, finding.basis) == ("psu_failure", "P1", "evidence")
    assert finding.diagnosis == "PSU1 of n07 delivers 0 W while PSU2 carries 390 W; redundancy is lost."


def test_with_a_third_supply_left_a_dead_one_can_wait() -> None:
    sensors = {**SERVER, "psu3_in_w": ("power", "W", 200.0)}
    seen = {"psu1_in_w": 0.0, "psu2_in_w": 300.0, "psu3_in_w": 300.0}
    (finding,) = diagnose(build_tick(seen=seen, sensors=sensors))
    assert (finding.fault, finding.severity) == ("psu_failure", "P2")


def test_without_a_training_past_the_peak_and_the_hosts_power_tell_a_dead_supply() -> None:
    seen = {"psu1_in_w": 0.0, "psu2_in_w": 390.0, "power_w": 390.0}
    tick = build_tick(seen=seen, usual=NO_USUAL, peak={"psu2_in_w": 390.0})
    (finding,) = diagnose(tick)
    assert (finding.fault, finding.confidence) == ("psu_failure", 0.8)


def test_a_supply_that_never_worked_or_a_twin_that_does_not_carry_is_no_failure() -> None:
    never = {"psu1_in_w": 5.0}
    assert diagnose(build_tick(seen={"psu1_in_w": 0.0, "psu2_in_w": 390.0}, usual=never, peak=never)) == []
    assert diagnose(build_tick(seen={"psu1_in_w": 0.0, "psu2_in_w": 200.0, "power_w": 200.0})) == []


def test_a_value_beyond_its_own_limit_names_the_part_that_is_too_hot() -> None:
    for sensor, fault in (("gpu0_temp_c", "gpu_overheating"), ("dimm_a1_temp_c", "dimm_overheating")):
        (finding,) = diagnose(build_tick(seen={sensor: 96.0}, limits={(sensor, "upper"): 95.0}))
        assert (finding.fault, finding.basis) == (fault, "limit")
        assert finding.diagnosis == f"{sensor} of n07 is at 96 °C, above its own limit of 95 °C."


def test_a_limit_without_a_fault_of_its_own_is_unknown_in_plain_words() -> None:
    (finding,) = diagnose(build_tick(seen={"inlet_temp_c": 46.0}, limits={("inlet_temp_c", "upper"): 45.0}))
    assert (finding.fault, finding.severity, finding.basis) == ("unknown", "P2", "limit")


def test_a_carried_value_breaks_no_limit() -> None:
    tick = build_tick(seen={"gpu0_temp_c": 96.0}, limits={("gpu0_temp_c", "upper"): 95.0})
    tick.arrived[tick.sensors.index("gpu0_temp_c")] = False
    assert diagnose(tick) == []


def test_a_silent_sensor_is_told_after_10_min_and_10_of_its_periods() -> None:
    assert diagnose(build_tick(missing=("fan1_rpm",), silent_min={"fan1_rpm": 10})) == []
    (finding,) = diagnose(build_tick(missing=("fan1_rpm",), silent_min={"fan1_rpm": 11}))
    assert (finding.kind, finding.fault, finding.severity) == ("sensor", "sensor_dropout", "P3")
    slow = build_tick(missing=("fan1_rpm",), silent_min={"fan1_rpm": 11}, period_s=120)
    assert diagnose(slow) == []


def test_states_are_not_missed_and_a_tick_without_data_tells_nothing() -> None:
    assert diagnose(build_tick(missing=("chassis_state",), silent_min={"chassis_state": 60})) == []
    assert diagnose(build_tick(missing=tuple(SERVER), silent_min=dict.fromkeys(SERVER, 60.0))) == []


def test_most_sensors_silent_is_one_finding() -> None:
    gone = tuple(name for name in SERVER if name not in ("power_w", "inlet_temp_c", "psu1_in_w"))
    (finding,) = diagnose(build_tick(missing=gone, silent_min=dict.fromkeys(gone, 15.0)))
    assert finding.severity == "P2"
    assert finding.diagnosis.startswith("7 of the 10 sensors of n07 sent nothing for 15 min")


def test_a_score_alone_is_unknown_with_the_sensors_that_explain_it() -> None:
    tick = build_tick(score=0.6, seen={"cpu1_temp_c": 71.0}, share={"cpu1_temp_c": 0.7, "power_w": 0.3})
    (finding,) = diagnose(tick)
    assert (finding.fault, finding.severity, finding.basis) == ("unknown", "P3", "score")
    assert [e.sensor for e in finding.evidence] == ["cpu1_temp_c", "power_w"]
    assert finding.diagnosis == (
        "n07 left its usual pattern (score 0.6, threshold 0.5): "
        "cpu1_temp_c 71 °C (expected 60 °C), power_w 400 W (expected 400 W)."
    )


def test_a_named_condition_takes_the_place_of_the_score_but_a_silent_sensor_does_not() -> None:
    (named,) = diagnose(build_tick(score=0.9, seen={"fan1_rpm": 0.0}))
    assert named.fault == "fan_failure"
    both = diagnose(build_tick(score=0.9, missing=("fan1_rpm",), silent_min={"fan1_rpm": 20}))
    assert [finding.fault for finding in both] == ["unknown", "sensor_dropout"]


def test_an_unscored_tick_never_speaks_by_its_score() -> None:
    assert diagnose(build_tick(scored=False)) == []


STILL = {"fan1_rpm": 0.0, "fan2_rpm": 0.0, "fan3_rpm": 0.0}


def test_a_machine_that_was_just_switched_off_has_no_dead_fans() -> None:
    """Its meter averages over a minute or comes less often; its fans may still coast."""
    lagging = build_tick(seen={**STILL, "power_w": 270.0})  # 0.68 of its usual
    late = build_tick(seen=STILL)
    late.arrived[late.sensors.index("power_w")] = False
    coasting = build_tick(
        seen={"fan1_rpm": 500.0, "fan2_rpm": 700.0, "fan3_rpm": 700.0, "power_w": 200.0},
        limits={("fan1_rpm", "lower"): 600.0},
    )
    assert diagnose(lagging) == diagnose(late) == diagnose(coasting) == []


def test_still_fans_are_dead_where_a_processor_heats_up_whatever_the_meter() -> None:
    tick = build_tick(seen={**STILL, "power_w": 270.0, "cpu1_temp_c": 66.0})
    (finding,) = diagnose(tick)
    assert (finding.fault, finding.severity) == ("fan_failure", "P1")


def test_all_fans_below_their_limits_need_a_second_tick_and_one_of_them_does_not() -> None:
    limits = {("fan1_rpm", "lower"): 600.0}
    (all_of_them,) = diagnose(build_tick(seen=STILL, limits=limits))
    (one,) = diagnose(build_tick(seen={"fan1_rpm": 0.0}, limits=limits))
    assert (all_of_them.basis, one.basis) == ("evidence", "limit")


def test_what_a_bmc_sends_in_place_of_a_reading_breaks_no_limit() -> None:
    upper, lower = {("gpu0_temp_c", "upper"): 95.0}, {("inlet_temp_c", "lower"): 3.0}
    assert diagnose(build_tick(seen={"gpu0_temp_c": 255.0}, limits=upper)) == []
    assert diagnose(build_tick(seen={"inlet_temp_c": 0.0}, limits=lower)) == []
    assert diagnose(build_tick(seen={"inlet_temp_c": 2.0}, limits=lower)) != []


def test_a_limit_that_a_sensor_is_usually_beyond_is_not_meant_for_it() -> None:
    tick = build_tick(
        seen={"fan1_rpm": 4900.0},
        limits={("cpu1_temp_c", "upper"): 45.0, ("power_w", "lower"): 900.0, ("fan1_rpm", "lower"): 6000.0},
        peak={"fan1_rpm": 7000.0},
    )
    assert diagnose(tick) == []


WITH_INPUTS = {**SERVER, "psu1_vin": ("voltage", "V", 230.0), "psu2_vin": ("voltage", "V", 230.0)}


def test_a_supply_without_input_is_told_at_any_load() -> None:
    seen = {"psu1_in_w": 0.0, "psu1_vin": 0.0, "psu2_in_w": 190.0, "power_w": 190.0}
    (finding,) = diagnose(build_tick(seen=seen, sensors=WITH_INPUTS))
    assert finding.fault == "psu_failure"
    assert "PSU1 of n07 delivers 0 W (input 0 V)" in finding.diagnosis
    assert ("psu1_vin", 0.0, 230.0, "for") in {
        (e.sensor, e.seen, e.expected, e.says) for e in finding.evidence
    }


def test_an_input_that_is_there_speaks_against_a_lost_feed() -> None:
    seen = {"psu1_in_w": 0.0, "psu2_in_w": 390.0, "power_w": 390.0}
    (finding,) = diagnose(build_tick(seen=seen, sensors=WITH_INPUTS))
    assert {e.sensor: e.says for e in finding.evidence}["psu1_vin"] == "against"


def test_a_supplys_meter_that_fails_is_no_dead_supply() -> None:
    """The host still draws 400 W, and its twin gives no more than before."""
    assert diagnose(build_tick(seen={"psu1_in_w": 0.0})) == []


def test_without_training_or_host_meter_a_supply_that_shared_the_load_is_missed_and_a_hot_spare_is_not() -> (
    None
):
    sensors = {name: what for name, what in SERVER.items() if name != "power_w"}
    blank = dict.fromkeys(sensors, np.nan)

    def tick(own: float, peak: float) -> list[str]:
        seen = {"psu1_in_w": own, "psu2_in_w": 250.0}
        peaks = {"psu1_in_w": peak, "psu2_in_w": 260.0}
        return [f.fault for f in diagnose(build_tick(seen=seen, sensors=sensors, usual=blank, peak=peaks))]

    assert tick(0.0, 130.0) == ["psu_failure"]
    assert tick(8.0, 130.0) == []  # asleep
    assert tick(0.0, 30.0) == []  # never had its part


def test_without_training_a_supply_is_missed_on_an_idle_host_too() -> None:
    """The highest power ever seen is twice what the host draws now."""
    peak = {"power_w": 480.0, "psu1_in_w": 245.0, "psu2_in_w": 250.0}
    seen = {"psu1_in_w": 0.0, "psu2_in_w": 250.0, "power_w": 245.0}
    (finding,) = diagnose(build_tick(seen=seen, usual=NO_USUAL, peak=peak))
    assert finding.fault == "psu_failure"


def test_readings_that_come_late_for_every_tick_are_no_dropout() -> None:
    tick = build_tick(silent_min={"fan1_rpm": 60})
    tick.arrived[0] = False  # carried
    assert diagnose(tick) == []
