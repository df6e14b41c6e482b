"""Dell's kafkapump: arrays of metrics, where a value of 0 is left out."""

from __future__ import annotations

import json

import pytest
from reading_messages import decode, kinds_of, reason_of, says_none, values_of

from agent.telemetry.readings import Message

PUMPED = (
    '[{"time":1738370376,"event":"metric","host":"6VQS5X3","fields":{"_value":42,'
    '"metric_name":"System Board Exhaust Temp_TemperatureReading"}},'
    '{"time":1738370374,"event":"metric","host":"6VQS5X3","fields":{'
    '"metric_name":"System Board Fan1A_RPMReading"}},null,'
    '{"time":1738370376,"event":"alert","host":"6VQS5X3","fields":{"alert_id":"2241","memberid":"207",'
    '"severity":"Critical","message_id":"IDRAC.2.9.CPU0001",'
    '"message":"CPU 1 has a thermal trip (over-temperature) event."}}]'
)


def entry(metric_name: str, value: object = None, **more: object) -> dict[str, object]:
    fields = {"metric_name": metric_name} if value is None else {"_value": value, "metric_name": metric_name}
    return {"time": 1738370376, "event": "metric", "host": "6VQS5X3", "fields": fields, **more}


def pump(*metrics: tuple[str, object]) -> str:
    return json.dumps([entry(name, value) for name, value in metrics])


