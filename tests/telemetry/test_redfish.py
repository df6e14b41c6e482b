"""Telegraf's redfish: readings, the limits beside them, and values that are none."""

from __future__ import annotations

import pytest
from reading_messages import T_NS, decode, kinds_of, says_none, values_of

from agent.telemetry.decoder import Decoder

TEMPERATURE = (
    r"redfish_thermal_temperatures,address=127.0.0.1,health=OK,host=collector01,member_id=0,name=CPU1\ Temp,"
    "rack=WEB43,row=North,source=web483,state=Enabled "
    f"reading_celsius=41,upper_threshold_critical=45,upper_threshold_fatal=48 {T_NS}"
)
FAN = (
    r"redfish_thermal_fans,address=127.0.0.1,health=OK,host=collector01,member_id=0,"
    r"name=BaseBoard\ System\ Fan,"
    f"rack=WEB43,row=North,source=web483,state=Enabled lower_threshold_fatal=0i,reading_rpm=2100i {T_NS}"
)
CONTROL = (
    "redfish_power_powercontrol,address=127.0.0.1,host=collector01,member_id=PowerControl,"
    r"name=System\ Power\ Control,source=tpa-hostname average_consumed_watts=426,interval_in_min=1i,"
    "max_consumed_watts=436,min_consumed_watts=425,power_allocated_watts=1628,power_available_watts=0,"
    f"power_capacity_watts=1628,power_consumed_watts=429,power_requested_watts=704 {T_NS}"
)
SUPPLY = (
    '{"fields":{"line_input_voltage":206,"power_capacity_watts":750,"power_input_watts":900,'
    '"power_output_watts":203},"name":"redfish_power_powersupplies","tags":{"address":"10.0.0.7",'
    '"datacenter":"","health":"OK","host":"collector01","member_id":"PSU.Slot.1","name":"PS1 Status",'
    '"rack":"","room":"","row":"","source":"tpa-hostname","state":"Enabled"},"timestamp":1767225600}\n'
)


def line(measurement: str, fields: str, **tags: str) -> str:
    shown = ",".join(f"{k}={v}" for k, v in {"source": "n1", **tags}.items() if v)
    return f"{measurement},{shown} {fields} {T_NS}"


def supply(fields: str, **tags: str) -> str:
    return line("redfish_power_powersupplies", fields, **{"member_id": "0", "name": "PSU1", **tags})


def test_a_temperature_brings_its_limits() -> None:
    assert values_of(TEMPERATURE) == {
        "cpu1_temp_c": 41,
        "cpu1_temp_c/upper_critical": 45,
        "cpu1_temp_c/upper_fatal": 48,
    }
    assert kinds_of(TEMPERATURE)["cpu1_temp_c/upper_critical"] == ("limit", "Cel")


def test_a_fan_that_the_catalogue_does_not_know_keeps_its_name() -> None:
    assert values_of(FAN) == {"baseboard_system_fan": 2100, "baseboard_system_fan/lower_fatal": 0}
    assert kinds_of(FAN)["baseboard_system_fan"] == ("fan_speed", "rpm")


def test_a_duty_is_a_share() -> None:
    assert values_of(line("redfish_thermal_fans", "reading_percent=29i", name=r"Fan\ 1")) == {
        "fan1_pct": 0.29
    }


def test_consumed_watts_are_the_power_and_the_interval_is_nothing() -> None:
    values = values_of(CONTROL)
    assert values["power_w"] == 429
    assert values["power_w/upper_capacity"] == 1628
    assert values["average_consumed_watts"] == 426
    assert not [name for name in values if "interval" in name]


def test_powercontrol_without_a_name_is_the_power_too() -> None:
    assert values_of(line("redfish_power_powercontrol", "power_consumed_watts=300")) == {"power_w": 300}


def test_the_power_of_a_part_is_not_the_power_of_the_server() -> None:
    rows = [
        line("redfish_power_powercontrol", f"power_consumed_watts={w}", member_id=str(at), name=name)
        for at, (name, w) in enumerate([(r"CPU\ Sub-system\ Power", 90), (r"Server\ Power\ Control", 300)])
    ]
    assert values_of(*rows) == {"cpu_sub_system_power": 90, "power_w": 300}


def test_a_rating_is_not_an_input_power() -> None:
    assert values_of(SUPPLY, SUPPLY) == {"psu1_vin": 206, "psu1_out_w": 203, "psu1_out_w/upper_capacity": 750}


@pytest.mark.parametrize(
    ("fields", "believed"),
    [
        ("power_input_watts=220,power_output_watts=203,power_capacity_watts=750", True),
        ("power_input_watts=8,power_output_watts=0,power_capacity_watts=750", True),  # on standby
        ("power_input_watts=500,power_output_watts=203,power_capacity_watts=750", False),
        ("power_input_watts=500,power_output_watts=203", False),
        ("power_input_watts=900,power_capacity_watts=750", False),
        ("power_input_watts=220", True),
        ("power_input_watts=0,power_output_watts=0,power_capacity_watts=750", True),  # dead
    ],
)
def test_an_input_power_is_believed_where_the_supply_could_draw_it(fields: str, believed: bool) -> None:
    assert ("psu1_in_w" in values_of(supply(fields))) is believed


