"""What the twin read is what the agent understands, in any dialect and of any vendor."""

from __future__ import annotations

import json
import re

import pytest
from simulated import Read, fleet, of_servers, plan_of, read_by, sent_by, understood

from agent.simulate.machines import HostPoll, Machine
from agent.simulate.stream import Sent
from agent.simulate.wire.dialects import DIALECTS
from agent.simulate.wire.kafkapump import KafkapumpWriter
from agent.simulate.wire.native import NativeWriter

SPOKEN = [(name, vendor) for name, dialect in DIALECTS.items() for vendor in dialect.vendors]
ONLY_DUTY = ("ipmi", "ipmi-json", "redfish", "redfish-line", "prometheus")  # of HPE's machines
A_SECOND_LATER = re.compile(
    r"psu\d+_(in_w|out_w|vin)|power_w"
)  # the plug-in asks for power after temperatures


def as_sent(read: Read, dialect: str, vendor: str, rpm_max: dict[str, float]) -> Read:
    """The twin's readings as this vendor's machines tell them."""
    sent: Read = {}
    for (host, sensor, time_s), value in read.items():
        if dialect.startswith("redfish"):
            if vendor == "hpe" and re.fullmatch(r"psu\d+_in_w", sensor):
                continue  # its controllers tell a supply's output only
            time_s += bool(A_SECOND_LATER.fullmatch(sensor))
        if vendor == "hpe" and dialect in ONLY_DUTY and (fan := re.fullmatch(r"(fan\d+)_rpm", sensor)):
            share = value / rpm_max[host]
            sent[host, f"{fan[1]}_pct", time_s] = round(share, 6 if dialect == "prometheus" else 2)
        else:
            sent[host, sensor, time_s] = value
    return sent


@pytest.mark.parametrize(("dialect", "vendor"), SPOKEN)
def test_the_agent_understands_what_the_twin_read(dialect: str, vendor: str) -> None:
    layout = fleet(3)
    plan = plan_of(layout)
    rpm_max = {host.name: host.kind.rpm_max for host in layout.hosts}
    expected = as_sent(of_servers(read_by(plan)), dialect, vendor, rpm_max)
    found = of_servers(understood(sent_by(plan, f"{dialect}:{vendor}")))
    assert found.keys() == expected.keys()
    assert found == pytest.approx(expected, abs=1e-6)
    assert len(found) > 3 * 8 * 15


def test_mixed_speaks_every_dialect_and_is_understood() -> None:
    layout = fleet(2 * len(DIALECTS))
    plan = plan_of(layout, 1.0)
    sent = sent_by(plan, "mixed")
    assert {host for host, _, _ in of_servers(understood(sent))} == {host.name for host in layout.hosts}


def test_one_vendors_machines_are_named_as_that_vendor_does() -> None:
    layout = fleet(1, "2u")
    plan = plan_of(layout, 0.5)
    texts = {
        spoken: b"".join(message.value for message in sent_by(plan, spoken)).decode()
        for spoken in ("ipmi:dell", "ipmi:hpe", "ipmi:supermicro", "redfish:hpe", "kafkapump")
    }
    assert ",entity_id=3.2,host=collector01,name=temp,server=r01-n01," in texts["ipmi:dell"]
    assert "name=02-cpu_2," in texts["ipmi:hpe"]
    assert "name=fan_3,server=r01-n01,status_code=ok,unit=percent " in texts["ipmi:hpe"]
    assert "name=instantaneous_power_reading,server=r01-n01,unit=watts " in texts["ipmi:supermicro"]
    assert '"name":"HpeServerPowerSupply"' in texts["redfish:hpe"]
    assert '"metric_name":"System Board Inlet Temp_TemperatureReading"' in texts["kafkapump"]


def test_hosts_of_a_kind_share_their_sensors_whatever_dialect_each_speaks() -> None:
    layout = fleet(4, "2u")
    plan = plan_of(layout)
    found = understood(sent_by(plan, "ipmi", "kafkapump", "otlp-json", "native"))
    sensors = {host.name: {s for h, s, _ in found if h == host.name} for host in layout.hosts}
    assert len(set(map(frozenset, sensors.values()))) == 1


# Every sensor that a kind of server may have, with an unusual value each.
ALL_SENSORS = {
    "inlet_temp_c": 23.5, "exhaust_temp_c": 38.0, "cpu1_temp_c": 61.0, "cpu2_temp_c": 62.5,
    "cpu3_margin_c": -31.0, "dimm_temp_c": 44.0, "vrm_temp_c": 51.0, "fan1_rpm": 5_040.0, "fan12_rpm": 0.0,
    "fan13_pct": 0.34, "psu1_in_w": 217.0, "psu4_in_w": 216.0, "psu1_out_w": 201.0, "psu4_out_w": 0.0,
    "psu1_vin": 229.0, "power_w": 433.0, "cpu1_power_w": 128.0, "cpu_util": 0.58, "cpu_freq_hz": 2.61e9,
    "gpu1_temp_c": 63.0, "gpu8_temp_c": 64.0, "gpu1_power_w": 412.0, "gpu8_util": 0.97,
}  # fmt: skip
NOT_TOLD = {  # by the vendor's machines at all, or not as what it is
    ("redfish", "hpe"): {"psu1_in_w", "psu4_in_w"},
    ("redfish-line", "hpe"): {"psu1_in_w", "psu4_in_w"},
    ("kafkapump", "dell"): {"fan13_pct"},
    ("metric-report", "dell"): {"fan13_pct"},
    ("otlp", "opentelemetry"): {"cpu_freq_hz"},
    ("otlp-json", "opentelemetry"): {"cpu_freq_hz"},
}


@pytest.mark.parametrize(("dialect", "vendor"), SPOKEN)
def test_every_sensor_that_a_server_may_have_is_understood(dialect: str, vendor: str) -> None:
    machine = Machine("n07", fan_rpm_max=14_000.0)
    writer = DIALECTS[dialect].make(machine, vendor)
    stamp_s = 1_767_225_600
    written = writer.write(HostPoll(ALL_SENSORS, stamp_s))
    found = understood([Sent("n07", message.value, message.stamp_s, 0.0) for message in written])
    told = {
        name: value for name, value in ALL_SENSORS.items() if name not in NOT_TOLD.get((dialect, vendor), ())
    }
    read = {("n07", name, stamp_s): value for name, value in told.items()}
    expected = as_sent(read, dialect, vendor, {"n07": 14_000.0})
    assert {key: value for key, value in found.items() if key in expected} == pytest.approx(
        expected, abs=1e-6
    )


def test_a_reading_of_zero_is_left_out_by_kafkapump_alone() -> None:
    poll = HostPoll({"fan1_rpm": 0.0, "fan2_rpm": 60.0}, 1_767_225_600)
    (pumped,) = KafkapumpWriter(Machine("n07")).write(poll)
    assert [entry["fields"].get("_value") for entry in json.loads(pumped.value)] == [None, 60]
    (native,) = NativeWriter(Machine("n07")).write(poll)
    assert json.loads(native.value)["metrics"] == {"fan1_rpm": 0, "fan2_rpm": 60}
