"""What exporters' metrics are not: the traps in their names, values and labels."""

from __future__ import annotations

import json

import pytest
from reading_messages import T_NS, decode, kinds_of, reason_of, says_none, values_of

URL = "http://n07:9100/metrics"


def metric(exported: str, value: float, /, **labels: str) -> str:
    """One metric as Telegraf's `prometheus` input sends it."""
    tags = {"host": "collector01", "url": URL, **labels}
    return json.dumps(
        {"fields": {exported: value}, "name": "prometheus", "tags": tags, "timestamp": 1767225600}
    )


def kind_of(message: str) -> tuple[str, str]:
    (kind,) = kinds_of(message).values()
    return kind


def value_of(message: str) -> float:
    (value,) = values_of(message).values()
    return value


@pytest.mark.parametrize(
    ("exported", "value", "quantity", "unit", "kept"),
    [
        ("box_inlet_temperature_celsius", 24, "temperature", "Cel", 24),
        ("box_inlet_temperature_fahrenheit", 77, "temperature", "Cel", 25),
        ("box_inlet_temperature_kelvin", 300, "temperature", "Cel", 26.85),
        ("box_power_watts", 71, "power", "W", 71),
        ("box_power_milliwatts", 98510, "power", "W", 98.51),
        ("box_power_microwatts", 42_500_000, "power", "W", 42.5),
        ("box_energy_joules_total", 5000, "energy", "J", 5000),
        ("box_energy_microjoules_total", 5_000_000, "energy", "J", 5),
        ("box_energy_kwh", 2, "energy", "J", 7_200_000),
        ("box_rail_millivolts", 11_938, "voltage", "V", 11.938),
        ("box_feed_milliamperes", 1500, "current", "A", 1.5),
        ("box_clock_mhz", 1980, "frequency", "Hz", 1.98e9),
        ("box_fan_rpm", 5040, "fan_speed", "rpm", 5040),
        ("box_fan_speed_ratio", 0.22, "fan_speed", "1", 0.22),
        ("box_fan_duty_percent", 22, "fan_speed", "1", 0.22),
        ("box_cpu_utilization_percent", 58, "utilization", "1", 0.58),
        ("box_cpu_busy_ratio", 0.58, "utilization", "1", 0.58),
        ("box_relative_humidity_percent", 41, "humidity", "%", 41),
        ("box_humidity_ratio", 0.41, "humidity", "%", 41),
        ("box_door_status", 1, "state", "1", 1),
        ("box_cpu_margin_celsius", 21, "margin", "Cel", 21),
    ],
)
def test_a_name_says_the_unit_and_the_value_is_kept_in_ours(
    exported: str, value: float, quantity: str, unit: str, kept: float
) -> None:
    assert kind_of(metric(exported, value)) == (quantity, unit)
    assert value_of(metric(exported, value)) == pytest.approx(kept)


@pytest.mark.parametrize(
    "exported",
    [
        "box_temp_crit_celsius",
        "box_temperature_max_celsius",
        "box_temp_threshold_celsius",
        "box_nominal_power_watts",
        "box_power_limit_watts",
        "box_power_budget_watts",
        "box_temp_delta_celsius",
        "box_battery_energy_watthour",
        "box_disk_spindle_rpm",
        "box_power_factor_ratio",
        "box_battery_charge_percent",
        "box_power_watts_per_second",
        "box_requests_total",
    ],
)
def test_what_somebody_set_rated_or_counted_has_no_unit_of_a_sensor(exported: str) -> None:
    assert kind_of(metric(exported, 90)) == ("other", "1")
    assert value_of(metric(exported, 90)) == 90


@pytest.mark.parametrize(
    "exported",
    [
        "up",
        "go_goroutines",
        "process_cpu_seconds_total",
        "promhttp_metric_handler_requests_total",
        "scrape_samples_scraped",
        "node_scrape_collector_success",
        "node_scrape_collector_duration_seconds",
        "ipmi_scrape_duration_seconds",
        "ipmi_bmc_info",
        "idrac_exporter_build_info",
        "nvidia_smi_last_collect_success_timestamp_seconds",
        "nvidia_smi_failed_scrapes_total",
        "redfish_exporter_collector_duration_seconds",
        "http_request_duration_seconds_sum",
    ],
)
def test_what_is_about_the_exporter_is_no_reading(exported: str) -> None:
    assert says_none(metric(exported, 1))


@pytest.mark.parametrize(
    "message",
    [
        metric("rpc_latency", 12, le="0.5"),
        metric("rpc_latency", 12, quantile="0.99"),
        metric("rpc_latency_bucket", 12),
        f"rpc_latency_seconds,url={URL} 0.5=12,0.99=13,+Inf=14,count=15,sum=16 {T_NS}",
    ],
)
def test_parts_of_a_distribution_are_no_readings(message: str) -> None:
    assert says_none(message)