def test_an_array_holds_a_reading_an_entry_each_with_its_own_time() -> None:
    got, letters = decode(PUMPED)
    assert not letters
    assert [(g.series.host, g.series.sensor, g.value, g.time_ns // 10**9) for g in got] == [
        ("6VQS5X3", "exhaust_temp_c", 42.0, 1738370376),
        ("6VQS5X3", "fan1a_rpm", 0.0, 1738370374),
    ]


def test_names_and_units_are_those_that_other_dialects_have() -> None:
    message = pump(
        ("System Board Inlet Temp_TemperatureReading", 20),
        ("CPU1 Temp_TemperatureReading", 61),
        ("DIMM.Socket.A1_TemperatureReading", 34),
        ("System Board Fan2B_RPMReading", 5040),
        ("PS1 Voltage 1_VoltageReading", 230),
        ("PS1 Current 1_AmpsReading", 0.9),
        ("PowerMetrics_SystemPowerConsumption", 433),
        ("SystemUsage_CPUUsage", 58),
        ("CPU.Socket.1_CPUPower", 150),
        ("CPU.Socket.2_PkgPwr", 140),
        ("PSU.Slot.1_PSURPMReading", 9000),
        ("PSU.Slot.1_PSUTemperatureReading", 33),
        ("Video.Slot.7-1_PrimaryTemperature", 70),
        ("Video.Slot.7-1_GPUUsage", 90),
    )
    assert values_of(message) == {
        "inlet_temp_c": 20.0,
        "cpu1_temp_c": 61.0,
        "dimm_a1_temp_c": 34.0,
        "fan2b_rpm": 5040.0,
        "psu1_vin": 230.0,
        "psu1_in_a": 0.9,
        "power_w": 433.0,
        "cpu_util": 0.58,
        "cpu1_power_w": 150.0,
        "cpu2_power_w": 140.0,
        "psu1_fan_rpm": 9000.0,
        "psu1_temp_c": 33.0,
        "gpu7_temp_c": 70.0,
        "gpu7_util": 0.9,
    }
    assert kinds_of(message)["psu1_fan_rpm"] == ("fan_speed", "rpm")
    assert kinds_of(message)["cpu_util"] == ("utilization", "1")


@pytest.mark.parametrize(
    ("metric_name", "sent", "sensor", "kept", "unit"),
    [
        ("Video.Slot.7-1_PowerConsumption", 301_400, "gpu7_power_w", 301.4, "W"),
        ("CPU.Socket.1_CPUPkgEnergy", 5_000_000, "cpu1_energy", 5.0, "J"),
        ("CPU.Socket.1_DRAMPkgEnergy", 2_500_000, "cpu1_dram_energy", 2.5, "J"),
        ("Disk.Direct.0-0_CompositeTemperature", 308, "disk_direct_0_0_temp", 34.85, "Cel"),
        ("NIC.Slot.3-1-1_TxBiasCurrent", 6.5, "nic_slot_3_1_1_bias", 0.0065, "A"),
        ("CPU.Socket.1_AvgFrequencyAcrossCores", 2600, "cpu1_clock", 2.6e9, "Hz"),
    ],
)
def test_hidden_units_are_undone(metric_name: str, sent: float, sensor: str, kept: float, unit: str) -> None:
    message = pump((metric_name, sent))
    assert values_of(message) == {sensor: pytest.approx(kept)}
    assert kinds_of(message)[sensor][1] == unit


@pytest.mark.parametrize(
    ("metric_name", "sensor"),
    [
        ("System Board Fan1A_RPMReading", "fan1a_rpm"),
        ("PSU.Slot.2_PSURPMReading", "psu2_fan_rpm"),
        ("PS2 Voltage 2_VoltageReading", "psu2_vin"),
        ("PS2 Current 2_AmpsReading", "psu2_in_a"),
        ("SystemUsage_CPUUsage", "cpu_util"),
        ("PowerMetrics_TotalStoragePower", "total_storage_power"),
        ("System Board Pwr Consumption_WattsReading", "power_w"),
    ],
)
def test_a_value_left_out_is_zero_where_zero_can_be_measured(metric_name: str, sensor: str) -> None:
    assert values_of(pump((metric_name, None))) == {sensor: 0.0}


@pytest.mark.parametrize(
    "metric_name",
    [
        "System Board Inlet Temp_TemperatureReading",  # not read, rather than freezing
        "CPU1 VCORE VR_VoltageReading",  # "Good"
        "Video.Slot.7-1_GPUHealth",
        "Video.Slot.7-1_PowerConsumption",
        "Video.Slot.7-1_MemoryTemperature",
        "CPU.Socket.1_TJMax",
        "NIC.Slot.3-1-1_LinkStatus",
        "System Board Fan1A_PrimaryStatus",
        "Disk.Bay.0_SomethingNew",
    ],
)
def test_a_value_left_out_is_none_where_it_was_a_word_or_cannot_be_zero(metric_name: str) -> None:
    assert says_none(pump((metric_name, None)))


@pytest.mark.parametrize("value", [-2147483648, -2147483.648, True, "42"])
def test_values_that_are_no_numbers_or_say_unknown_are_no_readings(value: object) -> None:
    assert reason_of(pump(("CPU1 Temp_TemperatureReading", value))) == "nothing usable"


def test_what_is_null_is_no_reading() -> None:
    message = json.dumps(
        [entry("CPU1 Temp_TemperatureReading") | {"fields": {"_value": None, "metric_name": "x"}}]
    )
    assert says_none(message)


def test_whole_degrees_are_kept_and_tenths_of_degrees_are_not_taken_for_them() -> None:
    assert values_of(pump(("CPU1 Temp_TemperatureReading", 99))) == {"cpu1_temp_c": 99.0}
    assert says_none(pump(("CPU1 Temp_TemperatureReading", 610)))


def test_tjmax_is_a_limit_and_tctrl_no_temperature() -> None:
    message = pump(
        ("CPU1 Temp_TemperatureReading", 61), ("CPU.Socket.1_TJMax", 98), ("CPU.Socket.1_TCtrl", 8)
    )
    assert values_of(message) == {"cpu1_temp_c": 61.0, "cpu1_temp_c/upper_critical": 98.0, "cpu1_t_ctrl": 8.0}
    assert kinds_of(message)["cpu1_temp_c/upper_critical"] == ("limit", "Cel")
    assert kinds_of(message)["cpu1_t_ctrl"][0] == "other"


def test_what_was_drawn_in_the_past_is_not_the_power_of_now() -> None:
    message = pump(
        ("PowerStatistics_LastHourAvgPower", 400),
        ("AggregationMetrics_SystemMaxPowerConsumption", 700),
        ("AggregationMetrics_SystemAvgInletTempHour", 21),
    )
    assert set(values_of(message)) == {
        "last_hour_avg_power",
        "system_max_power_consumption",
        "system_avg_inlet_temp_hour",
    }


def test_the_power_that_the_system_consumes_is_wanted_before_what_its_supplies_draw() -> None:
    both = pump(("PowerMetrics_SystemInputPower", 460), ("PowerMetrics_SystemPowerConsumption", 433))
    got, _ = decode(both, both)
    assert {g.series.sensor: g.value for g in got[2:]} == {"system_input_power": 460.0, "power_w": 433.0}
    assert values_of(pump(("PowerMetrics_SystemInputPower", 460))) == {"power_w": 460.0}


def test_halves_of_counters_and_thresholds_without_a_unit_are_no_readings() -> None:
    names = (
        "CPU.Socket.1_CPUC0ResidencyLow",
        "Disk.Bay.0_PowerOnHoursUpper",
        "CPU1 Temp_UpperThresholdCritical",
    )
    assert says_none(pump(*((name, 470) for name in names)))


def test_alerts_alone_are_no_readings() -> None:
    alert = json.loads(PUMPED)[3]
    assert reason_of(json.dumps([alert])) == "nothing usable"


def test_a_bad_entry_spoils_no_other() -> None:
    bad = [
        entry("CPU1 Temp_TemperatureReading", 61, time="never"),
        entry("", 1),
        {"event": "metric", "fields": {}},
    ]
    good = entry("CPU2 Temp_TemperatureReading", 62)
    assert values_of(json.dumps([*bad, good])) == {"cpu2_temp_c": 62.0}


def test_without_a_host_the_key_names_the_machine() -> None:
    hostless = {k: v for k, v in entry("CPU1 Temp_TemperatureReading", 61).items() if k != "host"}
    value = json.dumps([hostless]).encode()
    got, _ = decode(Message(value, b"n1"), Message(value, b"n2"))
    assert [g.series.host for g in got] == ["n1", "n2"]
    assert reason_of(value) == "no host"


def test_one_sensor_seen_again_is_the_same_series() -> None:
    got, _ = decode(PUMPED, PUMPED)
    assert len({g.series for g in got}) == 2
