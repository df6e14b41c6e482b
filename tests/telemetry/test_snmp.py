"""PDUs, UPSs, cooling units and probes, by their MIBs' names, by operators' names and by the UPS daemons."""

from __future__ import annotations

import pytest
from reading_messages import T_NS, decode, kinds_of, says_none, values_of


def telegraf(tags: str, fields: str, measurement: str = "snmp") -> str:
    return f"{measurement},agent_host=10.0.9.4,host=collector01{',' if tags else ''}{tags} {fields} {T_NS}"


def values(tags: str, fields: str, measurement: str = "snmp") -> dict[str, float]:
    got = values_of(telegraf(tags, fields, measurement))
    return {sensor: round(value, 6) for sensor, value in got.items()}


def exported(labels: str, metric: str, value: float, instance: str = "10.0.9.4:161") -> str:
    """A metric of the snmp_exporter as Telegraf's prometheus input brings it."""
    return f"prometheus,instance={instance}{',' if labels else ''}{labels} {metric}={value} {T_NS}"


# -- APC's Rack PDUs ---------------------------------------------------------------------------------------


def test_a_phase_in_tenths_and_hundredths_by_an_operators_names() -> None:
    line = telegraf("phase=1,rack=R01", "current_da=28i,power_cw=57i,voltage=228i", "snmp_pdu_phase")
    got, _ = decode(line)
    assert {g.series.host for g in got} == {"10.0.9.4"}
    assert values_of(line) == pytest.approx({"phase1_a": 2.8, "phase1_w": 570, "phase1_v": 228})
    assert kinds_of(line) == {
        "phase1_a": ("current", "A"),
        "phase1_w": ("power", "W"),
        "phase1_v": ("voltage", "V"),
    }


def test_the_same_phase_by_the_names_of_its_mib() -> None:
    fields = "rPDU2PhaseStatusCurrent=28i,rPDU2PhaseStatusPower=57i,rPDU2PhaseStatusVoltage=228i"
    assert values("index=2", fields) == {"phase2_a": 2.8, "phase2_w": 570, "phase2_v": 228}


def test_a_whole_pdu_its_banks_its_outlets_and_its_probe() -> None:
    assert values("index=1", "rPDU2DeviceStatusPower=123i,rPDU2DeviceStatusEnergy=10i") == {
        "power_w": 1230,
        "energy_j": 3_600_000,
    }
    assert values("index=2", "rPDU2BankStatusCurrent=55i") == {"bank2_a": 5.5}
    assert values("outlet=7", "rPDU2OutletMeteredStatusPower=140i") == {"outlet7_w": 140}
    probe = "rPDU2SensorTempHumidityStatusTempC=239i,rPDU2SensorTempHumidityStatusRelativeHumidity=41i"
    assert values("index=1", probe) == {"sensor1_temp_c": 23.9, "rh_pct": 41}


def test_minus_one_says_that_a_pdu_does_not_measure() -> None:
    assert values("index=1", "rPDU2PhaseStatusCurrent=28i,rPDU2PhaseStatusPower=-1i") == {"phase1_a": 2.8}
    assert says_none(telegraf("index=1", "rPDU2DeviceStatusPower=-1i"))


def test_an_object_may_carry_its_mib_and_its_instance() -> None:
    assert values("", "PowerNet-MIB::rPDU2BankStatusCurrent.2=55i,rPDU2BankStatusCurrent1=31i") == {
        "bank2_a": 5.5,
        "bank1_a": 3.1,
    }


def test_an_objects_name_is_known_in_any_measurement() -> None:
    line = f"rack_power,host=c1,source=pdu-r01-a,index=1 rPDU2PhaseStatusCurrent=28i {T_NS}"
    assert values_of(line) == pytest.approx({"phase1_a": 2.8})


def test_two_units_of_a_chain_keep_apart() -> None:
    lines = [telegraf(f"index={n}", f"rPDU2DeviceStatusPower={n}00i") for n in (1, 2)]
    assert values_of(*lines) == {"power_w": 1000, "unit2_power_w": 2000}


