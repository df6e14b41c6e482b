"""Telegraf's ipmi_sensor: which rows are readings, of what, and what they are called."""

from __future__ import annotations

import pytest
from reading_messages import T_NS, decode, kinds_of, says_none, values_of


def v2(name: str, value: float, unit: str = "", entity: str = "7.1", code: str = "ok", desc: str = "") -> str:
    tags = {"entity_id": entity, "host": "collector01", "name": name, "server": "10.20.2.203"}
    tags |= {"status_code": code, "status_desc": desc, "unit": unit}
    shown = ",".join(f"{k}={v}" for k, v in tags.items() if v)
    return f"ipmi_sensor,{shown} value={value} {T_NS}\n"


def test_a_row_of_version_2_is_a_reading_of_the_machine_that_was_asked() -> None:
    got, letters = decode(v2("inlet_temp", 25, "degrees_c"))
    assert not letters
    assert [(g.series.host, g.series.sensor, g.time_ns, g.value) for g in got] == [
        ("10.20.2.203", "inlet_temp_c", T_NS, 25.0)
    ]


@pytest.mark.parametrize(
    ("line", "sensor", "value"),
    [
        (v2("fan1", 5040, "rpm"), "fan1_rpm", 5040),
        (v2("power_supply_1", 110, "watts", "10.1", desc="presence_detected"), "psu1_in_w", 110),
        (v2("voltage_2", 230, "volts", "10.2"), "psu2_vin", 230),
        (v2("current_1", 7.2, "amps", "10.1"), "psu1_in_a", 7.2),
        (v2("fan_1a_tach", 2610, "rpm"), "fan1a_rpm", 2610),
        (v2("01-inlet_ambient", 22, "degrees_c"), "inlet_temp_c", 22),
        (v2("02-cpu_1", 40, "degrees_c"), "cpu1_temp_c", 40),
        (v2("06-p1_dimm_1-6", 33, "degrees_c"), "dimm_p1_1_6_temp_c", 33),
        (v2("10-vr_p1", 51, "degrees_c"), "vrm_p1_temp_c", 51),
        (v2("exhaust_temp", 37, "degrees_c"), "exhaust_temp_c", 37),
        (v2("front_panel_temp", 24, "degrees_c"), "inlet_temp_c", 24),
        (v2("pwr_consumption", 168, "watts"), "power_w", 168),
        (v2("fan_1", 29.5, "percent"), "fan1_pct", 0.295),
        (v2("cpu_usage", 58, "percent"), "cpu_util", 0.58),
        (v2("20-p/s_1_inlet", 30, "degrees_c"), "20_p_s_1_inlet", 30),
        (v2("inlet_water_temp", 18, "degrees_c"), "inlet_water_temp", 18),
        (v2("fan1_1", 5000, "rpm"), "fan1_1_rpm", 5000),
        (v2("fan_1_front", 5000, "rpm"), "fan1_front_rpm", 5000),
        (v2("fan_mod_2b_rpm", 5000, "rpm"), "fan2b_rpm", 5000),
        (v2("psu1_fan", 5000, "rpm"), "psu1_fan_rpm", 5000),
        (v2("psu2_dc_out_pwr", 200, "watts"), "psu2_out_w", 200),
        (v2("p1_mem_margin", -20, "degrees_c"), "p1_mem_margin", -20),
        (v2("altitude", 80, "feet"), "altitude", 80),
        (v2("planar_12v", 12.04, "volts"), "planar_12v", 12.04),
    ],
)
def test_vendor_names_become_canonical(line: str, sensor: str, value: float) -> None:
    assert values_of(line) == {sensor: pytest.approx(value)}


def test_dcmi_rows_have_no_entity_and_the_instantaneous_one_is_the_power() -> None:
    row = "ipmi_sensor,host=collector01,name={},server=10.20.2.203,unit=watts value={} {}"
    assert values_of(
        row.format("instantaneous_power_reading", 167, T_NS),
        row.format("minimum_during_sampling_period", 124, T_NS),
    ) == {"power_w": 167, "minimum_during_sampling_period": 124}


def test_no_reading_is_not_a_reading_of_zero() -> None:
    assert says_none(v2("sel", 0, code="ns", desc="no_reading"))
    assert says_none(v2("cpu1_temp", 0, "degrees_c", code="na"))


