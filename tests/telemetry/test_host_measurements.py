"""What a machine's own system tells: lm-sensors, kernel temperatures, disks, processors and AMD cards."""

from __future__ import annotations

import pytest
from reading_messages import T_NS, kinds_of, says_none, values_of


def sensors(chip: str, feature: str, fields: str) -> str:
    return f"sensors,chip={chip},feature={feature},host=n1 {fields} {T_NS}"


def test_a_package_is_a_cpu_with_its_limits_and_alarm() -> None:
    row = sensors(
        "coretemp-isa-0001", "package_id_1", "temp_input=77,temp_max=82,temp_crit=92,temp_crit_alarm=0"
    )
    assert values_of(row) == {
        "cpu1_temp_c": 77,
        "cpu1_temp_c/upper_max": 82,
        "cpu1_temp_c/upper_critical": 92,
        "coretemp_isa_0001_package_id_1_alarm": 0,
    }


def test_cores_of_two_chips_stay_apart() -> None:
    rows = [sensors(f"coretemp-isa-000{n}", "core_0", f"temp_input={70 + n}") for n in (0, 1)]
    assert values_of(*rows) == {"coretemp_isa_0000_core_0": 70, "coretemp_isa_0001_core_0": 71}


def test_the_die_of_an_amd_cpu_comes_before_what_controls_its_fans() -> None:
    rows = [
        sensors("k10temp-pci-00cb", "tctl", "temp1_input=66.5"),
        sensors("k10temp-pci-00cb", "tdie", "temp1_input=56.5"),
    ]
    assert values_of(*rows, *rows)["cpu1_temp_c"] == 56.5


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ("fan_input=1205", ("fan_speed", "rpm")),
        ("in_input=3.3", ("voltage", "V")),
        ("curr_input=0.8", ("current", "A")),
        ("power_average=11", ("power", "W")),
        ("energy_input=88212", ("energy", "J")),
        ("humidity_input=41", ("humidity", "%")),
    ],
)
def test_a_feature_is_of_the_quantity_that_its_field_begins_with(fields: str, kind: tuple[str, str]) -> None:
    assert list(kinds_of(sensors("chip-i2c-0-50", "x", fields)).values()) == [kind]


@pytest.mark.parametrize(
    "fields",
    [
        "temp_type=4,temp_offset=0",
        "power_average_interval=300",
        "fan_pulses=2,fan_div=8,fan_beep=0",
        "temp_input=0",  # nothing is wired to it
        "temp_max=65261.85,temp_min=-273.15",
    ],
)
def test_settings_and_inputs_that_lead_nowhere_are_no_readings(fields: str) -> None:
    assert says_none(sensors("nct6779-isa-0290", "auxtin3", fields))


def test_a_sensor_that_says_it_is_broken_has_only_that_state() -> None:
    row = sensors("nct6779-isa-0290", "auxtin3", "temp_input=-60,temp_fault=1")
    assert values_of(row) == {"nct6779_isa_0290_auxtin3_fault": 1}


def test_the_meter_of_the_machine_is_its_power_unless_it_says_nothing() -> None:
    assert values_of(sensors("power_meter-acpi-0", "power1", "power_average=185")) == {"power_w": 185}
    assert says_none(sensors("power_meter-acpi-0", "power1", "power_average=0"))


def test_kernel_sensors_of_one_name_are_told_apart_by_their_device() -> None:
    rows = [f"temp,device=nvme{n},host=n1,sensor=nvme_composite temp={30 + n} {T_NS}" for n in (0, 1)]
    assert values_of(*rows) == {"nvme_composite": 30, "nvme_composite_nvme1": 31}


def test_the_second_socket_of_amd_is_the_second_cpu() -> None:
    rows = [f"temp,device=0000:00:1{n}.3,host=n1,sensor=k10temp_tctl temp={n} {T_NS}" for n in (8, 9)]
    assert values_of(*rows) == {"cpu0_temp_c": 8, "cpu1_temp_c": 9}


def test_disks_are_called_after_their_device() -> None:
    smart = f"smart_device,device=sda,host=n1,serial_no=S1 temp_c=40i,health_ok=true,power_on_hours=9i {T_NS}"
    assert values_of(smart) == {"sda_temp_c": 40, "sda_power_on_hours": 9}
    hot = f"hddtemp,device=sdc,host=c,source=n1,unit=F temperature=104i {T_NS}"
    assert values_of(hot) == {"sdc_temp_c": pytest.approx(40)}
    asleep = f"hddtemp,device=sdd,host=c,source=n1,unit=* temperature=0i {T_NS}"
    assert says_none(asleep)


def test_an_amd_card() -> None:
    row = (
        "amd_rocm_smi,gpu_id=0x738c,host=n1,name=card1 fan_speed=14i,power_draw=39,"
        f"temperature_sensor_edge=36,temperature_sensor_memory=0,utilization_gpu=82i,"
        f"clocks_current_sm=1502i,driver_version=5i {T_NS}"
    )
    assert values_of(row) == {
        "gpu1_fan_pct": pytest.approx(0.14),
        "gpu1_power_w": 39,
        "gpu1_temp_c": 36,
        "gpu1_util": pytest.approx(0.82),
        "gpu1_sm_clock_hz": 1.502e9,
    }


def test_a_package_by_its_counters() -> None:
    row = "powerstat_package,host=n1,package_id=1 {} " + str(T_NS)
    assert values_of(
        row.format("current_power_consumption_watts=35"),
        row.format("current_dram_power_consumption_watts=14"),
        row.format("thermal_design_power_watts=160"),
        row.format("cpu_base_frequency_mhz=2400i"),
    ) == {
        "cpu1_power_w": 35,
        "cpu1_dram_power_w": 14,
        "cpu1_power_w/upper_tdp": 160,
        "cpu1_base_frequency_hz": 2.4e9,
    }


def test_two_threads_of_a_core_are_two_series() -> None:
    rows = [
        f"powerstat_core,core_id=3,cpu_id={n},host=n1,package_id=0 cpu_temperature_celsius={n}i {T_NS}"
        for n in (3, 27)
    ]
    assert values_of(*rows, *rows) == {"cpu0_core3_temp_c": 3, "cpu0_core3_thread27_temp_c": 27}