def test_a_bank_of_an_older_pdu_is_no_phase() -> None:
    """A one-phase PDU of two banks has three rows: taken for three phases they look out of balance."""
    rows = [
        telegraf(f"index={row}", f"rPDULoadStatusLoad={load}i") for row, load in ((1, 90), (2, 20), (3, 70))
    ]
    assert values_of(*rows) == {"phase1_a": 9, "row2_a": 2, "row3_a": 7}


def test_columns_tell_the_banks_of_an_older_pdu() -> None:
    rows = [
        telegraf(
            f"index={row},rPDULoadStatusPhaseNumber=1,rPDULoadStatusBankNumber={row - 1}",
            f"rPDULoadStatusLoad={load}i",
        )
        for row, load in ((1, 90), (2, 20), (3, 70))
    ]
    assert values_of(*rows) == {"phase1_a": 9, "bank1_a": 2, "bank2_a": 7}


# -- other vendors' PDUs -----------------------------------------------------------------------------------


def test_server_technology_counts_in_hundredths_of_an_ampere() -> None:
    assert values("index=1.1.2", "st4LineCurrent=512i") == {"line2_a": 5.12}
    assert values("index=1.1.2", "st4PhaseCurrent=512i,st4PhaseVoltage=2301i,st4PhaseActivePower=1170i") == {
        "phase2_a": 5.12,
        "phase2_v": 230.1,
        "phase2_w": 1170,
    }


def test_a_probe_that_is_set_to_fahrenheit_is_not_read_as_celsius() -> None:
    assert values("index=1.1", "st4TempSensorValue=231i,st4HumidSensorValue=40i")["sensor1_temp_c"] == 23.1
    assert values("index=1.1", "st4TempSensorValue=735i,st4HumidSensorValue=40i") == {"rh_pct": 40}


def test_eatons_millivolts_need_a_word_of_eaton() -> None:
    fields = "outletVoltage=230000i,outletCurrent=300i,outletWatts=69i"
    assert values("index=0.5", fields, "eaton_epdu_outlet") == {
        "outlet5_v": 230,
        "outlet5_a": 0.3,
        "outlet5_w": 69,
    }
    assert "outlet5_v" not in values("index=0.5", "outletVoltage=230000i,outletWatts=69i")


def test_vertiv_counts_in_decivolts_and_centiamperes() -> None:
    assert values(
        "pduPhaseIndex=3", "pduPhaseCurrent=512i,pduPhaseVoltage=2301i,pduPhaseRealPower=1170i"
    ) == {
        "phase3_a": 5.12,
        "phase3_v": 230.1,
        "phase3_w": 1170,
    }


def test_raritans_value_without_its_digits_stays_as_sent() -> None:
    line = telegraf("index=1.1.1", "measurementsInletSensorValue=2301i")
    assert list(kinds_of(line).values()) == [("other", "1")]
    assert list(values_of(line).values()) == [2301]


# -- UPSs --------------------------------------------------------------------------------------------------


def test_a_ups_of_the_standard_mib() -> None:
    assert values("", "upsEstimatedChargeRemaining=97i,upsBatteryTemperature=26i,upsBatteryVoltage=540i") == {
        "battery_pct": 97,
        "battery_temp_c": 26,
        "battery_v": 54,
    }
    assert values("upsOutputLineIndex=1", "upsOutputCurrent=55i,upsOutputPercentLoad=33i") == {
        "phase1_a": 5.5,
        "phase1_load_util": 0.33,
    }
    assert values("index=1", "upsInputVoltage=231i,upsInputFrequency=499i") == {
        "input1_v": 231,
        "input1_hz": 49.9,
    }


@pytest.mark.parametrize(
    ("field", "battery", "mains"),
    [
        ("upsOutputSource", 5, 3),
        ("xupsOutputSource", 5, 3),
        ("upsBasicOutputStatus", 3, 2),
        ("upsBaseOutputStatus", 3, 2),
    ],
)
def test_whether_the_battery_feeds_the_load_whatever_its_code(field: str, battery: int, mains: int) -> None:
    assert values("", f"{field}={battery}i") == {"on_battery": 1}
    assert values("", f"{field}={mains}i") == {"on_battery": 0}
    assert kinds_of(telegraf("", f"{field}={mains}i")) == {"on_battery": ("state", "1")}


