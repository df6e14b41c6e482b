"""Prometheus metrics by three ways: Telegraf's two versions and the Kafka adapter's JSON; DCGM's blanks."""

from __future__ import annotations

import json

import pytest
from reading_messages import T_NS, decode, kinds_of, reason_of, says_none, values_of

LABELS = r"id=18,instance=n07,name=Inlet\ Temp,url=http://n07:9290/metrics"
UUID = "GPU-604ac76c-d9cf-fef3-62e9-d92044ab6e52"


def metric(exported: str, value: float, /, **labels: str) -> str:
    tags = {"instance": "n07:9290", "url": "http://n07:9290/metrics", **labels}
    return json.dumps(
        {"fields": {exported: value}, "name": "prometheus", "tags": tags, "timestamp": 1767225600},
        separators=(",", ":"),
    )


def dcgm(exported: str, value: float, /, **labels: str) -> str:
    return metric(f"DCGM_FI_DEV_{exported}", value, gpu="0", UUID=UUID, hostname="gpu-n03", **labels)


def sample(value: str, **labels: str) -> str:
    labels = {"__name__": "ipmi_temperature_celsius", "id": "18", "name": "Inlet Temp", **labels}
    return json.dumps(
        {"timestamp": "2026-01-01T00:00:00Z", "value": value, "name": labels["__name__"], "labels": labels}
    )


@pytest.mark.parametrize(
    "message",
    [
        f"ipmi_temperature_celsius,{LABELS} gauge=24 {T_NS}",
        f"prometheus,{LABELS} ipmi_temperature_celsius=24 {T_NS}",
        sample("24", instance="n07:9290", job="ipmi"),
    ],
)
def test_three_ways_bring_the_same_reading(message: str) -> None:
    got, _ = decode(message)
    assert [(g.series.host, g.series.sensor, g.time_ns, g.value) for g in got] == [
        ("n07", "inlet_temp_c", T_NS, 24.0)
    ]


def test_a_sample_that_says_nan_is_no_reading() -> None:
    assert says_none(sample("NaN", instance="n07:9290"))


@pytest.mark.parametrize("value", ["+Inf", "-Inf", "", "12_3", "warm"])
def test_a_sample_that_is_no_number_is_set_aside(value: str) -> None:
    assert reason_of(sample(value, instance="n07:9290")) == "nothing usable"


@pytest.mark.parametrize(
    ("message", "sensor", "value", "kind"),
    [
        (metric("ipmi_fan_speed_rpm", 4560, id="12", name="Fan1A"), "fan1a_rpm", 4560, ("fan_speed", "rpm")),
        (
            metric("ipmi_fan_speed_ratio", 0.2195, id="58", name="Fan 1 DutyCycle"),
            "fan1_pct",
            0.2195,
            ("fan_speed", "1"),
        ),
        (metric("ipmi_power_watts", 70, id="90", name="Pwr Consumption"), "power_w", 70, ("power", "W")),
        (metric("ipmi_dcmi_power_consumption_current_watts", 71), "power_w", 71, ("power", "W")),
        (metric("ipmi_chassis_power_state", 1), "chassis_power_state", 1, ("state", "1")),
        (metric("ipmi_temperature_state", 2, name="Inlet Temp"), "inlet_temp_state", 2, ("state", "1")),
        (metric("ipmi_up", 1, collector="dcmi"), "ipmi_up_dcmi", 1, ("state", "1")),
        (
            metric("node_hwmon_temp_celsius", 40, chip="nvme", sensor="temp1"),
            "node_hwmon_temp_celsius_nvme_temp1",
            40,
            ("temperature", "Cel"),
        ),
    ],
)
def test_metrics_and_what_they_are(message: str, sensor: str, value: float, kind: tuple[str, str]) -> None:
    assert values_of(message) == {sensor: value}
    assert kinds_of(message) == {sensor: kind}


