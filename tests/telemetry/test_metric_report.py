"""Redfish metric reports of Dell, Lenovo, HPE, OpenBMC, NVIDIA, Supermicro and others, and their traps."""

from __future__ import annotations

import json

import pytest
from reading_messages import decode, kinds_of, reason_of, says_none, values_of

from agent.telemetry.decoder import Decoder
from agent.telemetry.readings import Message

EXHAUST, INLET = "iDRAC.Embedded.1_0x23_SystemBoardExhaustTemp", "iDRAC.Embedded.1_0x23_SystemBoardInletTemp"
NUMERIC_SENSOR = "/redfish/v1/Dell/Systems/System.Embedded.1/DellNumericSensor"
DELL = (
    '{"@odata.type":"#MetricReport.v1_5_0.MetricReport","@odata.context":"/redfish/v1/$metadata#MetricReport.'
    'MetricReport","@odata.id":"/redfish/v1/TelemetryService/MetricReports/ThermalSensor","Id":"ThermalSensor",'
    '"Name":"ThermalSensor Metric Report","ReportSequence":"802","Timestamp":"2025-02-01T00:39:38.000Z",'
    '"MetricReportDefinition":{"@odata.id":"/redfish/v1/TelemetryService/MetricReportDefinitions/ThermalSensor"},'
    '"MetricValues":[{"MetricId":"TemperatureReading","Timestamp":"2025-02-01T00:39:36.000Z","MetricValue":"42",'
    f'"MetricProperty":"{NUMERIC_SENSOR}/{EXHAUST}#CurrentReading",'
    '"Oem":{"Dell":{"@odata.type":"#DellMetricReportValue.v1_0_1.DellMetricReportValue","ContextID":"System '
    'Board Exhaust Temp","Label":"System Board Exhaust Temp TemperatureReading","Source":"rawsensor","FQDD":'
    '"iDRAC.Embedded.1#SystemBoardExhaustTemp"}}},{"MetricId":"TemperatureReading","Timestamp":'
    '"2025-02-01T00:39:34.000Z","MetricValue":"20",'
    f'"MetricProperty":"{NUMERIC_SENSOR}/{INLET}#CurrentReading",'
    '"Oem":{"Dell":{"ContextID":"System Board Inlet Temp","Label":"System Board Inlet Temp Temperature'
    'Reading",'
    '"FQDD":"iDRAC.Embedded.1#SystemBoardInletTemp"}}}],"MetricValues@odata.count":2,"Oem":{"Dell":{"@odata.type":'
    '"#DellMetricReport.v1_0_0.DellMetricReport","ServiceTag":"6VQS5X3","iDRACFirmwareVersion":"7.10.90.00"}}}'
)
TIME = "2026-01-01T00:00:00Z"


def report(*values: dict[str, object], **more: object) -> str:
    return json.dumps({"Id": "R", "Timestamp": TIME, "MetricValues": list(values), "host": "n1", **more})


def at(path: str, value: object = "1", **more: object) -> dict[str, object]:
    return {"MetricProperty": f"/redfish/v1/{path}", "MetricValue": value, **more}


def dell(metric_id: str, context: str, value: object, **more: object) -> dict[str, object]:
    oem = {"Dell": {"ContextID": context, "FQDD": context.replace(" ", "")}}
    return {"MetricId": metric_id, "MetricValue": value, "Oem": oem, **more}