def test_an_apc_ups_in_tenths_wins_over_its_whole_numbers() -> None:
    whole = "upsAdvOutputLoad=23i,upsAdvBatteryCapacity=100i"
    got = values("", f"{whole},upsHighPrecOutputLoad=234i,upsHighPrecBatteryCapacity=998i")
    assert (got["load_util"], got["battery_pct"]) == (0.234, 99.8)


def test_255_degrees_is_an_apc_without_a_sensor() -> None:
    assert values("", "upsAdvBatteryTemperature=255i,upsAdvOutputLoad=23i") == {"load_util": 0.23}


def test_apcupsd_and_nut_name_a_ups_alike() -> None:
    fields = (
        "load_percent=9.7,input_voltage=230.4,output_voltage=230.1,battery_voltage=27.4,internal_temp=32.4,"
        "battery_charge_percent=100,time_left_ns=5880000000000i,status_flags={}i,nominal_power=900i"
    )
    expected = {
        "load_util": 0.097,
        "input_v": 230.4,
        "output_v": 230.1,
        "battery_v": 27.4,
        "internal_temp_c": 32.4,
        "battery_pct": 100,
        "runtime_s": 5880,
        "on_battery": 0,
    }
    online = f"apcupsd,host=c1,serial=AS1,status=ONLINE,ups_name=a {fields.format(8)} {T_NS}"
    assert values_of(online) == pytest.approx(expected)
    on_battery = f"upsd,host=c1,serial=AS1,ups_name=a {fields.format(16)} {T_NS}"
    assert values_of(on_battery) == pytest.approx({**expected, "on_battery": 1})


def test_a_change_of_state_makes_no_new_sensor() -> None:
    lines = [
        f"apcupsd,host=c1,status={status},ups_name=a load_percent=9,number_transfers=3i {T_NS}"
        for status in ("ONLINE", "ONBATT")
    ]
    got, _ = decode(*lines)
    assert len({g.series for g in got}) == 2


def test_two_upses_of_one_daemon_keep_apart() -> None:
    lines = [
        f"upsd,host=c1,ups_name={name} load_percent={load} {T_NS}" for name, load in (("a", 10), ("b", 20))
    ]
    assert values_of(*lines) == pytest.approx({"load_util": 0.1, "b_load_util": 0.2})


# -- cooling units and probes ------------------------------------------------------------------------------


def test_an_in_row_cooler_has_the_canonical_channels() -> None:
    line = telegraf(
        "",
        "airIRRCUnitStatusSupplyAirTempMetric=184i,airIRRCUnitStatusReturnAirTempMetric=312i,"
        "airIRRCUnitStatusFanSpeed=455i,airIRRCUnitStatusEnteringFluidTemperatureMetric=71i,"
        "airIRRCUnitStatusRackInletTempMetric=231i,airIRRCUnitStatusCoolOutput=123i",
        "crac",
    )
    assert values_of(line) == pytest.approx(
        {
            "supply_temp_c": 18.4,
            "return_temp_c": 31.2,
            "fan_pct": 0.455,
            "chw_supply_c": 7.1,
            "inlet_temp_c": 23.1,
            "cooling_w": 12_300,
        }
    )
    assert kinds_of(line)["fan_pct"] == ("fan_speed", "1")


def test_fahrenheit_becomes_celsius() -> None:
    assert values("", "airIRRCUnitStatusSupplyAirTempUS=680i") == {"supply_temp_c": 20}
    assert values("index=1", "lgpPduAuxMeasTempDegF=734i") == {"sensor1_temp_c": 23}


@pytest.mark.parametrize(
    ("description", "sensor"),
    [
        ("lgpEnvSupplyAirTemperature", "supply_temp_c"),
        (".1.3.6.1.4.1.476.1.42.3.4.1.1.2", "return_temp_c"),
        ("lgpEnvControlTemperature", "sensor4_temp_c"),
    ],
)
def test_what_a_lieberts_temperature_is_stands_in_another_column(description: str, sensor: str) -> None:
    tags = f"index=4,lgpEnvTemperatureDescrDegC={description}"
    assert values(tags, "lgpEnvTemperatureMeasurementTenthsDegC=184i") == {sensor: 18.4}