def test_an_alarm_whose_name_ends_in_celsius_is_a_state() -> None:
    alarm = metric("node_hwmon_temp_crit_alarm_celsius", 0, chip="c", sensor="temp1")
    assert kind_of(alarm) == ("state", "1")


def test_the_kernels_limits_bound_the_sensor_that_they_stand_beside() -> None:
    rows = [
        metric(f"node_hwmon_{name}", value, chip="coretemp", sensor="temp1")
        for name, value in (("temp_celsius", 55), ("temp_crit_celsius", 100), ("temp_max_celsius", 84))
    ]
    sensor = "node_hwmon_temp_celsius_coretemp_temp1"
    assert values_of(*rows) == {sensor: 55, f"{sensor}/upper_critical": 100, f"{sensor}/upper_max": 84}


@pytest.mark.parametrize(
    ("element", "value"),
    [("max", 65_261.85), ("min", -273.15), ("max", 0), ("max_hyst", 75), ("offset", 2), ("highest", 90)],
)
def test_a_limit_that_is_not_set_and_settings_are_nothing(element: str, value: float) -> None:
    limit = metric(f"node_hwmon_temp_{element}_celsius", value, chip="nvme", sensor="temp2")
    assert says_none(limit)


def test_two_thermal_zones_of_one_type_are_two_sensors() -> None:
    rows = [metric("node_thermal_zone_temp", t, type="acpitz", zone=z) for t, z in ((27, "0"), (31, "1"))]
    assert sorted(values_of(*rows).values()) == [27, 31]


def test_a_batterys_charge_in_watt_hours_is_no_energy_counter() -> None:
    assert kind_of(metric("node_power_supply_energy_watthour", 36.58, power_supply="BAT0")) == ("other", "1")


def test_the_records_number_of_a_sensor_is_no_entity() -> None:
    """Entity 10 is a power supply and 3 a processor; the label `id` numbers records and says neither."""
    assert values_of(metric("ipmi_temperature_celsius", 24, id="10", name="Inlet Temp")) == {
        "inlet_temp_c": 24
    }
    assert values_of(metric("ipmi_temperature_celsius", 58, id="3", name="Temp")) == {"temp": 58}


def test_power_by_dcmi_is_the_machines_power_under_the_name_that_the_exporter_really_has() -> None:
    assert values_of(metric("ipmi_dcmi_power_consumption_watts", 128)) == {"power_w": 128}


def test_states_of_one_metric_that_a_label_tells_apart_stay_apart() -> None:
    rows = [
        metric("ipmi_bmc_watchdog_timeout_action_state", value, action=action)
        for value, action in ((1, "Power Cycle"), (0, "Hard Reset"))
    ]
    assert len(values_of(*rows)) == 2


def test_the_unit_of_a_fan_is_in_its_label() -> None:
    percent = metric("redfish_chassis_fan_rpm", 20, fan="Fan 1", fan_id="0", fan_unit="percent")
    rpm = metric("redfish_chassis_fan_rpm", 6240, fan="Fan 2", fan_id="1", fan_unit="rpm")
    assert values_of(percent, rpm) == {"fan1_pct": 0.2, "fan2_rpm": 6240}


def test_a_redfish_exporters_zero_degrees_are_no_temperature() -> None:
    cpu = metric("redfish_chassis_temperature_celsius", 0, sensor="CPU 2 Temp", sensor_id="5", chassis_id="1")
    assert says_none(cpu)


def test_an_ilos_temperature_is_a_status() -> None:
    assert kind_of(metric("hpilo_temperature", 0, server_name="n07")) == ("state", "1")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("current", {"sda_temp_c": 52}),
        ("drive_trip", {"sda_temp_c/upper_critical": 52}),
        ("lifetime_max", {}),
    ],
)
def test_a_drive_has_one_temperature_now(kind: str, said: dict[str, float]) -> None:
    row = metric("smartctl_device_temperature", 52, device="sda", temperature_type=kind)
    assert values_of(row) == said


def test_a_drives_score_of_its_temperature_is_no_temperature() -> None:
    assert says_none(metric("smartmon_temperature_celsius_value", 67, disk="/dev/sda"))
    packed = metric("smartmon_temperature_celsius_raw_value", 137_439_805_471, disk="/dev/sda")
    assert says_none(packed)