def test_dcmi_is_preferred_over_any_sensor() -> None:
    rows = (
        metric("ipmi_power_watts", 70, id="90", name="Pwr Consumption"),
        metric("ipmi_dcmi_power_consumption_current_watts", 71),
    )
    got, _ = decode(*rows, *rows)
    assert {g.series.sensor: g.value for g in got if g.message > 1} == {"pwr_consumption": 70, "power_w": 71}


def test_two_sensors_of_one_name_are_told_apart_by_their_id() -> None:
    rows = [metric("ipmi_temperature_celsius", t, id=i, name="Temp") for t, i in ((61, "14"), (60, "15"))]
    assert sorted(values_of(*rows).values()) == [60, 61]


def test_behind_a_proxied_exporter_the_target_is_the_host() -> None:
    url = "http://exporter:9290/ipmi?module=default&target=10.1.2.3"
    tags = "name=Inlet\\ Temp,host=c,url=" + url.replace("=", "\\=")
    line = f"prometheus,{tags} ipmi_temperature_celsius=24 {T_NS}"
    got, _ = decode(line)
    assert [g.series.host for g in got] == ["10.1.2.3"]


@pytest.mark.parametrize(
    ("message", "sensor", "value", "kind"),
    [
        (dcgm("GPU_TEMP", 63), "gpu0_temp_c", 63, ("temperature", "Cel")),
        (dcgm("POWER_USAGE", 412.7), "gpu0_power_w", 412.7, ("power", "W")),
        (dcgm("GPU_UTIL", 87), "gpu0_util", 0.87, ("utilization", "1")),
        (dcgm("SM_CLOCK", 1980), "gpu0_sm_clock_hz", 1.98e9, ("frequency", "Hz")),
        (dcgm("TOTAL_ENERGY_CONSUMPTION", 5000), "gpu0_energy_j", 5.0, ("energy", "J")),
        (dcgm("XID_ERRORS", 79), "gpu0_xid", 79, ("state", "1")),
        (dcgm("FB_USED", 1024), "gpu0_fb_used", 1024, ("other", "1")),
        (metric("DCGM_FI_DEV_CPU_POWER_UTIL_CURRENT", 150, cpu="1"), "cpu1_power_w", 150, ("power", "W")),
    ],
)
def test_gpu_metrics_and_what_they_are(
    message: str, sensor: str, value: float, kind: tuple[str, str]
) -> None:
    assert values_of(message) == {sensor: pytest.approx(value)}
    assert kinds_of(message) == {sensor: kind}


@pytest.mark.parametrize(
    "blank", [9223372036854775794, 9223372036854776000, 2147483632, 2147483635, 140737488355328.0]
)
def test_blanks_are_not_readings(blank: float) -> None:
    assert says_none(dcgm("MEMORY_TEMP", blank))
    assert says_none(dcgm("SLOWDOWN_TEMP", blank))


def test_the_slowdown_temperature_is_a_hard_limit_of_the_gpu() -> None:
    assert values_of(dcgm("SLOWDOWN_TEMP", 87)) == {"gpu0_temp_c/upper_critical": 87}


def test_under_mig_the_card_has_one_temperature_and_instances_their_own_use() -> None:
    rows = [dcgm("GPU_TEMP", 63, GPU_I_ID=i) for i in ("1", "2")]
    rows += [dcgm("FB_USED", 100 * int(i), GPU_I_ID=i) for i in ("1", "2")]
    got, _ = decode(*rows)
    assert {g.series.sensor for g in got} == {"gpu0_temp_c", "gpu0_mig1_fb_used", "gpu0_mig2_fb_used"}


def test_hostname_in_either_spelling_names_the_machine() -> None:
    for label in ("hostname", "Hostname"):
        got, _ = decode(metric("DCGM_FI_DEV_GPU_TEMP", 63, gpu="1", **{label: "gpu-n03"}))
        assert [(g.series.host, g.series.sensor) for g in got] == [("gpu-n03", "gpu1_temp_c")]