def test_an_entity_sensor_is_read_where_its_scale_is_told() -> None:
    told = "entPhySensorPrecision=1,entPhySensorScale=units,entPhySensorType=celsius,index=1001"
    assert values(told, "entPhySensorValue=245i") == {"sensor1001_temp_c": 24.5}
    milli = "entPhySensorPrecision=0,entPhySensorScale=8,entPhySensorType=4,index=7"
    assert values(milli, "entPhySensorValue=11950i") == {"sensor7_v": 11.95}
    untold = telegraf("index=1001", "entPhySensorValue=245i")
    assert list(kinds_of(untold).values()) == [("other", "1")]


# -- names that operators give -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "field", "sensor", "value"),
    [
        ("phase=2", "current_ma=2800i", "phase2_a", 2.8),
        ("phase=L3", "current_a=2.8", "phase3_a", 2.8),
        ("phaseIndex=1", "power_kw=0.57", "phase1_w", 570),
        ("bank=2", "current_da=55i", "bank2_a", 5.5),
        ("outlet=12", "power_w=140i", "outlet12_w", 140),
        ("", "l1_current_da=28i", "phase1_a", 2.8),
        ("", "phase_b_current_a=2.8", "phase2_a", 2.8),
        ("", "power_cw=123i", "power_w", 1230),
        ("", "energy_kwh=2i", "energy_j", 7_200_000),
        ("", "input_voltage=231i", "input_v", 231),
        ("", "output_current_da=55i", "output_a", 5.5),
        ("", "load_pct=44i", "load_util", 0.44),
        ("", "battery_charge_pct=97i", "battery_pct", 97),
        ("", "battery_capacity=97i", "battery_pct", 97),
        ("", "supply_air_temp_ddegc=184i", "supply_temp_c", 18.4),
        ("", "return_temp_c=31.2", "return_temp_c", 31.2),
        ("", "return_temp_f=86", "return_temp_c", 30),
        ("", "chw_supply_temp_dc=71i", "chw_supply_c", 7.1),
        ("", "fan_speed_pct=45i", "fan_pct", 0.45),
        ("", "fan2_rpm=1450i", "fan2_rpm", 1450),
        ("", "humidity=44i", "rh_pct", 44),
        ("sensor=2", "temp_dc=231i", "sensor2_temp_c", 23.1),
    ],
)
def test_a_name_with_its_unit_says_enough(tags: str, field: str, sensor: str, value: float) -> None:
    assert values(tags, field) == {sensor: value}


@pytest.mark.parametrize(
    "field",
    [
        "current=28i",
        "power=57i",
        "temperature=239i",
        "fan_speed=45i",
        "load=12i",
        "feed_a=1i",
        "output_dc=54i",
        "supply_cw=71i",
        "phase_a=3i",
        "max_current_a=16i",
        "apparent_power_w=900i",
        "temp_setpoint_c=22i",
    ],
)
def test_a_name_that_leaves_a_doubt_stays_as_it_is(field: str) -> None:
    line = telegraf("", field)
    name, _, value = field.partition("=")
    assert values_of(line) == {name: float(value[:-1])}
    assert kinds_of(line) == {name: ("other", "1")}


def test_a_voltage_that_no_socket_has_is_no_reading() -> None:
    assert values("phase=1", "voltage=2301i,current_da=28i") == {"phase1_a": 2.8}


def test_endings_mean_nothing_outside_of_facilities() -> None:
    assert values_of(f"weather,host=n1 current_da=28i {T_NS}") == {"current_da": 28}


# -- the snmp_exporter -------------------------------------------------------------------------------------


def test_objects_as_prometheus_metrics() -> None:
    label = "rPDU2PhaseStatusIndex=2"
    by_telegraf = exported(label, "rPDU2PhaseStatusCurrent", 28)
    version_1 = f"rPDU2PhaseStatusCurrent,instance=10.0.9.4:161,{label} gauge=28 {T_NS}"
    by_adapter = (
        '{"timestamp":"2026-01-01T00:00:00Z","value":"28","name":"rPDU2PhaseStatusCurrent","labels":'
        '{"instance":"10.0.9.4:161","job":"snmp","rPDU2PhaseStatusIndex":"2"}}'
    )
    for message in (by_telegraf, version_1, by_adapter):
        got, _ = decode(message)
        assert [(g.series.host, g.series.sensor, round(g.value, 6)) for g in got] == [
            ("10.0.9.4", "phase2_a", 2.8)
        ]


