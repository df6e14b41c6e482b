"""Telegraf's ipmi_sensor: which rows are readings, of what, and what they are called."""

from __future__ import annotations

import pytest
from reading_messages import T_NS, decode, kinds_of, reason_of, values_of


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
    assert reason_of(v2("sel", 0, code="ns", desc="no_reading")) == "nothing usable"
    assert reason_of(v2("cpu1_temp", 0, "degrees_c", code="na")) == "nothing usable"


def test_a_discrete_row_is_a_state_by_its_code() -> None:
    assert values_of(v2("intrusion", 0, desc="ok")) == {"intrusion": 1}
    assert values_of(v2("intrusion", 0, code="cr")) == {"intrusion": 0}
    assert kinds_of(v2("dimm_7_temp", 0, desc="0x00")) == {"dimm_7_temp": ("state", "1")}


def test_the_unit_unspecified_is_no_reading() -> None:
    assert reason_of(v2("os_realtime_mod", 0, "unspecified")) == "nothing usable"


@pytest.mark.parametrize("code", ["nc", "cr", "nr", "lnc", "lcr", "lnr", "unc", "ucr", "unr"])
def test_a_reading_beyond_a_threshold_is_a_reading(code: str) -> None:
    assert values_of(v2("fan1", 0, "rpm", code=code)) == {"fan1_rpm": 0}


def test_version_1_believes_the_unit_and_not_the_status() -> None:
    stopped = f"ipmi_sensor,host=c,name=fan1,server=n1,unit=rpm status=0i,value=0 {T_NS}"
    assert values_of(stopped) == {"fan1_rpm": 0}
    no_unit = f"ipmi_sensor,host=c,name=dimm_7_temp,server=n1 status=1i,value=0 {T_NS}"
    assert reason_of(no_unit) == "nothing usable"


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