@pytest.mark.parametrize(
    ("exported", "value", "labels"),
    [
        ("nvidia_gpu_power_usage_milliwatts", 98_510, {"minor_number": "0"}),
        ("nvidia_power_usage", 98_510, {"minor": "0"}),
        ("nvidia_smi_power_draw_watts", 98.51, {"uuid": "GPU-0"}),
        ("gpu_package_power", 98.51, {"gpu_id": "0"}),
        ("dcgm_power_usage", 98.51, {"gpu": "0"}),
    ],
)
def test_every_exporter_of_cards_has_its_own_unit_of_power(
    exported: str, value: float, labels: dict[str, str]
) -> None:
    (sensor,) = values_of(metric(exported, value, **labels))
    assert sensor in ("gpu0_power_w", "gpu_0_power_w")
    assert value_of(metric(exported, value, **labels)) == pytest.approx(98.51)


def test_several_powers_of_an_amd_card_are_several_sensors_and_the_packages_has_the_name() -> None:
    rows = [
        metric("gpu_power_usage", 410, gpu_id="0"),
        metric("gpu_package_power", 412, gpu_id="0"),
    ]
    got, _ = decode(*rows, *rows)
    settled = {g.series.sensor: g.value for g in got if g.message > 1}
    assert settled["gpu0_power_w"] == 412
    assert len(settled) == 2


def test_a_ups_apparent_power_is_no_power_whatever_its_name_says() -> None:
    assert kind_of(metric("nut_power_watts", 335, ups="cp")) == ("other", "1")
    assert values_of(metric("nut_real_power_watts", 310, ups="cp")) == {"power_w": 310}


def test_where_kepler_has_a_number_from_is_no_host() -> None:
    labels = {"instance": "k8s-4:9102", "source": "acpi", "mode": "idle"}
    sample = {"timestamp": "2026-01-01T00:00:00Z", "value": "812345", "labels": labels}
    got, _ = decode(json.dumps({**sample, "name": "kepler_node_platform_joules_total"}))
    assert [(g.series.host, g.series.quantity) for g in got] == [("k8s-4", "energy")]
    (scraped,), _ = decode(metric("kepler_node_platform_joules_total", 812345, source="acpi"))
    assert (scraped.series.host, scraped.value) == ("n07", 812345)


def test_telegrafs_sensor_by_remote_write_has_the_unit_of_its_label() -> None:
    row = metric("ipmi_sensor_value", 25, name="inlet_temp", unit="degrees_c", server="n09")
    assert values_of(row) == {"inlet_temp_c": 25}
    assert kind_of(metric("ipmi_sensor_value", 25, name="Some Sensor", type="OEM", id="7"))[0] == "other"


def test_a_series_whose_labels_are_long_keeps_a_name_of_its_own() -> None:
    rows = [metric("node_filesystem_avail_bytes", n, mountpoint="/x" * 90 + str(n)) for n in (1, 2)]
    assert sorted(values_of(*rows).values()) == [1, 2]
    assert all(len(name) <= 128 for name in values_of(*rows))


def test_vectors_increments_and_distributions_are_no_readings() -> None:
    event = {"name": "rapl_joules_total", "tags": {"instance": "n07"}, "timestamp": "2026-01-01T00:00:00Z"}
    whole = json.dumps({**event, "kind": "absolute", "counter": {"value": 12.5}})
    grown = json.dumps({**event, "kind": "incremental", "counter": {"value": 12.5}})
    assert values_of(whole) == {"rapl_joules_total": 12.5}
    assert says_none(grown)


def test_collectds_fan_of_a_card_is_a_duty_and_of_a_board_a_speed() -> None:
    def value_list(plugin: str, where: str, value: float | None) -> str:
        said = {
            "host": "n07",
            "plugin": plugin,
            "plugin_instance": where,
            "time": 1767225600.0,
            "values": [value],
        }
        return json.dumps([{**said, "dsnames": ["value"], "type": "fanspeed", "type_instance": ""}])

    assert values_of(value_list("gpu_nvidia", "0-Tesla", 40)) == {"gpu0_fan_pct": 0.4}
    assert kind_of(value_list("sensors", "nct6779", 1098)) == ("fan_speed", "rpm")
    assert says_none(value_list("sensors", "nct6779", None))


def test_a_sample_beside_a_wrong_number_of_times_is_none() -> None:
    series = {"metric": {"__name__": "node_load1", "instance": "n07:9100"}, "values": [1, 2]}
    assert reason_of(json.dumps({**series, "timestamps": [1767225600000]})) == "nothing usable"


def test_beats_of_other_modules_are_set_aside_by_name() -> None:
    event = {"@timestamp": "2026-01-01T00:00:00Z", "metricset": {"name": "cpu"}, "system": {"cpu": {}}}
    assert reason_of(json.dumps(event)) == "unsupported format: elastic beats"