def test_what_the_exporter_has_scaled_is_not_scaled_again() -> None:
    assert values_of(exported("", "upsHighPrecOutputLoad", 23.4)) == pytest.approx({"load_util": 0.234})
    assert values_of(exported("", "upsBatteryVoltage", 54.2)) == pytest.approx({"battery_v": 54.2})
    assert says_none(exported("", "upsHighPrecInputLineVoltage", 2304))


def test_of_a_metric_for_every_code_the_batterys_is_kept() -> None:
    codes = [
        exported(f"upsBasicOutputStatus={code}", "upsBasicOutputStatus", value)
        for code, value in (("onLine", 0), ("onBattery", 1))
    ]
    assert values_of(*codes) == {"output_on_line": 0, "on_battery": 1}


def test_a_device_read_both_ways_is_one_set_of_sensors() -> None:
    both = [
        telegraf("index=2", "rPDU2PhaseStatusCurrent=28i"),
        exported("x=2", "rPDU2PhaseStatusCurrent", 28),
    ]
    got, _ = decode(both[0], both[1].replace("x=2", "rPDU2PhaseStatusIndex=2"))
    assert len({g.series for g in got}) == 1


def test_numbers_beyond_all_measure_are_no_readings_and_no_states() -> None:
    huge = "9" * 400
    fields = f'{{"upsOutputSource":{huge},"st4TempSensorValue":{huge},"upsBatteryTemperature":25}}'
    message = f'{{"fields":{fields},"name":"ups","tags":{{"agent_host":"u1"}},"timestamp":1767225600}}'
    assert values_of(message) == {"battery_temp_c": 25}


# -- rows that a tag names ---------------------------------------------------------------------------------


def test_a_servers_own_mib_is_read_by_the_names_in_its_rows() -> None:
    inlet = r"temperatureProbeLocationName=System\ Board\ Inlet\ Temp"
    got = values(inlet, "temperatureProbeReading=210i,temperatureProbeUpperCriticalThreshold=470i")
    assert got == {"inlet_temp_c": 21, "inlet_temp_c/upper_critical": 47}
    supply = r"amperageProbeLocationName=PS1\ Current\ 1"
    assert list(values(supply, "amperageProbeReading=4i").values()) == [0.4]
    total = r"amperageProbeLocationName=System\ Board\ Pwr\ Consumption"
    assert values(total, "amperageProbeReading=168i") == {"power_w": 168}
    assert values("cpqHeFltTolPowerSupplyBay=2", "cpqHeFltTolPowerSupplyCapacityUsed=45i") == {
        "psu2_out_w": 45
    }


@pytest.mark.parametrize(
    ("label", "field", "sensor", "quantity"),
    [
        ("CPU\\ DTS", "temperature_c=-51", "cpu_dts", "margin"),
        ("Exhaust\\ Temp", "temperature_c=35", "exhaust_temp_c", "temperature"),
        ("FAN1\\ SYS", "fan_speed_rpm=5280", "fan1_rpm", "fan_speed"),
        ("Rack\\ 7\\ inlet", "temperature_c=23", "temp_c", "temperature"),  # of a rack's probe, not a server
    ],
)
def test_a_rows_label_says_what_a_field_does_not(label: str, field: str, sensor: str, quantity: str) -> None:
    got = kinds_of(telegraf(f"tempDescr={label}", field, "xcc_sensors"))
    assert {name: kind[0] for name, kind in got.items()} == {sensor: quantity}


def test_a_phase_of_an_input_is_told_from_the_input() -> None:
    assert values("", "input_phase1_voltage=231,input_l2_current_a=4.9") == {
        "phase1_input_v": 231,
        "phase2_input_a": 4.9,
    }


def test_a_current_of_nines_alone_is_a_branch_that_is_not_there() -> None:
    assert says_none(telegraf("branch=3", "current_a=999.9", "mpdu"))