def test_a_discrete_row_is_a_state_by_its_code() -> None:
    assert values_of(v2("intrusion", 0, desc="ok")) == {"intrusion": 1}
    assert values_of(v2("intrusion", 0, code="cr")) == {"intrusion": 0}
    assert kinds_of(v2("dimm_7_temp", 0, desc="0x00")) == {"dimm_7_temp": ("state", "1")}


def test_the_unit_unspecified_is_no_reading() -> None:
    assert says_none(v2("os_realtime_mod", 0, "unspecified"))


@pytest.mark.parametrize("code", ["nc", "cr", "nr", "lnc", "lcr", "lnr", "unc", "ucr", "unr"])
def test_a_reading_beyond_a_threshold_is_a_reading(code: str) -> None:
    assert values_of(v2("fan1", 0, "rpm", code=code)) == {"fan1_rpm": 0}


def test_version_1_believes_the_unit_and_not_the_status() -> None:
    stopped = f"ipmi_sensor,host=c,name=fan1,server=n1,unit=rpm status=0i,value=0 {T_NS}"
    assert values_of(stopped) == {"fan1_rpm": 0}
    no_unit = f"ipmi_sensor,host=c,name=dimm_7_temp,server=n1 status=1i,value=0 {T_NS}"
    assert says_none(no_unit)


def test_two_sensors_called_temp_are_told_apart_by_their_entity() -> None:
    cpus = (v2("temp", 61, "degrees_c", "3.1"), v2("temp", 60, "degrees_c", "3.2"))
    assert values_of(*cpus, v2("temp", 35, "degrees_c", "10.1"), v2("temp", 30, "degrees_c", "7.1")) == {
        "cpu1_temp_c": 61,
        "cpu2_temp_c": 60,
        "psu1_temp_c": 35,
        "temp": 30,
    }


def test_dimms_stay_apart_and_one_at_exactly_zero_is_an_empty_slot() -> None:
    assert values_of(
        v2("p1-dimma1_temp", 34, "degrees_c", "32.1"),
        v2("p1-dimma2_temp", 35, "degrees_c", "32.2"),
        v2("p1-dimmb1_temp", 0, "degrees_c", "32.3"),
    ) == {"dimm_p1_a1_temp_c": 34, "dimm_p1_a2_temp_c": 35}


@pytest.mark.parametrize(
    ("name", "value", "sensor"),
    [
        ("p1_therm_margin", -53, "cpu1_margin_c"),
        ("cpu0_margin_temp", 16, "cpu0_margin_c"),
        ("cpu0_dts", 61, "cpu0_margin_c"),
        ("agg_therm_mgn_1", -30, "agg_therm_mgn_1"),
        ("dimm_thrm_mrgn_1", -40, "dimm_thrm_mrgn_1"),
        ("cpu1_temp", -53, "cpu1_margin_c"),
    ],
)
def test_a_margin_is_never_a_temperature(name: str, value: float, sensor: str) -> None:
    assert values_of(v2(name, value, "degrees_c")) == {sensor: value}
    assert kinds_of(v2(name, value, "degrees_c")) == {sensor: ("margin", "Cel")}


def test_beside_its_margin_a_cpu_keeps_its_temperature() -> None:
    rows = (v2("cpu0_temp", 34, "degrees_c"), v2("cpu0_dts", 61, "degrees_c"))
    assert values_of(*rows) == {"cpu0_temp_c": 34, "cpu0_margin_c": 61}


@pytest.mark.parametrize("name", ["therm_ctrl_%", "curr_out_%"])
def test_the_name_decides_what_a_percentage_is_of(name: str) -> None:
    (kind,) = kinds_of(v2(name, 12, "percent")).values()
    assert kind == ("other", "1")


def test_a_power_good_bit_is_a_state() -> None:
    assert kinds_of(v2("cpu1_vcore_pg", 1, "volts")) == {"cpu1_vcore_pg": ("state", "1")}