def test_dell_names_its_sensors_by_context_and_its_host_by_service_tag() -> None:
    got, letters = decode(DELL)
    assert not letters
    assert [(g.series.host, g.series.sensor, g.value, g.time_ns // 10**9) for g in got] == [
        ("6VQS5X3", "exhaust_temp_c", 42.0, 1738370376),
        ("6VQS5X3", "inlet_temp_c", 20.0, 1738370374),
    ]


def test_lenovo_has_no_metric_ids_and_its_averages_and_peaks_are_not_the_power_of_now() -> None:
    control = "Chassis/1/Power#/PowerControl/0"
    message = report(
        at(f"{control}/PowerMetrics/MaxConsumedWatts", "242", Timestamp="2020-03-21T09:34:30+00:00"),
        at(f"{control}/PowerMetrics/AverageConsumedWatts", "230", Timestamp="2020-03-21T09:34:30+00:00"),
        at(f"{control}/PowerMetrics/MinConsumedWatts", "221"),
        at(f"{control}/PowerMetrics/IntervalInMin", "30"),
        Id="PowerMetrics",
    )
    assert values_of(message) == {
        "max_consumed_watts": 242.0,
        "average_consumed_watts": 230.0,
        "min_consumed_watts": 221.0,
    }
    got, _ = decode(message)
    assert got[0].time_ns == 1_584_783_270 * 10**9
    assert values_of(report(at(f"{control}/PowerConsumedWatts", "228"))) == {"power_w": 228.0}


def test_lenovo_numbers_the_air_sensor_that_its_report_names() -> None:
    path = "Chassis/1/Thermal#/Temperatures/0/ReadingCelsius"
    assert values_of(report(at(path, "23"), Id="InletAirTemp")) == {"inlet_temp_c": 23.0}
    assert values_of(report(at(path, "23"), Id="CPUTemp")) == {"temp_0": 23.0}


def test_a_metric_id_that_says_average_wins_over_a_property_that_does_not() -> None:
    message = report(
        at("Chassis/Tray_1/Power#/0/PowerConsumedWatts", "100", MetricId="AverageConsumedWatts"),
        at(
            "Chassis/Self/Thermal#/Temperatures/0/ReadingCelsius",
            "23",
            MetricId="Temp_average_reading_Average",
        ),
        at("Chassis/1/Power#/PowerSupplies/1/PowerInputWatts", "300", MetricId="AveragePowerSupplyInput"),
    )
    assert values_of(message) == {
        "average_consumed_watts": 100.0,
        "temp_average_reading_average": 23.0,
        "average_power_supply_input": 300.0,
    }


def test_hpe_sends_a_history_of_one_metric_with_no_property() -> None:
    ids = [
        ("CPUUtil", "4", "43"),
        ("CPUUtil", "7", "53"),
        ("CPU0Power", "62", "43"),
        ("AvgCPU0Freq", "126", "43"),
    ]
    values = [{"MetricId": i, "MetricValue": v, "Timestamp": f"2021-06-16T07:59:{s}Z"} for i, v, s in ids]
    got, _ = decode(report(*values))
    assert [(g.series.sensor, g.value) for g in got] == [
        ("cpu_util", 0.04),
        ("cpu_util", 0.07),
        ("cpu0_power_w", 62.0),
        ("avg_cpu0_freq", 126e6),
    ]
    assert got[1].time_ns - got[0].time_ns == 10 * 10**9
    assert values_of(report(at("Systems/1#SystemUsage/CPUUtil", "4", MetricId="CPUUtil"))) == {
        "cpu_util": 0.04
    }


def test_openbmc_puts_the_type_of_a_sensor_before_its_name_and_six_places_behind_its_values() -> None:
    sensors = "Chassis/chassis/Sensors"
    message = report(
        at(f"{sensors}/temperature_Inlet_Temp", "24.500000"),
        at(f"{sensors}/fantach_FAN0#/Reading", "60.000000"),
        at(f"{sensors}/fanpwm_Fan_1/Reading", "35.000000"),
        at(f"{sensors}/power_total_power", "412.000000", MetricId="total power"),
        at(f"{sensors}/current_PSU0_Input_Current", "0.900000"),
        at(f"{sensors}/voltage_P12V", "12.060000"),
        at(f"{sensors}/utilization_CPU", "58.000000"),
    )
    assert values_of(message) == {
        "inlet_temp_c": 24.5,
        "fan0_rpm": 60.0,
        "fan1_pct": pytest.approx(0.35),
        "power_w": 412.0,
        "psu0_in_a": 0.9,
        "p12v": 12.06,
        "cpu_util": pytest.approx(0.58),
    }


def nvidia(path: str, value: str, stale: bool = False) -> dict[str, object]:
    return at(path, value, Oem={"Nvidia": {"MetricValueStale": stale}})


def test_nvidia_sends_its_cards_by_chassis_processor_and_memory() -> None:
    chassis, processor = "Chassis/HGX_GPU_0/Sensors", "Systems/HGX_Baseboard_0/Processors/GPU_0"
    message = report(
        nvidia(f"{chassis}/HGX_GPU_0_TEMP_0", "32.937500"),
        nvidia(f"{chassis}/HGX_GPU_0_TEMP_1", "54.062500"),
        nvidia(f"{chassis}/HGX_GPU_0_DRAM_0_Temp_0", "32.128906"),
        nvidia(f"{chassis}/HGX_GPU_0_Power_0", "231.958000"),
        nvidia("Chassis/HGX_GPU_SXM_5/Sensors/HGX_GPU_SXM_5_Power_0", "301.000000"),
        nvidia(f"{processor}/ProcessorMetrics#/OperatingSpeedMHz", "2070"),
        nvidia(f"{processor}/ProcessorMetrics#/Oem/Nvidia/FP32ActivityPercent", "12.5"),
        nvidia("Systems/HGX_Baseboard_0/Memory/GPU_0_DRAM_0/MemoryMetrics#/CapacityUtilizationPercent", "91"),
    )
    assert values_of(message) == {
        "gpu0_temp_c": 32.9375,
        "gpu0_margin_c": 54.0625,
        "gpu0_mem_temp_c": 32.128906,
        "gpu0_power_w": 231.958,
        "gpu5_power_w": 301.0,
        "gpu_0_operating_speed": 2.07e9,
        "gpu_0_fp32_activity": 0.125,
        "gpu_0_mem_capacity_utilization": 0.91,
    }
    assert kinds_of(message)["gpu0_margin_c"] == ("margin", "Cel")


def test_what_nvidia_calls_stale_is_no_reading() -> None:
    path = "Chassis/HGX_GPU_0/Sensors/HGX_GPU_0_TEMP_0"
    assert values_of(report(nvidia(path, "32"), nvidia(path.replace("0", "1"), "33", stale=True))) == {
        "gpu0_temp_c": 32.0
    }
    of_all = {"Nvidia": {"MetricValueStale": True}}
    assert says_none(report(at(path, "32"), Oem=of_all))
    assert values_of(report(nvidia(path, "32", stale=False), Oem=of_all)) == {"gpu0_temp_c": 32.0}


def test_supermicro_numbers_its_supplies_and_averages_by_the_hour() -> None:
    supply = "Chassis/1/Power#/PowerSupplies/1"
    message = report(
        at("Chassis/1/Power#/PowerControl/0/PowerConsumedWatts", "420", MetricId="PowerConsumed"),
        at("Chassis/1/Power#/PowerControl/0/PowerConsumedWatts", "400", MetricId="AvgPowerConsumedHour"),
        at(f"{supply}/LineInputVoltage", "231"),
        at(f"{supply}/PowerInputWatts", "217"),
        at(f"{supply}/LastPowerOutputWatts", "200"),
        at("Chassis/1/Sensors/CPU1_Temp", "61"),
    )
    assert values_of(message) == {
        "power_w": 420.0,
        "avg_power_consumed_hour": 400.0,
        "psu1_vin": 231.0,
        "psu1_in_w": 217.0,
        "psu1_out_w": 200.0,
        "cpu1_temp_c": 61.0,
    }


@pytest.mark.parametrize(
    ("path", "sensor", "quantity"),
    [
        ("Chassis/1/EnvironmentMetrics#/PowerWatts/Reading", "power_w", "power"),
        ("Chassis/1/EnvironmentMetrics/PowerWatts/Reading", "power_w", "power"),
        ("Systems/1/Processors/GPU_0/EnvironmentMetrics#/PowerWatts/Reading", "gpu0_power_w", "power"),
        (
            "Systems/1/Processors/CPU_1/EnvironmentMetrics#/TemperatureCelsius/Reading",
            "cpu1_temp_c",
            "temperature",
        ),
        ("Chassis/Self/Sensors/Exhaust_Temp/Reading", "exhaust_temp_c", "temperature"),
        ("Chassis/Self/Sensors/Exhaust_Temp#Reading", "exhaust_temp_c", "temperature"),
        ("Chassis/Self/Sensors/Exhaust_Temp", "exhaust_temp_c", "temperature"),
        ("Chassis/System.Embedded.1/Sensors/SystemBoardInletTemp", "inlet_temp_c", "temperature"),
        ("Chassis/System.Embedded.1/Sensors/SystemBoardPwrConsumption", "power_w", "power"),
        ("Chassis/System.Embedded.1/Sensors/PS1Voltage1", "psu1_vin", "voltage"),
        (
            "Chassis/1/ThermalSubsystem/ThermalMetrics#/TemperatureSummaryCelsius/Intake/Reading",
            "inlet_temp_c",
            "temperature",
        ),
        ("Chassis/1/ThermalSubsystem/Fans/Fan1#/SpeedPercent/Reading", "fan1_pct", "fan_speed"),
        ("Chassis/1/ThermalSubsystem/Fans/Fan1#/SpeedPercent/SpeedRPM", "fan1_rpm", "fan_speed"),
        (
            "Chassis/1/PowerSubsystem/PowerSupplies/PSU1/Metrics#/InputPowerWatts/Reading",
            "psu1_in_w",
            "power",
        ),
        (
            "Chassis/1/PowerSubsystem/PowerSupplies/2/Metrics#/InputCurrentAmps/Reading",
            "psu2_in_a",
            "current",
        ),
        ("Chassis/1/Thermal#/Temperatures/3/ReadingCelsius", "temp_3", "temperature"),
        ("Chassis/1/Power#/Voltages/2/ReadingVolts", "rail_2_reading", "voltage"),
        ("Chassis/1/EnvironmentMetrics#/HumidityPercent/Reading", "rh_pct", "humidity"),
        ("Chassis/1/EnvironmentMetrics#/EnergykWh/Reading", "energy", "energy"),
        ("Systems/1/Memory/1/MemoryMetrics#/LifeTime/CorrectableECCErrorCount", "", "other"),
    ],
)
def test_the_path_of_a_property_says_what_it_measures(path: str, sensor: str, quantity: str) -> None:
    ((name, kind),) = kinds_of(report(at(path, "9"))).items()
    assert name == sensor or not sensor
    assert kind[0] == quantity


@pytest.mark.parametrize(("value", "kept"), [("5040", {"fan0_rpm": 5040.0}), ("0", {"fan0_rpm": 0.0})])
def test_a_fans_reading_is_a_speed_unless_it_can_only_be_a_percentage(
    value: str, kept: dict[str, float]
) -> None:
    path = "Chassis/1/Thermal#/Fans/0/Reading"
    assert values_of(report(at(path, value))) == kept
    assert values_of(report(at(path, "35"))) == {"fan0_pct": pytest.approx(0.35)}


@pytest.mark.parametrize(
    "path",
    [
        "Chassis/1/Power#/PowerControl/0/PowerLimit/LimitInWatts",
        "Systems/1/Processors/GPU_0/EnvironmentMetrics#/PowerLimitWatts/SetPoint",
        "Chassis/Self/Sensors/CPU1_Temp#/PeakReading",
        "Chassis/Self/Thermal#/Temperatures/3/MinReadingRangeTemp",
    ],
)
def test_what_is_planned_or_about_the_sensor_is_no_reading(path: str) -> None:
    assert says_none(report(at(path, "500")))


def test_thresholds_are_limits_of_their_sensors() -> None:
    message = report(
        at("Chassis/Self/Sensors/CPU1_Temp", "61"),
        at("Chassis/Self/Sensors/CPU1_Temp#/Thresholds/UpperCritical/Reading", "95"),
        at("Chassis/1/Power#/PowerControl/0/PowerConsumedWatts", "420"),
        at("Chassis/1/Power#/PowerControl/0/PowerCapacityWatts", "1600"),
    )
    assert values_of(message) == {
        "cpu1_temp_c": 61.0,
        "cpu1_temp_c/upper_critical": 95.0,
        "power_w": 420.0,
        "power_w/upper_capacity": 1600.0,
    }


def test_tjmax_is_a_limit_of_the_processor() -> None:
    message = report(dell("TemperatureReading", "CPU1 Temp", "61"), dell("TJMax", "CPU.Socket.1", "98"))
    assert values_of(message) == {"cpu1_temp_c": 61.0, "cpu1_temp_c/upper_critical": 98.0}


@pytest.mark.parametrize(
    ("metric_id", "context", "sent", "sensor", "kept"),
    [
        ("PowerConsumption", "Video.Slot.7-1", "301400", "gpu7_power_w", 301.4),
        ("CPUPkgEnergy", "CPU.Socket.1", "5000000", "cpu1_energy", 5.0),
        ("CompositeTemperature", "Disk.Direct.0-0", "308", "disk_direct_0_0_temp", 34.85),
        ("TxBiasCurrent", "NIC.Slot.3-1-1", "6.5", "nic_slot_3_1_1_bias", 0.0065),
        ("RPMReading", "System Board Fan1A", "0", "fan1a_rpm", 0.0),
    ],
)
def test_dells_hidden_units_are_undone(
    metric_id: str, context: str, sent: str, sensor: str, kept: float
) -> None:
    assert values_of(report(dell(metric_id, context, sent))) == {sensor: pytest.approx(kept)}


def test_a_numeric_sensor_without_metric_id_is_read_where_it_can_only_be_tenths() -> None:
    path = f"{NUMERIC_SENSOR}/{INLET}#CurrentReading".removeprefix("/redfish/v1/")
    assert values_of(report(at(path, "180"))) == {"inlet_temp_c": pytest.approx(18.0)}
    assert says_none(report(at(path, "42")))
    assert values_of(report(at(path, "42", MetricId="TemperatureReading"))) == {"inlet_temp_c": 42.0}
    assert says_none(report(at(path, "420", MetricId="TemperatureReading")))


@pytest.mark.parametrize(
    "value",
    [
        "-2147483648",
        "-2147483.648",
        None,
        "",
        "nan",
        "NaN",
        "inf",
        "NA",
        "OK",
        "true",
        "Enabled",
        "PT1M2.5S",
        "1_000",
    ],
)
def test_values_that_are_no_measured_numbers_are_no_readings(value: object) -> None:
    assert says_none(report(dell("TemperatureReading", "CPU1 Temp", value)))
    assert says_none(report(at("Chassis/Self/Sensors/CPU1_Temp", value)))


@pytest.mark.parametrize("value", [True, [], {}, "9" * 400])
def test_a_value_that_no_report_holds_is_set_aside(value: object) -> None:
    assert reason_of(report(dell("TemperatureReading", "CPU1 Temp", value))) == "nothing usable"
    assert reason_of(report(at("Chassis/Self/Sensors/CPU1_Temp", value))) == "nothing usable"


def test_a_value_that_is_a_number_and_no_text_is_read_all_the_same() -> None:
    assert values_of(report(at("Chassis/Self/Sensors/CPU1_Temp", 61))) == {"cpu1_temp_c": 61.0}


def test_one_metric_id_of_many_sensors_is_many_series() -> None:
    contexts = ("CPU1 Temp", "CPU2 Temp", "System Board Inlet Temp")
    values = [dell("TemperatureReading", context, "30") for context in contexts]
    assert set(values_of(report(*values))) == {"cpu1_temp_c", "cpu2_temp_c", "inlet_temp_c"}


def test_many_metric_ids_of_one_part_are_many_series() -> None:
    message = report(
        dell("PrimaryTemperature", "Video.Slot.7-1", "70"),
        dell("MemoryTemperature", "Video.Slot.7-1", "80"),
        dell("BoardTemperature", "Video.Slot.7-1", "0"),
        dell("GPUUsage", "Video.Slot.7-1", "0"),
        dell("GPUHealth", "Video.Slot.7-1", "OK"),
    )
    assert values_of(message) == {"gpu7_temp_c": 70.0, "gpu7_mem_temp_c": 80.0, "gpu7_util": 0.0}


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [
        ("2026-01-01T00:00:05.000Z", 5),
        ("2026-01-01T00:00:05+00:00", 5),
        ("2026-01-01T00:00:05+0000", 5),
        ("2025-12-31T18:00:05-0600", 5),
        (None, 0),
        ("", 0),
    ],
)
def test_each_value_has_a_time_of_its_own_else_the_reports(stamp: str | None, seconds: int) -> None:
    got, _ = decode(report(at("Chassis/Self/Sensors/CPU1_Temp", "61", Timestamp=stamp)))
    assert got[0].time_ns == (1_767_225_600 + seconds) * 10**9


