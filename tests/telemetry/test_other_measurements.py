"""nvidia_smi, temp, cpu and measurements that nobody told us about."""

from __future__ import annotations

from reading_messages import T_NS, decode, kinds_of, reason_of, values_of

SMI = f"nvidia_smi,host=gpu-n03,index=1,name=NVIDIA\\ H100,pstate=P0,uuid=GPU-1 {{}} {T_NS}"


def test_a_card_by_nvidia_smi() -> None:
    fields = (
        "temperature_gpu=63i,temperature_memory=70i,power_draw=412.7,utilization_gpu=87i,fan_speed=40i,"
        'clocks_current_sm=1980i,clocks_event_reason_hw_thermal_slowdown=1i,driver_version="550.1"'
    )
    assert values_of(SMI.format(fields)) == {
        "gpu1_temp_c": 63,
        "gpu1_mem_temp_c": 70,
        "gpu1_power_w": 412.7,
        "gpu1_util": 0.87,
        "gpu1_fan_pct": 0.4,
        "gpu1_sm_clock_hz": 1.98e9,
        "gpu1_hw_thermal_slowdown": 1,
    }
    assert kinds_of(SMI.format(fields))["gpu1_hw_thermal_slowdown"] == ("state", "1")


def test_what_counts_down_to_throttling_is_a_margin_with_limits_below_zero() -> None:
    limits = "temperature_slow_tlimit_threshold=-2i,temperature_max_tlimit_threshold=-7i"
    fields = f"temperature_gpu_tlimit=21i,{limits}"
    values = values_of(SMI.format(fields))
    assert values == {
        "gpu1_margin_c": 21,
        "gpu1_margin_c/lower_critical": -2,
        "gpu1_margin_c/lower_fatal": -7,
    }


def test_the_power_limit_is_a_cap_and_not_a_hard_limit() -> None:
    assert values_of(SMI.format("power_limit=700")) == {"gpu1_power_w/upper_cap": 700}


def temp(sensor: str, value: float) -> str:
    return f"temp,host=n1,sensor={sensor} temp={value} {T_NS}"


def test_kernel_limits_and_alarms_are_no_temperatures() -> None:
    assert values_of(
        temp("coretemp_physicalid0_input", 61),
        temp("coretemp_physicalid0_crit", 100),
        temp("coretemp_physicalid0_max", 90),
        temp("coretemp_physicalid0_critalarm", 0),
    ) == {
        "cpu0_temp_c": 61,
        "cpu0_temp_c/upper_critical": 100,
        "cpu0_temp_c/upper_max": 90,
        "coretemp_physicalid0_critalarm": 0,
    }


def test_an_amd_cpu_and_a_disk() -> None:
    assert values_of(temp("k10temp_tctl", 33.25), temp("nvme_composite", 40)) == {
        "cpu0_temp_c": 33.25,
        "nvme_composite": 40,
    }


def test_the_use_of_all_cpus_is_a_share() -> None:
    assert values_of(f"cpu,cpu=cpu-total,host=n1 usage_active=58 {T_NS}") == {"cpu_util": 0.58}


def test_a_measurement_nobody_knows_is_kept_under_its_own_names() -> None:
    line = f'weather,host=n1,rack=R01 airPressure=1013,sky="grey",open=true {T_NS}'
    assert values_of(line) == {"air_pressure": 1013}
    assert kinds_of(line) == {"air_pressure": ("other", "1")}


def test_unknown_series_that_tags_tell_apart_stay_apart() -> None:
    rows = [f"disk,host=n1,path=/{p} used={u} {T_NS}" for p, u in (("var", 1), ("home", 2))]
    assert values_of(*rows) == {"disk_var_used": 1, "disk_home_used": 2}


def test_unknown_measurements_with_one_field_name_stay_apart() -> None:
    rows = [f"mem,host=n1 used=1 {T_NS}", f"swap,host=n1 used=2 {T_NS}"]
    got, _ = decode(*rows)
    assert len({g.series for g in got}) == 2


def test_texts_alone_are_nothing_usable() -> None:
    assert reason_of(f'weather,host=n1 sky="grey" {T_NS}') == "nothing usable"