@pytest.mark.parametrize("state", ["Absent", "Disabled", "StandbyOffline", "UnavailableOffline"])
def test_a_sensor_that_nobody_reads_has_no_reading(state: str) -> None:
    absent = line("redfish_thermal_temperatures", "reading_celsius=0", name="19-PCI", state=state)
    assert says_none(absent)


def test_a_disabled_sensor_sends_only_limits() -> None:
    only_limits = line("redfish_thermal_temperatures", "upper_threshold_critical=45", name=r"CPU1\ Temp")
    assert values_of(only_limits) == {"cpu1_temp_c/upper_critical": 45}


def test_an_upper_limit_of_zero_means_none() -> None:
    fields = "reading_celsius=30,upper_threshold_critical=0,upper_threshold_fatal=0"
    assert values_of(line("redfish_thermal_temperatures", fields, name=r"CPU1\ Temp")) == {"cpu1_temp_c": 30}


def test_an_empty_dimm_slot_at_zero_is_not_there() -> None:
    row = line("redfish_thermal_temperatures", "reading_celsius=0", name="DIMM_A1", state="Enabled")
    assert says_none(row)


def test_supplies_of_one_name_are_told_apart_by_their_member() -> None:
    rows = [
        supply(f"last_power_output_watts={w}", name="HpeServerPowerSupply", member_id=str(at))
        for at, w in enumerate((120, 118))
    ]
    assert values_of(*rows) == {"psu0_out_w": 120, "psu1_out_w": 118}


def test_power_good_bits_are_states() -> None:
    row = line("redfish_power_voltages", "reading_volts=1", name=r"System\ Board\ 5V\ SWITCH\ PG")
    assert kinds_of(row) == {"system_board_5v_switch_pg": ("state", "1")}


def test_an_empty_source_does_not_name_the_host() -> None:
    metric = SUPPLY.replace('"source":"tpa-hostname"', '"source":""')
    got, _ = decode(metric)
    assert {g.series.host for g in got} == {"10.0.0.7"}


def test_rack_and_row_are_remembered_as_the_place_of_the_host() -> None:
    decoder = Decoder()
    decode(TEMPERATURE, SUPPLY, decoder=decoder)
    assert decoder.places == {"web483": {"rack": "WEB43", "row": "North"}}


def test_a_speed_that_is_called_a_percentage_is_none() -> None:
    assert says_none(line("redfish_thermal_fans", "reading_percent=7091i", name="Fan1"))


def test_an_output_that_is_sent_twice_is_one_reading() -> None:
    row = supply("power_output_watts=203,last_power_output_watts=198,power_input_watts=220")
    assert values_of(row) == {"psu1_out_w": 203, "psu1_in_w": 220}


def test_the_failing_of_a_power_good_bit_is_a_state_too() -> None:
    row = line("redfish_power_voltages", "reading_volts=1", name=r"System\ Board\ PS1\ PG\ FAIL")
    assert kinds_of(row) == {"system_board_ps1_pg_fail": ("state", "1")}


def test_the_subsystems_tables_mean_what_the_older_ones_do() -> None:
    assert values_of(
        line("redfish_thermalsubsys_temperatures", "reading_celsius=19", name=r"01-Inlet\ Ambient"),
        line("redfish_thermalsubsys_fans", "reading_percent=20", member_id="0", name=r"Fan\ 1"),
        line(
            "redfish_powersubsys_powersupplies",
            "line_input_voltage=230.2,power_input_watts=217.4,power_output_watts=197.9,power_capacity_watts=400",
            name=r"Power\ Supply\ Bay\ 2",
            serial_num="3488247",
        ),
    ) == pytest.approx(
        {
            "inlet_temp_c": 19,
            "fan1_pct": 0.2,
            "psu2_vin": 230.2,
            "psu2_in_w": 217.4,
            "psu2_out_w": 197.9,
            "psu2_out_w/upper_capacity": 400,
        }
    )


def test_counts_of_redundancy_and_sizes_of_disks_are_no_readings() -> None:
    assert says_none(line("redfish_powersubsys_redundancy", "redund_group_count=0i", type="Failover"))
    assert says_none(line("redfish_storage", "capacity_bytes=2000398934016i,speed_gbs=6"))


def test_an_integers_lowest_number_is_neither_a_temperature_nor_a_margin() -> None:
    fields = "reading_celsius=-2147483648"
    assert says_none(line("redfish_thermal_temperatures", fields, name=r"CPU1\ Temp", state="Enabled"))