def test_without_any_time_the_records_is_taken() -> None:
    value = report(at("Chassis/Self/Sensors/CPU1_Temp", "61"), Timestamp=None).encode()
    got, _ = decode(Message(value, timestamp_ms=1_767_225_601_000))
    assert got[0].time_ns == 1_767_225_601 * 10**9
    assert reason_of(value) == "no timestamp"


def test_values_need_not_be_in_the_order_of_time_and_a_bad_time_spoils_no_other() -> None:
    path, times = "Chassis/Self/Sensors/CPU1_Temp", ("2026-01-01T00:01:00Z", "soon", "2026-01-01T00:00:00Z")
    got, _ = decode(report(*(at(path, "61", Timestamp=time) for time in times)))
    assert [g.time_ns // 10**9 - 1_767_225_600 for g in got] == [60, 0]
    assert reason_of(report(at(path, "61", Timestamp="1970-01-01T00:00:00+00:00"))) == "bad timestamp"


@pytest.mark.parametrize(
    ("fields", "host"),
    [
        ({"HostName": "r1", "Oem": {"Dell": {"ServiceTag": "6VQS5X3"}}, "Context": "c", "host": "h"}, "r1"),
        ({"Oem": {"Dell": {"ServiceTag": "6VQS5X3"}}, "Context": "c", "host": "h"}, "6VQS5X3"),
        ({"Context": "c", "host": "h"}, "c"),
        ({"Context": " ", "host": "h"}, "h"),
        ({"host": ""}, "key"),
    ],
)
def test_the_host_is_an_injected_name_the_service_tag_the_context_or_the_key(
    fields: dict[str, object], host: str
) -> None:
    value = report(at("Chassis/Self/Sensors/CPU1_Temp", "61"), **fields).encode()
    got, _ = decode(Message(value, b"key"))
    assert [g.series.host for g in got] == [host]


def test_a_report_that_names_no_host_is_set_aside_unless_its_record_does() -> None:
    value = report(at("Chassis/Self/Sensors/CPU1_Temp", "61"), host="").encode()
    got, _ = decode(Message(value, b"n1"), Message(value, b"n2"), Message(value, b"n1"))
    assert [g.series.host for g in got] == ["n1", "n2", "n1"]
    assert reason_of(value) == "no host"


def test_a_report_in_an_envelope_has_the_host_that_stands_beside_it() -> None:
    inner = json.loads(report(at("Chassis/Self/Sensors/CPU1_Temp", "61"), host=""))
    got, _ = decode(json.dumps({"hostname": "r7", "MetricReport": inner}))
    assert [(g.series.host, g.value) for g in got] == [("r7", 61.0)]


def test_a_report_in_an_event_is_read_and_an_alert_is_not() -> None:
    fan = {"MetricId": "RPMReading", "MetricValue": "5040"}
    oem = {"Dell": {"ContextDisplayName": "Chassis Fan1A", "ContextID": "0x17||Fan.Embedded.1A"}}
    inner = {"Id": "FanSensor", "Timestamp": TIME, "MetricValues": [fan | {"Oem": oem}]}
    alert = {
        "EventType": "Alert",
        "MessageId": "IDRAC.2.9.CPU0001",
        "EventTimestamp": "2025-01-29T23:26:31-0600",
    }
    events = {
        "@odata.type": "#Event.v1_1_0.Event",
        "Id": "69",
        "Context": "n1",
        "Events": [alert, {"Oem": inner}],
    }
    got, _ = decode(json.dumps(events))
    assert [(g.series.host, g.series.sensor, g.value) for g in got] == [("n1", "fan1a_rpm", 5040.0)]
    assert reason_of(json.dumps({"Context": "n1", "Events": [alert]})) == "nothing usable"


def test_a_definition_of_a_report_is_none() -> None:
    assert reason_of('{"Id":"R","MetricReport":{"@odata.id":"/redfish/v1/TelemetryService/MetricReports/R"}}')


def test_a_report_on_parts_that_are_not_there_has_no_readings() -> None:
    assert says_none(report())


def test_a_report_without_a_name_or_without_values_is_set_aside() -> None:
    assert reason_of(json.dumps({"MetricValues": [], "host": "n1"})) == "nothing usable"
    assert reason_of(report(*[{}] * 3)) == "nothing usable"
    assert reason_of(json.dumps({"MetricValues": [7, None, "x"], "host": "n1"})) == "nothing usable"


def test_a_metric_nobody_told_us_about_keeps_its_own_name() -> None:
    message = report(
        dell("JitterCount", "CPU.Socket.1", "4"), {"MetricId": "Strange Thing", "MetricValue": "7"}
    )
    assert values_of(message) == {"cpu1_jitter_count": 4.0, "strange_thing": 7.0}
    assert {kind[0] for kind in kinds_of(message).values()} == {"other"}


def test_dells_report_and_kafkapump_mean_the_same_sensor() -> None:
    decoder = Decoder()
    pumped = (
        '[{"time":1738370376,"event":"metric","host":"6VQS5X3","fields":{"_value":42,'
        '"metric_name":"System Board Exhaust Temp_TemperatureReading"}}]'
    )
    reported, _ = decode(DELL, decoder=decoder)
    got, _ = decode(pumped, decoder=decoder)
    assert got[0].series == reported[0].series


def test_a_sensor_with_an_endless_name_is_none() -> None:
    long = "fan" * 100_000
    assert reason_of(report(at(f"Chassis/1/Sensors/{long}"))) == "nothing usable"
    assert reason_of(report(dell("RPMReading", long, "5040"))) == "nothing usable"


def test_a_report_seen_again_makes_no_new_series() -> None:
    decoder = Decoder()
    decode(DELL, decoder=decoder)
    known = len(decoder.series)
    decode(DELL, DELL, decoder=decoder)
    assert len(decoder.series) == known == 2