def test_escaped_commas_in_a_description_are_part_of_it() -> None:
    line = v2("power_supply_1", 110, "watts", "10.1", desc=r"presence_detected\,_ac_ok")
    assert values_of(line, line) == {"psu1_in_w": 110}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_names_that_several_sensors_want_settle_the_same_in_any_order(order: tuple[int, ...]) -> None:
    rows = [
        v2("inlet_temp", 25, "degrees_c"),
        v2("ambient_temp", 26, "degrees_c"),
        v2("front_panel_temp", 27, "degrees_c"),
    ]
    shuffled = [rows[at] for at in order]
    got, _ = decode(*shuffled, *shuffled)
    second = {g.series.sensor: g.value for g in got if g.message >= len(rows)}
    assert second == {"inlet_temp_c": 25, "ambient_temp": 26, "front_panel_temp": 27}


def test_chassis_power_is_a_state() -> None:
    line = f"ipmi_sensor,host=c,name=chassis_power_status,server=n1 value=1i {T_NS}"
    assert kinds_of(line) == {"chassis_power_status": ("state", "1")}


@pytest.mark.parametrize(
    ("description", "value"),
    [
        ("presence_detected", 1),
        (r"presence_detected\,_failure_detected", 0),
        (r"presence_detected\,_power_supply_ac_lost", 0),
        ("redundancy_lost", 0),
        ("fully_redundant", 1),
        ("non-redundant:_sufficient_from_redundant", 0),
        ("limit_not_exceeded", 1),
        ("limit_exceeded", 0),
        ("predictive_failure_deasserted", 1),
        ("transition_to_critical_from_less_severe", 0),
        ("device_disabled", 1),
    ],
)
def test_a_discrete_row_says_what_is_wrong_in_its_description(description: str, value: float) -> None:
    assert values_of(v2("ps1_status", 0, entity="10.1", desc=description)) == {"ps1_status": value}


def test_a_description_of_no_reading_is_none_whatever_the_code() -> None:
    assert says_none(v2("sel", 0, desc="no_reading"))


def test_a_bit_for_percentages_does_not_change_what_a_thermometer_measures() -> None:
    assert values_of(v2("temp_cpu0", 45, "%_degrees_c", "65.1")) == {"cpu0_temp_c": 45}
    assert values_of(v2("fan_1", 37, "%_unspecified", "29.1")) == {"fan1_pct": pytest.approx(0.37)}


@pytest.mark.parametrize("name", ["cpu1_temp", "vr_p0_temp", "psu1_temp", "temp_ssd0", "pch_temp"])
def test_a_part_at_exactly_zero_is_not_there(name: str) -> None:
    assert says_none(v2(name, 0, "degrees_c"))


@pytest.mark.parametrize("name", ["inlet_temp", "ambient_temp", "front_panel_temp", "exhaust_temp"])
def test_air_can_be_at_exactly_zero(name: str) -> None:
    assert list(values_of(v2(name, 0, "degrees_c")).values()) == [0]


def test_where_a_processor_throttles_is_its_limit_and_no_temperature() -> None:
    assert values_of(v2("soc_cpu_tjmax", 104, "degrees_c")) == {"cpu0_temp_c/upper_tjmax": 104}
    assert kinds_of(v2("tjmax_margin", 40, "degrees_c")) == {"tjmax_margin": ("margin", "Cel")}


def test_a_rail_below_zero_is_not_the_one_above() -> None:
    rails = (v2("+12_v", 12.1, "volts"), v2("-12_v", -12.0, "volts"))
    assert values_of(*rails) == {"12_v": 12.1, "minus_12_v": -12.0}


def test_watts_that_nobody_draws_are_a_limit() -> None:
    assert kinds_of(v2("power_limit", 750, "watts")) == {"power_limit": ("limit", "W")}


def test_the_air_of_a_power_supply_is_not_the_air_of_the_room() -> None:
    rows = (v2("ambient_temp", 34, "degrees_c", "10.1"), v2("ambient_temp", 21, "degrees_c", "7.1"))
    assert values_of(*rows) == {"ambient_temp": 34, "inlet_temp_c": 21}


def test_a_percentage_of_the_name_humidity_is_one() -> None:
    assert kinds_of(v2("humidity", 41, "percent")) == {"rh_pct": ("humidity", "%")}
    assert kinds_of(v2("fan1_pwm", 41, "percent")) == {"fan1_pct": ("fan_speed", "1")}
